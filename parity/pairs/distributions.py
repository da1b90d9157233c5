"""The normal and the categorical distribution against torch.distributions and SciPy."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np

from parity.hostile import listed, near
from parity.kinds import Kind, Labels, Logits, Noise, Positive, Real
from parity.pair import Law, Pair, along, with_shapes
from parity.samplers import Sampler, dtype_name, longer, more_of, place_categories, place_normals

VALUE, LOC, SCALE = Real("value", (12,)), Real("loc", (12,)), Positive("scale", (12,))
CUTS = np.array([NormalDist().inv_cdf(k / 16) for k in range(1, 16)])
LOGITS = (0.5, -1.0, 2.0, 0.0, -np.inf, 1.25)


def _shape(name: str, shape: tuple[int, ...]) -> Kind:
    """A shape, passed as the tuple it is."""
    return Kind(name, shape, lambda s, f, r: s, role="fixed", differentiable=False)


# -- references ----------------------------------------------------------------------------------------------------------------
def _normal(loc, scale):
    import torch

    return torch.distributions.Normal(loc, scale, validate_args=False)


def _categorical(logits):
    import torch

    return torch.distributions.Categorical(logits=logits, validate_args=False)


def _torch_normal_log_prob(value, loc, scale):
    return _normal(loc, scale).log_prob(value)


def _torch_normal_entropy(loc, scale):
    return _normal(loc, scale).entropy()


def _torch_normal_sample(shape, z, loc, scale):
    return loc + z.to(loc.dtype) * scale


def _torch_kl_normal(p_loc, p_scale, q_loc, q_scale):
    import torch

    return torch.distributions.kl_divergence(_normal(p_loc, p_scale), _normal(q_loc, q_scale))


def _torch_log_prob(value, logits):
    return _categorical(logits).log_prob(value)


def _torch_entropy(logits):
    return _categorical(logits).entropy()


def _torch_categorical_sample(shape, u, logits):
    import torch

    reached = (logits.double().softmax(-1).cumsum(-1) <= u[..., None]).sum(-1)
    return torch.minimum(reached, torch.tensor(logits.shape[-1] - 1))


def _torch_kl_categorical(p_logits, q_logits):
    import torch

    return torch.distributions.kl_divergence(_categorical(p_logits), _categorical(q_logits))


def _scipy_logpdf(value, loc, scale):
    from scipy import stats

    return stats.norm.logpdf(value, loc, scale)


def _scipy_normal_entropy(loc, scale):
    from scipy import stats

    return stats.norm.entropy(loc, scale)


def _scipy_entropy(logits):
    from scipy import special

    return special.entr(special.softmax(logits, axis=-1)).sum(axis=-1)


def _scipy_kl(p_logits, q_logits):
    from scipy import special

    return special.rel_entr(special.softmax(p_logits, axis=-1), special.softmax(q_logits, axis=-1)).sum(axis=-1)


# -- laws --------------------------------------------------------------------------------------------------------------------
def _draw_normal(op, rng, n):
    return np.searchsorted(2.0 * CUTS - 1.0, op((n,), rng, np.array(-1.0), np.array(2.0)))


def _draw_neighbours(op, rng, n):
    """Neighbouring draws together: four quartiles each."""
    c = np.searchsorted(CUTS[3::4], op((n + 1,), rng, np.array(0.0), np.array(1.0)))
    return 4 * c[:-1] + c[1:]


def _draw_categorical(op, rng, n):
    return op((n,), rng, np.asarray(LOGITS))


# -- samplers: what a result must be, and how likely it was --------------------------------------------------------------------
def _normal_shape(arrays, options):
    shape, _, loc, scale = arrays
    return (*shape, *np.broadcast_shapes(loc.shape, scale.shape))


def _read_normal(arrays, options):
    _, _, loc, scale = arrays
    return lambda y, rng: (place_normals(y, loc, scale, dtype_name(y), rng),)


def _normals_repeated(arrays, options, n):
    """More draws along the first axis of `shape`, else of the parameters."""
    shape, rng, loc, scale = arrays
    if shape:
        return [more_of(shape, n), rng, loc, scale], options
    return ([shape, rng, longer(loc, n, 0), longer(scale, n, 0)], options) if loc.ndim and loc.shape == scale.shape else None


def _read_categories(arrays, options):
    return lambda k, rng: (place_categories(k, arrays[2], rng),)


def _categories_repeated(arrays, options, n):
    shape, rng, logits = arrays
    if shape:
        return [more_of(shape, n), rng, logits], options
    return ([shape, rng, longer(logits, n, 0)], options) if logits.ndim > 1 else None


SOFTMAX = tuple((np.exp(LOGITS) / np.exp(LOGITS).sum()).tolist())
NO_DISTRIBUTION = ("one_inf", "two_infs", "opposite_infs", "all_neg_inf_row", "one_nan")
"""Hazards whose rows define no distribution: sampling refuses them."""


def _close(shape, fmt, rng):
    """Rows beside those of `ordinary` logits at 1: the two distributions differ by a few units in the last place."""
    return 1.0 + fmt.eps * rng.integers(-3, 4, size=shape)


P = Logits("p_logits", (4, 6)).also(close=_close, one_zero=listed([-np.inf, 0.0, 1.0, 2.0, 0.5, -1.0]))
Q = Logits("q_logits", (4, 6)).also(close=_close, one_zero=listed([0.0, -np.inf, 1.0, 2.0, 0.5, -1.0]))
P_SCALE = replace(SCALE, name="p_scale").but("infinities").also(close=near([1.0, 2.5]))
Q_SCALE = replace(SCALE, name="q_scale").but("infinities").also(close=listed([1.0, 1.0, 1.0, 2.5, 2.5, 2.5]))
# An infinite scale belongs to no normal distribution: r^2 - log r^2 is then inf - inf, as in torch.

PAIRS = (
    Pair(
        "distributions.normal_log_prob",
        (VALUE, LOC, SCALE),
        torch=_torch_normal_log_prob,
        scipy=_scipy_logpdf,
        variants=(
            with_shapes("empty", condition="empty arrays", value=(0,), loc=(0,), scale=(0,)),
            with_shapes("scalar", condition="0-d arrays", value=(), loc=(), scale=()),
            with_shapes("broadcast", condition="broadcasting", value=(3, 4), loc=(4,), scale=(3, 1)),
            with_shapes("one_normal", condition="broadcasting", value=(200,), loc=(), scale=()),
        ),
    ),
    Pair(
        "distributions.normal_entropy",
        (LOC, SCALE),
        torch=_torch_normal_entropy,
        scipy=_scipy_normal_entropy,
        variants=(
            with_shapes("empty", condition="empty arrays", loc=(0,), scale=(0,)),
            with_shapes("scalar", condition="0-d arrays", loc=(), scale=()),
            with_shapes("broadcast", condition="broadcasting", loc=(4,), scale=(3, 1)),
            with_shapes("long", loc=(200,), scale=(200,)),
        ),
    ),
    Pair(
        "distributions.normal_sample",
        (
            _shape("shape", (3,)),
            Noise("rng", (3, 8), lambda rng, s: rng.standard_normal(s)),
            Real("loc", (8,)),
            Positive("scale", (8,)),
        ),
        torch=_torch_normal_sample,
        variants=(
            with_shapes("shape=()", condition="shape=()", shape=(), rng=(8,)),
            with_shapes("empty", condition="empty arrays", shape=(0,), rng=(0, 8)),
            with_shapes("scalar", condition="0-d arrays", shape=(5,), rng=(5,), loc=(), scale=()),
            with_shapes("broadcast", condition="broadcasting", shape=(2, 1), rng=(2, 1, 3, 4), loc=(4,), scale=(3, 1)),
            with_shapes("long", shape=(200,), rng=(200, 1), loc=(1,), scale=(1,)),
        ),
        differentiable=False,
        laws={
            "quantiles": Law(_draw_normal, (1 / 16,) * 16),
            "independent_neighbours": Law(_draw_neighbours, (1 / 16,) * 16),
        },
        sampler=Sampler(_normal_shape, _read_normal, _normals_repeated),
        axes=(along(rng=(3, "n"), loc=("n",), scale=("n",)),),
    ),
    Pair(
        "distributions.kl_normal_normal",
        (Real("p_loc", (12,)), P_SCALE, Real("q_loc", (12,)), Q_SCALE),
        torch=_torch_kl_normal,
        variants=(
            with_shapes("empty", condition="empty arrays", p_loc=(0,), p_scale=(0,), q_loc=(0,), q_scale=(0,)),
            with_shapes("scalar", condition="0-d arrays", p_loc=(), p_scale=(), q_loc=(), q_scale=()),
            with_shapes("broadcast", condition="broadcasting", p_loc=(4,), p_scale=(3, 1), q_loc=(3, 4), q_scale=()),
            with_shapes("long", p_loc=(200,), p_scale=(200,), q_loc=(200,), q_scale=(200,)),
        ),
    ),
    Pair(
        "distributions.categorical_log_prob",
        (Labels("value", (4,), classes=6), Logits("logits", (4, 6))),
        torch=_torch_log_prob,
        variants=(
            with_shapes("empty", condition="empty arrays", value=(0,), logits=(0, 6)),
            with_shapes("vector", condition="no batch axis", value=(), logits=(6,)),
            with_shapes("many_values", condition="broadcasting", value=(5, 4), logits=(4, 6)),
            with_shapes("one_row", condition="broadcasting", value=(7,), logits=(6,)),
            with_shapes("one_value", condition="broadcasting", value=(), logits=(4, 6)),
            with_shapes("long", value=(2,), logits=(2, 200)),
        ),
        axes=(
            along(value=("n",), logits=("n", 6)),
            along(value=(2,), logits=(2, "n+5")),
        ),
    ),
    Pair(
        "distributions.categorical_entropy",
        (Logits("logits", (4, 6)),),
        torch=_torch_entropy,
        scipy=_scipy_entropy,
        variants=(
            with_shapes("empty", condition="empty arrays", logits=(0, 6)),
            with_shapes("vector", condition="no batch axis", logits=(6,)),
            with_shapes("one_category", logits=(3, 1)),
            with_shapes("rank3", condition="several batch axes", logits=(2, 3, 4)),
            with_shapes("long", condition="no batch axis", logits=(200,)),
        ),
    ),
    Pair(
        "distributions.categorical_sample",
        (
            _shape("shape", (5,)),
            Noise("rng", (5, 4), lambda rng, s: rng.random(s)),
            Logits("logits", (4, 6)).but(*NO_DISTRIBUTION),
        ),
        torch=_torch_categorical_sample,
        variants=(
            with_shapes("shape=()", condition="shape=()", shape=(), rng=(4,)),
            with_shapes("empty", condition="empty arrays", shape=(0,), rng=(0, 4)),
            with_shapes("vector", condition="no batch axis", shape=(2, 3), rng=(2, 3), logits=(6,)),
            with_shapes("long", condition="no batch axis", shape=(20,), rng=(20,), logits=(200,)),
        ),
        differentiable=False,
        laws={"softmax_frequencies": Law(_draw_categorical, SOFTMAX)},
        sampler=Sampler(
            lambda arrays, options: (*arrays[0], *arrays[2].shape[:-1]), _read_categories, _categories_repeated, integer=True
        ),
        axes=(along(rng=(5, 4), logits=(4, "n")),),
    ),
    Pair(
        "distributions.kl_categorical_categorical",
        (P, Q),
        torch=_torch_kl_categorical,
        scipy=_scipy_kl,
        variants=(
            with_shapes("empty", condition="empty arrays", p_logits=(0, 6), q_logits=(0, 6)),
            with_shapes("vector", condition="no batch axis", p_logits=(6,), q_logits=(6,)),
            with_shapes("one_category", p_logits=(3, 1), q_logits=(3, 1)),
            with_shapes("broadcast", condition="broadcasting", p_logits=(4, 6), q_logits=(6,)),
            with_shapes("long", condition="no batch axis", p_logits=(200,), q_logits=(200,)),
        ),
    ),
)
