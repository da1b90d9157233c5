"""One step of a recurrent layer: lstm_cell and gru_cell."""

from __future__ import annotations

import numpy as np

from npimpl._contractions import bilinear, chain, operands, total
from npimpl._precision import rounded

__all__ = ["gru_cell", "gru_cell_backward", "lstm_cell", "lstm_cell_backward"]


@np.errstate(all="ignore")
def lstm_cell(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    r"""One step of a long short-term memory: (h', c').

    The rows of the weights are four blocks of H for the input, forget, cell and output gate, in this order:

        (a_i, a_f, a_g, a_o) = w_ih x + b_ih + w_hh h + b_hh
        i = sigmoid(a_i)   f = sigmoid(a_f)   g = tanh(a_g)   o = sigmoid(a_o)
        c' = f c + i g     h' = o tanh(c')

    The products are contractions (BLAS, in float32 for narrow dtypes); everything after them is evaluated in float64 and
    rounded once.  sigmoid uses exp(-|a|), which cannot overflow.

    Shapes: x (N, I) or (I,), h and c (N, H) or (H,), w_ih (4H, I), w_hh (4H, H), biases (4H,); h' and c' as c.
    Special values: an infinite gate saturates (0, 1 or -1); 0 * inf in c' is nan, but in the backward a gate whose slope is
    exactly 0 passes nothing on, which is the limit.
    Raises: ValueError if the shapes do not fit together.
    Source: Gers, Schmidhuber & Cummins, "Learning to Forget: Continual Prediction with LSTM", 2000 (the forget gate).

    >>> h, c = lstm_cell(np.ones(1), np.zeros(1), np.ones(1), np.zeros((4, 1)), np.zeros((4, 1)))
    >>> c, h.round(4)
    (array([0.5]), array([0.2311]))
    """
    arrays, dtype = _arguments(x, h, w_ih, w_hh, b_ih, b_hh, 4)
    c = _state(c, arrays[1], "c")
    i, f, g, o = _lstm_gates(*arrays)
    c_next = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    h_next = _sigmoid(o) * np.tanh(c_next)
    shape = np.shape(h)
    return rounded(h_next.reshape(shape), dtype), rounded(c_next.reshape(shape), dtype)


@np.errstate(all="ignore")
def lstm_cell_backward(grad_output, x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    r"""The vector-Jacobian product of `lstm_cell` for (dh', dc'): (dx, dh, dc, dw_ih, dw_hh, db_ih, db_hh).

    c' is reached directly and through h'; with sigmoid' = sigmoid(a) sigmoid(-a), tanh' = sech^2:

        e = dc' + dh' o sech^2(c')        dc = e f
        da_i = e g i (1-i)   da_f = e c f (1-f)   da_g = e i sech^2(a_g)   da_o = dh' tanh(c') o (1-o)

    and for the affine part, with da the four blocks side by side and n over samples,

        dx = da w_ih   dh = da w_hh   dw_ih = sum_n da_n x_n^T   dw_hh = sum_n da_n h_n^T   db_ih = db_hh = sum_n da_n

    The derivatives are products of complementary forms, never 1 - i or 1 - g^2 of rounded gates, which vanish in the tails.
    A saturated gate (derivative exactly 0) passes nothing on.  None for biases that were not given.

    >>> one, zero, w = np.ones(1), np.zeros(1), np.zeros((4, 1))
    >>> lstm_cell_backward((one, zero), one, zero, one, w, w)[2].round(4)
    array([0.1966])
    """
    arrays, dtype = _arguments(x, h, w_ih, w_hh, b_ih, b_hh, 4)
    c = _state(c, arrays[1], "c")
    dh, dc = (_state(d, arrays[1], "grad_output") for d in grad_output)
    i, f, g, o = _lstm_gates(*arrays)
    c_next = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    e = dc + dh * _sigmoid(o) * _sech2(c_next)
    da = np.concatenate(
        [
            e * np.tanh(g) * _sigmoid_slope(i),
            e * c * _sigmoid_slope(f),
            e * _sigmoid(i) * _sech2(g),
            dh * np.tanh(c_next) * _sigmoid_slope(o),
        ],
        axis=-1,
    )
    dx, dh, *weights = _affine_backward(da, da, *arrays)
    return _gradients([dx, dh, e * _sigmoid(f), *weights], [x, h, h], dtype)


@np.errstate(all="ignore")
def gru_cell(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    r"""One step of a gated recurrent unit: h'.

    The rows of the weights are three blocks of H for the reset gate, the update gate and the new state, in this order:

        (p_r, p_z, p_n) = w_ih x + b_ih        (q_r, q_z, q_n) = w_hh h + b_hh
        r = sigmoid(p_r + q_r)   z = sigmoid(p_z + q_z)   n = tanh(p_n + r q_n)
        h' = (1 - z) n + z h

    r multiplies the product w_hn h + b_hn, as in PyTorch, not h before it.  1 - z is evaluated as sigmoid(-(p_z + q_z)),
    which keeps its digits where z is almost 1.  The products are contractions (BLAS, in float32 for narrow dtypes);
    everything after them is evaluated in float64 and rounded once.

    Shapes: x (N, I) or (I,), h (N, H) or (H,), w_ih (3H, I), w_hh (3H, H), biases (3H,); h' as h.
    Special values: an infinite gate saturates (0, 1 or -1); 0 * inf is nan, but in the backward a gate whose slope is exactly 0
    passes nothing on, which is the limit.
    Raises: ValueError if the shapes do not fit together.
    Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014, eqs. 5 to 8 (there r
    multiplies h before the product).

    >>> gru_cell(np.ones(1), np.ones(1), np.zeros((3, 1)), np.zeros((3, 1)))
    array([0.5])
    """
    arrays, dtype = _arguments(x, h, w_ih, w_hh, b_ih, b_hh, 3)
    _, z, n, _ = _gru_gates(*arrays)
    h_next = _sigmoid(-z) * np.tanh(n) + _sigmoid(z) * arrays[1].astype(np.float64)
    return rounded(h_next.reshape(np.shape(h)), dtype)


@np.errstate(all="ignore")
def gru_cell_backward(grad_output, x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    r"""The vector-Jacobian product of `gru_cell`: (dx, dh, dw_ih, dw_hh, db_ih, db_hh).

    With sigmoid' = sigmoid(a) sigmoid(-a), tanh' = sech^2, and a_n = p_n + r q_n:

        da_z = dh' (h - n) z (1-z)   da_n = dh' (1-z) sech^2(a_n)   da_r = da_n q_n r (1-r)
        dp = (da_r, da_z, da_n)      dq = (da_r, da_z, da_n r)

    and for the two affine maps, with s over samples,

        dx = dp w_ih            dw_ih = sum_s dp_s x_s^T   db_ih = sum_s dp_s
        dh = dq w_hh + dh' z    dw_hh = sum_s dq_s h_s^T   db_hh = sum_s dq_s

    None for biases that were not given.

    >>> gru_cell_backward(np.ones(1), np.ones(1), np.ones(1), np.zeros((3, 1)), np.zeros((3, 1)))[1]
    array([0.5])
    """
    arrays, dtype = _arguments(x, h, w_ih, w_hh, b_ih, b_hh, 3)
    state = arrays[1].astype(np.float64)
    dy = _state(grad_output, state, "grad_output")
    r, z, n, q_n = _gru_gates(*arrays)
    da_z = dy * (state - np.tanh(n)) * _sigmoid_slope(z)
    da_n = _times(dy * _sigmoid(-z), _sech2(n))
    da_r = _times(_times(da_n, q_n), _sigmoid_slope(r))
    dp = np.concatenate([da_r, da_z, da_n], axis=-1)
    dq = np.concatenate([da_r, da_z, da_n * _sigmoid(r)], axis=-1)
    dx, dh, *weights = _affine_backward(dp, dq, *arrays)
    return _gradients([dx, dh + dy * _sigmoid(z), *weights], [x, h], dtype)


# -- gates -------------------------------------------------------------------------------------------------------------
def _sigmoid(a: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-a)) in the form whose exponential cannot overflow."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1.0, e) / (1.0 + e)


def _sigmoid_slope(a: np.ndarray) -> np.ndarray:
    """sigmoid'(a) = sigmoid(a) sigmoid(-a), symmetric in a."""
    e = np.exp(-np.abs(a))
    return e / (1.0 + e) ** 2


def _sech2(a: np.ndarray) -> np.ndarray:
    """tanh'(a) = 4 exp(-2|a|) / (1 + exp(-2|a|))^2."""
    return 4.0 * _sigmoid_slope(2.0 * a)


def _affine(x, w, b, exponent) -> np.ndarray:
    """(w x + b) 2^-exponent for each sample, in float64 from here on."""
    y = bilinear(lambda a, m: a @ m.T, np.ldexp(x, -exponent) if exponent else x, w).astype(np.float64)
    return y if b is None else y + (np.ldexp(b, -exponent) if exponent else b)


def _affines(x, h, w_ih, w_hh, b_ih, b_hh):
    """(p, q, e) with w_ih x + b_ih = p 2^e and w_hh h + b_hh = q 2^e; e is 0 unless finite operands would give inf - inf."""
    for exponent in (0, 600):
        p, q = _affine(x, w_ih, b_ih, exponent), _affine(h, w_hh, b_hh, exponent)
        if np.isfinite(p).all() and np.isfinite(q).all():
            return p, q, exponent
        if not all(a is None or np.isfinite(a).all() for a in (x, h, w_ih, w_hh, b_ih, b_hh)):
            break
    return p, q, exponent


def _lstm_gates(*arrays):
    p, q, exponent = _affines(*arrays)
    return np.split(np.ldexp(p + q, exponent), 4, axis=-1)


def _gru_gates(*arrays):
    """The arguments of sigmoid and tanh for r, z and n, and q_n."""
    p, q, exponent = _affines(*arrays)
    (p_r, p_z, p_n), (q_r, q_z, q_n) = np.split(p, 3, axis=-1), np.split(q, 3, axis=-1)
    r = np.ldexp(p_r + q_r, exponent)
    n = np.ldexp(p_n + _sigmoid(r) * q_n, exponent)
    return r, np.ldexp(p_z + q_z, exponent), n, np.ldexp(q_n, exponent)


def _times(flow, partial):
    """The chain rule: an exact zero in `flow` (a saturated gate) stays zero, even times inf."""
    return np.where(flow == 0, 0.0, flow * partial)


def _affine_backward(dp, dq, x, h, w_ih, w_hh, b_ih, b_hh):
    """(dx, dh, dw_ih, dw_hh, db_ih, db_hh) of p = w_ih x + b_ih and q = w_hh h + b_hh."""
    p, q = _narrowed(dp, x.dtype), _narrowed(dq, x.dtype)
    biases = [None if b is None else total(d, 0) for b, d in ((b_ih, dp), (b_hh, dq))]
    return chain(p, w_ih), chain(q, w_hh), chain(p.T, x), chain(q.T, h), *biases


def _narrowed(d: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """d in the contraction dtype, unless gates are so saturated that their derivatives would leave its range."""
    size = np.abs(d)
    return d if ((size < 2.0**-100) & (size > 0)).any() else d.astype(dtype)


# -- arguments ---------------------------------------------------------------------------------------------------------
def _arguments(x, h, w_ih, w_hh, b_ih, b_hh, blocks):
    """(x (N, I), h (N, H), w_ih, w_hh, b_ih, b_hh) in the contraction dtype, and the dtype of the result."""
    names = ("x", "h", "w_ih", "w_hh", "b_ih", "b_hh")
    (x, h, w_ih, w_hh, b_ih, b_hh), dtype = operands(*map(_floating, (x, h, w_ih, w_hh, b_ih, b_hh)), names=names)
    rows, size = w_ih.shape[0] if w_ih.ndim == 2 else -1, h.shape[-1] if h.ndim else -1
    fits = rows == blocks * size and w_ih.shape[1:] == x.shape[-1:] and w_hh.shape == (rows, size)
    if not fits or x.shape[:-1] != h.shape[:-1] or x.ndim > 2:
        raise ValueError(
            f"The cell got x {x.shape}, h {h.shape}, w_ih {w_ih.shape} and w_hh {w_hh.shape}, but needs (N, I), (N, H), "
            f"({blocks}H, I) and ({blocks}H, H), or x and h without N."
        )
    for name, b in (("b_ih", b_ih), ("b_hh", b_hh)):
        if b is not None and b.shape != (rows,):
            raise ValueError(f"`{name}` has shape {b.shape}, but must be ({rows},), one number for each row of the weights.")
    return (np.atleast_2d(x), np.atleast_2d(h), w_ih, w_hh, b_ih, b_hh), dtype


def _floating(a):
    """Integers as float64: a recurrent cell has no integer form."""
    return np.asarray(a).astype(np.float64) if a is not None and np.asarray(a).dtype.kind in "iub" else a


def _state(c, h: np.ndarray, name: str) -> np.ndarray:
    """A further array of the shape of h, in float64."""
    c = np.asarray(c).astype(np.float64)
    if c.size != h.size or c.shape[-1:] != h.shape[-1:]:
        raise ValueError(f"`{name}` has shape {c.shape}, but must have the shape of h, {h.shape}.")
    return c.reshape(h.shape)


def _gradients(grads, like, dtype):
    """The gradients rounded, the first ones in the shapes of their arrays (which may have had no batch axis)."""
    shaped = [g.reshape(np.shape(a)) for g, a in zip(grads, like, strict=False)] + grads[len(like) :]
    return tuple(None if g is None else rounded(g, dtype) for g in shaped)
