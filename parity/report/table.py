"""The tolerance table as text, Markdown, JSON, CSV or HTML.  Needs neither torch nor SciPy."""

from __future__ import annotations

import csv
import html
import io
import json
import textwrap
from collections.abc import Iterator

from parity.tolerances import Row, Table

DTYPES = ("float64", "float32", "float16", "bfloat16")
HEAD = ("op", "who", "direction", *DTYPES)
FORMATS = ("text", "markdown", "json", "csv", "html")


def render(table: Table, style: str) -> str:
    """The table in one of FORMATS."""
    return {"text": _text, "markdown": _markdown, "json": _json, "csv": _csv, "html": _html}[style](table)


def budget_lines(row: Row) -> Iterator[tuple[str, ...]]:
    """One line per party and direction: the units each dtype is allowed."""
    parties = {"ours": row.data["budget"], **row.data.get("reference", {})}
    for who, budgets in parties.items():
        for direction, by in budgets.items():
            yield (row.op, who, direction, *(_units(by.get(d)) for d in DTYPES))


def _units(value) -> str:
    return "-" if value is None else f"{value:g}"


def columns(lines: list[tuple[str, ...]]) -> list[str]:
    """Lines of cells as text with aligned columns: words left, numbers right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    numeric = [all(_is_number(line[i]) for line in lines[1:]) for i in range(len(widths))]
    return [
        "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(line, widths, numeric, strict=True)).rstrip()
        for line in lines
    ]


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(".", "").replace("e", "").replace("-", "").replace("+", "").isdigit()


def _text(table: Table) -> str:
    lines = columns([HEAD, *(line for row in table for line in budget_lines(row))])
    if len(table) > 5:
        note = "Units of u * scale (u: half the spacing at 1). `parity table OP` adds scale, reasons and known differences."
        return "\n".join([*lines, "", note]) + "\n"
    return "\n".join([*lines, *(text for row in table for text in reasons(row))]) + "\n"


def reasons(row: Row, width: int = 100) -> Iterator[str]:
    """The sentences of a row: scale, why, source, allclose, regions, known differences."""

    def wrapped(label: str, text: str) -> Iterator[str]:
        yield from textwrap.wrap(
            text, width, initial_indent=f"  {label:<9s}", subsequent_indent=" " * 11, break_long_words=False
        )

    yield ""
    yield row.op
    yield from wrapped("scale", row.data["scale"])
    yield from wrapped("why", row.data["why"])
    if "source" in row.data:
        yield from wrapped("source", row.data["source"])
    for dtype, t in row.data.get("allclose", {}).items():
        yield from wrapped("allclose", f"{dtype}: rtol={t['rtol']:g}, atol={t['atol']:g}")
    for r in row.data.get("regions", []):
        span = f"x in [{r['input'][0]:g}, {r['input'][1]:g}], {r['direction']}, {', '.join(r['dtypes'])}"
        yield from wrapped("region", f"{span}: {r['units']:g} units + {r.get('floor', 0):g}. {r['why']}")
    for d in row.data.get("differs", []):
        yield from wrapped("differs", f"{d['reference']} (since {d['since']}): {d['why']} {d['returns']}")
        for direction, by in d["where"].items():
            for dtype, hazards in by.items():
                yield from wrapped("", f"{direction} {dtype}: {', '.join(hazards)}")


def _markdown(table: Table) -> str:
    def line(cells):
        return "| " + " | ".join(cells) + " |"

    rows = [line(cells) for row in table for cells in budget_lines(row)]
    why = [f"- **{row.op}**: scale `{row.data['scale']}`. {row.data['why']}" for row in table]
    return "\n".join([line(HEAD), line(["---"] * len(HEAD)), *rows, "", *why]) + "\n"


def _json(table: Table) -> str:
    return json.dumps({row.op: row.data for row in table}, indent=1, ensure_ascii=False) + "\n"


def _csv(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*HEAD, "scale"))
    writer.writerows((*cells, row.data["scale"]) for row in table for cells in budget_lines(row))
    return out.getvalue()


def _html(table: Table) -> str:
    def line(cells, tag):
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    return "<table>" + line(HEAD, "th") + "".join(line(c, "td") for row in table for c in budget_lines(row)) + "</table>"
