"""`python -m tools.mutate`: plant changes, run the checks of their ops, say which are alive."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from parity.api import cores
from parity.errors import ParityError
from parity.files import cache_folder
from parity.journal import Journal
from parity.report.progress import progress
from tools.mutate import plan, report
from tools.mutate.ground import Outcome
from tools.mutate.operators import NAMES
from tools.mutate.planting import Mutant
from tools.mutate.pool import run

INTERRUPTED = 130
KEPT = 5
"""Journals of other states of the files that remain."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[OP|FAMILY|FILE|MUTANT ...]")
@click.option("--right", is_flag=True, help="Also the right implementations of parity_tests/right.")
@click.option("--operator", "operators", type=click.Choice(NAMES), multiple=True, help="Only this operator (may be repeated).")
@click.option("--without", type=click.Choice(NAMES), multiple=True, help="Not this operator (may be repeated).")
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes (default: one per core).")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="So many at random.")
@click.option("--seed", type=int, help="Of the sample (default: from the hash of the tree).")
@click.option("--at-least", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit with 1 where fewer are found.")
@click.option("--new", "only_new", is_flag=True, help="For --at-least, skip those that docs/mutation.json has as alive.")
@click.option("--write", is_flag=True, help="Write docs/mutation.md anew.")
@click.option("--list", "only_list", is_flag=True, help="Print what would be planted.")
def main(names, right, operators, without, jobs, sample, seed, at_least, only_new, write, only_list) -> None:
    """Plant small changes in npimpl, run the checks of the op on each, and say which of them nothing finds."""
    try:
        mutants = plan.chosen(_all(right), names, operators, without)
    except ParityError as e:
        raise click.UsageError(str(e)) from None
    about = _about([*names, *operators], without)
    if sample is not None:
        seed = plan.seed_of_tree() if seed is None else seed
        mutants = plan.drawn(mutants, sample, seed)
        about += f" {len(mutants)} were drawn at random, with seed {seed}."
        click.echo(about)
    if only_list:
        click.echo("\n".join(report.summary(mutants)))
        return
    results = judged(mutants, jobs or cores(), right)
    results.known = report.known_alive() if only_new else frozenset()
    click.echo("\n".join(report.lines(results)))
    if write:
        report.write(results, about, plan.tree_hash(right))
    if at_least is not None and results.score < at_least:
        sys.exit(1)


def _about(only: Sequence[str], without: Sequence[str]) -> str:
    """What the figures are about."""
    told = f"The changes are those of {', '.join(only)}" if only else "All changes are planted"
    return told + (f", but for {', '.join(without)}." if without else ".")


def _all(right: bool) -> Sequence[Mutant]:
    known = plan.equivalents()
    for name in plan.stale(plan.library_mutants(), known):
        click.echo(f"{plan.EQUIVALENT.name} lists what is no mutant any more: {name}", err=True)
    if not right:
        return plan.library_mutants()
    from tools.mutate.right import right_mutants

    return [*plan.library_mutants(), *right_mutants()]


def judged(mutants: Sequence[Mutant], jobs: int, right: bool = False, path: Path | None = None) -> report.Results:
    """The outcomes; those that the journal knows are not found again."""
    results = report.Results(reasons={name: e.reason for name, e in plan.equivalents().items()})
    started = time.monotonic()
    with Journal(path or _journal(right), {"tree": plan.tree_hash(right)}) as journal:
        left = []
        for m in mutants:
            if m.id in journal.parts:
                results.add(m, Outcome(**journal.parts[m.id]))
            else:
                left.append(m)
        with progress(len(left), "mutants", quiet=False) as advance:

            def finished(mutant: Mutant, outcome: Outcome) -> None:
                journal.add(mutant.id, vars(outcome))
                results.add(mutant, outcome)
                advance(mutant.owner, 1)

            run(left, jobs, finished)
    click.echo(f"{len(left)} judged in {time.monotonic() - started:.0f} s, {len(mutants) - len(left)} known before.", err=True)
    return results


def _journal(right: bool) -> Path:
    """The journal of this state of the files; of others the newest remain."""
    folder = cache_folder()
    old = sorted(folder.glob("mutation-*.jsonl"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in old[KEPT:]:
        path.unlink(missing_ok=True)
    return folder / f"mutation-{plan.tree_hash(right)[:16]}.jsonl"


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    except click.ClickException as e:
        e.show()
        sys.exit(e.exit_code)
    except click.Abort:
        os._exit(INTERRUPTED)
