"""The categorical distribution, given by unnormalised `logits` along the last axis: p = softmax(logits)."""

from __future__ import annotations

import math

import numpy as np

from npimpl import sampling
from npimpl._precision import as_float, result_dtype, rounded, widen
from npimpl.distributions._shared import reduced, row_sum

__all__ = [
    "categorical_entropy",
    "categorical_entropy_backward",
    "categorical_log_prob",
    "categorical_log_prob_backward",
    "categorical_sample",
    "kl_categorical_categorical",
    "kl_categorical_categorical_backward",
]


def _logits(name: str, l: np.ndarray) -> np.ndarray:
    if l.ndim == 0 or l.shape[-1] == 0:
        raise ValueError(f"`{name}` has shape {l.shape}; the last axis holds the categories, so give at least one.")
    return l


def _exponentials(l):
    """m = max l, the exponentials e_k = exp(l_k - m), and S, the sum of all but the largest (inf for a row with +inf).

    The largest e is exactly 1, so log sum e = log1p(S) without the loss of S beside 1.
    """
    m = np.max(l, axis=-1, keepdims=True)
    e = np.exp(l - m)
    rest = e.copy()
    np.put_along_axis(rest, np.argmax(l, axis=-1, keepdims=True), 0.0, -1)
    return m, e, np.where(np.isposinf(m), np.inf, row_sum(rest))


def _labels(value, l):
    """The labels as indices, and the logits, broadcast against each other."""
    v = np.asarray(value)
    if v.dtype.kind not in "iu":
        raise TypeError(f"`value` has dtype {v.dtype}, but must hold integers: the indices of categories.")
    if v.size and (v.min() < 0 or v.max() >= l.shape[-1]):
        raise ValueError(f"`value` holds {v.min()} to {v.max()}, but the {l.shape[-1]} categories are 0 to {l.shape[-1] - 1}.")
    shape = np.broadcast_shapes(v.shape, l.shape[:-1])
    return np.broadcast_to(v, shape)[..., None], np.broadcast_to(l, (*shape, l.shape[-1]))


@np.errstate(all="ignore")
def categorical_log_prob(value, logits) -> np.ndarray:
    """The logarithm of the probability of a category.

    Equation: y = log p_v = l_v - log sum_k exp(l_k), v = value, l = logits.

    Stable form: with m = max l, y = (l_v - m) - log1p(S), S = sum of exp(l_k - m) over all but the largest.  Both terms have
    the same sign, so nothing cancels: the log-probability of a near-certain category, about -S, keeps all its digits.

    Shapes: value (...) of integers and logits (..., K), unnormalised, broadcast; result (...) in the dtype of logits.

    Special values: -inf for a category of logit -inf; a row with +inf gives -inf for the others and nan for itself, a row of
    -inf only, or with nan, is nan.

    Raises: TypeError for labels that are not integers; ValueError for labels out of range and for K = 0.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), eqs. 2.26 and 4.104.

    >>> float(categorical_log_prob(0, np.array([40.0, 0.0])))
    -4.248354255291589e-18
    """
    [l], dtype = widen(logits, names=("logits",))
    v, l = _labels(value, _logits("logits", l))
    m, _, S = _exponentials(l)
    y = np.take_along_axis(l, v, -1) - m - np.log1p(S)
    return rounded(y[..., 0], dtype)


@np.errstate(all="ignore")
def categorical_log_prob_backward(grad_output, value, logits):
    """The gradient of `categorical_log_prob`: (None, dlogits), summed over the axes that logits were broadcast along.

    Element derivative: dy/dl_j = (j = v) - p_j.  The entry of the label is the sum of the other probabilities, not 1 - p_v,
    which would lose the small ones.  Vector-Jacobian product: dl_j = dy ((j = v) - p_j).

    >>> categorical_log_prob_backward(1.0, 0, np.array([0.0, 0.0]))
    (None, array([ 0.5, -0.5]))
    """
    [l, dy], _ = widen(logits, grad_output, names=("logits", "grad_output"))
    v, l = _labels(value, _logits("logits", l))
    _, e, S = _exponentials(l)
    others = e.copy()
    np.put_along_axis(others, v, 0.0, -1)
    others = row_sum(others)
    at = np.arange(l.shape[-1]) == v
    certain = np.isposinf(S) & at & np.isneginf(l - np.max(l, axis=-1, keepdims=True))
    g = np.where(certain, 1.0, np.where(at, others, -e) / (1 + S))
    return (None, *reduced([dy[..., None] * g], [logits]))


@np.errstate(all="ignore")
def categorical_entropy(logits) -> np.ndarray:
    """The entropy of a categorical distribution, in nats.

    Equation: H = -sum_k p_k log p_k,  p = softmax(l).

    Stable form: with d_k = max l - l_k, H = log1p(S) + sum_k p_k d_k, S as in `categorical_log_prob`.  All terms are
    nonnegative, so the entropy of a near-certain distribution keeps its digits.  0 log 0 is 0.

    Shapes: logits (..., K), unnormalised; result (...) in their dtype.

    Special values: nan for a row with nan or +inf, or of -inf only.

    Raises: ValueError for K = 0 or a 0-d array.

    Source: Shannon, A Mathematical Theory of Communication (1948), section 6.

    >>> categorical_entropy(np.zeros(4)) / np.log(2.0)
    np.float64(2.0)
    """
    [l], dtype = widen(logits, names=("logits",))
    m, e, S = _exponentials(_logits("logits", l))
    d = np.where(e == 0, 0.0, m - l)
    return rounded((np.log1p(S) + row_sum(e * d) / (1 + S))[..., 0], dtype)


@np.errstate(all="ignore")
def categorical_entropy_backward(grad_output, logits):
    """The gradient of `categorical_entropy`: (dlogits,).

    Element derivative: dH/dl_j = -p_j (log p_j + H) = p_j (d_j - sum_k p_k d_k), d_k = max l - l_k: the normalisers cancel
    on paper, before they can in floats.  Vector-Jacobian product: times grad_output.

    >>> categorical_entropy_backward(1.0, np.array([2.0, 2.0]))
    (array([0., 0.]),)
    """
    [l, dy], dtype = widen(logits, grad_output, names=("logits", "grad_output"))
    m, e, S = _exponentials(_logits("logits", l))
    p = e / (1 + S)
    d = np.where(e == 0, 0.0, m - l)
    g = p * (d - row_sum(p * d))
    return (rounded(dy[..., None] * g, as_float(logits).dtype),)


def categorical_sample(shape, rng: np.random.Generator, logits) -> np.ndarray:
    """Draws from the categorical distribution: `categorical` with `size=shape`.

    Equation: i = #{k : C_k <= u},  C_k = sum_{j<=k} softmax(l)_j.

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
    """p, q, c t and c, with t_k = log(q_k / p_k); c is 1, or 1/4 where a difference of logits would overflow."""
    (a, b), _ = widen(p_logits, q_logits, names=("p_logits", "q_logits"))
    _logits("p_logits", a), _logits("q_logits", b)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"`p_logits` has {a.shape[-1]} categories and `q_logits` {b.shape[-1]}; give the same number.")
    (ma, ea, Sa), (mb, eb, Sb) = _exponentials(a), _exponentials(b)
    c = 0.25 if any((np.abs(x)[np.isfinite(x)] > 2.0**1021).any() for x in (a, b)) else 1.0
    t = (c * b - c * mb) - (c * a - c * ma) - c * (np.log1p(Sb) - np.log1p(Sa))
    p, q = np.broadcast_arrays(ea / (1 + Sa), eb / (1 + Sb))
    return p, q, t, c


def _excess(p, q, t, c):
    """q_k - p_k = p_k expm1(t_k), by whichever side does not cancel."""
    return np.where(np.abs(t) <= c, p * np.expm1(t / c), q - p)


def _divergence(p, q, t, c):
    """sum_k p_k phi(t_k), phi(t) = expm1(t) - t >= 0."""
    x = np.where(np.abs(t) <= c, t / c, 0.0)
    series = np.zeros_like(x)
    for k in range(19, 1, -1):
        series = series * x + 1 / math.factorial(k)
    far = np.where(p == 0, q, (q - p) - (p * t) / c)
    return row_sum(np.where(np.abs(t) <= c, p * (x * x * series), far))


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
    return rounded(_divergence(*_pair_of_logits(p_logits, q_logits))[..., 0], dtype)


@np.errstate(all="ignore")
def kl_categorical_categorical_backward(grad_output, p_logits, q_logits):
    """The gradient of `kl_categorical_categorical`: (dp_logits, dq_logits), summed over axes of broadcasting.

    Element derivatives: dKL/dq_logit_j = q_j - p_j, since log q_k has the derivative (j = k) - q_j;
    dKL/dp_logit_j = p_j (log p_j - log q_j - KL) = -p_j (t_j + KL), as in `categorical_entropy_backward`.
    q_j - p_j is taken as p_j expm1(t_j) where t_j is small.  Vector-Jacobian product: each times grad_output.

    >>> kl_categorical_categorical_backward(1.0, [0.0, 0.0], [0.0, 0.0])
    (array([0., 0.]), array([0., 0.]))
    """
    p, q, t, c = _pair_of_logits(p_logits, q_logits)
    kl = _divergence(p, q, t, c)
    [dy], _ = widen(grad_output, names=("grad_output",))
    w = dy[..., None]
    da = 0.0 - np.where(p == 0, 0.0, (p * (t + c * kl)) / c)
    return reduced((w * da, w * _excess(p, q, t, c)), (p_logits, q_logits))
