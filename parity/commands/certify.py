"""`parity certify`: is every budget of the table reached, and none exceeded, on every dispatch path?"""

from __future__ import annotations

import os
from datetime import date

import click

from parity import errors
from parity.errors import ParityError


@click.command()
@click.argument("names", nargs=-1, metavar="[OP|FAMILY ...]")
@click.option(
    "--effort",
    type=click.FloatRange(0),
    default=0.3,
    show_default=True,
    help="The search's, times `parity search`'s.",
)
@click.option("--path", "names_of_paths", multiple=True, help="Only this dispatch path, and the native one (may be repeated).")
@click.option("--jobs", "-j", type=click.IntRange(1), help="Worker processes (default: one per core).")
@click.option("--write", is_flag=True, help="Update the table's slack budgets and the evidence.")
@click.option(
    "--because", metavar="SENTENCE", help="With --write: also raise violated budgets, for this reason, which is kept."
)
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
def certify(names, effort, names_of_paths, jobs, write, because, quiet) -> None:
    """Measure every budget again on every dispatch path; report slack and violated ones and what they should be.

    A certification that is interrupted goes on where it was when it is started again.
    """
    from parity import api, certify, loader
    from parity.evidence import read_evidence, this_run
    from parity.journal import Journal
    from parity.report.certify import certification_lines
    from parity.report.progress import progress
    from parity.tolerances import read_table

    if because and not write:
        raise ParityError("--because gives the reason for a change of the table; add --write.")
    ops, table, evidence = loader.select(names), read_table(), read_evidence()
    missing = [op for op in ops if op not in table.rows]
    if missing:
        raise ParityError(f"{missing[0]} has no row in {table.path}; add one (docs/tolerances.md shows how).")
    paths = _paths(names_of_paths)
    _say_what_is_left_aside()
    run = this_run("parity certify", paths, date.today().isoformat())
    about = {"sources": certify.sources(table, evidence), "effort": effort, "run": {**run, "date": ""}}
    journal = Journal(certify.work_file(ops), about)
    with progress(len(ops), "ops", quiet) as advance:
        measured = certify.measure(ops, table, journal, effort, list(paths), jobs or api.cores(), advance)
    result = certify.certify(ops, table, measured, evidence)
    click.echo("\n".join(certification_lines(result, evidence)))
    if write:
        _write(result, evidence, table, ops, run, because)
    journal.remove()
    raise click.exceptions.Exit(errors.HELD if result.holds else errors.VIOLATED)


def _paths(names) -> dict[str, dict[str, str]]:
    """The chosen dispatch paths, the native one first."""
    from parity.remote import dispatch_paths

    every = dispatch_paths()
    for name in names:
        if name not in every:
            raise ParityError(f"{name!r} is no dispatch path of this machine; allowed: {', '.join(every)}.")
    return {name: v for name, v in every.items() if not names or name in ("native", *names)}


def _say_what_is_left_aside() -> None:
    """Every path has its own switches, also the native one, so those of the environment do not count."""
    from parity.remote import SWITCHES

    if found := [name for name in SWITCHES if os.environ.get(name)]:
        click.echo(f"Certify sets the dispatch switches itself; {', '.join(found)} are left aside.", err=True)


def _write(result, evidence, table, ops, run, because) -> None:
    """Replace the table, then the evidence, each whole."""
    from parity import certify
    from parity.evidence import add_run
    from parity.files import replace_file
    from parity.table_edit import edited

    raised = result.of("violated") if because else []
    changed = certify.changes([*result.of("slack"), *raised])
    if changed:
        replace_file(table.path, edited(table.path.read_text(encoding="utf-8"), changed, table.path))
    for cell in raised:
        evidence.changes[f"{run['date']} {cell.name}"] = {"from": cell.budget, "to": cell.proposed, "because": because}
    certify.update_evidence(evidence, result, ops, add_run(evidence, run))
    evidence.write()
    click.echo(f"Wrote {len(changed)} numbers to {table.path.name}, {len(result.cells)} cells to {evidence.path.name}.")
