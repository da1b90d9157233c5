"""Deals mutants out to processes, op by op, and gathers what became of them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from parity.parallel import keep_freed_memory
from parity.tolerances import read_table
from tools.mutate.child import DIE_WITH_PARENT
from tools.mutate.ground import Ground, Outcome
from tools.mutate.planting import RIGHT, Mutant

CHUNK = 25
"""Mutants that a process is given at once, at most."""
Finished = Callable[[Mutant, Outcome], None]


@dataclass(frozen=True)
class Job:
    """A mutant for one of its ops; what the ops before this one found."""

    mutant: Mutant
    rank: int = 0
    ran: int = 0
    changed: int = 0

    @property
    def key(self) -> tuple[str, bool]:
        """Which checks it is for: an op, and whether they are those of candidates."""
        return self.mutant.ops[self.rank], self.mutant.file.startswith(RIGHT)


class Worker:
    """A process that judges the mutants of one op after those of another."""

    def __init__(self) -> None:
        context = get_context("fork")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.connection), daemon=True)
        self.process.start()
        theirs.close()
        self.key: tuple[str, bool] | None = None
        self.jobs: dict[str, Job] = {}

    def give(self, key: tuple[str, bool], jobs: Sequence[Job]) -> None:
        """Some mutants of one op."""
        self.key, self.jobs = key, {j.mutant.id: j for j in jobs}
        self.connection.send((key, [j.mutant for j in jobs]))


def run(mutants: Sequence[Mutant], count: int, finished: Finished) -> None:
    """Judge the mutants in so many processes; `finished` is called for each as soon as its outcome is known."""
    waiting: dict[tuple[str, bool], deque[Job]] = {}
    for m in mutants:
        job = Job(m)
        waiting.setdefault(job.key, deque()).append(job)
    workers = [Worker() for _ in range(max(1, min(count, len(mutants))))]
    try:
        _deal(waiting, workers, finished)
    finally:
        for w in workers:
            w.process.kill()


def _deal(waiting: dict[tuple[str, bool], deque[Job]], workers: list[Worker], finished: Finished) -> None:
    left = sum(map(len, waiting.values()))
    while left:
        for w in workers:
            if not w.jobs:
                _feed(w, waiting, workers)
        ready = wait([w.connection for w in workers if w.jobs])
        for w in [w for w in workers if w.connection in ready]:
            job, outcome = _received(w)
            if outcome.kind == "alive" and job.rank + 1 < len(job.mutant.ops):
                again = replace(job, rank=job.rank + 1, ran=job.ran + outcome.ran, changed=job.changed + outcome.changed)
                waiting.setdefault(again.key, deque()).append(again)
                continue
            left -= 1
            finished(job.mutant, replace(outcome, ran=job.ran + outcome.ran, changed=job.changed + outcome.changed))


def _feed(w: Worker, waiting: dict[tuple[str, bool], deque[Job]], workers: list[Worker]) -> None:
    """More of the same op, else of the op with most left that nobody else works at, else of any."""
    taken = {other.key for other in workers if other.jobs}
    keys = [key for key, jobs in waiting.items() if jobs]
    if not keys:
        return
    key = max(keys, key=lambda k: (k == w.key, k not in taken, len(waiting[k])))
    jobs = waiting[key]
    share = max(1, min(CHUNK, -(-len(jobs) // len(workers))))
    w.give(key, [jobs.popleft() for _ in range(share)])


def _received(w: Worker) -> tuple[Job, Outcome]:
    try:
        word, name, result = w.connection.recv()
    except EOFError:
        raise RuntimeError(f"A process died while it judged mutants of {w.key}: {', '.join(w.jobs)}.") from None
    if word == "error":
        raise RuntimeError(f"Judging {name} failed:\n{result}")
    return w.jobs.pop(name), result


# -- in the worker -------------------------------------------------------------------------------------------------------------
def _serve(connection: Connection, parents: Connection) -> None:
    parents.close()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    keep_freed_memory()
    table, ground, known = read_table(), None, ("", False)
    while True:
        try:
            key, mutants = connection.recv()
        except EOFError:
            os._exit(0)
        for m in mutants:
            try:
                if key != known:
                    ground, known = _ground(key, table), key
                assert ground is not None
                connection.send(("outcome", m.id, ground.outcome(m)))
            except Exception:
                connection.send(("error", m.id, traceback.format_exc()))
        if ground is not None:
            ground.save()


def _ground(key: tuple[str, bool], table: Any) -> Any:
    op, right = key
    if right:
        from tools.mutate.right import RightGround

        return RightGround(op, table)
    return Ground(op, table)
