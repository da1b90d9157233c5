"""Wrong reductions, each in one way that plain random data would forgive."""

from __future__ import annotations

import math
import warnings

import numpy as np

from parity_tests.candidates import Candidate


def _kept(dy, x, axis, keepdims):
    """The cotangent with the reduced axes kept."""
    if keepdims or x.ndim == 0:
        return np.reshape(dy, (1,) * x.ndim) if x.ndim == 0 else dy
    return np.expand_dims(dy, tuple(range(x.ndim)) if axis is None else axis)


def _first(dy):
    return dy[0] if isinstance(dy, tuple) else dy


def _count(x, axis):
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis).tolist()[: x.ndim]
    return math.prod(x.shape[a] for a in axes)


def _wide(f):
    """`f` on float64 copies, its results rounded to the dtype of the last float array given."""

    def candidate(*args, **options):
        arrays = [a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype.kind != "i" else a for a in args]
        dtype = next(a.dtype for a in reversed(args) if isinstance(a, np.ndarray))
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's own reductions warn of empty rows and of n <= correction
            y = f(*arrays, **options)
            if isinstance(y, tuple):
                return tuple(v if np.asarray(v).dtype.kind == "i" else np.array(v).astype(dtype) for v in y)
            return np.array(y).astype(dtype)

    return candidate


# -- sums --------------------------------------------------------------------------------------------------------------
def sequential_sum(x, axis=None, keepdims=False):
    """One entry after the other in the dtype itself."""
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in np.atleast_1d(axis).tolist()) if x.ndim else ()
    rows = np.moveaxis(x, axes, range(len(axes)))
    rows = rows.reshape((_count(x, axis), *rows.shape[len(axes) :]))
    y = np.zeros(rows.shape[1:], x.dtype)
    for row in rows:
        y = y + row
    return np.expand_dims(y, axes) if keepdims else y


def squeezed_sum(x, axis=None, keepdims=False):
    return np.asarray(x.astype(np.float64).sum(axis)).astype(x.dtype)


def blind_sum_backward(grad_output, x, axis=None, keepdims=False):
    return (np.ones_like(x),)


def mean_over_n_less_one(x, axis=None, keepdims=False):
    return x.sum(axis, keepdims=keepdims) / max(_count(x, axis) - 1, 1)


def mean_over_everything(x, axis=None, keepdims=False):
    return x.sum(axis, keepdims=keepdims) / x.size


def sum_gradient_for_the_mean(grad_output, x, axis=None, keepdims=False):
    return (np.broadcast_to(_kept(grad_output, x, axis, keepdims), x.shape).copy(),)


def exclusive_cumsum(x, axis):
    return np.cumsum(x.astype(np.float64), axis) - x


def cumsum_of_the_first_axis(x, axis):
    return np.cumsum(x.astype(np.float64), 0)


def cumsum_gradient_forward(grad_output, x, axis):
    return np.cumsum(grad_output, axis)


# -- moments -----------------------------------------------------------------------------------------------------------
def one_pass_var(x, axis=None, correction=1, keepdims=False):
    """mean(x^2) - mean(x)^2, in the dtype itself."""
    n = _count(x, axis)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        v = (x * x).mean(axis, keepdims=keepdims) - x.mean(axis, keepdims=keepdims) ** 2
        return np.asarray(v * n / np.float64(max(0, n - correction))).astype(x.dtype)


def fixed_correction_var(x, axis=None, correction=1, keepdims=False):
    return np.var(x, axis, ddof=1, keepdims=keepdims)


def population_var(x, axis=None, correction=0, keepdims=False):
    return np.var(x, axis, ddof=correction, keepdims=keepdims)


def _deviations(x, axis):
    d = x - x.mean(axis, keepdims=True)
    return d - d.mean(axis, keepdims=True)


def var_gradient_without_two(grad_output, x, axis=None, correction=1, keepdims=False):
    return (_kept(grad_output, x, axis, keepdims) * _deviations(x, axis) / np.float64(max(0, _count(x, axis) - correction)),)


def var_gradient_of_raw_data(grad_output, x, axis=None, correction=1, keepdims=False):
    return (_kept(grad_output, x, axis, keepdims) * 2 * x / np.float64(max(0, _count(x, axis) - correction)),)


def std_with_eps(x, axis=None, correction=1, keepdims=False):
    d = _deviations(x, axis)
    return np.sqrt((d * d).sum(axis, keepdims=keepdims) / np.float64(max(0, _count(x, axis) - correction)) + 1e-12)


def std_gradient_nan_at_zero(grad_output, x, axis=None, correction=1, keepdims=False):
    d, f = _deviations(x, axis), np.float64(max(0, _count(x, axis) - correction))
    return (_kept(grad_output, x, axis, keepdims) * d / (f * np.sqrt((d * d).sum(axis, keepdims=True) / f)),)


def uncentred_cov(x, correction=1):
    r = np.atleast_2d(x)
    y = r @ r.T / max(0, r.shape[1] - correction)
    return y.reshape(()) if len(r) == 1 else y


def population_cov(x, correction=1):
    return np.cov(x, ddof=0)


def one_sided_cov_backward(grad_output, x, correction=1):
    """Forgets that x_i stands in row i and in column i."""
    r = np.atleast_2d(x)
    g = np.reshape(grad_output, (len(r), len(r)))
    return ((2 * g @ _deviations(r, 1) / max(0, r.shape[1] - correction)).reshape(x.shape),)


def covariance_over_one_variance(x):
    c = np.atleast_2d(np.cov(x))
    y = c / np.diagonal(c)[:, None]
    return y.reshape(()) if y.size == 1 else y


def zero_for_constant_rows(x):
    return np.nan_to_num(np.corrcoef(x), nan=0.0)


def corrcoef_gradient_without_projection(grad_output, x):
    r = np.atleast_2d(x)
    d = _deviations(r, 1)
    length = np.sqrt((d * d).sum(1, keepdims=True))
    g = np.reshape(grad_output, (len(r), len(r)))
    return (((g + g.T) @ (d / length) / length).reshape(x.shape),)


# -- products ----------------------------------------------------------------------------------------------------------
def prod_by_logarithms(x, axis=None, keepdims=False):
    return np.exp(np.log(np.abs(x)).sum(axis, keepdims=keepdims))


def prod_gradient_by_division(grad_output, x, axis=None, keepdims=False):
    return (_kept(grad_output, x, axis, keepdims) * x.prod(axis, keepdims=True) / x,)


def cumprod_by_logarithms(x, axis):
    return np.exp(np.cumsum(np.log(x), axis))


def cumprod_gradient_by_division(grad_output, x, axis):
    return (np.flip(np.cumsum(np.flip(grad_output * np.cumprod(x, axis), axis), axis), axis) / x,)


# -- extremes ----------------------------------------------------------------------------------------------------------
def _nan_ignored(reduce):
    return lambda x, axis=None, keepdims=False: reduce(x, axis=axis, keepdims=keepdims)


def _all_ties_in_full(reduce):
    def backward(grad_output, x, axis=None, keepdims=False):
        return (_kept(grad_output, x, axis, keepdims) * (x == reduce(x, axis=axis, keepdims=True)),)

    return backward


def amin_of_magnitudes(x, axis=None, keepdims=False):
    return np.abs(x).min(axis, keepdims=keepdims)


def _last_tie(search):
    def candidate(x, axis=None, keepdims=False):
        if axis is None or x.ndim == 0:
            return np.int64(max(x.size - 1, 0) - search(x.reshape(-1)[::-1].astype(np.float64)))
        return x.shape[axis] - 1 - search(np.flip(x, axis).astype(np.float64), axis=axis, keepdims=keepdims)

    return candidate


def argmax_without_nan(x, axis=None, keepdims=False):
    return np.argmax(np.where(np.isnan(x), -np.inf, x), axis=axis if x.ndim else None, keepdims=keepdims)


def argmin_without_nan(x, axis=None, keepdims=False):
    return np.argmin(np.where(np.isnan(x), np.inf, x), axis=axis if x.ndim else None, keepdims=keepdims)


def cummax_without_nan(x, axis):
    y = np.fmax.accumulate(np.atleast_1d(x), axis=axis).reshape(x.shape)
    return y, np.zeros(x.shape, np.int64)


def cummax_of_positions(x, axis):
    """Names the place itself instead of where the maximum was reached."""
    y = np.maximum.accumulate(np.atleast_1d(x), axis=axis).reshape(x.shape)
    rows = np.moveaxis(np.atleast_1d(x), axis, -1)
    j = np.broadcast_to(np.arange(rows.shape[-1]), rows.shape)
    return y, np.moveaxis(j, -1, axis).reshape(x.shape).copy()


def cummax_gradient_in_place(grad_output, x, axis):
    return (_first(grad_output).copy(),)


# -- norms -------------------------------------------------------------------------------------------------------------
def always_euclidean(x, ord=2, axis=None, keepdims=False):
    return np.sqrt((x * x).sum(axis, keepdims=keepdims))


def norm_with_eps(x, ord=2, axis=None, keepdims=False):
    return np.sqrt((x * x).sum(axis, keepdims=keepdims) + 1e-12)


def norm_gradient_nan_at_zero(grad_output, x, ord=2, axis=None, keepdims=False):
    return (_kept(grad_output, x, axis, keepdims) * x / np.sqrt((x * x).sum(axis, keepdims=True)),)


def _wrong(op: str, name: str, forward=None, backward=None, raw: bool = False, **within: str) -> Candidate:
    """A row; the candidate computes in float64 unless `raw`, so that nothing but its mistake is wrong."""
    forward, backward = ((f if raw or f is None else _wide(f)) for f in (forward, backward))
    return Candidate(f"reductions.{op}", name, forward, backward, **within)


WRONG = (
    _wrong(
        "sum",
        "sequential in its own dtype",
        sequential_sum,
        raw=True,
        within="stable",
        why="Adding one after the other is stable: its error is at most n u times the sum of magnitudes.",
    ),
    _wrong("sum", "forgets keepdims", squeezed_sum, raw=True),
    _wrong("sum", "blind to the cotangent", backward=blind_sum_backward),
    _wrong("mean", "divides by n - 1", mean_over_n_less_one),
    _wrong("mean", "divides by the size of the array", mean_over_everything),
    _wrong("mean", "gradient of the sum", backward=sum_gradient_for_the_mean),
    _wrong("var", "one pass", one_pass_var, raw=True),
    _wrong("var", "forgets correction", fixed_correction_var),
    _wrong("var", "wrong default", population_var),
    _wrong("var", "gradient without the 2", backward=var_gradient_without_two),
    _wrong("var", "gradient of data that is not centred", backward=var_gradient_of_raw_data),
    _wrong("std", "eps under the root", std_with_eps),
    _wrong("std", "gradient nan at zero variance", backward=std_gradient_nan_at_zero),
    _wrong("prod", "by logarithms", prod_by_logarithms),
    _wrong("prod", "gradient by division", backward=prod_gradient_by_division),
    _wrong("amax", "nan ignored", _nan_ignored(np.fmax.reduce)),
    _wrong("amax", "every tie gets all", backward=_all_ties_in_full(np.max)),
    _wrong("amin", "of magnitudes", amin_of_magnitudes),
    _wrong("amin", "every tie gets all", backward=_all_ties_in_full(np.min)),
    _wrong("argmax", "last tie", _last_tie(np.argmax), raw=True),
    _wrong("argmax", "nan ignored", argmax_without_nan, raw=True),
    _wrong("argmin", "last tie", _last_tie(np.argmin), raw=True),
    _wrong("argmin", "nan ignored", argmin_without_nan, raw=True),
    _wrong("norm", "forgets ord", always_euclidean),
    _wrong("norm", "eps under the root", norm_with_eps),
    _wrong("norm", "gradient nan at zero", backward=norm_gradient_nan_at_zero),
    _wrong("cumsum", "exclusive", exclusive_cumsum),
    _wrong("cumsum", "forgets axis", cumsum_of_the_first_axis),
    _wrong("cumsum", "gradient from the front, no tuple", backward=cumsum_gradient_forward),
    _wrong("cumprod", "by logarithms", cumprod_by_logarithms),
    _wrong("cumprod", "gradient by division", backward=cumprod_gradient_by_division),
    _wrong("cummax", "nan ignored", cummax_without_nan),
    _wrong("cummax", "names the place itself", cummax_of_positions),
    _wrong("cummax", "gradient stays in place", backward=cummax_gradient_in_place),
    _wrong("cov", "not centred", uncentred_cov),
    _wrong("cov", "forgets correction", population_cov),
    _wrong("cov", "one-sided gradient", backward=one_sided_cov_backward),
    _wrong("corrcoef", "divides by one variance", covariance_over_one_variance),
    _wrong("corrcoef", "zero for constant rows", zero_for_constant_rows),
    _wrong("corrcoef", "gradient without the projection", backward=corrcoef_gradient_without_projection),
)
