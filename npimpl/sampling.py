"""Drawing from categorical distributions, and dropout: deterministic functions of their arrays and of one noise array.

Every op states the single draw it takes from its `numpy.random.Generator`.  Given that noise the result is exact, so it can
be judged element by element; over many draws it must follow the stated law.  A backward takes a generator in the state in
which the forward received its own, and so sees the same noise.
"""

from __future__ import annotations

import numpy as np

from npimpl._axes import normalize_axis, pairwise_sum
from npimpl._precision import as_float, rounded, widen
from npimpl.activations.simplex import NEARLY_SUBNORMAL, softmax_backward

__all__ = ["categorical", "dropout", "dropout_backward", "gumbel_max", "gumbel_softmax", "gumbel_softmax_backward"]

HALF_CELL = 2.0**-54
"""`Generator.random` gives multiples of 2^-53; its 0 stands for the cell [0, 2^-53) and is read as the cell's middle."""


def _perturbed(logits: np.ndarray, rng: np.random.Generator, axis: int) -> np.ndarray:
    """x_k - max x + g_k with standard Gumbel noise g = -log(-log u), u = `rng.random(logits.shape)`.

    The inner logarithm is accurate near u = 1 because u is exact, so g is good to a unit in the last place of 1 + |g|.
    Subtracting the maximum first keeps the noise from being absorbed by logits on a large common offset.
    """
    u = rng.random(logits.shape)
    g = -np.log(-np.log(np.maximum(u, HALF_CELL)))
    top = np.max(logits, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), logits - top, logits) + g


def _one_axis(logits: np.ndarray, axis: int, op: str) -> int:
    if logits.ndim == 0:
        raise ValueError(f"{op}() was given a 0-d array; logits need an axis of categories, so give at least one dimension.")
    axis = normalize_axis(axis, logits.ndim)[0]
    if logits.shape[axis] == 0 and logits.size == 0 and op != "gumbel_softmax":
        raise ValueError(f"{op}() was given no categories (shape {logits.shape}, axis {axis}); give at least one.")
    return axis


@np.errstate(all="ignore")
def gumbel_max(logits, rng: np.random.Generator, axis: int = -1) -> np.ndarray:
    """A category for every row, drawn with probabilities softmax(logits), by adding Gumbel noise and taking the maximum.

    Equation, x = logits: i = argmax_k (x_k + g_k),  g_k = -log(-log u_k),  u_k uniform on (0, 1);
    P(i = k) = exp(x_k) / sum_j exp(x_j).

    Draws: u = rng.random(logits.shape), once, in float64; u = 0 is read as 2^-54.

    Stable form: the maximum logit is subtracted before the noise is added, so that two logits of 1e300 are still told apart
    by their noise; nothing is ever exponentiated.

    Shapes: logits (..., K, ...) with K at `axis`; result int64 without that axis.

    Special values: +inf wins, -inf never does unless all are; of equal entries the first; the first nan of a row.

    Raises: ValueError for a 0-d array or an axis without categories.

    Source: Gumbel, Statistical Theory of Extreme Values (1954); Maddison, Tarlow & Minka, A* Sampling (2014).

    >>> gumbel_max([0.0, -np.inf, 50.0], np.random.default_rng(0))
    np.int64(2)
    """
    [x], _ = widen(logits, names=("logits",))
    axis = _one_axis(x, axis, "gumbel_max")
    return np.argmax(_perturbed(x, rng, axis), axis=axis)


def _soft(x, rng, tau, axis):
    """The soft sample y = softmax((x + g) / tau), and x + g itself (less the maximum of x)."""
    _check_temperature(tau)
    z = _perturbed(x, rng, axis)
    e = np.exp(_exponents(z, tau, axis))
    return e / pairwise_sum(e, axis, keepdims=True), z


def _check_temperature(tau):
    if not tau > 0:
        raise ValueError(f"gumbel_softmax() was given tau={tau}; the temperature must be positive.")


def _exponents(z, tau, axis):
    d = z - np.max(z, axis=axis, keepdims=True, initial=-np.inf)
    d /= tau
    return d


@np.errstate(all="ignore")
def gumbel_softmax(logits, rng: np.random.Generator, tau: float = 1.0, hard: bool = False, axis: int = -1) -> np.ndarray:
    """A differentiable stand-in for a one-hot sample: the softmax of logits plus Gumbel noise at temperature `tau`.

    Equation, x = logits: y_k = exp(z_k / tau) / sum_j exp(z_j / tau),  z_k = x_k + g_k,  g_k = -log(-log u_k).
    With `hard` the result is the one-hot vector at argmax_k z_k, and only the gradient is that of y (straight-through).

    Draws: u = rng.random(logits.shape), once, in float64; u = 0 is read as 2^-54.

    Stable form: the largest logit is taken off before the noise is added and the largest z before dividing by tau, so no
    exponential overflows and a small tau multiplies only the differences that matter.

    Shapes: logits (..., K, ...) with K at `axis`; result of the same shape and dtype.

    Special values: a row with +inf or nan, or of -inf only, is nan throughout (as softmax; also when `hard`).

    Raises: ValueError for a 0-d array or a temperature that is not positive.

    Source: Jang, Gu & Poole, Categorical Reparameterization with Gumbel-Softmax (2017), eq. 2; Maddison, Mnih & Teh, The
    Concrete Distribution (2017).

    >>> gumbel_softmax([0.0, 0.0, 90.0], np.random.default_rng(0), hard=True)
    array([0., 0., 1.])
    """
    [x], dtype = widen(logits, names=("logits",))
    axis = _one_axis(x, axis, "gumbel_softmax")
    y, z = _soft(x, rng, tau, axis)
    if hard and x.size:
        index = np.expand_dims(np.argmax(z, axis=axis), axis)
        y = np.where(np.isnan(y), y, 0.0)
        np.put_along_axis(y, index, np.where(np.isnan(np.take_along_axis(y, index, axis)), np.nan, 1.0), axis)
    return rounded(y, dtype)


@np.errstate(all="ignore")
def gumbel_softmax_backward(
    grad_output, logits, rng: np.random.Generator, tau: float = 1.0, hard: bool = False, axis: int = -1
):
    """The gradient of `gumbel_softmax`, through the soft sample also when `hard`: (dlogits, None).

    Element derivative: dy_k/dx_j = y_k ((k = j) - y_j) / tau, since z depends on x with slope 1 and the noise on nothing.
    Vector-Jacobian product: dx_j = y_j (dy_j - sum_k y_k dy_k) / tau.  Where a y_j may be subnormal, this is the
    gradient of softmax at z / tau with dy / tau: divided afterwards, by a small tau, a subnormal number would show how few
    digits it has.
    `rng` must be in the state in which the forward received it, so that the same u is drawn.

    >>> y = gumbel_softmax([0.0, 1.0], np.random.default_rng(0))
    >>> dx, _ = gumbel_softmax_backward([1.0, 0.0], [0.0, 1.0], np.random.default_rng(0))
    >>> bool(np.allclose(dx, [y[0] * y[1], -y[0] * y[1]]))
    True
    """
    [x, dy], _ = widen(logits, grad_output, names=("logits", "grad_output"))
    axis, dtype = _one_axis(x, axis, "gumbel_softmax"), as_float(logits).dtype
    _check_temperature(tau)
    d = _exponents(_perturbed(x, rng, axis), tau, axis)
    if (d < NEARLY_SUBNORMAL).any():
        return rounded(softmax_backward(dy / tau, d, axis)[0], dtype), None
    y = np.exp(d, out=d)
    y /= pairwise_sum(y, axis, keepdims=True)
    return rounded(y * (dy - pairwise_sum(y * dy, axis, keepdims=True)) / tau, dtype), None


@np.errstate(all="ignore")
def categorical(logits, rng: np.random.Generator, size: int | tuple[int, ...] | None = None) -> np.ndarray:
    """Categories drawn with probabilities softmax(logits) over the last axis, by inverting the cumulative distribution.

    Equation: i = #{k : C_k <= u},  C_k = sum_{j<=k} p_j,  p = softmax(x),  u uniform on [0, 1).

    Draws: u = rng.random(size + logits.shape[:-1]), once, in float64: one number for each category drawn.

    Stable form: u times the unnormalised total is compared with unnormalised sums of exp(x_k - max x), so the last sum is
    the total itself, no category beyond the last is reachable, and one of probability zero (also the first, at u = 0) is
    never drawn.

    Shapes: logits (..., K), unnormalised; result int64 of shape size + (...); `size=None` is one draw for each row.

    Special values: -inf is a category of probability zero.

    Raises: ValueError for a row that is no distribution (nan, +inf, or nothing but -inf), for a 0-d array and for K = 0.

    Source: Devroye, Non-Uniform Random Variate Generation (1986), section III.2.

    >>> categorical([-np.inf, 0.0, -np.inf], np.random.default_rng(0), size=4)
    array([1, 1, 1, 1])
    """
    [x], _ = widen(logits, names=("logits",))
    _one_axis(x, -1, "categorical")
    extra = () if size is None else (int(size),) if np.ndim(size) == 0 else tuple(size)
    top = np.max(x, axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        raise ValueError("categorical() was given a row with nan, +inf or nothing but -inf, which is no distribution; mask it.")
    c = np.cumsum(np.exp(x - top), axis=-1).reshape(-1, x.shape[-1])
    u = rng.random(extra + x.shape[:-1])
    t = u.reshape(-1, c.shape[0]) * c[:, -1] if c.shape[0] else u
    if t.shape[0] == 1:
        index = np.count_nonzero(c <= t[0][:, None], axis=-1)
    else:
        index = np.array([np.searchsorted(row, draws, side="right") for row, draws in zip(c, t.T, strict=True)], np.int64).T
    return index.reshape(u.shape)


def _keep(shape, rng, p):
    if not 0 <= p <= 1:
        raise ValueError(f"dropout() was given p={p}; the probability of dropping must lie in [0, 1].")
    return rng.random(shape) >= p


def _dropped(x, rng, p, dtype):
    keep = _keep(x.shape, rng, p)
    return rounded(x * keep / (1.0 - p if p < 1 else 1.0), dtype)


@np.errstate(all="ignore")
def dropout(x, rng: np.random.Generator, p: float = 0.5, training: bool = True) -> np.ndarray:
    """Sets each element to zero with probability p and divides the others by 1 - p, which keeps the expectation.

    Equation: y_i = x_i b_i / (1 - p),  b_i = 1 if u_i >= p else 0;  E[y_i] = x_i.

    Draws: u = rng.random(x.shape), once, in float64; nothing when `training` is false (the result is then a copy of x).

    Stable form: one division by 1 - p instead of a product with its rounded reciprocal.

    Shapes: x any shape; result of the same shape and dtype.

    Special values: dropping is multiplication by 0, so a dropped inf or nan is nan and is not hidden; p = 1 drops all.

    Raises: ValueError for p outside [0, 1].

    Source: Srivastava et al., Dropout (2014), section 10 (scaling at training time).

    >>> dropout(np.ones(6), np.random.default_rng(0))
    array([2., 0., 0., 0., 2., 2.])
    """
    [x64], dtype = widen(x)
    if not training:
        return x64.astype(dtype)
    return _dropped(x64, rng, p, dtype)


@np.errstate(all="ignore")
def dropout_backward(grad_output, x, rng: np.random.Generator, p: float = 0.5, training: bool = True):
    """The gradient of `dropout`: (dx, None).

    Element derivative: dy_i/dx_i = b_i / (1 - p).  Vector-Jacobian product: dx_i = dy_i b_i / (1 - p): the same op on the
    cotangent, with the same noise, so `rng` must be in the state in which the forward received it.

    >>> dropout_backward(np.ones(6), np.zeros(6), np.random.default_rng(0))[0]
    array([2., 0., 0., 0., 2., 2.])
    """
    [dy], _ = widen(grad_output, names=("grad_output",))
    dtype = as_float(x).dtype
    return (dy.astype(dtype) if not training else _dropped(dy, rng, p, dtype)), None
