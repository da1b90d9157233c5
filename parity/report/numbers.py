"""Numbers as every report shows them: in decimal and in hexadecimal, the truth with more digits than its rounding has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from parity.oracle import Truth

MORE = 3
"""Digits of the truth beyond the first by which it differs from its rounding."""
MOST, LEAST = 40, 8
"""Digits that are shown."""


def element_shown(outputs: Sequence[Any], position: int, index: tuple[int, ...]) -> str:
    """One element of one result as `number` shows it."""
    try:
        return number(np.asarray(outputs[position])[index])
    except (IndexError, TypeError, ValueError):
        return "nothing there"


def number(value: Any) -> str:
    """A number in decimal and, for floats, in hexadecimal."""
    value = np.asarray(value)
    if value.ndim or value.dtype.kind in "iubO":
        return str(value)
    return f"{value!s} ({float(value).hex()})"


def exact_shown(truth: Truth, index: tuple[int, ...]) -> str:
    """One element of the truth: unrounded, as far as it is told from its rounding, and the rounding in hexadecimal."""
    try:
        value = float(truth.value[index])
        if truth.hi is None or not math.isfinite(float(truth.hi[index])):
            return element_shown((truth.value,), 0, index)
    except (IndexError, TypeError, ValueError):
        return "nothing there"
    if truth.hi[index] == 0:
        return number(_signed(truth, index))
    exact = Fraction(float(truth.hi[index])) + Fraction(0.0 if truth.lo is None else float(truth.lo[index]))
    if math.isinf(value):
        return f"{_digits(exact, LEAST)} ({value} when rounded)"
    apart = exact - Fraction(value)
    if not apart:
        return number(truth.value[index])
    needed = _decimal(exact, LEAST).adjusted() - _decimal(apart, LEAST).adjusted() + MORE
    return f"{_digits(exact, max(LEAST, min(needed, MOST)))} ({value.hex()} when rounded)"


def _digits(exact: Fraction, n: int) -> str:
    """The first n digits, and that more follow."""
    found = _decimal(exact, n)
    head, e, exponent = str(found).partition("E")
    return f"{head}{'' if Fraction(found) == exact else '…'}{f'e{int(exponent)}' if e else ''}"


def _decimal(exact: Fraction, n: int) -> Decimal:
    return Context(prec=n, rounding=ROUND_DOWN).divide(Decimal(exact.numerator), Decimal(exact.denominator))


def _signed(truth: Truth, index: tuple[int, ...]) -> np.floating | float:
    """A zero with the sign that is stated."""
    sign = 0.0 if truth.zero_sign is None else float(np.broadcast_to(truth.zero_sign, truth.value.shape)[index])
    return truth.value[index] if not sign else np.copysign(truth.value.dtype.type(0), truth.value.dtype.type(sign))
