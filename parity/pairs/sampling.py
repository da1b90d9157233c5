"""Sampling: each op judged exactly given its noise, and in distribution over many draws."""

from __future__ import annotations

import numpy as np

from parity.formats import FORMATS
from parity.kinds import Data, Logits, Noise
from parity.pair import Law, Pair, with_options, with_shapes
from parity.samplers import (
    Breach,
    Sampler,
    another_axis,
    dtype_name,
    half_gap,
    longer,
    more_of,
    place_categories,
    softmax,
    wide,
    within,
)  # fmt: skip

LOGITS = (0.5, -1.0, 2.0, 0.0, -np.inf, 1.25)


def _uniform(rng, shape):
    return rng.random(shape)


def _probabilities(logits) -> tuple[float, ...]:
    e = np.exp(np.asarray(logits) - np.max(logits))
    return tuple((e / e.sum()).tolist())


def _products(p) -> tuple[float, ...]:
    """The probabilities of pairs of independent categories."""
    return tuple(np.outer(p, p).reshape(-1).tolist())


def _paired(categories, k: int):
    """Neighbouring draws as one category out of k^2."""
    c = np.asarray(categories)
    return c[:-1] * k + c[1:]


# -- references: torch draws its own noise, so its arithmetic is repeated on the given noise -----------------------------------
def _torch_gumbel(u):
    import torch

    return -torch.log(-torch.log(u.clamp_min(2.0**-54)))


def _torch_gumbel_max(logits, u, axis=-1):
    return (logits + _torch_gumbel(u)).argmax(axis)


def _torch_gumbel_softmax(logits, u, tau=1.0, hard=False, axis=-1):
    import torch

    soft = ((logits + _torch_gumbel(u)) / tau).softmax(axis).to(logits.dtype)
    if not hard or not soft.numel():
        return soft
    index = soft.max(axis, keepdim=True)[1]
    return torch.zeros_like(soft).scatter_(axis, index, 1.0) - soft.detach() + soft


def _torch_categorical(logits, u, size=None):
    import torch

    c = logits.double().softmax(-1).cumsum(-1)
    reached = (c <= u[..., None]).sum(-1)
    return torch.minimum(reached, torch.tensor(logits.shape[-1] - 1))


def _torch_dropout(x, u, p=0.5, training=True):
    if not training:
        return x.clone()
    keep = (u >= p).to(x.dtype)
    return x * (keep.div(1 - p) if p < 1 else keep)


# -- laws --------------------------------------------------------------------------------------------------------------------
def _rows(n: int):
    return np.broadcast_to(LOGITS, (n, len(LOGITS)))


def _draw_gumbel_max(op, rng, n):
    return op(_rows(n), rng)


def _draw_hard(op, rng, n):
    return np.argmax(op(_rows(n), rng, tau=0.5, hard=True), axis=-1)


CUTS = np.arange(1, 16) / 16


def _draw_soft(op, rng, n):
    """Two categories: log(y / (1 - y)) = (difference of logits + logistic noise) / tau."""
    y = op(np.broadcast_to([0.75, 0.0], (n, 2)), rng, tau=0.5)
    noise = 0.5 * (np.log(y[:, 0]) - np.log(y[:, 1])) - 0.75
    return np.searchsorted(np.log(CUTS) - np.log1p(-CUTS), noise)


def _draw_categorical(op, rng, n):
    return op(np.asarray(LOGITS), rng, size=n)


def _draw_rows(op, rng, n):
    return op(_rows(n), rng)


def _draw_neighbours(op, rng, n):
    return _paired(op(np.log([0.2, 0.3, 0.5]), rng, size=n + 1), 3)


def _kept(op, rng, n):
    """1 for an element that was kept with the factor 1 / (1 - p), else 0."""
    return np.isclose(op(np.full(n, 3.0), rng, p=0.3), 3.0 / 0.7, rtol=1e-12, atol=0).astype(int)


def _kept_neighbours(op, rng, n):
    return _paired(_kept(op, rng, n + 1), 2)


# -- samplers: what a result must be, and how likely it was --------------------------------------------------------------------
def _axis(options) -> int:
    return options.get("axis", -1)


def _rows_repeated(arrays, options, n):
    """More rows, along any axis but that of the categories."""
    axis = another_axis(arrays[0], _axis(options))
    return None if axis is None else ([longer(arrays[0], n, axis), arrays[1]], options)


def _shape_without_axis(arrays, options):
    return tuple(np.delete(arrays[0].shape, _axis(options)).tolist())


def _read_categories(arrays, options):
    logits = np.moveaxis(arrays[0], _axis(options), -1)
    return lambda k, rng: (place_categories(k, logits, rng),)


def _read_soft(arrays, options):
    """Places of soft or hard samples; hard ones have their winner's place alone."""
    x = np.moveaxis(wide(arrays[0]), _axis(options), -1)
    place = _place_hard if options.get("hard", False) else _place_soft
    return lambda y, rng: place(np.moveaxis(y, _axis(options), -1), x, options.get("tau", 1.0), rng)


def _checked_rows(y, x) -> np.ndarray:
    """Which rows have a distribution; those of a sample are then no nan, the others are nan throughout."""
    rows = np.isfinite(x.max(axis=-1, initial=-np.inf))
    if np.isnan(wide(y[rows])).any():
        raise Breach("values", "a row holds nan")
    if not np.isnan(wide(y[~rows])).all():
        raise Breach("values", "a row of a sample from logits with nan or infinity is not nan throughout", "convention")
    return rows


def _place_hard(y, x, tau, rng):
    rows = _checked_rows(y, x)
    v, places = wide(y), np.full(rows.shape, np.nan)
    if not v.size:
        return (places,)
    if not (((v == 0) | (v == 1)).all(axis=-1) & (v.sum(axis=-1) == 1))[rows].all():
        raise Breach("values", "a hard sample is not one-hot")
    places[rows] = place_categories(np.argmax(v[rows], axis=-1), x[rows], rng)
    return (places,)


def _place_soft(y, x, tau, rng):
    """The place of the largest entry, and that of its lead over the next category.

    By exponential clocks E_k of rate e^x_k, y_k ~ E_k^(-1/tau): if m wins, P(E_k > c E_m) = 1 / (1 + (c - 1) p_k) for c >= 1.
    """
    rows, dtype = _checked_rows(y, x), dtype_name(y)
    places = np.full((2, *rows.shape), np.nan)
    if not y.size:
        return tuple(places)
    v, p = wide(y[rows]), softmax(x[rows])
    off = 2 * (v.shape[-1] + 8) * FORMATS[dtype].u
    if (v < 0).any() or (np.abs(v.sum(axis=-1) - 1) > off).any() or (v[x[rows] == -np.inf] != 0).any():
        raise Breach("values", "the rows of a sample are not positive with sum 1, and 0 where the logit is -inf")
    top = v.max(axis=-1, keepdims=True)
    winner = np.argmax(np.where(v == top, rng.random(v.shape), -1.0), axis=-1)  # among equal ones, any
    winners = place_categories(winner, x[rows], rng)
    other = (winner + 1) % v.shape[-1]
    lead = _lead(top[..., 0], np.take_along_axis(v, other[..., None], -1)[..., 0], tau, dtype)
    share = np.take_along_axis(p, other[..., None], -1)[..., 0]
    lower, upper = (1 / (1 + np.expm1(t) * np.maximum(share, 1e-6)) for t in lead[::-1])
    leads = np.where((share > 1e-6) & (other != winner), within(lower, upper, rng), np.nan)
    places[:, rows] = winners, leads
    return tuple(places)


def _lead(first, second, tau, dtype):
    """The least and the largest log(E_k / E_m) that is rounded to these two numbers."""
    a, b = half_gap(first, dtype), half_gap(second, dtype)
    least = np.log(first - a) - np.log(second + b)
    largest = np.log(first + a) - np.log(np.maximum(second - b, 0.0))
    return np.maximum(tau * least, 0.0), np.maximum(tau * largest, 0.0)


def _soft_gradient(forward, dy, arrays, options):
    """y (dy - sum y dy) / tau of the candidate's own soft sample y; of a hard one the same."""
    axis, tau = _axis(options), options.get("tau", 1.0)
    y, dy = wide(forward(arrays[0], {**options, "hard": False})), wide(dy)
    size = (np.abs(dy) + (y * np.abs(dy)).sum(axis=axis, keepdims=True)) / tau
    allowed = ((16 + y.shape[axis]) * y + 2 * FORMATS[dtype_name(arrays[0])].tiny) * size
    return y * (dy - (y * dy).sum(axis=axis, keepdims=True)) / tau, allowed


def _size(options) -> tuple[int, ...]:
    size = options.get("size")
    return () if size is None else (size,) if np.ndim(size) == 0 else tuple(size)


def _sizes_repeated(arrays, options, n):
    """More draws of each row, or more rows."""
    size = options.get("size")
    if size is not None and np.ndim(size) == 0:
        return list(arrays), {**options, "size": size * n}
    if size:
        return list(arrays), {**options, "size": more_of(tuple(size), n)}
    return ([longer(arrays[0], n, 0), arrays[1]], options) if arrays[0].ndim > 1 else None


def _read_dropout(arrays, options):
    x, p = arrays[0], options.get("p", 0.5)
    if not options.get("training", True):
        return lambda y, rng: (_same_place(y, x),)
    return lambda y, rng: (_place_kept(y, x, p, rng),)


def _same_place(y, x):
    same = (y == x) | (np.isnan(wide(y)) & np.isnan(wide(x)))
    if not same.all():
        raise Breach("values", "the result is not x where nothing may be dropped (training=False)")
    return np.full(x.shape, np.nan)


def _place_kept(y, x, p, rng):
    """Dropped below p, kept above; nan where x / (1 - p) is so small, or no number, that nobody can tell which of the two."""
    v, want, fmt = wide(y), wide(x) / (1.0 - p if p < 1 else 1.0), FORMATS[dtype_name(x)]
    dropped = np.where(np.isfinite(wide(x)), v == 0, np.isnan(v)) & (p > 0)
    kept = _about(v, want, fmt) & (p < 1)
    if not (kept | dropped).all():
        lost = ~(kept | dropped)
        raise Breach("values", f"returned {v[lost][0]:.6g} for {wide(x)[lost][0]:.6g}: neither 0 nor x / (1 - p)")
    lower, upper = np.where(dropped, 0.0, p), np.where(dropped, p, 1.0)
    told = (np.abs(want) > 8 * fmt.smallest) & (0 < p < 1)
    return np.where(told, within(lower, upper, rng), np.nan)


def _about(v, want, fmt):
    """Equal to a few units; beyond the largest number, infinity or about that number."""
    near = np.isfinite(want) & (np.abs(v - want) <= 8 * fmt.u * np.abs(want) + 2 * fmt.smallest)
    beyond = (np.abs(want) >= fmt.max) & (np.abs(v) >= fmt.max * (1 - 8 * fmt.u)) & (v * want > 0)
    return near | beyond | (np.isnan(want) & np.isnan(v))


def _dropout_gradient(forward, dy, arrays, options):
    """dy times the factors by which the candidate's own forward multiplies."""
    want = wide(dy) * wide(forward(np.ones_like(arrays[0]), options))
    return want, 8 * np.abs(want)


SOFTMAX = _probabilities(LOGITS)
NO_DISTRIBUTION = ("one_inf", "two_infs", "opposite_infs", "all_neg_inf_row", "one_nan")
"""Hazards whose rows define no distribution: `categorical` refuses them (as torch.multinomial does)."""

PAIRS = (
    Pair(
        "sampling.gumbel_max",
        (Logits("logits", (6, 7)), Noise("rng", (6, 7), _uniform)),
        torch=_torch_gumbel_max,
        variants=(
            with_shapes("axis=0", {"axis": 0}, logits=(5, 4), rng=(5, 4)),
            with_shapes("axis=1,rank3", {"axis": 1}, condition="several batch axes", logits=(2, 5, 3), rng=(2, 5, 3)),
            with_shapes("empty", condition="empty arrays", logits=(0, 4), rng=(0, 4)),
            with_shapes("one_category", logits=(3, 1), rng=(3, 1)),
            with_shapes("vector", condition="no batch axis", logits=(9,), rng=(9,)),
            with_shapes("long", condition="no batch axis", logits=(200,), rng=(200,)),
        ),
        differentiable=False,
        laws={"softmax_frequencies": Law(_draw_gumbel_max, SOFTMAX)},
        sampler=Sampler(_shape_without_axis, _read_categories, _rows_repeated, integer=True),
    ),
    Pair(
        "sampling.gumbel_softmax",
        (Logits("logits", (3, 7)), Noise("rng", (3, 7), _uniform)),
        torch=_torch_gumbel_softmax,
        variants=(
            with_options(tau=0.1),
            with_options(tau=5.0),
            with_options(hard=True),
            with_options(hard=True, tau=0.3),
            with_shapes("axis=0", {"axis": 0}, logits=(5, 4), rng=(5, 4)),
            with_shapes(
                "axis=1,hard,rank3", {"axis": 1, "hard": True}, condition="several batch axes", logits=(2, 5, 3), rng=(2, 5, 3)
            ),
            with_shapes("empty", condition="empty arrays", logits=(0, 4), rng=(0, 4)),
            with_shapes("no_category", condition="empty arrays", logits=(2, 0), rng=(2, 0)),
            with_shapes("one_category", logits=(3, 1), rng=(3, 1)),
            with_shapes("long", condition="no batch axis", logits=(200,), rng=(200,)),
        ),
        laws={
            "hard_frequencies": Law(_draw_hard, SOFTMAX),
            "soft_quantiles": Law(_draw_soft, (1 / 16,) * 16),
        },
        sampler=Sampler(lambda arrays, options: arrays[0].shape, _read_soft, _rows_repeated, _soft_gradient, most=100_000),
    ),
    Pair(
        "sampling.categorical",
        (Logits("logits", (8, 5)).but(*NO_DISTRIBUTION), Noise("rng", (8,), _uniform)),
        torch=_torch_categorical,
        variants=(
            with_shapes("size=4", {"size": 4}, rng=(4, 8)),
            with_shapes("size=(2,3)", {"size": (2, 3)}, logits=(2, 5), rng=(2, 3, 2)),
            with_shapes("size=()", {"size": ()}, condition="size=()", rng=(8,)),
            with_shapes("size=0", {"size": 0}, condition="empty arrays", rng=(0, 8)),
            with_shapes("vector", {"size": 12}, condition="no batch axis", logits=(6,), rng=(12,)),
            with_shapes("one_draw", condition="no batch axis", logits=(6,), rng=()),
            with_shapes("empty", condition="empty arrays", logits=(0, 4), rng=(0,)),
            with_shapes("one_category", logits=(3, 1), rng=(3,)),
            with_shapes("long", {"size": 20}, condition="no batch axis", logits=(200,), rng=(20,)),
        ),
        differentiable=False,
        laws={
            "softmax_frequencies": Law(_draw_categorical, SOFTMAX),
            "softmax_frequencies_of_rows": Law(_draw_rows, SOFTMAX),
            "independent_neighbours": Law(_draw_neighbours, _products((0.2, 0.3, 0.5))),
        },
        sampler=Sampler(
            lambda arrays, options: _size(options) + arrays[0].shape[:-1], _read_categories, _sizes_repeated, integer=True
        ),
    ),
    Pair(
        "sampling.dropout",
        (Data("x", (3, 8)), Noise("rng", (3, 8), _uniform)),
        torch=_torch_dropout,
        variants=(
            with_options(p=0.1),
            with_options(p=0.9),
            with_options(p=0.0),
            with_options(p=1.0),
            with_options(training=False),
            with_options(training=False, p=0.9),
            with_shapes("empty", condition="empty arrays", x=(0, 3), rng=(0, 3)),
            with_shapes("scalar", condition="0-d arrays", x=(), rng=()),
            with_shapes("rank3", {"p": 0.25}, x=(2, 3, 4), rng=(2, 3, 4)),
            with_shapes("long", {"p": 0.2}, x=(200,), rng=(200,)),
        ),
        laws={
            "kept": Law(_kept, (0.3, 0.7)),
            "independent_neighbours": Law(_kept_neighbours, _products((0.3, 0.7))),
        },
        sampler=Sampler(
            lambda arrays, options: arrays[0].shape,
            _read_dropout,
            lambda arrays, options, n: ([longer(arrays[0], n, 0), arrays[1]], options) if arrays[0].ndim else None,
            _dropout_gradient,
        ),
    ),
)
