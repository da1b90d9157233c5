"""Evaluations with other numbers in place of their own, for experiments: contiguous, scaled into range, made finite, cast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from parity import oracle
from parity.evaluate import Evaluation
from parity.formats import DTYPES, FORMATS


def floats(e: Evaluation) -> dict[str, np.ndarray]:
    """The arrays of floats by name."""
    named = zip(e.built.kinds, e.built.arrays, strict=True)
    return {k.name: a for k, a in named if isinstance(a, np.ndarray) and k.role == "float"}


def _exponents(dtype: str) -> tuple[float, float]:
    """Half the exponents of the dtype, of float32 for the 16-bit ones; a third of float64's, which nothing wider can rescue."""
    fmt = FORMATS["float32" if dtype in ("float16", "bfloat16") else dtype]
    part = 3 if dtype == "float64" else 2
    return (1 - fmt.max_exponent) / part, fmt.max_exponent / part


def beyond_root(dtype: str) -> Callable[[np.ndarray], np.ndarray]:
    """Tells the finite numbers, zero apart, that are beyond the root of the range."""
    low, high = (2.0**x for x in _exponents(dtype))
    return lambda x: np.isfinite(x) & (x != 0) & ((np.abs(x) > high) | (np.abs(x) < low))


def within_root(e: Evaluation) -> tuple[dict[str, np.ndarray], tuple[Any, ...]]:
    """The numbers, extreme ones brought within a fraction of the range: their cubes are far from its ends."""
    low, high = _exponents(e.dtype)

    def scaled(a: np.ndarray) -> np.ndarray:
        wide = a.astype(np.float64)
        mantissa, exponent = np.frexp(wide)
        near = np.ldexp(mantissa, np.clip(exponent, int(low / 4), int(high / 4)))
        return np.where(np.isfinite(wide) & (wide != 0), near, wide).astype(a.dtype)

    return {n: scaled(a) for n, a in floats(e).items()}, tuple(None if c is None else scaled(c) for c in e.cotangents)


def all_finite(e: Evaluation) -> bool:
    """Whether neither nan nor an infinity is among the numbers that were given."""
    given = (*floats(e).values(), *(c for c in e.cotangents if c is not None))
    return all(bool(np.isfinite(a.astype(np.float64)).all()) for a in given)


def made_finite(e: Evaluation) -> tuple[dict[str, np.ndarray], tuple[Any, ...]]:
    """The numbers with 0.5 in place of nan and infinities."""

    def finite(a: np.ndarray) -> np.ndarray:
        wide = a.astype(np.float64)
        return np.where(np.isfinite(wide), wide, 0.5).astype(a.dtype)

    return {n: finite(a) for n, a in floats(e).items()}, tuple(None if c is None else finite(c) for c in e.cotangents)


def recast(e: Evaluation, dtype: str | None) -> Evaluation:
    """The same numbers in contiguous arrays, or in another dtype."""
    if dtype is None:
        return changed(e, lambda a: np.ascontiguousarray(a).reshape(a.shape))
    return replace(changed(e, lambda a: a.astype(DTYPES[dtype])), dtype=dtype)


def changed(e: Evaluation, change: Callable[[np.ndarray], np.ndarray]) -> Evaluation:
    """The evaluation with every array of floats changed, and nothing known of it."""

    def each(a: Any) -> Any:
        return change(a) if oracle.is_float(a) else a

    built = replace(e.built, arrays=tuple(map(each, e.built.arrays)))
    return replace(e, built=built, cotangents=tuple(map(each, e.cotangents)), parties={}, truths=())
