"""Further values of options, a row for each op: zero where it is allowed, and the ends of what is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Values = Mapping[str, tuple[Any, ...]]
VALUES: Mapping[str, Values] = {
    "activations.softplus": {"threshold": (0.0,)},
    "activations.elu": {"alpha": (0.0,)},
    "activations.hardshrink": {"lambd": (1e30,)},
    "activations.softshrink": {"lambd": (1e30,)},
    "attention.scaled_dot_product_attention": {"scale": (-0.5,)},
    "losses.hinge_embedding_loss": {"margin": (0.0,)},
    "losses.multi_margin_loss": {"margin": (0.0,)},
    "losses.margin_ranking_loss": {"margin": (-0.5,)},
    "losses.cosine_embedding_loss": {"margin": (1.0, -0.5)},
    "losses.gaussian_nll_loss": {"eps": (0.0,)},
    "losses.poisson_nll_loss": {"eps": (0.0,)},
    "losses.nll_loss": {"ignore_index": (-1,)},
    "losses.cross_entropy": {"ignore_index": (-1,)},
    "losses.kl_div": {"log_target": (False,)},
    "normalization.batch_norm": {"momentum": (1.0,)},
    "normalization.instance_norm": {"momentum": (0.0, 1.0)},
    "normalization.local_response_norm": {"alpha": (0.0,)},
    "optimizers.sgd": {"lr": (0.0,), "momentum": (1.0,), "dampening": (1.0,)},
    "optimizers.adam": {"lr": (0.0,)},
    "optimizers.adamw": {"lr": (0.0,)},
    "reductions.nan_to_num": {"posinf": (0.0,), "neginf": (0.0,)},
    "reductions.norm": {"ord": (10,)},
    "reductions.histogram": {"bins": (1,)},
    "schedules.cosine_annealing_lr": {"base_lr": (0.0,)},
    "similarity.cosine_similarity": {"eps": (0.0,)},
}
"""Op -> option -> values."""


def with_values(op: str, own: Values) -> Values:
    """The values that a row has itself, and those that are listed here."""
    further = VALUES.get(op, {})
    return {name: (*own.get(name, ()), *further.get(name, ())) for name in {**own, **further}}
