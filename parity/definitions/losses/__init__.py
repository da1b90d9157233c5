"""Textbook definitions of the losses, split like `npimpl.losses`."""

from parity.definitions.losses.binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    multilabel_soft_margin_loss,
    soft_margin_loss,
)
from parity.definitions.losses.categorical import (
    cross_entropy,
    cross_entropy_probabilities,
    nll_loss,
)
from parity.definitions.losses.distance import (
    cosine_embedding_loss,
    triplet_margin_loss,
)
from parity.definitions.losses.likelihood import (
    gaussian_nll_loss,
    kl_div,
    poisson_nll_loss,
)
from parity.definitions.losses.margin import (
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
)
from parity.definitions.losses.regression import (
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "cross_entropy",
    "cross_entropy_probabilities",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "margin_ranking_loss",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
]
