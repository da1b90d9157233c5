"""Matrix products: linear and matmul."""

from __future__ import annotations

import numpy as np

from npimpl._axes import sum_to_shape
from npimpl._contractions import cotangent, gradient_dtype, multilinear, operands, total
from npimpl._precision import rounded

__all__ = ["linear", "linear_backward", "matmul", "matmul_backward"]


@np.errstate(all="ignore")
def linear(x, weight, bias=None):
    r"""Map the last axis of x by a matrix, and add a bias.

        y_o = sum_i weight_oi x_i + bias_o

    One BLAS product over all samples; float16 and bfloat16 are multiplied in float32 and rounded once at the end.
    The error is a few units of u (sum_i |weight_oi x_i| + |bias_o|): no order of summation promises more.

    Shapes: x (*, I), weight (O, I), bias (O,); y (*, O), in the common dtype (integers stay integers).
    Special values: as in IEEE sums of products, 0 * inf is nan.  A sum overflows only if its value does.
    Raises: ValueError if the shapes do not fit together.
    Source: Goodfellow, Bengio & Courville, "Deep Learning", 2016, chapter 6 (an affine layer).

    >>> linear(np.array([1.0, 2.0]), np.array([[1.0, 1.0], [0.0, -1.0], [3.0, 0.0]]), np.array([0.5, 0.0, 0.0]))
    array([ 3.5, -2. ,  3. ])
    """
    (x, w, b), dtype = _linear_arguments(x, weight, bias)
    rows = x.reshape(np.prod(x.shape[:-1], dtype=int), x.shape[-1])
    y = multilinear(lambda a, c: a @ c.T, rows, w)
    if b is not None:
        y = y + b
    return rounded(y.reshape(*x.shape[:-1], w.shape[0]), dtype)


@np.errstate(all="ignore")
def linear_backward(grad_output, x, weight, bias=None):
    r"""The vector-Jacobian product of `linear`: (dx, dw, db).

    y_o is linear in each argument: dy_o/dx_i = weight_oi, dy_o/dweight_oi = x_i, dy_o/dbias_o = 1, hence with n over samples

        dx_ni = sum_o dy_no weight_oi        dw_oi = sum_n dy_no x_ni        db_o = sum_n dy_no

    Shapes and dtypes as the arguments; None for a bias that was not given.

    >>> linear_backward(np.array([1.0, 10.0]), np.array([1.0, 2.0]), np.array([[1.0, 1.0], [0.0, -1.0]]))[:2]
    (array([ 1., -9.]), array([[ 1.,  2.],
           [10., 20.]]))
    """
    (rows, w, b), _ = _linear_arguments(x, weight, bias)
    shape, rows = rows.shape, rows.reshape(np.prod(rows.shape[:-1], dtype=int), rows.shape[-1])
    dy = cotangent(grad_output, w, (*shape[:-1], w.shape[0])).reshape(rows.shape[0], w.shape[0])
    dx = multilinear(np.matmul, dy, w).reshape(shape)
    dw = multilinear(lambda d, a: d.T @ a, dy, rows)
    db = None if b is None else rounded(total(dy, 0), gradient_dtype(bias))
    return rounded(dx, gradient_dtype(x)), rounded(dw, gradient_dtype(weight)), db


@np.errstate(all="ignore")
def matmul(x, other):
    r"""The matrix product over the last two axes, broadcast over all axes before them.

        y_ij = sum_k x_ik other_kj

    A one-dimensional x is a row and a one-dimensional `other` a column; the axis added for it is removed again, so that
    two vectors give their dot product, a 0-dimensional array.  BLAS forms the sums, in float32 for float16 and bfloat16,
    with an error of a few units of u sum_k |x_ik other_kj|.

    Shapes: x (*, M, K), other (*, K, N); y (*, M, N), in the common dtype (integers stay integers).
    Special values: as in IEEE sums of products, 0 * inf is nan; K = 0 gives zeros.  A sum overflows only if its value does.
    Raises: ValueError if an array has no axis, the two K differ, or the leading axes do not broadcast.
    Source: Golub & Van Loan, "Matrix Computations", 4th ed., section 1.1.

    >>> matmul(np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([3.0, 4.0]))
    array([11.,  4.])
    """
    (a, b), dtype = operands(x, other, names=("x", "other"))
    a, b, drop = _as_matrices(a, b)
    return rounded(np.squeeze(multilinear(np.matmul, a, b), axis=drop), dtype)


@np.errstate(all="ignore")
def matmul_backward(grad_output, x, other):
    r"""The vector-Jacobian product of `matmul`: (dx, dother).

    dy_ij/dx_ik = other_kj and dy_ij/dother_kj = x_ik, hence

        dx_ik = sum_j dy_ij other_kj = (dy other^T)_ik        dother_kj = sum_i x_ik dy_ij = (x^T dy)_kj

    summed over the axes along which an argument was broadcast.  Shapes and dtypes as the arguments.

    >>> matmul_backward(np.array(1.0), np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    (array([3., 4.]), array([1., 2.]))
    """
    (a, b), _ = operands(x, other, names=("x", "other"))
    x_shape, other_shape = a.shape, b.shape
    a, b, drop = _as_matrices(a, b)
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows = a.shape[-2:-1] if len(x_shape) > 1 else ()
    columns = b.shape[-1:] if len(other_shape) > 1 else ()
    dy = np.expand_dims(cotangent(grad_output, a, (*lead, *rows, *columns)), drop)
    dx = multilinear(lambda d, c: sum_to_shape(d @ c.swapaxes(-1, -2), a.shape), dy, b)
    dother = multilinear(lambda c, d: sum_to_shape(c.swapaxes(-1, -2) @ d, b.shape), a, dy)
    return rounded(dx.reshape(x_shape), gradient_dtype(x)), rounded(dother.reshape(other_shape), gradient_dtype(other))


def _as_matrices(a, b):
    """The operands with at least two axes, and the axes of the product that stand for an added one."""
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(
            f"matmul got shapes {a.shape} and {b.shape}, but needs at least one axis each; multiply numbers with * instead."
        )
    drop = ((-2,) if a.ndim == 1 else ()) + ((-1,) if b.ndim == 1 else ())
    rows, columns = (a[None, :] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
    if rows.shape[-1] != columns.shape[-2]:
        raise ValueError(
            f"matmul got shapes {a.shape} and {b.shape}, but the last axis of x ({rows.shape[-1]}) must be as long as "
            f"the second-to-last (or only) axis of `other` ({columns.shape[-2]}); transpose one of them."
        )
    return rows, columns, drop


def _linear_arguments(x, weight, bias):
    (x, w, b), dtype = operands(x, weight, bias, names=("x", "weight", "bias"))
    if w.ndim != 2 or x.ndim == 0 or x.shape[-1] != w.shape[1]:
        raise ValueError(f"linear got x {x.shape} and weight {w.shape}, but needs (*, I) and (O, I); transpose `weight`.")
    if b is not None and b.shape != (w.shape[0],):
        raise ValueError(f"`bias` has shape {b.shape}, but must be ({w.shape[0]},), one number for each row of `weight`.")
    return (x, w, b), dtype
