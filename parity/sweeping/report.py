"""The record of a sweep for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

FAULTS = {"nan": "wrong nan", "infinity": "wrong infinity", "zero_sign": "wrong sign of zero"}
SIDES = ("positive", "negative")
SHOWN_RUNS = 6


def sweep_lines(record: dict[str, Any]) -> Iterator[str]:
    """The whole report."""
    yield f"{record['op']} {record['dtype']} {record['who']}: {record['values']:,} values"
    yield ""
    yield from _point("largest error", f"{record['max_ulps']:.9g} ULP", record["worst"])
    if record["worst_units"] != record["worst"]:
        yield from _point("in units of u", f"{record['max_units']:.9g} units", record["worst_units"])
    yield from _faults(record)
    yield from _rounding(record)
    yield ""
    yield from _histogram(record)
    yield ""
    for side in SIDES:
        yield from _profile(side, record["profile"][side])
    yield ""
    yield from _certificate(record)
    rate = "" if record["rate"] is None else f", {record['rate']:,} values/s per core"
    yield f"time:             {record['seconds']:.1f} s of one core{rate}"


def _point(label: str, size: str, p: dict[str, Any]) -> Iterator[str]:
    yield f"{label + ':':<17s} {size}"
    yield f"  input           {p['input']['decimal']} ({p['input']['hex']}, {p['bits']})"
    yield f"  got             {p['got']['decimal']} ({p['got']['hex']})"
    yield f"  exact           {p['exact']['decimal']} ({p['exact']['hex']})"


def _faults(record: dict[str, Any]) -> Iterator[str]:
    for fault, name in FAULTS.items():
        found = record["wrong"][fault]
        if found["count"]:
            yield from _point(name, f"{found['count']:,} values, for example", found["example"])
    if not any(record["wrong"][fault]["count"] for fault in FAULTS):
        yield "special values:   no wrong nan, infinity or sign of zero"


def _rounding(record: dict[str, Any]) -> Iterator[str]:
    count, left = record["not_correctly_rounded"], record["unjudged"]
    share = f" ({100 * count / record['values']:.3g} %)" if count else ""
    yield f"not rounded right: {count:,}{share}"
    if left["wrong_roundings"]:
        yield f"  {left['wrong_roundings']:,} of them by the reference alone, the rest confirmed by ball arithmetic"
    if left["near_ties"]:
        yield f"  and {left['near_ties']:,} results half an ULP off, too near a tie for the reference, were taken for right"


def _histogram(record: dict[str, Any]) -> Iterator[str]:
    yield "error in ULP      values"
    for name, count in record["histogram"].items():
        if count:
            yield f"  {name:<15s} {count:>13,}  {100 * count / record['values']:9.5f} %"


def _profile(side: str, runs: list) -> Iterator[str]:
    """The worst few binades of one sign."""
    worst = sorted(runs, key=lambda run: -run[2])[:SHOWN_RUNS]
    spans = ", ".join(f"2^{a}{'' if a == b else f'..2^{b}'}: {u:g}" for a, b, u in worst)
    yield f"{side + ' binades:':<18s}{spans}{', ...' if len(runs) > SHOWN_RUNS else ''}"


def _certificate(record: dict[str, Any]) -> Iterator[str]:
    c = record["certified"]
    worst = "a wrong nan" if c["reference_worst_ulps"] is None else f"{c['reference_worst_ulps']:.3g} float64 ulp"
    verdict = "as claimed" if c["holds"] else "MORE than claimed: counts near a tie are not sure"
    all_of_them = c["judged"] == record["values"]
    what = "every one" if all_of_them else "the worst of every binade, the doubtful roundings, a random sample"
    yield f"ball arithmetic:  judged {c['judged']:,} values: {what}"
    if c["undecided"]:
        yield f"  could not decide {c['undecided']:,} more, too near a tie for it too"
    if c["interpolated"]:
        part = 100 * c["interpolated"] / record["values"]
        yield f"  reference interpolated at {part:.1f} % of the values, where it is smooth, and asked at all others"
    yield f"  reference off by at most {worst} there ({c['reference_claims_ulps']:g} claimed; {verdict})"
