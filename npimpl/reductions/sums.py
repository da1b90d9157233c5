"""Sums and running sums: the linear reductions."""

from __future__ import annotations

import numpy as np

from npimpl._precision import as_float, rounded, widen
from npimpl.reductions._rows import as_number, axes_of, cotangent, finish, length, one_axis, scaled_sum

__all__ = ["cumsum", "cumsum_backward", "mean", "mean_backward", "sum", "sum_backward"]


@np.errstate(all="ignore")
def sum(x, axis=None, keepdims=False):
    r"""The sum of the entries over one, several or all axes.

    .. math:: y = \sum_{i=1}^{n} x_i

    Halves are added to halves (pairwise summation) until eight terms are left, so the error is at most (log2(n) + 4) u sum|x_i|
    along every axis; adding one entry after the other can lose (n - 1) u sum|x_i|: in float32, 2^24 + 1 + 1 + … never moves.
    A partial sum that overflows although the whole sum does not is added again at a smaller power of two.

    x: any shape; y: that shape without `axis` (with length 1 there if `keepdims`); dtype of x.  Integers and booleans give
    int64, as in PyTorch.  An empty sum is 0; inf and nan follow IEEE arithmetic (inf - inf is nan).

    Raises AxisError (a ValueError) for an axis that does not exist.

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2.

    >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([4., 6.])
    """
    x = as_number(x)
    axes = axes_of(x, axis)
    if x.dtype.kind in "iub":
        return np.asarray(np.add.reduce(x, axis=axes, dtype=np.int64, keepdims=keepdims))
    s, k = scaled_sum(x, axes)
    return finish(np.ldexp(s, k), x, axes, keepdims, x.dtype)


@np.errstate(all="ignore")
def sum_backward(grad_output, x, axis=None, keepdims=False):
    r"""The gradient of `sum`.

    Element derivative: dy/dx_i = 1 for every i.  Hence dx_i = dy: the cotangent, copied to every entry that was added.

    >>> sum_backward(np.array([5.0, 7.0]), np.ones((2, 2)), axis=0)
    (array([[5., 7.],
           [5., 7.]]),)
    """
    x = as_float(x)
    dy = cotangent(grad_output, x, axes_of(x, axis), keepdims)
    return (np.broadcast_to(rounded(dy, x.dtype), x.shape).copy(),)


@np.errstate(all="ignore")
def mean(x, axis=None, keepdims=False):
    r"""The arithmetic mean over one, several or all axes.

    .. math:: y = \frac{1}{n} \sum_{i=1}^{n} x_i

    The mean lies between the smallest and the largest entry, but the sum may overflow (a hundred entries of 3e38 in float32,
    two of 1e308 in float64).  Such a sum is formed at 2^-k of its size and divided by n before it is scaled back.
    Otherwise it is the pairwise sum divided by n: error at most (log2(n) + 5) u mean|x_i|.

    x: any shape; y: that shape without `axis` (length 1 if `keepdims`); dtype of x (integers and booleans: float64).
    The mean of nothing is nan.

    Raises AxisError (a ValueError) for an axis that does not exist.

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2.

    >>> mean([1e308, 1e308, 1e308]).item()
    1e+308
    """
    x = as_float(x)
    axes = axes_of(x, axis)
    s, k = scaled_sum(x, axes)
    return finish(np.ldexp(s / length(x, axes), k), x, axes, keepdims, x.dtype)


@np.errstate(all="ignore")
def mean_backward(grad_output, x, axis=None, keepdims=False):
    r"""The gradient of `mean`.

    Element derivative: dy/dx_i = 1/n.  Hence dx_i = dy / n for every entry of the row.

    >>> mean_backward(np.array(6.0), np.ones(3))
    (array([2., 2., 2.]),)
    """
    x = as_float(x)
    axes = axes_of(x, axis)
    dy = cotangent(grad_output, x, axes, keepdims)
    return (np.broadcast_to(rounded(dy / length(x, axes), x.dtype), x.shape).copy(),)


@np.errstate(all="ignore")
def cumsum(x, axis):
    r"""The running sums along one axis.

    .. math:: y_k = \sum_{i \le k} x_i

    Adding one entry after the other rounds k times on the way to y_k.  Each of these rounding errors is itself a float that
    six additions recover exactly (TwoSum), whichever addend is larger; their own running sum is added back.  What remains is
    u |y_k| + k^2 u^2 sum|x_i|: the bound does not grow with the length before k reaches millions.  Running sums that overflow
    although the exact ones do not are formed again at 2^-b of their size, with 2^b >= n.

    x: any shape; y: the same shape; dtype of x (integers and booleans: int64, as in PyTorch).  inf and nan stay from where
    they enter.

    Raises AxisError (a ValueError) for an axis that does not exist, TypeError if `axis` is not an integer.

    Source: Ogita, Rump and Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005), algorithm 4.4 (Sum2).

    >>> cumsum([1e16, 1.0, 1.0, -1e16], axis=0).tolist()
    [1e+16, 1e+16, 1.0000000000000002e+16, 2.0]
    """
    x = as_number(x)
    axis = one_axis(x, axis, "cumsum")
    if x.dtype.kind in "iub":
        return x.astype(np.int64) if x.ndim == 0 else np.add.accumulate(x, axis=axis, dtype=np.int64)
    (w,), dtype = widen(x)
    return rounded(_running_sum(w, axis), dtype).reshape(x.shape)


def _running_sum(x: np.ndarray, axis: int) -> np.ndarray:
    """The compensated running sums of a float64 array, first axis first, in an array of their own."""
    rows = np.moveaxis(np.atleast_1d(x), axis, 0)
    y = _compensated(rows)
    lost = ~np.isfinite(y)
    if lost.any():
        bits = rows.shape[0].bit_length()
        y = np.where(lost, np.ldexp(_compensated(np.ldexp(rows, -bits)), bits), y)
    return np.moveaxis(y, 0, axis)


def _compensated(x: np.ndarray) -> np.ndarray:
    s = np.add.accumulate(x, axis=0)
    if x.shape[0] < 2:
        return s
    a, b, t = s[:-1], x[1:], s[1:]  # t = fl(a + b)
    virtual = t - a
    error = np.zeros_like(s)
    error[1:] = (a - (t - virtual)) + (b - virtual)  # a + b = t + error exactly
    error[~np.isfinite(error)] = 0.0  # where a sum is infinite its error means nothing
    s += np.add.accumulate(error, axis=0)
    return s


@np.errstate(all="ignore")
def cumsum_backward(grad_output, x, axis):
    r"""The gradient of `cumsum`.

    Element derivative: dy_k/dx_i = 1 for i <= k and 0 otherwise, a triangle of ones.  The vector-Jacobian product multiplies
    by its transpose: dx_i = sum_{k >= i} dy_k, the running sum of the cotangent from the end.

    >>> cumsum_backward(np.array([1.0, 2.0, 4.0]), np.zeros(3), axis=0)
    (array([7., 6., 4.]),)
    """
    x = as_float(x)
    axis = one_axis(x, axis, "cumsum_backward")
    dy = cotangent(grad_output, x, (), False)
    if x.ndim == 0:
        return (rounded(dy, x.dtype).copy(),)
    return (rounded(np.flip(_running_sum(np.flip(dy, axis), axis), axis), x.dtype),)
