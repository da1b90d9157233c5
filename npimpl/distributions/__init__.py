"""Log-probabilities, entropies, samples and Kullback-Leibler divergences of the normal and the categorical distribution."""

from npimpl.distributions.categorical import (
    categorical_entropy,
    categorical_entropy_backward,
    categorical_log_prob,
    categorical_log_prob_backward,
    categorical_sample,
    kl_categorical_categorical,
    kl_categorical_categorical_backward,
)
from npimpl.distributions.normal import (
    kl_normal_normal,
    kl_normal_normal_backward,
    normal_entropy,
    normal_entropy_backward,
    normal_log_prob,
    normal_log_prob_backward,
    normal_sample,
)

__all__ = [
    "categorical_entropy",
    "categorical_entropy_backward",
    "categorical_log_prob",
    "categorical_log_prob_backward",
    "categorical_sample",
    "kl_categorical_categorical",
    "kl_categorical_categorical_backward",
    "kl_normal_normal",
    "kl_normal_normal_backward",
    "normal_entropy",
    "normal_entropy_backward",
    "normal_log_prob",
    "normal_log_prob_backward",
    "normal_sample",
]
