"""One step of a recurrent layer: lstm_cell and gru_cell."""

from __future__ import annotations

import numpy as np

from npimpl._contractions import chain, multilinear, operands, smallest, total
from npimpl._precision import rounded

__all__ = ["gru_cell", "gru_cell_backward", "lstm_cell", "lstm_cell_backward"]

LIFT = 300
"""The power of two that keeps each factor of a tiny cotangent in range; weights are far from 2^(1023 - 2 LIFT)."""


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
    i, f, g, o = _lstm_gates(arrays)
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
    dy = tuple(_state(d, arrays[1], "grad_output") for d in grad_output)
    dc, gradients = _through(_lstm_slopes, dy, c, arrays)
    return _gradients([*gradients[:2], dc, *gradients[2:]], [x, h, h], dtype)


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
    _, z, n, _ = _gru_gates(arrays)
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
    dy = _state(grad_output, arrays[1], "grad_output")
    through_z, (dx, dh, *weights) = _through(_gru_slopes, (dy,), arrays[1].astype(np.float64), arrays)
    return _gradients([dx, dh + through_z, *weights], [x, h], dtype)


# -- gates -------------------------------------------------------------------------------------------------------------
def _sigmoid(a: np.ndarray, lift: int = 0) -> np.ndarray:
    """2^lift / (1 + exp(-a)) in the form whose exponential cannot overflow."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 2.0**lift, _decay(a, lift) if lift else e) / (1.0 + e)


def _sigmoid_slope(a: np.ndarray, lift: int = 0) -> np.ndarray:
    """sigmoid'(a) = sigmoid(a) sigmoid(-a), symmetric in a, times 2^lift."""
    e = np.exp(-np.abs(a))
    return (_decay(a, lift) if lift else e) / (1.0 + e) ** 2


def _decay(a: np.ndarray, lift: int) -> np.ndarray:
    """exp(-|a|) 2^lift, as the square of a root that does not underflow before the power comes in."""
    root = np.exp(-0.5 * np.abs(a))
    return np.ldexp(root, lift) * root


def _sech2(a: np.ndarray, lift: int = 0) -> np.ndarray:
    """tanh'(a) = 4 exp(-2|a|) / (1 + exp(-2|a|))^2, times 2^lift."""
    return 4.0 * _sigmoid_slope(2.0 * a, lift)


def _tanh(a: np.ndarray, lift: int) -> np.ndarray:
    """tanh of a 2^-lift, times 2^lift: a itself where it is so small that its cube does not count."""
    if not lift:
        return np.tanh(a)
    return np.where(np.abs(a) < 2.0 ** (lift - 30), a, np.ldexp(np.tanh(np.ldexp(a, -lift)), lift))


def _times_power(a, power: int):
    """a 2^power, exactly but for overflow and underflow."""
    return np.ldexp(a, power) if power else a


def _affine(x, w, b, exponent) -> np.ndarray:
    """(w x + b) 2^-exponent for each sample, in float64 from here on."""
    y = multilinear(lambda a, m: a @ m.T, _times_power(x, -exponent), w).astype(np.float64)
    return y if b is None else y + _times_power(b, -exponent)


def _affines(x, h, w_ih, w_hh, b_ih, b_hh, lift=0):
    """(p, q, e) with w_ih x + b_ih = p 2^e and w_hh h + b_hh = q 2^e; e is -lift, or 600 if finite operands gave inf - inf."""
    for exponent in (-lift,) if lift else (0, 600):
        p, q = _affine(x, w_ih, b_ih, exponent), _affine(h, w_hh, b_hh, exponent)
        if np.isfinite(p).all() and np.isfinite(q).all():
            return p, q, exponent
        if not all(a is None or np.isfinite(a).all() for a in (x, h, w_ih, w_hh, b_ih, b_hh)):
            break
    return p, q, exponent


def _lstm_gates(arrays, lift=0):
    """a_i, a_f, a_g 2^lift and a_o."""
    p, q, exponent = _affines(*arrays, lift)
    i, f, g, o = np.split(p + q, 4, axis=-1)
    i, f, o = (_times_power(a, exponent) for a in (i, f, o))
    return i, f, _times_power(g, exponent + lift), o


def _gru_gates(arrays, lift=0):
    """a_r, a_z, a_n 2^lift and q_n 2^lift."""
    p, q, exponent = _affines(*arrays, lift)
    (p_r, p_z, p_n), (q_r, q_z, q_n) = np.split(p, 3, axis=-1), np.split(q, 3, axis=-1)
    r = _times_power(p_r + q_r, exponent)
    n = _times_power(p_n + _sigmoid(r) * q_n, exponent + lift)
    return r, _times_power(p_z + q_z, exponent), n, _times_power(q_n, exponent + lift)


# -- backward ----------------------------------------------------------------------------------------------------------
def _lstm_slopes(dy, c, arrays, lift):
    """dc, and the cotangents of the two affine maps times 4^lift.

    They are products of a cotangent and two factors, each of which is formed times 2^lift.  The factors are multiplied
    first, because the cotangent may be large.
    """
    dh, dc = dy
    i, f, g, o = _lstm_gates(arrays, lift)
    c, tanh_g = _times_power(c, lift), _tanh(g, lift)
    c_next = _sigmoid(f) * c + _sigmoid(i) * tanh_g
    e = dc + dh * _sigmoid(o) * _sech2(_times_power(c_next, -lift))
    slopes = [
        e * (tanh_g * _sigmoid_slope(i, lift)),
        e * (c * _sigmoid_slope(f, lift)),
        e * (_sigmoid(i, lift) * _sech2(_times_power(g, -lift), lift)),
        dh * (_tanh(c_next, lift) * _sigmoid_slope(o, lift)),
    ]
    da = np.concatenate(slopes, axis=-1)
    return e * _sigmoid(f), da, da


def _gru_slopes(dy, h, arrays, lift):
    """The part of dh that goes through z h, and the cotangents of the two affine maps times 4^lift."""
    (dy,) = dy
    r, z, n, q_n = _gru_gates(arrays, lift)
    da_z = dy * ((_times_power(h, lift) - _tanh(n, lift)) * _sigmoid_slope(z, lift))
    da_n = _times(dy * _sigmoid(-z, lift), _sech2(_times_power(n, -lift), lift))
    da_r = _times(_times_power(da_n, -lift), _times_power(q_n * _sigmoid_slope(r, lift), -lift))
    dp = np.concatenate([da_r, da_z, da_n], axis=-1)
    return dy * _sigmoid(z), dp, np.concatenate([da_r, da_z, da_n * _sigmoid(r)], axis=-1)


def _through(slopes, dy, state, arrays):
    """What `slopes` gives the state directly, and the gradients of the affine maps.

    In float64, where there is no wider format, a gate with a tiny argument or slope may round its cotangent to a subnormal
    number, which large weights then bring back with too few digits: such cotangents are formed again times 4^LIFT.
    """
    direct, dp, dq = slopes(dy, state, arrays, 0)
    if arrays[0].dtype == np.float64 and _loses_digits((dp, dq), (*dy, state, *arrays)):
        gradients = _affine_backward(*slopes(dy, state, arrays, LIFT)[1:], *arrays)
        if all(g is None or np.isfinite(g).all() for g in gradients):
            return direct, [g if g is None else np.ldexp(g, -2 * LIFT) for g in gradients]
    return direct, _affine_backward(dp, dq, *arrays)


def _loses_digits(cotangents, operands) -> bool:
    """Whether cotangents are nearly subnormal, or 0 though it may have been underflow that made them so."""
    sizes = [np.abs(d) for d in cotangents]
    if not any((s < 2.0**-900).any() for s in sizes):
        return False
    least = min(map(smallest, sizes))
    return least < 2.0**-900 or min(smallest(a) for a in operands if a is not None) < 2.0**-300


def _times(flow, partial):
    """The chain rule: an exact zero in `flow` (a saturated gate) stays zero, even times inf."""
    return np.where(flow == 0, 0.0, flow * partial)


def _affine_backward(dp, dq, x, h, w_ih, w_hh, b_ih, b_hh):
    """[dx, dh, dw_ih, dw_hh, db_ih, db_hh] of p = w_ih x + b_ih and q = w_hh h + b_hh."""
    p, q = _narrowed(dp, x.dtype), _narrowed(dq, x.dtype)
    biases = [None if b is None else total(d, 0) for b, d in ((b_ih, dp), (b_hh, dq))]
    return [chain(p, w_ih), chain(q, w_hh), chain(p.T, x), chain(q.T, h), *biases]


def _narrowed(d: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """d in the contraction dtype, unless gates are so saturated or states so large that it would leave its range."""
    return d if smallest(d) < 2.0**-100 or np.abs(d).max(initial=0.0) > 2.0**100 else d.astype(dtype)


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
