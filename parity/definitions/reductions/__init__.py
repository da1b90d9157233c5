"""The textbook definitions of the reductions."""

from __future__ import annotations

from parity.definitions.reductions.extremes import amax, amin, argmax, argmin, cummax, norm
from parity.definitions.reductions.linear import cumprod, cumsum, mean, prod, sum
from parity.definitions.reductions.moments import corrcoef, cov, std, var
from parity.definitions.reductions.order import argsort, histogram, median, nan_to_num, quantile, sort, topk

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "argsort",
    "corrcoef",
    "cov",
    "cummax",
    "cumprod",
    "cumsum",
    "histogram",
    "mean",
    "median",
    "nan_to_num",
    "norm",
    "prod",
    "quantile",
    "sort",
    "std",
    "sum",
    "topk",
    "var",
]
