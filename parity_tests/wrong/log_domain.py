"""Wrong sums of exponentials, logarithmic products, and elementary functions, each of which the suite must catch."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import Candidate

__all__ = ["WRONG"]


def _wide(x):
    return np.asarray(x).astype(np.float64)


def _quiet(f):
    return np.errstate(all="ignore")(f)


# -- logsumexp -----------------------------------------------------------------------------------------------------------
@_quiet
def logsumexp_unshifted(x, axis=-1, keepdims=False):
    return np.asarray(np.log(np.sum(np.exp(_wide(x)), axis=axis, keepdims=keepdims))).astype(x.dtype)


@_quiet
def logsumexp_in_place(x, axis=-1, keepdims=False):
    """Subtracts the maximum from its argument."""
    if not x.size:
        return np.full(np.sum(_wide(x), axis=axis, keepdims=keepdims).shape, -np.inf, x.dtype)
    m = np.max(x, axis=axis, keepdims=True)
    m = np.where(np.isfinite(_wide(m)), m, x.dtype.type(0))
    if x.flags.writeable:
        x -= m
    y = np.log(np.sum(np.exp(_wide(x)), axis=axis, keepdims=True)) + _wide(m)
    return np.asarray(y if keepdims else np.squeeze(y, axis=axis)).astype(x.dtype)


@_quiet
def logsumexp_mean(x, axis=-1, keepdims=False):
    """The logarithm of the mean: off by log n."""
    m = np.max(_wide(x), axis=axis, keepdims=True, initial=-1e300)
    y = np.log(np.mean(np.exp(_wide(x) - m), axis=axis, keepdims=True)) + m
    return np.asarray(y if keepdims else np.squeeze(y, axis=axis)).astype(x.dtype)


@_quiet
def logsumexp_swallows_nan(x, axis=-1, keepdims=False):
    m = np.nanmax(_wide(x), axis=axis, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, 0.0)
    y = np.log(np.nansum(np.exp(_wide(x) - m), axis=axis, keepdims=True)) + m
    return np.asarray(y if keepdims else np.squeeze(y, axis=axis)).astype(x.dtype)


@_quiet
def logsumexp_slope_blind(grad_output, x, axis=-1, keepdims=False):
    """Right for a cotangent of ones only: leaves grad_output out."""
    m = np.max(_wide(x), axis=axis, keepdims=True, initial=-np.inf)
    e = np.exp(_wide(x) - m)
    return ((e / np.sum(e, axis=axis, keepdims=True)).astype(x.dtype),)


# -- logaddexp -----------------------------------------------------------------------------------------------------------
@_quiet
def logaddexp_unshifted(x, other):
    return np.asarray(np.log(np.exp(_wide(x)) + np.exp(_wide(other)))).astype(x.dtype)


@_quiet
def logaddexp_base_two(x, other):
    return np.asarray(np.logaddexp2(_wide(x), _wide(other))).astype(x.dtype)


@_quiet
def logaddexp_slopes_swapped(grad_output, x, other):
    """The weights of the two exponentials are exchanged."""
    p = 1 / (1 + np.exp(_wide(x) - _wide(other)))
    dy = _wide(grad_output)
    return _summed(dy * p, x), _summed(dy * (1 - p), other)


@_quiet
def logaddexp_slopes_not_summed(grad_output, x, other):
    """Forgets that a broadcast array gets the sum of the gradients."""
    p = 1 / (1 + np.exp(_wide(other) - _wide(x)))
    return (_wide(grad_output) * p).astype(x.dtype), (_wide(grad_output) * (1 - p)).astype(other.dtype)


def _summed(g, like):
    lead = g.ndim - like.ndim
    g = g.sum(axis=tuple(range(lead)))
    return (
        g.sum(axis=tuple(i for i, n in enumerate(like.shape) if n == 1), keepdims=True).reshape(like.shape).astype(like.dtype)
    )


# -- logcumsumexp ----------------------------------------------------------------------------------------------------------
@_quiet
def logcumsumexp_one_shift(x, axis=-1):
    """One shift for the whole row: prefixes far below the row's maximum underflow."""
    m = np.max(_wide(x), axis=axis, keepdims=True, initial=-1e300) if x.ndim else _wide(x)
    return (np.log(np.cumsum(np.exp(_wide(x) - m), axis=axis).reshape(x.shape)) + m).astype(x.dtype)


@_quiet
def logcumsumexp_exclusive(x, axis=-1):
    """Leaves the entry itself out of its own sum."""
    v = np.moveaxis(_wide(x), axis, -1) if x.ndim else _wide(x).reshape(1)
    y = np.full(v.shape, -np.inf)
    for j in range(1, v.shape[-1]):
        y[..., j] = np.logaddexp(y[..., j - 1], v[..., j - 1])
    return (np.moveaxis(y, -1, axis) if x.ndim else y.reshape(())).astype(x.dtype)


@_quiet
def logcumsumexp_slope_of_softmax(grad_output, x, axis=-1):
    """The slope of the last prefix for all of them."""
    if not x.size:
        return (np.zeros_like(x),)
    v = _wide(x) if x.ndim else _wide(x).reshape(1)
    e = np.exp(v - np.max(v, axis=axis, keepdims=True))
    return ((_wide(grad_output) * e / np.sum(e, axis=axis, keepdims=True)).reshape(x.shape).astype(x.dtype),)


# -- x log y -------------------------------------------------------------------------------------------------------------
@_quiet
def xlogy_without_convention(x, other):
    """0 log 0 = nan."""
    return np.asarray(_wide(x) * np.log(_wide(other))).astype(x.dtype)


@_quiet
def xlogy_with_epsilon(x, other):
    return np.asarray(_wide(x) * np.log(_wide(other) + 1e-7)).astype(x.dtype)


@_quiet
def xlogy_swallows_nan(x, other):
    return np.where(_wide(x) == 0, 0.0, _wide(x) * np.log(_wide(other))).astype(x.dtype)


@_quiet
def xlogy_slope_of_x_only(grad_output, x, other):
    dx = np.where((_wide(x) == 0) & (_wide(other) <= 0), 0.0, _wide(grad_output) * np.log(_wide(other)))
    return _summed(dx, x), np.zeros_like(other)


@_quiet
def xlog1py_by_log(x, other):
    """log(1 + y): loses small y."""
    return np.where(_wide(x) == 0, _wide(other) * 0, _wide(x) * np.log(1 + _wide(other))).astype(x.dtype)


@_quiet
def xlog1py_in_float16(x, other):
    h = np.float16
    return np.where(_wide(x) == 0, 0, _wide(x).astype(h) * np.log1p(_wide(other).astype(h))).astype(x.dtype)


@_quiet
def xlog1py_slope_of_xlogy(grad_output, x, other):
    """x / y where x / (1 + y) is meant."""
    dy = _wide(grad_output)
    return _summed(dy * np.log1p(_wide(other)), x), _summed(dy * _wide(x) / _wide(other), other)


# -- entropy and log-odds --------------------------------------------------------------------------------------------------
@_quiet
def entr_in_bits(x):
    v = _wide(x)
    return np.where(v < 0, -np.inf, np.where(v == 0, 0.0, -v * np.log2(v))).astype(x.dtype)


@_quiet
def entr_zero_below_zero(x):
    v = _wide(x)
    return np.where(v <= 0, 0.0, -v * np.log(v)).astype(x.dtype)


@_quiet
def entr_slope_without_one(grad_output, x):
    return ((-_wide(grad_output) * np.log(_wide(x))).astype(x.dtype),)


@_quiet
def logit_always_clamped(x, eps=None):
    v = np.clip(_wide(x), eps or 1e-6, 1 - (eps or 1e-6))
    return np.log(v / (1 - v)).astype(x.dtype)


@_quiet
def logit_without_eps(x, eps=None):
    return np.log(_wide(x) / (1 - _wide(x))).astype(x.dtype)


@_quiet
def logit_slope_through_clamp(grad_output, x, eps=None):
    """The clamp has a slope of one."""
    v = _wide(x) if eps is None else np.clip(_wide(x), eps, 1 - eps)
    slope = np.where((v < 0) | (v > 1), np.nan, 1 / np.abs(v * (1 - v)))
    return ((_wide(grad_output) * slope).astype(x.dtype),)


# -- elementary functions --------------------------------------------------------------------------------------------------
@_quiet
def sinc_unnormalised(x):
    v = _wide(x)
    return np.where(v == 0, 1.0, np.where(np.isinf(v), 0.0, np.sin(v) / v)).astype(x.dtype)


@_quiet
def sinc_in_float16(x):
    v = _wide(x).astype(np.float16)
    return np.where(v == 0, 1.0, np.where(np.isinf(_wide(x)), 0.0, np.sin(np.pi * v) / (np.pi * v))).astype(x.dtype)


@_quiet
def sinc_slope_of_cosine(grad_output, x):
    """Differentiates the sine and forgets the quotient."""
    v = _wide(x)
    return ((_wide(grad_output) * np.where(v == 0, 0.0, np.cos(np.pi * v) / v)).astype(x.dtype),)


@_quiet
def expm1_by_exp(x):
    return (np.exp(_wide(x)) - 1).astype(x.dtype)


def expm1_of_integers(x):
    """Truncates."""
    return np.trunc(np.nan_to_num(_wide(x))).astype(x.dtype)


@_quiet
def expm1_slope_minus_one(grad_output, x):
    """The slope of exp is taken to be expm1."""
    return ((_wide(grad_output) * np.expm1(_wide(x))).astype(x.dtype),)


@_quiet
def log1p_by_log(x):
    return np.log(1 + _wide(x)).astype(x.dtype)


@_quiet
def log1p_in_float64(x):
    """Right numbers; float32 in, float64 out."""
    return np.log1p(_wide(x))


@_quiet
def log1p_slope_of_log(grad_output, x):
    return ((_wide(grad_output) / _wide(x)).astype(x.dtype),)


@_quiet
def rsqrt_one_newton_step(x):
    """A guess from the bits of the exponent and one Newton step: three digits."""
    v = np.ascontiguousarray(_wide(x))
    y = (0x5FE6EB50C7B537A9 - (v.reshape(-1).view(np.int64) >> 1)).view(np.float64).reshape(x.shape)
    v = v.reshape(x.shape)
    return np.where((v > 0) & np.isfinite(v), y * (1.5 - 0.5 * v * y * y), 1 / np.sqrt(v)).astype(x.dtype)


@_quiet
def rsqrt_with_epsilon(x):
    return (1 / np.sqrt(_wide(x) + 1e-12)).astype(x.dtype)


@_quiet
def rsqrt_slope_positive(grad_output, x):
    v = _wide(x)
    return ((_wide(grad_output) / v / (2 * np.sqrt(v))).astype(x.dtype),)


WRONG = (
    Candidate("special.logsumexp", "unshifted", logsumexp_unshifted),
    Candidate("special.logsumexp", "mutates its input", logsumexp_in_place),
    Candidate("special.logsumexp", "logarithm of the mean", logsumexp_mean),
    Candidate("special.logsumexp", "swallows nan", logsumexp_swallows_nan),
    Candidate("special.logsumexp", "gradient without its cotangent", backward=logsumexp_slope_blind),
    Candidate("special.logaddexp", "unshifted", logaddexp_unshifted),
    Candidate("special.logaddexp", "base two", logaddexp_base_two),
    Candidate("special.logaddexp", "gradients swapped", backward=logaddexp_slopes_swapped),
    Candidate("special.logaddexp", "gradients not summed over broadcast axes", backward=logaddexp_slopes_not_summed),
    Candidate("special.logcumsumexp", "one shift for all prefixes", logcumsumexp_one_shift),
    Candidate("special.logcumsumexp", "exclusive sum", logcumsumexp_exclusive),
    Candidate("special.logcumsumexp", "gradient of the last prefix", backward=logcumsumexp_slope_of_softmax),
    Candidate("special.xlogy", "0 log 0 is nan", xlogy_without_convention),
    Candidate("special.xlogy", "epsilon in the logarithm", xlogy_with_epsilon),
    Candidate("special.xlogy", "swallows nan", xlogy_swallows_nan),
    Candidate("special.xlogy", "no gradient in other", backward=xlogy_slope_of_x_only),
    Candidate("special.xlog1py", "log of one plus y", xlog1py_by_log),
    Candidate("special.xlog1py", "evaluated in float16", xlog1py_in_float16),
    Candidate("special.xlog1py", "gradient of xlogy", backward=xlog1py_slope_of_xlogy),
    Candidate("special.entr", "in bits", entr_in_bits),
    Candidate("special.entr", "zero below zero", entr_zero_below_zero),
    Candidate("special.entr", "gradient without the one", backward=entr_slope_without_one),
    Candidate("special.logit", "clamped without being asked", logit_always_clamped),
    Candidate("special.logit", "forgets eps", logit_without_eps),
    Candidate("special.logit", "gradient through the clamp", backward=logit_slope_through_clamp),
    Candidate("special.sinc", "unnormalised", sinc_unnormalised),
    Candidate("special.sinc", "evaluated in float16", sinc_in_float16),
    Candidate("special.sinc", "gradient of the sine alone", backward=sinc_slope_of_cosine),
    Candidate("special.expm1", "exp minus one", expm1_by_exp),
    Candidate("special.expm1", "truncates", expm1_of_integers),
    Candidate("special.expm1", "slope expm1", backward=expm1_slope_minus_one),
    Candidate("special.log1p", "log of one plus x", log1p_by_log),
    Candidate("special.log1p", "float64 out of float32", log1p_in_float64, dtypes=("float32",)),
    Candidate("special.log1p", "gradient of log", backward=log1p_slope_of_log),
    Candidate("special.rsqrt", "one Newton step", rsqrt_one_newton_step),
    Candidate("special.rsqrt", "epsilon under the root", rsqrt_with_epsilon),
    Candidate("special.rsqrt", "gradient of the wrong sign", backward=rsqrt_slope_positive),
)
