"""One pure step of each optimizer: `name(param, grad, state, *, ...) -> (param, state)`.

Nothing is updated in place: the caller carries `state` from step to step (None starts).  The state is kept in float64
whatever the dtype of the parameter, and holds a float64 copy of the parameter, so that steps smaller than half a unit in
the last place of a float16 parameter add up instead of being lost one by one (Micikevicius et al., Mixed Precision
Training, 2018, section 3.1).  The returned parameter is that copy rounded once, hence as accurate after a thousand steps as
after one.  An element of `param` that the caller has changed since the last step is taken as given.

A float64 parameter has no wider format to keep its state in, so the state also holds what rounding takes from each of its
arrays (`rest`): the roundings of a thousand steps would add up otherwise.  Two steps of the argument are common to all:
- A decaying sum x <- beta x + c g is formed as x + (c g - (1 - beta) x), where every rounding but the last one, which is kept,
  is of numbers 1 - beta times as small.  Its error is then that of one step, not that of 1 / (1 - beta) of them.
- A rest is kept 2^54 times as large as it is, so that it can be smaller than the smallest float64, and numbers near that are
  multiplied by a power of two while they are worked on (`_magnified`).
"""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from typing import NamedTuple

import numpy as np

from npimpl._compensated import two_sum
from npimpl._elementwise import BLOCK
from npimpl._precision import as_float, rounded

__all__ = ["AdamState", "SgdState", "adam", "adamw", "sgd"]

_REST = 2.0**54
"""A rest is kept this many times as large as it is: at most as large as the number it belongs to."""
_TINY, _MAGNIFIED = 2.0**-900, 2.0**108
"""Numbers below the first lose digits to the end of the range; they are worked on times the second."""


class SgdState(NamedTuple):
    """What `sgd` carries from step to step, in float64.

    `rest` is what rounding took from `param` and `momentum_buffer`, times 2^54 (None for parameters narrower than float64).
    """

    param: np.ndarray
    momentum_buffer: np.ndarray | None
    rest: tuple[np.ndarray | None, ...] = (None, None)


class AdamState(NamedTuple):
    """What `adam` and `adamw` carry from step to step, in float64.

    `root` is the square root of the second moment: its square would overflow for gradients above 1e154.  `rest` is what
    rounding took from the four arrays, times 2^54 (None for parameters narrower than float64).
    """

    step: int
    param: np.ndarray
    exp_avg: np.ndarray
    root: np.ndarray
    max_root: np.ndarray | None
    rest: tuple[np.ndarray | None, ...] = (None, None, None, None)


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


def _rests(param, kept, rests, *used):
    """The rests of a float64 parameter's arrays, 0 to begin with; None for a narrower one, and for arrays that are not used."""
    if param.dtype != np.float64:
        return [None] * len(rests)
    rests = [(np.zeros(param.shape) if r is None else r) if use else None for r, use in zip(rests, used, strict=True)]
    if kept is not None:
        rests[0] = np.where(kept == param, rests[0], 0.0)
    return rests


def _added(x, rest, change):
    """x + change and its new rest; `rest` is None for a plain sum.  What is not finite has no rest.  x may be written into."""
    if rest is None:
        return np.add(x, change, out=x), None
    total, lost = two_sum(x, change + rest * (1 / _REST))
    lost *= _REST
    if not _all_finite(lost):
        lost[~np.isfinite(lost)] = 0.0
    return total, lost


def _decayed(x, rest, beta, weight, g):
    """beta x + weight g, and its rest.  For beta up to 1/2 the plain sum forgets its roundings soon enough."""
    if rest is None or beta <= 0.5:
        return beta * x + weight * g, None if rest is None else np.zeros(x.shape)
    total, rest = _added(x, beta * rest, weight * g - (1 - beta) * x)
    if not _all_finite(total):  # an infinite x, or a change that overflows though the sum does not
        beyond = ~np.isfinite(total)
        total[beyond] = beta * x[beyond] + weight * g[beyond]
    return total, rest


def _magnified(step, g, numbers, rests, sized):
    """`step(g, *numbers, *rests, 1)`; in float64, where the arrays `sized` are below _TINY, all of them times a power of two.

    The step returns new numbers and then their rests.  A magnified number that does not fit is split in two, and taken
    together again at the next step: the rest of a subnormal number may be half of it.
    """
    few, size = None, np.empty(0) if rests[0] is None else _size(*sized)
    if size.size and size.min() < _TINY:
        # Beside a parameter that would overflow, a tiny step is lost whatever its digits.
        tiny = (size < _TINY) & (size > 0) & (np.abs(numbers[0]) < 1 / _TINY)
        pairs = [_joined(x, rest, tiny) for x, rest in zip(numbers, rests, strict=True)]
        few = (g[tiny] * _MAGNIFIED, *(x for x, _ in pairs), *(rest for _, rest in pairs))
    outputs = step(g, *numbers, *rests, 1.0)
    if few is not None and few[0].size:
        found, half = step(*few, _MAGNIFIED), len(outputs) // 2
        for x, rest, y, z in zip(outputs[:half], outputs[half:], found[:half], found[half:], strict=True):
            if x is not None:
                x[tiny] = y / _MAGNIFIED
                rest[tiny] = ((y - x[tiny] * _MAGNIFIED) * _REST + z) / _MAGNIFIED
    return outputs


def _joined(x, rest, tiny):
    """The tiny elements, magnified, with a rest that is small beside them."""
    x, rest = (None if a is None else a[tiny] * _MAGNIFIED for a in (x, rest))
    return (x, rest) if x is None else _added(x, rest, 0.0)


def _all_finite(x) -> bool:
    """Whether all are finite, in one pass; now and then False though they are."""
    return bool(np.isfinite(np.add.reduce(x)))


def _size(*arrays):
    """The largest magnitude at each place; None stands for zeros."""
    size, *others = (np.abs(a) for a in arrays if a is not None)
    for other in others:
        np.maximum(size, other, out=size)
    return size


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

    Stable form: all sums in float64, one rounding to the parameter's dtype; in float64 with their rests (see the module).

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

    def step(g, p, b, p_rest, b_rest, scale):
        if weight_decay != 0:
            g += weight_decay * p
        if momentum != 0:
            b, b_rest = (g.copy(), b_rest) if b is None else _decayed(b, b_rest, momentum, 1 - dampening, g)
            g = g + momentum * b if nesterov else b
        p, p_rest = _added(p, p_rest, -lr * g)
        return p, b, p_rest, b_rest

    def part(param, grad, kept, b, *rests):
        p, g = _start(param, grad, kept, maximize)
        rests = _rests(param, kept, rests, True, momentum != 0)
        p, *kept = _magnified(step, g, (p, b), rests, (p, g, b))
        return p.astype(param.dtype), p, *kept

    kept, b, rests = state or SgdState(None, None)
    new, p, b, *rests = _in_blocks(part, param, grad, kept, b if momentum != 0 else None, *rests)
    return new, SgdState(p, b, tuple(rests))


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

    Stable form: 1 - beta^t is formed in 40 decimals, since 1 - 0.999**2 in floats is off by 500 units; the root of v is kept
    instead of v, and squares are taken after scaling by a power of two where they would overflow or underflow.  In float64
    m, the root and p keep their rests (see the module).

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
    t, kept, m, r, w, rests = state if state is not None else AdamState(0, None, None, None, None)
    t, (beta1, beta2) = t + 1, betas
    root, size = _bias_corrections(t, lr, beta1, beta2)

    def step(g, p, m, r, w, p_rest, m_rest, r_rest, w_rest, scale):
        if coupled != 0:
            g += coupled * p
        r, r_rest = _root_of_mean_square(r, r_rest, g, beta2)
        m, m_rest = _mean(m, m_rest, g, beta1)
        if amsgrad:
            w, w_rest = _larger(w, w_rest, r, r_rest)
        d = (w if amsgrad else r) + eps * root * scale
        d = np.divide(m if scale == 1 else m * scale, d, out=d)
        d *= -size
        if decoupled != 0:
            # Not p (1 - lr decoupled): the rounding of that factor would be made again, with the same sign, at every step.
            d -= np.where(np.isinf(p), 0.0, (lr * decoupled) * p)
        p, p_rest = _added(p, p_rest, d)
        return p, m, r, w, p_rest, m_rest, r_rest, w_rest

    def part(param, grad, kept, m, r, w, *rests):
        p, g = _start(param, grad, kept, maximize)
        rests = _rests(param, kept, rests, True, True, True, amsgrad)
        p, *kept = _magnified(step, g, (p, m, r, w), rests, (g, m, r, p if coupled != 0 else None))
        return p.astype(param.dtype), p, *kept

    new, *kept = _in_blocks(part, param, grad, kept, m, r, w if amsgrad else None, *rests)
    return new, AdamState(t, *kept[:4], tuple(kept[4:]))


def _larger(w, w_rest, r, r_rest):
    """The larger of two roots, with its own rest."""
    if w is None:
        return r.copy(), None if r_rest is None else r_rest.copy()
    return np.maximum(w, r), None if r_rest is None else np.where(r > w, r_rest, w_rest)


def _mean(m, rest, g, beta1):
    """beta1 m + (1 - beta1) g and its rest, m = 0 where there is none yet; g may be written into."""
    if m is not None and rest is not None:
        return _decayed(m, rest, beta1, 1 - beta1, g)
    g *= 1 - beta1
    return g if m is None else np.add(beta1 * m, g, out=g), rest


def _bias_corrections(t: int, lr: float, beta1: float, beta2: float) -> tuple[float, float]:
    """root = sqrt(1 - beta2^t) and lr root / (1 - beta1^t): the step is the second times m / (sqrt(v) + eps root).

    Numerator and denominator times root, so that neither grows beyond the gradients themselves.  In decimals, of which 1 - beta
    may cancel 16: the error of these two numbers is in every element, with one sign.
    """
    with localcontext(Context(prec=40)):
        one = Decimal(1)
        root = (one - Decimal(float(beta2)) ** t).sqrt()
        return float(root), float(Decimal(float(lr)) * root / (one - Decimal(float(beta1)) ** t))


def _root_of_mean_square(r, rest, g, beta2):
    """sqrt(beta2 r^2 + (1 - beta2) g^2), squares scaled by a power of two wherever they would leave the range of float64."""
    size = np.abs(g) if r is None else _size(g, r)
    if size.size and not (np.max(size) < 1e150 and np.min(np.where(size == 0, 1.0, size)) > 1e-140):
        exponent = np.frexp(size)[1]
        r, rest, g = (None if a is None else np.ldexp(a, -exponent) for a in (r, rest, g))
        r, rest = _root(r, rest, g, beta2)
        return np.ldexp(r, exponent), None if rest is None else np.ldexp(rest, exponent)
    return _root(r, rest, g, beta2)


def _root(r, rest, g, beta2):
    """The root and its rest: with y the new root, y - r = (1 - beta2) (g^2 - r^2) / (y + r), whose error is as small as it."""
    v = g * g
    v *= 1 - beta2
    if r is not None:
        v += beta2 * (r * r)
    y = np.sqrt(v)
    if r is None or rest is None or beta2 <= 0.5:
        return y, None if rest is None else np.zeros(y.shape)
    g = np.abs(g)
    change = ((1 - beta2) * (g - r)) * ((g + r) / (y + r))
    total, rest = _added(r, beta2 * rest, change)
    if not _all_finite(change):  # of zeros or infinities
        np.copyto(total, y, where=~np.isfinite(change))
    return total, rest
