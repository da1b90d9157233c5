"""Sampling: each op judged exactly given its noise, and in distribution over many draws."""

from __future__ import annotations

import numpy as np

from parity.kinds import Data, Logits, Noise
from parity.pair import Law, Pair, with_options, with_shapes

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
            with_shapes("axis=1,rank3", {"axis": 1}, logits=(2, 5, 3), rng=(2, 5, 3)),
            with_shapes("empty", logits=(0, 4), rng=(0, 4)),
            with_shapes("one_category", logits=(3, 1), rng=(3, 1)),
            with_shapes("vector", logits=(9,), rng=(9,)),
            with_shapes("long", logits=(200,), rng=(200,)),
        ),
        differentiable=False,
        laws={"softmax_frequencies": Law(_draw_gumbel_max, SOFTMAX)},
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
            with_shapes("axis=1,hard,rank3", {"axis": 1, "hard": True}, logits=(2, 5, 3), rng=(2, 5, 3)),
            with_shapes("empty", logits=(0, 4), rng=(0, 4)),
            with_shapes("no_category", logits=(2, 0), rng=(2, 0)),
            with_shapes("one_category", logits=(3, 1), rng=(3, 1)),
            with_shapes("long", logits=(200,), rng=(200,)),
        ),
        laws={
            "hard_frequencies": Law(_draw_hard, SOFTMAX),
            "soft_quantiles": Law(_draw_soft, (1 / 16,) * 16),
        },
    ),
    Pair(
        "sampling.categorical",
        (Logits("logits", (8, 5)).but(*NO_DISTRIBUTION), Noise("rng", (8,), _uniform)),
        torch=_torch_categorical,
        variants=(
            with_shapes("size=4", {"size": 4}, rng=(4, 8)),
            with_shapes("size=(2,3)", {"size": (2, 3)}, logits=(2, 5), rng=(2, 3, 2)),
            with_shapes("size=()", {"size": ()}, rng=(8,)),
            with_shapes("size=0", {"size": 0}, rng=(0, 8)),
            with_shapes("vector", {"size": 12}, logits=(6,), rng=(12,)),
            with_shapes("one_draw", logits=(6,), rng=()),
            with_shapes("empty", logits=(0, 4), rng=(0,)),
            with_shapes("one_category", logits=(3, 1), rng=(3,)),
            with_shapes("long", {"size": 20}, logits=(200,), rng=(20,)),
        ),
        differentiable=False,
        laws={
            "softmax_frequencies": Law(_draw_categorical, SOFTMAX),
            "softmax_frequencies_of_rows": Law(_draw_rows, SOFTMAX),
            "independent_neighbours": Law(_draw_neighbours, _products((0.2, 0.3, 0.5))),
        },
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
            with_shapes("empty", x=(0, 3), rng=(0, 3)),
            with_shapes("scalar", x=(), rng=()),
            with_shapes("rank3", {"p": 0.25}, x=(2, 3, 4), rng=(2, 3, 4)),
            with_shapes("long", {"p": 0.2}, x=(200,), rng=(200,)),
        ),
        laws={
            "kept": Law(_kept, (0.3, 0.7)),
            "independent_neighbours": Law(_kept_neighbours, _products((0.3, 0.7))),
        },
    ),
)
