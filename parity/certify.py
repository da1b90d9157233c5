"""Certifies the tolerance table: measures every budget again and says which are violated, slack, or without a witness.

Ops are measured in worker processes (`measure.py`), each finished op is kept in a journal, and only then are table and
evidence replaced, each whole: a certification that is killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import math
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from parity.evidence import HAZARD, Evidence, cell_name
from parity.inputs.listing import EVERY
from parity.journal import Journal
from parity.measure import EVERYWHERE, NEW, REFERENCE_LIMIT, Reading, beyond_limit, is_listed
from parity.remote import Remote, dispatch_paths, names_on
from parity.tolerances import Row, Table

MARGIN = 1.10
"""A searched maximum is a lower bound; the budget is this much above it."""
TIGHT = {"exhaustive": 0.8, "searched": 0.5}
"""A budget that is not reached to more than this part of it is slack."""


@dataclass(frozen=True)
class Cell:
    """One budget of the table, what it was measured to need, and the reading that says so."""

    op: str
    direction: str
    dtype: str
    who: str
    region: int | None
    budget: float
    worst: Reading | None
    how: str
    status: str
    """ "tight", "exact" (the budget is 0), "slack", "violated", "missing" (measured, but not in the table), or "elsewhere":
    not reached here, where the processor or its switches lack what the witness needs (`only` in the evidence)."""
    proposed: float
    ulp: float | None = None
    """The worst error in spacings of the dtype (elementwise ops, outside regions)."""

    @property
    def name(self) -> str:
        """The key of the evidence."""
        return cell_name(self.op, self.direction, self.dtype, self.who, self.region)


@dataclass
class Certification:
    """What a certification found: cells, readings that no budget covers, extremes, witnesses."""

    cells: list[Cell] = field(default_factory=list)
    unlisted: list[tuple[str, Reading]] = field(default_factory=list)
    extremes: dict[str, dict] = field(default_factory=dict)
    witnesses: dict[str, dict] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def of(self, *statuses: str) -> list[Cell]:
        """The cells of these statuses."""
        return [c for c in self.cells if c.status in statuses]

    @property
    def holds(self) -> bool:
        """Whether nothing is violated, slack, missing or unexplained."""
        return bool(self.cells) and not (self.of("violated", "slack", "missing") or self.unlisted or self.problems)

    def __bool__(self) -> bool:
        raise TypeError("A Certification has no truth value: read `.holds`.")


# -- measuring -----------------------------------------------------------------------------------------------------------------
def sources(table: Table, evidence: Evidence) -> str:
    """A digest of everything that a measurement depends on, the table and the stored witnesses included."""
    from parity.loader import source_files

    digest = hashlib.sha256(table.path.read_bytes() + json.dumps(evidence.witnesses, sort_keys=True).encode())
    for path in source_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def measure(
    ops: Sequence[str],
    table: Table,
    journal: Journal,
    effort: float,
    paths: Sequence[str],
    jobs: int,
    progress: Callable[[str, int], None],
) -> dict[str, Any]:
    """The measurement of every op, from the journal where it is there already; `progress(op, 1)` as each is done."""
    waiting: queue.Queue[str] = queue.Queue()
    for op in sorted((op for op in ops if op not in journal.parts), key=_light_last):
        waiting.put(op)
    for op in ops:
        if op in journal.parts:
            progress(op, 1)
    failed: list[BaseException] = []
    lock = threading.Lock()

    def work() -> None:
        measurer = Remote("native")
        try:
            while not failed:
                op = waiting.get_nowait()
                row = dict(table.rows[op].data)
                found = measurer.call("parity.measure:measure_op", op, row, effort, list(paths))
                with lock:
                    journal.add(op, found)
                    progress(op, 1)
        except queue.Empty:
            return
        except BaseException as e:
            failed.append(e)
        finally:
            measurer.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(jobs, max(1, waiting.qsize())))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        raise failed[0]
    return {op: journal.parts[op] for op in ops}


def _light_last(op: str) -> tuple[bool, str]:
    return op.split(".")[0] not in ("activations", "special"), op


# -- judging -------------------------------------------------------------------------------------------------------------------
def certify(ops: Sequence[str], table: Table, measured: Mapping[str, Any], evidence: Evidence) -> Certification:
    """Compare what was measured with what the table declares."""
    result = Certification()
    for op in ops:
        row, found = table.rows[op], measured[op]
        everything = [Reading(**r) for r in found["readings"]]
        readings = [r for r in everything if r.region != EVERYWHERE]
        result.problems += found["problems"]
        result.unlisted += [(op, r) for r in readings if beyond_limit(r) and not is_listed(r, row)]
        for key, rs in _by_cell(readings, row).items():
            result.cells.append(_located(_cell(op, row, *key, rs), evidence))
        result.extremes |= _extremes(op, everything, found["extremes"])
        result.witnesses |= _witnesses(op, result.cells, found["witnesses"], evidence)
    return result


def _by_cell(readings: Sequence[Reading], row: Row) -> dict[tuple, list[Reading]]:
    cells: dict[tuple, list[Reading]] = {}
    for r in readings:
        counts = not beyond_limit(r) and not is_listed(r, row)
        cells.setdefault((r.direction, r.dtype, r.who, r.region), []).extend([r] if counts else [])
    for who in ("ours", "torch", "scipy"):
        for direction in ("forward", "backward"):
            for dtype in REFERENCE_LIMIT:
                for k in row.numbered_regions(who, direction, dtype):
                    cells.setdefault((direction, dtype, who, k), [])
    return cells


def _cell(op: str, row: Row, direction: str, dtype: str, who: str, region: int | None, readings: list[Reading]) -> Cell:
    how = "exhaustive" if _is_exhaustive(direction, dtype, readings) and region is None else "searched"
    budget = row.budget(who, direction, dtype) if region is None else row.data["regions"][region]["units"]
    worst = _witness(readings, budget, how)
    most = max((r.units for r in readings), default=0.0)
    proposed = propose(most, how, dtype, who)
    if budget is None:
        return Cell(op, direction, dtype, who, region, math.nan, worst, how, "missing", proposed)
    status = "violated" if most > budget else "exact" if budget == 0 else "tight"
    if status == "tight" and not most > TIGHT[how] * budget:
        status = "slack"
    ulp = max((r.ulp for r in readings if r.ulp is not None), default=None)
    return Cell(op, direction, dtype, who, region, float(budget), worst, how, status, proposed, ulp)


def _located(cell: Cell, evidence: Evidence) -> Cell:
    """The cell; "elsewhere" where it is slack because its witness needs what no path of this machine has."""
    entry = evidence.cells.get(cell.name, {})
    if cell.status != "slack" or needs_nothing_more(entry):
        return cell
    return replace(cell, status="elsewhere")


def needs_nothing_more(entry: Mapping[str, Any]) -> bool:
    """Whether a witness's path exists here and has one of the names that the evidence says the witness needs."""
    if entry.get("path", "native") not in dispatch_paths():
        return False
    return "only" not in entry or bool(names_on(entry["path"]) & set(entry["only"]))


def _is_exhaustive(direction: str, dtype: str, readings: Sequence[Reading]) -> bool:
    """A backward tries every input, but not with every cotangent."""
    return direction == "forward" and any(r.hazard in EVERY for r in readings) and dtype in ("float16", "bfloat16")


def _witness(readings: Sequence[Reading], budget: float | None, how: str) -> Reading | None:
    """The worst reading; on the native path and in a whole array where that shows the budget to be tight, too."""
    if not readings:
        return None
    worst = max(readings, key=lambda r: r.units)
    plain = [r for r in readings if r.path == "native" and not r.layout]
    best = max(plain, key=lambda r: r.units, default=worst)
    shows = bool(budget) and worst.units <= budget and best.units >= 1.02 * TIGHT[how] * budget
    return best if shows else worst


def propose(worst: float, how: str, dtype: str, who: str) -> float:
    """The budget that a measured worst error asks for."""
    least = 1.0 if worst > TIGHT["searched"] else 0.0  # a correctly rounded result may reach 1
    wanted = worst if worst == 0 or how == "exhaustive" else max(least, MARGIN * worst)
    return min(math.inf if who == "ours" else REFERENCE_LIMIT[dtype], three_digits_up(wanted))


def three_digits_up(x: float) -> float:
    """x rounded up to three significant digits."""
    if x == 0:
        return 0
    step = 10.0 ** (math.floor(math.log10(x)) - 2)
    up = float(f"{math.ceil(x / step) * step:.6g}")
    return up if up >= x else float(f"{(math.ceil(x / step) + 1) * step:.6g}")


# -- evidence ------------------------------------------------------------------------------------------------------------------
def _extremes(op: str, readings: Sequence[Reading], searched: Sequence[dict]) -> dict[str, dict]:
    """The worst of all for each party, known differences included."""
    worst: dict[str, dict] = {}
    for r in readings:
        if r.region in (None, EVERYWHERE):
            entry = {"units": _plain(r.units), "stage": r.stage, "check": r.hazard, "path": r.path, "element": r.element}
            _keep_worse(worst, cell_name(op, r.direction, r.dtype, r.who), entry)
    for x in searched:
        entry = {
            "units": _plain(x["units"]),
            "stage": x["stage"],
            "path": "native",
            **{k: x[k] for k in ("ulp", "element", "results")},
        }
        _keep_worse(worst, cell_name(op, x["direction"], x["dtype"], x["who"]), entry)
    return worst


def _plain(units: float) -> float | str:
    return float(f"{units:.4g}") if math.isfinite(units) else "inf"


def _keep_worse(worst: dict[str, dict], key: str, entry: dict) -> None:
    if key not in worst or float(entry["units"]) > float(worst[key]["units"]):
        worst[key] = entry


def _witnesses(op: str, cells: Sequence[Cell], found: Mapping[str, dict], evidence: Evidence) -> dict[str, dict]:
    """The stored inputs that some budget is shown to be tight by, new ones and earlier ones."""
    kept = {}
    for cell in cells:
        if cell.op != op or cell.worst is None:
            continue
        if cell.worst.hazard == NEW:
            kept[cell.name] = found[cell.name]
        elif cell.worst.hazard.startswith(HAZARD["ours"]) and cell.name in evidence.witnesses:
            kept[cell.name] = evidence.witnesses[cell.name]
    return kept


def update_evidence(evidence: Evidence, result: Certification, ops: Sequence[str], run: str) -> None:
    """Lay a certification's cells, extremes and witnesses over those of the same ops."""
    mine, before = set(ops), dict(evidence.cells)
    for section in (evidence.cells, evidence.extremes, evidence.witnesses):
        for key in [k for k in section if k.split(" ")[0] in mine]:
            del section[key]
    for c in result.cells:
        old = before.get(c.name, {})
        only = {"only": old["only"]} if "only" in old else {}
        evidence.cells[c.name] = old if c.status == "elsewhere" else _cell_entry(c, run) | only
    evidence.extremes |= {k: {"run": run, **v} for k, v in result.extremes.items()}
    evidence.witnesses |= result.witnesses


def _cell_entry(cell: Cell, run: str) -> dict[str, Any]:
    r = cell.worst
    if r is None:
        return {"units": 0.0, "how": cell.how, "run": run}
    hazard = check_name(cell) if r.hazard == NEW else r.hazard
    ulp = {} if cell.ulp is None else {"ulp": float(f"{cell.ulp:.4g}")}
    entry = {"units": float(f"{r.units:.4g}"), **ulp, "how": cell.how, "check": hazard, "path": r.path, "run": run}
    return entry | ({"layout": r.layout} if r.layout else {}) | ({"element": r.element} if r.element else {})


def check_name(cell: Cell) -> str:
    """The hazard under which a cell's stored witness is checked."""
    return HAZARD[cell.who] + ("" if cell.region is None else f"_region{cell.region}")


# -- the table -----------------------------------------------------------------------------------------------------------------
def changes(cells: Sequence[Cell]) -> dict[tuple, float]:
    """The numbers to change in the table: the keys that lead to each, and its new value."""
    found = {}
    for cell in cells:
        table = ("budget",) if cell.who == "ours" else ("reference", cell.who)
        key = (*table, cell.direction, cell.dtype) if cell.region is None else ("regions", cell.region, "units")
        found[cell.op, *key] = cell.proposed
    return found


def work_file(ops: Sequence[str]) -> Path:
    """Where the journal of a certification is kept until it is finished."""
    from parity.files import cache_folder

    digest = hashlib.sha256("\n".join(ops).encode()).hexdigest()[:12]
    return cache_folder() / f"certify-{digest}.journal"
