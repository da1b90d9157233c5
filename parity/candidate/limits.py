"""Limits: departures from perfection that are no bugs, each shown by an experiment.

A failure is a silent wrong answer that a stable implementation would not give.  Everything else that departs is a limit:
named, listed, counted, never hidden, and a failure under `--strict`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from parity.check.errors import units_of
from parity.evaluate import Evaluation
from parity.formats import FORMATS
from parity.oracle import Truth
from parity.results import Limit
from parity.runner import number

if TYPE_CHECKING:
    from parity.candidate.grade import Answer

KINDS = {
    "refuses": "an exception under a calling condition that the op's row declares",
    "signed zero": "+0 for -0 or the reverse, and what follows from it alone",
    "flushes subnormals": "subnormal numbers are taken as 0",
    "extreme range": "wrong or not finite only where an input is beyond the square root of the range",
    "convention": "a nan, infinity, tie or kink where the references differ among themselves or from the truth",
    "promotes": "a float16 or bfloat16 question answered in a wider dtype",
    "absent gradient": "None for the gradient of an array that may be absent",
    "ill-conditioned here": "a stable result with fewer than half of the digits right",
    "shared error": "as wrong as a reference, within a factor of 4, where that reference is beyond its own budget",
    "accepts": "an answer where the op's docstring promises an error",
    "scalar type": "a 0-d result as a scalar",
}
"""The kinds of limits, in the order of reports, each in words."""
NOT_ORDINARY = ("mutation", "alias", "kept", "structure", "missing", "again", "crash", "exit", "timeout", "MemoryError",
                "NoOption", "SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException", "RecursionError")  # fmt: skip
"""Types of errors that are no refusals."""
DEATHS = ("crash", "exit", "timeout", "missing")
"""Those of them by which nothing is refused, whatever was asked."""
ANSWERS = ("mutation", "alias", "kept", "again")
"""Those of them that come with an answer."""
WIDER = {"float16": ("float32", "float64"), "bfloat16": ("float32", "float64"), "float32": ("float64",), "float64": ()}


# -- what is returned --------------------------------------------------------------------------------------------------------
def scalar(got: Any, truth: Truth, dtype: str) -> Limit | None:
    """A 0-d result as a Python or NumPy scalar of the right or a wider dtype."""
    if isinstance(got, np.ndarray) or truth.value.shape != () or np.shape(got) != () or truth.hi is None:
        return None
    name = np.asarray(got).dtype.name if isinstance(got, np.generic) else "float64" if isinstance(got, float) else ""
    if name not in (dtype, *WIDER[dtype]):
        return None
    return Limit("scalar type", "returns a scalar where a 0-d array is expected", f"a {type(got).__name__} for {dtype}")


def promoted(got: Any, truth: Truth, dtype: str) -> Limit | None:
    """A question in 16 bits that is answered in 32 or 64; the values are judged all the same."""
    if not isinstance(got, np.ndarray) or truth.hi is None or dtype not in ("float16", "bfloat16"):
        return None
    name = got.dtype.name
    return Limit("promotes", f"answers {dtype} in {name}") if name in WIDER[dtype] else None


def accepted(what: str) -> Limit:
    """An answer to a question that the op must refuse."""
    return Limit("accepts", f"accepts {what}")


def absent_gradient(name: str) -> Limit:
    """None for the gradient of an array that the op can do without."""
    return Limit("absent gradient", f"returns None for the gradient of `{name}`")


def surplus_gradient(name: str) -> Limit:
    """A gradient for an array of floats that the op has none of; it is not judged."""
    return Limit("convention", f"returns a gradient for `{name}`, of which the op has none")


def ill_conditioned(e: Evaluation, a: Answer, stable: np.ndarray) -> list[Limit]:
    """Among the stable elements, those with fewer than half of their digits right."""
    unit = np.sqrt(FORMATS[e.dtype].u) * np.abs(a.truth.hi)
    with np.errstate(all="ignore"):
        lost = stable & ~(units_of(a.got, a.truth, e.dtype, unit=unit) <= 1.0) & (np.abs(a.truth.hi) > FORMATS[e.dtype].tiny)
    if not lost.any():
        return []
    return [Limit("ill-conditioned here", "half of the digits are lost, as a stable method may lose them", shown(e, a, lost))]


# -- showing -----------------------------------------------------------------------------------------------------------------
def shown(e: Evaluation, a: Answer, where: np.ndarray) -> str:
    """The first of some elements: its input, what was returned, and the truth."""
    at = tuple(int(i) for i in np.argwhere(where)[0])
    given = ", ".join(_inputs(e, at, a.truth.value.shape))
    return f"{given + ': ' if given else ''}got {_short(a.got[at])}, truth {_short(signed_value(a.truth, at))}"


def signed_value(truth: Truth, at: tuple[int, ...]) -> Any:
    """One element of the truth, a zero with the sign that is stated."""
    value = truth.value[at]
    if truth.zero_sign is None or truth.hi is None or truth.hi[at] != 0 or truth.zero_sign[at] == 0:
        return value
    return np.copysign(np.abs(value), np.asarray(truth.zero_sign[at], value.dtype))


def _inputs(e: Evaluation, at: tuple[int, ...], shape: tuple[int, ...]) -> list[str]:
    named = [(k.name, x) for k, x in zip(e.built.kinds, e.built.arrays, strict=True)]
    named += [("dy", c) for c in e.cotangents]
    found = []
    for name, x in named:
        if not isinstance(x, np.ndarray) or x.dtype.kind in "iubO":
            continue
        if x.shape == shape:
            found.append(f"{name} = {_short(x[at])}")
        elif x.size <= 4:
            found.append(f"{name} = {[_plain(v) for v in x.reshape(-1)]}")
    return found


def _plain(value: Any) -> float:
    return float(f"{float(value):.6g}")


def _short(value: Any) -> str:
    return number(value).partition(" (")[0]


def by_kind(limits: Sequence[tuple[str, Limit]]) -> dict[tuple[str, str], tuple[Limit, list[str]]]:
    """Limits of many checks, one for each kind and sentence, with the checks where it was seen."""
    found: dict[tuple[str, str], tuple[Limit, list[str]]] = {}
    for check, limit in limits:
        found.setdefault((limit.kind, limit.text), (limit, []))[1].append(check)
    order = list(KINDS)
    return dict(sorted(found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])))
