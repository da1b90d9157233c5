"""Derivatives by differences: a Jacobian from function values alone, and a check of hand-derived gradients.

A central difference has two errors that pull in opposite directions.  Taylor's formula gives

    (f(x + h) - f(x - h)) / (2h) = f'(x) + h^2/6 f'''(xi)

and the function values are rounded, off by some d each, which the division enlarges to d/h.  The sum of h^2/6 |f'''| and
d/h is smallest at h = cbrt(3 d / |f'''|).  Knowing only that f varies on the scale X = max(|x|, 1) of its argument and is
computed to about u = 2^-53 of its value, one takes h = cbrt(3 u) X, and gets about two thirds of the digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npimpl._precision import as_float, is_float, rounded

__all__ = ["GradientCheck", "gradient_check", "jacobian"]

U = 2.0**-53
STEP = float(np.cbrt(3 * U))
"""The relative step that balances truncation and rounding: 6.9e-6."""


@np.errstate(all="ignore")
def jacobian(f, x, step=None):
    """All partial derivatives of a function of one array, by central differences.

        J[i, j] = (f_i(x + h_j e_j) - f_i(x - h_j e_j)) / ((x_j + h_j) - (x_j - h_j)),    h_j = s X_j,  X_j = max(|x_j|, 1)

    with the relative step s = `step`, by default cbrt(3u) = 6.9e-6 (see above).  The divisor is the distance of the two
    points as they were rounded, not 2 h_j: otherwise the rounding of x_j + h_j alone would cost u |x_j|/h_j.

    The error, when f_i is computed with an absolute error of at most d_i near x, is at most about

        s^2/6 X_j^2 |d^3 f_i / d x_j^3| + d_i / (s X_j) + 3u |J_ij|

    that is u^(2/3) (0.35 X_j^2 |f_i'''| + 0.69 (d_i/u) / X_j) with the default step: ten to eleven digits of a
    well-computed function.  A larger step (1e-3, say) is better for a function that is known to fewer digits.

    f is called with float64 arrays of x's shape, twice for each element of x, and must not keep or change them.
    Shapes: x of shape S and f(x) of shape T give J of shape T + S (as `torch.func.jacrev`); dtype as x.
    Near a kink the result lies between the one-sided derivatives; where f is not finite, J is nan or infinite.
    Raises TypeError if f does not return one array of floats, ValueError for a step that is not positive.
    Source: Dennis and Schnabel, Numerical Methods for Unconstrained Optimization and Nonlinear Equations, section 5.6.

    >>> print(np.round(jacobian(lambda x: x * x, np.array([1.0, 3.0])), 8))
    [[2. 0.]
     [0. 6.]]
    """
    x = as_float(x)
    if step is not None and not step > 0:
        raise ValueError(f"`step` is {step}, but must be positive, or None for cbrt(3u).")
    at = x.astype(np.float64)
    h = (STEP if step is None else step) * np.maximum(abs(at), 1.0)
    columns = []
    for j in np.ndindex(*x.shape):
        above, below = at.copy(), at.copy()
        above[j] += h[j]
        below[j] -= h[j]
        distance = above[j] - below[j]
        columns.append((_value(f, above) - _value(f, below)) / distance)
    shape = columns[0].shape if columns else _value(f, at).shape
    flat = np.stack(columns, axis=-1) if columns else np.zeros((*shape, 0))
    return rounded(flat.reshape(shape + x.shape), x.dtype)


@dataclass(frozen=True)
class GradientCheck:
    """What `gradient_check` found.  It has no truth value on purpose: read `agrees`."""

    agrees: bool
    """Whether the gradient agrees with the differences in every direction."""
    error: float
    """The disagreement of the directional derivative, in the direction where it is worst (nan: not finite)."""
    tolerance: float
    """What rounding and truncation explain of it in that direction."""

    def __bool__(self) -> bool:
        raise TypeError("A GradientCheck has no truth value: read `.agrees`, so that no verdict is dropped by accident.")


@np.errstate(all="ignore")
def gradient_check(f, f_backward, *arrays, rng, directions=3):
    """Whether a backward is the gradient of its forward, judged by differences along random directions.

    For a random cotangent w and a random direction v the number

        D(h) = <w, f(x + h v) - f(x - h v)>    must be    P(h) = <g, 2 h v>,    g = f_backward(w, x)

    up to E(h) = D(h) - P(h) = h^3 T + rounding, while a wrong gradient adds a term of first order in h.  Two steps
    tell them apart: (8 E(h) - E(2h))/6 is free of T, and keeps a first-order term as it is.  What remains must be
    explained by rounding, that is by at most

        64 u (<|w|, |f(x + h v)| + |f(x - h v)|> + <|g|, |x|>)  +  T h^3 / 8

    for a function that is computed stably.  A gradient that is wrong by more than about 1e-8 of its size is
    found with certainty in every direction but a set of measure zero; agreement in three is proof for practical purposes.
    Random w matter as much as random v: with all ones the gradient of softmax would be 0, and many mistakes invisible.

    All arrays of floats move at once, each element by up to cbrt(3u) max(|x|, 1); arrays of integers or booleans
    (labels, masks) and arrays for which `f_backward` returns None stay as they are.  f and f_backward are called with
    float64 arrays; f may return several arrays, f_backward then takes a tuple of cotangents.
    Draws, in this order for each direction: `rng.uniform(-1, 1, shape)` for each output of f, then for each array.
    Raises ValueError if `f_backward` does not return one gradient of the right shape (or None) for each array, or
    None for all; TypeError if `rng` is not a Generator.  At a kink of f the verdict means nothing.

    >>> def cube_backward(dy, x):
    ...     return (3 * x * x * dy,)
    >>> gradient_check(lambda x: x**3, cube_backward, np.array([0.5, 2.0]), rng=np.random.default_rng(0)).agrees
    True
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"`rng` is {type(rng).__name__}, but must be a numpy.random.Generator, as from numpy.random.default_rng()."
        )
    xs = [v.astype(np.float64) if is_float(v.dtype) else v for v in map(np.asarray, arrays)]
    worst = GradientCheck(True, 0.0, 0.0)
    for _ in range(directions):
        error, tolerance = _direction(f, f_backward, xs, rng)
        ratio = error / tolerance if tolerance else np.inf if error else 0.0
        known = worst.error / worst.tolerance if worst.tolerance else 0.0
        if not ratio <= known:
            worst = GradientCheck(bool(ratio <= 1), error, tolerance)
        if not worst.agrees:
            break
    return worst


def _direction(f, f_backward, xs, rng) -> tuple[float, float]:
    """The disagreement along one random direction, and what rounding and truncation explain of it, as derivatives."""
    ws = [rng.uniform(-1.0, 1.0, np.shape(y)) for y in _values(f, xs)]
    vs = [rng.uniform(-1.0, 1.0, x.shape) for x in xs]
    gs = _gradients(f_backward, ws, xs)
    errors, sizes = [], []
    for h in (STEP, 2 * STEP):
        moved = [
            (x + h * v * _scale(x), x - h * v * _scale(x)) if g is not None else (x, x)
            for x, v, g in zip(xs, vs, gs, strict=True)
        ]
        above, below = _values(f, [m[0] for m in moved]), _values(f, [m[1] for m in moved])
        d = sum(np.sum(w * (a - b)) for w, a, b in zip(ws, above, below, strict=True))
        p = sum(np.sum(g * (a - b)) for g, (a, b) in zip(gs, moved, strict=True) if g is not None)
        errors.append(float(d - p))
        sizes.append(sum(np.sum(abs(w) * (abs(a) + abs(b))) for w, a, b in zip(ws, above, below, strict=True)))
    first = abs(8 * errors[0] - errors[1]) / 6
    third = abs(errors[1] - 2 * errors[0]) / 6
    moving = sum(np.sum(abs(g) * abs(x)) for g, x in zip(gs, xs, strict=True) if g is not None)
    return first / (2 * STEP), float(64 * U * (max(sizes) + moving) + third / 8) / (2 * STEP)


def _scale(x: np.ndarray) -> np.ndarray:
    return np.maximum(abs(x), 1.0)


def _gradients(f_backward, ws, xs) -> list[np.ndarray | None]:
    """What `f_backward` returns for copies of the arrays: one gradient of the right shape, or None, for each."""
    found = f_backward(ws[0] if len(ws) == 1 else tuple(ws), *(x.copy() for x in xs))
    found = list(found) if isinstance(found, (tuple, list)) else [found]
    found += [None] * (len(xs) - len(found))
    shapes = [None if g is None else np.shape(g) for g in found]
    if len(found) != len(xs) or any(s is not None and s != x.shape for s, x in zip(shapes, xs, strict=True)):
        raise ValueError(
            f"`f_backward` returned gradients of shapes {shapes} for arrays of shapes {[x.shape for x in xs]}; give one each."
        )
    gs = [np.asarray(g, np.float64) if g is not None and is_float(x.dtype) else None for g, x in zip(found, xs, strict=True)]
    if all(g is None for g in gs):
        raise ValueError("`f_backward` returned None for every array of floats, so there is nothing to check.")
    return gs


def _values(f, xs) -> list[np.ndarray]:
    """The outputs of f for copies of the arrays, as float64 arrays."""
    y = f(*(x.copy() for x in xs))
    return [as_float(v, "f(x)").astype(np.float64) for v in (y if isinstance(y, (tuple, list)) else (y,))]


def _value(f, x: np.ndarray) -> np.ndarray:
    """f's one output, as a float64 array that f no longer owns."""
    y = f(x)
    if isinstance(y, (tuple, list)):
        raise TypeError(f"`f` returned {len(y)} arrays, but a Jacobian is that of one; wrap f to return the one wanted.")
    return np.array(as_float(y, "f(x)"), np.float64)
