"""Floats as integers in the same order: neighbours differ by 1, a binade is an interval, and -0 comes just before 0."""

from __future__ import annotations

import numpy as np

from parity.formats import DTYPES, FORMATS, numbers_of, patterns_of


def keys_of(x, dtype: str) -> np.ndarray:
    """The integers of the numbers `x`, which are cast to `dtype`."""
    patterns = patterns_of(x, dtype)
    width = 8 * patterns.dtype.itemsize
    bits = patterns.view(f"i{patterns.dtype.itemsize}").astype(np.int64)
    magnitude = bits & np.int64(2 ** (width - 1) - 1)
    return np.where(bits < 0, -magnitude - 1, magnitude)


def numbers(keys: np.ndarray, dtype: str) -> np.ndarray:
    """The numbers of the integers `keys`."""
    size = DTYPES[dtype].itemsize
    negative = keys < 0
    magnitude = np.where(negative, -(keys + 1), keys)
    least = np.int64(-(2 ** (8 * size - 1)))
    return numbers_of(np.where(negative, magnitude | least, magnitude).astype(f"i{size}").view(f"u{size}"), dtype)


def mantissa_bits(dtype: str) -> int:
    """The bits of a number below its exponent."""
    return FORMATS[dtype].precision - 1


def top_key(dtype: str) -> int:
    """The integer of the largest finite number."""
    return int(keys_of(FORMATS[dtype].max, dtype)[0])


def binades(keys: np.ndarray, dtype: str) -> np.ndarray:
    """Which binade each number is in, with its sign: 0, 1, … upwards and -1, -2, … downwards (subnormals: 0 and -1)."""
    return keys >> mantissa_bits(dtype)


def all_binades(dtype: str) -> np.ndarray:
    """Every binade of finite numbers."""
    last = top_key(dtype) >> mantissa_bits(dtype)
    return np.arange(-last - 1, last + 1)


def bounds(binade: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last integer of each binade."""
    low = binade << mantissa_bits(dtype)
    return low, low + (2 ** mantissa_bits(dtype) - 1)
