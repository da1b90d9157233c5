"""Textbook definitions of sampling, as functions of the noise: `rng` is the array of uniform numbers that was drawn."""

from __future__ import annotations

import numpy as np
from flint import arb

from parity.definitions._functions import isfinite, maximum, scaled, where

constant = np.frompyfunc(lambda x: type(x)(x.value), 1, 1)
"""The same numbers without a derivative."""
with_gradient_of = np.frompyfunc(lambda value, path: type(path)(value, ((path, arb(1)),)), 2, 1)
"""The first argument's value with the second one's derivative: the straight-through estimator."""


def gumbel(u) -> np.ndarray:
    """Standard Gumbel noise from uniform noise; 0 stands for the cell [0, 2^-53) and is read as its middle."""
    return -np.log(-np.log(where(u == 0, 2.0**-54, u)))


def first_maximum(x, axis) -> np.ndarray:
    """The index of the first nan, else of the first largest entry; found by comparing balls."""
    rows = np.moveaxis(x, axis, -1)
    index = np.zeros(rows.shape[:-1], np.int64)
    for row in np.ndindex(index.shape):
        entries = list(rows[row])
        best = 0
        for k in range(1, len(entries)):
            best = k if not entries[best].isnan() and (entries[k].isnan() or entries[k] > entries[best]) else best
        index[row] = best
    return index


def largest(x, axis=-1) -> np.ndarray:
    """The maximum along an axis as a constant, 0 where it is not finite: a shift that no result depends on."""
    m = constant(maximum.reduce(x, axis=axis, keepdims=True))
    return where(isfinite(m), m, 0)


def _perturbed(logits, rng):
    """Logits plus noise; an infinite logit stays exactly infinite."""
    return where(isfinite(logits), logits + gumbel(rng), logits)


def gumbel_max(logits, rng, axis=-1):
    """argmax_k (x_k + g_k)."""
    return first_maximum(_perturbed(logits, rng), axis)


def _soft(logits, rng, tau, axis):
    z = _perturbed(logits, rng) / tau
    e = np.exp(z - constant(maximum.reduce(z, axis=axis, keepdims=True)))
    return e / np.sum(e, axis=axis, keepdims=True)


def _noise_error(logits, rng, tau, axis):
    """By how many u each exponent (z_k - max z) / tau of a stable algorithm may be off."""
    g, z = gumbel(rng), _perturbed(logits, rng) / tau
    finite = lambda x: where(isfinite(x), x, 0)  # noqa: E731
    off = (abs(finite(logits) - largest(logits, axis)) + abs(g) + 1) / tau
    return off + abs(finite(z) - largest(z, axis))


def gumbel_softmax_scale(logits, rng, tau=1.0, hard=False, axis=-1):
    """y (1 + e + mean e), e the error of the exponents."""
    if logits.size == 0:
        return logits
    y, e = _soft(logits, rng, tau, axis), _noise_error(logits, rng, tau, axis)
    return y * (1 + e + np.sum(y * e, axis=axis, keepdims=True))


def gumbel_softmax_backward_scale(grad_output, logits, rng, tau=1.0, hard=False, axis=-1):
    """The errors of y and of sum y dy, carried through y (dy - sum y dy) / tau."""
    if logits.size == 0:
        return logits, None
    y, e = _soft(logits, rng, tau, axis), _noise_error(logits, rng, tau, axis)
    e = 1 + e + np.sum(y * e, axis=axis, keepdims=True)
    inner = np.sum(y * grad_output, axis=axis, keepdims=True)
    lost = abs(grad_output) + np.sum(y * abs(grad_output) * e, axis=axis, keepdims=True)
    return y * (abs(grad_output - inner) * e + lost) / tau, None


@scaled(gumbel_softmax_scale, gumbel_softmax_backward_scale)
def gumbel_softmax(logits, rng, tau=1.0, hard=False, axis=-1):
    """softmax((x + g) / tau); with `hard` the one-hot vector of its maximum, with the gradient of the softmax."""
    if logits.size == 0:
        return logits
    y = _soft(logits, rng, tau, axis)
    if not hard:
        return y
    index = np.expand_dims(first_maximum(_perturbed(logits, rng), axis), axis)
    one_hot = np.zeros(y.shape)
    np.put_along_axis(one_hot, index, 1.0, axis)
    bad = np.asarray(np.frompyfunc(lambda v: v.isnan(), 1, 1)(y), bool)
    return with_gradient_of(np.where(bad, np.nan, one_hot).astype(object), y)


def categorical(logits, rng, size=None):
    """The number of cumulative probabilities that u has reached; the last one, which is 1, cannot be."""
    e = np.exp(logits - largest(logits))
    c = np.cumsum(e / np.sum(e, axis=-1, keepdims=True), axis=-1)[..., :-1]
    reached = np.asarray(c <= rng[..., None], bool)
    return np.count_nonzero(np.broadcast_to(reached, (*rng.shape, c.shape[-1])), axis=-1)


def dropout(x, rng, p=0.5, training=True):
    """x b / (1 - p) with b = 1 where u >= p, else 0."""
    if not training:
        return x + where(np.zeros(x.shape, bool), rng, 0)
    keep = where(rng >= p, 1, 0)
    return x * keep / (1 - arb(p)) if p < 1 else x * keep
