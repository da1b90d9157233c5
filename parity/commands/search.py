"""`parity search OP`: the inputs with the worst errors of ours, of PyTorch and of SciPy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.commands import output
from parity.commands.options import DTYPES, OVERLAY, own_ops
from parity.errors import NothingSelected, ParityError

if TYPE_CHECKING:
    from parity.search import Explored, Finding

SHOWN = 3
"""Inputs of a finding that are printed."""


@click.command()
@click.argument("op")
@click.option(
    "--dtype",
    "dtypes",
    type=DTYPES,
    multiple=True,
    help="Only this dtype (may be repeated).",
)
@click.option("--direction", "directions", type=click.Choice(["forward", "backward"]), multiple=True, help="Only this.")
@click.option("--who", "whos", type=click.Choice(["ours", "torch", "scipy"]), multiple=True, help="Only this party.")
@click.option(
    "--budget", type=click.IntRange(1), metavar="N",
    help="Evaluations for each dtype, direction and seed: inputs of an elementwise op (default 20000), or cases (default 60).",
)  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop each dtype and direction after this time.")
@click.option(
    "--seeds", type=click.IntRange(3), default=3, show_default=True, help="Searches with random numbers of their own."
)
@click.option("--json", "json_path", metavar="FILE", help="Write the findings as JSON ('-': to stdout, instead of the report).")
@click.option("--write", is_flag=True, help="Keep the worst inputs as witnesses, which the suite then checks on every run.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@own_ops()
@OVERLAY
def search(op, dtypes, directions, whos, budget, seconds, seeds, json_path, write, quiet, overlay) -> None:
    """Look for the inputs with the worst errors of ours, of PyTorch and of SciPy, against the proven truth.

    What is found is a lower bound of the worst error.  Errors inside a region of the tolerance table are listed apart.
    """
    from parity import loader
    from parity.report.progress import progress
    from parity.search import explore
    from parity.tolerances import read_table

    chosen = loader.select([op])
    if len(chosen) > 1:
        raise ParityError(f"{op!r} is a family of {len(chosen)} ops; name one of them: {', '.join(chosen)}.")
    row = read_table(None, overlay).rows.get(chosen[0])
    if write and chosen[0] in loader.own_ops():
        raise ParityError(f"{chosen[0]} is an op of your own, whose witnesses parity does not keep; leave --write out.")
    if write:
        _check_that_evidence_is_of_a_checkout()
    cells, reasons = _cells(chosen[0], dtypes, directions)
    if not cells:
        raise NothingSelected(f"There is nothing to search: {reasons[0]}")
    limits = {"budget": budget, "seconds": seconds, "seeds": tuple(range(seeds)), "row": row}
    found = []
    with progress(len(cells), "searches", quiet) as advance:
        for dtype, direction in cells:
            found.append(explore(chosen[0], dtype, direction, **limits, **({"whos": whos} if whos else {})))
            advance(f"{chosen[0]} {direction} {dtype}", 1)
    if json_path is not None:
        output.write(json_path, json.dumps([_plain(f) for x in found for f in x.findings], indent=1, ensure_ascii=False) + "\n")
    if json_path != "-":
        for (dtype, direction), explored in zip(cells, found, strict=True):
            click.echo("\n".join(_lines(f"{chosen[0]} {direction} {dtype}", explored, seeds)))
        click.echo("\n".join(f"Left out: {r}" for r in reasons), nl=bool(reasons))
    if write:
        click.echo(_keep([f for x in found for f in x.findings]), err=json_path == "-")


def _cells(op: str, dtypes, directions) -> tuple[list[tuple[str, str]], list[str]]:
    """The dtypes and directions to search, and why the others are left out."""
    from parity.loader import catalogue
    from parity.search import nothing_to_find

    pair = catalogue()[op]
    if not any(k.role == "float" for k in pair.arrays):
        raise ParityError(f"{op} takes no floating-point array, so there is no input to search; choose another op.")
    both = ("forward", "backward") if pair.differentiable else ("forward",)
    reasons = [f"{op} is not judged in {t}." for t in dtypes if t not in pair.dtypes]
    reasons += [f"{op} has no {d} direction." for d in directions if d not in both]
    cells = []
    for dtype in (t for t in pair.dtypes if not dtypes or t in dtypes):
        for direction in (d for d in both if not directions or d in directions):
            why = nothing_to_find(op, dtype, direction)
            if why:
                reasons.append(why)
            else:
                cells.append((dtype, direction))
    return cells, list(dict.fromkeys(reasons))


# -- what is shown -------------------------------------------------------------------------------------------------------------
def _lines(title: str, explored: Explored, seeds: int) -> list[str]:
    cost = f"{explored.evaluations} evaluations in {explored.seconds:.1f} s, {seeds} seeds"
    if explored.undecided:
        cost += f", {explored.undecided} inputs dropped because the truth could not be proven there"
    lines = [f"{title}  ({cost})"]
    budgets = {(f.who, f.region): f for f in explored.findings if f.kind == "budget"}
    for f in explored.findings:
        same = f.kind == "extreme" and f.region is None and (f.who, None) in budgets
        if not (same and budgets[f.who, None].units == f.units):
            lines += _finding(f)
    return lines if explored.findings else [*lines, "  no error found: every result was exact."]


def _finding(f: Finding) -> list[str]:
    """The worst element with everybody's result, and the inputs that come next."""
    where = "" if f.region is None else f" in region {f.region}"
    ulp = "" if f.ulp is None else f", {f.ulp:.6g} ulp"
    what = " (worst of all)" if f.kind == "extreme" else ""
    stage = "" if f.stage == "values" else f", {f.stage}"
    lines = [f"  {f.who}{where}{what}: {f.units:.6g} units{ulp}{stage}, from the case {f.case.name}", f"    at    {f.element}"]
    lines += [f"    {name:5s} {text}" for name, text in f.results.items()]
    if f.ulp is not None:
        lines += [f"    next  {text}" for text in _next(f)]
    return lines


def _next(f: Finding) -> list[str]:
    """The other inputs of an elementwise finding."""
    from parity.evidence import spelled

    ((name, x),) = f.stored.arrays.items()
    dy = f.stored.cotangents[0] if f.stored.cotangents else None
    found = []
    for i in range(1, min(SHOWN, x.size)):
        text = f"{name} = {spelled(float(x[i]))} ({x[i]!s})"
        found.append(text if dy is None else f"{text}, dy = {spelled(float(dy[i]))}")
    return found


# -- what is kept --------------------------------------------------------------------------------------------------------------
def _plain(f: Finding) -> dict:
    """A finding as JSON has it; infinities as words."""
    from parity.evidence import encode_stored

    names = ("op", "direction", "dtype", "who", "region", "kind", "stage", "element")
    numbers = {k: v if v is None or abs(v) < float("inf") else str(v) for k, v in (("units", f.units), ("ulp", f.ulp))}
    return {
        **{n: getattr(f, n) for n in names}, **numbers, "results": dict(f.results), "witness": encode_stored(f.case, f.stored),
    }  # fmt: skip


def _check_that_evidence_is_of_a_checkout() -> None:
    """Witnesses are kept in a working copy of the project, never in a package that is installed."""
    from parity.evidence import evidence_path

    folder, package = evidence_path().parent, Path(__file__).parents[1]
    if folder == package or (folder == package.parent and not (folder / "pyproject.toml").is_file()):
        raise ParityError(
            "--write changes the evidence of a checkout, and this is an installed package; "
            "search with --json FILE to keep what is found, or run `parity search` in a checkout of the project."
        )


def _keep(findings: list[Finding]) -> str:
    """Store the worst input within reach of each budget in the evidence file."""
    from parity.evidence import cell_name, encode_stored, read_evidence

    evidence = read_evidence()
    kept = [f for f in findings if f.kind == "budget" and f.region is None]
    for f in kept:
        evidence.witnesses[cell_name(f.op, f.direction, f.dtype, f.who)] = encode_stored(f.case, f.stored)
    evidence.write()
    return f"Kept {len(kept)} witnesses in {evidence.path.name}."
