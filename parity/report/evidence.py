"""The evidence behind the budgets of one op: the worst error found for each, where, how, and on which machine."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from parity.evidence import Evidence, decode, spelled
from parity.report.table import DTYPES, columns
from parity.tolerances import Row

HEAD = ("who", "direction", "dtype", "budget", "worst", "percent", "how", "at")
WIDTH = 126


def place(check: str, path: str = "native", layout: str = "", element: str = "") -> str:
    """Where an error was found: the check, the dispatch path unless it is the machine's own, the layout, the element."""
    return (
        check + (f" on {path}" if path != "native" else "") + (f" ({layout})" if layout else "") + (element and f": {element}")
    )


def evidence_lines(row: Row, evidence: Evidence) -> Iterator[str]:
    """What was measured for the budgets of one op, on which runs, at which stored inputs; then its sweeps."""
    cells = _of(row.op, evidence.cells)
    sweeps = _of(row.op, evidence.sweeps)
    if cells:
        yield "evidence: the worst error found for each budget, and how much of the budget it is"
        yield from columns([HEAD, *(_cell(row, key, cells[key]) for key in sorted(cells, key=_order))])
        yield from _witnesses(_of(row.op, evidence.witnesses))
    else:
        yield f"There is no evidence for these budgets yet; `parity certify {row.op} --write` makes it."
    if sweeps:
        yield "sweeps over every bit pattern"
    for key in sorted(sweeps, key=_order):
        date = evidence.runs.get(sweeps[key].get("run", ""), {}).get("date", "undated")
        yield from _wrapped(f"  {' '.join((_who(key), *key[:2]))}, {date}: {_told(sweeps[key])}")
    yield from _runs(evidence, (*cells.values(), *sweeps.values()))


def _of(op: str, section: Mapping[str, dict]) -> dict[tuple[str, ...], dict]:
    """The entries of one op, by (direction, dtype, who, and "region", k for a region)."""
    return {tuple(key.split(" ")[1:]): entry for key, entry in section.items() if key.split(" ")[0] == op}


def _order(key: tuple[str, ...]) -> tuple:
    """As the table has them: ours first, forward first, the widest dtype first."""
    direction, dtype, who, *region = key
    return ("ours", "torch", "scipy").index(who), direction != "forward", DTYPES.index(dtype), region


def _who(key: tuple[str, ...]) -> str:
    return key[2] + (f", region {key[4]}" if len(key) > 3 else "")


# -- budgets -------------------------------------------------------------------------------------------------------------------
def _cell(row: Row, key: tuple[str, ...], entry: Mapping[str, Any]) -> tuple[str, ...]:
    budget = _budget(row, key)
    reached = f"{100 * entry['units'] / budget:.0f}" if budget else "-"
    found = place(entry["check"], *(entry.get(k, "") for k in ("path", "layout", "element"))) if "check" in entry else "nowhere"
    found += f" (only with {' or '.join(entry['only'])})" if "only" in entry else ""
    units = f"{entry['units']:.4g}"
    return (_who(key), *key[:2], "-" if budget is None else f"{budget:g}", units, reached, entry["how"], found)


def _budget(row: Row, key: tuple[str, ...]) -> float | None:
    direction, dtype, who, *region = key
    if not region:
        return row.budget(who, direction, dtype)
    regions = row.regions(who, direction, dtype)
    return regions[int(region[1])]["units"] if int(region[1]) < len(regions) else None


def _witnesses(found: Mapping[tuple[str, ...], dict]) -> Iterator[str]:
    """The stored inputs, one line each."""
    if found:
        yield "stored inputs"
    for key in sorted(found, key=_order):
        data = found[key]
        arrays = [*data["arrays"].items(), *((f"cotangent {i}", c) for i, c in enumerate(data.get("cotangents", ())) if c)]
        text = f"{_who(key)} {key[0]} {key[1]}, case {data['case']}: " + "; ".join(f"{n} = {_numbers(a)}" for n, a in arrays)
        yield "  " + textwrap.shorten(text, WIDTH - 2, placeholder=" ...")


def _numbers(data: Mapping[str, Any]) -> str:
    """An array in hexadecimal and in decimal."""
    return ", ".join(f"{spelled(v)} ({v!r})" for v in decode(data).reshape(-1).tolist())


# -- runs ----------------------------------------------------------------------------------------------------------------------
def _runs(evidence: Evidence, entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """When, where and with what: one sentence for each run that the entries come from."""
    for name in dict.fromkeys(e["run"] for e in entries if e.get("run") in evidence.runs):
        run = evidence.runs[name]
        versions = ", ".join(f"{package} {version}" for package, version in run["versions"].items() if version)
        text = (
            f"{name}: {run['command']} on {run['date']}, {run['cpu']} ({run['cores']} cores; {' '.join(run['flags'])}), "
            f"{run['system']}, Python {run['python']}, {versions}; paths {', '.join(run['paths']) or 'native'}."
        )
        yield from _wrapped(text)


def _told(record: Mapping[str, Any]) -> str:
    """The figures of a sweep in one sentence; its lists (histogram, profile) are left to the file."""
    parts = []
    for name, value in record.items():
        if isinstance(value, Mapping) and value:
            parts.append(f"{name} ({_told(value)})")
        elif name != "run" and isinstance(value, (int, float, str)):
            parts.append(f"{name} {value}")
    return ", ".join(parts)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="    ", break_long_words=False)
