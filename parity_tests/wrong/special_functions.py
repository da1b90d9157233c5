"""Wrong error, normal and gamma functions, each of which the suite must catch."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import SIGN_OF_ZERO, Candidate

__all__ = ["WRONG"]


def _elementwise(f, x):
    """`f` (a scalar function) at each element, in x's dtype."""
    x = np.asarray(x)
    return np.array([f(float(v)) for v in x.reshape(-1)], np.float64).reshape(x.shape).astype(x.dtype)


def _guarded(f):
    def call(v):
        try:
            return f(v)
        except (ValueError, OverflowError, ZeroDivisionError):
            return math.nan

    return call


def _wide(x):
    return np.asarray(x).astype(np.float64)


# -- erf -------------------------------------------------------------------------------------------------------------------
def erf_abramowitz(x):
    """Abramowitz & Stegun 7.1.26: five terms, an absolute error of 1.5e-7, no relative accuracy near 0."""
    v = _wide(x)
    t = 1 / (1 + 0.3275911 * np.abs(v))
    p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    with np.errstate(all="ignore"):
        return np.copysign(1 - p * np.exp(-v * v), v).astype(x.dtype)


def erf_tanh(x):
    """The tanh that looks like erf."""
    v = _wide(x)
    with np.errstate(all="ignore"):
        return np.tanh(2 / math.sqrt(math.pi) * (v + 0.08943 * v**3)).astype(x.dtype)


def erf_in_float64(x):
    """Right numbers in the wrong dtype."""
    return _elementwise(math.erf, _wide(x))


def erf_loses_negative_zero(x):
    return _elementwise(math.erf, x) + x.dtype.type(0)


def erf_slope_without_factor(grad_output, x):
    with np.errstate(all="ignore"):
        return ((_wide(grad_output) * np.exp(-(_wide(x) ** 2))).astype(x.dtype),)


def erf_slope_of_ones(grad_output, x):
    """Forgets the cotangent."""
    from npimpl.special import erf_backward

    return erf_backward(np.ones_like(grad_output), x)


# -- erfc ------------------------------------------------------------------------------------------------------------------
def erfc_by_subtraction(x):
    return _elementwise(lambda v: 1 - math.erf(v), x)


def erfc_cut(x):
    """Gives up at 9, where float32 still has normal numbers."""
    return _elementwise(lambda v: 0.0 if v > 9 else math.erfc(v), x)


def erfc_slope_with_the_sign_of_erf(grad_output, x):
    from npimpl.special import erf_backward

    return erf_backward(grad_output, x)


# -- erfinv ----------------------------------------------------------------------------------------------------------------
def erfinv_winitzki(x):
    """Winitzki's closed form, good to three digits."""
    v, a = _wide(x), 0.147
    with np.errstate(all="ignore"):
        log = np.log1p(-v * v)
        b = 2 / (math.pi * a) + log / 2
        return np.copysign(np.sqrt(np.sqrt(b * b - log / a) - b), v).astype(x.dtype)


def erfinv_clipped(x):
    """Clips its argument, so that the ends are finite and outside is not nan."""
    from npimpl.special import erfinv

    return erfinv(np.clip(x, np.nextafter(x.dtype.type(-1), x.dtype.type(0)), np.nextafter(x.dtype.type(1), x.dtype.type(0))))


def erfinv_slope_upside_down(grad_output, x):
    from npimpl.special import erfinv

    with np.errstate(all="ignore"):
        y = _wide(erfinv(_wide(x)))
        return ((_wide(grad_output) * (math.sqrt(math.pi) / 2) * np.exp(-y * y)).astype(x.dtype),)


# -- ndtr ------------------------------------------------------------------------------------------------------------------
def ndtr_logistic(x):
    """The logistic approximation of the normal law."""
    with np.errstate(all="ignore"):
        return (1 / (1 + np.exp(-1.702 * _wide(x)))).astype(x.dtype)


def ndtr_slope_of_erf(grad_output, x):
    """exp(-x^2) where exp(-x^2/2) belongs."""
    with np.errstate(all="ignore"):
        return ((_wide(grad_output) / math.sqrt(2 * math.pi) * np.exp(-(_wide(x) ** 2))).astype(x.dtype),)


# -- log_ndtr --------------------------------------------------------------------------------------------------------------
def log_ndtr_unprotected(x):
    """log(ndtr(x)): -inf from x = -38 on, and 0 from x = 8 on."""
    from npimpl.special import ndtr

    with np.errstate(all="ignore"):
        return np.log(ndtr(_wide(x))).astype(x.dtype)


def log_ndtr_leading_term(x):
    """The left tail without its second-order term."""
    from npimpl.special import log_ndtr

    v = _wide(x)
    with np.errstate(all="ignore"):
        tail = -0.5 * v * v - np.log(-v) - 0.5 * math.log(2 * math.pi)
        return np.where(v < -5, tail, log_ndtr(v)).astype(x.dtype)


def log_ndtr_slope_unprotected(grad_output, x):
    """phi/Phi as a quotient of two numbers that underflow: 0/0."""
    from npimpl.special import ndtr

    v = _wide(x)
    with np.errstate(all="ignore"):
        return ((_wide(grad_output) * np.exp(-0.5 * v * v) / math.sqrt(2 * math.pi) / ndtr(v)).astype(x.dtype),)


# -- ndtri -----------------------------------------------------------------------------------------------------------------
def ndtri_through_erfinv(x):
    """sqrt(2) erfinv(2x - 1): a small x drowns in the 1."""
    from npimpl.special import erfinv

    return (math.sqrt(2) * erfinv(2 * _wide(x) - 1)).astype(x.dtype)


def ndtri_of_the_other_tail(x):
    """The quantile of 1 - x: the sign is wrong."""
    from npimpl.special import ndtri

    return -ndtri(x)


def ndtri_slope_is_the_density(grad_output, x):
    """Multiplies by the density instead of dividing."""
    from npimpl.special import ndtri

    with np.errstate(all="ignore"):
        y = ndtri(_wide(x))
        return ((_wide(grad_output) * np.exp(-0.5 * y * y) / math.sqrt(2 * math.pi)).astype(x.dtype),)


# -- lgamma ----------------------------------------------------------------------------------------------------------------
def lgamma_of_gamma(x):
    """log(|Gamma|): overflows from 171.6 on."""
    return _elementwise(_guarded(lambda v: math.log(abs(math.gamma(v)))), x)


def lgamma_stirling(x):
    """Stirling's leading terms everywhere."""
    v = np.abs(_wide(x))
    with np.errstate(all="ignore"):
        return ((v - 0.5) * np.log(v) - v + 0.5 * math.log(2 * math.pi)).astype(x.dtype)


def lgamma_mutates(x):
    """Reflects its argument in place."""
    from npimpl.special import lgamma

    y = lgamma(x)
    if x.flags.writeable:
        np.abs(x, out=x)
    return y


def lgamma_slope_is_log(grad_output, x):
    """log x instead of psi(x)."""
    with np.errstate(all="ignore"):
        return ((_wide(grad_output) * np.log(np.abs(_wide(x)))).astype(x.dtype),)


# -- digamma ---------------------------------------------------------------------------------------------------------------
def digamma_by_difference(x):
    """A central difference of lgamma: six digits."""
    from npimpl.special import lgamma

    v, h = _wide(x), 1e-5
    with np.errstate(all="ignore"):
        return ((lgamma(v + h) - lgamma(v - h)) / (2 * h)).astype(x.dtype)


def digamma_tangent_unreduced(x):
    """The reflection with tan(pi x) of the whole x: pi x has lost the fraction."""
    from npimpl.special import digamma

    v = _wide(x)
    with np.errstate(all="ignore"):
        reflected = digamma(1 - v) - math.pi / np.tan(math.pi * v)
        return np.where(v < 0, reflected, digamma(v)).astype(x.dtype)


def digamma_slope_one_term(grad_output, x):
    """The first term of the series of psi' only."""
    with np.errstate(all="ignore"):
        return ((_wide(grad_output) / _wide(x) ** 2).astype(x.dtype),)


WRONG = (
    Candidate(
        "special.erf",
        "Abramowitz & Stegun 7.1.26",
        forward=erf_abramowitz,
        dtypes=("float64", "float32", "bfloat16"),
    ),
    Candidate("special.erf", "a tanh in its place", forward=erf_tanh),
    Candidate("special.erf", "float64 out whatever comes in", forward=erf_in_float64, dtypes=("float32",)),
    Candidate("special.erf", "negative zero becomes zero", forward=erf_loses_negative_zero, **SIGN_OF_ZERO),
    Candidate("special.erf", "gradient without 2/sqrt(pi)", backward=erf_slope_without_factor),
    Candidate("special.erf", "gradient of an all-ones cotangent", backward=erf_slope_of_ones),
    Candidate("special.erfc", "1 - erf", forward=erfc_by_subtraction),
    Candidate("special.erfc", "tail cut at 9", forward=erfc_cut),
    Candidate("special.erfc", "gradient with the sign of erf", backward=erfc_slope_with_the_sign_of_erf),
    Candidate("special.erfinv", "Winitzki's closed form", forward=erfinv_winitzki),
    Candidate("special.erfinv", "argument clipped into the interval", forward=erfinv_clipped),
    Candidate("special.erfinv", "gradient upside down", backward=erfinv_slope_upside_down),
    Candidate("special.ndtr", "logistic approximation", forward=ndtr_logistic),
    Candidate("special.ndtr", "density without the half in the exponent", backward=ndtr_slope_of_erf),
    Candidate("special.log_ndtr", "log of ndtr", forward=log_ndtr_unprotected),
    Candidate("special.log_ndtr", "leading term of the tail", forward=log_ndtr_leading_term),
    Candidate("special.log_ndtr", "gradient 0/0 in the tail", backward=log_ndtr_slope_unprotected),
    Candidate("special.ndtri", "sqrt(2) erfinv(2x - 1)", forward=ndtri_through_erfinv),
    Candidate("special.ndtri", "quantile of the other tail", forward=ndtri_of_the_other_tail),
    Candidate("special.ndtri", "gradient times the density", backward=ndtri_slope_is_the_density),
    Candidate("special.lgamma", "log of gamma", forward=lgamma_of_gamma),
    Candidate("special.lgamma", "Stirling without its series", forward=lgamma_stirling),
    Candidate("special.lgamma", "mutates its argument", forward=lgamma_mutates),
    Candidate("special.lgamma", "gradient log x", backward=lgamma_slope_is_log),
    Candidate("special.digamma", "central difference of lgamma", forward=digamma_by_difference),
    Candidate("special.digamma", "tangent of the unreduced angle", forward=digamma_tangent_unreduced),
    Candidate("special.digamma", "gradient of one term", backward=digamma_slope_one_term),
)
