"""Runs whole ops in worker processes; verdicts come back in the catalogue's order, whatever finished first."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from pathlib import Path

from parity.loader import is_known_to_workers, own_files
from parity.runner import Selection, checks_of, run_op
from parity.tolerances import Table, read_table
from parity.verdict import Verdict

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt."""
Progress = Callable[[str, int], None]
HEAVY_FIRST = ("activations", "special")
"""Families whose ops try all 65,536 values of two dtypes: started first, so that no worker ends up waiting for one."""


def _work(op: str, selection: Selection, path: str, overlay: str | None) -> list[Verdict]:
    return list(run_op(op, selection, _table(path, overlay)))


_tables: dict[tuple[str, str | None], Table] = {}


def _table(path: str, overlay: str | None) -> Table:
    """The table of this worker, read once."""
    if (path, overlay) not in _tables:
        _tables[path, overlay] = read_table(path, overlay)
    return _tables[path, overlay]


def run_ops(selection: Selection, table: Table, overlay: str | Path | None, jobs: int, progress: Progress) -> Iterator[Verdict]:
    """The verdicts of all selected ops, in order; `progress(op, checks)` is called as each op finishes."""
    if jobs <= 1 or len(selection.ops) == 1 or not all(map(is_known_to_workers, selection.ops)):
        for op in selection.ops:
            verdicts = list(run_op(op, selection, table))
            progress(op, len(verdicts))
            yield from verdicts
        return
    over = None if overlay is None else str(overlay)
    workers = {"mp_context": get_context("spawn"), "initializer": start_worker, "initargs": (own_files(),)}
    with ProcessPoolExecutor(jobs, **workers) as pool:
        order = sorted(selection.ops, key=lambda op: (op.split(".")[0] not in HEAVY_FIRST, selection.ops.index(op)))
        started = {op: pool.submit(_work, op, selection, str(table.path), over) for op in order}
        for op, job in started.items():
            job.add_done_callback(lambda j, op=op: progress(op, 0 if j.exception() else len(j.result())))
        for op in selection.ops:
            yield from started[op].result()


def start_worker(files: tuple[str, ...] = ()) -> None:
    """One thread per worker: as many workers as cores, and sums whose order does not depend on the machine's load.

    `files` are those of the user's own ops, which this process does not know yet.
    A worker whose parent was killed would wait for work for ever, so it ends with its parent.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    keep_freed_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if files:
        from parity.own import load_ops

        load_ops(files, trial=False)


def keep_freed_memory() -> None:
    """Let glibc keep what is freed for the next array (elsewhere nothing is done).

    Blocks of 16,384 float64 numbers have the very size from which on it hands memory back to the system, and to get it again
    page by page costs more than the arithmetic on it.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(TRIM_THRESHOLD, 1 << 30)
        mallopt(MMAP_THRESHOLD, 1 << 25)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def count_checks(selection: Selection) -> int:
    """How many checks are selected, without running them."""
    return sum(selection.takes(c) for op in selection.ops for c in checks_of(op))
