"""Right activations in other styles: masks, SciPy, torch, loops, a wider dtype."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import Candidate

WIDE_ENOUGH = ("float32", "float16")
"""Dtypes for which plain float64 arithmetic hides its own roundings."""


def _wide(f):
    """Evaluate in float64 and round once."""

    @np.errstate(all="ignore")
    def forward(x, **options):
        return np.asarray(f(x.astype(np.float64), **options)).astype(x.dtype)

    return forward


def _wide_gradient(slope):
    @np.errstate(all="ignore")
    def backward(dy, x, **options):
        return ((dy.astype(np.float64) * slope(x.astype(np.float64), **options)).astype(x.dtype),)

    return backward


def _relu_masked(x):
    y = x.copy()
    y[x <= 0] = 0
    return y


def _relu_masked_backward(dy, x):
    dx = np.where(np.isnan(x), x, dy)
    dx[x <= 0] = 0
    return (dx,)


@np.errstate(all="ignore")
def _prelu_loop(x, weight):
    """One channel at a time."""
    y = np.where(x > 0, x, 0 * x)
    channels = x.shape[1] if x.ndim > 1 else 1
    w = np.broadcast_to(weight.reshape(-1), (channels,))
    for c in range(channels):
        part = (slice(None), c) if x.ndim > 1 else ...
        y[part] = np.where(x[part] > 0, x[part], w[c] * x[part])
    return y


def _hardtanh(x, min_val=-1.0, max_val=1.0):
    return np.minimum(np.maximum(x, x.dtype.type(min_val)), x.dtype.type(max_val))


@np.errstate(all="ignore")
def _elu(x, alpha=1.0):
    return np.where(x > 0, x, x.dtype.type(alpha) * np.expm1(x))


def _elu_slope(x, alpha=1.0):
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


def _expit(x):
    from scipy.special import expit

    return expit(x)


def _silu(x):
    x = np.maximum(x, -700.0)
    return x * _expit(x)


def _mish(x):
    x = np.maximum(x, -700.0)
    return x * np.tanh(np.log1p(np.exp(np.minimum(x, 700.0))))


def _gelu(x, approximate="none"):
    from scipy.special import expit, ndtr

    x = np.maximum(x, -1e3)
    if approximate == "none":
        return x * ndtr(x)
    v = np.minimum(x, 1e3)
    return x * expit(np.sqrt(8 / np.pi) * (v + 0.044715 * v**3))


def _softplus(x, beta=1.0, threshold=20.0):
    z = beta * x
    return np.where(z > threshold, x, np.logaddexp(0.0, z) / beta)


def _sech_squared(x):
    return 1 / np.cosh(np.clip(x, -350.0, 350.0)) ** 2


def _torch_tanh(x):
    import torch

    return torch.tanh(torch.from_numpy(np.array(x))).numpy()


def _torch_softmax(x, axis=-1):
    import torch

    return torch.softmax(torch.from_numpy(np.array(x)), dim=axis).numpy()


@np.errstate(all="ignore")
def _softmax_rows(x, axis=-1):
    """Row after row in Python."""
    x_rows = np.moveaxis(x.reshape(1) if x.ndim == 0 else x, axis, -1)
    y = np.empty(x_rows.shape)
    for i in np.ndindex(x_rows.shape[:-1]):
        row = x_rows[i].astype(np.float64)
        e = np.exp(row - row.max(initial=-np.inf))
        y[i] = e / e.sum()
    return np.moveaxis(y, -1, axis).reshape(x.shape).astype(x.dtype)


@np.errstate(all="ignore")
def _log_softmax(x, axis=-1):
    """The maximum's own term left out of the sum, for log1p."""
    v = np.moveaxis(x.astype(np.float64).reshape(x.shape or (1,)), axis, -1)
    if not v.size:
        return x.copy()
    d = np.sort(v - v.max(axis=-1, keepdims=True), axis=-1)
    others = np.exp(d[..., :-1]).sum(axis=-1, keepdims=True)
    y = (v - v.max(axis=-1, keepdims=True)) - np.log1p(others + d[..., -1:])
    return np.moveaxis(y, -1, axis).reshape(x.shape).astype(x.dtype)


def _softmin(x, axis=-1):
    return _softmax_rows(-x, axis)


@np.errstate(all="ignore")
def _glu(x, axis=-1):
    a, b = (h.astype(np.float64) for h in np.array_split(x, 2, axis=axis))
    return (a * _expit(b)).astype(x.dtype)


RIGHT = (
    Candidate("activations.relu", "masks", _relu_masked, _relu_masked_backward),
    Candidate(
        "activations.leaky_relu",
        "in float64",
        _wide(lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x)),
        dtypes=WIDE_ENOUGH,
    ),
    Candidate("activations.prelu", "loop over the channels", _prelu_loop),
    Candidate("activations.hardtanh", "minimum and maximum", _hardtanh),
    Candidate(
        "activations.hardswish", "in float64", _wide(lambda x: np.maximum(x, -3) * np.clip(x + 3, 0, 6) / 6), dtypes=WIDE_ENOUGH
    ),
    Candidate("activations.softshrink", "as a proximal operator", _wide(lambda x, lambd=0.5: x - np.clip(x, -lambd, lambd))),
    Candidate("activations.elu", "expm1 in the dtype itself", _elu, dtypes=("float64",)),
    Candidate("activations.elu", "in float64", backward=_wide_gradient(_elu_slope), dtypes=WIDE_ENOUGH),
    Candidate(
        "activations.sigmoid",
        "SciPy in float64",
        _wide(_expit),
        _wide_gradient(lambda x: _expit(x) * _expit(-x)),
        dtypes=WIDE_ENOUGH,
    ),
    Candidate("activations.tanh", "torch", _torch_tanh, _wide_gradient(_sech_squared), dtypes=("float32",)),
    Candidate(
        "activations.logsigmoid",
        "logaddexp",
        _wide(lambda x: -np.logaddexp(0.0, -x)),
        _wide_gradient(lambda x: _expit(-x)),
        dtypes=WIDE_ENOUGH,
    ),
    Candidate("activations.softplus", "logaddexp", _wide(_softplus), dtypes=WIDE_ENOUGH),
    Candidate("activations.silu", "SciPy in float64", _wide(_silu), dtypes=WIDE_ENOUGH),
    Candidate("activations.mish", "tanh of log1p in float64", _wide(_mish), dtypes=WIDE_ENOUGH),
    Candidate("activations.gelu", "SciPy in float64", _wide(_gelu), dtypes=WIDE_ENOUGH),
    Candidate("activations.glu", "SciPy in float64", _glu, dtypes=("float32",)),
    Candidate("activations.softmax", "a loop over rows", _softmax_rows, dtypes=("float64", "float32", "float16")),
    Candidate("activations.softmax", "torch", _torch_softmax, dtypes=("float32",)),
    Candidate("activations.log_softmax", "sorted rows", _log_softmax),
    Candidate("activations.softmin", "a loop over rows", _softmin),
)
