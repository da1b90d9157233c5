"""reductions.histogram: right.

Style: edges as exact fractions, one entry at a time. Needs: numpy.
"""

from fractions import Fraction

import numpy as np


def candidate(x, bins, range):
    a, b = (Fraction(v) for v in range)
    if a == b:
        a, b = a - Fraction(1, 2), b + Fraction(1, 2)
    counts = [0] * bins
    for value in x.ravel().tolist():
        if value == value and abs(value) != float("inf") and a <= Fraction(value) <= b:
            place = (Fraction(value) - a) * bins / (b - a)
            counts[min(int(place), bins - 1)] += 1
    edges = [float(a + k * (b - a) / bins) for k in np.arange(bins + 1).tolist()]
    return np.array(counts, np.float64).astype(x.dtype), np.array(edges).astype(x.dtype)
