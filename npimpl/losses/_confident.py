"""Cross entropy where float64 has too small a range for it: probabilities or weights that underflow before their product does.

A logit 740 below the largest has a probability of e^-740, which float64 holds with three bits, and one 760 below has none.  A
weight of 2^60 shows that.  So these rows are evaluated in numbers with an exponent of their own, e^z as the square of e^(z/2).
Only float64 comes here: the results of narrower dtypes underflow before float64 does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npimpl.reductions._wide import Wide, extreme, total, value, where

__all__ = ["Rows", "is_delicate", "loss", "slopes"]

FAR = 600.0
"""Probabilities below e^-600 may be lost in a product with an ordinary weight or cotangent."""


def is_delicate(x, target, weight, m) -> bool:
    """Whether a logit is so far below the largest, m, or a weight or probability is so large or small, that range matters."""
    if x.dtype != np.float64:
        return False
    given = [a for a in (weight, target) if a is not None and a.dtype == np.float64]
    return extreme(*given) or bool((np.isfinite(x) & (m - x > FAR)).any())


@dataclass(frozen=True)
class Rows:
    """The coefficients of the loss sum_c share_c w_c (-log p_c) of each row, and which rows count."""

    x: np.ndarray
    share: np.ndarray
    weight: np.ndarray
    kept: np.ndarray | bool
    """Shaped like x with one class."""
    axis: int


def _exponentials(rows: Rows):
    """Where the largest logit is, e^(x_c - m) elsewhere, and their sum r."""
    k = np.expand_dims(np.argmax(rows.x, rows.axis), rows.axis)
    m = np.take_along_axis(rows.x, k, rows.axis)
    top = np.zeros(rows.x.shape, bool)
    np.put_along_axis(top, k, True, rows.axis)
    root = Wide(np.where(top & np.isfinite(m), 0.0, np.exp(0.5 * (rows.x - m))))
    e = root * root
    return m, top, e, total(e, rows.axis, keepdims=True)


def _minus_log(rows: Rows, m, r):
    """-log p_c = (m - x_c) + log1p(r), where log1p(r) is r itself once that is tiny."""
    near = value(r)
    return (Wide(m) - Wide(rows.x)) + where(near < 2.0**-60, r, Wide(np.log1p(near)))


def _times(q, nlp):
    """q nlp, where a zero coefficient removes the term."""
    return where((q.m == 0) & np.isinf(nlp.m), 0.0, q * nlp)


def loss(rows: Rows, reduction: str, divisor) -> np.ndarray:
    """The losses of the rows, or their sum or mean (divided by the sum of the array `divisor`)."""
    m, _, _, r = _exponentials(rows)
    terms = _times(Wide(rows.share) * rows.weight, _minus_log(rows, m, r))
    e = where(rows.kept, total(terms, rows.axis, keepdims=True), 0.0)
    e = e[np.index_exp[:] * rows.axis + (0,)]
    if reduction == "none":
        return value(e)
    y = total(e, None)
    return value(y if reduction == "sum" else y / total(Wide(divisor), None))


def slopes(rows: Rows, dy, divisor, others):
    """The gradients for x, share (not yet rounded) and weight; `others` sums all numbers of a row but one, for each."""
    m, top, e, r = _exponentials(rows)
    c = where(rows.kept, Wide(dy) if divisor is None else Wide(dy) / total(Wide(divisor), None), 0.0)
    p = where(top, 1.0, e) / (r + 1.0)
    q = Wide(rows.share) * rows.weight
    k = q.exponents(rows.axis)
    rest = Wide(others(q.aligned(k), rows.axis), k)
    dx = c * (p * rest - q * where(top, p * r, 1.0 - p))
    nlp = _minus_log(rows, m, r)
    dw = total(_times(c * rows.share, nlp), tuple(i for i in range(rows.x.ndim) if i != rows.axis))
    return np.where(rows.kept, value(dx), 0.0), c * nlp * rows.weight, value(dw)
