"""Right products, convolutions, pools, attention, cells and tables in other styles; none may be refused."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import Candidate

__all__ = ["RIGHT"]

_quiet = np.errstate(all="ignore")


def _wide(a):
    """Extended precision has the range for products of the largest numbers."""
    return None if a is None else a.astype(np.longdouble)


@_quiet
def linear_einsum(x, weight, bias=None):
    y = np.einsum("...i,oi->...o", _wide(x), _wide(weight))
    return (y if bias is None else y + _wide(bias)).astype(x.dtype)


@_quiet
def matmul_one_column_after_another(x, other):
    """Outer products, added up."""
    a, b = (x[None, :] if x.ndim == 1 else x), (other[:, None] if other.ndim == 1 else other)
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    y = np.zeros(shape, np.longdouble)
    for k in range(a.shape[-1]):
        y = y + _wide(a[..., :, k, None]) * _wide(b[..., k, None, :])
    y = y[..., 0, :] if x.ndim == 1 else y
    return np.asarray(y[..., 0] if other.ndim == 1 else y).astype(x.dtype)


def _two(v):
    return (v, v) if isinstance(v, int) else v


@_quiet
def conv2d_by_taps(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """One kernel position after another, on shifted images."""
    if x.ndim == 3:
        return conv2d_by_taps(x[None], weight, bias, stride, padding, dilation, groups)[0]
    (s, t), (d, e), (k, m) = _two(stride), _two(dilation), weight.shape[2:]
    if padding == "same":
        border = [((v := r * (n - 1)) // 2, v - v // 2) for r, n in ((d, k), (e, m))]
    else:
        border = [(p, p) for p in (_two(0) if padding == "valid" else _two(padding))]
    z = np.pad(_wide(x), [(0, 0), (0, 0), *border])
    z = z.reshape(x.shape[0], groups, x.shape[1] // groups, *z.shape[2:])
    w = _wide(weight).reshape(groups, -1, *weight.shape[1:])
    rows, columns = (z.shape[3] - d * (k - 1) - 1) // s + 1, (z.shape[4] - e * (m - 1) - 1) // t + 1
    y = np.zeros((x.shape[0], groups, w.shape[1], rows, columns), np.longdouble)
    for i in range(k):
        for j in range(m):
            part = z[..., i * d : i * d + (rows - 1) * s + 1 : s, j * e : j * e + (columns - 1) * t + 1 : t]
            y += np.einsum("ngchw,goc->ngohw", part, w[:, :, :, i, j])
    y = y.reshape(x.shape[0], weight.shape[0], rows, columns)
    return (y if bias is None else y + _wide(bias)[:, None, None]).astype(x.dtype)


def max_pool2d_torch(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    import torch

    size, around = _two(kernel_size), _two(padding)
    if any(2 * p > k for k, p in zip(size, around, strict=True)) and not (ceil_mode or return_indices):
        # torch compares the padding with half of the kernel as it is, not dilated
        (p, q), padding = around, 0
        x = np.pad(x, [*[(0, 0)] * (x.ndim - 2), (p, p), (q, q)], constant_values=-np.inf)
    y, index = torch.nn.functional.max_pool2d(
        torch.from_numpy(x.copy()), kernel_size, stride, padding, dilation, ceil_mode, return_indices=True
    )
    return (y.numpy(), index.numpy()) if return_indices else y.numpy()


@_quiet
def avg_pool2d_by_pixels(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """Every output pixel on its own, from the pixels inside the image."""
    (k, m), (p, q) = _two(kernel_size), _two(padding)
    s, t = (k, m) if stride is None else _two(stride)
    starts = []
    for n, size, step, border in ((x.shape[-2], k, s, p), (x.shape[-1], m, t, q)):
        last = n + 2 * border - size
        count = (-(-last // step) if ceil_mode else last // step) + 1
        starts.append([i * step - border for i in range(count) if i * step - border < n or not ceil_mode])
    y = np.empty((*x.shape[:-2], *map(len, starts)), np.longdouble)
    for i, top in enumerate(starts[0]):
        for j, left in enumerate(starts[1]):
            inside = x[..., max(top, 0) : top + k, max(left, 0) : left + m]
            padded = (min(top + k, x.shape[-2] + p) - top) * (min(left + m, x.shape[-1] + q) - left)
            count = padded if count_include_pad else inside.shape[-2] * inside.shape[-1]
            y[..., i, j] = _wide(inside).sum((-2, -1)) / (divisor_override or count)
    return y.astype(x.dtype)


@_quiet
def attention_row_by_row(query, key, value, attn_mask=None, is_causal=False, scale=None):
    """One query after another in extended precision."""
    scale = 1 / np.sqrt(np.longdouble(query.shape[-1])) if scale is None else scale
    lead = np.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    q, k, v = (np.broadcast_to(_wide(a), lead + a.shape[-2:]) for a in (query, key, value))
    y = np.zeros((*lead, q.shape[-2], v.shape[-1]), np.longdouble)
    mask = None if attn_mask is None else np.broadcast_to(attn_mask, (*lead, q.shape[-2], k.shape[-2]))
    for i in np.ndindex(*y.shape[:-1]):
        s = (k[i[:-1]] * q[i]).sum(-1) * scale
        seen = np.arange(s.size) <= i[-1] if is_causal else np.ones(s.size, bool)
        if mask is not None and mask.dtype == bool:
            seen = mask[i]
        elif mask is not None:
            s, seen = s + _wide(mask[i]), ~np.isneginf(mask[i].astype(np.float64))
        best = s[seen].max(initial=-np.inf)
        e = np.where(seen, np.exp(s - (0 if np.isneginf(best) else best)), 0)
        y[i] = ((e / (e.sum() or 1))[:, None] * v[i[:-1]]).sum(0)
    return y.astype(query.dtype)


def _sigmoid(a):
    return 1 / (1 + np.exp(-a))


def _product(x, w, b):
    y = _wide(x) @ _wide(w).T
    return y if b is None else y + _wide(b)


@_quiet
def lstm_cell_extended(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    i, f, g, o = np.split(_product(x, w_ih, b_ih) + _product(h, w_hh, b_hh), 4, axis=-1)
    c = _sigmoid(f) * _wide(c) + _sigmoid(i) * np.tanh(g)
    return (_sigmoid(o) * np.tanh(c)).astype(h.dtype), c.astype(h.dtype)


@_quiet
def gru_cell_extended(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    (p_r, p_z, p_n), (q_r, q_z, q_n) = (np.split(_product(*a), 3, axis=-1) for a in ((x, w_ih, b_ih), (h, w_hh, b_hh)))
    n = np.tanh(p_n + _sigmoid(p_r + q_r) * q_n)
    return (_sigmoid(-p_z - q_z) * n + _sigmoid(p_z + q_z) * _wide(h)).astype(h.dtype)


def embedding_indexing(indices, weight, padding_idx=None):
    return np.array(weight[indices])


def embedding_backward_add_at(grad_output, indices, weight, padding_idx=None):
    dw = np.zeros(weight.shape, np.longdouble)
    np.add.at(dw, indices, grad_output.astype(np.longdouble))
    if padding_idx is not None:
        dw[padding_idx] = 0
    return None, dw.astype(weight.dtype)


RIGHT = (
    Candidate("linear.linear", "einsum in extended precision", linear_einsum),
    Candidate("linear.matmul", "outer products added up", matmul_one_column_after_another),
    Candidate("convolution.conv2d", "shifted images", conv2d_by_taps),
    Candidate("pooling.max_pool2d", "torch wrapped", max_pool2d_torch),
    Candidate("pooling.avg_pool2d", "pixel by pixel", avg_pool2d_by_pixels),
    Candidate("attention.scaled_dot_product_attention", "query by query", attention_row_by_row),
    Candidate("recurrent.lstm_cell", "extended precision", lstm_cell_extended),
    Candidate("recurrent.gru_cell", "extended precision", gru_cell_extended),
    Candidate("embedding.embedding", "indexing and add.at", embedding_indexing, embedding_backward_add_at),
)
