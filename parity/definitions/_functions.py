"""The words that definitions use beyond NumPy's own: special functions of balls, constants, and marks on definitions.

Everything works on object arrays of real numbers by calling the method of the same name on each element.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb, fmpq

inf = math.inf
nan = math.nan

erf = np.frompyfunc(lambda x: x.erf(), 1, 1)
erfc = np.frompyfunc(lambda x: x.erfc(), 1, 1)
erfinv = np.frompyfunc(lambda x: x.erfinv(), 1, 1)
lgamma = np.frompyfunc(lambda x: x.lgamma(), 1, 1)
digamma = np.frompyfunc(lambda x: x.digamma(), 1, 1)
isnan = np.frompyfunc(lambda x: x.isnan(), 1, 1)
_isfinite = np.frompyfunc(lambda x: x.isfinite(), 1, 1)


def isfinite(x) -> np.ndarray:
    """A boolean array: which elements are neither infinite nor nan."""
    return np.asarray(_isfinite(x), dtype=bool)


def where(condition, a, b) -> np.ndarray:
    """`np.where` with a condition that came out of comparisons of balls (an object array of bools)."""
    return np.where(np.asarray(condition, dtype=bool), a, b)


def _larger(a, b):
    return a if a.isnan() or a >= b else b


def _smaller(a, b):
    return a if a.isnan() or a <= b else b


detach = np.frompyfunc(lambda x: type(x)(x.value), 1, 1)
"""The same numbers as constants: no gradient flows through them (a shift that cancels, a running statistic)."""
maximum = np.frompyfunc(_larger, 2, 1)
"""Elementwise maximum of two arrays of balls that propagates nan; a tie gives the first. `maximum.reduce(x, axis=…)`."""
minimum = np.frompyfunc(_smaller, 2, 1)


def pi():
    """pi at the current precision."""
    return arb.pi()


def log2pi():
    """log(2 pi) at the current precision."""
    return (2 * arb.pi()).log()


def sqrt2():
    """The square root of two at the current precision."""
    return arb(2).sqrt()


def ratio(p: int, q: int):
    """The rational number p/q at the current precision (1/6 as a Python float is not 1/6)."""
    return arb(fmpq(p, q))


# -- marks: facts about a definition that the oracle reads ----------------------------------------------------------------


def elementwise(limits=None, *, odd=False):
    """Mark a definition of one array as elementwise.

    `limits` states what balls cannot carry: {input: (value, derivative)} for inputs such as inf, -inf or a pole; nan
    always gives (nan, nan).  Where they depend on the options, `limits` is a function of these.  A value of -0.0 is
    checked to be negative zero.  `odd`: f(-0) is -0 and f(+0) is +0; it may be a function of the options too.
    """

    def mark(definition):
        definition.kind = "elementwise"
        definition.limits = limits if callable(limits) else dict(limits or {})
        definition.odd = odd
        return definition

    return mark


def movement(definition):
    """Mark a definition as pure data movement: it also runs on raw arrays, and every bit of the result is judged."""
    definition.kind = "movement"
    return definition


def scaled(forward="value", backward="paths"):
    """Say in which scale the error of a (row or contraction) definition is measured.

    Each of the two is "value" (the exact result itself), "absolute" (the definition at absolute values, for
    (multi)linear operations), "paths" (backward only: the gradient with every product of partial derivatives taken in
    absolute value), or a function of the op's arguments returning the scale in the structure of the result: for
    backward its first argument is `grad_output` and it returns one scale (or None) for each array.
    """

    def mark(definition):
        definition.forward_scale = forward
        definition.backward_scale = backward
        return definition

    return mark


def conventions(forward=None, backward=None):
    """State what no limit decides: functions `fix(results, *arrays, **options)` that edit the float64 results in place.

    `results` is the list of result arrays (for backward: one per array, None where not differentiable; the call is
    `fix(results, grad_output, *arrays, **options)`), `arrays` the float64 (or integer) inputs.
    """

    def mark(definition):
        definition.forward_convention = forward
        definition.backward_convention = backward
        return definition

    return mark
