"""Mistakes that show in the result itself: an order, a function applied once too often, zeros."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from parity.causes.claims import Claim
from parity.causes.comparing import truths, wrong_outputs
from parity.causes.diagnosis import Diagnosis, Predict

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

Change = Callable[[np.ndarray], np.ndarray]

CHANGES: tuple[tuple[str, Change], ...] = (
    ("It returns the square of the result. Take the root", np.square),
    ("It takes a square root too many. Leave the root out", np.sqrt),
    ("It returns the logarithm of the result. Leave it out", np.log),
    ("It returns the exponential of the result: the logarithm is missing. Take it", np.exp),
    ("It returns one minus the result. Take the complement", lambda t: 1 - t),
    ("It returns the reciprocal of the result: it divides where it should multiply. Turn it over", lambda t: 1 / t),
    ("It returns the magnitude of the result: the sign is lost. Keep it", np.abs),
    ("It cuts the result off below zero. Keep what is negative", lambda t: np.maximum(t, 0)),
    ("It cuts the result off at one. Let it be larger", lambda t: np.minimum(t, 1)),
    ("It rounds the result down. Keep the fraction", np.floor),
    ("It counts from one, not from zero. Subtract one", lambda t: t + 1),
)
MOVES: tuple[tuple[str, Change], ...] = (
    ("It returns the result transposed. Transpose it back", lambda t: np.swapaxes(t, -1, -2)),
    ("It returns the result in reversed order (last axis). Reverse it", lambda t: t[..., ::-1]),
    ("It returns the result in reversed order (first axis). Reverse it", lambda t: t[::-1]),
    ("The two halves of the result are exchanged (last axis). Exchange them", lambda t: np.roll(t, t.shape[-1] // 2, -1)),
    ("The result is one place late (last axis). Move it", lambda t: np.roll(t, 1, -1)),
    ("The result is one place early (last axis). Move it", lambda t: np.roll(t, -1, -1)),
    ("It sorts the result. Leave it in order", lambda t: np.sort(t, -1)),
)


def changed(d: Diagnosis) -> Iterator[Claim]:
    """The result is a known function of the truth, or the truth in another order."""
    what = "the gradient" if d.backward else "the result"
    if len(d.seen.evaluation.truths) > 1:
        sentence = "Its results are in the wrong order. Return them the other way round."
        sentence = sentence.replace("results", "gradients") if d.backward else sentence
        yield Claim("order of outputs", sentence, lambda seen: truths(seen)[::-1], everywhere=True)
    for sentence, change in CHANGES:
        yield Claim(f"change {sentence}", sentence.replace("the result", what) + ".", _wherever(change), everywhere=True)
    for sentence, change in MOVES:
        yield Claim(f"move {sentence}", sentence.replace("the result", what) + ".", _wherever(change), everywhere=True)


def zero(d: Diagnosis) -> Iterator[Claim]:
    """A result, or a gradient, is zero where it should not be."""
    if not d.ordinary or sum(t.size for t in truths(d.ordinary[0]) if t is not None) < 3:
        return
    what = called_output(d, next(iter(wrong_outputs(d.ordinary[0])), 0))
    yield Claim(
        "zero", f"{what} is zero everywhere, where the truth is not. Compute it.", _wherever(np.zeros_like), everywhere=True
    )


def called_output(d: Diagnosis, where: int) -> str:
    """What an output is called in a sentence."""
    if d.backward:
        return f"The gradient of `{d.seen.evaluation.built.kinds[where].name}`"
    return "The result" if len(d.seen.evaluation.truths) == 1 else f"Output {where}"


def _wherever(change: Change) -> Predict:
    """`change` applied to every output that is wrong; right ones stay."""

    def predict(seen: Seen):
        out = list(seen.evaluation.truths)
        for i in wrong_outputs(seen):
            out[i] = np.asarray(change(truths(seen)[i]))
        return out

    return predict
