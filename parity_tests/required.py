"""What the catalogue must hold: every op by name, which of them have no backward, and which SciPy has too."""

from __future__ import annotations

REQUIRED = {
    "activations": "relu relu6 leaky_relu prelu elu celu selu gelu silu mish softplus sigmoid logsigmoid tanh softsign tanhshrink "
    "hardtanh hardsigmoid hardswish hardshrink softshrink threshold glu softmax log_softmax softmin",
    "special": "logsumexp logaddexp logcumsumexp erf erfc erfinv lgamma digamma xlogy xlog1py entr ndtr log_ndtr ndtri logit sinc "
    "expm1 log1p rsqrt",
    "reductions": "sum mean var std prod amax amin argmax argmin norm cumsum cumprod cummax median quantile nan_to_num topk sort "
    "argsort histogram cov corrcoef",
    "losses": "mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits nll_loss cross_entropy "
    "kl_div poisson_nll_loss gaussian_nll_loss hinge_embedding_loss margin_ranking_loss soft_margin_loss cosine_embedding_loss "
    "triplet_margin_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss",
    "similarity": "cosine_similarity pairwise_distance cdist pdist normalize",
    "normalization": "layer_norm rms_norm batch_norm group_norm instance_norm local_response_norm",
    "linear": "linear matmul",
    "convolution": "conv2d",
    "pooling": "max_pool2d avg_pool2d",
    "attention": "scaled_dot_product_attention",
    "recurrent": "lstm_cell gru_cell",
    "embedding": "embedding",
    "tensor": "stack concatenate flip roll pad moveaxis take_along_axis scatter_add one_hot sliding_window einsum",
    "sampling": "gumbel_max gumbel_softmax categorical dropout",
    "distributions": "normal_log_prob normal_entropy normal_sample kl_normal_normal categorical_log_prob categorical_entropy "
    "categorical_sample kl_categorical_categorical",
    "optimizers": "sgd adam adamw",
    "schedules": "cosine_annealing_lr",
    "init": "kaiming_normal orthogonal",
    "linalg": "solve slogdet",
    "augmentation": "horizontal_flip random_crop normalize_image adjust_brightness",
    "calculus": "jacobian gradient_check",
}
OPS = tuple(f"{family}.{name}" for family, names in REQUIRED.items() for name in names.split())

WITHOUT_BACKWARD = {
    "integer result": "reductions.argmax reductions.argmin reductions.argsort reductions.histogram tensor.one_hot sampling.gumbel_max "
    "sampling.categorical distributions.categorical_sample augmentation.adjust_brightness_uint8",
    "a random number that depends on no array": "init.kaiming_normal init.orthogonal distributions.normal_sample",
    "not part of a network's forward pass": "optimizers.sgd optimizers.adam optimizers.adamw schedules.cosine_annealing_lr "
    "calculus.jacobian calculus.gradient_check",
}
NOT_DIFFERENTIABLE = frozenset(op for names in WITHOUT_BACKWARD.values() for op in names.split())

IN_SCIPY = frozenset(
    [
        "activations.softmax",
        "activations.log_softmax",
        "activations.sigmoid",
        "activations.logsigmoid",
        "special.logsumexp",
        "special.erf",
        "special.erfc",
        "special.erfinv",
        "special.lgamma",
        "special.digamma",
        "special.xlogy",
        "special.xlog1py",
        "special.entr",
        "special.ndtr",
        "special.log_ndtr",
        "special.ndtri",
        "special.logit",
        "special.expm1",
        "special.log1p",
        "similarity.cdist",
        "similarity.pdist",
        "linalg.solve",
    ]
)
