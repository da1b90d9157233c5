"""Numbers with an exponent of their own, for the rare rows whose products or quotients leave the range of float64.

A formula of a row (a norm, a standardization, a gradient) multiplies and divides several numbers, and some order of doing so
overflows, or rounds an intermediate result to a subnormal number, for some input.  No order is right for all inputs.  So an op
asks once whether its arrays hold anything `extreme`, and evaluates the same formula either on arrays or on `Wide` numbers.
The functions here take both.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl._axes import normalize_axis, pairwise_sum

__all__ = ["Wide", "cbrt", "extreme", "largest", "power", "sign", "sqrt", "total", "value", "where"]

SAFE = 2.0**200
"""Between 1 / SAFE and SAFE, a product of five numbers is a normal number, and so are sums of its like."""
NOTHING = -(1 << 40)
"""The exponent of zero: below that of every other number, so that a sum aligns to what is there."""


def extreme(*arrays) -> bool:
    """Whether any float64 array (as it came in; None is none) has finite numbers but 0 outside of 1 / SAFE … SAFE."""
    return any(_is_extreme(np.abs(a)) for a in map(np.asarray, arrays) if a.dtype == np.float64)


def _is_extreme(a: np.ndarray) -> bool:
    if a.min(initial=1.0) >= 1 / SAFE and a.max(initial=1.0) <= SAFE:
        return False
    return bool(((a < 1 / SAFE) & (a != 0) | (a > SAFE) & (a != np.inf)).any())


def _scaled(m: np.ndarray, e: np.ndarray) -> np.ndarray:
    return np.ldexp(m, np.clip(e, -5000, 5000).astype(np.int32))


class Wide:
    """m 2^e with |m| in [1/2, 1) and an integer e: every operation rounds once, and none over- or underflows.

    Infinities and nan are mantissas and follow IEEE arithmetic.  Operators broadcast as those of arrays do, and take arrays and
    numbers on either side.
    """

    __array_ufunc__ = None  # an array on the left leaves the operation to the number on the right

    def __init__(self, m, e=0):
        self.m, k = np.frexp(np.asarray(m, np.float64))
        self.e = np.where(self.m == 0, NOTHING, k + np.asarray(e, np.int64))

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the mantissas."""
        return self.m.shape

    def aligned(self, e: np.ndarray) -> np.ndarray:
        """The numbers divided by 2^e, in float64."""
        return _scaled(self.m, self.e - e)

    def exponents(self, axes) -> np.ndarray:
        """The exponent of the largest number along `axes`, kept."""
        return self.e.max(normalize_axis(axes, self.e.ndim), keepdims=True, initial=NOTHING)

    def reshape(self, *shape) -> Wide:
        """The same numbers in another shape."""
        return Wide(self.m.reshape(*shape), self.e.reshape(*shape))

    def __getitem__(self, index) -> Wide:
        return Wide(self.m[index], self.e[index])

    def __abs__(self) -> Wide:
        return Wide(np.abs(self.m), self.e)

    def __neg__(self) -> Wide:
        return Wide(-self.m, self.e)

    def __add__(self, other) -> Wide:
        other = _wide(other)
        e = np.maximum(self.e, other.e)
        return Wide(self.aligned(e) + other.aligned(e), e)

    def __sub__(self, other) -> Wide:
        return self + -_wide(other)

    def __mul__(self, other) -> Wide:
        other = _wide(other)
        return Wide(self.m * other.m, self.e + other.e)

    def __truediv__(self, other) -> Wide:
        other = _wide(other)
        return Wide(self.m / other.m, self.e - other.e)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other) -> Wide:
        return -self + other

    def __rtruediv__(self, other) -> Wide:
        return _wide(other) / self


def _wide(x) -> Wide:
    return x if isinstance(x, Wide) else Wide(x)


def value(x) -> np.ndarray:
    """The float64 numbers, rounded here if they are subnormal."""
    return _scaled(x.m, x.e) if isinstance(x, Wide) else np.asarray(x)


def sign(x) -> np.ndarray:
    """-1, 0, 1 or nan."""
    return np.sign(x.m if isinstance(x, Wide) else x)


def where(condition, a, b):
    """`np.where`."""
    if not (isinstance(a, Wide) or isinstance(b, Wide)):
        return np.where(condition, a, b)
    a, b = _wide(a), _wide(b)
    return Wide(np.where(condition, a.m, b.m), np.where(condition, a.e, b.e))


def total(x, axes, keepdims: bool = False):
    """The pairwise sum over `axes`."""
    if not isinstance(x, Wide):
        return pairwise_sum(x, axes, keepdims)
    e = x.exponents(axes)
    s = Wide(pairwise_sum(x.aligned(e), axes, True), e)
    kept = normalize_axis(axes, len(x.shape))
    return s if keepdims else s.reshape(tuple(n for i, n in enumerate(x.shape) if i not in kept))


def largest(x, axes):
    """The largest of numbers >= 0 along `axes`, kept; 0 if there is none, nan if one is."""
    if not isinstance(x, Wide):
        return np.max(x, axis=axes, keepdims=True, initial=0.0)
    e = x.exponents(axes)
    return Wide(np.max(x.aligned(e), axis=axes, keepdims=True, initial=0.0), e)


def sqrt(x):
    """The square root."""
    return _root(np.sqrt, 2, x)


def cbrt(x):
    """The cube root."""
    return _root(np.cbrt, 3, x)


def _root(root, n: int, x):
    """The n-th root: what is left of the exponent after division by n goes under the root."""
    if not isinstance(x, Wide):
        return root(x)
    rest = x.e % n
    return Wide(root(_scaled(x.m, rest)), (x.e - rest) // n)


def power(x, t: float):
    """x^t for x >= 0.

    The power of two is raised apart: 2^(e t) has a whole exponent and a factor of at most sqrt(2), which is accurate only if
    the product e t is.  So t is split into 24 bits, whose product with e is exact, and the rest.
    """
    if not isinstance(x, Wide):
        return np.power(x, t)
    high = float(np.float32(t)) if math.isfinite(t) else t
    whole = np.rint(x.e * high)
    return Wide(x.m**t * np.exp2((x.e * high - whole) + x.e * (t - high)), whole.astype(np.int64))
