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


def _begin(param, grad, state, maximize, **nonnegative):
    """The parameter and gradient in float64 (the parameter from the state where the caller left it alone), and the dtype."""
    for name, value in nonnegative.items():
        if not value >= 0:
            raise ValueError(f"`{name}` is {value}, but must be at least 0; give a nonnegative number.")
    p, g = as_float(param, "param"), as_float(grad, "grad")
    if p.shape != g.shape:
        raise ValueError(f"`param` has shape {p.shape} and `grad` {g.shape}; an optimizer step needs equal shapes.")
    wide = p.astype(np.float64)
    if state is not None:
        if state.param.shape != p.shape:
            raise ValueError(f"`state` is for a parameter of shape {state.param.shape}, not {p.shape}; start with state=None.")
        wide = np.where(rounded(state.param, p.dtype) == p, state.param, wide)
    g = g.astype(np.float64)
    return wide, -g if maximize else g, p.dtype


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
    p, g, dtype = _begin(param, grad, state, maximize, lr=lr, momentum=momentum, weight_decay=weight_decay)
    if weight_decay != 0:
        g = g + weight_decay * p
    b = None
    if momentum != 0:
        first = state is None or state.momentum_buffer is None
        b = g if first else momentum * state.momentum_buffer + (1 - dampening) * g
        g = g + momentum * b if nesterov else b
    p = p - lr * g
    return rounded(p, dtype).copy(), SgdState(p, b)


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
    m_t = beta1 m_{t-1} + (1 - beta1) g_t,  v_t = beta2 v_{t-1} + (1 - beta2) g_t^2,  w_t = max(w_{t-1}, v_t) if amsgrad, else v_t;
    p_t = p_{t-1} - lr (m_t / (1 - beta1^t)) / (sqrt(w_t / (1 - beta2^t)) + eps).

    Stable form: 1 - beta^t is -expm1(t log beta), since 1 - 0.999**2 in floats is off by 500 units; the root of v is kept
    instead of v, and squares are taken after scaling by a power of two where they would overflow or underflow.

    Shapes: param and grad (...); the new parameter has param's shape and dtype, the state is float64.

    Special values: an infinite gradient gives nan (inf / inf) from that step on; a zero one leaves the parameter alone (eps > 0).

    Raises: ValueError for negative options, betas outside [0, 1) and unequal shapes.

    Source: Kingma & Ba, Adam (2015), Algorithm 1; amsgrad: Reddi, Kale & Kumar, On the Convergence of Adam and Beyond (2018),
    Algorithm 2, with the bias corrections of Adam.

    >>> p, state = adam([1.0, 1.0], [10.0, -0.001], lr=0.5, eps=0.0)
    >>> p.round(12)
    array([0.5, 1.5])
    """
    p, g, dtype = _begin(param, grad, state, maximize, lr=lr, eps=eps, weight_decay=weight_decay)
    if weight_decay != 0:
        g = g + weight_decay * p
    return _adam_step(p, g, state, dtype, lr, betas, eps, amsgrad)


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
    m_t = beta1 m_{t-1} + (1 - beta1) g_t,  v_t = beta2 v_{t-1} + (1 - beta2) g_t^2,  w_t = max(w_{t-1}, v_t) if amsgrad, else v_t;
    p_t = (1 - lr weight_decay) p_{t-1} - lr (m_t / (1 - beta1^t)) / (sqrt(w_t / (1 - beta2^t)) + eps).

    Stable form: as `adam`.

    Shapes: param and grad (...); the new parameter has param's shape and dtype, the state is float64.

    Special values: as `adam`; an infinite parameter stays infinite.

    Raises: ValueError for negative options, betas outside [0, 1) and unequal shapes.

    Source: Loshchilov & Hutter, Decoupled Weight Decay Regularization (2019), Algorithm 2.

    >>> adamw([1.0, -1.0], [0.0, 0.0], lr=0.5, weight_decay=0.5)[0]
    array([ 0.75, -0.75])
    """
    p, g, dtype = _begin(param, grad, state, maximize, lr=lr, eps=eps, weight_decay=weight_decay)
    return _adam_step(p * (1 - lr * weight_decay), g, state, dtype, lr, betas, eps, amsgrad)


def _adam_step(p, g, state, dtype, lr, betas, eps, amsgrad):
    """p - lr m^ / (sqrt(v^) + eps) and the state it leaves, for a gradient that already holds its weight decay."""
    for name, beta in zip(("betas[0]", "betas[1]"), betas, strict=True):
        if not 0 <= beta < 1:
            raise ValueError(f"`{name}` is {beta}, but must lie in [0, 1); give the decay of a running mean.")
    if state is None:
        state = AdamState(0, p, np.zeros_like(g), np.zeros_like(g), None)
    t, (beta1, beta2) = state.step + 1, betas
    m = beta1 * state.exp_avg + (1 - beta1) * g
    r = _root_of_mean_square(state.root, g, beta2)
    r_max = np.maximum(r if state.max_root is None else state.max_root, r) if amsgrad else state.max_root
    d = (r_max if amsgrad else r) / math.sqrt(_bias_correction(beta2, t))
    d += eps
    p = p - (m / _bias_correction(beta1, t) / d) * lr
    return rounded(p, dtype).copy(), AdamState(t, p, m, r, r_max)


def _bias_correction(beta: float, t: int) -> float:
    """1 - beta^t, without the cancellation that costs 1/(1 - beta) units when beta is near one."""
    return -math.expm1(t * math.log(beta)) if beta > 0 else 1.0


def _root_of_mean_square(r, g, beta2):
    """sqrt(beta2 r^2 + (1 - beta2) g^2), squares scaled by a power of two wherever they would leave the range of float64."""
    size = np.maximum(r, np.abs(g))
    if size.size == 0 or (np.max(size) < 1e150 and np.min(size) > 1e-140):
        return np.sqrt(beta2 * (r * r) + (1 - beta2) * (g * g))
    exponent = np.frexp(size)[1]
    r, g = np.ldexp(r, -exponent), np.ldexp(g, -exponent)
    return np.ldexp(np.sqrt(beta2 * (r * r) + (1 - beta2) * (g * g)), exponent)
