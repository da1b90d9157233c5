"""Mistakes that need no mathematics: what is returned, what is written to, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from parity.causes.comparing import close, passed, values
from parity.causes.diagnosis import Diagnosis
from parity.causes.wording import worded


def errors(d: Diagnosis) -> str:
    """The candidate raised, wrote into its input, or returned too few results."""
    kind, text = d.seen.party.error_type, d.seen.party.error.rstrip(".")
    if not text:
        return ""
    if kind == "mutation" or text.startswith("writes into its input"):
        return "It writes into its input: the caller's array is changed, or a read-only one refused. Work on a copy."
    if kind == "alias":
        return "It returns its input, or a view of it, so that writing to the result changes the input. Return a copy."
    if kind == "kept":
        return "It writes a later answer into an earlier one: both share memory. Return a new array each time."
    if kind == "structure":
        what = "a tuple of one gradient for each array, None where there is none" if d.backward else "all outputs as a tuple"
        return f"It {text}. Return {what}."
    return _raises(d, text) if kind not in ("missing", "") else ""


def _raises(d: Diagnosis, text: str) -> str:
    """Why it raises: what the same call does without what is special in the case, at two inputs each."""
    if "unexpected keyword" in text or "positional argument" in text:
        return f"It {text}: its signature is not the op's. Take the arrays in order, and options by keyword."
    if d.case.options and _raises_again(d) and _works(d, options={}):
        options = ", ".join(f"{k}={v!r}" for k, v in d.case.options.items())
        return f"It {text}, with {options}; without these options it does not. Handle them."
    return f"It {text}."


def _works(d: Diagnosis, **changes) -> bool:
    """Whether it answers two ordinary inputs without an exception."""
    found = [d.probe(replace(d.plain_case(salt), **changes)) for salt in ("cause", "confirm")]
    return all(seen is not None and not seen.party.error for seen in found)


def _raises_again(d: Diagnosis) -> bool:
    """Whether ordinary numbers in the failing shapes and options raise the same exception, twice."""
    found = [d.fresh(salt) for salt in ("cause", "confirm")]
    return all(seen is not None and worded(seen.party.error) == worded(d.seen.party.error) for seen in found)


def dtype(d: Diagnosis) -> str:
    """The result has another dtype than its input."""
    if d.seen.judged.outcome.stage != "dtype":
        return ""
    return next((t for o, w in zip(d.seen.party.outputs, d.seen.evaluation.truths, strict=False) if (t := _dtype(d, o, w))), "")


def _dtype(d: Diagnosis, out, truth) -> str:
    if truth is None or out is None or np.asarray(out).dtype == truth.value.dtype:
        return ""
    got, want = np.asarray(out).dtype, truth.value.dtype
    if want.kind in "iub":
        return f"It returns {got} where integers (or booleans) are expected. Convert with .astype(np.int64)."
    if got.kind in "iub":
        return f"It returns {got} where {want} is expected: the result was made or cast as an integer. Keep the input's dtype."
    how = "promotes" if got.itemsize > want.itemsize else "degrades"
    why = "a float64 constant or array takes part" if how == "promotes" else "an intermediate array is narrower"
    right = np.shape(values(out)) == np.shape(truth.value) and close(out, truth, d.check.dtype).all()
    also = "; the values are right" if right else ""
    return f"It {how} the dtype: it returns {got} for {want}, because {why}{also}. Cast the result: .astype(x.dtype)."


def missing_gradient(d: Diagnosis) -> str:
    """A gradient is None where one is expected."""
    names = [k.name for k in d.seen.evaluation.built.kinds]
    for name, out, truth in zip(names, d.seen.party.outputs, d.seen.evaluation.truths, strict=False):
        if d.backward and out is None and truth is not None:
            return f"It returns None for the gradient of `{name}`, which has one. Compute it too."
        if d.backward and out is not None and truth is None:
            return f"It returns a gradient for `{name}`, which has none. Return None there."
    return ""


def shape(d: Diagnosis) -> str:
    """A gradient has the shape of the broadcast result, not of its array."""
    if d.seen.judged.outcome.stage != "shape":
        return ""
    for k, out, truth in zip(d.seen.evaluation.built.kinds, d.seen.party.outputs, d.seen.evaluation.truths, strict=False):
        if not d.backward or out is None or truth is None or np.shape(out) == truth.value.shape:
            continue
        summed = _summed(values(out), truth.value.shape)
        if summed is not None and close(summed, truth, d.check.dtype).all():
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


def form(d: Diagnosis) -> str:
    """Only the form of an argument makes it fail: another type of integers, a list."""
    given = dict(d.case.given)
    if not given or d.seen.party.error or not passed(d.probe(replace(d.case, given={}))):
        return ""
    if "list" in given.values():
        return "It takes a list for an array: the same numbers are right in an array. Convert with np.asarray, or refuse lists."
    name, width = next(iter(given.items()))
    return (
        f"It counts in the type of `{name}`: the same integers are right as int64, and wrong as {width}. Convert them to int64 "
        "before any arithmetic."
    )


def restless(d: Diagnosis) -> str:
    """The same input gives another result, at once or after another input."""
    if d.seen.party.error:
        return ""
    if d.case.before is not None and passed(d.probe(replace(d.case, before=None))):
        return f"Its result depends on earlier calls: the input is right alone, and wrong after {_earlier(d)}. {KEEP}"
    answers = [d.repeated(), d.repeated()]
    other = d.probe(replace(d.case, salt="between", origin=d.case.origin or d.case.name)) if d.case.stored is None else None
    answers.append(d.repeated() if other is not None else answers[1])
    if any(a is None or a.party.error for a in answers):
        return ""
    if not _same(answers[0], answers[1]):
        return (
            "It is not deterministic: two calls with the same input differ. Do not read memory that nothing wrote (np.empty)."
        )
    if _same(d.seen, answers[0]) and _same(answers[0], answers[2]):
        return ""
    return f"Its result depends on earlier calls: the same input gave another result later. {KEEP}"


KEEP = "Keep no state between calls, or know it by all that it depends on: numbers, shape, dtype, options."


def _earlier(d: Diagnosis) -> str:
    """What was asked before, in words."""
    before, own = dict(d.case.before or {}), dict(d.case.options)
    if before == own:
        return "other numbers in the same memory"
    return f"the same numbers with {', '.join(f'{k}={v!r}' for k, v in before.items()) or 'no options'}"


def _same(a, b) -> bool:
    if len(a.party.outputs) != len(b.party.outputs):
        return False
    pairs = zip(a.party.outputs, b.party.outputs, strict=False)
    return all(np.array_equal(values(x), values(y), equal_nan=True) if x is not None else y is None for x, y in pairs)


def layout(d: Diagnosis) -> str:
    """Only a memory layout makes it fail."""
    if not d.case.layout:
        return ""
    plain = d.repeated("")
    again = d.probe(replace(d.case, salt="again", origin=d.case.origin or d.case.name))
    if not passed(plain) or passed(again):
        return ""
    how = d.case.layout.replace("_", " ")
    return (
        f"It assumes a contiguous layout: the same numbers are right in a contiguous array and wrong in one that is {how}. "
        "Use np.ascontiguousarray, or go by shape and strides."
    )
