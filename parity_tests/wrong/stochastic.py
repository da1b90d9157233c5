"""Wrong sampling and distributions: each must be caught, exactly or by its law."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import Candidate

SINGLE = ("float32",)


def _gumbel(rng, shape):
    return -np.log(-np.log(np.maximum(rng.random(shape), 2.0**-54)))


def _softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _wide(x):
    return np.asarray(x).astype(np.float64)


# -- gumbel_max ----------------------------------------------------------------------------------------------------------------
def max_without_noise(logits, rng, axis=-1):
    return np.argmax(logits, axis=axis)


def max_of_negated_noise(logits, rng, axis=-1):
    return np.argmax(_wide(logits) - _gumbel(rng, np.shape(logits)), axis=axis)


def max_with_exponential_noise(logits, rng, axis=-1):
    return np.argmax(_wide(logits) - np.log(np.maximum(rng.random(np.shape(logits)), 2.0**-54)), axis=axis)


def max_over_last_axis(logits, rng, axis=-1):
    return np.argmax(_wide(logits) + _gumbel(rng, np.shape(logits)), axis=-1)


# -- gumbel_softmax ------------------------------------------------------------------------------------------------------------
def softmax_times_tau(logits, rng, tau=1.0, hard=False, axis=-1):
    y = _softmax((_wide(logits) + _gumbel(rng, np.shape(logits))) * tau, axis)
    return _one_hot(y, axis, logits) if hard else y.astype(np.asarray(logits).dtype)


def softmax_never_hard(logits, rng, tau=1.0, hard=False, axis=-1):
    return _softmax((_wide(logits) + _gumbel(rng, np.shape(logits))) / tau, axis).astype(np.asarray(logits).dtype)


def softmax_with_cold_noise(logits, rng, tau=1.0, hard=False, axis=-1):
    """The noise is not divided by tau."""
    y = _softmax(_wide(logits) / tau + _gumbel(rng, np.shape(logits)), axis)
    return _one_hot(y, axis, logits) if hard else y.astype(np.asarray(logits).dtype)


def _one_hot(y, axis, like):
    hot = np.zeros_like(y)
    np.put_along_axis(hot, np.expand_dims(np.argmax(y, axis=axis), axis), 1.0, axis)
    return hot.astype(np.asarray(like).dtype)


def _soft_gradient(grad_output, logits, rng, tau, axis):
    y = _softmax((_wide(logits) + _gumbel(rng, np.shape(logits))) / tau, axis)
    dy = _wide(grad_output)
    return y * (dy - (y * dy).sum(axis=axis, keepdims=True))


def gradient_without_tau(grad_output, logits, rng, tau=1.0, hard=False, axis=-1):
    return _soft_gradient(grad_output, logits, rng, tau, axis).astype(np.asarray(logits).dtype), None


def gradient_of_hard_is_zero(grad_output, logits, rng, tau=1.0, hard=False, axis=-1):
    g = _soft_gradient(grad_output, logits, rng, tau, axis) / tau
    return (g * (not hard)).astype(np.asarray(logits).dtype), None


def gradient_with_fresh_noise(grad_output, logits, rng, tau=1.0, hard=False, axis=-1):
    rng.random(np.shape(logits))
    return (_soft_gradient(grad_output, logits, rng, tau, axis) / tau).astype(np.asarray(logits).dtype), None


# -- categorical ---------------------------------------------------------------------------------------------------------------
def _size(size):
    return () if size is None else (size,) if np.ndim(size) == 0 else tuple(size)


def _invert(p, u):
    c = np.cumsum(p, axis=-1)[..., :-1]
    return np.count_nonzero(c <= u[..., None], axis=-1)


def categorical_of_normalised_logits(logits, rng, size=None):
    """Takes the logits for weights."""
    w = np.abs(_wide(logits))
    return _invert(w / w.sum(axis=-1, keepdims=True), rng.random(_size(size) + w.shape[:-1]))


def categorical_with_one_number(logits, rng, size=None):
    """All rows share one uniform number."""
    p = _softmax(_wide(logits))
    shape = _size(size) + p.shape[:-1]
    return _invert(p, np.full(shape, rng.random()))


def categorical_from_one(logits, rng, size=None):
    p = _softmax(_wide(logits))
    return 1 + _invert(p, rng.random(_size(size) + p.shape[:-1]))


def categorical_without_shift(logits, rng, size=None):
    e = np.exp(_wide(logits))
    return _invert(e / e.sum(axis=-1, keepdims=True), rng.random(_size(size) + e.shape[:-1]))


# -- dropout -------------------------------------------------------------------------------------------------------------------
def _mask(x, rng, p):
    return rng.random(np.shape(x)) >= p


def dropout_unscaled(x, rng, p=0.5, training=True):
    return x * _mask(x, rng, p) if training else x.copy()


def dropout_of_the_others(x, rng, p=0.5, training=True):
    """Keeps with probability p."""
    if not training:
        return x.copy()
    return (_wide(x) * (rng.random(np.shape(x)) < p) / (1 - p if p < 1 else 1)).astype(x.dtype)


def dropout_also_in_evaluation(x, rng, p=0.5, training=True):
    return (_wide(x) * _mask(x, rng, p) / (1 - p if p < 1 else 1)).astype(x.dtype)


def dropout_in_place(x, rng, p=0.5, training=True):
    if training:
        x *= _mask(x, rng, p)
        x /= 1 - p if p < 1 else 1
    return x


def dropout_gradient_unmasked(grad_output, x, rng, p=0.5, training=True):
    scale = 1 - p if training and p < 1 else 1
    return (_wide(grad_output) / scale).astype(x.dtype), None


def dropout_gradient_unscaled(grad_output, x, rng, p=0.5, training=True):
    return (grad_output * _mask(x, rng, p) if training else grad_output.copy()), None


# -- normal --------------------------------------------------------------------------------------------------------------------
def log_prob_of_variance(value, loc, scale):
    """Takes the scale for a variance."""
    v, m, s = map(_wide, (value, loc, scale))
    return (-((v - m) ** 2) / (2 * s) - 0.5 * np.log(s) - 0.5 * math.log(2 * math.pi)).astype(value.dtype)


def log_prob_without_constant(value, loc, scale):
    z = (_wide(value) - _wide(loc)) / _wide(scale)
    return (-z * z / 2 - np.log(_wide(scale))).astype(value.dtype)


def log_prob_of_density(value, loc, scale):
    """The logarithm of the density itself, which underflows in the tails."""
    v, m, s = map(_wide, (value, loc, scale))
    return np.log(np.exp(-(((v - m) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))).astype(value.dtype)


def log_prob_gradient_of_scale_halved(grad_output, value, loc, scale):
    d, s, dy = _wide(value) - _wide(loc), _wide(scale), _wide(grad_output)
    g = (-dy * d / s**2, dy * d / s**2, dy * (d * d / s**3 - 1 / s) / 2)
    return tuple(_sum_to(x, a) for x, a in zip(g, (value, loc, scale), strict=True))


def log_prob_gradient_not_summed(grad_output, value, loc, scale):
    d, s, dy = _wide(value) - _wide(loc), _wide(scale), _wide(grad_output)
    g = (-dy * d / s**2, dy * d / s**2, dy * (d * d / s**3 - 1 / s))
    return tuple(x.astype(value.dtype) for x in g)


def _sum_to(x, like):
    lead = x.ndim - like.ndim
    x = x.sum(axis=tuple(range(lead)))
    axes = tuple(i for i, n in enumerate(like.shape) if n == 1 and x.shape[i] != 1)
    return x.sum(axis=axes, keepdims=True).astype(like.dtype)


def entropy_in_bits(loc, scale):
    h = (0.5 + 0.5 * math.log(2 * math.pi) + np.log(_wide(scale))) / math.log(2)
    return (h + np.zeros(np.shape(loc))).astype(scale.dtype)


def entropy_without_half(loc, scale):
    return (0.5 * math.log(2 * math.pi) + np.log(_wide(scale)) + np.zeros(np.shape(loc))).astype(scale.dtype)


def entropy_gradient_of_square(grad_output, loc, scale):
    g = _wide(grad_output) / _wide(scale) ** 2
    return _sum_to(np.zeros_like(g), loc), _sum_to(g, scale)


def sample_with_variance(shape, rng, loc, scale):
    z = rng.standard_normal(tuple(shape) + np.broadcast_shapes(np.shape(loc), np.shape(scale)))
    return (_wide(loc) + np.sqrt(_wide(scale)) * z).astype(np.asarray(loc).dtype)


def sample_in_double(shape, rng, loc, scale):
    z = rng.standard_normal(tuple(shape) + np.broadcast_shapes(np.shape(loc), np.shape(scale)))
    return _wide(loc) + _wide(scale) * z


def sample_of_halved_noise(shape, rng, loc, scale):
    z = rng.standard_normal(tuple(shape) + np.broadcast_shapes(np.shape(loc), np.shape(scale)))
    return (_wide(loc) + _wide(scale) * np.clip(z, -2, 2)).astype(np.asarray(loc).dtype)


def kl_reversed(p_loc, p_scale, q_loc, q_scale):
    pm, ps, qm, qs = map(_wide, (p_loc, p_scale, q_loc, q_scale))
    r, t = qs / ps, (pm - qm) / ps
    return ((r * r + t * t - 1) / 2 - np.log(r)).astype(p_loc.dtype)


def kl_with_variances(p_loc, p_scale, q_loc, q_scale):
    pm, ps, qm, qs = map(_wide, (p_loc, p_scale, q_loc, q_scale))
    r = ps / qs
    return ((r + (pm - qm) ** 2 / qs - 1 - np.log(r)) / 2).astype(p_loc.dtype)


def kl_gradient_without_means(grad_output, p_loc, p_scale, q_loc, q_scale):
    """The gradient of q_scale forgets the distance of the means."""
    dy, pm, ps, qm, qs = map(_wide, (grad_output, p_loc, p_scale, q_loc, q_scale))
    g = dy * (pm - qm) / qs**2
    full = (g, dy * (ps / qs**2 - 1 / ps), -g, dy * (1 / qs - ps**2 / qs**3))
    return tuple(_sum_to(np.asarray(x), a) for x, a in zip(full, (p_loc, p_scale, q_loc, q_scale), strict=True))


# -- categorical ---------------------------------------------------------------------------------------------------------------
def category_probability(value, logits):
    """The probability instead of its logarithm."""
    shape = np.broadcast_shapes(np.shape(value), np.shape(logits)[:-1])
    p = np.broadcast_to(_softmax(_wide(logits)), (*shape, np.shape(logits)[-1]))
    return np.take_along_axis(p, np.broadcast_to(value, shape)[..., None], -1)[..., 0].astype(logits.dtype)


def category_without_shift(value, logits):
    shape = np.broadcast_shapes(np.shape(value), np.shape(logits)[:-1])
    y = _wide(logits) - np.log(np.exp(_wide(logits)).sum(axis=-1, keepdims=True))
    y = np.broadcast_to(y, (*shape, y.shape[-1]))
    return np.take_along_axis(y, np.broadcast_to(value, shape)[..., None], -1)[..., 0].astype(logits.dtype)


def _category_gradient(grad_output, value, logits, label):
    shape = np.broadcast_shapes(np.shape(value), np.shape(logits)[:-1])
    at = np.arange(np.shape(logits)[-1]) == np.broadcast_to(value, shape)[..., None]
    return _wide(grad_output)[..., None] * (label * at - _softmax(_wide(logits)))


def category_gradient_without_label(grad_output, value, logits):
    return None, _sum_to(_category_gradient(grad_output, value, logits, 0), logits)


def category_gradient_of_loss(grad_output, value, logits):
    """The sign of the negative log-likelihood."""
    return None, _sum_to(-_category_gradient(grad_output, value, logits, 1), logits)


def category_entropy_in_bits(logits):
    p = _softmax(_wide(logits))
    return -np.where(p > 0, p * np.log2(np.where(p > 0, p, 1)), 0).sum(axis=-1).astype(logits.dtype)


def category_entropy_of_clipped(logits):
    """A floor under the probabilities, to be safe."""
    p = np.maximum(_softmax(_wide(logits)), 1e-3)
    return -(p * np.log(p)).sum(axis=-1).astype(logits.dtype)


def category_entropy_gradient_of_logs(grad_output, logits):
    """-p log p, without the term that keeps the sum of p at one."""
    p = _softmax(_wide(logits))
    return ((-_wide(grad_output)[..., None] * p * np.log(np.where(p > 0, p, 1))).astype(logits.dtype),)


def category_sample_most_likely(shape, rng, logits):
    return np.broadcast_to(np.argmax(logits, axis=-1), tuple(shape) + np.shape(logits)[:-1]).copy()


def category_sample_uniform(shape, rng, logits):
    return (rng.random(tuple(shape) + np.shape(logits)[:-1]) * np.shape(logits)[-1]).astype(np.int64)


def category_kl_reversed(p_logits, q_logits):
    p, q = _softmax(_wide(p_logits)), _softmax(_wide(q_logits))
    return (q * (np.log(q) - np.log(p))).sum(axis=-1).astype(p_logits.dtype)


def category_kl_of_raw_logits(p_logits, q_logits):
    """Takes unnormalised logits for log-probabilities."""
    p = _softmax(_wide(p_logits))
    return (p * (_wide(p_logits) - _wide(q_logits))).sum(axis=-1).astype(p_logits.dtype)


def category_kl_gradient_without_kl(grad_output, p_logits, q_logits):
    dy = _wide(grad_output)[..., None]
    p, q = _softmax(_wide(p_logits)), _softmax(_wide(q_logits))
    full = dy * p * (np.log(p) - np.log(q)), dy * (q - p)
    return tuple(_sum_to(g, a) for g, a in zip(full, (p_logits, q_logits), strict=True))


WRONG = (
    Candidate("sampling.gumbel_max", "no noise", max_without_noise),
    Candidate("sampling.gumbel_max", "noise of the wrong sign", max_of_negated_noise),
    Candidate("sampling.gumbel_max", "exponential noise", max_with_exponential_noise),
    Candidate("sampling.gumbel_max", "axis ignored", max_over_last_axis),
    Candidate("sampling.gumbel_softmax", "multiplies by tau", softmax_times_tau),
    Candidate("sampling.gumbel_softmax", "forgets hard", softmax_never_hard),
    Candidate("sampling.gumbel_softmax", "noise not divided by tau", softmax_with_cold_noise),
    Candidate("sampling.gumbel_softmax", "gradient forgets tau", backward=gradient_without_tau),
    Candidate("sampling.gumbel_softmax", "hard has no gradient", backward=gradient_of_hard_is_zero),
    Candidate("sampling.gumbel_softmax", "gradient draws other noise", backward=gradient_with_fresh_noise),
    Candidate("sampling.categorical", "logits taken for weights", categorical_of_normalised_logits),
    Candidate("sampling.categorical", "one random number for all rows", categorical_with_one_number),
    Candidate("sampling.categorical", "counts from one", categorical_from_one),
    Candidate("sampling.categorical", "unshifted exponentials", categorical_without_shift),
    Candidate("sampling.dropout", "kept ones not scaled", dropout_unscaled),
    Candidate("sampling.dropout", "keeps what it should drop", dropout_of_the_others),
    Candidate("sampling.dropout", "drops in evaluation too", dropout_also_in_evaluation),
    Candidate("sampling.dropout", "writes into its input", dropout_in_place),
    Candidate("sampling.dropout", "gradient not masked", backward=dropout_gradient_unmasked),
    Candidate("sampling.dropout", "gradient not scaled", backward=dropout_gradient_unscaled),
    Candidate("distributions.normal_log_prob", "scale taken for a variance", log_prob_of_variance),
    Candidate("distributions.normal_log_prob", "constant forgotten", log_prob_without_constant),
    Candidate("distributions.normal_log_prob", "log of the density, which underflows", log_prob_of_density),
    Candidate("distributions.normal_log_prob", "gradient of scale halved", backward=log_prob_gradient_of_scale_halved),
    Candidate(
        "distributions.normal_log_prob",
        "gradient not summed over broadcast axes",
        backward=log_prob_gradient_not_summed,
        dtypes=SINGLE,
    ),
    Candidate("distributions.normal_entropy", "bits instead of nats", entropy_in_bits),
    Candidate("distributions.normal_entropy", "forgets the half", entropy_without_half),
    Candidate("distributions.normal_entropy", "gradient of the wrong power", backward=entropy_gradient_of_square),
    Candidate("distributions.normal_sample", "scale taken for a variance", sample_with_variance),
    Candidate("distributions.normal_sample", "always float64", sample_in_double, dtypes=SINGLE),
    Candidate("distributions.normal_sample", "tails cut off", sample_of_halved_noise),
    Candidate("distributions.kl_normal_normal", "p and q exchanged", kl_reversed),
    Candidate("distributions.kl_normal_normal", "scales taken for variances", kl_with_variances),
    Candidate("distributions.kl_normal_normal", "gradient of q_scale forgets the means", backward=kl_gradient_without_means),
    Candidate("distributions.categorical_log_prob", "probability without logarithm", category_probability),
    Candidate("distributions.categorical_log_prob", "unshifted exponentials", category_without_shift),
    Candidate("distributions.categorical_log_prob", "gradient forgets the label", backward=category_gradient_without_label),
    Candidate("distributions.categorical_log_prob", "gradient of the loss", backward=category_gradient_of_loss),
    Candidate("distributions.categorical_entropy", "bits instead of nats", category_entropy_in_bits),
    Candidate("distributions.categorical_entropy", "probabilities clipped", category_entropy_of_clipped),
    Candidate(
        "distributions.categorical_entropy", "gradient forgets the normaliser", backward=category_entropy_gradient_of_logs
    ),
    Candidate("distributions.categorical_sample", "always the most likely", category_sample_most_likely),
    Candidate("distributions.categorical_sample", "uniform", category_sample_uniform),
    Candidate("distributions.kl_categorical_categorical", "p and q exchanged", category_kl_reversed),
    Candidate("distributions.kl_categorical_categorical", "logits not normalised", category_kl_of_raw_logits),
    Candidate(
        "distributions.kl_categorical_categorical", "gradient forgets the divergence", backward=category_kl_gradient_without_kl
    ),
)
