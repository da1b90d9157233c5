"""One pure step of each optimizer: `name(param, grad, state, *, ...) -> (param, state)`.

Nothing is updated in place: the caller carries `state` from step to step (None starts).  The state is kept in float64
whatever the dtype of the parameter, and holds a float64 copy of the parameter, so that steps smaller than half a unit in
the last place of a float16 parameter add up instead of being lost one by one (Micikevicius et al., Mixed Precision
Training, 2018, section 3.1).  The returned parameter is that copy rounded once, hence as accurate after a thousand steps as
after one.  An element of `param` that the caller has changed since the last step is taken as given.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from npimpl._elementwise import BLOCK
from npimpl._precision import as_float, rounded

__all__ = ["AdamState", "SgdState", "adam", "adamw", "sgd"]


class SgdState(NamedTuple):
    """What `sgd` carries from step to step, in float64."""

    param: np.ndarray
    momentum_buffer: np.ndarray | None


class AdamState(NamedTuple):
    """What `adam` and `adamw` carry from step to step, in float64.

    `root` is the square root of the second moment: its square would overflow for gradients above 1e154.
    """

    step: int
    param: np.ndarray
    exp_avg: np.ndarray
    root: np.ndarray
    max_root: np.ndarray | None


def _checked(param, grad, state, **nonnegative):
    """The parameter and the gradient as float arrays of one shape; every other argument refused if it makes no sense."""
    for name, value in nonnegative.items():
        if not value >= 0:
            raise ValueError(f"`{name}` is {value}, but must be at least 0; give a nonnegative number.")
    p, g = as_float(param, "param"), as_float(grad, "grad")
    if p.shape != g.shape:
        raise ValueError(f"`param` has shape {p.shape} and `grad` {g.shape}; an optimizer step needs equal shapes.")
    if state is not None and state.param.shape != p.shape:
        raise ValueError(f"`state` is for a parameter of shape {state.param.shape}, not {p.shape}; start with state=None.")
    return p, g


def _in_blocks(kernel, *arrays):
    """`kernel`, which returns new arrays (or None), on flat blocks of the arrays (equal shapes, or None) that stay in cache."""
    size, shape = arrays[0].size, arrays[0].shape
    flat = [None if a is None else np.ascontiguousarray(a).reshape(-1) for a in arrays]
    outputs = None
    for start in range(0, max(size, 1), BLOCK):
        part = slice(start, start + BLOCK)
        parts = kernel(*(None if a is None else a[part] for a in flat))
        outputs = outputs or [None if y is None else np.empty(size, y.dtype) for y in parts]
        for out, y in zip(outputs, parts, strict=True):
            if out is not None:
                out[part] = y
    return tuple(None if out is None else out.reshape(shape) for out in outputs)


def _start(param, grad, kept, maximize):
    """Parameter and gradient in new float64 arrays; the parameter from the state, where the caller left it alone."""
    p = param.astype(np.float64)
    if kept is not None:
        np.copyto(p, kept, where=rounded(kept, param.dtype) == param)
    g = grad.astype(np.float64)
    return p, np.negative(g, out=g) if maximize else g


@np.errstate(all="ignore")
def sgd(
    param,
    grad,
    state: SgdState | None = None,
    *,
    lr: float = 1e-3,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> tuple[np.ndarray, SgdState]:
    """One step of gradient descent, with momentum as a decaying sum of past gradients.

    Equations, t = 1, 2, ...: g_t <- (-1 if maximize) grad_t + weight_decay p_{t-1};
    b_1 = g_1,  b_t = momentum b_{t-1} + (1 - dampening) g_t;
    d_t = g_t + momentum b_t if nesterov, else b_t (g_t without momentum);  p_t = p_{t-1} - lr d_t.

    Stable form: all sums in float64, one rounding to the parameter's dtype (see the module).

    Shapes: param and grad (...); the new parameter has param's shape and dtype, the state is float64.

    Special values: inf and nan in a gradient spread into the parameter and stay in the momentum, as the arithmetic has it.

    Raises: ValueError for negative options, unequal shapes, and `nesterov` without momentum or with dampening.

    Source: Polyak, Some methods of speeding up the convergence of iteration methods (1964); Sutskever et al., On the
    importance of initialization and momentum in deep learning (2013).

    >>> p, state = sgd([1.0, 2.0], [0.5, -0.5], lr=0.5, momentum=0.5)
    >>> p
    array([0.75, 2.25])
    >>> sgd(p, [0.5, -0.5], state, lr=0.5, momentum=0.5)[0]
    array([0.375, 2.625])
    """
    if nesterov and (momentum <= 0 or dampening != 0):
        raise ValueError(f"`nesterov` needs momentum > 0 and dampening = 0, but they are {momentum} and {dampening}.")
    param, grad = _checked(param, grad, state, lr=lr, momentum=momentum, weight_decay=weight_decay)

    def step(param, grad, kept, b):
        p, g = _start(param, grad, kept, maximize)
        if weight_decay != 0:
            g += weight_decay * p
        if momentum != 0:
            b = g.copy() if b is None else momentum * b + (1 - dampening) * g
            g = g + momentum * b if nesterov else b
        p -= lr * g
        return p.astype(param.dtype), p, b

    new, p, b = _in_blocks(step, param, grad, *(state or SgdState(None, None)))
    return new, SgdState(p, b if momentum != 0 else None)


@np.errstate(all="ignore")
def adam(
    param,
    grad,
    state: AdamState | None = None,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
    maximize: bool = False,
) -> tuple[np.ndarray, AdamState]:
    """One step of Adam: the running mean of gradients divided by the root of the running mean of their squares.

    Equations, t = 1, 2, ..., from m_0 = v_0 = 0: g_t <- (-1 if maximize) grad_t + weight_decay p_{t-1};
    m_t = beta1 m_{t-1} + (1 - beta1) g_t,  v_t = beta2 v_{t-1} + (1 - beta2) g_t^2;
    w_t = max(w_{t-1}, v_t) if amsgrad, else v_t;
    p_t = p_{t-1} - lr (m_t / (1 - beta1^t)) / (sqrt(w_t / (1 - beta2^t)) + eps).

    Stable form: 1 - beta^t is -expm1(t log beta), since 1 - 0.999**2 in floats is off by 500 units; the root of v is kept
    instead of v, and squares are taken after scaling by a power of two where they would overflow or underflow.

    Shapes: param and grad (...); the new parameter has param's shape and dtype, the state is float64.

    Special values: an infinite gradient gives nan (inf / inf) from that step on; zero ones leave the parameter alone (eps > 0).

    Raises: ValueError for negative options, betas outside [0, 1) and unequal shapes.

    Source: Kingma & Ba, Adam (2015), Algorithm 1; amsgrad: Reddi, Kale & Kumar, On the Convergence of Adam and Beyond (2018),
    Algorithm 2, with the bias corrections of Adam.

    >>> p, state = adam([1.0, 1.0], [10.0, -0.001], lr=0.5, eps=0.0)
    >>> p.round(12)
    array([0.5, 1.5])
    """
    param, grad = _checked(param, grad, state, lr=lr, eps=eps, weight_decay=weight_decay)
    return _adam(param, grad, state, lr, betas, eps, weight_decay, 0.0, amsgrad, maximize)


@np.errstate(all="ignore")
def adamw(
    param,
    grad,
    state: AdamState | None = None,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    amsgrad: bool = False,
    maximize: bool = False,
) -> tuple[np.ndarray, AdamState]:
    """One step of Adam with decoupled weight decay: the parameter shrinks by itself, outside the normalised gradient.

    Equations, t = 1, 2, ..., from m_0 = v_0 = 0, with g_t = (-1 if maximize) grad_t:
    m_t = beta1 m_{t-1} + (1 - beta1) g_t,  v_t = beta2 v_{t-1} + (1 - beta2) g_t^2;
    w_t = max(w_{t-1}, v_t) if amsgrad, else v_t;
    p_t = (1 - lr weight_decay) p_{t-1} - lr (m_t / (1 - beta1^t)) / (sqrt(w_t / (1 - beta2^t)) + eps).

    Stable form: as `adam`.

    Shapes: param and grad (...); the new parameter has param's shape and dtype, the state is float64.

    Special values: as `adam`; an infinite parameter stays infinite.

    Raises: ValueError for negative options, betas outside [0, 1) and unequal shapes.

    Source: Loshchilov & Hutter, Decoupled Weight Decay Regularization (2019), Algorithm 2.

    >>> adamw([1.0, -1.0], [0.0, 0.0], lr=0.5, weight_decay=0.5)[0]
    array([ 0.75, -0.75])
    """
    param, grad = _checked(param, grad, state, lr=lr, eps=eps, weight_decay=weight_decay)
    return _adam(param, grad, state, lr, betas, eps, 0.0, weight_decay, amsgrad, maximize)


def _adam(param, grad, state, lr, betas, eps, coupled, decoupled, amsgrad, maximize):
    """One step, with weight decay in the gradient (`coupled`) or beside it (`decoupled`)."""
    for name, beta in zip(("betas[0]", "betas[1]"), betas, strict=True):
        if not 0 <= beta < 1:
            raise ValueError(f"`{name}` is {beta}, but must lie in [0, 1); give the decay of a running mean.")
    t, *kept = state if state is not None else AdamState(0, None, None, None, None)
    t, (beta1, beta2) = t + 1, betas
    # Numerator and denominator times sqrt(1 - beta2^t), so that neither grows beyond the gradients themselves.
    root = math.sqrt(_bias_correction(beta2, t))
    size = lr * root / _bias_correction(beta1, t)

    def step(param, grad, kept, m, r, w):
        p, g = _start(param, grad, kept, maximize)
        if coupled != 0:
            g += coupled * p
        r = _root_of_mean_square(r, g, beta2)
        g *= 1 - beta1
        m = g if m is None else np.add(beta1 * m, g, out=g)
        if amsgrad:
            w = r.copy() if w is None else np.maximum(w, r)
        d = (w if amsgrad else r) + eps * root
        d = np.divide(m, d, out=d)
        d *= size
        if decoupled != 0:
            # Not p (1 - lr decoupled): the rounding of that factor would be made again, with the same sign, at every step.
            d += np.where(np.isinf(p), 0.0, (lr * decoupled) * p)
        p -= d
        return p.astype(param.dtype), p, m, r, w

    new, *kept = _in_blocks(step, param, grad, *kept)
    return new, AdamState(t, *kept)


def _bias_correction(beta: float, t: int) -> float:
    """1 - beta^t, without the cancellation that costs 1/(1 - beta) units when beta is near one."""
    return -math.expm1(t * math.log(beta)) if beta > 0 else 1.0


def _root_of_mean_square(r, g, beta2):
    """sqrt(beta2 r^2 + (1 - beta2) g^2), squares scaled by a power of two wherever they would leave the range of float64."""
    size = np.abs(g)
    if r is not None:
        np.maximum(size, r, out=size)
    if size.size and not (np.max(size) < 1e150 and np.min(np.where(size == 0, 1.0, size)) > 1e-140):
        exponent = np.frexp(size)[1]
        r = None if r is None else np.ldexp(r, -exponent)
        return np.ldexp(np.asarray(_plain_root(r, np.ldexp(g, -exponent), beta2)), exponent)
    return _plain_root(r, g, beta2)


def _plain_root(r, g, beta2):
    v = g * g
    v *= 1 - beta2
    if r is not None:
        v += beta2 * (r * r)
    return np.sqrt(v)
