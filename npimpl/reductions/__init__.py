"""Reductions: many numbers to one along axes, and running reductions.

Split by mathematics: sums, moments (variance and correlation), products, extremes, order statistics, norms, and what replaces
entries that are not finite.
"""

from __future__ import annotations

from npimpl.reductions.extremes import (
    amax,
    amax_backward,
    amin,
    amin_backward,
    argmax,
    argmin,
    cummax,
    cummax_backward,
)
from npimpl.reductions.moments import (
    corrcoef,
    corrcoef_backward,
    cov,
    cov_backward,
    std,
    std_backward,
    var,
    var_backward,
)
from npimpl.reductions.nonfinite import nan_to_num, nan_to_num_backward
from npimpl.reductions.norms import norm, norm_backward
from npimpl.reductions.order import (
    argsort,
    histogram,
    median,
    median_backward,
    quantile,
    quantile_backward,
    sort,
    sort_backward,
    topk,
    topk_backward,
)
from npimpl.reductions.products import cumprod, cumprod_backward, prod, prod_backward
from npimpl.reductions.sums import cumsum, cumsum_backward, mean, mean_backward, sum, sum_backward

__all__ = [
    "amax",
    "amax_backward",
    "amin",
    "amin_backward",
    "argmax",
    "argmin",
    "argsort",
    "corrcoef",
    "corrcoef_backward",
    "cov",
    "cov_backward",
    "cummax",
    "cummax_backward",
    "cumprod",
    "cumprod_backward",
    "cumsum",
    "cumsum_backward",
    "histogram",
    "mean",
    "mean_backward",
    "median",
    "median_backward",
    "nan_to_num",
    "nan_to_num_backward",
    "norm",
    "norm_backward",
    "prod",
    "prod_backward",
    "quantile",
    "quantile_backward",
    "sort",
    "sort_backward",
    "std",
    "std_backward",
    "sum",
    "sum_backward",
    "topk",
    "topk_backward",
    "var",
    "var_backward",
]
