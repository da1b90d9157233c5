"""Measures one op: every party's error in every case, on every dispatch path, and the worst inputs that a search finds.

The truth is found once, in the process that measures; the other paths are only asked what their parties return.
"""

from __future__ import annotations

import atexit
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from parity.cases import Case, Stored, with_stored
from parity.check.errors import units_of
from parity.check.regions import OUTSIDE, regions_at
from parity.evaluate import Evaluation, Party, evaluate, library
from parity.evidence import HAZARD, cell_name, decode_stored, encode_stored, spelled
from parity.formats import FORMATS
from parity.loader import catalogue, definition, is_elementwise
from parity.oracle import OracleError, Truth
from parity.remote import Remote, current_path, names_on
from parity.runner import case_of, checks_of, gap, is_refusal, judge_party, references_of
from parity.tolerances import Row
from parity.verdict import Check

LAYOUTS = ("", "strided", "single")
"""How the witnesses of elementwise ops are presented: a whole array, every second element of one, one element at a time."""


@dataclass(frozen=True)
class Reading:
    """The worst error of one party in one case on one path (inside one region of the input, or outside all of them)."""

    direction: str
    dtype: str
    who: str
    region: int | None
    hazard: str
    path: str
    layout: str
    units: float
    stage: str
    element: str = ""
    message: str = ""
    ulp: float | None = None
    """For elementwise ops: the worst error in spacings of the dtype at the exact value."""


@dataclass(frozen=True)
class Request:
    """A case for another process to evaluate: named, because the makers of its arrays do not travel."""

    op: str
    hazard: str
    dtype: str
    direction: str
    layout: str
    stored: Stored | None
    cotangents: tuple[np.ndarray | None, ...]
    given: tuple[bool, ...]
    """Which outputs (or gradients) there are."""
    whos: tuple[str, ...]


# -- in the process of a path --------------------------------------------------------------------------------------------------
def answer(requests: Sequence[Request]) -> list[dict[str, Party]]:
    """What every party returns for each request."""
    return [_answer(r) for r in requests]


def _answer(r: Request) -> dict[str, Party]:
    pair = catalogue()[r.op]
    case = case_of(r.op, r.hazard, r.dtype, r.direction)
    if r.stored is not None:
        case = with_stored(case, r.stored, "searched")
    if r.layout == "single":
        return _one_by_one(r, case)
    e = _presented(r, replace(case, layout=r.layout or case.layout), r.cotangents)
    return {who: e.party(who, library(pair)) for who in r.whos}


def _presented(r: Request, case: Case, cotangents) -> Evaluation:
    """The case with nothing known of its truth but which results there are."""
    from parity.cases import build

    pair = catalogue()[r.op]
    nothing = Truth(np.empty(0))
    built = build(pair, case, r.dtype)
    return Evaluation(pair, case, r.dtype, r.direction, built, cotangents, tuple(nothing if g else None for g in r.given))


def _one_by_one(r: Request, case: Case) -> dict[str, Party]:
    """An elementwise case, one element at a time: some kernels take another loop for a single element."""
    name = catalogue()[r.op].arrays[0].name
    x = case.stored.arrays[name]
    dy = case.stored.cotangents[0] if case.stored.cotangents else None
    found: dict[str, list] = {}
    for i in range(x.size):
        one = Stored({name: x[i : i + 1]}, () if dy is None else (dy[i : i + 1],))
        e = _presented(r, with_stored(case, one, "single"), tuple(np.asarray(c)[i : i + 1] for c in r.cotangents))
        for who in r.whos:
            party = e.party(who, library(e.pair))
            if party.error:
                return {**{w: Party(error=party.error) for w in r.whos}}
            found.setdefault(who, []).append(party.outputs[0])
    return {who: Party((np.concatenate([np.reshape(o, 1) for o in outs]),)) for who, outs in found.items()}


# -- in the process that measures ----------------------------------------------------------------------------------------------
_remotes: dict[str, Remote] = {}


def _remote(path: str) -> Remote:
    if path not in _remotes:
        _remotes[path] = Remote(path)
        atexit.register(_remotes[path].close)
    return _remotes[path]


def measure_op(op: str, row: dict[str, Any], effort: float, paths: Sequence[str]) -> dict[str, Any]:
    """All readings of an op, with witnesses and extremes from a search of `effort` times the usual budget."""
    data = Row(op, 0, row)
    readings: list[Reading] = []
    witnesses: dict[str, dict] = {}
    extremes: list[dict] = []
    problems: list[str] = []
    for (hazard, dtype, direction), whos in _groups(op).items():
        case = case_of(op, hazard, dtype, direction)
        try:
            e = evaluate(catalogue()[op], case, dtype, direction)
        except OracleError as error:
            problems.append(f"{op}-{dtype}-{direction}-{hazard}: {error}")
            continue
        readings += _case_readings(e, hazard, None, whos, data, paths)
    if effort > 0:
        for dtype, direction in _searched_cells(op):
            _search(op, dtype, direction, data, effort, paths, readings, witnesses, extremes)
    kept = [asdict(r) for r in _worst_only(readings, data)]
    return {"readings": kept, "witnesses": witnesses, "extremes": extremes, "problems": problems}


def _groups(op: str) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """The parties of every case; a witness of one party is measured for that party alone."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    pair = catalogue()[op]
    for c in checks_of(op):
        if c.direction != "distribution" and not is_refusal(c) and gap(pair, c) is None:
            groups.setdefault((c.hazard, c.dtype, c.direction), []).append(_who(c.reference))
    return {key: tuple(whos) for key, whos in groups.items()}


def reading_of(op: str, key: tuple[str, str, str, int | None], hazard: str, path: str, layout: str, row: dict) -> float:
    """The units of one party (direction, dtype, who, region) at one stored check, on one path, in one layout."""
    direction, dtype, who, region = key
    e = evaluate(catalogue()[op], case_of(op, hazard, dtype, direction), dtype, direction)
    readings = _case_readings(e, hazard, None, (who,), Row(op, 0, row), [path], (layout,))
    return max((r.units for r in readings if r.region == region), default=0.0)


def _who(reference: str) -> str:
    return "ours" if reference == "truth" else reference


def _searched_cells(op: str) -> list[tuple[str, str]]:
    pair = catalogue()[op]
    if getattr(definition(op), "kind", "") == "movement" or not any(k.role == "float" for k in pair.arrays):
        return []
    return [(t, d) for t in pair.dtypes for d in (("forward", "backward") if pair.differentiable else ("forward",))]


def _case_readings(
    e: Evaluation, hazard: str, stored: Stored | None, whos, row: Row, paths, layouts: Sequence[str] = ()
) -> list[Reading]:
    """The parties of one case on every path; a stored input of an elementwise op in every layout."""
    is_stored = stored is not None or hazard.startswith(HAZARD["ours"])
    layouts = layouts or (LAYOUTS if is_elementwise(e.pair.op) and is_stored else ("",))
    given = tuple(t is not None for t in e.truths)
    held = stored if stored is not None else e.case.stored
    found = []
    for layout in layouts:
        r = Request(
            e.pair.op, hazard, e.dtype, e.direction, layout, held if layout else stored, e.cotangents, given, tuple(whos)
        )
        for path, by_who in _answers(r, paths).items():
            for who, party in by_who.items():
                found += list(_readings(e, party, row, who, hazard, path, layout))
    return found


def _answers(r: Request, paths: Sequence[str]) -> dict[str, dict[str, Party]]:
    """What the parties return on every path: here for the path that this process is on, in other processes for the rest."""
    elsewhere = [path for path in paths if path != current_path()]
    for path in elsewhere:
        _remote(path).ask("parity.measure:answer", [r])
    here = {path: answer([r])[0] for path in paths if path == current_path()}
    there = {path: _remote(path).answer()[0] for path in elsewhere}
    return {path: (here | there)[path] for path in paths}


UNLIMITED = {d: dict.fromkeys(FORMATS, math.inf) for d in ("forward", "backward")}


def _readings(e: Evaluation, party: Party, row: Row, who: str, hazard: str, path: str, layout: str) -> Iterator[Reading]:
    free = Row(row.op, 0, {"budget": UNLIMITED, "reference": {"torch": UNLIMITED, "scipy": UNLIMITED}})
    outcome, _ = judge_party(e, party, free, who)
    common = {"direction": e.direction, "dtype": e.dtype, "who": who, "hazard": hazard, "path": path, "layout": layout}
    if outcome.stage != "values" or not math.isfinite(outcome.units):
        element = _element(e, outcome.index)
        yield Reading(**common, region=None, units=math.inf, stage=outcome.stage, element=element, message=outcome.message)
        return
    regions = row.numbered_regions(who, e.direction, e.dtype)
    x, truth = e.built.arrays[0], e.truths[0]
    if truth is None or truth.hi is None or np.shape(x) != truth.value.shape or not is_elementwise(e.pair.op):
        yield Reading(**common, region=None, units=outcome.units, stage="values", element=_element(e, outcome.index))
        return
    yield from _regional_readings(e, party, regions, common)


def _regional_readings(e: Evaluation, party: Party, regions, common) -> Iterator[Reading]:
    """Outside all regions with no floor; inside each with its own; and everywhere with none, for the league table."""
    x = np.asarray(e.built.arrays[0])
    places, numbers = regions_at(list(regions.values()), x)[0], list(regions)
    dy = None if e.direction == "forward" else e.cotangents[0]
    for k in (OUTSIDE, *regions, *([EVERYWHERE] if regions else [])) if x.size else ():
        inside = (places == (numbers.index(k) if k in regions else OUTSIDE)) | (k == EVERYWHERE)
        if not inside.any():
            continue
        floor = np.where(inside, regions_at([regions[k]], x, dy)[1], 0.0) if k in regions else 0.0
        units = np.where(inside, units_of(party.outputs[0], e.truths[0], e.dtype, floor), -1.0)
        index = tuple(int(i) for i in np.unravel_index(int(np.argmax(units)), units.shape))
        worst, element = float(units.max()), _element(e, (0, *index))
        ulp = float((units * ulp_per_unit(e.truths[0].hi, e.dtype))[inside].max()) if k == OUTSIDE else None
        yield Reading(**common, region=None if k == OUTSIDE else k, units=worst, stage="values", element=element, ulp=ulp)


EVERYWHERE = -2
"""The region of a reading over all inputs, with no floor."""


@np.errstate(all="ignore")
def ulp_per_unit(exact: np.ndarray, dtype: str) -> np.ndarray:
    """What a unit of an elementwise op, max(u |y|, half the smallest subnormal), is in spacings of the dtype at y."""
    fmt, y = FORMATS[dtype], np.minimum(np.abs(np.nan_to_num(exact)), FORMATS[dtype].max)
    mantissa, exponent = np.frexp(y)
    return np.where(exponent - 1 >= 1 - fmt.max_exponent, mantissa, 0.5)


def _element(e: Evaluation, index: tuple[int, ...]) -> str:
    """Where the worst element is; for an elementwise op, its input."""
    if not index:
        return ""
    position, *rest = index
    at = tuple(rest)
    x = e.built.arrays[0]
    if is_elementwise(e.pair.op) and len(at) == np.ndim(x):
        text = f"{e.built.kinds[0].name} = {spelled(float(np.asarray(x)[at]))}"
        if e.direction == "backward":
            text += f", dy = {spelled(float(np.asarray(e.cotangents[0])[at]))}"
        return text
    what = f"gradient of {e.built.kinds[position].name}" if e.direction == "backward" else f"output {position}"
    return f"{what}[{', '.join(map(str, at))}]"


# -- searching -----------------------------------------------------------------------------------------------------------------
def _search(op, dtype, direction, row: Row, effort, paths, readings, witnesses, extremes) -> None:
    """Look for worse inputs than those of the cases; what is found is measured on every path and in every layout."""
    from parity.search import default_budget, search

    budget = max(1, round(effort * default_budget(op)))
    starts = _worst_cases([r for r in readings if (r.dtype, r.direction) == (dtype, direction)])
    found = search(op, dtype, direction, budget=budget, row=row, whos=_parties(op, dtype, direction), cases=starts)
    extremes += [_extreme(f) for f in found if f.kind == "extreme"]
    lost = {f.who for f in found if f.kind == "extreme" and not f.units <= REFERENCE_LIMIT[dtype]}
    for f in found:
        if f.kind == "budget" and f.who not in lost:
            if f.region is not None:
                f = replace(f, region=list(row.numbered_regions(f.who, direction, dtype))[f.region])
            _keep_finding(f, row, paths, readings, witnesses)


STARTS = 6
"""Cases of each party that a search starts from: those in which its errors are largest."""


def _worst_cases(readings: Sequence[Reading]) -> list[str]:
    """Not the stored witnesses: those are measured as they are, and a search that starts from the cases alone finds the same
    at every certification; `parity search` looks further.
    """
    names: dict[str, None] = {"ordinary": None}
    for who in ("ours", "torch", "scipy"):
        worst: dict[str, float] = {}
        for r in readings:
            if r.who == who and not r.hazard.startswith(HAZARD["ours"]):
                worst[r.hazard] = max(worst.get(r.hazard, 0.0), r.units)
        names |= dict.fromkeys(sorted(worst, key=lambda h: -worst[h])[:STARTS])
    return list(names)


def _keep_finding(f, row: Row, paths, readings, witnesses) -> None:
    """Measure what was found on every path, where it is worse than every case.

    (A reference that is beyond its limit somewhere in the searched range has no worst error within it that means anything:
    its budget covers the cases, and its worst of all is among the extremes.)
    """
    before = max((r.units for r in readings if _same_cell(r, f) and math.isfinite(r.units)), default=0.0)
    if f.units <= 1.02 * before:
        return
    data = encode_stored(f.case, f.stored)
    stored = decode_stored(data, is_elementwise(f.op))
    e = evaluate(catalogue()[f.op], with_stored(f.case, stored, "searched"), f.dtype, f.direction)
    new = _case_readings(e, f.case.origin or f.case.name, stored, (f.who,), row, paths)
    readings += [replace(r, hazard=NEW) for r in new]
    witnesses[cell_name(f.op, f.direction, f.dtype, f.who, f.region)] = data


NEW = "searched now"
"""The hazard of readings at an input that a search has just found: a witness, if it turns out to be the worst."""


def _same_cell(r: Reading, f) -> bool:
    return (r.direction, r.dtype, r.who, r.region) == (f.direction, f.dtype, f.who, f.region)


def _parties(op: str, dtype: str, direction: str) -> tuple[str, ...]:
    pair = catalogue()[op]
    names = [r for r in references_of(pair, dtype, direction)]
    gaps = {r for r in names if gap(pair, Check(op, dtype, direction, r, "ordinary")) is not None}
    return tuple(_who(r) for r in names if r not in gaps)


def _extreme(f) -> dict[str, Any]:
    return {
        "direction": f.direction, "dtype": f.dtype, "who": f.who, "units": f.units, "ulp": f.ulp, "stage": f.stage,
        "element": f.element, "results": f.results, "case": f.case.name,
    }  # fmt: skip


def _worst_only(readings: Iterable[Reading], row: Row) -> list[Reading]:
    """For every cell and path: the three worst that count for the budget, the worst listed one, and all that are neither."""
    groups: dict[tuple, list[Reading]] = {}
    for r in readings:
        kind = "listed" if is_listed(r, row) or r.region == EVERYWHERE else "beyond" if beyond_limit(r) else "counts"
        groups.setdefault((r.direction, r.dtype, r.who, r.region, r.path, kind), []).append(r)
    kept = []
    for (*_, kind), rs in groups.items():
        rs.sort(key=lambda r: -r.units)
        kept += rs if kind == "beyond" else rs[:1] if kind == "listed" else rs[:3]
        if kind == "counts":
            kept += [max(rs[3:], key=lambda r: r.ulp or 0.0)] if rs[3:] else []
    return kept


def is_listed(r: Reading, row: Row) -> bool:
    """Whether the table lists this as a known difference, on this path."""
    entry = row.difference(r.who, r.direction, r.dtype, r.hazard)
    return entry is not None and ("paths" not in entry or bool(names_on(r.path) & set(entry["paths"])))


def beyond_limit(r: Reading) -> bool:
    """An error that no budget covers: it must be a known difference, or mended."""
    return not r.units <= (math.inf if r.who == "ours" else REFERENCE_LIMIT[r.dtype]) or not math.isfinite(r.units)


REFERENCE_LIMIT = {"float64": 128.0, "float32": 128.0, "float16": 32.0, "bfloat16": 16.0}
"""A reference beyond this many units (or with a wrong nan, infinity or shape) is listed as different, not given a budget."""
