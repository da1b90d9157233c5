"""Definitions of the hinge losses."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import scaled, where
from parity.definitions.losses._shared import average, hinge, hinge_with_edge, reduce
from parity.real import Real

__all__ = ["hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss", "multilabel_margin_loss"]


def _hinge_embedding(x, target, margin=1.0, reduction="mean"):
    return reduce(where(target == 1, x, hinge_with_edge(margin - x)), reduction)


@scaled(forward=average(_hinge_embedding))
def hinge_embedding_loss(x, target, margin=1.0, reduction="mean"):
    """x for y = 1; max(0, margin - x) for y = -1, with slope -1 at the edge."""
    return _hinge_embedding(x, target, margin, reduction)


def margin_ranking_loss(input1, input2, target, margin=0.0, reduction="mean"):
    """max(0, margin - y (a - b)), with the outer slope at the edge."""
    return reduce(hinge_with_edge(margin - target * (input1 - input2)), reduction)


def _losses(values, shape):
    out = np.empty(len(values), object)
    out[:] = values
    return out.reshape(shape)


def multi_margin_loss(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    """sum over c != t of w_t max(0, margin - x_t + x_c)^p, divided by C; slope 0 at the edge."""
    classes = x.shape[-1]
    e = []
    for row, t in zip(x.reshape(-1, classes), np.ravel(target), strict=True):
        others = np.array([row[c] for c in range(classes) if c != t], object)
        e_c = hinge(others + (margin - row[t]))
        total = Real(0) + np.sum(e_c if p == 1 else e_c * e_c)
        e.append(total / classes if weight is None else weight[t] * total / classes)
    return reduce(_losses(e, np.shape(target)), reduction)


def multilabel_margin_loss(x, target, reduction="mean"):
    """sum over labels j (before the first -1) and classes i that are none of max(0, 1 - x_j + x_i), divided by C."""
    classes = x.shape[-1]
    e = []
    for row, entries in zip(x.reshape(-1, classes), target.reshape(-1, classes), strict=True):
        end = np.append(np.flatnonzero(entries < 0), classes)[0]
        labels = [int(j) for j in entries[:end]]
        others = [i for i in range(classes) if i not in labels]
        total = sum((hinge(1 - row[j] + row[i]) for j in labels for i in others), Real(0))
        e.append(total / classes)
    return reduce(_losses(e, x.shape[:-1]), reduction)
