"""The textbook definitions of lgamma and digamma."""

from __future__ import annotations

import numpy as np

from parity.definitions import _functions as f
from parity.definitions._functions import elementwise, inf, nan, where

__all__ = ["digamma", "lgamma"]


@elementwise(limits={inf: (inf, inf), -inf: (inf, nan), -0.0: (inf, inf)})
def lgamma(x):
    """log |Gamma(x)|; near its pole at 0 it is -log |x|, which states the pole itself and its slope from the right."""
    return where(x == 0, -np.log(x), f.lgamma(x))


@elementwise(limits={inf: (inf, 0.0), -inf: (nan, nan), -0.0: (inf, inf)})
def digamma(x):
    """The derivative of log |Gamma(x)|; near its pole at 0 it is -1/x, which states the pole's limits from either side."""
    pole = where(x == 0, True, False)
    return where(pole, -1 / where(pole, x, 1), f.digamma(x))
