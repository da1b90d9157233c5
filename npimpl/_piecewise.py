"""Smooth functions from tables: one short polynomial for each eighth of a binade.

A function such as exp(x^2) erfc(x) or psi(x)/(x - x0) is smooth on the scale of x itself, so eight intervals between one
power of two and the next and a polynomial of degree eleven reach 2^-58 everywhere.  The interval can be read off the bits
of x: exponent and three leading bits of the significand.  The distance to its midpoint is exact.
"""

from __future__ import annotations

import functools

import numpy as np

__all__ = ["by_blocks", "cell", "horner", "polynomial"]

_BLOCK = 16_384
INFINITE = 0x7FF << 3
"""The number that infinity, and after it every positive nan, has among the eighths of binades."""


def by_blocks(f):
    """Run `f`, which maps a flat block of float64 to a new one of the same length, over an array of any shape."""

    @functools.wraps(f)
    @np.errstate(all="ignore")
    def over_blocks(x):
        flat = x.reshape(-1)
        if flat.size <= _BLOCK:
            return f(flat).reshape(x.shape)
        y = np.empty(flat.size)
        for i in range(0, flat.size, _BLOCK):
            y[i : i + _BLOCK] = f(flat[i : i + _BLOCK])
        return y.reshape(x.shape)

    return over_blocks


def cell(x: np.ndarray, first_binade: int, cells: int) -> tuple[np.ndarray | np.intp, np.ndarray]:
    """Number of the interval in which each positive x lies (0 starts at 2^first_binade) and its distance to the midpoint.

    Outside the table the number is that of the nearest interval, which makes the lookup safe but the value garbage.  If all of
    x lies in one interval, its number is given once.
    """
    eighth = _eighths(np.array([x.min(), x.max()])) if x.size else np.zeros(2, np.int64)
    one = 0 <= eighth[0] == eighth[1] < INFINITE  # below 0 is a nan of negative sign
    eighth = eighth[0] if one else _eighths(np.ascontiguousarray(x))
    middle = ((eighth << 49) | (1 << 48)).view(np.float64)
    return np.clip(eighth - ((1023 + first_binade) << 3), 0, cells - 1), x - middle


def _eighths(x: np.ndarray) -> np.ndarray:
    """Exponent and three leading bits of the significand."""
    return x.view(np.int64) >> 49


def polynomial(columns: np.ndarray, index, h: np.ndarray) -> np.ndarray:
    """sum_k columns[k, index] h^k by Horner's rule; coefficients of one interval are looked up once."""
    if np.ndim(index) == 0:
        return horner(columns[:, index], h)
    y = columns[-1].take(index)
    for column in columns[-2::-1]:
        y *= h
        y += column.take(index)
    return y


def horner(coefficients, x: np.ndarray) -> np.ndarray:
    """c_0 + c_1 x + c_2 x^2 + …"""
    y = coefficients[-1] * x
    for c in coefficients[-2:0:-1]:
        y += c
        y *= x
    y += coefficients[0]
    return y
