"""Textbook definitions of log-probabilities, entropies, samples and divergences."""

from __future__ import annotations

import functools

import numpy as np
from flint import arb

from parity.definitions._functions import isfinite, log2pi, scaled, where
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
    z = (value - loc) / scale
    return z * z / 2 + abs(np.log(scale)) + log2pi() / 2


@scaled(normal_log_prob_scale)
@_broadcast
def normal_log_prob(value, loc, scale):
    z = (value - loc) / scale
    return -(z * z) / 2 - np.log(scale) - log2pi() / 2


@_broadcast
def normal_entropy_scale(loc, scale):
    return abs(np.log(scale)) + (1 + log2pi()) / 2


@scaled(normal_entropy_scale)
@_broadcast
def normal_entropy(loc, scale):
    return np.log(scale) + (1 + log2pi()) / 2


def normal_sample_scale(shape, rng, loc, scale):
    return abs(rng * scale) + abs(loc)


@scaled(normal_sample_scale)
def normal_sample(shape, rng, loc, scale):
    return rng * scale + loc


def _loc_scale(dy, p_loc, p_scale, q_loc, q_scale):
    return abs(dy) * abs(p_loc - q_loc) / q_scale**2


def _p_scale_scale(dy, p_loc, p_scale, q_loc, q_scale):
    return abs(dy) * abs(p_scale - q_scale) * (p_scale + q_scale) / q_scale**2 / p_scale


def _q_scale_scale(dy, p_loc, p_scale, q_loc, q_scale):
    return abs(dy) * (abs(p_scale - q_scale) * (p_scale + q_scale) + (p_loc - q_loc) ** 2) / q_scale**3


def kl_normal_normal_backward_scale(grad_output, p_loc, p_scale, q_loc, q_scale):
    arrays = (p_loc, p_scale, q_loc, q_scale)
    full = [_broadcast(f)(grad_output, *arrays) for f in (_loc_scale, _p_scale_scale, _loc_scale, _q_scale_scale)]
    return tuple(_reduced(g, a) for g, a in zip(full, arrays, strict=True))


@scaled("value", kl_normal_normal_backward_scale)
@_broadcast
def kl_normal_normal(p_loc, p_scale, q_loc, q_scale):
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
    d, p, mean = _distances(logits)
    each = np.broadcast_to(p * (1 + d + mean), _at(value, logits).shape)
    at = _at(value, logits)
    others = np.sum(where(at, ZERO, each), axis=-1, keepdims=True)
    return None, _reduced(abs(grad_output[..., None]) * where(at, others, each), logits)


@scaled(categorical_log_prob_scale, categorical_log_prob_backward_scale)
def categorical_log_prob(value, logits):
    y = _log_softmax(logits)
    at = _at(value, logits)
    if at.size == 0:
        return np.zeros(at.shape[:-1], object)
    return np.take_along_axis(np.broadcast_to(y, at.shape), np.argmax(at, axis=-1)[..., None], -1)[..., 0]


def categorical_entropy_scale(logits):
    d, p, mean = _distances(logits)
    return np.sum(where(p == 0, ZERO, p * abs(_log_softmax(logits)) + p * d * (1 + d + mean)), axis=-1)


def categorical_entropy_backward_scale(grad_output, logits):
    d, p, mean = _distances(logits)
    lost = d + np.sum(p * d * (1 + d + mean), axis=-1, keepdims=True)
    return (abs(grad_output[..., None]) * p * (abs(d - mean) * (1 + d + mean) + lost),)


@scaled(categorical_entropy_scale, categorical_entropy_backward_scale)
def categorical_entropy(logits):
    """0 log 0 is 0."""
    p = _softmax(logits)
    return -np.sum(where(p == 0, 0, p * _log_softmax(logits)), axis=-1)


def categorical_sample(shape, rng, logits):
    return categorical(logits, rng)


def _kl_parts(p_logits, q_logits):
    """p, q, t = log q/p (0 where p is 0), and the error of t that a stable algorithm may make, in u."""
    (dp, p, ep), (dq, q, eq) = _distances(p_logits), _distances(q_logits)
    t = where(p == 0, ZERO, _log_softmax(q_logits) - _log_softmax(p_logits))
    logs = [np.log(np.sum(np.exp(-d), axis=-1, keepdims=True)) for d in (dp, dq)]
    return p, q, t, dp + ep, dp + dq + ep + eq + logs[0] + logs[1]


def kl_categorical_categorical_scale(p_logits, q_logits):
    p, q, t, own, off = _kl_parts(p_logits, q_logits)
    terms = where(p == 0, q, q - p - p * t)
    return np.sum(terms * (1 + own) + abs(q - p) * off, axis=-1)


def kl_categorical_categorical_backward_scale(grad_output, p_logits, q_logits):
    p, q, t, own, off = _kl_parts(p_logits, q_logits)
    dy = abs(grad_output[..., None])
    kl = np.sum(where(p == 0, ZERO, -p * t), axis=-1, keepdims=True)
    dp = p * (abs(t + kl) * (1 + own) + abs(t) + kl + off)
    dq = abs(q - p) * (1 + own) + where(p < q, p, q) * off
    return _reduced(dy * dp, p_logits), _reduced(dy * dq, q_logits)


@scaled(kl_categorical_categorical_scale, kl_categorical_categorical_backward_scale)
def kl_categorical_categorical(p_logits, q_logits):
    """0 log(0 / q) is 0."""
    p = _softmax(p_logits)
    return np.sum(where(p == 0, 0, p * (_log_softmax(p_logits) - _log_softmax(q_logits))), axis=-1)
