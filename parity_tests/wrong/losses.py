"""Losses that look right and are not: each must turn the suite red."""

from __future__ import annotations

import numpy as np

from npimpl import losses
from parity_tests.candidates import SUBGRADIENT, SURPLUS_GRADIENT, Candidate


# -- what the wrong ones share -----------------------------------------------------------------------------------------
def _wide(*arrays):
    return [None if a is None else np.asarray(a).astype(np.float64) for a in arrays]


@np.errstate(all="ignore")
def _reduce(e, reduction, like, n=None):
    if reduction != "none":
        e = np.sum(e) / (1 if reduction == "sum" else np.float64(np.size(e) if n is None else n))
    return np.asarray(e).astype(like.dtype)


def elementwise(element, arrays: int):
    """A loss of `arrays` arrays (the rest of its arguments are options) from the loss of one element."""

    @np.errstate(all="ignore")
    def forward(*args, reduction="mean", **options):
        return _reduce(element(*_wide(*args[:arrays], *[None] * (arrays - len(args))), **options), reduction, args[0])

    return forward


def _count(x, reduction):
    return np.size(x) if reduction == "mean" else 1


def tampered(backward, change):
    """Our gradient, changed."""

    @np.errstate(all="ignore")
    def wrong(grad_output, *args, **options):
        return change(backward(grad_output, *args, **options), grad_output, *args, **options)

    return wrong


def _times(w, e):
    return e if w is None else w * e


def softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


# -- regression --------------------------------------------------------------------------------------------------------
def mse_half(x, target, weight=None, reduction="mean"):
    return (0.5 * losses.mse_loss(x, target, weight, reduction=reduction)).astype(x.dtype)


def mse_mutates(x, target, weight=None, reduction="mean"):
    y = losses.mse_loss(x, target, weight, reduction=reduction)
    x -= target
    return y


def mse_float64(x, target, weight=None, reduction="mean"):
    return losses.mse_loss(x, target, weight, reduction=reduction).astype(np.float64)


def mse_blind_backward(grad_output, x, target, weight=None, reduction="mean"):
    return losses.mse_loss_backward(np.ones_like(grad_output), x, target, weight, reduction=reduction)


@np.errstate(all="ignore")
def l1_divides_by_n(x, target, weight=None, reduction="mean"):
    x64, t, w = _wide(x, target, weight)
    return _reduce(_times(w, np.abs(x64 - t)), reduction, x)


@np.errstate(all="ignore")
def l1_slope_one_at_zero(grad_output, x, target, weight=None, reduction="mean"):
    dx, dt, dw = losses.l1_loss_backward(grad_output, x, target, weight, reduction=reduction)
    tie = x == target
    other = np.asarray(grad_output / _count(x, reduction)).astype(x.dtype)
    return np.where(tie, other, dx).astype(x.dtype), np.where(tie, -other, dt).astype(x.dtype), dw


def smooth_l1_as_huber(x, target, reduction="mean", beta=1.0):
    return losses.huber_loss(x, target, reduction=reduction, delta=beta or 1.0)


def smooth_l1_unlimited(grads, grad_output, x, target, reduction="mean", beta=1.0):
    dx = np.asarray(grad_output * (x - target) / (beta or 1.0) / _count(x - target, reduction)).astype(x.dtype)
    return (dx, -dx) if dx.shape == x.shape == target.shape else grads


def huber_as_smooth_l1(x, target, weight=None, reduction="mean", delta=1.0):
    d = np.abs(x.astype(np.float64) - target)
    e = np.where(d <= delta, d * d / (2 * delta), d - 0.5 * delta)
    return _reduce(_times(weight, e), reduction, x)


@np.errstate(all="ignore")
def huber_divides_by_weights(x, target, weight=None, reduction="mean", delta=1.0):
    total = None if weight is None else np.sum(weight, dtype=np.float64)
    d = np.abs(x.astype(np.float64) - target)
    return _reduce(_times(weight, np.where(d <= delta, d * d / 2, delta * (d - delta / 2))), reduction, x, total)


# -- yes or no ---------------------------------------------------------------------------------------------------------
def bce_clipped(x, t, w):
    p = np.clip(x, 1e-7, 1 - 1e-7)
    return _times(w, -(t * np.log(p) + (1 - t) * np.log(1 - p)))


@np.errstate(all="ignore")
def bce_unguarded(grads, grad_output, x, target, weight=None, reduction="mean"):
    p, t, w = _wide(x, target, weight)
    return (_times(w, grad_output / _count(x, reduction) * (p - t) / (p * (1 - p)))).astype(x.dtype), *grads[1:]


def bce_logits_by_sigmoid(x, t, w, p):
    s = 1 / (1 + np.exp(-x))
    return _times(w, -(_times(p, t * np.log(s)) + (1 - t) * np.log(1 - s)))


def bce_logits_weighs_both(x, t, w, p):
    return _times(w, _times(p, t * softplus(-x) + (1 - t) * softplus(x)))


def bce_logits_forgets_pos_weight(grad_output, x, target, weight=None, pos_weight=None, reduction="mean"):
    return losses.binary_cross_entropy_with_logits_backward(grad_output, x, target, weight, reduction=reduction)


def soft_margin_without_log1p(x, y):
    return np.log(1 + np.exp(-np.abs(x))) + np.maximum(-y * x, 0)


def soft_margin_with_label_gradient(grads, grad_output, x, target, reduction="mean"):
    return grads[0], np.zeros_like(target)


def multilabel_soft_sums(x, target, weight=None, reduction="mean"):
    return np.asarray(losses.multilabel_soft_margin_loss(x, target, weight, reduction=reduction) * x.shape[-1]).astype(x.dtype)


def multilabel_soft_weighs_after(x, target, weight=None, reduction="mean"):
    y = losses.multilabel_soft_margin_loss(x, target, reduction=reduction)
    return np.asarray(y if weight is None else y * np.mean(weight, dtype=np.float64)).astype(x.dtype)


# -- one of C ----------------------------------------------------------------------------------------------------------
def _counted(target, ignore_index):
    return max(int(np.sum(target != ignore_index)), 1)


def nll_divides_by_count(x, target, weight=None, ignore_index=-100, reduction="mean"):
    y = losses.nll_loss(x, target, weight, ignore_index=ignore_index, reduction="sum" if reduction == "mean" else reduction)
    return np.asarray(y / _counted(target, ignore_index)).astype(x.dtype) if reduction == "mean" else y


def nll_ignores_nothing(x, target, weight=None, ignore_index=-100, reduction="mean"):
    return losses.nll_loss(x, target, weight, reduction=reduction)


def nll_positive_gradient(grads, *args, **options):
    return -grads[0], None, None


def _log_softmax(x, shift):
    axis = 0 if x.ndim == 1 else 1
    z = x.astype(np.float64)
    z = z - z.max(axis, keepdims=True) if shift else z
    e = np.exp(z)
    return np.log(e / e.sum(axis, keepdims=True)), axis


@np.errstate(all="ignore")
def _ce_from(logp, axis, x, target, weight, ignore_index, label_smoothing, reduction):
    y = losses.nll_loss(logp, target, weight, ignore_index=ignore_index, reduction=reduction)
    if label_smoothing:
        w = 1.0 if weight is None else weight.astype(np.float64).reshape((-1,) + (1,) * (x.ndim - axis - 1))
        kept = target != ignore_index
        s = np.where(kept, -(w * logp).mean(axis), 0)
        total = np.sum(kept if weight is None else np.where(kept, weight[np.where(kept, target, 0)], 0), dtype=np.float64)
        y = (1 - label_smoothing) * y + label_smoothing * _reduce(s, reduction, s, total)
    return np.asarray(y).astype(x.dtype)


@np.errstate(all="ignore")
def ce_unshifted(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    return _ce_from(*_log_softmax(x, False), x, target, weight, ignore_index, label_smoothing, reduction)


@np.errstate(all="ignore")
def ce_log_of_softmax(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    return _ce_from(*_log_softmax(x, True), x, target, weight, ignore_index, label_smoothing, reduction)


def ce_forgets_smoothing(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    return losses.cross_entropy(x, target, weight, ignore_index=ignore_index, reduction=reduction)


def ce_blind_backward(grad_output, x, target, weight=None, **options):
    return losses.cross_entropy_backward(np.ones_like(grad_output), x, target, weight, **options)


def ce_sum_gradient(grad_output, x, target, weight=None, reduction="mean", **options):
    if reduction == "none":
        return losses.cross_entropy_backward(grad_output, x, target, weight, reduction="none", **options)
    return losses.cross_entropy_backward(grad_output, x, target, weight, reduction="sum", **options)


def soft_ce_by_argmax(x, target, weight=None, label_smoothing=0.0, reduction="mean"):
    axis = 0 if x.ndim == 1 else 1
    return losses.cross_entropy(x, np.argmax(target, axis), weight, label_smoothing=label_smoothing, reduction=reduction)


@np.errstate(all="ignore")
def soft_ce_divides_by_elements(x, target, weight=None, label_smoothing=0.0, reduction="mean"):
    y = losses.cross_entropy(x, target, weight, label_smoothing=label_smoothing, reduction=reduction)
    return np.asarray(y / x.shape[0 if x.ndim == 1 else 1]).astype(x.dtype) if reduction == "mean" else y


def soft_ce_no_target_gradient(grads, *args, **options):
    return grads[0], np.zeros_like(grads[1]), grads[2]


# -- likelihoods -------------------------------------------------------------------------------------------------------
@np.errstate(all="ignore")
def kl_mean_over_batch(x, target, log_target=False, reduction="mean"):
    reduction = {"mean": "batchmean", "batchmean": "mean"}.get(reduction, reduction)
    return losses.kl_div(x, target, log_target=log_target, reduction=reduction)


@np.errstate(all="ignore")
def kl_without_zero_rule(x, target, log_target=False, reduction="mean"):
    x64, t = _wide(x, target)
    e = np.exp(t) * (t - x64) if log_target else t * np.log(t) - t * x64
    return _reduce(e, "mean" if reduction == "batchmean" else reduction, x, x.shape[0] if reduction == "batchmean" else None)


def kl_target_gradient_without_one(grads, grad_output, x, target, log_target=False, reduction="mean"):
    n = {"mean": max(x.size, 1), "batchmean": max(len(x) if x.ndim else 1, 1)}.get(reduction, 1)
    p = np.exp(target.astype(np.float64)) if log_target else 1.0
    return grads[0], np.asarray(grads[1] - grad_output / n * p).astype(target.dtype)


def poisson_eps_outside(x, t, log_input=True, full=False, eps=1e-8):
    e = np.exp(x) - t * x if log_input else x - t * (np.log(x) + eps)
    return e + np.where(t > 1, t * np.log(t) - t + 0.5 * np.log(2 * np.pi * t), 0) if full else e


def poisson_stirling_everywhere(x, t, log_input=True, full=False, eps=1e-8):
    e = np.exp(x) - t * x if log_input else x - t * np.log(x + eps)
    return e + (t * np.log(t) - t + 0.5 * np.log(2 * np.pi * t)) if full else e


def poisson_forgets_exp(grads, grad_output, x, target, **options):
    return grads[1], grads[0]


def _variance(x, var):
    return var[..., None] if var.shape != x.shape and var.shape == x.shape[:-1] else var


def gaussian_adds_eps(x, t, var, full=False, eps=1e-6):
    v = _variance(x, var) + eps
    return 0.5 * (np.log(v) + (x - t) ** 2 / v) + (0.5 * np.log(2 * np.pi) if full else 0)


def gaussian_whole_constant(x, t, var, full=False, eps=1e-6):
    v = np.maximum(_variance(x, var), eps)
    return 0.5 * (np.log(v) + (x - t) ** 2 / v) + (np.log(2 * np.pi) if full else 0)


def gaussian_dead_variance(grads, grad_output, x, target, var, full=False, eps=1e-6, reduction="mean"):
    return grads[0], grads[1], np.where(var < eps, 0, grads[2]).astype(var.dtype)


# -- hinges ------------------------------------------------------------------------------------------------------------
def hinge_embedding_flipped(x, y, margin=1.0):
    return np.where(y > 0, x, np.maximum(0, x - margin))


def hinge_embedding_open_edge(grads, grad_output, x, target, margin=1.0, reduction="mean"):
    return np.where((target < 0) & (x == margin), 0, grads[0]).astype(x.dtype), None


def ranking_flipped(a, b, y, margin=0.0):
    return np.maximum(0, y * (a - b) + margin)


def ranking_swallows_nan(a, b, y, margin=0.0):
    return np.fmax(0, -y * (a - b) + margin)


def ranking_same_sign(grads, *args, **options):
    return grads[0], grads[0], grads[2]


def multi_margin_with_label(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    w = 1.0 if weight is None else weight[target].astype(np.float64)
    extra = np.broadcast_to(w * np.float64(max(margin, 0)) ** p / x.shape[-1], target.shape)
    y = losses.multi_margin_loss(x, target, weight, p=p, margin=margin, reduction=reduction)
    return np.asarray(y + _reduce(extra, reduction, extra)).astype(x.dtype)


@np.errstate(all="ignore")
def multi_margin_without_label_in_mean(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    c = x.shape[-1]
    y = losses.multi_margin_loss(x, target, weight, p=p, margin=margin, reduction=reduction)
    return np.asarray(y * (c / (c - 1))).astype(x.dtype)


def multi_margin_no_pull(grads, grad_output, x, target, *args, **options):
    dx = grads[0].reshape(*target.shape, x.shape[-1]).copy()
    np.put_along_axis(dx, target[..., None], 0, -1)
    return dx.reshape(x.shape), None, None


def multilabel_reads_on(x, target, reduction="mean"):
    order = np.argsort(target < 0, axis=-1, kind="stable")
    return losses.multilabel_margin_loss(x, np.take_along_axis(target, order, -1), reduction=reduction)


def multilabel_sums_classes(x, target, reduction="mean"):
    return (losses.multilabel_margin_loss(x, target, reduction=reduction) * x.shape[-1]).astype(x.dtype)


def multilabel_doubled(grads, *args, **options):
    return 2 * grads[0], None


# -- angles and distances ----------------------------------------------------------------------------------------------
@np.errstate(all="ignore")
def cosine_without_eps(input1, input2, target, margin=0.0, reduction="mean"):
    a, b, y = _wide(input1, input2, target)
    cos = (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    return _reduce(np.where(y > 0, 1 - cos, np.maximum(cos - margin, 0)), reduction, input1)


def cosine_forgets_margin(input1, input2, target, margin=0.0, reduction="mean"):
    return losses.cosine_embedding_loss(input1, input2, target, reduction=reduction)


def cosine_swapped(grads, *args, **options):
    return grads[1], grads[0], None


def triplet_squared(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    a, x, n = _wide(anchor, positive, negative)
    z = margin + ((a - x + eps) ** 2).sum(-1) - ((a - n + eps) ** 2).sum(-1)
    return _reduce(np.maximum(z, 0), reduction, anchor)


def triplet_without_eps(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    return losses.triplet_margin_loss(anchor, positive, negative, margin=margin, p=p, eps=0.0, swap=swap, reduction=reduction)


def triplet_forgets_swap(grad_output, anchor, positive, negative, swap=False, **options):
    return losses.triplet_margin_loss_backward(grad_output, anchor, positive, negative, **options)


def _wrong(op: str, name: str, forward=None, backward=None, change=None, **within: str) -> Candidate:
    if change is not None:
        own = "cross_entropy" if op == "cross_entropy_probabilities" else op
        backward = tampered(getattr(losses, f"{own}_backward"), change)
    return Candidate(f"losses.{op}", name, forward, backward, **within)


WRONG = (
    _wrong("mse_loss", "half the square", mse_half),
    _wrong("mse_loss", "writes into x", mse_mutates),
    Candidate("losses.mse_loss", "returns float64", mse_float64, dtypes=("float32",)),
    _wrong("mse_loss", "takes the cotangent for one", backward=mse_blind_backward),
    _wrong("l1_loss", "weighted mean divided by n", l1_divides_by_n),
    _wrong("l1_loss", "slope 1 at 0", backward=l1_slope_one_at_zero),
    _wrong("smooth_l1_loss", "is the Huber loss", smooth_l1_as_huber),
    _wrong("smooth_l1_loss", "gradient not limited", change=smooth_l1_unlimited),
    _wrong("huber_loss", "is the smooth L1 loss", huber_as_smooth_l1),
    _wrong("huber_loss", "mean divided by the weights", huber_divides_by_weights),
    _wrong("binary_cross_entropy", "probability clipped at 1e-7", elementwise(bce_clipped, 3)),
    _wrong("binary_cross_entropy", "gradient without its floor", change=bce_unguarded),
    _wrong("binary_cross_entropy_with_logits", "log of the sigmoid", elementwise(bce_logits_by_sigmoid, 4)),
    _wrong("binary_cross_entropy_with_logits", "pos_weight on both terms", elementwise(bce_logits_weighs_both, 4)),
    _wrong("binary_cross_entropy_with_logits", "gradient forgets pos_weight", backward=bce_logits_forgets_pos_weight),
    _wrong("soft_margin_loss", "tail without log1p", elementwise(soft_margin_without_log1p, 2)),
    _wrong("soft_margin_loss", "gradient for the labels", change=soft_margin_with_label_gradient, **SURPLUS_GRADIENT),
    _wrong("multilabel_soft_margin_loss", "sum over the classes", multilabel_soft_sums),
    _wrong("multilabel_soft_margin_loss", "mean weight after the mean", multilabel_soft_weighs_after),
    _wrong("nll_loss", "weighted mean divided by the count", nll_divides_by_count),
    _wrong("nll_loss", "ignores ignore_index", nll_ignores_nothing),
    _wrong("nll_loss", "gradient of the wrong sign", change=nll_positive_gradient),
    _wrong("cross_entropy", "exponentials not shifted", ce_unshifted),
    _wrong("cross_entropy", "log of the rounded softmax", ce_log_of_softmax),
    _wrong("cross_entropy", "forgets label smoothing", ce_forgets_smoothing),
    _wrong("cross_entropy", "takes the cotangent for one", backward=ce_blind_backward),
    _wrong("cross_entropy", "gradient of the sum for the mean", backward=ce_sum_gradient),
    _wrong("cross_entropy_probabilities", "the most probable class only", soft_ce_by_argmax),
    _wrong("cross_entropy_probabilities", "mean over all elements", soft_ce_divides_by_elements),
    _wrong("cross_entropy_probabilities", "no gradient for the target", change=soft_ce_no_target_gradient),
    _wrong("kl_div", "mean and batchmean exchanged", kl_mean_over_batch),
    _wrong("kl_div", "0 log 0 is nan", kl_without_zero_rule),
    _wrong("kl_div", "target gradient without its 1", change=kl_target_gradient_without_one),
    _wrong("poisson_nll_loss", "eps outside the logarithm", elementwise(poisson_eps_outside, 2)),
    _wrong("poisson_nll_loss", "Stirling's formula below one too", elementwise(poisson_stirling_everywhere, 2)),
    _wrong("poisson_nll_loss", "gradients exchanged", change=poisson_forgets_exp),
    _wrong("gaussian_nll_loss", "eps added to the variance", elementwise(gaussian_adds_eps, 3)),
    _wrong("gaussian_nll_loss", "constant not halved", elementwise(gaussian_whole_constant, 3)),
    _wrong("gaussian_nll_loss", "no gradient below eps", change=gaussian_dead_variance),
    _wrong("hinge_embedding_loss", "hinge on the wrong side", elementwise(hinge_embedding_flipped, 2)),
    _wrong("hinge_embedding_loss", "no slope at the edge", change=hinge_embedding_open_edge, **SUBGRADIENT),
    _wrong("margin_ranking_loss", "label of the wrong sign", elementwise(ranking_flipped, 3)),
    _wrong("margin_ranking_loss", "nan counts as zero", elementwise(ranking_swallows_nan, 3)),
    _wrong("margin_ranking_loss", "same gradient for both", change=ranking_same_sign),
    _wrong("multi_margin_loss", "counts the label itself", multi_margin_with_label),
    _wrong("multi_margin_loss", "divided by C - 1", multi_margin_without_label_in_mean),
    _wrong("multi_margin_loss", "label gets no gradient", change=multi_margin_no_pull),
    _wrong("multilabel_margin_loss", "reads past the first -1", multilabel_reads_on),
    _wrong("multilabel_margin_loss", "not divided by C", multilabel_sums_classes),
    _wrong("multilabel_margin_loss", "gradient doubled", change=multilabel_doubled),
    _wrong("cosine_embedding_loss", "no eps for zero vectors", cosine_without_eps),
    _wrong("cosine_embedding_loss", "forgets the margin", cosine_forgets_margin),
    _wrong("cosine_embedding_loss", "gradients exchanged", change=cosine_swapped),
    _wrong("triplet_margin_loss", "squared distances", triplet_squared),
    _wrong("triplet_margin_loss", "forgets eps", triplet_without_eps),
    _wrong("triplet_margin_loss", "gradient forgets swap", backward=triplet_forgets_swap),
)
