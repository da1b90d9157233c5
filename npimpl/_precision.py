"""The one precision rule of the library: compute wide, round once.

Every elementwise and row operation evaluates in float64 and rounds its result once to the dtype that came in.
For float32, float16 and bfloat16 the float64 error is invisible after that rounding, so the result is almost always
the correctly rounded one.  Only contractions (matmul, convolution, attention, recurrent cells) stay in float32 for
speed: BLAS accumulates there, and their error bound is stated against the sum of absolute products.
"""

from __future__ import annotations

import numpy as np

ALLOWED = "float64, float32, float16 or bfloat16"


def is_float(dtype: np.dtype) -> bool:
    """Whether `dtype` is one of the four floating dtypes the library takes (bfloat16 comes from ml_dtypes)."""
    return dtype.name in {"float64", "float32", "float16", "bfloat16"}


def as_float(x, name: str = "x") -> np.ndarray:
    """`x` as an array of floats; integers and booleans become float64 (NumPy's own rule), anything else is refused."""
    x = np.asarray(x)
    if is_float(x.dtype):
        return x
    if x.dtype.kind in "iub":
        return x.astype(np.float64)
    raise TypeError(f"`{name}` has dtype {x.dtype}, but must be {ALLOWED}; convert it with `{name}.astype(...)`.")


def result_dtype(*arrays: np.ndarray) -> np.dtype:
    """The dtype of a result of these float arrays, by NumPy's promotion (Python scalars never promote)."""
    return np.result_type(*(a.dtype for a in arrays))


def widen(*arrays, names: tuple[str, ...] = ()) -> tuple[list[np.ndarray], np.dtype]:
    """The arrays in float64, and the dtype their result must be rounded to.

    A float64 array is returned as it is, not copied: never write into what `widen` returned.
    """
    names = names or ("x",) * len(arrays)
    floats = [as_float(a, n) for a, n in zip(arrays, names, strict=True)]
    return [a.astype(np.float64, copy=False) for a in floats], result_dtype(*floats)


def rounded(y, dtype: np.dtype) -> np.ndarray:
    """`y` (float64) rounded once, to nearest even, to `dtype`; overflow gives inf without a warning."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.asarray(y).astype(dtype, copy=False)


def contraction_dtype(dtype: np.dtype) -> np.dtype:
    """Where contractions accumulate: float64 for float64, float32 for every narrower dtype."""
    return np.dtype(np.float64) if dtype == np.float64 else np.dtype(np.float32)
