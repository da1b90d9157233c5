"""Mistakes that need no mathematics: what is returned, what is written to, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from parity.causes.scene import Scene, close, values


def errors(s: Scene) -> str:
    """The candidate raised, wrote into its input, or returned too few results."""
    kind, text = s.seen.party.error_type, s.seen.party.error.rstrip(".")
    if not text:
        return ""
    if kind == "mutation" or text.startswith("writes into its input"):
        return "It writes into its input: the caller's array is changed, or a read-only one refused. Work on a copy."
    if kind == "alias":
        return "It returns its input, or a view of it, so that writing to the result changes the input. Return a copy."
    if kind == "structure":
        what = "a tuple of one gradient for each array, None where there is none" if s.backward else "all outputs as a tuple"
        return f"It {text}. Return {what}."
    return _raises(s, text) if kind not in ("missing", "") else ""


def _raises(s: Scene, text: str) -> str:
    arrays = [a for a in s.seen.evaluation.built.arrays if isinstance(a, np.ndarray)]
    empty, scalar = any(a.size == 0 for a in arrays), any(a.ndim == 0 for a in arrays)
    plain = replace(s.plain_case("cause"), shapes={})
    works = (seen := s.look(plain)) is not None and not seen.party.error
    if empty and works:
        return f"It does not handle empty arrays: it {text}. Return an empty result of the right shape."
    if scalar and works:
        return f"It does not handle zero-dimensional arrays: it {text}. Index with `...`, or use np.atleast_1d inside."
    if "unexpected keyword" in text or "positional argument" in text:
        return f"It {text}: its signature is not the op's. Take the arrays in order, and options by keyword."
    if works and s.case.options:
        options = ", ".join(f"{k}={v!r}" for k, v in s.case.options.items())
        return f"It {text}, with {options}; without these options it does not. Handle them."
    return f"It {text}."


def dtype(s: Scene) -> str:
    """The result has another dtype than its input."""
    if s.seen.judged.outcome.stage != "dtype":
        return ""
    return next((t for o, w in zip(s.seen.party.outputs, s.seen.evaluation.truths, strict=False) if (t := _dtype(s, o, w))), "")


def _dtype(s: Scene, out, truth) -> str:
    if truth is None or out is None or np.asarray(out).dtype == truth.value.dtype:
        return ""
    got, want = np.asarray(out).dtype, truth.value.dtype
    if want.kind in "iub":
        return f"It returns {got} where integers (or booleans) are expected. Convert with .astype(np.int64)."
    if got.kind in "iub":
        return f"It returns {got} where {want} is expected: the result was made or cast as an integer. Keep the input's dtype."
    how = "promotes" if got.itemsize > want.itemsize else "degrades"
    why = "a float64 constant or array takes part" if how == "promotes" else "an intermediate array is narrower"
    right = np.shape(values(out)) == np.shape(truth.value) and close(out, truth, s.check.dtype).all()
    also = "; the values are right" if right else ""
    return f"It {how} the dtype: it returns {got} for {want}, because {why}{also}. Cast the result: .astype(x.dtype)."


def missing_gradient(s: Scene) -> str:
    """A gradient is None where one is expected."""
    names = [k.name for k in s.seen.evaluation.built.kinds]
    for name, out, truth in zip(names, s.seen.party.outputs, s.seen.evaluation.truths, strict=False):
        if s.backward and out is None and truth is not None:
            return f"It returns None for the gradient of `{name}`, which has one. Compute it too."
        if s.backward and out is not None and truth is None:
            return f"It returns a gradient for `{name}`, which has none. Return None there."
    return ""


def shape(s: Scene) -> str:
    """A gradient has the shape of the broadcast result, not of its array."""
    if s.seen.judged.outcome.stage != "shape":
        return ""
    for k, out, truth in zip(s.seen.evaluation.built.kinds, s.seen.party.outputs, s.seen.evaluation.truths, strict=False):
        if not s.backward or out is None or truth is None or np.shape(out) == truth.value.shape:
            continue
        summed = _summed(values(out), truth.value.shape)
        if summed is not None and close(summed, truth, s.check.dtype).all():
            return (
                f"The gradient of `{k.name}` is not summed over the axes that it was broadcast along: it has shape "
                f"{np.shape(out)} where {truth.value.shape} is expected. Sum it over these axes."
            )
    return ""


def _summed(out: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    if out.ndim < len(shape):
        return None
    out = out.sum(tuple(range(out.ndim - len(shape))))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and out.shape[i] != 1)
    out = out.sum(axes, keepdims=True)
    return out if out.shape == shape else None


def restless(s: Scene) -> str:
    """The same input gives another result."""
    if s.seen.party.error:
        return ""
    answers = [again for _ in range(2) if (again := s.look(s.case)) is not None and not again.party.error]
    if len(answers) < 2:
        return ""
    if not _same(*answers):
        return (
            "It is not deterministic: two calls with the same input differ. Do not read memory that nothing wrote (np.empty)."
        )
    if _same(s.seen, answers[0]):
        return ""
    return "Its result depends on earlier calls: the same input gave another result later. Keep no state between calls."


def _same(a, b) -> bool:
    if len(a.party.outputs) != len(b.party.outputs):
        return False
    pairs = zip(a.party.outputs, b.party.outputs, strict=False)
    return all(np.array_equal(values(x), values(y), equal_nan=True) if x is not None else y is None for x, y in pairs)


def layout(s: Scene) -> str:
    """Only a memory layout makes it fail."""
    if not s.case.layout:
        return ""
    plain = s.look(replace(s.case, layout=""))
    if plain is None or plain.judged.grade == "fail":
        return ""
    how = s.case.layout.replace("_", " ")
    return (
        f"It assumes a contiguous layout: the same numbers are right in a contiguous array and wrong in one that is {how}. "
        "Use np.ascontiguousarray, or go by shape and strides."
    )
