"""The categorical distribution, given by unnormalised `logits` along the last axis: p = softmax(logits)."""

from __future__ import annotations

import math

import numpy as np

from npimpl import sampling
from npimpl._precision import as_float, result_dtype, rounded, widen
from npimpl.distributions._shared import row_sum, summed

__all__ = [
    "categorical_entropy",
    "categorical_entropy_backward",
    "categorical_log_prob",
    "categorical_log_prob_backward",
    "categorical_sample",
    "kl_categorical_categorical",
    "kl_categorical_categorical_backward",
]


def _logits(name: str, x: np.ndarray) -> np.ndarray:
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"`{name}` has shape {x.shape}; the last axis holds the categories, so give at least one.")
    return x


def _exponentials(x):
    """m = max x, the exponentials e_k = exp(x_k - m), and S, the sum of all but the largest (inf for a row with +inf).

    The largest e is exactly 1, so log sum e = log1p(S) without the loss of S beside 1.
    """
    m = np.max(x, axis=-1, keepdims=True)
    e = np.exp(x - m)
    rest = e.copy()
    np.put_along_axis(rest, np.argmax(x, axis=-1, keepdims=True), 0.0, -1)
    return m, e, np.where(np.isposinf(m), np.inf, row_sum(rest))


def _labels(value, x):
    """The labels as indices, and the logits, broadcast against each other."""
    v = np.asarray(value)
    if v.dtype.kind not in "iu":
        raise TypeError(f"`value` has dtype {v.dtype}, but must hold integers: the indices of categories.")
    if v.size and (v.min() < 0 or v.max() >= x.shape[-1]):
        raise ValueError(f"`value` holds {v.min()} to {v.max()}, but the {x.shape[-1]} categories are 0 to {x.shape[-1] - 1}.")
    shape = np.broadcast_shapes(v.shape, x.shape[:-1])
    return np.broadcast_to(v, shape)[..., None], np.broadcast_to(x, (*shape, x.shape[-1]))


@np.errstate(all="ignore")
def categorical_log_prob(value, logits) -> np.ndarray:
    """The logarithm of the probability of a category.

    Equation: y = log p_v = x_v - log sum_k exp(x_k), v = value, x = logits.

    Stable form: with m = max x, y = (x_v - m) - log1p(S), S = sum of exp(x_k - m) over all but the largest.  Both terms have
    the same sign, so nothing cancels: the log-probability of a near-certain category, about -S, keeps all its digits.

    Shapes: value (...) of integers and logits (..., K), unnormalised, broadcast; result (...) in the dtype of logits.

    Special values: -inf for a category of logit -inf; a row with +inf gives -inf for the others and nan for itself, a row of
    -inf only, or with nan, is nan.

    Raises: TypeError for labels that are not integers; ValueError for labels out of range and for K = 0.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), eqs. 2.26 and 4.104.

    >>> float(categorical_log_prob(0, np.array([40.0, 0.0])))
    -4.248354255291589e-18
    """
    [x], dtype = widen(logits, names=("logits",))
    v, x = _labels(value, _logits("logits", x))
    m, _, S = _exponentials(x)
    y = np.take_along_axis(x, v, -1) - m - np.log1p(S)
    return rounded(y[..., 0], dtype)


@np.errstate(all="ignore")
def categorical_log_prob_backward(grad_output, value, logits):
    """The gradient of `categorical_log_prob`: (None, dlogits), summed over the axes that logits were broadcast along.

    Element derivative: dy/dx_j = (j = v) - p_j.  The entry of the label is the sum of the other probabilities, not 1 - p_v,
    which would lose the small ones.  Vector-Jacobian product: dx_j = dy ((j = v) - p_j), with dy multiplied into every p_k
    before this can become subnormal.

    >>> categorical_log_prob_backward(1.0, 0, np.array([0.0, 0.0]))
    (None, array([ 0.5, -0.5]))
    """
    [x, dy], _ = widen(logits, grad_output, names=("logits", "grad_output"))
    v, x = _labels(value, _logits("logits", x))
    m, e, S = _exponentials(x)
    dy, at = dy[..., None], np.arange(x.shape[-1]) == v
    others = np.where(at, 0.0, _times(e, m - x, -dy / (1 + S)))
    g = np.where(at, -row_sum(others), others)
    if np.isposinf(S).any():  # beside an infinite logit p is 0
        g = np.where(np.isposinf(S), dy * np.where(np.isposinf(x), np.nan, at), g)
    return (None, *summed([g], [logits]))


def _gaps(m, x):
    """d_k = max x - x_k, and 0 where it is infinite: there the probability is 0 and 0 log 0 is 0."""
    d = m - x
    return np.where(np.isposinf(d), 0.0, d)


def _times(e, d, x):
    """e x for e = exp(-d), also where e alone would be subnormal or zero."""
    small = d > 700
    if not small.any():
        return e * x
    larger = np.exp(64 - d)
    return np.where(small, np.where(larger == 0, 0.0, larger * x * math.exp(-64)), e * x)


@np.errstate(all="ignore")
def categorical_entropy(logits) -> np.ndarray:
    """The entropy of a categorical distribution, in nats.

    Equation: H = -sum_k p_k log p_k,  p = softmax(x).

    Stable form: with d_k = max x - x_k, H = log1p(S) + sum_k p_k d_k, S as in `categorical_log_prob`.  All terms are
    nonnegative, so the entropy of a near-certain distribution keeps its digits.  0 log 0 is 0.

    Shapes: logits (..., K), unnormalised; result (...) in their dtype.

    Special values: nan for a row with nan or +inf, or of -inf only.

    Raises: ValueError for K = 0 or a 0-d array.

    Source: Shannon, A Mathematical Theory of Communication (1948), section 6.

    >>> categorical_entropy(np.zeros(4)) / np.log(2.0)
    np.float64(2.0)
    """
    [x], dtype = widen(logits, names=("logits",))
    m, e, S = _exponentials(_logits("logits", x))
    d = _gaps(m, x)
    return rounded((np.log1p(S) + row_sum(_times(e, d, d)) / (1 + S))[..., 0], dtype)


@np.errstate(all="ignore")
def categorical_entropy_backward(grad_output, logits):
    """The gradient of `categorical_entropy`: (dlogits,).

    Element derivative: dH/dx_j = -p_j (log p_j + H) = p_j (d_j - sum_k p_k d_k), d_k = max x - x_k: the normalisers cancel
    on paper, before they can in floats.  Vector-Jacobian product: times grad_output, which comes before the p_k: after them it
    would show how few digits a subnormal p_k has.

    >>> categorical_entropy_backward(1.0, np.array([2.0, 2.0]))
    (array([0., 0.]),)
    """
    [x, dy], _ = widen(logits, grad_output, names=("logits", "grad_output"))
    m, e, S = _exponentials(_logits("logits", x))
    d = _gaps(m, x)
    w = dy[..., None] * d
    w -= row_sum(_times(e, d, w)) / (1 + S)
    w /= 1 + S
    g = _times(e, d, w)
    return (rounded(g, as_float(logits).dtype),)


def categorical_sample(shape, rng: np.random.Generator, logits) -> np.ndarray:
    """Draws from the categorical distribution: `categorical` with `size=shape`.

    Equation: i = #{k : C_k <= u},  C_k = sum_{j<=k} softmax(x)_j.

    Draws: u = rng.random(shape + logits.shape[:-1]), once, in float64.

    Stable form: see `npimpl.sampling.categorical`.

    Shapes: shape is put in front: (3,) with logits (4, K) gives (3, 4), int64.

    Special values: -inf is a category of probability zero.

    Raises: ValueError for a row that is no distribution (nan, +inf, or nothing but -inf) and for K = 0.

    Source: Devroye, Non-Uniform Random Variate Generation (1986), section III.2.

    >>> categorical_sample((3,), np.random.default_rng(0), [-np.inf, 0.0])
    array([1, 1, 1])
    """
    return sampling.categorical(logits, rng, size=shape)


def _pair_of_logits(p_logits, q_logits):
    """p, q, c t, c and -log p, with t_k = log(q_k / p_k); c is 1, or 1/4 where a difference of logits would overflow."""
    (a, b), _ = widen(p_logits, q_logits, names=("p_logits", "q_logits"))
    _logits("p_logits", a), _logits("q_logits", b)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"`p_logits` has {a.shape[-1]} categories and `q_logits` {b.shape[-1]}; give the same number.")
    (ma, ea, Sa), (mb, eb, Sb) = _exponentials(a), _exponentials(b)
    c = 0.25 if any((np.abs(x)[np.isfinite(x)] > 2.0**1021).any() for x in (a, b)) else 1.0
    t = (c * b - c * mb) - (c * a - c * ma) - c * (np.log1p(Sb) - np.log1p(Sa))
    known = np.isfinite(ma) & np.isfinite(mb)
    p, q = np.where(known, ea / (1 + Sa), np.nan), np.where(known, eb / (1 + Sb), np.nan)
    return p, q, t, c, np.broadcast_to(ma - a + np.log1p(Sa), p.shape)


def _excess(p, q, t, c):
    """q_k - p_k = p_k expm1(t_k), by whichever side does not cancel."""
    return np.where(np.abs(t) <= c, p * np.expm1(t / c), q - p)


def _divergence(p, q, t, c):
    """c sum_k p_k phi(t_k), phi(t) = expm1(t) - t >= 0."""
    near = np.abs(t) <= c
    terms = np.where(p == 0, c * q, c * (q - p) - p * t)
    if near.any():
        x = np.where(near, t / c, 0.0)
        series = np.full_like(x, 1 / math.factorial(19))
        for k in range(18, 1, -1):
            series *= x
            series += 1 / math.factorial(k)
        terms = np.where(near, c * p * (x * x * series), terms)
    return row_sum(terms)


@np.errstate(all="ignore")
def kl_categorical_categorical(p_logits, q_logits) -> np.ndarray:
    """The Kullback-Leibler divergence of two categorical distributions, in nats.

    Equation: KL = sum_k p_k (log p_k - log q_k),  p = softmax(p_logits),  q = softmax(q_logits).

    Stable form: with t_k = log q_k - log p_k and because p and q both sum to one, KL = sum_k p_k (exp(t_k) - 1 - t_k): every
    term is nonnegative, so nothing cancels where p and q are close, and an error common to all t_k has no first-order effect.
    exp(t) - 1 - t is its Taylor series for |t| <= 1, and q_k - p_k - p_k t_k beyond.

    Shapes: p_logits and q_logits (..., K), unnormalised, broadcast over (...); result (...) in their common dtype.

    Special values: a category with p_k = 0 adds nothing to the sum of the equation; one with q_k = 0 < p_k makes it inf (only
    if its logit is -inf: a probability that merely underflows does not); nan for rows with nan or +inf, or of -inf only.

    Raises: ValueError for K = 0 and for different numbers of categories.

    Source: Kullback & Leibler, On Information and Sufficiency (1951), eq. 2.4.

    >>> kl_categorical_categorical([0.0, 0.0], [0.0, -np.inf]), kl_categorical_categorical([0.0, 0.0], [7.0, 7.0])
    (array(inf), array(0.))
    """
    dtype = result_dtype(as_float(p_logits, "p_logits"), as_float(q_logits, "q_logits"))
    p, q, t, c, _ = _pair_of_logits(p_logits, q_logits)
    return rounded(_divergence(p, q, t, c)[..., 0] / c, dtype)


@np.errstate(all="ignore")
def kl_categorical_categorical_backward(grad_output, p_logits, q_logits):
    """The gradient of `kl_categorical_categorical`: (dp_logits, dq_logits), summed over axes of broadcasting.

    Element derivatives: dKL/dq_logit_j = q_j - p_j, since log q_k has the derivative (j = k) - q_j;
    dKL/dp_logit_j = p_j (log p_j - log q_j - KL) = -p_j (t_j + KL), as in `categorical_entropy_backward`.
    q_j - p_j is taken as p_j expm1(t_j) where t_j is small.  Vector-Jacobian product: each times grad_output.

    >>> kl_categorical_categorical_backward(1.0, [0.0, 0.0], [0.0, 0.0])
    (array([0., 0.]), array([0., 0.]))
    """
    p, q, t, c, minus_log_p = _pair_of_logits(p_logits, q_logits)
    kl = _divergence(p, q, t, c)
    [dy], _ = widen(grad_output, names=("grad_output",))
    w = dy[..., None]
    impossible = np.where(np.isfinite(kl), 0.0, p * kl)
    da = 0.0 - np.where(np.isinf(minus_log_p), impossible, _times(p, minus_log_p, t + kl) / c)
    return summed((w * da, w * _excess(p, q, t, c)), (p_logits, q_logits))
