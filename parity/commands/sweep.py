"""`parity sweep OP`: an elementwise op at every bit pattern of a dtype."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from parity.commands import output

EVERY = 30.0
"""Seconds between two lines of progress where stderr is no terminal."""
Progress = Callable[[int, bool], None]


@click.command()
@click.argument("op")
@click.option("--dtype", type=click.Choice(["float32", "float16", "bfloat16"]), default="float32", show_default=True)
@click.option("--who", type=click.Choice(["ours", "torch", "scipy"]), default="ours", show_default=True, help="Whose results.")
@click.option(
    "--executor",
    metavar="N|tcp://HOST:PORT",
    help="Worker processes (default: one per core), or a Dask scheduler's address.",
)
@click.option("--json", "json_path", metavar="FILE", help="Write the record as JSON ('-': to stdout, instead of the report).")
@click.option("--write", is_flag=True, help="Keep the record in the evidence file.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
def sweep(op, dtype, who, executor, json_path, write, quiet) -> None:
    """Try every bit pattern of a dtype (2^32 of float32) and find the worst error, confirmed by ball arithmetic.

    Finished chunks are kept: a sweep that was killed goes on where it stopped when the same command is given again.
    """
    from parity.api import cores
    from parity.sweep import layout, task
    from parity.sweep import sweep as run
    from parity.sweeping.executors import open_executor
    from parity.sweeping.identity import open_journal
    from parity.sweeping.patterns import Ruler

    what, chunks = task(op, dtype, who), layout(dtype)
    with contextlib.closing(open_journal(what, chunks)) as journal:
        progress = _progress(Ruler(dtype).patterns, f"{what.op} {dtype} {who}", quiet)
        with open_executor(executor or str(cores())) as pool, progress as step:
            record = run(what.op, dtype, pool, who=who, journal=journal, progress=step)
        _deliver(record, json_path, write)
        journal.remove()


def _deliver(record: dict[str, Any], json_path: str | None, write: bool) -> None:
    from parity.sweeping.report import sweep_lines

    if json_path is not None:
        output.write(json_path, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    if json_path != "-":
        click.echo("\n".join(sweep_lines(record)))
    if write:
        from parity.evidence import add_sweep

        rest = {k: v for k, v in record.items() if k not in ("op", "dtype", "who")}
        add_sweep(record["op"], record["dtype"], record["who"], rest)


# -- progress ------------------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def _progress(total: int, what: str, quiet: bool) -> Iterator[Progress]:
    """A bar where stderr is a terminal, elsewhere a line now and then."""
    if quiet:
        yield lambda values, resumed: None
    elif sys.stderr.isatty():
        with _bar(total, what) as step:
            yield step
    else:
        yield _lines(total, what)


@contextlib.contextmanager
def _bar(total: int, what: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    shown = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[pace]}"))
    clock = Clock(total)
    with Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, pace="")

        def step(values: int, resumed: bool) -> None:
            clock.add(values, resumed)
            bar.update(task, advance=values, pace=clock.pace())

        yield step


def _lines(total: int, what: str) -> Progress:
    clock, last = Clock(total), time.monotonic()

    def step(values: int, resumed: bool) -> None:
        nonlocal last
        clock.add(values, resumed)
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            click.echo(f"{what}: {100 * clock.done / total:.1f} %, {clock.pace()}", err=True)

    return step


class Clock:
    """Rate and time left; what an earlier start did counts as done, but not towards the rate."""

    def __init__(self, total: int):
        self.total, self.done, self.new, self.began = total, 0, 0, time.monotonic()

    def add(self, values: int, resumed: bool) -> None:
        """Count finished values."""
        self.done += values
        self.new += 0 if resumed else values

    def pace(self) -> str:
        """`72.3 M values/s, 0:41 left`."""
        seconds = time.monotonic() - self.began
        if not self.new or not seconds:
            return ""
        rate = self.new / seconds
        minutes, rest = divmod(round((self.total - self.done) / rate), 60)
        return f"{rate / 1e6:.1f} M values/s, {minutes}:{rest:02d} left"
