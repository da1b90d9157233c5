"""Rows of a table looked up by index: embedding."""

from __future__ import annotations

import numpy as np

from npimpl._precision import as_float, rounded

__all__ = ["embedding", "embedding_backward"]


def embedding(indices, weight, padding_idx=None):
    r"""Look up a row of the table for each index.

        y_{..., d} = weight_{indices_..., d}

    Data movement: nothing is computed, every bit of the table is kept.  It equals one_hot(indices) @ weight without the
    products, and without 0 * inf.  `padding_idx` names a row that gets no gradient; here it changes nothing.

    Shapes: indices (*) of any integer dtype, weight (V, D); y (*, D), a new array, in the dtype of weight (any dtype).
    Raises: TypeError if the indices are not integers; ValueError if one is not in 0 … V-1 (negative ones do not count
    from the end), if weight has not two axes, or if `padding_idx` is not in -V … V-1.
    Source: Bengio, Ducharme, Vincent & Jauvin, "A Neural Probabilistic Language Model", 2003, section 2 (the matrix C).

    >>> embedding(np.array([2, 0, 2]), np.array([[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]]))
    array([[20., 21.],
           [ 0.,  1.],
           [20., 21.]])
    """
    i, w, _ = _arguments(indices, weight, padding_idx)
    return np.take(w, i, axis=0)


@np.errstate(all="ignore")
def embedding_backward(grad_output, indices, weight, padding_idx=None):
    r"""The vector-Jacobian product of `embedding`: (None, dweight).

    dy_{n,d}/dweight_{v,d} is 1 where indices_n = v and 0 elsewhere, so each row collects from the places that read it:

        dweight_vd = sum over n with indices_n = v of dy_nd        (0 for v = padding_idx)

    Equal indices are sorted together and their cotangents added in pairs, in float64: the error of a row that is read n
    times grows like log2(n), not like n.  Shape and dtype as weight.

    >>> embedding_backward(np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2]), np.zeros((3, 1)))[1].ravel()
    array([2., 0., 5.])
    """
    i, w, padding = _arguments(indices, weight, padding_idx)
    dy = as_float(grad_output, "grad_output").astype(np.float64, copy=False).reshape(i.size, w.shape[1])
    order = np.argsort(i, axis=None, kind="stable")
    index, rows = i.reshape(-1)[order], dy[order]
    while True:
        # The place of each row in its run of equal indices; odd places are added to the even ones before them.
        starts = np.flatnonzero(np.diff(index, prepend=-1))
        place = np.arange(index.size) - np.repeat(starts, np.diff(starts, append=index.size))
        odd = place % 2 == 1
        if not odd.any():
            break
        rows[np.flatnonzero(odd) - 1] += rows[odd]
        index, rows = index[~odd], rows[~odd]
    dw = np.zeros(w.shape)
    dw[index] += rows
    if padding is not None:
        dw[padding] = 0
    return None, rounded(dw, np.dtype(np.float64) if w.dtype.kind in "iub" else w.dtype)


def _arguments(indices, weight, padding_idx):
    i, w = np.asarray(indices), np.asarray(weight)
    if i.dtype.kind not in "iu" and i.size:
        raise TypeError(f"`indices` has dtype {i.dtype}, but must be integers; use `indices.astype(np.int64)`.")
    if w.ndim != 2:
        raise ValueError(f"`weight` has shape {w.shape}, but must be a table (V, D), one row per index.")
    if i.size and not (i.min() >= 0 and i.max() < w.shape[0]):
        raise ValueError(
            f"`indices` reach from {i.min()} to {i.max()}, but must be in 0 to {w.shape[0] - 1}, rows of `weight`."
        )
    if padding_idx is not None and not -w.shape[0] <= padding_idx < w.shape[0]:
        raise ValueError(f"`padding_idx` is {padding_idx}, but must be in {-w.shape[0]} to {w.shape[0] - 1}, or None.")
    return i.astype(np.int64, copy=False), w, padding_idx
