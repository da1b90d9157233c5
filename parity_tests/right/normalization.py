"""Right normalizations in other styles; none may be refused."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import Candidate

__all__ = ["RIGHT"]


_quiet = np.errstate(all="ignore")


def _wide(a):
    """Extended precision: more range than float64, so that squares need no care."""
    return None if a is None else a.astype(np.longdouble)


def _standardized(x, axes, eps):
    if not x.size:
        return x
    d = x - x.mean(axes, keepdims=True)
    d -= d.mean(axes, keepdims=True)
    return d / np.sqrt((d * d).mean(axes, keepdims=True) + eps)


def _affine(y, weight, bias):
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


@_quiet
def layer_norm_extended(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    axes = tuple(range(x.ndim - len(normalized_shape), x.ndim))
    return _affine(_standardized(_wide(x), axes, eps), _wide(weight), _wide(bias)).astype(x.dtype)


@_quiet
def rms_norm_hypot(x, normalized_shape, weight=None, eps=None):
    """Row by row with `math.hypot`, which scales by itself (but finds inf more important than nan)."""
    eps = (2.0**-52 if x.dtype == np.float64 else 2.0**-23) if eps is None else eps
    count = math.prod(normalized_shape)
    rows = x.astype(np.float64).reshape(x.size // max(count, 1), count)
    root = math.sqrt(max(count, 1))
    norms = [
        math.nan if any(map(math.isnan, row)) else math.hypot(*(v / root for v in row), math.sqrt(eps)) for row in rows.tolist()
    ]
    y = rows / np.array(norms).reshape(-1, 1)
    return _affine(y.reshape(x.shape), None if weight is None else weight.astype(np.float64), None).astype(x.dtype)


@_quiet
def batch_norm_by_channel(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """A loop over channels, each flattened, in extended precision."""
    y, stats = np.empty_like(x), [None if s is None else s.copy() for s in (running_mean, running_var)]
    for c in range(x.shape[1]):
        v = _wide(x[:, c].reshape(-1))
        if training:
            unit = _standardized(v, (0,), eps)
            if running_mean is not None and v.size:
                mean, var = v.mean(), ((v - v.mean()) ** 2).sum() / (v.size - 1)
                stats[0][c] = (1 - momentum) * _wide(running_mean)[c] + momentum * mean
                stats[1][c] = (1 - momentum) * _wide(running_var)[c] + momentum * var
        else:
            unit = (v - _wide(running_mean)[c]) / np.sqrt(_wide(running_var)[c] + eps)
        w, b = (None if a is None else _wide(a)[c] for a in (weight, bias))
        y[:, c] = _affine(unit, w, b).astype(x.dtype).reshape(y[:, c].shape)
    return y, *stats


@_quiet
def group_norm_of_layers(x, num_groups, weight=None, bias=None, eps=1e-5):
    if not x.size:
        return x.copy()
    y = _standardized(_wide(x).reshape(x.shape[0], num_groups, -1), (2,), eps).reshape(x.shape)
    w, b = (None if a is None else _wide(a).reshape(-1, *(1,) * (x.ndim - 2)) for a in (weight, bias))
    return _affine(y, w, b).astype(x.dtype)


@_quiet
def local_response_norm_sliding(x, size, alpha=1e-4, beta=0.75, k=1.0):
    """All windows at once, in extended precision."""
    pad = [(0, 0)] * x.ndim
    pad[1] = (size // 2, (size - 1) // 2)
    squares = np.pad(_wide(x) ** 2, pad)
    energy = np.lib.stride_tricks.sliding_window_view(squares, size, axis=1).sum(-1) if x.size else squares[:, : x.shape[1]]
    return (_wide(x) / (k + np.longdouble(alpha) / size * energy) ** np.longdouble(beta)).astype(x.dtype)


RIGHT = (
    Candidate("normalization.layer_norm", "extended precision", layer_norm_extended),
    Candidate("normalization.rms_norm", "math.hypot", rms_norm_hypot),
    Candidate("normalization.batch_norm", "a loop over channels in extended precision", batch_norm_by_channel),
    Candidate("normalization.group_norm", "extended precision", group_norm_of_layers),
    Candidate("normalization.local_response_norm", "sliding windows in extended precision", local_response_norm_sliding),
)
