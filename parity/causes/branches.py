"""Mistakes of one branch of an elementwise op: right on one side of a point, wrong on the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.causes.scene import SHARP, Scene, close, departs, outputs, shown, truths, values
from parity.judging import Seen
from parity.loader import is_elementwise


def one_branch(s: Scene) -> str:
    """Everything is wrong in one region, and nothing outside of it."""
    if not is_elementwise(s.check.op) or not s.places:
        return ""
    places = [p for p in s.places if departs(p)]
    if len(places) < 2 or len(places) < len(s.places):
        return ""
    for name, region in _regions(s):
        if all(_is_where(p, region) for p in places):
            what = "slope" if s.backward else "result"
            return f"One branch is wrong: the {what} is {_how_wrong(places, region)} where {name}, and right elsewhere."
    return ""


def _regions(s: Scene) -> Iterator[tuple[str, object]]:
    options = s.places[0].evaluation.built.options
    points = {0.0, *s.pair.knots, *(float(v) for v in options.values() if isinstance(v, (int, float)))}
    low, high = min(points), max(points)
    for p in sorted(points, key=abs):
        yield f"x < {shown(p)}", lambda x, p=p: x < p
        yield f"x > {shown(p)}", lambda x, p=p: x > p
    if low < high:
        yield f"{shown(low)} < x < {shown(high)}", lambda x: (x > low) & (x < high)
        yield f"x < {shown(low)} or x > {shown(high)}", lambda x: (x < low) | (x > high)


def _wrong(p: Seen) -> np.ndarray:
    return ~close(p.party.outputs[0], p.evaluation.truths[0], p.evaluation.dtype)


def _is_where(p: Seen, region) -> bool:
    """Whether exactly this region is wrong, and there is enough on both sides to say so."""
    inside, finite = region(values(p.evaluation.built.arrays[0])), np.isfinite(truths(p)[0])
    return bool((inside == _wrong(p))[finite].all()) and (inside & finite).sum() >= 3 and (~inside & finite).sum() >= 3


def _how_wrong(places: list[Seen], region) -> str:
    p = places[0]
    inside = region(values(p.evaluation.built.arrays[0]))
    got, want = outputs(p)[0][inside], truths(p)[0][inside]
    with np.errstate(all="ignore"):
        ratio = got / want
    if np.isfinite(ratio).all() and np.ptp(ratio) <= 8 * SHARP[p.evaluation.dtype] * abs(ratio[0]):
        return f"{shown(float(ratio[0]))} times the truth"
    return "wrong"
