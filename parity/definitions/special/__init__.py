"""The textbook definitions of the special functions."""

from __future__ import annotations

from parity.definitions.special.elementary import expm1, log1p, rsqrt, sinc
from parity.definitions.special.error_functions import erf, erfc, erfinv, log_ndtr, ndtr, ndtri
from parity.definitions.special.gamma_functions import digamma, lgamma
from parity.definitions.special.log_domain import entr, logaddexp, logcumsumexp, logit, logsumexp, xlog1py, xlogy

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfinv",
    "expm1",
    "lgamma",
    "log1p",
    "log_ndtr",
    "logaddexp",
    "logcumsumexp",
    "logit",
    "logsumexp",
    "ndtr",
    "ndtri",
    "rsqrt",
    "sinc",
    "xlog1py",
    "xlogy",
]
