"""losses.cross_entropy_probabilities: right.

Style: log_softmax by log1p, then einsum with the smoothed targets. Needs: numpy.
Limits: shared error.
"""

import numpy as np


def _log_softmax(z):
    at = np.argmax(z, axis=1)[:, None]
    z = z - np.take_along_axis(z, at, 1)
    e = np.exp(z)
    np.put_along_axis(e, at, 0.0 * np.take_along_axis(z, at, 1), 1)
    return z - np.log1p(e.sum(axis=1, keepdims=True))


def candidate(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    z = (x[None] if x.ndim == 1 else x).astype(np.float64)
    q = target.astype(np.float64).reshape(z.shape)
    q = (1 - label_smoothing) * q + label_smoothing / z.shape[1]
    w = np.ones(z.shape[1]) if weight is None else weight.astype(np.float64)
    with np.errstate(invalid="ignore"):
        terms = _log_softmax(z) * q
    loss = -np.einsum("nc...,c->n...", np.where((q == 0) & ~np.isnan(_log_softmax(z)), 0.0, terms), w)
    with np.errstate(invalid="ignore"):
        if reduction == "mean":
            loss = loss.sum() / np.float64(loss.size)
        elif reduction == "sum":
            loss = loss.sum()
        elif x.ndim == 1:
            loss = loss[0]
    return np.asarray(loss).astype(x.dtype)
