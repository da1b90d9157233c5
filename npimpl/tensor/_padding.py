"""Padding: an array with a border, and its transpose, which gives each border cell back to the cell it copied."""

from __future__ import annotations

import numpy as np

from npimpl.tensor._cotangent import cotangent, fresh

__all__ = ["pad", "pad_backward"]

MODES = ("constant", "reflect", "replicate", "circular")


def pad(x, pad_width, mode="constant", value=0.0):
    """Surround an array with a border: a constant, or copies of its own cells.

    Along each axis of length n, with b cells put before and a cells after,

        y[i] = x[s(i - b)],   i = 0 … n + b + a - 1

    where s is the identity on 0 … n-1 and, in the border,

        constant    y[i] = value
        reflect     s(j) = (n-1) - |(n-1) - |j||    the mirror stands on the edge cell, which is not repeated
        replicate   s(j) = min(max(j, 0), n-1)      the edge cell again and again
        circular    s(j) = j mod n                  the other end comes round

    Only data move: every bit of x survives, and any dtype is taken.  Several axes are padded one after the other, so a
    corner is the border of a border.  The modes are those of `torch.nn.functional.pad`, but the widths stand in NumPy's
    order, from the first axis to the last: an integer (every axis, both ends), one pair (before, after) for every axis,
    or one pair for each axis.

    Shapes: y[i] has length n_i + b_i + a_i along axis i; dtype as x.  A negative width cuts cells off ("constant" only).
    A width of 0 everywhere gives a copy.
    Raises ValueError for an unknown mode, a wrong number of pairs, a negative width in the other modes, "reflect"
    with a width of n or more, "circular" with more than n, and "replicate" of an axis without cells.

    >>> pad(np.array([1, 2, 3]), 2, mode="reflect")
    array([3, 2, 1, 2, 3, 2, 1])
    """
    x = np.asarray(x)
    widths = _widths(pad_width, x.shape, mode)
    if mode == "constant":
        inner, kept = _overlap(widths, x.shape)
        y = np.full([n + b + a for n, (b, a) in zip(x.shape, widths, strict=True)], value, x.dtype)
        y[inner] = x[kept]
        return y
    y = x
    for axis, (b, a) in enumerate(widths):
        if b or a:
            y = np.take(y, _source(x.shape[axis], b, a, mode), axis=axis)
    return y.copy() if y is x else y


def pad_backward(grad_output, x, pad_width, mode="constant", value=0.0):
    """Backward of `pad`: the transpose, every border cell gives its cotangent back to the cell it copied.

    y_i = x_s(i) is linear with Jacobian dy_i/dx_j = [s(i) = j], so

        dx[j] = sum over i with s(i - b) = j of dy[i]

    A constant border copies nothing: its cotangents are dropped (and cells that a negative width cut off get 0).  In
    the other modes the central part is the cotangent of the cell itself and the border is added to it, axis by axis in
    the opposite order of the forward.  Sums are taken in float64 and rounded once.
    Shapes: dx as x, in x's dtype.  Raises ValueError as `pad`, and for a cotangent of another shape.

    >>> pad_backward(np.array([1.0, 10.0, 100.0, 1000.0]), np.zeros(3), ((1, 0),), mode="reflect")
    (array([  10.,  101., 1000.]),)
    """
    x = np.asarray(x)
    widths = _widths(pad_width, x.shape, mode)
    dy = cotangent(grad_output, [n + b + a for n, (b, a) in zip(x.shape, widths, strict=True)], "pad")
    if mode == "constant":
        inner, kept = _overlap(widths, x.shape)
        dx = np.zeros(x.shape, dy.dtype)
        dx[kept] = dy[inner]
        return (fresh(dx, x),)
    dx = dy.astype(np.float64)
    for axis in reversed(range(x.ndim)):
        if any(widths[axis]):
            dx = _fold(dx, axis, x.shape[axis], *widths[axis], mode)
    return (fresh(dx.astype(dy.dtype), x),)


def _fold(dy, axis, n, b, a, mode):
    """The transpose of padding one axis: dx[s(j)] += dy[j] for every border cell j."""
    dy = np.moveaxis(dy, axis, 0)
    dx = dy[b : b + n].copy()
    s = _source(n, b, a, mode)
    for i in (*range(b), *range(b + n, b + n + a)):
        dx[s[i]] += dy[i]
    return np.moveaxis(dx, 0, axis)


def _source(n: int, b: int, a: int, mode: str) -> np.ndarray:
    """The cell s(j) that each position j = -b … n-1+a copies."""
    j = np.arange(-b, n + a)
    if mode == "reflect":
        return (n - 1) - abs((n - 1) - abs(j))
    return j % n if mode == "circular" else np.clip(j, 0, n - 1)


def _overlap(widths, shape):
    """Where the kept cells of x lie in y, and which cells of x they are (negative widths cut)."""
    inner = tuple(
        slice(max(b, 0), max(b, 0) + max(n + min(b, 0) + min(a, 0), 0)) for n, (b, a) in zip(shape, widths, strict=True)
    )
    kept = tuple(slice(max(-b, 0), max(n + min(a, 0), max(-b, 0))) for n, (b, a) in zip(shape, widths, strict=True))
    return inner, kept


def _widths(pad_width, shape: tuple[int, ...], mode: str) -> list[tuple[int, int]]:
    """One pair (before, after) for each axis, checked against the mode."""
    if mode not in MODES:
        raise ValueError(f"`mode` is {mode!r}, but must be one of {', '.join(MODES)}.")
    given = np.asarray(pad_width)
    if given.dtype.kind not in "iu" and given.size:
        raise TypeError(
            f"`pad_width` is {pad_width!r}, but must hold integers: the number of cells before and after each axis."
        )
    if given.shape not in {(), (2,), (1, 2), (len(shape), 2)}:
        allowed = f"an integer, one pair, or {len(shape)} pairs (before, after)"
        raise ValueError(f"`pad_width` has shape {given.shape}, but an array of shape {shape} takes {allowed}.")
    widths = [(int(b), int(a)) for b, a in np.broadcast_to(given, (len(shape), 2))]
    for axis, (n, (b, a)) in enumerate(zip(shape, widths, strict=True)):
        _check_width(axis, n, b, a, mode)
    return widths


def _check_width(axis: int, n: int, b: int, a: int, mode: str) -> None:
    if mode == "constant":
        if n + b + a < 0 or min(n + b, n + a) < 0:
            raise ValueError(f"`pad_width` ({b}, {a}) cuts more cells off axis {axis} than its {n}; cut fewer.")
        return
    most = {"reflect": n - 1, "circular": n, "replicate": np.inf if n else 0}[mode]
    if (b or a) and not (0 <= b <= most and 0 <= a <= most):
        raise ValueError(f"`pad_width` ({b}, {a}) on axis {axis} of length {n}: {mode} padding allows 0 to {most} cells there.")
