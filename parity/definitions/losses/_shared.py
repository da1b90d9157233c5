"""Words that the definitions of losses share: reductions, hinges, and products whose coefficient may be exactly zero."""

from __future__ import annotations

import numpy as np

from parity.real import NAN, ZERO, Real

__all__ = ["absolute", "average", "fixed", "hinge", "hinge_with_edge", "reduce", "softplus", "times"]


def reduce(e, reduction: str, n=None):
    """The losses `e` as they are, their sum, or their sum divided by `n` (by default their number; 0/0 is nan)."""
    if reduction == "none":
        return e
    total = Real(0) + np.sum(e)
    return total if reduction == "sum" else total / (np.size(e) if n is None else n)


def average(op):
    """The forward scale of a loss whose elements have either sign: its reduction applied to their absolute values."""

    def scale(*args, reduction="mean", **options):
        return reduce(absolute(op(*args, reduction="none", **options)), reduction)

    return scale


absolute = np.frompyfunc(lambda x: x * NAN if x.isnan() else abs(x), 1, 1)
"""|x|, with slope 0 at 0 and nan at nan."""
fixed = np.frompyfunc(lambda x: Real(x.value), 1, 1)
"""The same number as a constant: no derivative passes."""
hinge = np.frompyfunc(lambda z: z * NAN if z.isnan() else z if z > 0 else Real(0), 1, 1)
"""max(0, z) with slope 0 at z = 0."""
hinge_with_edge = np.frompyfunc(lambda z: z * NAN if z.isnan() else z if z >= 0 else Real(0), 1, 1)
"""max(0, z) with slope 1 at z = 0."""


def _softplus(z):
    return z + (1 + (-z).exp()).log() if z > 0 else (1 + z.exp()).log()


softplus = np.frompyfunc(_softplus, 1, 1)
"""log(1 + e^z), which for z > 0 is z + log(1 + e^-z)."""


def _times(c, s):
    if not s.isnan() and not s.isfinite() and c == 0:
        return Real(ZERO, ((c, s.value), (s, ZERO)))
    return c * s


times = np.frompyfunc(_times, 2, 1)
"""c s, where a coefficient c = 0 removes the term even if s is infinite (the limit of c s for fixed c)."""
