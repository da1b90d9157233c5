"""From the results of all chunks to the record of a sweep: plain data, the same for every executor (but for the time)."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity.errors import ParityError
from parity.sweeping.patterns import BINS, Ruler

FAULTS = ("nan", "infinity", "zero_sign")
SHOWN_DIGITS = 3
"""Significant digits of the error profile."""


def summary(ruler: Ruler, chunks: list[dict[str, Any]], claimed: float) -> dict[str, Any]:
    """What all chunks say together; `claimed` is what the reference may be off, in float64 ulp."""
    worst, worst_units = (_largest(chunks, key, size) for key, size in (("worst", "ulps"), ("worst_units", "units")))
    counts = np.sum([c["histogram"] for c in chunks], axis=0).tolist()
    seconds = sum(c["seconds"] for c in chunks)
    values = sum(c["count"] for c in chunks)
    return {
        "values": values,
        "max_ulps": worst["ulps"],
        "worst": spelled(worst, ruler),
        "max_units": worst_units["units"],
        "worst_units": spelled(worst_units, ruler),
        "not_correctly_rounded": sum(c["misrounded"] for c in chunks),
        "unjudged": {
            "wrong_roundings": sum(c["unjudged"][0] for c in chunks),
            "near_ties": sum(c["unjudged"][1] for c in chunks),
        },
        "wrong": {fault: _fault(chunks, fault, ruler) for fault in FAULTS},
        "histogram": dict(zip(BINS, counts, strict=True)),
        "profile": profile(chunks, ruler),
        "certified": _certified(ruler, chunks, claimed),
        "seconds": round(seconds, 3),
        "rate": round(values / seconds) if seconds else None,
    }


def _largest(chunks, key: str, size: str) -> dict[str, Any]:
    """The point of the largest size; the first of equal ones; one that is no number only where there is nothing else."""
    points = [c[key] for c in chunks if c[key] is not None]
    if not points:
        raise ParityError(
            "Ball arithmetic decides none of these values; sweep more chunks, or state the limits of the definition."
        )
    return max(points, key=lambda p: -1.0 if p[size] is None else p[size])


def spelled(point: dict[str, Any], ruler: Ruler) -> dict[str, Any]:
    """A point with its numbers in hexadecimal and in decimal."""
    value = ruler.values(np.array([point["pattern"]]))[0]
    got = float.fromhex(point["got"])
    return {
        "bits": f"0x{point['pattern']:0{2 * ruler.bits.itemsize}x}",
        "input": {"hex": float(value).hex(), "decimal": str(value)},
        "got": {"hex": point["got"], "decimal": str(np.array(got).astype(value.dtype))},
        "exact": {"hex": point["exact"], "decimal": repr(float.fromhex(point["exact"]))},
        "ulps": point["ulps"],
        "units": point["units"],
    }


def _fault(chunks, fault: str, ruler: Ruler) -> dict[str, Any]:
    examples = [c["examples"][fault] for c in chunks if fault in c["examples"]]
    return {"count": sum(c[fault] for c in chunks), "example": spelled(examples[0], ruler) if examples else None}


def _certified(ruler: Ruler, chunks, claimed: float) -> dict[str, Any]:
    """How ball arithmetic vouches for the rest: what it judged, and how far off the reference was on all of that."""
    found = [c["reference"] for c in chunks]
    worst = max(found, key=lambda r: -1.0 if r["ulps"] is None else r["ulps"])
    wrong = sum(r["wrong_nan"] for r in found)
    return {
        "judged": sum(c["judged"] for c in chunks),
        "undecided": sum(c["undecided"] for c in chunks),
        "interpolated": sum(c["interpolated"] for c in chunks),
        "reference_claims_ulps": claimed,
        "reference_worst_ulps": worst["ulps"],
        "reference_worst_input": float(ruler.values(np.array([worst["pattern"]]))[0]).hex(),
        "reference_wrong_nan": wrong,
        "holds": wrong == 0 and (worst["ulps"] or 0.0) <= max(claimed, 1.0),
    }


def profile(chunks, ruler: Ruler) -> dict[str, list]:
    """The largest error in ULP by sign and binade of the input, as runs [first exponent, last exponent, ulps].

    Subnormal inputs count as the binade below the smallest normal one; infinities and nan are left out.
    """
    largest: dict[int, float] = {}
    for c in chunks:
        for binade, ulps in c["binades"]:
            largest[binade] = max(largest.get(binade, -1.0), ulps)
    half = 1 << (8 * ruler.bits.itemsize - ruler.shift - 1)
    bias = ruler.format.max_exponent
    sides: dict[str, list] = {"positive": [], "negative": []}
    for binade in sorted(b for b in largest if b % half != half - 1):
        runs = sides["positive" if binade < half else "negative"]
        exponent, ulps = binade % half - bias, float(f"{largest[binade]:.{SHOWN_DIGITS}g}")
        if runs and runs[-1][1] == exponent - 1 and runs[-1][2] == ulps:
            runs[-1][1] = exponent
        else:
            runs.append([exponent, exponent, ulps])
    return sides
