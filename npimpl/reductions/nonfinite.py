"""Replacing what is not a finite number."""

from __future__ import annotations

import numpy as np

from npimpl._precision import as_float, rounded
from npimpl.reductions._rows import as_number, cotangent

__all__ = ["nan_to_num", "nan_to_num_backward"]


def _largest(dtype: np.dtype) -> float:
    """The largest finite number of `dtype` (NumPy's finfo does not know bfloat16: 8 bits of precision, exponents to 127)."""
    return (2 - 2.0**-7) * 2.0**127 if dtype.name == "bfloat16" else float(np.finfo(dtype).max)


@np.errstate(all="ignore")
def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    r"""`x` with nan, inf and -inf replaced by numbers.

    .. math:: y_i = \begin{cases} \text{nan option} & x_i \text{ is nan} \\ \text{posinf} & x_i = \infty \\
              \text{neginf} & x_i = -\infty \\ x_i & \text{otherwise} \end{cases}

    Nothing is computed: finite entries keep every bit.  By default infinities become the largest and smallest finite numbers
    of the dtype; given replacements are rounded to the dtype.

    x: any shape; y: the same shape and dtype.  Integers and booleans have nothing to replace and are copied.

    Raises TypeError for other dtypes.

    Source: the definition.

    >>> nan_to_num([np.nan, np.inf, -np.inf, 1.0], posinf=9.0, neginf=-9.0).tolist()
    [0.0, 9.0, -9.0, 1.0]
    """
    x = as_number(x)
    y = x.copy()
    if x.dtype.kind in "iub":
        return y
    largest = _largest(x.dtype)
    y[np.isnan(x)] = 0.0 if nan is None else nan
    y[x == np.inf] = largest if posinf is None else posinf
    y[x == -np.inf] = -largest if neginf is None else neginf
    return y


@np.errstate(all="ignore")
def nan_to_num_backward(grad_output, x, nan=0.0, posinf=None, neginf=None):
    r"""The gradient of `nan_to_num`.

    Element derivative: 1 where x_i is finite; where it is replaced by a constant, 0.  Hence dx_i = dy_i [x_i finite].

    >>> nan_to_num_backward(np.array([5.0, 7.0]), np.array([np.nan, 1.0]))
    (array([0., 7.]),)
    """
    x = as_float(x)
    dy = cotangent(grad_output, x, (), False)
    return (rounded(np.where(np.isfinite(x), dy, 0.0), x.dtype),)
