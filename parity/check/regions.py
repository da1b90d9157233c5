"""Regions of the table: intervals of the first input with a budget, and an absolute floor, of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parity.evaluate import Evaluation
from parity.oracle import Truth

OUTSIDE = -1
"""The region of an element that is in none."""
Regions = Sequence[Mapping[str, Any]]


@np.errstate(invalid="ignore")
def regions_at(regions: Regions, x: Any, dy: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """The region of each input, the last one that holds it, and the absolute error that it grants (times |dy|)."""
    x = np.asarray(x).astype(np.float64)
    index, floor = np.full(x.shape, OUTSIDE), np.zeros(x.shape)
    for k, region in enumerate(regions):
        inside = (x >= region["input"][0]) & (x <= region["input"][1])
        index[inside], floor[inside] = k, region.get("floor", 0.0)
    return index, floor if dy is None else floor * np.abs(np.asarray(dy).astype(np.float64))


def apply(regions: Regions, e: Evaluation, truth: Truth) -> bool:
    """Whether the regions say anything about an output: it has one element for each of the first input."""
    return bool(regions) and np.shape(e.built.arrays[0]) == truth.value.shape


def limits(regions: Regions, e: Evaluation, truth: Truth, budget: float) -> tuple[Any, Any]:
    """The budget and the absolute floor of each element."""
    if not apply(regions, e, truth):
        return budget, 0.0
    dy = e.cotangents[0] if e.direction == "backward" else None
    index, floor = regions_at(regions, e.built.arrays[0], dy)
    units = np.array([*(float(r["units"]) for r in regions), budget])
    return units[index], floor
