"""Where one term is all that float64 can see of a function.

Far out, and beside 0, most functions of deep learning are what their leading asymptotic term says, to the last bit: erf is 1
from 6 on, silu is x from 40 on, log Gamma is -log|x| below 2^-60.  An operation states such regimes as rows, and an array
(or a block of one) that lies in one of them costs that term alone.  A row must return the very bits that the rest of the
function would (`parity_tests/test_regimes.py` sees to it), so that no element's result depends on its neighbours.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

__all__ = ["SMALLEST", "either", "identity", "patch", "regimes", "split"]

SMALLEST = 5e-324
"""The smallest positive number."""
_WORTH = 1024
"""Elements from which on it is worth the time to look for the largest and the smallest."""
Row = tuple[float, float, float | Callable[[np.ndarray], np.ndarray]]


def regimes(*rows: Row):
    """Decorate a float64 kernel of one array with rows (first, last, form): what it is where all of x is in [first, last].

    A form is a number or a function of x.  A nan in x leaves the kernel to itself.
    """

    def decorate(kernel):
        @functools.wraps(kernel)
        def by_regime(x, *rest, **options):
            if x.size >= _WORTH:
                low, high = x.min(), x.max()
                for first, last, form in rows:
                    if first <= low and high <= last:
                        return form(x) if callable(form) else np.full(x.shape, form)
            return kernel(x, *rest, **options)

        by_regime.regimes = rows
        return by_regime

    return decorate


def identity(x: np.ndarray) -> np.ndarray:
    """x."""
    return x


# -- two forms -----------------------------------------------------------------------------------------------------------
# What lies on one side is evaluated once, as a whole; these differ in what they do where both sides are met.
def split(first: np.ndarray, inside, outside, *arrays: np.ndarray) -> np.ndarray:
    """`inside` of the arrays where the mask `first` is set, `outside` elsewhere; each sees its own elements only."""
    count = np.count_nonzero(first)
    if count == first.size:
        return inside(*arrays)
    if count == 0:
        return outside(*arrays)
    y, rest = np.empty(first.shape), ~first
    y[first] = inside(*(a[first] for a in arrays))
    y[rest] = outside(*(a[rest] for a in arrays))
    return y


def patch(first: np.ndarray, inside, outside, *arrays: np.ndarray) -> np.ndarray:
    """The same for an `outside` that is cheap and does no harm: it sees all elements."""
    count = np.count_nonzero(first)
    if count == first.size:
        return inside(*arrays)
    y = outside(*arrays)
    if count:
        y[first] = inside(*(a[first] for a in arrays))
    return y


def either(first: np.ndarray, inside, outside, *arrays: np.ndarray) -> np.ndarray:
    """The same for two cheap forms: both see all elements."""
    count = np.count_nonzero(first)
    if count == first.size:
        return inside(*arrays)
    y = outside(*arrays)
    return np.where(first, inside(*arrays), y) if count else y
