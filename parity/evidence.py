"""The evidence behind the tolerance table: `evidence.json`, one reviewable line for each measured budget, witness and sweep.

- `runs`: when, on which machine, with which versions and dispatch paths something was measured;
- `cells`: for each (op, direction, dtype, who) the worst error that its budget must cover, and where;
- `extremes`: the worst error of all, known differences included: what `parity audit` ranks;
- `witnesses`: inputs that a search found, in hexadecimal; the suite checks them as `worst`, `worst_torch`, `worst_scipy`;
- `sweeps`: results over every bit pattern of a dtype; `changes`: budgets that grew, and why.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from parity.cases import Case, Stored, with_stored
from parity.errors import ParityError
from parity.files import replace_file

SECTIONS = ("runs", "cells", "extremes", "witnesses", "sweeps", "changes")
HAZARD = {"ours": "worst", "torch": "worst_torch", "scipy": "worst_scipy"}
"""The name of the check at the worst input that a search found, by the party that it is the worst of."""
REPEATED = 37
"""An elementwise witness is seen in an array of this length: full vectors and a remainder, on every instruction set."""


@dataclass
class Evidence:
    """The sections of the file, as plain data."""

    path: Path
    runs: dict[str, dict] = field(default_factory=dict)
    cells: dict[str, dict] = field(default_factory=dict)
    extremes: dict[str, dict] = field(default_factory=dict)
    witnesses: dict[str, dict] = field(default_factory=dict)
    sweeps: dict[str, dict] = field(default_factory=dict)
    changes: dict[str, dict] = field(default_factory=dict)

    def write(self) -> None:
        """Replace the file whole."""
        replace_file(self.path, self.text())

    def text(self) -> str:
        """JSON with one line for each entry, so that a review shows what changed."""
        parts = []
        for name in SECTIONS:
            rows = (f"  {json.dumps(k)}: {_one_line(v)}" for k, v in sorted(getattr(self, name).items()))
            body = ",\n".join(rows)
            parts.append(f'"{name}": {{\n{body}\n}}' if body else f'"{name}": {{}}')
        return "{\n" + ",\n".join(parts) + "\n}\n"


def _one_line(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def cell_name(op: str, direction: str, dtype: str, who: str, region: int | None = None) -> str:
    """The key of a measured budget: `special.erf forward float32 ours`, then ` region 0` for a region of the table."""
    return f"{op} {direction} {dtype} {who}" + ("" if region is None else f" region {region}")


def evidence_path() -> Path:
    """The file beside the tolerance table: at the root of a checkout, or inside an installed `parity`."""
    root = Path(__file__).resolve().parent
    beside = root.parent / "tolerances.yaml"
    return (root.parent if beside.exists() else root) / "evidence.json"


def read_evidence(path: str | Path | None = None) -> Evidence:
    """The evidence in `path` (default: the project's own; empty where there is none yet)."""
    path = Path(path) if path is not None else evidence_path()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Evidence(path)
    except (OSError, ValueError) as e:
        raise ParityError(
            f"{path} is not evidence written by `parity certify` ({e}); restore it from version control."
        ) from None
    if not isinstance(data, dict) or any(not isinstance(data.get(name), dict) for name in SECTIONS):
        raise ParityError(f"{path} lacks one of the sections {', '.join(SECTIONS)}; take it from version control.")
    return Evidence(path, **{name: data[name] for name in SECTIONS})


@lru_cache(maxsize=1)
def _project_evidence() -> Evidence:
    return read_evidence()


# -- witnesses -----------------------------------------------------------------------------------------------------------------
def spelled(value: float) -> str:
    """A float in hexadecimal, without the zeros that only fill up."""
    return re.sub(r"\.?0*p", "p", float(value).hex(), count=1) if np.isfinite(value) else str(float(value))


def encode(array: np.ndarray) -> dict[str, Any]:
    """An array as its shape and its numbers in hexadecimal."""
    flat = np.asarray(array).astype(np.float64).reshape(-1).tolist()
    return {"shape": list(np.shape(array)), "hex": " ".join(map(spelled, flat))}


def decode(data: Mapping[str, Any]) -> np.ndarray:
    """The float64 array that `encode` wrote."""
    return np.array([float.fromhex(v) for v in data["hex"].split()], np.float64).reshape(data["shape"])


def encode_stored(case: Case, stored: Stored) -> dict[str, Any]:
    """A witness as the file has it: the case it started from, and the arrays that replace that case's own."""
    found: dict[str, Any] = {"case": case.origin or case.name, "arrays": {k: encode(v) for k, v in stored.arrays.items()}}
    if stored.cotangents:
        found["cotangents"] = [None if c is None else encode(c) for c in stored.cotangents]
    return found


def decode_stored(data: Mapping[str, Any], elementwise: bool) -> Stored:
    """The arrays of a witness; the numbers of an elementwise one are repeated."""

    def array(entry):
        values = decode(entry)
        return np.resize(values, REPEATED) if elementwise else values

    cotangents = tuple(None if c is None else array(c) for c in data.get("cotangents", ()))
    return Stored({k: array(v) for k, v in data["arrays"].items()}, cotangents)


def witness_cases(op: str, cases: Iterable[Case], elementwise: bool, evidence: Evidence | None = None) -> list[Case]:
    """The stored witnesses of an op as cases of their own."""
    by_name = {c.name: c for c in cases}
    found = []
    for key, data in (evidence or _project_evidence()).witnesses.items():
        name, direction, dtype, who, *region = key.split(" ")
        if name == op and data["case"] in by_name:
            limits = {"dtypes": (dtype,), "directions": (direction,), "references": ("truth" if who == "ours" else who,)}
            hazard = HAZARD[who] + (f"_region{region[1]}" if region else "")
            found.append(with_stored(by_name[data["case"]], decode_stored(data, elementwise), hazard, **limits))
    return found


# -- runs and sweeps -----------------------------------------------------------------------------------------------------------
def this_run(command: str, paths: Mapping[str, Mapping[str, str]], date: str) -> dict[str, Any]:
    """Where and with what something is measured now."""
    from parity.environment import versions

    cpu, flags = _cpu()
    return {
        "date": date,
        "command": command,
        "cpu": cpu,
        "flags": flags,
        "system": platform.system(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions(),
        "paths": {name: dict(variables) for name, variables in paths.items()},
    }


FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "avx512_fp16", "amx_tile", "asimd", "sve")


def _cpu() -> tuple[str, list[str]]:
    """The processor's name and those of its instruction sets that numbers may depend on."""
    from parity.environment import processor

    return processor().name, [f for f in FLAGS if f in processor().flags]


def add_run(evidence: Evidence, run: Mapping[str, Any]) -> str:
    """The key of `run`, which is added unless it is there already."""
    for key, kept in evidence.runs.items():
        if kept == run:
            return key
    key = f"run{len(evidence.runs) + 1}"
    evidence.runs[key] = dict(run)
    return key


def add_sweep(op: str, dtype: str, who: str, record: Mapping[str, Any], path: str | Path | None = None) -> None:
    """Record the result of a sweep over every bit pattern."""
    from datetime import date

    evidence = read_evidence(path)
    run = add_run(evidence, this_run("parity sweep", {}, date.today().isoformat()))
    evidence.sweeps[f"{op} forward {dtype} {who}"] = {"run": run, **record}
    evidence.write()
    _project_evidence.cache_clear()
