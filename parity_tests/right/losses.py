"""Losses in other styles that are right: none of them may be called wrong."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit, log_expit

from parity_tests.candidates import Candidate


def _total(e, reduction, like, n=None):
    """Sums by `math.fsum` (exactly rounded), or as they are."""
    if reduction == "none":
        return np.asarray(e).astype(like.dtype)
    flat = np.ravel(e).tolist()
    n = len(flat) if n is None else n
    try:
        y = math.fsum(flat) if reduction == "sum" else math.fsum(v * 2.0**-64 for v in flat) / n * 2.0**64 if n else math.nan
    except (OverflowError, ValueError):
        y = float(np.sum(e))
    return np.asarray(y).astype(like.dtype)


@np.errstate(all="ignore")
def smooth_l1_upcast(x, target, reduction="mean", beta=1.0):
    d = np.abs(np.subtract(x, target, dtype=np.float64))
    inside = d < beta
    e = np.where(inside, d / 2 * np.where(inside, d / beta if beta else 0, 0), d - beta / 2)
    return _total(e, reduction, x)


@np.errstate(all="ignore")
def soft_margin_logaddexp(x, target, reduction="mean"):
    return _total(np.logaddexp(0.0, -(target * x).astype(np.float64)), reduction, x)


@np.errstate(all="ignore")
def soft_margin_expit(grad_output, x, target, reduction="mean"):
    n = np.float64(x.size if reduction == "mean" else 1)
    y = target.astype(np.float64)
    return (np.float64(1) * grad_output / n * -y * expit(-y * x)).astype(x.dtype), None


@np.errstate(all="ignore")
def hinge_embedding_masks(x, target, margin=1.0, reduction="mean"):
    e = x.astype(np.float64)
    far = target == -1
    e = np.where(far, np.maximum(margin - e, 0), e)
    return _total(e, reduction, x)


@np.errstate(all="ignore")
def nll_loop(x, target, weight=None, ignore_index=-100, reduction="mean"):
    rows = x.reshape(1, -1, 1) if x.ndim == 1 else x.reshape(len(x), x.shape[1], math.prod(x.shape[2:]))
    labels = np.reshape(target, (rows.shape[0], rows.shape[2]))
    w = np.ones(rows.shape[1]) if weight is None else weight.astype(np.float64)
    e, total = np.zeros(labels.shape), []
    for i, j in np.ndindex(labels.shape):
        t = labels[i, j]
        if t != ignore_index:
            e[i, j] = -w[t] * np.float64(rows[i, t, j])
            total.append(w[t])
    return _total(e.reshape(np.shape(target)), reduction, x, math.fsum(total))


@np.errstate(all="ignore")
def cross_entropy_loop(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    classes = x.shape[0 if x.ndim == 1 else 1]
    rows = np.moveaxis(x, 0 if x.ndim == 1 else 1, -1).reshape(-1, classes).astype(np.float64)
    w = np.ones(classes) if weight is None else weight.astype(np.float64)
    e, total = [], []
    for row, t in zip(rows, np.ravel(target), strict=True):
        if t == ignore_index:
            e.append(0.0)
            continue
        k = int(np.argmax(row))
        rest = np.log1p(np.exp(np.delete(row, k) - row[k]).sum() + (row[k] - row[k]))
        terms = [(1 - label_smoothing) * w[t] * ((row[k] - row[t]) + rest)]
        terms += [label_smoothing / classes * w[c] * ((row[k] - row[c]) + rest) for c in range(classes) if label_smoothing]
        e.append(sum(terms))
        total.append(w[t])
    return _total(np.array(e).reshape(np.shape(target)), reduction, x, math.fsum(total))


@np.errstate(all="ignore")
def bce_logits_scipy(x, target, weight=None, pos_weight=None, reduction="mean"):
    x64, t = x.astype(np.float64), target.astype(np.float64)
    yes = -(t if pos_weight is None else t * pos_weight.astype(np.float64)) * np.where(t == 0, 0, log_expit(x64))
    no = -(1 - t) * np.where(t == 1, 0, log_expit(-x64))
    e = yes + no
    return _total(e if weight is None else weight.astype(np.float64) * e, reduction, x)


@np.errstate(all="ignore")
def kl_div_where(x, target, log_target=False, reduction="mean"):
    x64, t = x.astype(np.float64), target.astype(np.float64)
    p = np.exp(t) if log_target else t
    zero = p == 0
    e = np.where(zero & ~np.isnan(x64), 0.0, p * (t - x64) if log_target else t * np.log(np.where(zero, 1, t)) - t * x64)
    n = (len(x) if x.ndim else 1) if reduction == "batchmean" else None
    return _total(e, "mean" if reduction == "batchmean" else reduction, x, n)


RIGHT = (
    Candidate("losses.smooth_l1_loss", "float64 and fsum", smooth_l1_upcast),
    Candidate("losses.soft_margin_loss", "logaddexp", soft_margin_logaddexp),
    # SciPy's expit(-709.9) is 0 where the truth is a subnormal number: right only where float64 is rounded on
    Candidate("losses.soft_margin_loss", "SciPy's expit", backward=soft_margin_expit, dtypes=("float32", "float16")),
    Candidate("losses.hinge_embedding_loss", "masks and fsum", hinge_embedding_masks),
    Candidate("losses.nll_loss", "loops", nll_loop, dtypes=("float32", "float16")),
    Candidate("losses.cross_entropy", "loops and log1p", cross_entropy_loop, dtypes=("float32", "float16", "bfloat16")),
    Candidate("losses.binary_cross_entropy_with_logits", "SciPy's log_expit", bce_logits_scipy, dtypes=("float32", "float16")),
    Candidate("losses.kl_div", "masks and fsum", kl_div_where, dtypes=("float32", "float16")),
)
