"""Mistakes with labels that are to be ignored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.scene import Predict, Scene, first_of, values
from parity.judging import Seen

SENTENCE = "The mean counts labels that are ignored: the sum over the others is divided by {}. Divide by {} of the others only."


def counted(s: Scene) -> str:
    """A mean over all rows, where the ignored ones should not count."""
    names = [k.name for k in s.pair.arrays]
    if s.backward or "target" not in names or "weight" not in names:
        return ""
    return first_of(_denominators(s, names.index("target"), names.index("weight")), s)


def _denominators(s: Scene, target: int, weight: int) -> Iterator[tuple[str, Predict]]:
    def summed(seen: Seen):
        e = seen.evaluation
        if np.asarray(e.built.arrays[target]).dtype.kind != "i":
            return None
        return s.truth(e, options={**e.built.options, "reduction": "sum"})

    def divided(count):
        def predict(seen: Seen):
            found = summed(seen)
            return None if found is None else [np.asarray(values(t) / count(seen)) for t in found]

        return predict

    def weights(seen: Seen) -> float:
        """The weights of all labels; an ignored one looks up that of class 0, as code that masks afterwards does."""
        arrays = seen.evaluation.built.arrays
        labels, w = np.asarray(arrays[target]), arrays[weight]
        ignored = seen.evaluation.built.options.get("ignore_index", -100)
        used = np.where(labels == ignored, 0, labels)
        return float(labels.size if w is None else np.asarray(values(w))[used].sum())

    rows = SENTENCE.format("the number of all", "the number (the sum of weights)")
    yield rows, divided(lambda seen: np.asarray(seen.evaluation.built.arrays[target]).size)
    yield SENTENCE.format("the weights of all", "the weights"), divided(weights)
