"""Normalization over the trailing axes of each sample: layer_norm and rms_norm."""

from __future__ import annotations

import math

import numpy as np

from npimpl._precision import as_float, rounded, widen
from npimpl.normalization._rows import in_blocks, mean, mean_square, standardize, standardize_backward
from npimpl.reductions._wide import Wide, extreme, total, value

__all__ = ["layer_norm", "layer_norm_backward", "rms_norm", "rms_norm_backward"]


@np.errstate(all="ignore")
def layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    r"""Bring each sample to mean 0 and variance 1 over its trailing axes, then scale and shift each position.

    With i over the n positions of `normalized_shape`, for every sample:

        m = 1/n sum_i x_i        v = 1/n sum_i (x_i - m)^2        y_i = w_i (x_i - m) / sqrt(v + eps) + b_i

    Evaluated in float64 in two passes: the one-pass variance E[x^2] - m^2 subtracts two numbers of size m^2 and keeps
    nothing of a spread below |m| sqrt(u).  Where squares or products would leave the range, numbers get exponents of their own.

    Shapes: x (*, D), `normalized_shape` D (an integer or a tuple), weight and bias D; y as x, in the dtype of x.
    Special values: a constant row gives exactly 0 (then b); a row with an infinity or nan gives nan; eps = 0 on a
    constant row gives nan (0/0).
    Raises: ValueError if the last axes of x are not `normalized_shape`, or weight or bias has another shape.
    Source: Ba, Kiros & Hinton, "Layer Normalization", 2016, eq. 3.

    >>> layer_norm(np.array([[1.0, 3.0], [5.0, 5.0]]), 2, eps=0.1).round(4)
    array([[-0.9535,  0.9535],
           [ 0.    ,  0.    ]])
    """
    (x, w, b), dtype, shape = _arguments(x, normalized_shape, weight, bias)

    def kernel(rows):
        y = standardize(rows, eps, dtype != np.float64).unit
        if w is not None:
            y *= w.reshape(-1)
        if b is not None:
            y += b.reshape(-1)
        return y

    return _each_row(kernel, x, shape, extreme(x, weight, bias))


@np.errstate(all="ignore")
def layer_norm_backward(grad_output, x, normalized_shape, weight=None, bias=None, eps=1e-5):
    r"""The vector-Jacobian product of `layer_norm`: (dx, dw, db).

    With s = sqrt(v + eps), z_i = (x_i - m) / s and g_i = dy_i w_i:

        dz_i/dx_j = (delta_ij - 1/n - z_i z_j / n) / s        dx_j = (g_j - mean(g) - z_j mean(g z)) / s
        dw_i = sum over samples of dy_i z_i                    db_i = sum over samples of dy_i

    The two subtracted means are the directions in which y does not move: adding a constant to x, and stretching it.
    Shapes and dtypes as the arguments; None for a weight or bias that was not given.

    >>> dx, dw, db = layer_norm_backward(np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 5.0]]), 3)
    >>> dx.round(4)
    array([[ 0.1763, -0.2204,  0.0441]])
    """
    (x, w, b), dtype, shape = _arguments(x, normalized_shape, weight, bias)
    lift = _lift(x, grad_output, weight)
    rows = standardize(lift(_rows(x, shape).astype(np.float64, copy=False)), eps, dtype != np.float64)
    dy = lift(widen(grad_output, names=("grad_output",))[0][0].reshape(rows.unit.shape))
    dx = standardize_backward(dy, None if w is None else w.reshape(1, -1), rows)
    dw = None if w is None else _over_samples(dy * rows.unit, shape, weight)
    db = None if b is None else _over_samples(dy, shape, bias)
    return rounded(value(dx).reshape(x.shape), dtype), dw, db


@np.errstate(all="ignore")
def rms_norm(x, normalized_shape, weight=None, eps=None):
    r"""Bring each sample to a mean square of 1 over its trailing axes, then scale each position.

    With i over the n positions of `normalized_shape`, for every sample:

        r = sqrt(1/n sum_j x_j^2 + eps)        y_i = w_i x_i / r

    Nothing is subtracted, so nothing cancels: the relative error is a few u for every x.  Only range is a danger: where
    squares or products would leave it, numbers get exponents of their own.
    eps = None means 2^-52 for float64, and 2^-23 for float32 and everything narrower, as in PyTorch, where the
    computation of narrow dtypes runs in float32.

    Shapes: x (*, D), `normalized_shape` D (an integer or a tuple), weight D; y as x, in the dtype of x.
    Special values: a zero row gives 0 (nan for eps = 0); beside an infinity, finite numbers give 0 and inf itself nan.
    Raises: ValueError if the last axes of x are not `normalized_shape`, or weight has another shape.
    Source: Zhang & Sennrich, "Root Mean Square Layer Normalization", 2019, eq. 4.

    >>> rms_norm(np.array([[1e200, 7e200]]), 2)
    array([[0.2, 1.4]])
    """
    (x, w, _), dtype, shape = _arguments(x, normalized_shape, weight, None)

    def kernel(rows):
        y = mean_square(rows, _epsilon(eps, dtype))[0]
        if w is not None:
            y *= w.reshape(-1)
        return y

    return _each_row(kernel, x, shape, extreme(x, weight))


@np.errstate(all="ignore")
def rms_norm_backward(grad_output, x, normalized_shape, weight=None, eps=None):
    r"""The vector-Jacobian product of `rms_norm`: (dx, dw).

    With z_i = x_i / r and g_i = dy_i w_i; dr/dx_j = x_j / (n r), so

        dz_i/dx_j = (delta_ij - z_i z_j / n) / r        dx_j = (g_j - z_j mean(g z)) / r
        dw_i = sum over samples of dy_i z_i

    Shapes and dtypes as the arguments; None for a weight that was not given.

    >>> rms_norm_backward(np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]), 2, eps=0.0)[0].round(4)
    array([[ 0.181 , -0.1358]])
    """
    (x, w, _), dtype, shape = _arguments(x, normalized_shape, weight, None)
    lift = _lift(x, grad_output, weight)
    z, r = mean_square(lift(_rows(x, shape).astype(np.float64, copy=False)), _epsilon(eps, dtype))
    dy = lift(widen(grad_output, names=("grad_output",))[0][0].reshape(z.shape))
    g = dy if w is None else dy * w.reshape(1, -1)
    dx = (g - z * mean(g * z)) / r
    dw = None if weight is None else _over_samples(dy * z, shape, weight)
    return rounded(value(dx).reshape(x.shape), dtype), dw


def _epsilon(eps, dtype) -> float:
    return float(eps) if eps is not None else 2.0**-52 if dtype == np.float64 else 2.0**-23


def _rows(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    samples = math.prod(x.shape[: x.ndim - len(shape)])
    return np.ascontiguousarray(x).reshape(samples, math.prod(shape))


def _each_row(kernel, x: np.ndarray, shape: tuple[int, ...], is_extreme: bool) -> np.ndarray:
    rows = _rows(x, shape)
    y = rounded(value(kernel(Wide(rows))), x.dtype) if is_extreme else in_blocks(kernel, rows, x.dtype)
    return y.reshape(x.shape)


def _lift(*arrays):
    """What an array is evaluated as: itself, or `Wide` numbers if anything is extreme."""
    return Wide if extreme(*arrays) else lambda a: a


def _over_samples(terms, shape: tuple[int, ...], parameter) -> np.ndarray:
    """The gradient of a parameter: the terms of all samples added up."""
    return rounded(value(total(terms, 0)).reshape(shape), np.asarray(parameter).dtype)


def _arguments(x, normalized_shape, weight, bias):
    """x as it is, weight and bias in float64, the dtype of x and `normalized_shape` as a tuple; refuses what does not fit."""
    shape = (int(normalized_shape),) if np.ndim(normalized_shape) == 0 else tuple(int(n) for n in normalized_shape)
    x = as_float(x)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(
            f"`normalized_shape` is {shape} for x of shape {x.shape}; but must be the last axes of x; give x.shape[k:]."
        )
    arrays = [x]
    for name, a in (("weight", weight), ("bias", bias)):
        arrays.append(None if a is None else widen(a, names=(name,))[0][0])
        if a is not None and arrays[-1].shape != shape:
            raise ValueError(f"`{name}` has shape {arrays[-1].shape}, but must have `normalized_shape`, which is {shape}.")
    return arrays, x.dtype, shape
