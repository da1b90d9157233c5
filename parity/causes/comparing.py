"""Compares what was returned with what was predicted, and weighs how much an agreement says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from parity.formats import FORMATS
from parity.oracle import Truth

if TYPE_CHECKING:
    from parity.candidate.grade import Seen
    from parity.evaluate import Evaluation

Predicted = Sequence[Truth | np.ndarray | None] | None

SHARP = {"float64": 1e-11, "float32": 2e-5, "float16": 8e-3, "bfloat16": 3e-2}
"""Relative differences that are rounding and no other mistake: what a prediction may be off."""


def values(x) -> np.ndarray | None:
    """A truth or an array as float64; None where there is none."""
    x = (x.hi if x.hi is not None else x.value) if isinstance(x, Truth) else x
    return None if x is None else np.asarray(x).astype(np.float64)


def numbers(x: Any) -> np.ndarray | None:
    """What was returned as float64; None where it is no array of numbers."""
    try:
        return None if x is None else np.asarray(x).astype(np.float64)
    except (TypeError, ValueError):
        return None


def shape_of(x: Any) -> tuple[int, ...] | None:
    """The shape of what was returned; None where it is no array of numbers."""
    found = numbers(x)
    return None if found is None else found.shape


def truths(seen: Seen) -> list[np.ndarray | None]:
    """The truth of every output as float64."""
    return [values(t) for t in seen.evaluation.truths]


def outputs(seen: Seen) -> list[np.ndarray | None]:
    """What the candidate returned, as float64; None for what is no array of numbers."""
    return [numbers(o) for o in seen.party.outputs]


def pairs_of(seen: Seen) -> list[tuple[np.ndarray, np.ndarray]]:
    """The outputs with their truths, where both are there and have one shape."""
    found = zip(outputs(seen), truths(seen), strict=False)
    return [(g, t) for g, t in found if g is not None and t is not None and g.shape == t.shape]


def floats(e: Evaluation) -> dict[str, np.ndarray]:
    """The arrays of a case by name, but for noise."""
    pairs = zip(e.built.kinds, e.built.arrays, strict=False)
    return {k.name: a for k, a in pairs if a is not None and k.role != "rng"}


def real_arrays(e: Evaluation) -> dict[str, np.ndarray]:
    """The arrays of floating-point numbers by name."""
    return {n: np.asarray(a) for n, a in floats(e).items() if isinstance(a, np.ndarray) and a.dtype.kind not in "iubO"}


@np.errstate(all="ignore")
def close(got, wanted, dtype: str) -> np.ndarray:
    """Element by element, whether what was returned is what was predicted, but for rounding."""
    want, g = values(wanted), numbers(got)
    if g is None:
        return np.zeros(want.shape, bool)
    scale = np.abs(want)
    if isinstance(wanted, Truth) and wanted.scale is not None:
        scale = np.maximum(scale, np.where(np.isfinite(wanted.scale), wanted.scale, 0.0))
    near = np.isfinite(want) & (np.abs(g - want) <= SHARP[dtype] * scale + 2 * FORMATS[dtype].smallest)
    return near | (g == want) | (np.isnan(g) & np.isnan(want))


def agrees(got: Sequence[Any], wanted: Predicted, dtype: str, where: Sequence[np.ndarray | None] | None = None) -> bool:
    """Whether every output is what was predicted, but for rounding (at the elements of `where`, if it is given)."""
    if wanted is None or len(got) != len(wanted):
        return False
    for i, (g, w) in enumerate(zip(got, wanted, strict=False)):
        if (g is None) != (w is None):
            return False
        if g is None:
            continue
        if shape_of(g) != np.shape(values(w)):
            return False
        fits = close(g, w, dtype)
        if not (fits if where is None or where[i] is None else fits | ~where[i]).all():
            return False
    return True


def scaled(t: Truth, c: float) -> Truth:
    """A truth times a constant: its sensitivity to rounding grows with it."""
    times = [None if x is None else np.asarray(k * x) for x, k in ((t.hi, c), (t.scale, abs(c)))]
    return Truth(np.asarray(c * values(t)), hi=times[0], scale=times[1])


def differs(seen: Seen, wanted: Predicted) -> list[np.ndarray]:
    """For each output, where the prediction says something else than the truth."""
    found = []
    for t, w in zip(seen.evaluation.truths, wanted or (), strict=False):
        if t is None or w is None or values(w).shape != t.value.shape:
            found.append(np.full(1, (t is None) != (w is None) or (t is not None and values(w).shape != t.value.shape)))
        else:
            found.append(~close(values(w), t, seen.evaluation.dtype))
    return found


def evidence(seen: Seen, wanted: Predicted) -> float:
    """How many bits speak for a prediction that came true: those of the elements where the truth is another number.

    An element with a number of which there are few (0, 1, a small integer, nan) counts one bit, all of them twelve at most.
    """
    bits, dtype = 0.0, seen.evaluation.dtype
    for t, w, other in zip(seen.evaluation.truths, wanted or (), differs(seen, wanted), strict=False):
        if not other.any():
            continue
        if t is None or w is None or values(w).shape != other.shape:
            bits += 12.0
            continue
        said = values(w)[other]
        if t.value.dtype.kind in "iub":
            bits += min(2 * said.size, 16)
            continue
        whole = (said == np.round(said)) & (np.abs(said) < 2.0 ** FORMATS[dtype].precision)  # above, every number is whole
        plain = ~np.isfinite(said) | whole | (np.abs(said) == 0.5)
        bits += -np.log2(SHARP[dtype]) * len(np.unique(said[~plain]))
        bits += min(int(plain.sum()), 12)
    return bits


def is_wrong(seen: Seen) -> bool:
    """Whether an answer is wrong by more than rounding could explain."""
    return not seen.party.error and not agrees(seen.party.outputs, seen.evaluation.truths, seen.evaluation.dtype)


def wrong_outputs(seen: Seen) -> list[int]:
    """The positions of the outputs that are wrong by more than rounding."""
    found = []
    for i, (got, t) in enumerate(zip(seen.party.outputs, seen.evaluation.truths, strict=False)):
        if got is None and t is None:
            continue
        if got is None or t is None or shape_of(got) != t.value.shape or not close(got, t, seen.evaluation.dtype).all():
            found.append(i)
    return found


def failed(seen: Seen | None) -> bool:
    """Whether there is an answer, and it is judged a failure."""
    return seen is not None and seen.judged.grade == "fail"


def passed(seen: Seen | None) -> bool:
    """Whether there is an answer, and it is no failure."""
    return seen is not None and seen.judged.grade != "fail"


def same_numbers(a: Evaluation, b: Evaluation) -> bool:
    """Whether two inputs hold the same numbers."""
    one, two = (*a.built.arrays, *a.cotangents), (*b.built.arrays, *b.cotangents)
    if len(one) != len(two) or a.dtype != b.dtype:
        return False
    return all(_same(x, y) for x, y in zip(one, two, strict=True))


def _same(x, y) -> bool:
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
        return x is y or (x is None) == (y is None)
    return x.shape == y.shape and bool(np.array_equal(x, y, equal_nan=x.dtype.kind not in "iubO"))


def format_number(x: float) -> str:
    """A number, as short as it can be said."""
    return f"{x:.6g}"
