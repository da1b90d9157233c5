"""The normal distribution: log-probability, entropy, samples, Kullback-Leibler divergence."""

from __future__ import annotations

import numpy as np

from npimpl._elementwise import elementwise
from npimpl._precision import rounded, widen
from npimpl.distributions._shared import reduced

__all__ = [
    "kl_normal_normal",
    "kl_normal_normal_backward",
    "normal_entropy",
    "normal_entropy_backward",
    "normal_log_prob",
    "normal_log_prob_backward",
    "normal_sample",
]

HALF_LOG_2PI = 0.9189385332046727


def _tame(x) -> bool:
    """Whether products and quotients of six such numbers stay far inside the range of float64."""
    size = np.abs(x)
    return bool(((size < 1e40) & ((size > 1e-40) | (size == 0))).all())


def _split(x):
    """x = m 2^e: itself and 0 for tame numbers, else 1/2 <= |m| < 1 (e = 0 for 0, inf and nan)."""
    if _tame(x):
        return x, 0
    m, e = np.frexp(x)
    return m, np.where(np.isfinite(x), e, 0)


def _difference(a, b):
    """a - b = m 2^e, also where it overflows."""
    d = a - b
    m, e = _split(d)
    over = np.isinf(d) & np.isfinite(a) & np.isfinite(b)
    if over.any():
        half, more = _split(a / 2 - b / 2)
        m, e = np.where(over, half, m), np.where(over, more + 1, e)
    return m, e


def _quotient(numerators, denominators):
    """The product of the (m, e) numerators over the denominators; out of range only if the result is."""
    m, e = numerators[0]
    for mi, ei in numerators[1:]:
        m, e = m * mi, e + ei
    for mi, ei in denominators:
        m, e = m / mi, e - ei
    return m if np.ndim(e) == 0 else np.ldexp(m, e)


def _distance(a, b, s):
    """(a - b) / s, also where a - b overflows."""
    d = a - b
    over = np.isinf(d)
    return np.where(over, (a / 2 - b / 2) / (s / 2), d / s) if over.any() else d / s


@elementwise("value", "loc", "scale")
def normal_log_prob(value, loc, scale) -> np.ndarray:
    """The logarithm of the normal density.

    Equation: y = -z^2 / 2 - log(scale) - log(2 pi) / 2,  z = (value - loc) / scale.

    Stable form: the quotient z is taken before squaring, so neither (value - loc)^2 nor scale^2 can overflow or underflow, and
    value - loc is formed with an exponent of its own.  Only the final sum cancels, near the roots of y.

    Shapes: value, loc and scale (...) broadcast; result in their common dtype.

    Special values: -inf at an infinite value or scale; nan where value - loc is inf - inf, or scale is 0, negative or nan.

    Raises: TypeError for arrays that are not numbers, ValueError for shapes that do not broadcast.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), eq. 1.46.

    >>> normal_log_prob(0.0, 0.0, 1.0).round(6)
    np.float64(-0.918939)
    """
    z = _distance(value, loc, scale)
    return -((0.5 * z) * z) - np.log(scale) - HALF_LOG_2PI


def normal_log_prob_backward(grad_output, value, loc, scale):
    """The gradient of `normal_log_prob`: (dvalue, dloc, dscale), each summed over the axes it was broadcast along.

    Element derivatives, d = value - loc, s = scale:  dy/dvalue = -d / s^2,  dy/dloc = d / s^2,
    dy/dscale = d^2 / s^3 - 1 / s = (|d| - s)(|d| + s) / s^3: the difference of squares is factored, so that it is accurate at
    its root |d| = s as far as d is.  Vector-Jacobian product: each times grad_output.

    >>> normal_log_prob_backward(1.0, 3.0, 1.0, 2.0)
    (array(-0.5), array(0.5), array(0.))
    """
    return reduced(_log_prob_gradients, grad_output, value, loc, scale)


@elementwise("dy", "x", "mu", "s")
def _log_prob_gradients(dy, x, mu, s):
    m, e = d = _difference(x, mu)
    w, ss = _split(dy), _split(s)
    dmu = _quotient([w, d], [ss, ss])
    halved = (np.isinf(np.ldexp(m, e)) & np.isfinite(m)).astype(np.int32)  # |d| beyond the range: half of it is not
    size, t = np.ldexp(np.abs(m), e - halved), np.ldexp(s, -halved)
    low, high = ((m, e + halved) for m, e in (_difference(size, t), _difference(size, -t)))
    ds = np.where(np.isfinite(size), _quotient([w, low, high], [ss, ss, ss]), _quotient([w, d, d], [ss, ss, ss]))
    return -dmu, dmu, np.where(np.isinf(s) & np.isfinite(size), 0.0, ds)


@elementwise("loc", "scale")
def normal_entropy(loc, scale) -> np.ndarray:
    """The differential entropy of the normal distribution, in nats.

    Equation: H = 1/2 + log(2 pi) / 2 + log(scale), whatever the location.

    Stable form: one logarithm and one constant; accurate but for the root at scale = 1 / sqrt(2 pi e).

    Shapes: loc and scale (...) broadcast; result in their common dtype.

    Special values: loc only gives its shape (even nan); inf for an infinite scale, -inf for 0, nan for a negative one.

    Raises: TypeError for arrays that are not numbers, ValueError for shapes that do not broadcast.

    Source: Cover & Thomas, Elements of Information Theory (2nd ed., 2006), example 8.1.2.

    >>> normal_entropy(0.0, 1.0).round(6)
    np.float64(1.418939)
    """
    return np.log(scale) + (0.5 + HALF_LOG_2PI)


def normal_entropy_backward(grad_output, loc, scale):
    """The gradient of `normal_entropy`: (dloc, dscale), each summed over the axes it was broadcast along.

    Element derivatives: dH/dloc = 0,  dH/dscale = 1 / scale.  Vector-Jacobian product: 0 and grad_output / scale.

    >>> normal_entropy_backward(1.0, 0.0, 4.0)
    (array(0.), array(0.25))
    """
    return reduced(_entropy_gradients, grad_output, loc, scale)


@elementwise("dy", "mu", "s")
def _entropy_gradients(dy, mu, s):
    return np.zeros_like(dy), dy / s


@np.errstate(all="ignore")
def normal_sample(shape, rng: np.random.Generator, loc, scale) -> np.ndarray:
    """Draws from the normal distribution.

    Equation: y = loc + scale z,  z standard normal.

    Draws: z = rng.standard_normal(shape + (shape that loc and scale broadcast to)), once, in float64.

    Stable form: product and sum in float64, one rounding to the dtype of loc and scale.

    Shapes: shape is put in front: (3,) with loc (4,) gives (3, 4); result in the common dtype of loc and scale.

    Special values: an infinite loc stays, a nan stays; scale 0 gives loc.

    Raises: TypeError for arrays that are not numbers, ValueError for shapes that do not broadcast.

    Source: the definition of a location-scale family; Casella & Berger, Statistical Inference (2nd ed., 2002), section 3.5.

    >>> normal_sample((2,), np.random.default_rng(0), 5.0, 0.0)
    array([5., 5.])
    """
    (mu, s), dtype = widen(loc, scale, names=("loc", "scale"))
    front = (int(shape),) if np.ndim(shape) == 0 else tuple(shape)
    z = rng.standard_normal(front + np.broadcast_shapes(mu.shape, s.shape))
    y = mu + s * z
    if np.isinf(y).any():  # a sixteenth of each term cannot overflow, and z is below 16
        y = np.where(np.isinf(y), (mu / 16 + (s / 16) * z) * 16, y)
    return rounded(y, dtype)


@elementwise("p_loc", "p_scale", "q_loc", "q_scale")
def kl_normal_normal(p_loc, p_scale, q_loc, q_scale) -> np.ndarray:
    """The Kullback-Leibler divergence from normal q to normal p, sum of p log(p/q), in nats.

    Equation: KL = (r^2 - 1) / 2 - log r + t^2 / 2,  r = p_scale / q_scale,  t = (p_loc - q_loc) / q_scale.

    Stable form: with r = 1 + d the first terms are d^2/2 + (d - log1p(d)), both nonnegative; d = (p_scale - q_scale) / q_scale
    has a small relative error, and near d = 0 the bracket is summed as the series of log1p in w = d / (2 + d):
    d - log1p(d) = w d - 2 w^3 (1/3 + w^2/5 + w^4/7 + ...).  So nothing cancels, and the divergence of two nearly equal
    normals, about d^2, is as accurate as any other; the textbook formula returns rounding errors there.

    Shapes: the four arrays (...) broadcast; result in their common dtype.

    Special values: inf where r^2 or t^2 overflows; nan for a nan, and for an infinite or negative scale.

    Raises: TypeError for arrays that are not numbers, ValueError for shapes that do not broadcast.

    Source: Kullback, Information Theory and Statistics (1959), chapter 9; the series: DLMF 4.6.4.

    >>> kl_normal_normal(1.0, 1.0, 0.0, 1.0)
    array(0.5)
    >>> float(kl_normal_normal(0.0, 1.0 + 2.0**-30, 0.0, 1.0) * 2.0**60)
    0.9999999996895592
    """
    d, t = _distance(p_scale, q_scale, q_scale), _distance(p_loc, q_loc, q_scale)
    return (0.5 * t) * t + _scale_part(d, p_scale, q_scale)


def _scale_part(d, ps, qs):
    """(r^2 - 1) / 2 - log r with r = ps / qs = 1 + d."""
    near = np.abs(d) < 0.5
    r = ps / qs
    log_r = np.where((r > 1e-300) & (r < 1e300), np.log(r), np.log(ps) - np.log(qs))
    far = (0.5 * d) * (r + 1) - log_r
    if not near.any():
        return far
    w = d / (2 + d)
    w2 = np.where(near, w * w, 0.0)
    series = np.full_like(w2, 1 / 35)
    for k in range(16, 0, -1):  # the next term, (1/9)^17 / 37, is below the last place
        series *= w2
        series += 1 / (2 * k + 1)
    return np.where(near, d * d / 2 + (w * d - 2 * w * w2 * series), far)


def kl_normal_normal_backward(grad_output, p_loc, p_scale, q_loc, q_scale):
    """The gradient of `kl_normal_normal`: (dp_loc, dp_scale, dq_loc, dq_scale), summed over axes of broadcasting.

    Element derivatives, with P, Q the scales and D = p_loc - q_loc:  dKL/dp_loc = D / Q^2 = -dKL/dq_loc,
    dKL/dP = P/Q^2 - 1/P = (P - Q)(P + Q) / (Q^2 P),  dKL/dQ = 1/Q - (P^2 + D^2) / Q^3 = -((P - Q)(P + Q) + D^2) / Q^3.
    The differences of squares are factored, which keeps them accurate near P = Q.
    Vector-Jacobian product: each times grad_output.

    >>> kl_normal_normal_backward(1.0, 1.0, 2.0, 0.0, 1.0)
    (array(1.), array(1.5), array(-1.), array(-4.))
    """
    return reduced(_kl_gradients, grad_output, p_loc, p_scale, q_loc, q_scale)


@elementwise("dy", "pm", "ps", "qm", "qs")
def _kl_gradients(dy, pm, ps, qm, qs):
    w, P, Q, D = _split(dy), _split(ps), _split(qs), _difference(pm, qm)
    low, high = _difference(ps, qs), _difference(ps, -qs)
    dpm = _quotient([w, D], [Q, Q])
    dps = _quotient([w, low, high], [Q, Q, P])
    (ml, el), (mh, eh), (md, ed) = low, high, D
    # One common exponent for the two squares, so that neither overflows before they are added.
    e = np.maximum(np.where(ml == 0, np.minimum(el, 2 * ed - eh), el) + eh, np.where(md == 0, el + eh, 2 * ed))
    square = np.ldexp(ml * mh, el + eh - e) + np.ldexp(md * md, 2 * ed - e)
    dqs = -_quotient([w, (square, e)], [Q, Q, Q])
    return dpm, dps, -dpm, dqs
