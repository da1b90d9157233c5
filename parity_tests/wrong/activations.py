"""Wrong activations: each has one mistake of a kind that people make."""

from __future__ import annotations

import numpy as np

import npimpl.activations as ours
from parity_tests.candidates import SUBGRADIENT, Candidate


def _quiet(f):
    return np.errstate(all="ignore")(f)


def _gradient(slope):
    """A backward in x's dtype from the slope alone."""
    return _quiet(lambda dy, x, **options: ((dy * slope(x.astype(np.float64), **options)).astype(x.dtype),))


def _value(f):
    """A forward in x's dtype, evaluated in float64."""
    return _quiet(lambda x, **options: np.asarray(f(x.astype(np.float64), **options)).astype(x.dtype))


def _overwrites(f):
    def forward(x, **options):
        x[...] = f(x, **options)
        return x

    return forward


def _promotes(f):
    return lambda x, **options: f(x, **options).astype(np.float64)


def _relu_alias(x):
    return x if not (x < 0).any() else np.maximum(x, 0)


def _sigma(x):
    return 1 / (1 + np.exp(-x))


def _relu6_gate(x):
    return np.clip(x + 3, 0, 6) / 6


# -- straight lines ------------------------------------------------------------------------------------------------------
def _prelu_first_weight(x, weight):
    return ours.prelu(x, weight.reshape(-1)[:1])


def _prelu_mean(dy, x, weight):
    dx, dw = ours.prelu_backward(dy, x, weight)
    return dx, (dw * (weight.size / max(x.size, 1))).astype(dw.dtype)


def _prelu_all(dy, x, weight):
    """Counts the positive side in the gradient of the slope."""
    dx, _ = ours.prelu_backward(dy, x, weight)
    terms = (dy * x).astype(np.float64)
    per_channel = terms.sum(tuple(i for i in range(x.ndim) if weight.size == 1 or i != 1)).reshape(weight.shape)
    return dx, per_channel.astype(weight.dtype)


LINES = (
    Candidate("activations.relu", "x times (x > 0): nan at -inf", _quiet(lambda x: x * (x > 0))),
    Candidate("activations.relu", "writes into its input", _overwrites(lambda x: np.maximum(x, 0))),
    Candidate("activations.relu", "returns its input when nothing is negative", _relu_alias),
    Candidate(
        "activations.relu", "slope 1 at the corner", backward=_gradient(lambda x: np.where(x >= 0, 1.0, 0.0)), **SUBGRADIENT
    ),
    Candidate("activations.relu6", "no upper bound", ours.relu),
    Candidate(
        "activations.relu6",
        "slope 1 on the upper corner",
        backward=_gradient(lambda x: np.where((x > 0) & (x <= 6), 1.0, 0.0)),
        **SUBGRADIENT,
    ),
    Candidate("activations.leaky_relu", "default slope 0.1", lambda x, negative_slope=0.1: ours.leaky_relu(x, negative_slope)),
    Candidate("activations.leaky_relu", "returns float64", _promotes(ours.leaky_relu), dtypes=("float32", "float16")),
    Candidate(
        "activations.leaky_relu",
        "ignores the cotangent",
        backward=lambda dy, x, negative_slope=0.01: ours.leaky_relu_backward(np.ones_like(dy), x, negative_slope),
    ),
    Candidate("activations.prelu", "one slope for all channels", _prelu_first_weight),
    Candidate("activations.prelu", "averages the gradient of the slope", backward=_prelu_mean),
    Candidate("activations.prelu", "sums the positive side too", backward=_quiet(_prelu_all)),
    Candidate("activations.hardtanh", "ignores max_val", lambda x, min_val=-1.0, max_val=1.0: ours.hardtanh(x, min_val, 1.0)),
    Candidate(
        "activations.hardtanh",
        "slope 1 on the corners",
        backward=_gradient(
            lambda x, min_val=-1.0, max_val=1.0: np.where((x >= min_val) & (x <= max_val) & (min_val < max_val), 1.0, 0.0)
        ),
        **SUBGRADIENT,
    ),
    Candidate("activations.hardsigmoid", "slope one fifth", _value(lambda x: np.clip(0.2 * x + 0.5, 0, 1))),
    Candidate("activations.hardsigmoid", "slope 1/6 outside too", backward=_gradient(lambda x: np.full(x.shape, 1 / 6))),
    Candidate("activations.hardswish", "parabola everywhere", _value(lambda x: x * (x + 3) / 6)),
    Candidate("activations.hardswish", "takes the gate for a constant", backward=_gradient(_relu6_gate)),
    Candidate(
        "activations.threshold",
        "keeps the threshold itself",
        _value(lambda x, threshold, value: np.where(x >= threshold, x, value)),
    ),
    Candidate(
        "activations.threshold",
        "gradient into the constant",
        backward=_gradient(lambda x, threshold, value: np.where(x > threshold, 1.0, value)),
    ),
    Candidate("activations.hardshrink", "moves what it keeps", ours.softshrink),
    Candidate("activations.hardshrink", "keeps the ends", _value(lambda x, lambd=0.5: np.where(np.abs(x) >= lambd, x, 0.0))),
    Candidate("activations.hardshrink", "slope 1 everywhere", backward=_gradient(lambda x, lambd=0.5: np.ones(x.shape))),
    Candidate("activations.softshrink", "does not move what it keeps", ours.hardshrink),
    Candidate("activations.softshrink", "ignores lambd", lambda x, lambd=0.5: ours.softshrink(x)),
    Candidate(
        "activations.softshrink",
        "slope -1 on the left",
        backward=_gradient(lambda x, lambd=0.5: np.sign(x) * (np.abs(x) > lambd)),
    ),
)


# -- exponentials --------------------------------------------------------------------------------------------------------
@_quiet
def _elu_saved(dy, x, alpha=1.0):
    """From the value: y + alpha is 0 as soon as y has rounded to -alpha."""
    y = ours.elu(x, alpha)
    return (np.where(x > 0, dy, dy * (y + x.dtype.type(alpha))),)


@_quiet
def _logistic_left(x):
    e = np.exp(x)
    return e / (1 + e)


def _softplus_plain(x, beta=1.0, threshold=20.0):
    return np.log(1 + np.exp(beta * x)) / beta


EXPONENTIALS = (
    Candidate(
        "activations.elu",
        "adds both sides",
        _value(lambda x, alpha=1.0: np.maximum(x, 0) + alpha * np.expm1(x)),
        dtypes=("float64",),
    ),
    Candidate("activations.elu", "forgets alpha", lambda x, alpha=1.0: ours.elu(x)),
    Candidate("activations.elu", "gradient from the rounded value", backward=_elu_saved),
    Candidate("activations.celu", "alpha outside only", ours.elu),
    Candidate(
        "activations.celu",
        "slope times alpha",
        backward=_gradient(lambda x, alpha=1.0: np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0) / alpha))),
    ),
    Candidate(
        "activations.selu",
        "scale on the right only",
        _value(lambda x: np.where(x > 0, 1.0507009873554805 * x, 1.6732632423543772 * np.expm1(x))),
    ),
    Candidate(
        "activations.selu", "constants of four digits", _value(lambda x: 1.0507 * np.where(x > 0, x, 1.6733 * np.expm1(x)))
    ),
    Candidate(
        "activations.selu",
        "gradient without the scale",
        backward=_gradient(lambda x: np.where(x > 0, 1.0, 1.6732632423543772 * np.exp(np.minimum(x, 0)))),
    ),
    Candidate("activations.sigmoid", "e^x/(1 + e^x) on both sides: nan", _logistic_left),
    Candidate("activations.sigmoid", "slope y instead of y(1 - y)", backward=_gradient(_sigma)),
    Candidate("activations.logsigmoid", "log of the sigmoid", _quiet(lambda x: np.log(_sigma(x)).astype(x.dtype))),
    Candidate("activations.logsigmoid", "slope of the wrong side", backward=_gradient(_sigma)),
    Candidate("activations.tanh", "2 sigma(2x) - 1 cancels at 0", _quiet(lambda x: (2 * _sigma(2 * x) - 1).astype(x.dtype))),
    Candidate("activations.tanh", "slope 1 - x^2", backward=_gradient(lambda x: 1 - x * x)),
    Candidate("activations.tanhshrink", "the other way round", _value(lambda x: np.tanh(x) - 2 * x)),
    Candidate("activations.tanhshrink", "slope of tanh", backward=_gradient(lambda x: 1 - np.tanh(x) ** 2)),
    Candidate("activations.softsign", "square instead of absolute value", _value(lambda x: x / (1 + x * x))),
    Candidate("activations.softsign", "pole at -1 in the slope", backward=_gradient(lambda x: 1 / (1 + x) ** 2)),
    Candidate("activations.softplus", "overflows", _quiet(lambda x, **o: _softplus_plain(x, **o).astype(x.dtype))),
    Candidate("activations.softplus", "forgets beta", lambda x, beta=1.0, threshold=20.0: ours.softplus(x, 1.0, threshold)),
    Candidate(
        "activations.softplus",
        "slope times beta",
        backward=_quiet(
            lambda dy, x, beta=1.0, threshold=20.0: ours.softplus_backward((dy * beta).astype(dy.dtype), x, beta, threshold)
        ),
    ),
)


# -- gated -----------------------------------------------------------------------------------------------------------------
def _phi(x):
    from scipy.special import ndtr

    return ndtr(x)


def _glu_swapped(x, axis=-1):
    a, b = np.split(x, 2, axis=axis)
    return ours.glu(np.concatenate([b, a], axis=axis), axis)


def _glu_order(dy, x, axis=-1):
    da, db = np.split(ours.glu_backward(dy, x, axis)[0], 2, axis=axis)
    return (np.concatenate([db, da], axis=axis),)


GATED = (
    Candidate("activations.silu", "gate e^x/(1 + e^x): nan on the right", _quiet(lambda x: x * _logistic_left(x))),
    Candidate("activations.silu", "writes into its input", _overwrites(ours.silu)),
    Candidate("activations.silu", "takes the gate for a constant", backward=_gradient(_sigma)),
    Candidate("activations.mish", "tanh of e^x", _value(lambda x: x * np.tanh(np.exp(x)))),
    Candidate(
        "activations.mish",
        "softplus overflows",
        _quiet(lambda x: x / (1 + 2 / (np.exp(x) * (np.exp(x) + 2))) * np.exp(x) / np.exp(x)),
    ),
    Candidate("activations.mish", "takes the gate for a constant", backward=_gradient(lambda x: np.tanh(np.log1p(np.exp(x))))),
    Candidate("activations.gelu", "x sigma(1.702 x)", _value(lambda x, approximate="none": x * _sigma(1.702 * x))),
    Candidate("activations.gelu", "ignores approximate", lambda x, approximate="none": ours.gelu(x)),
    Candidate("activations.gelu", "takes the gate for a constant", backward=_gradient(lambda x, approximate="none": _phi(x))),
    Candidate("activations.glu", "halves exchanged", _glu_swapped),
    Candidate("activations.glu", "always the last axis", lambda x, axis=-1: ours.glu(x)),
    Candidate("activations.glu", "gradient halves exchanged", backward=_glu_order),
)


# -- rows ------------------------------------------------------------------------------------------------------------------
@_quiet
def _softmax_unshifted(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def _softmax_global(x, axis=-1):
    """Shifts by the largest entry of all rows: a row far below it becomes 0/0."""
    e = np.exp(x - x.max(initial=-np.inf))
    return e / e.sum(axis=axis, keepdims=True)


@_quiet
def _softmax_diagonal(dy, x, axis=-1):
    y = ours.softmax(x, axis)
    return (dy * y * (1 - y),)


@_quiet
def _softmax_other_axis(dy, x, axis=-1):
    y = ours.softmax(x, axis)
    return (y * (dy - (dy * y).sum(axis=0, keepdims=True)),)


@_quiet
def _log_softmax_blind(dy, x, axis=-1):
    return (dy - ours.softmax(x, axis),)


ROWS = (
    Candidate("activations.softmax", "not shifted", _softmax_unshifted),
    Candidate("activations.softmax", "shifted by the maximum of all rows", _quiet(_softmax_global)),
    Candidate("activations.softmax", "wrong default axis", lambda x, axis=0: ours.softmax(x, axis)),
    Candidate("activations.softmax", "diagonal of the Jacobian only", backward=_softmax_diagonal),
    Candidate("activations.softmax", "gradient summed along axis 0", backward=_softmax_other_axis),
    Candidate("activations.log_softmax", "log of softmax", _quiet(lambda x, axis=-1: np.log(ours.softmax(x, axis)))),
    Candidate(
        "activations.log_softmax", "log to base two", lambda x, axis=-1: (ours.log_softmax(x, axis) / np.log(2)).astype(x.dtype)
    ),
    Candidate("activations.log_softmax", "takes the cotangent's sum for 1", backward=_log_softmax_blind),
    Candidate("activations.softmin", "one minus softmax", lambda x, axis=-1: 1 - ours.softmax(x, axis)),
    Candidate("activations.softmin", "returns float64", _promotes(ours.softmin), dtypes=("float32", "bfloat16")),
    Candidate(
        "activations.softmin", "gradient without the minus", backward=lambda dy, x, axis=-1: ours.softmax_backward(dy, -x, axis)
    ),
)

WRONG = (*LINES, *EXPONENTIALS, *GATED, *ROWS)
