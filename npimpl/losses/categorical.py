"""Negative log-likelihoods of one class out of C, from log-probabilities or from logits."""

from __future__ import annotations

import numpy as np

from npimpl._axes import pairwise_sum
from npimpl._precision import is_float, rounded
from npimpl.losses import _confident
from npimpl.losses._numerics import balanced, normalized, product
from npimpl.losses._reduction import SHRINK, check_reduction, cotangent, operands, reduced, require, row_sum, wide
from npimpl.reductions._wide import value

__all__ = ["cross_entropy", "cross_entropy_backward", "nll_loss", "nll_loss_backward"]


def _class_axis(x) -> int:
    require(x.ndim >= 1, "`x` is 0-d, but must have an axis of classes; give it shape (C,), (N, C) or (N, C, d1, ...).")
    return 0 if x.ndim == 1 else 1


def _check_weight(weight, classes):
    fits = weight is None or weight.shape == (classes,)
    require(fits, f"`weight` has shape {None if fits else weight.shape}, but must have shape ({classes},): one for each class.")


def _labels(x, target, weight, ignore_index, reduction):
    """The labels with ignored ones replaced by 0, where they are kept, the weight w of each (0 where ignored), and k.

    For "mean" the weights are given as w / 2^k: that cancels in the mean but keeps huge and tiny weights in range.
    """
    axis = _class_axis(x)
    classes, expected = x.shape[axis], x.shape[:axis] + x.shape[axis + 1 :]
    _check_weight(weight, classes)
    if target.dtype.kind not in "iu":
        raise TypeError(f"`target` has dtype {target.dtype}, but must hold integer class indices.")
    require(
        target.shape == expected, f"`target` has shape {target.shape}, but must have shape {expected}: `x` without classes."
    )
    kept = target != ignore_index
    label = np.where(kept, target, 0).astype(np.intp)
    inside = (label >= 0) & (label < classes) | ~kept
    require(
        inside.all(),
        f"`target` holds {target[~inside].ravel()[:1]}, but must be 0 to {classes - 1} or ignore_index={ignore_index}.",
    )
    w = kept.astype(np.float64) if weight is None else np.where(kept, wide(weight)[label if classes else ...], 0.0)
    w, k = normalized(w) if reduction == "mean" else (w, 0)
    return np.expand_dims(label, axis), kept, w, k


@np.errstate(all="ignore")
def nll_loss(x, target, weight=None, ignore_index=-100, reduction="mean"):
    """Negative log-likelihood of the labels, given log-probabilities.

    l_n = -w_{t_n} x_{n, t_n} (0 where t_n = ignore_index);  "mean" is sum_n l_n / sum_n w_{t_n} over the labels not ignored.

    One product for each label and a pairwise sum: the error is a few units of the same sum of absolute values.

    Shapes: x (N, C, d1, ...) or (C,); target without C, integers; w (C,); the result is 0-d, or has the target's shape
    for "none"; dtype of x.
    Special values: the mean over no labels, or only ignored ones, is nan; their sum is 0.
    Raises TypeError for labels that are not integers; ValueError for labels out of range or shapes that do not fit.

    >>> float(nll_loss(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])).round(6))
    0.490415
    """
    check_reduction(reduction)
    (x, weight), dtype = operands(x=x, weight=weight)
    label, kept, w, _ = _labels(x, np.asarray(target), weight, ignore_index, reduction)
    axis = _class_axis(x)
    chosen = wide(np.take_along_axis(x, label, axis)).squeeze(axis) if x.shape[axis] else np.zeros(kept.shape)
    return reduced(np.where(kept, -w * chosen, 0.0), reduction, dtype, pairwise_sum(w))


@np.errstate(all="ignore")
def nll_loss_backward(grad_output, x, target, weight=None, ignore_index=-100, reduction="mean"):
    """Gradient of `nll_loss` for x (none for the labels and the weight).

    d l_n / d x_nc = -w_c [c = t_n].  With c_n = dy_n, or dy / sum w for the mean: dx_{n, t_n} = -c_n w_{t_n}, elsewhere 0.

    >>> nll_loss_backward(1.0, np.zeros((2, 2)), np.array([0, 1]))[0]
    array([[-0.5,  0. ],
           [ 0. , -0.5]])
    """
    check_reduction(reduction)
    (x, weight), _ = operands(x=x, weight=weight)
    label, kept, w, _ = _labels(x, np.asarray(target), weight, ignore_index, reduction)
    axis = _class_axis(x)
    c = cotangent(grad_output, kept.shape, reduction, pairwise_sum(w))
    dtype = x.dtype if is_float(x.dtype) else np.dtype(np.float64)
    dx = np.zeros(x.shape, dtype)
    if x.size:
        np.put_along_axis(dx, label, np.expand_dims(rounded(np.where(kept, -c * w, 0.0), dtype), axis), axis)
    return dx, None, None


# -- cross entropy -------------------------------------------------------------------------------------------------------


def _exponentials(x, axis):
    """m = max x and its index k, e_c = exp(x_c - m) with e_k = 0, and r = sum_c e_c.

    The sum of all exponentials is 1 + r, so its logarithm is log1p(r), exact even when r is far below the spacing at 1.
    """
    k = np.expand_dims(np.argmax(x, axis), axis)
    m = np.take_along_axis(x, k, axis)
    e = np.exp(x - m)
    np.put_along_axis(e, k, np.take_along_axis(e, k, axis) - 1.0, axis)  # 1 - 1 = 0, and nan stays nan
    return m, k, e, row_sum(e, axis, keepdims=True)


def _minus_log(x, m, r, scale=1.0):
    """-scale log p_c = scale (m - x_c) + scale log1p(r); at scale = 2^-64 it is finite even where m - x_c overflows."""
    return (scale * m - scale * x) + scale * np.log1p(r)


def _complement(p, k, axis, total, others):
    """total - p_c for every class; at class k, where p is largest and that would cancel, the given sum of the others."""
    q = total - p
    np.put_along_axis(q, k, others, axis)
    return q


def _check_cross_entropy(x, target, weight, ignore_index, label_smoothing):
    """The target as an array, and whether it holds probabilities."""
    target = np.asarray(target)
    axis = _class_axis(x)
    require(x.shape[axis] > 0, "`x` has no classes; its axis of classes must have length one at least.")
    require(0 <= label_smoothing <= 1, f"`label_smoothing` is {label_smoothing}, but must be between 0 and 1.")
    soft = is_float(target.dtype)
    if soft:
        _check_weight(weight, x.shape[axis])
        require(
            target.shape == x.shape,
            f"`target` has shape {target.shape}, but probabilities must have the shape {x.shape} of `x`.",
        )
        require(ignore_index < 0, f"`ignore_index` is {ignore_index}, but a target of probabilities has no index to ignore.")
    return target, soft


def _column(weight, x, axis):
    """The class weights shaped so that they broadcast against x along the axis of classes (ones if absent)."""
    if weight is None:
        return np.float64(1.0)
    return wide(weight).reshape((-1,) + (1,) * (x.ndim - axis - 1))


def _coefficients(x, target, weight, ignore_index, label_smoothing, reduction):
    """q with l_n = sum_c q_nc (-log p_nc), and the divisor of the mean."""
    axis = _class_axis(x)
    if is_float(target.dtype):
        q = wide(target) * (1.0 - label_smoothing) + label_smoothing / x.shape[axis]
        return q * _column(weight, x, axis), x.size // x.shape[axis]
    label, kept, w, k = _labels(x, target, weight, ignore_index, reduction)
    share = np.ldexp(_column(weight, x, axis) * (label_smoothing / x.shape[axis]), -k)
    q = np.where(np.expand_dims(kept, axis), share, 0.0)
    q = np.array(np.broadcast_to(q, x.shape))
    one = np.expand_dims((1.0 - label_smoothing) * w, axis)
    np.put_along_axis(q, label, np.take_along_axis(q, label, axis) + one, axis)
    return q, pairwise_sum(w)


@np.errstate(all="ignore")
def cross_entropy(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """Negative log-likelihood of the classes under the softmax of the logits x.

    With p_nc = exp(x_nc) / sum_j exp(x_nj): for class indices t_n,
    l_n = -(1 - s) w_{t_n} log p_{n, t_n} - (s/C) sum_c w_c log p_nc,  s = label_smoothing, 0 where t_n = ignore_index,
    and "mean" is sum_n l_n / sum_n w_{t_n}.  For class probabilities q (a float target of the shape of x),
    l_n = -sum_c w_c [(1 - s) q_nc + s/C] log p_nc, and "mean" divides by the number of rows.

    -log p_c = (m - x_c) + log1p(sum over j != argmax of exp(x_j - m)), m = max x: two non-negative terms that neither
    overflow nor cancel, so the loss of a confident right answer stays e^-20 and does not become log 1 = 0.

    Shapes: x (N, C, d1, ...) or (C,); target (N, d1, ...) of integers, or the shape of x of floats; w (C,); the losses have
    the shape of x without C; the result is 0-d unless "none".
    Special values: a logit of -inf is a class of probability 0 and costs inf only where its coefficient is not 0; a logit
    of +inf or a row of -inf has no softmax: nan.  Ignored rows count nothing even if they hold nan; the mean of none is nan.
    Raises ValueError for labels out of range, shapes that do not fit, or ignore_index >= 0 with probabilities.

    >>> float(cross_entropy(np.array([[20.0, 0.0, 0.0]], np.float32), np.array([0])))
    4.1223073843355e-09
    """
    check_reduction(reduction)
    (x, weight), dtype = operands(x=x, weight=weight)
    target, soft = _check_cross_entropy(x, target, weight, ignore_index, label_smoothing)
    axis = _class_axis(x)
    z = wide(x)
    m, _, _, r = _exponentials(z, axis)
    if _confident.is_delicate(x, target, weight, m):
        rows, divisor = _confident_rows(x, target, weight, ignore_index, label_smoothing)
        return _confident.loss(rows, reduction, divisor)
    if soft or label_smoothing:
        q, divisor = _coefficients(x, target, weight, ignore_index, label_smoothing, reduction)
        kept = True if soft else target != ignore_index
    else:
        label, kept, w, _ = _labels(x, target, weight, ignore_index, reduction)
        q, divisor, z = np.expand_dims(w, axis), pairwise_sum(w), np.take_along_axis(z, label, axis)

    def rows(scale=1.0):
        return np.where(kept, row_sum(product(q, _minus_log(z, m, r, scale)), axis), 0.0)

    return reduced(rows(), reduction, dtype, divisor, shrunk=lambda: rows(2.0**-SHRINK))


@np.errstate(all="ignore")
def cross_entropy_backward(grad_output, x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """Gradients of `cross_entropy` for x, and for target and weight if the target holds probabilities.

    With l = -sum_c q_c log p_c and d log p_c / d x_j = [c = j] - p_j:  dl/dx_j = p_j sum_c q_c - q_j.  Since sum_c p_c = 1,
    that is p_j sum_{c != j} q_c - q_j sum_{c != j} p_c.  For one label t it reads p_j at j != t, and at t itself p_t - 1
    written as minus the sum of the other probabilities, which keeps a gradient of e^-20 that p_t - 1 would round to 0.
    Sums over "the others" are 1 - p_j except at the largest entry, where they are added up.
    For probabilities q: dl/dq_c = -(1 - s) w_c log p_c, dl/dw_c = -[(1 - s) q_c + s/C] log p_c summed over the rows.

    >>> cross_entropy_backward(1.0, np.array([[0.0, 0.0]]), np.array([0]))[0]
    array([[-0.5,  0.5]])
    """
    check_reduction(reduction)
    (x, weight), _ = operands(x=x, weight=weight)
    target, soft = _check_cross_entropy(x, target, weight, ignore_index, label_smoothing)
    axis = _class_axis(x)
    rows = x.shape[:axis] + x.shape[axis + 1 :]
    m, k, e, r = _exponentials(wide(x), axis)
    if _confident.is_delicate(x, target, weight, m):
        return _confident_gradients(grad_output, x, target, weight, ignore_index, label_smoothing, reduction)
    if not (soft or label_smoothing):
        return _label_gradient(grad_output, x, target, weight, ignore_index, reduction, (k, e, r)), None, None
    q, divisor = _coefficients(x, target, weight, ignore_index, label_smoothing, reduction)
    c = np.expand_dims(np.broadcast_to(cotangent(grad_output, rows, reduction, divisor), rows), axis)
    p = e / (1.0 + r)
    others_p = _complement(p, k, axis, 1.0, r / (1.0 + r))
    np.put_along_axis(p, k, 1.0 / (1.0 + r), axis)
    dx = c * (p * _others(q, axis) - q * others_p)
    if not soft:
        return rounded(np.where(np.expand_dims(target != ignore_index, axis), dx, 0.0), _dtype(x)), None, None
    nlp, shrunk = _minus_log(wide(x), m, r), 0
    if not np.isfinite(nlp).all():
        nlp, shrunk = _minus_log(wide(x), m, r, 2.0**-SHRINK), SHRINK
    dt = balanced(c, nlp, (1.0 - label_smoothing) * _column(weight, x, axis), exponent=shrunk)
    dw = None
    if weight is not None:
        q = wide(target) * (1.0 - label_smoothing) + label_smoothing / x.shape[axis]
        rest = tuple(i for i in range(x.ndim) if i != axis)
        dw = rounded(np.ldexp(pairwise_sum(product(c * q, nlp), rest), shrunk), _dtype(weight))
    return rounded(dx, _dtype(x)), rounded(dt, target.dtype), dw


def _label_gradient(grad_output, x, target, weight, ignore_index, reduction, exponentials):
    """dx_j = c w_t p_j at j != t, and at t minus the sum of the other probabilities."""
    axis = _class_axis(x)
    k, p, r = exponentials
    label, kept, w, _ = _labels(x, target, weight, ignore_index, reduction)
    c = np.expand_dims(np.where(kept, cotangent(grad_output, kept.shape, reduction, pairwise_sum(w)) * w, 0.0), axis)
    p /= 1.0 + r
    np.put_along_axis(p, k, 1.0 / (1.0 + r), axis)
    others = np.where(label == k, r / (1.0 + r), 1.0 - np.take_along_axis(p, label, axis))
    np.put_along_axis(p, label, -others, axis)
    p *= c
    if not kept.all():
        p = np.where(np.expand_dims(kept, axis), p, 0.0)
    return rounded(p, _dtype(x))


def _confident_rows(x, target, weight, ignore_index, label_smoothing):
    """The rows with labels made probabilities, and the array whose sum divides the mean."""
    axis = _class_axis(x)
    column, share = _column(weight, x, axis), label_smoothing / x.shape[axis]
    if is_float(target.dtype):
        rows = _confident.Rows(x, wide(target) * (1.0 - label_smoothing) + share, column, True, axis)
        return rows, np.float64(x.size // x.shape[axis])
    label, kept, w, _ = _labels(x, target, weight, ignore_index, "sum")
    shares = np.full(x.shape, share)
    np.put_along_axis(shares, label, 1.0 - label_smoothing + share, axis)
    return _confident.Rows(x, shares, column, np.expand_dims(kept, axis), axis), w


def _confident_gradients(grad_output, x, target, weight, ignore_index, label_smoothing, reduction):
    rows, divisor = _confident_rows(x, target, weight, ignore_index, label_smoothing)
    shape = x.shape[: rows.axis] + x.shape[rows.axis + 1 :]
    dy = np.expand_dims(np.broadcast_to(cotangent(grad_output, shape, reduction, 1), shape), rows.axis)
    dx, dt, dw = _confident.slopes(rows, dy, divisor if reduction == "mean" else None, _others)
    if not is_float(target.dtype):
        return dx, None, None
    dt = rounded(value(dt * (1.0 - label_smoothing)), target.dtype)
    return dx, dt, None if weight is None else rounded(dw, _dtype(weight))


def _others(q, axis):
    """sum over c != j of q_c, for every j, without cancellation at the largest q_j."""
    k = np.expand_dims(np.argmax(q, axis), axis)
    rest = np.array(q)
    np.put_along_axis(rest, k, 0.0, axis)
    others = row_sum(rest, axis, keepdims=True)
    return _complement(q, k, axis, others + np.take_along_axis(q, k, axis), others)


def _dtype(a):
    return a.dtype if is_float(a.dtype) else np.dtype(np.float64)
