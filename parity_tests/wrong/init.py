"""Wrong initial values: each must be caught by its law."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import Candidate

DOUBLE = ("float64",)
GAINS = {"relu": math.sqrt(2), "tanh": 5 / 3, "selu": 0.75}


def _kaiming(shape, rng, a, mode, nonlinearity):
    gain = math.sqrt(2 / (1 + a * a)) if nonlinearity == "leaky_relu" else GAINS.get(nonlinearity, 1.0)
    fan = shape[mode == "fan_in"] * math.prod(shape[2:])
    return rng.standard_normal(shape), gain, max(fan, 1)


def kaiming_always_fan_in(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    z, gain, fan = _kaiming(shape, rng, a, "fan_in", nonlinearity)
    return z * gain / math.sqrt(fan)


def kaiming_without_root(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    z, gain, fan = _kaiming(shape, rng, a, mode, nonlinearity)
    return z * gain / fan


def kaiming_without_slope(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    z, gain, fan = _kaiming(shape, rng, 0, mode, nonlinearity)
    return z * gain / math.sqrt(fan)


def kaiming_uniform(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    """The right variance, the wrong distribution."""
    _, gain, fan = _kaiming(shape, rng, a, mode, nonlinearity)
    return rng.uniform(-1, 1, shape) * gain * math.sqrt(3 / fan)


def _orthogonal(shape, rng, gain, signs):
    a = rng.standard_normal((shape[0], math.prod(shape[1:])))
    wide = a.shape[0] < a.shape[1]
    q, r = np.linalg.qr(a.T if wide else a)
    q = q * signs(np.diagonal(r)) * gain
    return (q.T if wide else q).reshape(shape)


def orthogonal_signs_of_lapack(shape, rng, gain=1.0):
    """Orthogonal to the last bit, but not uniform: only the law can tell."""
    return _orthogonal(shape, rng, gain, np.ones_like)


def orthogonal_gain_squared(shape, rng, gain=1.0):
    return _orthogonal(shape, rng, gain * gain, np.sign)


WRONG = (
    Candidate("init.kaiming_normal", "always fan_in", kaiming_always_fan_in, dtypes=DOUBLE),
    Candidate("init.kaiming_normal", "divides by the fan, not its root", kaiming_without_root, dtypes=DOUBLE),
    Candidate("init.kaiming_normal", "ignores the negative slope", kaiming_without_slope, dtypes=DOUBLE),
    Candidate("init.kaiming_normal", "uniform of the right variance", kaiming_uniform, dtypes=DOUBLE),
    Candidate("init.orthogonal", "signs left to LAPACK", orthogonal_signs_of_lapack, dtypes=DOUBLE),
    Candidate("init.orthogonal", "gain squared", orthogonal_gain_squared, dtypes=DOUBLE),
)
