"""The four dtypes: their names, their numbers, their bit patterns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np


@dataclass(frozen=True)
class Format:
    """The numbers of one floating dtype: precision (significand bits) and exponent range."""

    name: str
    precision: int
    max_exponent: int

    @property
    def u(self) -> float:
        """Half the spacing at 1: the unit in which errors are measured."""
        return math.ldexp(1.0, -self.precision)

    @property
    def eps(self) -> float:
        """The spacing at 1."""
        return 2 * self.u

    @property
    def max(self) -> float:
        """The largest finite number."""
        return math.ldexp(2.0 - self.eps, self.max_exponent)

    @property
    def tiny(self) -> float:
        """The smallest normal number."""
        return math.ldexp(1.0, 1 - self.max_exponent)

    @property
    def smallest(self) -> float:
        """The smallest subnormal number."""
        return self.tiny * self.eps

    @property
    def log_max(self) -> float:
        """Where exp overflows."""
        return (self.max_exponent + 1) * math.log(2.0)

    @property
    def log_smallest(self) -> float:
        """Where exp underflows to zero."""
        return math.log(2.0) * (2 - self.max_exponent - self.precision)


FORMATS = {
    "float64": Format("float64", 53, 1023),
    "float32": Format("float32", 24, 127),
    "float16": Format("float16", 11, 15),
    "bfloat16": Format("bfloat16", 8, 127),
}
NAMES = tuple(FORMATS)
"""From the widest to the narrowest."""
DTYPES = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}


# -- bit patterns --------------------------------------------------------------------------------------------------------------
def pattern_dtype(dtype: str) -> np.dtype:
    """The unsigned integers that hold the patterns of a dtype."""
    return np.dtype(f"u{DTYPES[dtype].itemsize}")


def patterns_of(values: Any, dtype: str) -> np.ndarray:
    """The patterns of numbers, which are cast to the dtype."""
    with np.errstate(all="ignore"):
        return np.ascontiguousarray(np.asarray(values).astype(DTYPES[dtype])).reshape(-1).view(pattern_dtype(dtype))


def numbers_of(patterns: Any, dtype: str) -> np.ndarray:
    """The numbers that patterns stand for."""
    return np.asarray(patterns).astype(pattern_dtype(dtype)).view(DTYPES[dtype])
