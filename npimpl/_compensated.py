"""The rounding error of an addition, exactly: what compensated sums and differences are made of."""

from __future__ import annotations

import numpy as np

__all__ = ["two_sum"]


def two_sum(a, b):
    """s = fl(a + b) and e with s + e = a + b exactly (Knuth, The Art of Computer Programming 2, section 4.2.2)."""
    s = np.asarray(a + b)
    z = np.asarray(s - a)
    e = np.asarray(s - z)
    np.subtract(a, e, out=e)
    np.subtract(b, z, out=z)
    e += z
    return s, e
