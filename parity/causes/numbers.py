"""Numbers that evaluate a definition otherwise than exactly: rounding at each step, and watching what is called."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from parity.formats import DTYPES
from parity.loader import catalogue, definition
from parity.pair import as_tuple
from parity.real import Real

WATCHED = ("exp", "expm1", "log", "log1p", "tanh", "sqrt", "erf", "erfc", "__pow__", "__mul__", "__truediv__", "__rtruediv__")


@cache
def called(op: str) -> frozenset[str]:
    """The functions that the definition of an op calls at ordinary numbers ("square" for a product of equal operands)."""
    from parity.cases import Case, build
    from parity.oracle import to_reals

    noted: set[str] = set()
    originals = {n: getattr(Real, n) for n in WATCHED}

    def noting(name):
        def method(self, *args):
            noted.add(name)
            if (name == "__mul__" and args and args[0] is self) or (name == "__pow__" and args and args[0] == 2):
                noted.add("square")
            return originals[name](self, *args)

        return method

    try:
        for name in WATCHED:
            setattr(Real, name, noting(name))
        pair = catalogue()[op]
        for case in [Case("ordinary"), *(Case("v", options=_plain(v.options), shapes=v.shapes) for v in pair.variants[:6])]:
            try:
                built = build(pair, case, "float64")
                definition(op)(*map(to_reals, built.arrays), **dict(built.options))
            except Exception:  # a definition that refuses a case has called what it has called
                continue
    finally:
        for name, method in originals.items():
            setattr(Real, name, method)
    return frozenset(noted)


def _plain(options) -> dict[str, Any]:
    return {k: v for k, v in options.items() if k != "_absent"}


def exponentiates(op: str) -> bool:
    """Whether the definition of an op takes an exponential (a hyperbolic tangent is a quotient of two)."""
    return not called(op).isdisjoint(("exp", "expm1", "tanh"))


def _answering(rule: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A method that NumPy finds by its name."""
    return lambda x: rule(x)


def _rounding(function: Callable[[Any], Any], naive: Callable[[Any], Any] | None = None) -> Callable[[Any], Any]:
    """The method that rounds a function's value, or takes its naive form where that is asked for."""
    return lambda x: naive(x) if naive is not None and x.naive else x._new(function(x.value))


class Rounded:
    """A number that is rounded to a dtype after each step, as a program without care computes it.

    With `naive` on, functions that keep small results are replaced by the differences that they stand for.
    """

    __slots__ = ("value",)
    dtype: Any = np.float64
    naive = False

    def __init__(self, value):
        if isinstance(value, Rounded):
            value = value.value
        self.value = type(self).dtype(float(value.mid()) if hasattr(value, "mid") else value)

    def _new(self, value):
        return type(self)(value)

    def _other(self, other):
        return other.value if isinstance(other, Rounded) else type(self)(other).value

    def __add__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else self._new(self.value + self._other(other))

    __radd__ = __add__

    def __sub__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else self._new(self.value - self._other(other))

    def __rsub__(self, other):
        return self._new(self._other(other) - self.value)

    def __mul__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else self._new(self.value * self._other(other))

    __rmul__ = __mul__

    def __truediv__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else self._new(self.value / self._other(other))

    def __rtruediv__(self, other):
        return self._new(self._other(other) / self.value)

    def __pow__(self, n):
        return NotImplemented if isinstance(n, np.ndarray) else self._new(self.value ** self._other(n))

    def __rpow__(self, base):
        return self._new(self._other(base) ** self.value)

    def __neg__(self):
        return self._new(-self.value)

    def __pos__(self):
        return self

    def __abs__(self):
        return self._new(abs(self.value))

    def __float__(self):
        return float(self.value)

    def __lt__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else bool(self.value < self._other(other))

    def __le__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else bool(self.value <= self._other(other))

    def __gt__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else bool(self.value > self._other(other))

    def __ge__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else bool(self.value >= self._other(other))

    def __eq__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else bool(self.value == self._other(other))

    def __ne__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else bool(self.value != self._other(other))

    __hash__ = None

    def __bool__(self):
        return bool(self.value != 0)

    isnan = _answering(lambda x: bool(np.isnan(x.value)))
    isfinite = _answering(lambda x: bool(np.isfinite(x.value)))
    conjugate = _answering(lambda x: x)
    exp, log, sqrt = _rounding(np.exp), _rounding(np.log), _rounding(np.sqrt)
    sin, cos, arctan = _rounding(np.sin), _rounding(np.cos), _rounding(np.arctan)
    erf = _rounding(math.erf)
    log1p = _rounding(np.log1p, lambda x: (1 + x).log())
    expm1 = _rounding(np.expm1, lambda x: x.exp() - 1)
    tanh = _rounding(np.tanh, lambda x: 2 / (1 + (-2 * x).exp()) - 1)
    erfc = _rounding(math.erfc, lambda x: 1 - x.erf())


def as_written(op: str, arrays, options, dtype: str, naive: bool) -> list[np.ndarray] | None:
    """The definition evaluated in numbers that are rounded at each step; None where it needs more than these can do."""
    kind = type("Rounded", (Rounded,), {"dtype": DTYPES[dtype].type if hasattr(DTYPES[dtype], "type") else DTYPES[dtype],
                                        "naive": naive, "__slots__": ()})  # fmt: skip
    try:
        with np.errstate(all="ignore"):
            return [_floats(r) for r in as_tuple(definition(op)(*(_held(a, kind) for a in arrays), **options))]
    except Exception:  # a function or a comparison that these numbers do not have
        return None


def _held(a, kind):
    if not isinstance(a, np.ndarray) or a.dtype.kind in "iubO":
        return a
    out = np.empty(a.shape, object)
    out.reshape(-1)[:] = [kind(v) for v in a.astype(np.float64).reshape(-1).tolist()]
    return out


def _floats(result) -> np.ndarray:
    a = np.asarray(result)
    return a if a.dtype.kind in "iub" else np.array([float(v) for v in a.reshape(-1).tolist()]).reshape(a.shape)
