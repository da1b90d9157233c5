"""Points beside the numbers that an implementation is written with: where it may change from one formula to another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from parity.cases import Case, Stored
from parity.formats import DTYPES

ASIDE = 2.0**-4
"""Points at this relative distance too: where a formula is wrong on one side, the neighbour alone may not show it."""


def switch_case(name: str, constants: Sequence[float], dtype: str) -> Case | None:
    """The case of an elementwise op at these numbers, at their roots, and beside both; None where there are none."""
    points = np.array([x for c in constants for root in (c, math.sqrt(c)) for x in _beside(root, dtype)], DTYPES[dtype])
    points = np.unique(points[np.isfinite(points)])
    if not points.size:
        return None
    return Case(
        "switch_points", stored=Stored({name: points}), origin="ordinary", salt="/switch", shapes={name: points.shape},
        cotangent="full",
    )  # fmt: skip


def _beside(size: float, dtype: str) -> Iterator[float]:
    """A number and its neighbours in the dtype, of either sign."""
    with np.errstate(over="ignore", under="ignore"):
        x = np.array(size).astype(DTYPES[dtype])
    far = np.array(np.inf, DTYPES[dtype])
    for y in (x, np.nextafter(x, far), np.nextafter(x, -far), x * (1 + ASIDE), x * (1 - ASIDE)):
        yield from (float(y), -float(y))
