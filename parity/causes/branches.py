"""Mistakes of one branch of an elementwise op: right on one side of a point, wrong on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from parity.causes.claims import Claim
from parity.causes.comparing import SHARP, close, format_number, is_wrong, outputs, truths, values
from parity.causes.diagnosis import Diagnosis

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

Region = Callable[[np.ndarray], np.ndarray]
ENOUGH = 3
"""Elements on either side of a point."""


def one_branch(d: Diagnosis) -> Iterator[Claim]:
    """Everything is wrong in one region, and nothing outside of it, at two inputs."""
    if not d.elementwise or len(d.ordinary) < 2:
        return
    for name, region in _regions(d):
        if all(_is_where(p, region) for p in d.ordinary):
            what = "slope" if d.backward else "result"
            how = _how_wrong(d.ordinary, region)
            sentence = f"One branch is wrong: the {what} is {how} where {name}, and right elsewhere."
            yield Claim("branch", sentence, shows=lambda seen, region=region: _agrees_with(seen, region))
            return


def _regions(d: Diagnosis) -> Iterator[tuple[str, Region]]:
    options = d.ordinary[0].evaluation.built.options
    points = {0.0, *d.pair.knots, *(float(v) for v in options.values() if isinstance(v, (int, float)))}
    low, high = min(points), max(points)
    for p in sorted(points, key=abs):
        yield f"x < {format_number(p)}", lambda x, p=p: x < p
        yield f"x > {format_number(p)}", lambda x, p=p: x > p
    if low < high:
        yield f"{format_number(low)} < x < {format_number(high)}", lambda x: (x > low) & (x < high)
        yield f"x < {format_number(low)} or x > {format_number(high)}", lambda x: (x < low) | (x > high)


def _wrong(p: Seen) -> np.ndarray:
    return ~close(p.party.outputs[0], p.evaluation.truths[0], p.evaluation.dtype)


def _is_where(p: Seen, region: Region) -> bool:
    """Whether exactly this region is wrong, and there is enough on both sides to say so."""
    inside, finite = region(values(p.evaluation.built.arrays[0])), np.isfinite(truths(p)[0])
    return bool((inside == _wrong(p))[finite].all()) and min((inside & finite).sum(), (~inside & finite).sum()) >= ENOUGH


def _agrees_with(seen: Seen, region: Region) -> bool:
    """Whether nothing outside of the region is wrong."""
    if seen.party.error or not is_wrong(seen):
        return False
    inside, finite = region(values(seen.evaluation.built.arrays[0])), np.isfinite(truths(seen)[0])
    return not (_wrong(seen) & finite & ~inside).any() and bool((_wrong(seen) & inside).any())


def _how_wrong(places: tuple[Seen, ...], region: Region) -> str:
    ratios = []
    for p in places:
        inside = region(values(p.evaluation.built.arrays[0]))
        with np.errstate(all="ignore"):
            ratios += list(outputs(p)[0][inside] / truths(p)[0][inside])
    alike = np.isfinite(ratios).all() and np.ptp(ratios) <= 8 * SHARP[places[0].evaluation.dtype] * abs(ratios[0])
    return f"{format_number(float(ratios[0]))} times the truth" if alike else "wrong"
