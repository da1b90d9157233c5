"""Mistakes with labels that are to be ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from parity.causes.claims import Claim
from parity.causes.comparing import values
from parity.causes.diagnosis import Diagnosis, Predict

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

IGNORED = -100
"""The usual label of what is to be ignored."""
SENTENCE = "The mean counts labels that are ignored: the sum over the others is divided by {}. Divide by {} of the others only."


def counted(d: Diagnosis) -> Iterator[Claim]:
    """A mean over all rows, where the ignored ones should not count."""
    names = [k.name for k in d.pair.arrays]
    if not d.backward and "target" in names and "weight" in names:
        for text, predict in _denominators(d, names.index("target"), names.index("weight")):
            yield Claim("ignored labels", text, predict)


def _denominators(d: Diagnosis, target: int, weight: int) -> Iterator[tuple[str, Predict]]:
    def summed(seen: Seen):
        e = seen.evaluation
        labels = np.asarray(e.built.arrays[target])
        if labels.dtype.kind != "i" or not (labels == e.built.options.get("ignore_index", IGNORED)).any():
            return None
        return d.truth(e, options={**e.built.options, "reduction": "sum"})

    def divided(count):
        def predict(seen: Seen):
            found = summed(seen)
            return None if found is None else [np.asarray(values(t) / count(seen)) for t in found]

        return predict

    def weights(seen: Seen) -> float:
        """The weights of all labels; an ignored one looks up that of class 0, as code that masks afterwards does."""
        arrays = seen.evaluation.built.arrays
        labels, w = np.asarray(arrays[target]), arrays[weight]
        ignored = seen.evaluation.built.options.get("ignore_index", IGNORED)
        used = np.where(labels == ignored, 0, labels)
        return float(labels.size if w is None else np.asarray(values(w))[used].sum())

    rows = SENTENCE.format("the number of all", "the number (the sum of weights)")
    yield rows, divided(lambda seen: np.asarray(seen.evaluation.built.arrays[target]).size)
    yield SENTENCE.format("the weights of all", "the weights"), divided(weights)
