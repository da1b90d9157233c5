"""Losses of yes/no decisions: the negative log-likelihood of a Bernoulli variable, from probabilities or from logits."""

from __future__ import annotations

import functools

import numpy as np

from npimpl._axes import broadcast_shape, sum_to_shape
from npimpl._precision import is_float, rounded
from npimpl.losses._numerics import balanced, passed_on, product, sigmoid, softplus
from npimpl.losses._reduction import (
    SHRINK,
    check_reduction,
    cotangent,
    gradients,
    operands,
    pointwise,
    reduced,
    require,
    row_sum,
    wide,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_backward",
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_backward",
    "multilabel_soft_margin_loss",
    "multilabel_soft_margin_loss_backward",
    "soft_margin_loss",
    "soft_margin_loss_backward",
]

LOG_FLOOR = -100.0
"""The logarithm of a probability counts as -100 at least, so that log 0 cannot make a whole batch infinite."""
SLOPE_FLOOR = 1e-12
"""The denominator x (1 - x) of the slope is at least this."""


def _check(arrays, names):
    x = arrays[0]
    require(
        arrays[1].shape == x.shape,
        f"`target` has shape {arrays[1].shape}, but must have the shape {x.shape} of `x`.",
    )
    for a, name in zip(arrays[2:], names, strict=True):
        fits = a is None or _fits(a.shape, x.shape)
        require(fits, f"`{name}` has shape {None if a is None else a.shape}, but must broadcast to the shape {x.shape} of `x`.")


def _fits(shape, target) -> bool:
    return len(shape) <= len(target) and all(n in (1, m) for n, m in zip(shape[::-1], target[::-1], strict=False))


def _check_probability(x):
    outside = (x < 0) | (x > 1)
    require(not outside.any(), "`x` has entries outside 0 to 1, but must hold probabilities; apply a sigmoid first.")


@np.errstate(all="ignore")
def binary_cross_entropy(x, target, weight=None, reduction="mean"):
    """Cross entropy between the probability x of "yes" and the target probability t.

    l_i = -w_i [t_i log x_i + (1 - t_i) log(1 - x_i)], each logarithm replaced by max(log, -100).

    log1p(-x) keeps what 1 - x would round away; for t in [0, 1] both terms have one sign and nothing cancels.

    Shapes: x, t equal (any shape); w broadcasts to it; the result is 0-d, or has that shape for "none".
    Special values: x = 0 or 1 costs at most 100 (the floor is a convention of this op, as in PyTorch); nan gives nan.
    Raises ValueError for entries of x outside [0, 1], unequal shapes, or an unknown reduction.

    >>> float(binary_cross_entropy(np.array([0.0, 0.5]), np.array([1.0, 0.5]), reduction="sum").round(4))
    100.6931
    """
    check_reduction(reduction)
    arrays, dtype = operands(x=x, target=target, weight=weight)
    _check(arrays, ("weight",))
    _check_probability(arrays[0])

    def kernel(x, t, w):
        e = -(t * np.maximum(np.log(x), LOG_FLOOR) + (1.0 - t) * np.maximum(np.log1p(-x), LOG_FLOOR))
        return e if w is None else w * e

    return pointwise(kernel, arrays, dtype, reduction)


@np.errstate(all="ignore")
def binary_cross_entropy_backward(grad_output, x, target, weight=None, reduction="mean"):
    """Gradients of `binary_cross_entropy` for x and target (none for the weight).

    dl/dx = -t/x + (1 - t)/(1 - x) = (x - t) / (x (1 - x)), with the denominator kept above 1e-12: the companion convention
    of the floor, which makes the gradient linear in x - t where the logarithm is not to be trusted.
    dl/dt = max(log(1 - x), -100) - max(log x, -100).  With c = dy/n: dx = c w dl/dx, dt = c w dl/dt.

    >>> binary_cross_entropy_backward(1.0, np.array([0.5, 0.0]), np.array([1.0, 0.0]), reduction="sum")[0]
    array([-2.,  0.])
    """
    check_reduction(reduction)
    arrays, _ = operands(x=x, target=target, weight=weight)
    _check(arrays, ("weight",))
    _check_probability(arrays[0])

    def kernel(dy, x, t, w):
        dx = (x - t) / np.maximum((1.0 - x) * x, SLOPE_FLOOR)
        dt = np.maximum(np.log1p(-x), LOG_FLOOR) - np.maximum(np.log(x), LOG_FLOOR)
        return (dy * dx, dy * dt) if w is None else (balanced(dy, w, dx), balanced(dy, w, dt))

    return gradients(kernel, cotangent(grad_output, arrays[0].shape, reduction), arrays)


def _two_terms(x, yes, no, w=None, p=None):
    """w p yes log(1 + e^-x) + w no log(1 + e^x), where a zero coefficient removes its term."""
    given = [a for a in (w, p) if a is not None]
    return product(*given, yes, softplus(-x)) + product(*given[:1] if w is not None else (), no, softplus(x))


@np.errstate(all="ignore")
def binary_cross_entropy_with_logits(x, target, weight=None, pos_weight=None, reduction="mean"):
    """Cross entropy between the probability sigma(x) of "yes", x a logit, and the target probability t.

    l_i = -w_i [p_i t_i log sigma(x_i) + (1 - t_i) log(1 - sigma(x_i))]
        = w_i [p_i t_i log(1 + e^-x_i) + (1 - t_i) log(1 + e^x_i)],  p = pos_weight.

    log(1 + e^z) = max(z, 0) + log1p(e^-|z|) neither overflows nor loses its tail, and for t in [0, 1] the two terms add
    without cancelling, so a confident right answer keeps its tiny loss (e^-40, not 0).

    Shapes: x, t equal (any shape); w and p broadcast to it; the result is 0-d, or has that shape for "none".
    Special values: a term with coefficient 0 counts 0 even at an infinite logit: x = inf, t = 1 costs 0; t = 0 costs inf.
    Raises ValueError for shapes that do not fit or an unknown reduction.

    >>> float(binary_cross_entropy_with_logits(np.array([40.0]), np.array([1.0])))
    4.248354255291589e-18
    """
    check_reduction(reduction)
    arrays, dtype = operands(x=x, target=target, weight=weight, pos_weight=pos_weight)
    _check(arrays, ("weight", "pos_weight"))

    def kernel(x, t, w, p, scale=1.0):
        return _two_terms(x, scale * t, scale * (1.0 - t), w, p)

    return pointwise(kernel, arrays, dtype, reduction, shrunk=functools.partial(kernel, scale=2.0**-SHRINK))


def _weighted_slopes(dy, x, t, w, p):
    """dy w [(1 - t) sigma(x) - p t sigma(-x)] and dy w [p log(1 + e^-x) - log(1 + e^x)], each term a product in range."""
    given = (dy,) if w is None else (dy, w)
    dx = balanced(*given, (1.0 - t) * sigmoid(x)) - balanced(*given, p, t * sigmoid(-x))
    return dx, product(*given, p, softplus(-x)) - product(*given, softplus(x))


@np.errstate(all="ignore")
def binary_cross_entropy_with_logits_backward(grad_output, x, target, weight=None, pos_weight=None, reduction="mean"):
    """Gradients of `binary_cross_entropy_with_logits` for x and target (none for the weights).

    d log(1 + e^z)/dz = sigma(z), so dl/dx = (1 - t) sigma(x) - p t sigma(-x); both sigmoids are computed in their own tail.
    dl/dt = p log(1 + e^-x) - log(1 + e^x), which is -x when p = 1.  With c = dy/n: dx = c w dl/dx, dt = c w dl/dt.

    >>> binary_cross_entropy_with_logits_backward(1.0, np.array([0.0]), np.array([1.0]))[:2]
    (array([-0.5]), array([-0.]))
    """
    check_reduction(reduction)
    arrays, _ = operands(x=x, target=target, weight=weight, pos_weight=pos_weight)
    _check(arrays, ("weight", "pos_weight"))

    def slopes(dy, x, t, w, p):
        if p is None:
            slope = (1.0 - t) * sigmoid(x) - t * sigmoid(-x)
            return (dy * slope, -dy * x) if w is None else (balanced(dy, w, slope), -balanced(dy, w, x))
        grads = _weighted_slopes(dy, x, t, w, p)
        if all(np.isfinite(g).all() for g in grads):
            return grads
        small = _weighted_slopes(np.ldexp(dy, -SHRINK), x, t, w, p)
        return tuple(np.where(np.isfinite(g), g, np.ldexp(s, SHRINK)) for g, s in zip(grads, small, strict=True))

    def kernel(dy, x, t, w, p):
        dx, dt = slopes(dy, x, t, w, p)
        return passed_on(dy, w, dx), dt

    return gradients(kernel, cotangent(grad_output, arrays[0].shape, reduction), arrays)


@np.errstate(all="ignore")
def soft_margin_loss(x, target, reduction="mean"):
    """Logistic loss of a score x for a label y = -1 or 1.

    l_i = log(1 + exp(-y_i x_i)).

    Written as max(z, 0) + log1p(e^-|z|) with z = -y x it does not overflow for a confidently wrong score (the exponential
    of 100 is infinite in float32) and keeps the tail e^z of a confidently right one.  Multiplying by y = +-1 is exact.

    Shapes: x, y broadcast together; the result is 0-d, or has the broadcast shape for "none"; dtype of the arguments.
    Special values: y x = inf gives 0, y x = -inf gives inf; the mean of nothing is nan.
    Raises ValueError for an unknown reduction or shapes that do not broadcast.

    >>> soft_margin_loss(np.array([0.0, 1000.0]), np.array([1.0, -1.0]), reduction="none").round(4)
    array([6.931e-01, 1.000e+03])
    """
    check_reduction(reduction)
    arrays, dtype = operands(x=x, target=target)
    return pointwise(lambda x, y: softplus(-y * x), arrays, dtype, reduction)


@np.errstate(all="ignore")
def soft_margin_loss_backward(grad_output, x, target, reduction="mean"):
    """Gradient of `soft_margin_loss` for x (none for the labels).

    With z = -y x: dl/dx = sigma(z) dz/dx = -y sigma(-y x).  With c = dy/n: dx = -c y sigma(-y x).

    >>> soft_margin_loss_backward(1.0, np.array([0.0, 1000.0]), np.array([1.0, -1.0]), reduction="sum")[0]
    array([-0.5,  1. ])
    """
    check_reduction(reduction)
    arrays, _ = operands(x=x, target=target)
    dy = cotangent(grad_output, broadcast_shape(*arrays), reduction)
    return gradients(lambda dy, x, y: (-dy * y * sigmoid(-y * x),), dy, arrays)


def _check_multilabel(arrays):
    x, weight = arrays[0], arrays[2]
    require(x.ndim >= 1, "`x` is 0-d, but must have a last axis of classes; give it shape (C,) or (N, C).")
    _check(arrays, ("weight",))
    return x.shape[:-1], np.float64(x.shape[-1]), weight


@np.errstate(all="ignore")
def multilabel_soft_margin_loss(x, target, weight=None, reduction="mean"):
    """Mean over the classes of C independent yes/no losses of logits.

    l_n = (1/C) sum_c w_c [t_nc log(1 + e^-x_nc) + (1 - t_nc) log(1 + e^x_nc)].

    As in `binary_cross_entropy_with_logits` nothing overflows and, for t in [0, 1], nothing cancels.

    Shapes: x, t (..., C); w broadcasts to it (usually (C,)); the losses have shape (...), the result is 0-d unless "none".
    Special values: a term with coefficient 0 counts 0 even at an infinite logit; the mean of nothing is nan.
    Raises ValueError for a 0-d x, shapes that do not fit, or an unknown reduction.

    >>> float(multilabel_soft_margin_loss(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])).round(6))
    0.693147
    """
    check_reduction(reduction)
    arrays, dtype = operands(x=x, target=target, weight=weight)
    _, count, _ = _check_multilabel(arrays)
    x, t, w = (wide(a) for a in arrays)

    def rows(scale=1.0):
        return row_sum(_two_terms(x, scale * t, scale * (1.0 - t), w)) / count

    return reduced(rows(), reduction, dtype, shrunk=lambda: rows(2.0**-SHRINK))


@np.errstate(all="ignore")
def multilabel_soft_margin_loss_backward(grad_output, x, target, weight=None, reduction="mean"):
    """Gradients of `multilabel_soft_margin_loss` for x, target and weight.

    With c_n = dy_n / C (and dy/N C for the mean): dx_nc = c_n w_c [(1 - t) sigma(x) - t sigma(-x)], dt_nc = -c_n w_c x_nc,
    dw_c = sum_n c_n [t log(1 + e^-x) + (1 - t) log(1 + e^x)].

    >>> multilabel_soft_margin_loss_backward(1.0, np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))[0]
    array([[-0.25,  0.25]])
    """
    check_reduction(reduction)
    arrays, _ = operands(x=x, target=target, weight=weight)
    shape, count, _ = _check_multilabel(arrays)
    x, t, w = (wide(a) for a in arrays)
    c = (np.broadcast_to(cotangent(grad_output, shape, reduction), shape) / count)[..., None]
    slope = (1.0 - t) * sigmoid(x) - t * sigmoid(-x)
    dx, dt = (c * slope, -c * x) if w is None else (balanced(c, w, slope), -balanced(c, w, x))
    dx = passed_on(c, w, dx)
    dw = None if w is None else product(c * t, softplus(-x)) + product(c * (1.0 - t), softplus(x))
    return tuple(
        None if g is None or (i and not is_float(a.dtype)) else rounded(sum_to_shape(g, a.shape), _dtype(a))
        for i, (g, a) in enumerate(zip((dx, dt, dw), arrays, strict=True))
    )


def _dtype(a):
    return a.dtype if is_float(a.dtype) else np.dtype(np.float64)
