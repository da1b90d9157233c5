"""Losses: how far a prediction is from its target, reduced to one number ("mean", "sum") or left as it is ("none").

- `regression`: squares and absolute values of a difference;
- `binary`: yes/no decisions, from probabilities or logits;
- `categorical`: one class out of C;
- `likelihood`: counts, measurements, and the divergence of two distributions;
- `margin`: hinges;
- `distance`: angles and distances between vectors.
"""

from npimpl.losses.binary import (
    binary_cross_entropy,
    binary_cross_entropy_backward,
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_backward,
    multilabel_soft_margin_loss,
    multilabel_soft_margin_loss_backward,
    soft_margin_loss,
    soft_margin_loss_backward,
)
from npimpl.losses.categorical import (
    cross_entropy,
    cross_entropy_backward,
    nll_loss,
    nll_loss_backward,
)
from npimpl.losses.distance import (
    cosine_embedding_loss,
    cosine_embedding_loss_backward,
    triplet_margin_loss,
    triplet_margin_loss_backward,
)
from npimpl.losses.likelihood import (
    gaussian_nll_loss,
    gaussian_nll_loss_backward,
    kl_div,
    kl_div_backward,
    poisson_nll_loss,
    poisson_nll_loss_backward,
)
from npimpl.losses.margin import (
    hinge_embedding_loss,
    hinge_embedding_loss_backward,
    margin_ranking_loss,
    margin_ranking_loss_backward,
    multi_margin_loss,
    multi_margin_loss_backward,
    multilabel_margin_loss,
    multilabel_margin_loss_backward,
)
from npimpl.losses.regression import (
    huber_loss,
    huber_loss_backward,
    l1_loss,
    l1_loss_backward,
    mse_loss,
    mse_loss_backward,
    smooth_l1_loss,
    smooth_l1_loss_backward,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_backward",
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_backward",
    "cosine_embedding_loss",
    "cosine_embedding_loss_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "gaussian_nll_loss",
    "gaussian_nll_loss_backward",
    "hinge_embedding_loss",
    "hinge_embedding_loss_backward",
    "huber_loss",
    "huber_loss_backward",
    "kl_div",
    "kl_div_backward",
    "l1_loss",
    "l1_loss_backward",
    "margin_ranking_loss",
    "margin_ranking_loss_backward",
    "mse_loss",
    "mse_loss_backward",
    "multi_margin_loss",
    "multi_margin_loss_backward",
    "multilabel_margin_loss",
    "multilabel_margin_loss_backward",
    "multilabel_soft_margin_loss",
    "multilabel_soft_margin_loss_backward",
    "nll_loss",
    "nll_loss_backward",
    "poisson_nll_loss",
    "poisson_nll_loss_backward",
    "smooth_l1_loss",
    "smooth_l1_loss_backward",
    "soft_margin_loss",
    "soft_margin_loss_backward",
    "triplet_margin_loss",
    "triplet_margin_loss_backward",
]
