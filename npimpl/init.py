"""Initial values of weights: each takes one array of standard normal noise from its generator."""

from __future__ import annotations

import math

import numpy as np

from npimpl._precision import is_float, rounded

__all__ = ["kaiming_normal", "orthogonal"]

_GAIN_SQUARED = {"relu": 2.0, "tanh": 25 / 9, "selu": 9 / 16, "sigmoid": 1.0, "linear": 1.0}
_GAIN_SQUARED |= {f"conv{'_transpose' * i}{d}d": 1.0 for i in (0, 1) for d in (1, 2, 3)}


def _checked(shape, dtype, op: str) -> tuple[tuple[int, ...], np.dtype]:
    shape, dtype = tuple(int(n) for n in shape), np.dtype(dtype)
    if len(shape) < 2:
        raise ValueError(f"{op}() was given the shape {shape}; a weight has at least two dimensions (outputs, inputs, ...).")
    if not is_float(dtype):
        raise TypeError(f"{op}() was given dtype {dtype}; allowed are float64, float32, float16 and bfloat16.")
    return shape, dtype


def _fan(shape: tuple[int, ...], mode: str) -> int:
    """Inputs (or outputs) of one unit: channels times the size of the receptive field."""
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"kaiming_normal() was given mode={mode!r}; allowed are 'fan_in' and 'fan_out'.")
    return shape[1 if mode == "fan_in" else 0] * math.prod(shape[2:])


def kaiming_normal(
    shape, rng: np.random.Generator, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", dtype=np.float64
) -> np.ndarray:
    """Normal weights whose variance keeps the size of signals constant through layers of a rectifying nonlinearity.

    Equation: w_i = std z_i,  std = gain / sqrt(fan),  z_i standard normal;  gain^2 = 2 / (1 + a^2) for "leaky_relu" of
    slope a, 2 for "relu", 25/9 for "tanh", 9/16 for "selu", 1 for "sigmoid", "linear" and the convolutions.

    Draws: z = rng.standard_normal(shape), once, in float64.

    Stable form: std = sqrt(gain^2 / fan) takes one root instead of two; the product is rounded once to dtype.

    Shapes: shape (outputs, inputs, ...); fan_in = inputs times the product of the rest, fan_out the same with outputs.

    Special values: an empty shape gives an empty array.

    Raises: ValueError for fewer than two dimensions, an unknown mode or nonlinearity; TypeError for a dtype that is no float.

    Source: He et al., Delving Deep into Rectifiers (2015), eqs. 10, 14 and 15.

    >>> w = kaiming_normal((400, 50), np.random.default_rng(0))
    >>> round(float(w.std()), 2), round((2 / 50) ** 0.5, 2)
    (0.2, 0.2)
    """
    shape, dtype = _checked(shape, dtype, "kaiming_normal")
    squared = 2 / (1 + a * a) if nonlinearity == "leaky_relu" else _GAIN_SQUARED.get(nonlinearity)
    if squared is None:
        allowed = ", ".join(["leaky_relu", *_GAIN_SQUARED])
        raise ValueError(f"kaiming_normal() was given nonlinearity={nonlinearity!r}; allowed are {allowed}.")
    fan = _fan(shape, mode)
    z = rng.standard_normal(shape)
    return rounded(z * math.sqrt(squared / fan) if z.size else z, dtype)


def orthogonal(shape, rng: np.random.Generator, gain: float = 1.0, dtype=np.float64) -> np.ndarray:
    """A matrix with orthonormal columns (or rows, if it is wider than tall), uniform among all of them, times `gain`.

    Equation: A = Q R with diag(R) > 0, A standard normal (n, m), transposed first if n < m;  w = gain Q (transposed back),
    so w^T w = gain^2 I (w w^T if n < m).

    Draws: A = rng.standard_normal((n, m)), once, in float64, where n = shape[0] and m is the product of the rest.

    Stable form: Householder QR, whose Q is orthonormal to rounding whatever the condition of A (Gram-Schmidt's is not).  It
    leaves the signs of R's diagonal to the algorithm; only with all of them made positive is Q a function of A and uniform
    (Haar) distributed.

    Shapes: shape (n, ...), at least two dimensions; result of that shape.

    Special values: an empty shape gives an empty array.

    Raises: ValueError for fewer than two dimensions; TypeError for a dtype that is no float.

    Source: Saxe, McClelland & Ganguli, Exact solutions to the nonlinear dynamics of learning (2014); the signs: Mezzadri, How
    to generate random matrices from the classical compact groups (2007), section 5.

    >>> w = orthogonal((2, 3), np.random.default_rng(0), gain=2.0)
    >>> (w @ w.T + 0.0).round(12)
    array([[4., 0.],
           [0., 4.]])
    """
    shape, dtype = _checked(shape, dtype, "orthogonal")
    n, m = shape[0], math.prod(shape[1:])
    a = rng.standard_normal((n, m))
    if a.size == 0:
        return np.zeros(shape, dtype)
    q, r = np.linalg.qr(a.T if n < m else a)
    q = q * np.where(np.diagonal(r) < 0, -gain, gain)
    return rounded((q.T if n < m else q).reshape(shape), dtype)
