"""Which values an argument may take while it is searched: those between the extremes of its kind's own hazards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from parity.cases import generator
from parity.formats import DTYPES, FORMATS, Format
from parity.kinds import Kind
from parity.loader import catalogue

COTANGENT_EXPONENT = 20
"""Cotangents stay within 2^-20 … 2^20 (in float16 within its square root)."""


@dataclass(frozen=True)
class Range:
    """Bounds of the magnitude; `smallest` is the least one but zero, `signs` marks targets that are -1 or 1."""

    low: float
    high: float
    smallest: float
    zero: bool
    signs: bool = False
    frozen: bool = False
    """Rows of probabilities keep their sum only when nobody changes them."""

    def around(self, x: np.ndarray) -> Range:
        """The part of the range for an array that starts as x in float64, which has no wider format to compute in: within
        BAND, so that products of a few numbers stay in the format's range, and as far beyond it as x itself goes.
        """
        sizes = np.abs(x[np.isfinite(x) & (x != 0)])
        smallest = max(self.smallest, min(1 / BAND, sizes.min(initial=np.inf)))
        return replace(self, smallest=smallest, high=min(self.high, max(BAND, sizes.max(initial=0.0))))

    def applied(self, x: np.ndarray) -> np.ndarray:
        """Finite numbers moved into the range; nan and infinities, which a case put there, are kept."""
        if self.signs:
            return np.where(x < 0, -1.0, 1.0)
        magnitude = np.clip(np.abs(x), self.smallest, self.high)
        if self.zero:
            magnitude = np.where(np.abs(x) < self.smallest / 2, 0.0, magnitude)
        inside = magnitude if self.low >= 0 else np.copysign(magnitude, x)
        return np.where(np.isfinite(x), inside, x)


BAND = 2.0**250
"""Where float64 numbers that a case does not put elsewhere are searched, and their reciprocals."""


def is_extreme(x: np.ndarray) -> bool:
    """Whether an array has numbers beyond the band."""
    sizes = np.abs(x[np.isfinite(x) & (x != 0)])
    return bool((sizes > BAND).any() or (sizes < 1 / BAND).any())


@cache
def ranges_of(op: str, dtype: str) -> dict[str, Range]:
    """The range of every float argument of an op in a dtype."""
    return {k.name: range_of(k, FORMATS[dtype]) for k in catalogue()[op].arrays if k.role == "float"}


def range_of(kind: Kind, fmt: Format) -> Range:
    """The range of an argument."""
    ordinary = _made(kind, kind.ordinary, fmt)
    every = np.concatenate([ordinary.reshape(-1), *(_made(kind, m, fmt).reshape(-1) for m in kind.hostile.values())])
    finite = every[np.isfinite(every)]
    sizes = np.abs(finite[finite != 0])
    if not sizes.size:
        return Range(0.0, 0.0, 0.0, True, frozen=True)
    low, high = float(finite.min()), float(sizes.max())
    signs = bool(np.isin(finite, (-1.0, 1.0)).all())
    return Range(low, high, float(sizes.min()), bool((finite == 0).any()), signs, _is_simplex(ordinary, low, high))


@np.errstate(all="ignore")
def _made(kind: Kind, maker, fmt: Format) -> np.ndarray:
    return np.asarray(maker(kind.shape, fmt, generator(1))).astype(DTYPES[fmt.name]).astype(np.float64)


def _is_simplex(ordinary: np.ndarray, low: float, high: float) -> bool:
    if ordinary.ndim == 0 or ordinary.shape[-1] < 2 or low < 0 or high > 1:
        return False
    return bool(np.allclose(ordinary.sum(-1), 1.0, rtol=0.0, atol=0.02))


def cotangent_range(dtype: str) -> Range:
    """The range of a cotangent: never zero, like those of the cases (what 0 times nan or infinity is has no definition)."""
    bound = 2.0 ** min(COTANGENT_EXPONENT, FORMATS[dtype].max_exponent // 2)
    return Range(-bound, bound, 1 / bound, zero=False)
