"""Tensor surgery by its definition: which element of the input each element of the result is.

Everything here is spelled cell by cell, so that it shares no indexing trick with any implementation.
"""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import movement, scaled


def _cells(shape, cell, like) -> np.ndarray:
    """The array of `shape` in `like`'s dtype whose element at i is cell(*i)."""
    out = np.empty(shape, like.dtype)
    for i in np.ndindex(*out.shape):
        out[i] = cell(*i)
    return out


def _with(i: tuple, axis: int, value) -> tuple:
    """The index i with `value` in place `axis`."""
    return (*i[:axis], value, *i[axis + 1 :])


@movement
def stack(*arrays, axis=0):
    """y[..., k, ...] = x_k[...], the new axis at `axis`."""
    arrays = tuple(x for x in arrays if x is not None)
    shape = arrays[0].shape
    a = axis % (len(shape) + 1)
    return _cells((*shape[:a], len(arrays), *shape[a:]), lambda *i: arrays[i[a]][(*i[:a], *i[a + 1 :])], arrays[0])


@movement
def concatenate(*arrays, axis=0):
    """y[..., s_k + i, ...] = x_k[..., i, ...], s_k the length of all arrays before x_k; axis None: of the flattened arrays."""
    arrays = tuple(x for x in arrays if x is not None)
    if axis is None:
        return concatenate(*(x.reshape(-1) for x in arrays))
    a = axis % arrays[0].ndim
    places = [(x, i) for x in arrays for i in range(x.shape[a])]

    def cell(*i):
        x, j = places[i[a]]
        return x[_with(i, a, j)]

    return _cells(_with(arrays[0].shape, a, len(places)), cell, arrays[0])


@movement
def flip(x, axis=None):
    """y[i] = x[n - 1 - i] along each axis (None: all)."""
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis) % x.ndim
    return _cells(x.shape, lambda *i: x[tuple(x.shape[d] - 1 - j if d in axes else j for d, j in enumerate(i))], x)


@movement
def roll(x, shift, axis=None):
    """y[(j + shift) mod n] = x[j] along each axis; axis None: of the flattened array."""
    if axis is None:
        return roll(x.reshape(-1), shift, 0).reshape(x.shape)
    total = [0] * x.ndim
    for s, a in zip(*np.broadcast_arrays(shift, axis), strict=True) if np.ndim(axis) else [(shift, axis)]:
        total[a] += int(s)
    return _cells(x.shape, lambda *i: x[tuple((j - s) % n for j, s, n in zip(i, total, x.shape, strict=True))], x)


@movement
def moveaxis(x, source, destination):
    """y[..., i_source, ...] = x[...]: the source axes go to their destinations, the others keep their order."""
    sources, destinations = np.atleast_1d(source) % x.ndim, np.atleast_1d(destination) % x.ndim
    goes = dict(zip(sources.tolist(), destinations.tolist(), strict=True))
    free = [d for d in range(x.ndim) if d not in goes.values()]
    goes |= dict(zip([d for d in range(x.ndim) if d not in goes], free, strict=True))
    came = {to: d for d, to in goes.items()}
    return _cells([x.shape[came[d]] for d in range(x.ndim)], lambda *i: x[tuple(i[goes[d]] for d in range(x.ndim))], x)


@movement
def take_along_axis(x, indices, axis=-1):
    """y[i, j, k] = x[i, indices[i, j, k], k]; lengths of 1 are broadcast; axis None: of the flattened array."""
    if axis is None:
        return take_along_axis(x.reshape(-1), indices, 0)
    a = axis % x.ndim
    shape = [
        max(m, n) if 0 not in (m, n) and d != a else m for d, (m, n) in enumerate(zip(indices.shape, x.shape, strict=True))
    ]

    def cell(*i):
        chosen = indices[tuple(0 if m == 1 else j for j, m in zip(i, indices.shape, strict=True))]
        return x[_with(tuple(0 if n == 1 else j for j, n in zip(i, x.shape, strict=True)), a, int(chosen))]

    return _cells(shape, cell, x)


@movement
def pad(x, pad_width, mode="constant", value=0.0):
    """y[i] = x[s(i - before)], s walking off the end as the mode says; "constant": `value` there."""
    widths = np.broadcast_to(pad_width, (x.ndim, 2)).tolist()

    def source(j, n):
        if mode == "circular":
            return j % n
        if mode == "replicate":
            return min(max(j, 0), n - 1)
        return j if mode == "constant" else -j if j < 0 else 2 * (n - 1) - j if j >= n else j

    def cell(*i):
        s = tuple(source(j - b, n) for j, n, (b, _) in zip(i, x.shape, widths, strict=True))
        return x[s] if all(0 <= j < n for j, n in zip(s, x.shape, strict=True)) else value

    return _cells([n + b + a for n, (b, a) in zip(x.shape, widths, strict=True)], cell, x)


@scaled("absolute", "absolute")
def scatter_add(x, index, src, axis):
    """y[m, j, k] = x[m, j, k] + sum over i with index[i, j, k] = m of src[i, j, k]."""
    y = x.copy()
    for i in np.ndindex(*index.shape):
        to = _with(i, axis % max(x.ndim, 1), int(index[i])) if i else ()
        y[to] = y[to] + src[i]
    return y


def one_hot(indices, num_classes=-1):
    """y[..., k] = 1 where indices = k, else 0."""
    k = max(int(i) for i in indices.reshape(-1)) + 1 if num_classes == -1 else num_classes
    return _cells((*indices.shape, k), lambda *i: int(indices[i[:-1]] == i[-1]), indices)


@movement
def sliding_window(x, axis, size, step):
    """y[..., i, ..., k] = x[..., i step + k, ...], k = 0 ... size-1 along a new last axis."""
    a = axis % x.ndim
    windows = len(range(0, x.shape[a] - size + 1, step))
    return _cells((*_with(x.shape, a, windows), size), lambda *i: x[_with(i[:-1], a, i[a] * step + i[-1])], x)


@scaled("absolute", "absolute")
def einsum(*operands, equation):
    """y[o] = sum over the letters not in o of the products of the operands, summed letter value by letter value."""
    operands = tuple(x for x in operands if x is not None)
    left, _, output = _spelled(equation, [x.ndim for x in operands]).partition("->")
    inputs = left.split(",")
    lengths: dict[str, int] = {}
    for letters, x in zip(inputs, operands, strict=True):
        for c, n in zip(letters, x.shape, strict=True):
            lengths[c] = n if lengths.get(c, 1) == 1 else lengths[c]
    order = output + "".join(c for c in lengths if c not in output)
    y = np.zeros([lengths[c] for c in output], object)
    for i in np.ndindex(*(lengths[c] for c in order)):
        at = dict(zip(order, i, strict=True))
        term = None
        for letters, x in zip(inputs, operands, strict=True):
            factor = x[tuple(0 if n == 1 else at[c] for c, n in zip(letters, x.shape, strict=True))]
            term = factor if term is None else term * factor
        y[i[: len(output)]] = y[i[: len(output)]] + term
    return y


def _spelled(equation: str, ranks) -> str:
    """The equation with "..." as capital letters from the end of the alphabet, and with its "->"."""
    left, arrow, output = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    dots = [rank - len(i) + 3 if "..." in i else 0 for i, rank in zip(inputs, ranks, strict=True)]
    capitals = "UVWXYZ"[6 - max(dots) :] if max(dots) else ""
    if not arrow:
        letters = [c for c in left if c.isalpha()]
        output = "..." + "".join(c for c in sorted(set(letters)) if letters.count(c) == 1)
    full = [i.replace("...", capitals[len(capitals) - d :]) for i, d in zip(inputs, dots, strict=True)]
    return ",".join(full) + "->" + output.replace("...", capitals)
