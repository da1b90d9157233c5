"""Textbook definitions of log-probabilities, entropies, samples and divergences."""

from __future__ import annotations

import functools

import numpy as np
from flint import arb

from parity.definitions._functions import conventions, isfinite, log2pi, scaled, where
from parity.definitions.sampling import categorical, largest

ZERO = arb(0)


def _broadcast(formula):
    """The formula on arrays that are broadcast first, and never 0-d (NumPy makes scalars of those half-way)."""

    @functools.wraps(formula)
    def definition(*arrays):
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        result = formula(*(np.broadcast_to(a, shape).reshape(shape or (1,)) for a in arrays))
        return np.asarray(result, object).reshape(shape)

    return definition


def _reduced(gradient, like):
    """The sum over the axes along which `like` was broadcast."""
    lead = gradient.ndim - like.ndim
    gradient = gradient.sum(axis=tuple(range(lead))) if lead else gradient
    axes = tuple(i for i, n in enumerate(like.shape) if n == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=axes, keepdims=True) if axes else gradient


# -- normal ------------------------------------------------------------------------------------------------------------------
@_broadcast
def normal_log_prob_scale(value, loc, scale):
    """The sum of the absolute terms."""
    z = (value - loc) / scale
    return z * z / 2 + abs(np.log(scale)) + log2pi() / 2


@scaled(normal_log_prob_scale)
@_broadcast
def normal_log_prob(value, loc, scale):
    """-z^2/2 - log s - log(2 pi)/2."""
    z = (value - loc) / scale
    return -(z * z) / 2 - np.log(scale) - log2pi() / 2


@_broadcast
def normal_entropy_scale(loc, scale):
    """The sum of the absolute terms."""
    return abs(np.log(scale)) + (1 + log2pi()) / 2


@scaled(normal_entropy_scale)
@_broadcast
def normal_entropy(loc, scale):
    """log s + (1 + log(2 pi))/2."""
    return np.log(scale) + (1 + log2pi()) / 2


def normal_sample_scale(shape, rng, loc, scale):
    """The sum of the absolute terms."""
    return abs(rng * scale) + abs(loc)


@scaled(normal_sample_scale)
def normal_sample(shape, rng, loc, scale):
    """mu + s z."""
    return rng * scale + loc


def _loc_scale(dy, p_loc, p_scale, q_loc, q_scale):
    return abs(dy) * abs(p_loc - q_loc) / q_scale**2


def _p_scale_scale(dy, p_loc, p_scale, q_loc, q_scale):
    return abs(dy) * abs(p_scale - q_scale) * (p_scale + q_scale) / q_scale**2 / p_scale


def _q_scale_scale(dy, p_loc, p_scale, q_loc, q_scale):
    return abs(dy) * (abs(p_scale - q_scale) * (p_scale + q_scale) + (p_loc - q_loc) ** 2) / q_scale**3


def kl_normal_normal_backward_scale(grad_output, p_loc, p_scale, q_loc, q_scale):
    """Differences of squares, which factor, count as they are; only the gradient of q_scale adds two terms."""
    arrays = (p_loc, p_scale, q_loc, q_scale)
    full = [_broadcast(f)(grad_output, *arrays) for f in (_loc_scale, _p_scale_scale, _loc_scale, _q_scale_scale)]
    return tuple(_reduced(g, a) for g, a in zip(full, arrays, strict=True))


@scaled("value", kl_normal_normal_backward_scale)
@_broadcast
def kl_normal_normal(p_loc, p_scale, q_loc, q_scale):
    """(r^2 + t^2 - 1)/2 - log r."""
    r, t = p_scale / q_scale, (p_loc - q_loc) / q_scale
    return (r * r + t * t - 1) / 2 - np.log(r)


# -- categorical ---------------------------------------------------------------------------------------------------------------
def _log_softmax(logits):
    shifted = logits - largest(logits)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def _softmax(logits):
    e = np.exp(logits - largest(logits))
    return e / np.sum(e, axis=-1, keepdims=True)


def _distances(logits):
    """max l - l_k (0 where it is not finite), the probabilities, and their mean distance."""
    d = largest(logits) - logits
    d = where(isfinite(d), d, ZERO)
    p = _softmax(logits)
    return d, p, np.sum(p * d, axis=-1, keepdims=True)


def _at(value, logits):
    shape = np.broadcast_shapes(value.shape, logits.shape[:-1])
    return np.arange(logits.shape[-1]) == np.broadcast_to(value, shape)[..., None]


def categorical_log_prob_scale(value, logits):
    """|l_v - m| + log sum e + sum over all but the largest of p_k |l_k - m|."""
    d, p, _ = _distances(logits)
    at = _at(value, logits)
    own = np.sum(where(at, d, ZERO), axis=-1, keepdims=True)
    log_sum = np.log(np.sum(np.exp(-d), axis=-1, keepdims=True))
    return (own + log_sum + np.sum(p * d, axis=-1, keepdims=True))[..., 0]


def categorical_log_prob_backward_scale(grad_output, value, logits):
    """The softmax's own scale; for the label, the sum of the others'."""
    d, p, mean = _distances(logits)
    each = np.broadcast_to(p * (1 + d + mean), _at(value, logits).shape)
    at = _at(value, logits)
    others = np.sum(where(at, ZERO, each), axis=-1, keepdims=True)
    return None, _reduced(abs(grad_output[..., None]) * where(at, others, each), logits)


def _nan_at_inf(results, grad_output, value, logits):
    """The gradient of an infinite logit is exp(inf) / inf."""
    results[1][np.isposinf(logits)] = np.nan


@conventions(backward=_nan_at_inf)
@scaled(categorical_log_prob_scale, categorical_log_prob_backward_scale)
def categorical_log_prob(value, logits):
    """log softmax at the label."""
    y = _log_softmax(logits)
    at = _at(value, logits)
    if at.size == 0:
        return np.zeros(at.shape[:-1], object)
    return np.take_along_axis(np.broadcast_to(y, at.shape), np.argmax(at, axis=-1)[..., None], -1)[..., 0]


def categorical_entropy_scale(logits):
    """|terms|, plus the error of each p_k, about 1 + d_k + mean d, times d_k."""
    d, p, mean = _distances(logits)
    return np.sum(where(p == 0, ZERO, p * abs(_log_softmax(logits)) + p * d * (1 + d + mean)), axis=-1)


def categorical_entropy_backward_scale(grad_output, logits):
    """The errors of p and of the mean of d, carried through p (d - mean d)."""
    d, p, mean = _distances(logits)
    lost = d + np.sum(p * d * (1 + d + mean), axis=-1, keepdims=True)
    return (abs(grad_output[..., None]) * p * (abs(d - mean) * (1 + d + mean) + lost),)


@scaled(categorical_entropy_scale, categorical_entropy_backward_scale)
def categorical_entropy(logits):
    """0 log 0 is 0."""
    p = _softmax(logits)
    return -np.sum(where(p == 0, 0, p * _log_softmax(logits)), axis=-1)


def categorical_sample(shape, rng, logits):
    """The inversion of the cumulative distribution."""
    return categorical(logits, rng)


def _kl_parts(p_logits, q_logits):
    """p, q, t = log q/p (0 where p is 0), and the error of t that a stable algorithm may make, in u."""
    (dp, p, ep), (dq, q, eq) = _distances(p_logits), _distances(q_logits)
    t = where(p == 0, ZERO, _log_softmax(q_logits) - _log_softmax(p_logits))
    logs = [np.log(np.sum(np.exp(-d), axis=-1, keepdims=True)) for d in (dp, dq)]
    return p, q, t, dp + ep, dp + dq + ep + eq + logs[0] + logs[1]


def kl_categorical_categorical_scale(p_logits, q_logits):
    """The nonnegative terms p phi(t) with the error of p, and |q - p| with the error of t."""
    p, q, t, own, off = _kl_parts(p_logits, q_logits)
    terms = where(p == 0, q, q - p - p * t)
    return np.sum(terms * (1 + own) + abs(q - p) * off, axis=-1)


def kl_categorical_categorical_backward_scale(grad_output, p_logits, q_logits):
    """The same errors, carried through -p (t + KL) and q - p."""
    p, q, t, own, off = _kl_parts(p_logits, q_logits)
    dy = abs(grad_output[..., None])
    kl = np.sum(where(p == 0, ZERO, -p * t), axis=-1, keepdims=True)
    dp = p * (abs(t + kl) * (1 + own) + abs(t) + kl + off)
    smaller = where(p == 0, ZERO, p * q / (p + q) * 2)  # between the smaller of the two and twice that
    dq = abs(q - p) * (1 + own) + smaller * off
    return _reduced(dy * dp, p_logits), _reduced(dy * dq, q_logits)


def _nan_for_no_distribution(results, grad_output, p_logits, q_logits):
    """A row with nan or +inf, or of -inf only, in either array: nan throughout."""
    if p_logits.shape == q_logits.shape and p_logits.size:
        bad = ~np.isfinite(p_logits.max(-1)) | ~np.isfinite(q_logits.max(-1))
        results[0][bad] = results[1][bad] = np.nan


@conventions(backward=_nan_for_no_distribution)
@scaled(kl_categorical_categorical_scale, kl_categorical_categorical_backward_scale)
def kl_categorical_categorical(p_logits, q_logits):
    """0 log(0 / q) is 0."""
    p = _softmax(p_logits)
    return np.sum(where(p == 0, 0, p * (_log_softmax(p_logits) - _log_softmax(q_logits))), axis=-1)
