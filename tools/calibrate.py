"""Measure the error of every party on every case, and turn measurements into rows of the tolerance table.

    python tools/calibrate.py measure OUT.json [OP ...]        one dispatch path: set NPY_DISABLE_CPU_FEATURES etc. outside
    python tools/calibrate.py propose TEXTS.yaml OUT.json ... > rows.yaml

`propose` takes the worst over all given measurements, adds a margin of 10 % (none where all 65,536 values were tried),
and keeps the sentences of TEXTS.yaml (an earlier table, or rows with only `scale`, `why`, `source`, `differs`).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

LARGEST_RTOL = {"float64": 1e-12, "float32": 1e-4, "float16": 0.02, "bfloat16": 0.1}
"""A relative tolerance beyond this says nothing; where cancellation would need more, `atol` takes it."""
REFERENCE_LIMIT = {"float64": 128.0, "float32": 128.0, "float16": 32.0, "bfloat16": 16.0}
"""A reference beyond this many units (or with a wrong nan, infinity or shape) is listed as different, not given a budget."""


# -- measuring -----------------------------------------------------------------------------------------------------------------
UNLIMITED = {d: dict.fromkeys(LARGEST_RTOL, math.inf) for d in ("forward", "backward")}


def measure_op(op: str, texts: dict | None = None) -> tuple[str, list]:
    """Every party's error in every case: [hazard, dtype, direction, who, units, stage, message, detail]."""
    from parity import runner
    from parity.tolerances import Row

    regions = (texts or {}).get("regions", [])
    row = Row(op, 0, {"budget": UNLIMITED, "reference": {"torch": UNLIMITED, "scipy": UNLIMITED}, "regions": []})
    store = Path(os.environ["PARITY_TRUTHS"]) / f"{op}-{_sources()}.pickle" if "PARITY_TRUTHS" in os.environ else None
    kept: dict | None = None if store is None else pickle.loads(store.read_bytes()) if store.exists() else {}
    found: list = []
    close: dict = {}
    groups: dict = {}
    for c in runner.checks_of(op):
        if c.direction != "distribution" and not runner.is_refusal(c):
            groups.setdefault((c.hazard, c.dtype, c.direction), []).append(c)
    for key, checks in groups.items():
        found += _measure_case(key, checks, row, regions, kept, close)
    if store is not None and not store.exists():
        store.write_bytes(pickle.dumps(kept))
    found.append(["", "", "", "allclose", 0.0, "", "", {d: _tolerances(v, LARGEST_RTOL[d]) for d, v in close.items() if v}])
    return op, found


def _measure_case(key, checks, row, regions, kept, close) -> list:
    from parity import runner
    from parity.evaluate import library
    from parity.loader import catalogue
    from parity.oracle import OracleError

    hazard, dtype, direction = key
    pair, case, found = catalogue()[row.op], runner.case_of(row.op, hazard, dtype, direction), []
    try:
        e = remembered(kept, pair, case, dtype, direction)
    except OracleError as error:
        return [[*key, "truth", "inf", "oracle", str(error)]]
    for c in checks:
        who = "ours" if c.reference == "truth" else c.reference
        if runner._gap(pair, c) is not None:
            continue
        party = e.party(who, library(pair))
        outcome, _ = runner.judge_party(e, party, row, who)
        if who != "ours" and outcome.units <= REFERENCE_LIMIT[dtype] and is_ordinary(case):
            _close(close.setdefault(dtype, []), e.party("ours", library(pair)), party)
        detail = runner._detail(e, outcome, who, library(pair)) if outcome.units > 8 and not party.error else {}
        outside = _outside_regions(e, party, regions, who, outcome)
        found.append([*key, who, _plain(outside), outcome.stage, outcome.message, detail])
    return found


def _sources() -> str:
    """A digest of everything that a truth depends on."""
    digest = hashlib.sha256()
    for path in sorted(
        [*(ROOT / "parity").glob("*.py"), *(ROOT / "parity/definitions").rglob("*.py"), *(ROOT / "parity/pairs").rglob("*.py")]
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def remembered(kept: dict | None, pair, case, dtype: str, direction: str):
    """An evaluation, with its truth kept between the dispatch paths of one calibration (PARITY_TRUTHS names a folder)."""
    from parity.cases import build
    from parity.evaluate import Evaluation, evaluate

    key = (case.name, dtype, direction)
    if kept is not None and key in kept:
        return Evaluation(pair, case, dtype, direction, build(pair, case, dtype), *kept[key])
    e = evaluate(pair, case, dtype, direction)
    if kept is not None:
        kept[key] = (e.cotangents, e.truths)
    return e


def _close(pairs: list, ours, theirs) -> None:
    """Collect (|a - b|, |b|) of every finite element."""
    import numpy as np

    for a, b in zip(ours.outputs, theirs.outputs, strict=False):
        if a is None or b is None or np.asarray(a).dtype.kind in "iub" or np.shape(a) != np.shape(b):
            continue
        x, y = np.asarray(a).astype(np.float64).ravel(), np.asarray(b).astype(np.float64).ravel()
        kept = np.isfinite(x) & np.isfinite(y)
        x, y = np.where(kept, x, 0), np.where(kept, y, 0)
        pairs.append(np.stack([np.abs(x - y)[kept], np.abs(y)[kept]]))


def _tolerances(pairs: list, largest: float) -> list[float]:
    """A round rtol that holds for every element where one can, then the atol that the others need."""
    import numpy as np

    d, b = np.concatenate(pairs, axis=1)
    if not d.size or not d.any():
        return [0.0, 0.0]
    ratio = np.divide(d, b, out=np.full(d.shape, np.inf), where=b > 0)
    rtol = min(largest, _round_number(1.5 * float(ratio[ratio <= largest].max(initial=0.0))))
    return [rtol, _round_number(1.5 * float((d - rtol * b).max(initial=0.0)))]


def _round_number(x: float) -> float:
    """x rounded up to 1, 2 or 5 times a power of ten."""
    if x <= 0:
        return 0.0
    x = max(x, 1e-300)
    power = 10.0 ** math.floor(math.log10(x))
    return float(f"{next((m for m in (1, 2, 5) if m * power >= x), 10) * power:.3g}")


def is_ordinary(case) -> bool:
    """No hazard, layout, witness or exhaustive input: plain values, whatever the options and shapes."""
    return not case.hazards and not case.layout and case.stored is None


def _outside_regions(e, party, regions, who, outcome):
    """The worst units outside the regions of the table (inside, the regions' own limits hold)."""
    import numpy as np

    from parity.check.errors import units_of

    mine = [r for r in regions if r.get("who", "ours") == who and r["direction"] == e.direction and e.dtype in r["dtypes"]]
    if not mine or outcome.stage != "values" or not math.isfinite(outcome.units):
        return outcome.units
    x = e.built.arrays[0].astype(np.float64)
    units = units_of(party.outputs[0], e.truths[0], e.dtype)
    if units.shape != x.shape:
        return outcome.units
    inside = np.zeros(x.shape, bool)
    for r in mine:
        inside |= (x >= r["input"][0]) & (x <= r["input"][1])
    return float(units[~inside].max(initial=0.0))


def _plain(x):
    return x if math.isfinite(x) else "inf"


def measure(out: str, ops: list[str]) -> None:
    from parity.environment import dispatch_path, versions
    from parity.loader import select

    texts = {}
    table = ROOT / "tolerances.yaml"
    if table.exists():
        from parity.tolerances import read_table

        texts = {r.op: dict(r.data) for r in read_table(table)}
    chosen = select(ops)
    result = {"path": dispatch_path(), "versions": versions(), "ops": {}}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(measure_op, op, texts.get(op)) for op in chosen]
        for op, job in zip(chosen, jobs, strict=True):
            try:
                result["ops"][op] = job.result()[1]
            except Exception as error:
                print(f"{op}: {type(error).__name__}: {error}", file=sys.stderr)
    Path(out).write_text(json.dumps(result))
    for op, rows in result["ops"].items():
        _summary(op, rows)


def _summary(op, rows):
    worst: dict = {}
    for row in rows:
        hazard, dtype, direction, who, units, stage = row[:6]
        key = (who, direction, dtype)
        value = float(units)
        if key not in worst or value > worst[key][0]:
            worst[key] = (value, hazard, stage)
    for who in ("truth", "ours", "torch", "scipy"):
        cells = [f"{d[0]}/{t}: {v[0]:.3g} ({v[1]})" for (w, d, t), v in worst.items() if w == who]
        if cells:
            print(f"{op:40s} {who:6s} " + "  ".join(cells))


# -- proposing -----------------------------------------------------------------------------------------------------------------
def propose(texts: dict, measurements: list[dict]) -> dict:
    rows = {}
    for op in measurements[0]["ops"]:
        text = dict(texts.get(op, {"scale": "TODO", "why": "TODO: write why."}))
        rows[op] = _row(op, text, [(m["path"], m["ops"][op]) for m in measurements if op in m["ops"]])
    return rows


def _row(op: str, text: dict, found: list) -> dict:
    cells: dict = {}
    close: dict = {}
    for path, rows in found:
        for hazard, dtype, direction, who, units, *rest in rows:
            if who == "allclose":
                for d, (rtol, atol) in rest[2].items():
                    close[d] = {
                        "rtol": max(rtol, close.get(d, {}).get("rtol", 0.0)),
                        "atol": max(atol, close.get(d, {}).get("atol", 0.0)),
                    }
                continue
            cells.setdefault((who, direction, dtype), {}).setdefault(hazard, {})[path] = (float(units), rest)
    row = {k: text[k] for k in ("scale", "why", "source") if k in text}
    row["budget"] = _budgets(cells, "ours", set(), op)
    differs = _differences(cells, text.get("differs", []), op)
    listed = {
        (d["reference"], direction, dtype, h, path)
        for d in differs
        for direction, by in d["where"].items()
        for dtype, hs in by.items()
        for h in hs
        for path in d.get("paths", [p for p, _ in found])
    }
    reference = {who: b for who in ("torch", "scipy") if (b := _budgets(cells, who, listed, op))}
    if reference:
        row["reference"] = reference
    if close:
        row["allclose"] = close
    if "regions" in text:
        row["regions"] = text["regions"]
    if differs:
        row["differs"] = differs
    if "statistical" in text:
        row["statistical"] = text["statistical"]
    return row


def _budgets(cells, who, listed, op) -> dict:
    from parity.certify import three_digits_up

    out: dict = {}
    for cell, hazards in cells.items():
        w, direction, dtype = cell
        if w != who:
            continue
        kept = {
            h: max((u for p, (u, _) in by.items() if (*cell, h, p) not in listed), default=0.0) for h, by in hazards.items()
        }
        worst = max((u for u in kept.values() if math.isfinite(u)), default=0.0)
        if who == "ours" and max(kept.values(), default=0.0) > REFERENCE_LIMIT[dtype]:
            print(f"# OURS {op} {direction} {dtype}: {sorted(kept.items(), key=lambda i: -i[1])[:4]}", file=sys.stderr)
        exhaustive = any(h.startswith("every_") for h in hazards)
        margin = worst if exhaustive or worst == 0 else max(1.0, 1.1 * worst)  # a correctly rounded result may reach 1
        cap = math.inf if who == "ours" else REFERENCE_LIMIT[dtype]
        out.setdefault(direction, {})[dtype] = min(cap, three_digits_up(margin))
    return out


def _differences(cells, earlier: list, op: str) -> list:
    """Every (reference, direction, dtype, hazard) beyond the limit, grouped under the earlier entry that explains it."""
    all_paths = sorted({p for by in cells.values() for h in by.values() for p in h})
    groups: dict = {}
    for (who, direction, dtype), hazards in cells.items():
        if who == "ours":
            continue
        for hazard, by in hazards.items():
            bad = [p for p, (u, _) in by.items() if not u <= REFERENCE_LIMIT[dtype]]
            if not bad:
                continue
            paths = None if sorted(bad) == all_paths or sorted(bad) == sorted(by) else tuple(sorted(bad))
            k = _explained(earlier, who, direction, dtype, hazard)
            stage = by[bad[0]][1][0]
            groups.setdefault((who, k if k is not None else f"new {stage}", paths), []).append(
                (direction, dtype, hazard, by[bad[0]])
            )
    return [_entry(key, members, earlier) for key, members in groups.items()]


def _explained(earlier, who, direction, dtype, hazard):
    """The index of the earlier entry for this cell: the same cell, else the same hazard in this direction, else in any."""
    last = hazard.rsplit("+", 1)[-1].rsplit(".", 1)[-1]
    for level in range(4):
        for i, e in enumerate(earlier):
            if e["reference"] != who:
                continue
            where = e.get("where", {})
            here = where.get(direction, {})
            hs = {
                h
                for by in ([here] if level < 3 else where.values())
                for h in (by.get(dtype, []) if level == 0 else [h for v in by.values() for h in v])
            }
            if hazard in hs or (level >= 2 and last in {h.rsplit("+", 1)[-1].rsplit(".", 1)[-1] for h in hs}):
                return i
    return None


def _entry(key, members, earlier) -> dict:
    who, k, paths = key
    base = dict(earlier[k]) if isinstance(k, int) else {}
    where: dict = {}
    for direction, dtype, hazard, _ in members:
        where.setdefault(direction, {}).setdefault(dtype, []).append(hazard)
    sample = members[0][3][1]
    detail = sample[2] if len(sample) > 2 and sample[2] else {}
    shown = {n: str(v).split(" at the element")[0] for n, v in detail.items()}
    inputs = ", ".join(f"{n[6:]} = {v}" for n, v in shown.items() if n.startswith("input ") and len(v) < 60)
    text = f"{inputs}: {who} {shown.get(who)}, truth {shown.get('truth')}" if shown else ""
    entry = {"reference": who, "where": where}
    if paths:
        entry["paths"] = list(paths)
    entry["returns"] = base.get("returns") or (text or sample[1] or "TODO")[:300]
    entry["right"] = base.get("right", "truth")
    entry["why"] = base.get("why", f"TODO: {k}")
    entry["since"] = base.get("since", {"torch": "torch 2.13.0", "scipy": "scipy 1.17.1"}.get(who, ""))
    if "issue" in base:
        entry["issue"] = base["issue"]
    return entry


def dump(rows: dict, stream) -> None:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, FoldedScalarString

    def dress(value, key=""):
        if isinstance(value, dict):
            out = CommentedMap((k, dress(v, k)) for k, v in value.items())
            if all(isinstance(v, (int, float)) for v in value.values()) or key in ("float64", "float32", "float16", "bfloat16"):
                out.fa.set_flow_style()
            return out
        if isinstance(value, (list, tuple)):
            out = CommentedSeq(dress(v) for v in value)
            if all(isinstance(v, (int, float, str)) for v in value):
                out.fa.set_flow_style()
            return out
        if isinstance(value, str) and key in ("why", "returns"):
            return FoldedScalarString(" ".join(value.split())) if len(value) > 90 else DoubleQuotedScalarString(value)
        if isinstance(value, str) and key in ("scale", "source", "since", "issue"):
            return DoubleQuotedScalarString(value)
        return value

    yaml = YAML()
    yaml.width = 118
    yaml.indent(mapping=2, sequence=4, offset=2)
    for op, row in rows.items():
        yaml.dump(dress({op: row}), stream)
        stream.write("\n")


def main() -> None:
    command, first, *rest = sys.argv[1:]
    if command == "measure":
        measure(first, rest)
        return
    from ruamel.yaml import YAML

    texts: dict = {}
    for name in first.split(","):
        texts |= YAML(typ="safe", pure=True).load(Path(name).read_text()) or {}
    dump(propose(texts, [json.loads(Path(f).read_text()) for f in rest]), sys.stdout)


if __name__ == "__main__":
    main()
