"""Wrong products, convolutions, pools, attention, cells and tables: each of these must turn the suite red."""

from __future__ import annotations

import numpy as np

from npimpl import attention, convolution, embedding, linear, pooling, recurrent
from parity_tests.candidates import Candidate

__all__ = ["WRONG"]

NARROW = ("float16", "bfloat16")
_quiet = np.errstate(all="ignore")


def _first(grad_output):
    return grad_output[0] if isinstance(grad_output, tuple) else grad_output


# -- linear, matmul --------------------------------------------------------------------------------------------------------
@_quiet
def linear_in_float16(x, weight, bias=None):
    """Adds up in the dtype itself, one product after another."""
    y = np.zeros((*x.shape[:-1], weight.shape[0]), x.dtype)
    for k in range(weight.shape[1]):
        y = (y + x[..., k, None] * weight[:, k]).astype(x.dtype)
    return y if bias is None else (y + bias).astype(x.dtype)


def linear_no_bias(x, weight, bias=None):
    return linear.linear(x, weight)


def linear_backward_one_sample(grad_output, x, weight, bias=None):
    """Only the last sample reaches the weight."""
    dx, dw, db = linear.linear_backward(grad_output, x, weight, bias)
    if x.size and grad_output.size:
        last = np.outer(grad_output.reshape(-1, weight.shape[0])[-1], x.reshape(-1, x.shape[-1])[-1])
        dw = last.astype(dw.dtype)
    return dx, dw, db


@_quiet
def matmul_half_precision(x, other):
    """Keeps half of the digits of its operands: what a fast path in TensorFloat-32 does."""
    a, b = (v.astype(np.float32).astype(np.float16).astype(np.float64) if v.dtype == np.float32 else v for v in (x, other))
    return np.asarray(np.matmul(a, b)).astype(x.dtype)


def matmul_float64_result(x, other):
    return np.asarray(np.matmul(x.astype(np.float64), other.astype(np.float64)))


def matmul_backward_not_transposed(grad_output, x, other):
    """Forgets to transpose where the shapes do not betray it."""
    dx, dother = linear.matmul_backward(grad_output, x, other)
    if min(x.ndim, other.ndim) >= 2 and other.shape[-1] == other.shape[-2]:
        dx = linear.matmul(grad_output, other).reshape(dx.shape) if x.ndim >= other.ndim else dx
    return dx, dother * 2


def matmul_backward_not_summed(grad_output, x, other):
    """Takes one slice instead of the sum over a broadcast axis."""
    dx, dother = linear.matmul_backward(grad_output, x, other)
    if other.ndim == 2 and x.ndim == 3 and len(x):
        dother = linear.matmul_backward(grad_output[0], x[0], other)[1]
    return dx, dother


# -- conv2d ----------------------------------------------------------------------------------------------------------------
def conv2d_flipped(x, weight, bias=None, **options):
    """A true convolution: the kernel upside down."""
    return convolution.conv2d(x, weight[..., ::-1, ::-1], bias, **options)


def conv2d_dilation_swapped(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """The two dilations in the wrong order."""
    dilation = dilation[::-1] if isinstance(dilation, tuple) else dilation
    return convolution.conv2d(x, weight, bias, stride, padding, dilation, groups)


def conv2d_same_to_the_left(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """For padding="same", the odd zero above and to the left."""
    if padding != "same":
        return convolution.conv2d(x, weight, bias, stride, padding, dilation, groups)
    y = convolution.conv2d(x[..., ::-1, ::-1], weight[..., ::-1, ::-1], bias, stride, padding, dilation, groups)
    return y[..., ::-1, ::-1].copy()


def conv2d_backward_bias_mean(grad_output, x, weight, bias=None, **options):
    dx, dw, db = convolution.conv2d_backward(grad_output, x, weight, bias, **options)
    return dx, dw, db if db is None else (db / grad_output.shape[-1]).astype(db.dtype)


def conv2d_backward_ignores_dilation(grad_output, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    dx, dw, db = convolution.conv2d_backward(grad_output, x, weight, bias, stride, padding, dilation, groups)
    return dx if dilation == 1 else dx[..., ::-1].copy(), dw, db


# -- max_pool2d, avg_pool2d --------------------------------------------------------------------------------------------------
def max_pool2d_zero_padded(x, kernel_size, padding=0, **options):
    """Pads with zeros, which win over negative numbers."""
    p, q = (padding, padding) if isinstance(padding, int) else padding
    y = pooling.max_pool2d(x, kernel_size, padding=padding, **options)
    return y if isinstance(y, tuple) or not (p or q) else np.maximum(y, x.dtype.type(0))


@_quiet
def max_pool2d_nan_loses(x, kernel_size, **options):
    return pooling.max_pool2d(np.where(np.isnan(x), x.dtype.type(-np.inf), x), kernel_size, **options)


def max_pool2d_window_index(x, kernel_size, return_indices=False, **options):
    """Counts positions in columns instead of rows."""
    y, index = pooling.max_pool2d(x, kernel_size, return_indices=True, **options)
    return (y, index // x.shape[-1] + index % x.shape[-1] * x.shape[-2]) if return_indices else y


def max_pool2d_backward_to_last(
    grad_output, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """The last of equal maxima takes the gradient (where the windows are the same from both ends)."""
    options = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    turned = x[..., ::-1, ::-1]
    dy = _first(grad_output)
    if stride not in (None, 1) or padding or ceil_mode or any(n % 2 for n in x.shape[-2:]):
        return pooling.max_pool2d_backward(dy, x, kernel_size, **options)
    return (pooling.max_pool2d_backward(dy[..., ::-1, ::-1], turned, kernel_size, **options)[0][..., ::-1, ::-1].copy(),)


def max_pool2d_backward_last_window(grad_output, x, kernel_size, return_indices=False, **options):
    """Writes instead of adding: a pixel that wins twice keeps one."""
    dy = _first(grad_output)
    _, index = pooling.max_pool2d(x, kernel_size, return_indices=True, **options)
    dx, planes = np.zeros_like(x), (*x.shape[:-2], index.shape[-2] * index.shape[-1])
    flat = dx.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])
    np.put_along_axis(flat, index.reshape(planes), dy.reshape(planes), -1)
    return (dx,)


def avg_pool2d_pad_never_counts(x, kernel_size, count_include_pad=True, **options):
    return pooling.avg_pool2d(x, kernel_size, count_include_pad=False, **options)


def avg_pool2d_whole_window(x, kernel_size, divisor_override=None, **options):
    """Divides by the size of the kernel whatever is inside."""
    k, m = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    return pooling.avg_pool2d(x, kernel_size, divisor_override=divisor_override or k * m, **options)


def avg_pool2d_backward_sum(grad_output, x, kernel_size, divisor_override=None, **options):
    """Forgets to divide."""
    return pooling.avg_pool2d_backward(grad_output, x, kernel_size, divisor_override=1, **options)


# -- scaled_dot_product_attention ------------------------------------------------------------------------------------------
def _scores(query, key, attn_mask, is_causal, scale):
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    s = np.matmul(query, np.swapaxes(key, -1, -2)) * query.dtype.type(scale)
    if is_causal:
        attn_mask = np.tri(*s.shape[-2:], dtype=bool)
    if attn_mask is None:
        return s
    return np.where(attn_mask, s, -np.inf).astype(s.dtype) if attn_mask.dtype == bool else s + attn_mask


@_quiet
def attention_unshifted(query, key, value, attn_mask=None, is_causal=False, scale=None):
    e = np.exp(_scores(query, key, attn_mask, is_causal, scale))
    total = e.sum(-1, keepdims=True)
    return np.matmul(e / np.where(total == 0, 1, total).astype(e.dtype), value)


@_quiet
def attention_blind_is_nan(query, key, value, attn_mask=None, is_causal=False, scale=None):
    """A query that sees no key divides 0 by 0."""
    s = _scores(query, key, attn_mask, is_causal, scale)
    e = np.exp(s - s.max(-1, keepdims=True, initial=-np.inf))
    return np.matmul(e / e.sum(-1, keepdims=True), value)


@_quiet
def attention_unscaled(query, key, value, attn_mask=None, is_causal=False, scale=None):
    return attention.scaled_dot_product_attention(query, key, value, attn_mask, is_causal, 1.0 if scale is None else scale)


def attention_mask_inverted(query, key, value, attn_mask=None, is_causal=False, scale=None):
    """True means masked."""
    attn_mask = ~attn_mask if attn_mask is not None and attn_mask.dtype == bool else attn_mask
    return attention.scaled_dot_product_attention(query, key, value, attn_mask, is_causal, scale)


def attention_causal_from_the_end(query, key, value, attn_mask=None, is_causal=False, scale=None):
    """Aligns the causal mask with the last key instead of the first."""
    if is_causal:
        attn_mask = np.tri(query.shape[-2], key.shape[-2], key.shape[-2] - query.shape[-2], dtype=bool)
    return attention.scaled_dot_product_attention(query, key, value, attn_mask, False, scale)


@_quiet
def attention_backward_no_row_mean(grad_output, query, key, value, attn_mask=None, is_causal=False, scale=None):
    """Forgets that the weights of a row share their sum."""
    given = attention.scaled_dot_product_attention_backward(grad_output, query, key, value, attn_mask, is_causal, scale)
    s = _scores(query, key, attn_mask, is_causal, scale)
    p = np.exp(s - s.max(-1, keepdims=True, initial=-np.inf))
    total = p.sum(-1, keepdims=True)
    ds = p / np.where(total == 0, 1, total) * np.matmul(grad_output, np.swapaxes(value, -1, -2))
    c = query.dtype.type(query.shape[-1] ** -0.5 if scale is None else scale)
    return (np.matmul(ds, key) * c, *given[1:])


# -- lstm_cell, gru_cell -----------------------------------------------------------------------------------------------------
def _permuted(a, order):
    return None if a is None else np.concatenate([np.split(a, len(order))[i] for i in order])


def lstm_cell_gates_of_keras(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    """The order of the gates is input, forget, output, cell."""
    return recurrent.lstm_cell(x, h, c, *(_permuted(a, (0, 1, 3, 2)) for a in (w_ih, w_hh, b_ih, b_hh)))


def lstm_cell_one_bias(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    return recurrent.lstm_cell(x, h, c, w_ih, w_hh, b_ih)


def lstm_cell_backward_no_cell_gradient(grad_output, x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    """Ignores the cotangent of the cell state."""
    dh, dc = grad_output
    return recurrent.lstm_cell_backward((dh, np.zeros_like(dc)), x, h, c, w_ih, w_hh, b_ih, b_hh)


def lstm_cell_backward_bias_once(grad_output, x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    """Shares the gradient of the bias between the two."""
    *others, db_ih, db_hh = recurrent.lstm_cell_backward(grad_output, x, h, c, w_ih, w_hh, b_ih, b_hh)
    return (*others, None if db_ih is None else db_ih / db_ih.dtype.type(2), db_hh)


def gru_cell_update_swapped(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    """The roles of z and 1 - z exchanged."""

    def flipped(a):
        reset, update, new = np.split(a, 3)
        return np.concatenate([reset, -update, new])

    return recurrent.gru_cell(x, h, *(None if a is None else flipped(a) for a in (w_ih, w_hh, b_ih, b_hh)))


@_quiet
def gru_cell_reset_before(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    """Resets h before the product, as in the paper, instead of the product."""
    bias = [np.zeros(len(w_ih), x.dtype) if b is None else b for b in (b_ih, b_hh)]
    p, q = x @ w_ih.T + bias[0], h @ w_hh.T + bias[1]
    (p_r, p_z, p_n), (q_r, q_z, _) = np.split(p, 3, axis=-1), np.split(q, 3, axis=-1)
    r, z = 1 / (1 + np.exp(-(p_r + q_r))), 1 / (1 + np.exp(-(p_z + q_z)))
    n = np.tanh(p_n + (r * h) @ np.split(w_hh, 3)[2].T + np.split(bias[1], 3)[2])
    return (1 - z) * n + z * h


def gru_cell_backward_direct_only(grad_output, x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    """Leaves out the direct path from h to h'."""
    dx, dh, *others = recurrent.gru_cell_backward(grad_output, x, h, w_ih, w_hh, b_ih, b_hh)
    zero = [None if b is None else np.zeros_like(b) for b in (b_ih, b_hh)]
    plain = recurrent.gru_cell_backward(grad_output, x, h, np.zeros_like(w_ih), np.zeros_like(w_hh), *zero)[1]
    return (dx, dh - plain, *others)


# -- embedding ---------------------------------------------------------------------------------------------------------------
@_quiet
def embedding_one_hot(indices, weight, padding_idx=None):
    """A product with zeros and ones: 0 * inf spoils other rows, and -0.0 becomes 0.0."""
    hot = np.eye(len(weight), dtype=weight.dtype)[indices]
    return np.asarray(hot @ weight)


def embedding_zero_padding(indices, weight, padding_idx=None):
    """Returns zeros for the padding row."""
    y = embedding.embedding(indices, weight)
    if padding_idx is not None:
        y[np.asarray(indices) == padding_idx % len(weight)] = 0
    return y


def embedding_widened(indices, weight, padding_idx=None):
    return weight.astype(np.float64)[indices]


def embedding_backward_last_wins(grad_output, indices, weight, padding_idx=None):
    """Assigns instead of adding: repeated indices keep the last."""
    dw = np.zeros_like(weight)
    dw[indices] = grad_output
    if padding_idx is not None:
        dw[padding_idx] = 0
    return None, dw


def embedding_backward_padding_counts(grad_output, indices, weight, padding_idx=None):
    return embedding.embedding_backward(grad_output, indices, weight)


SDPA = "attention.scaled_dot_product_attention"

WRONG = (
    Candidate("linear.linear", "adds up in the dtype", linear_in_float16, dtypes=NARROW),
    Candidate("linear.linear", "forgets the bias", linear_no_bias),
    Candidate("linear.linear", "weight gradient of one sample", None, linear_backward_one_sample),
    Candidate("linear.matmul", "half of the digits", matmul_half_precision, dtypes=("float32",)),
    Candidate("linear.matmul", "float64 result", matmul_float64_result, dtypes=("float32", "float16")),
    Candidate("linear.matmul", "gradient not transposed", None, matmul_backward_not_transposed),
    Candidate("linear.matmul", "broadcast gradient not summed", None, matmul_backward_not_summed),
    Candidate("convolution.conv2d", "kernel flipped", conv2d_flipped),
    Candidate("convolution.conv2d", "dilations swapped", conv2d_dilation_swapped),
    Candidate("convolution.conv2d", "odd zero on the wrong side", conv2d_same_to_the_left),
    Candidate("convolution.conv2d", "bias gradient averaged", None, conv2d_backward_bias_mean),
    Candidate("convolution.conv2d", "mirrored gradient when dilated", None, conv2d_backward_ignores_dilation),
    Candidate("pooling.max_pool2d", "zeros as padding", max_pool2d_zero_padded),
    Candidate("pooling.max_pool2d", "nan loses", max_pool2d_nan_loses),
    Candidate("pooling.max_pool2d", "indices by columns", max_pool2d_window_index),
    Candidate("pooling.max_pool2d", "gradient to the last maximum", None, max_pool2d_backward_to_last),
    Candidate("pooling.max_pool2d", "gradient written, not added", None, max_pool2d_backward_last_window),
    Candidate("pooling.avg_pool2d", "padding never counts", avg_pool2d_pad_never_counts),
    Candidate("pooling.avg_pool2d", "whole window counts", avg_pool2d_whole_window),
    Candidate("pooling.avg_pool2d", "gradient not divided", None, avg_pool2d_backward_sum),
    Candidate(SDPA, "unshifted softmax", attention_unshifted),
    Candidate(SDPA, "blind query is nan", attention_blind_is_nan),
    Candidate(SDPA, "unscaled", attention_unscaled),
    Candidate(SDPA, "boolean mask inverted", attention_mask_inverted),
    Candidate(SDPA, "causal mask aligned at the end", attention_causal_from_the_end),
    Candidate(SDPA, "softmax gradient without the mean", None, attention_backward_no_row_mean),
    Candidate("recurrent.lstm_cell", "gates in another order", lstm_cell_gates_of_keras),
    Candidate("recurrent.lstm_cell", "one bias only", lstm_cell_one_bias),
    Candidate("recurrent.lstm_cell", "cotangent of c ignored", None, lstm_cell_backward_no_cell_gradient),
    Candidate("recurrent.lstm_cell", "bias gradient shared", None, lstm_cell_backward_bias_once),
    Candidate("recurrent.gru_cell", "z and 1 - z exchanged", gru_cell_update_swapped),
    Candidate("recurrent.gru_cell", "reset before the product", gru_cell_reset_before),
    Candidate("recurrent.gru_cell", "no direct path in the gradient", None, gru_cell_backward_direct_only),
    Candidate("embedding.embedding", "product with a one-hot matrix", embedding_one_hot),
    Candidate("embedding.embedding", "zeros for the padding row", embedding_zero_padding),
    Candidate("embedding.embedding", "float64 result", embedding_widened, dtypes=("float32", "float16")),
    Candidate("embedding.embedding", "repeated indices not added", None, embedding_backward_last_wins),
    Candidate("embedding.embedding", "padding row gets a gradient", None, embedding_backward_padding_counts),
)
