"""Hinges: losses that are zero once a score is right by a margin."""

from __future__ import annotations

import numpy as np

from npimpl._axes import broadcast_shape
from npimpl._precision import is_float, rounded
from npimpl.losses._numerics import accurate_sum, difference, passed_on
from npimpl.losses._reduction import (
    check_reduction,
    cotangent,
    gradients,
    homogeneous,
    operands,
    pointwise,
    reduced,
    require,
    row_sum,
    wide,
)

__all__ = [
    "hinge_embedding_loss",
    "hinge_embedding_loss_backward",
    "margin_ranking_loss",
    "margin_ranking_loss_backward",
    "multi_margin_loss",
    "multi_margin_loss_backward",
    "multilabel_margin_loss",
    "multilabel_margin_loss_backward",
]


def _hinge(z):
    return np.maximum(z, 0.0)


def _check_signs(y):
    require(((y == 1) | (y == -1)).all(), "`target` has entries other than -1 and 1; map the labels to -1 and 1 first.")


@np.errstate(all="ignore")
def hinge_embedding_loss(x, target, margin=1.0, reduction="mean"):
    """Loss of a distance x between two things that belong together (y = 1) or do not (y = -1).

    l_i = x_i if y_i = 1;  max(0, margin - x_i) if y_i = -1.

    One subtraction, rounded once: each loss is right to half a unit in the last place of float64.

    Shapes: x, y broadcast together; the result is 0-d, or has the broadcast shape for "none"; dtype of x.
    Special values: y = -1 with x = inf costs 0, with x = -inf inf; the mean of nothing is nan.
    Raises ValueError for labels other than -1 and 1, an unknown reduction, or shapes that do not broadcast.

    >>> hinge_embedding_loss(np.array([0.5, 0.25, 3.0]), np.array([1, -1, -1]), reduction="none")
    array([0.5 , 0.75, 0.  ])
    """
    check_reduction(reduction)
    arrays, dtype = operands(x=x, target=target)
    _check_signs(arrays[1])

    def kernel(x, margin, y):
        return np.where(y > 0, x, _hinge(margin - x))

    arrays = [arrays[0], np.float64(margin), arrays[1]]
    return pointwise(kernel, arrays, dtype, reduction, shrunk=homogeneous(kernel, 2, 1))


@np.errstate(all="ignore")
def hinge_embedding_loss_backward(grad_output, x, target, margin=1.0, reduction="mean"):
    """Gradient of `hinge_embedding_loss` for x (none for the labels).

    dl/dx = 1 for y = 1; for y = -1 it is -1 where margin - x >= 0 (the edge included) and 0 elsewhere.
    With c = dy/n: dx = c dl/dx.

    >>> hinge_embedding_loss_backward(1.0, np.array([0.5, 0.25, 3.0]), np.array([1, -1, -1]), reduction="sum")[0]
    array([ 1., -1., -0.])
    """
    check_reduction(reduction)
    arrays, _ = operands(x=x, target=target)
    _check_signs(arrays[1])

    def kernel(dy, x, y):
        return (dy * np.where(y > 0, 1.0, -np.heaviside(margin - x, 1.0)),)

    return gradients(kernel, cotangent(grad_output, broadcast_shape(*arrays), reduction), arrays)


@np.errstate(all="ignore")
def margin_ranking_loss(input1, input2, target, margin=0.0, reduction="mean"):
    """Loss of a pair of scores of which the first should be higher (y = 1) or lower (y = -1) by a margin.

    l_i = max(0, -y_i (a_i - b_i) + margin),  a = input1, b = input2.

    The argument of the hinge is summed as if in twice the precision, because the gradient jumps where it changes sign.

    Shapes: a, b, y broadcast together; the result is 0-d, or has the broadcast shape for "none"; dtype of the arguments.
    Special values: inf - inf gives nan; the mean of nothing is nan.
    Raises ValueError for an unknown reduction or shapes that do not broadcast.

    >>> margin_ranking_loss(np.array([1.0, 1.0]), np.array([0.0, 3.0]), np.array([1, 1]), margin=0.5, reduction="none")
    array([0. , 2.5])
    """
    check_reduction(reduction)
    arrays, dtype = operands(input1=input1, input2=input2, target=target)

    def kernel(a, b, margin, y):
        return _hinge(accurate_sum(margin, -y * a, y * b))

    arrays = [*arrays[:2], np.float64(margin), arrays[2]]
    return pointwise(kernel, arrays, dtype, reduction, shrunk=homogeneous(kernel, 3, 1))


@np.errstate(all="ignore")
def margin_ranking_loss_backward(grad_output, input1, input2, target, margin=0.0, reduction="mean"):
    """Gradients of `margin_ranking_loss` for input1, input2 and target.

    With h = [margin - y (a - b) >= 0] (the edge included): dl/da = -h y, dl/db = h y, dl/dy = -h (a - b).
    With c = dy/n each is multiplied by c.

    >>> margin_ranking_loss_backward(1.0, np.array([1.0, 1.0]), np.array([0.0, 3.0]), np.array([1.0, 1.0]))[0]
    array([-0. , -0.5])
    """
    check_reduction(reduction)
    arrays, _ = operands(input1=input1, input2=input2, target=target)

    def kernel(dy, a, b, y):
        c = dy * np.heaviside(accurate_sum(margin, -y * a, y * b), 1.0)
        return -c * y, c * y, np.where(c == 0, 0.0, -difference(c, a, b))

    return gradients(kernel, cotangent(grad_output, broadcast_shape(*arrays), reduction), arrays)


# -- hinges over classes -------------------------------------------------------------------------------------------------


def _multi_margin_operands(x, target, p, weight):
    (x, weight), dtype = operands(x=x, weight=weight)
    target = np.asarray(target)
    require(p in (1, 2), f"`p` is {p}, but must be 1 or 2.")
    require(x.ndim in (1, 2) and x.shape[-1] > 0, f"`x` has shape {x.shape}, but must have shape (C,) or (N, C) with C >= 1.")
    shape, classes = x.shape[:-1], x.shape[-1]
    if target.dtype.kind not in "iu":
        raise TypeError(f"`target` has dtype {target.dtype}, but must hold integer class indices.")
    fits = target.shape == shape or (not shape and target.shape == (1,))
    require(fits, f"`target` has shape {target.shape}, but must have shape {shape}: one class for each row of `x`.")
    x, label = x.reshape(*target.shape, classes), target
    inside = (label >= 0) & (label < classes)
    require(inside.all(), f"`target` holds {label[~inside].ravel()[:1]}, but must be 0 to {classes - 1}.")
    fits = weight is None or weight.shape == (classes,)
    require(fits, f"`weight` has shape {None if fits else weight.shape}, but must have shape ({classes},): one for each class.")
    w = np.float64(1.0) if weight is None else wide(weight)[label]
    return x, label.astype(np.intp)[..., None], w, dtype


def _class_margins(x, label, margin):
    """z_c = margin - x_t + x_c, with -inf (no loss) at the label itself."""
    z = accurate_sum(margin, -np.take_along_axis(x, label, -1), x)
    np.put_along_axis(z, label, -np.inf, -1)
    return z


@np.errstate(all="ignore")
def multi_margin_loss(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    """Hinge loss of several classes: every wrong class should score lower than the right one by a margin.

    l_n = (1/C) sum over c != t_n of w_{t_n} max(0, margin - x_{n, t_n} + x_{n, c})^p.

    The arguments of the hinges are summed as if in twice the precision, because the gradient jumps where they change sign.

    Shapes: x (N, C) or (C,); target (N,), or 0-d or (1,), integers; w (C,); the losses have the shape of the target.
    Special values: nan in a row makes its loss nan; the mean of nothing is nan.
    Raises TypeError for labels that are not integers; ValueError for labels out of range, p other than 1 and 2, or shapes
    that do not fit.
    Source: Crammer & Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines (2001).

    >>> float(multi_margin_loss(np.array([[0.5, 0.25, 2.0]]), np.array([2]), margin=2.0).round(6))
    0.25
    """
    check_reduction(reduction)
    x, label, w, dtype = _multi_margin_operands(x, target, p, weight)

    def rows(x, margin):
        h = _hinge(_class_margins(x, label, margin))
        return w * row_sum(h if p == 1 else h * h) / x.shape[-1]

    x, margin = wide(x), np.float64(margin)
    return reduced(rows(x, margin), reduction, dtype, shrunk=lambda: homogeneous(rows, 2, p)(x, margin))


@np.errstate(all="ignore")
def multi_margin_loss_backward(grad_output, x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    """Gradient of `multi_margin_loss` for x (none for the labels and the weight).

    With z_c = margin - x_t + x_c: dl/dx_c = s_c = (w_t / C) p max(0, z_c)^(p-1) [z_c > 0] for c != t (0 at the edge),
    and dl/dx_t = -sum_c s_c.  With c_n = dy_n, or dy/N: dx_nc = c_n dl_n/dx_nc.

    >>> multi_margin_loss_backward(1.0, np.array([[0.5, 0.25, 2.0]]), np.array([2]), margin=1.75)[0].round(4)
    array([[ 0.3333,  0.    , -0.3333]])
    """
    check_reduction(reduction)
    given = np.shape(x)
    x, label, w, _ = _multi_margin_operands(x, target, p, weight)
    shape = x.shape[:-1]
    c = np.broadcast_to(cotangent(grad_output, shape, reduction), shape) * w / x.shape[-1]
    z = _class_margins(wide(x), label, margin)
    dx = c[..., None] * (np.heaviside(z, 0.0) if p == 1 else 2.0 * _hinge(z))
    dx = passed_on(1.0, np.expand_dims(w, -1), dx)
    np.put_along_axis(dx, label, 0.0, -1)
    np.put_along_axis(dx, label, -row_sum(dx, keepdims=True), -1)
    return rounded(dx.reshape(given), x.dtype if is_float(x.dtype) else np.dtype(np.float64)), None, None


def _multilabel_operands(x, target):
    """x, the labels, which of them count (those before the first -1), and which classes are labels."""
    (x,), dtype = operands(x=x)
    target = np.asarray(target)
    require(x.ndim in (1, 2) and x.shape[-1] > 0, f"`x` has shape {x.shape}, but must have shape (C,) or (N, C) with C >= 1.")
    if target.dtype.kind != "i":
        raise TypeError(f"`target` has dtype {target.dtype}, but must hold signed integer class indices, -1 at the end.")
    require(target.shape == x.shape, f"`target` has shape {target.shape}, but must have the shape {x.shape} of `x`.")
    inside = (target >= -1) & (target < x.shape[-1])
    require(inside.all(), f"`target` holds {target[~inside][:1]}, but must be -1 to {x.shape[-1] - 1}.")
    counts = np.logical_and.accumulate(target >= 0, axis=-1)
    label = np.where(counts, target, 0).astype(np.intp)
    positive = np.zeros((*x.shape[:-1], x.shape[-1] + 1), bool)
    np.put_along_axis(positive, np.where(counts, label, x.shape[-1]), True, -1)
    return x, label, counts, positive[..., :-1], dtype


def _label_margins(x, label, counts, positive, margin):
    """For each position k of the label lists: z_c = margin - x_{t_k} + x_c, -inf where the pair does not count."""
    for k in range(int(counts.sum(-1).max(initial=0))):
        here = slice(k, k + 1)
        z = accurate_sum(margin, -np.take_along_axis(x, label[..., here], -1), x)
        yield label[..., here], np.where(positive | ~counts[..., here], -np.inf, z)


@np.errstate(all="ignore")
def multilabel_margin_loss(x, target, reduction="mean"):
    """Hinge loss of several right classes: each should score higher than every wrong one by 1.

    l_n = (1/C) sum over labels j and classes i that are no label of max(0, 1 - x_nj + x_ni).
    The labels of row n are the entries of target_n before its first -1; a label listed twice counts twice.

    The arguments of the hinges are summed as if in twice the precision, because the gradient jumps where they change sign.

    Shapes: x (N, C) or (C,); target of the same shape, integers; the losses have shape (N,) or are 0-d.
    Special values: nan in a pair that counts gives nan; a row without labels costs 0; the mean of nothing is nan.
    Raises TypeError for labels that are not integers; ValueError for labels out of range or shapes that do not fit.

    >>> float(multilabel_margin_loss(np.array([[0.5, 0.25, 2.0, 1.0]]), np.array([[2, 0, -1, 1]])))
    0.5625
    """
    check_reduction(reduction)
    x, label, counts, positive, dtype = _multilabel_operands(x, target)

    def rows(x, margin):
        total = np.zeros(x.shape[:-1])
        for _, z in _label_margins(x, label, counts, positive, margin):
            total = total + row_sum(_hinge(z))
        return total / x.shape[-1]

    x, margin = wide(x), np.float64(1.0)
    return reduced(rows(x, margin), reduction, dtype, shrunk=lambda: homogeneous(rows, 2, 1)(x, margin))


@np.errstate(all="ignore")
def multilabel_margin_loss_backward(grad_output, x, target, reduction="mean"):
    """Gradient of `multilabel_margin_loss` for x (none for the labels).

    For a label j and another class i with 1 - x_j + x_i > 0 (the edge excluded), dl/dx_i gains 1/C and dl/dx_j loses 1/C.
    With c_n = dy_n, or dy/N: dx_nc = c_n dl_n/dx_nc.

    >>> multilabel_margin_loss_backward(1.0, np.array([[0.5, 0.25, 2.0, 1.0]]), np.array([[2, 0, -1, 1]]))[0]
    array([[-0.5 ,  0.25,  0.  ,  0.25]])
    """
    check_reduction(reduction)
    x, label, counts, positive, _ = _multilabel_operands(x, target)
    slope = np.zeros(x.shape)
    for j, z in _label_margins(wide(x), label, counts, positive, 1.0):
        h = np.heaviside(z, 0.0)
        slope += h
        here = np.take_along_axis(slope, j, -1) - row_sum(h, keepdims=True)
        np.put_along_axis(slope, j, here, -1)
    shape = x.shape[:-1]
    c = np.broadcast_to(cotangent(grad_output, shape, reduction), shape) / x.shape[-1]
    return rounded(c[..., None] * slope, x.dtype if is_float(x.dtype) else np.dtype(np.float64)), None
