"""A progress bar on stderr, where stderr is a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(total: int, what: str, quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """Yields `advance(name, steps)`; what is counted is called `what`."""
    with _bar(what, quiet) as (bar, task):
        if bar is None:
            yield lambda name, steps: None
            return
        bar.update(task, total=total)
        yield lambda name, steps: bar.update(task, advance=steps, description=name)


@contextlib.contextmanager
def counted(what: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Yields `advance(done, all)` for work that counts itself."""
    with _bar(what, quiet) as (bar, task):
        if bar is None:
            yield lambda done, all_: None
            return
        yield lambda done, all_: bar.update(task, completed=done, total=all_)


@contextlib.contextmanager
def _bar(what: str, quiet: bool):
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None, None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        yield bar, bar.add_task(what, total=None)
