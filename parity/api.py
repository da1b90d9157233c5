"""The three jobs, from Python: run the suite, consult the table, validate an implementation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.errors import NothingSelected, ParityError
from parity.tolerances import Table, read_table

if TYPE_CHECKING:
    from parity.results import RunResult, ValidationResult

DTYPES = ("float64", "float32", "float16", "bfloat16")


def chosen(what: str, given: Iterable[str], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The values given (one word, or several), each of them one that is allowed."""
    values = tuple([given] if isinstance(given, str) else given)
    for value in values:
        if value not in allowed:
            raise ParityError(f"{value!r} is no {what}; allowed: {', '.join(allowed)}.")
    return values


def run(
    *names: str,
    dtypes: Iterable[str] = (),
    references: Iterable[str] = (),
    directions: Iterable[str] = (),
    hazards: Iterable[str] = (),
    tolerances: str | Path | None = None,
    overlay: str | Path | None = None,
    jobs: int = 1,
    progress: Callable[[str, int], None] = lambda op, checks: None,
) -> RunResult:
    """Run the selected checks (default: all) and return their verdicts.

    `names` are ops ("activations.softmax", "softmax", "torch.nn.functional.softmax") or families ("losses").
    `overlay` is a table of your own laid over the project's.
    """
    from parity import loader
    from parity.environment import versions
    from parity.parallel import count_checks, run_ops
    from parity.results import RunResult
    from parity.runner import DIRECTIONS, REFERENCES, Selection

    selection = Selection(
        tuple(loader.select(names)),
        chosen("dtype", dtypes, DTYPES),
        chosen("reference", references, REFERENCES),
        chosen("direction", directions, DIRECTIONS),
        tuple([hazards] if isinstance(hazards, str) else hazards),
    )
    if count_checks(selection) == 0:
        raise NothingSelected(
            "Nothing is selected: no check has this dtype, reference, direction and hazard; `parity explain OP` lists them."
        )
    verdicts = run_ops(selection, read_table(tolerances, overlay), overlay, jobs, progress)
    return RunResult(tuple(verdicts), versions())


def validate(
    forward: Callable[..., Any] | str,
    op: str,
    *,
    backward: Callable[..., Any] | str | None = None,
    dtypes: Iterable[str] = (),
    directions: Iterable[str] = (),
    arrays: str = "auto",
    rename: dict[str, str] | None = None,
    forbid: Iterable[str] = (),
    python: str = "",
    timeout: float = 10.0,
    memory: float = 4.0,
    seed: int | None = None,
    isolate: bool = True,
    overlay: str | Path | None = None,
) -> ValidationResult:
    """Grade an implementation of yours as the op: tight, parity or fail, per dtype and direction, with each failure explained.

    `forward` is a function, class or module of NumPy, torch or JAX arrays (`arrays`: "auto", "numpy", "torch" or "jax"), or
    its name as `FILE.py:NAME` or `package.module:NAME`; `backward(grad_output, *arrays, **options)` its gradient (torch and
    JAX functions are differentiated by their own library where none is given).  `rename` maps its parameter names to the
    op's, e.g. {"dim": "axis"}.  It runs in a process of its own with a time limit for each check (`timeout`, seconds) and a
    memory limit (`memory`, GiB), unless `isolate` is False.  `forbid` names libraries that it must not import; `seed`
    repeats the fresh inputs of an earlier result (its `.seed`).
    """
    from parity.isolation import Candidate, Limits
    from parity.validation import validate as validated

    if not isolate and (isinstance(forward, str) or isinstance(backward, str)):
        raise ParityError("With isolate=False give the function itself, not its name.")
    forbidden = (forbid,) if isinstance(forbid, str) else tuple(forbid)
    candidate = Candidate(forward, backward, arrays, rename or {}, forbidden, python)
    return validated(
        candidate,
        op,
        dtypes=chosen("dtype", dtypes, DTYPES),
        directions=chosen("direction", directions, ("forward", "backward")),
        table=read_table(None, overlay),
        limits=Limits(timeout, int(memory * 2**30)),
        seed=seed,
        isolate=isolate,
    )


def table(*names: str, path: str | Path | None = None, overlay: str | Path | None = None) -> TableView:
    """The tolerance table, or the rows of some ops or families; torch and SciPy are not imported."""
    return TableView(rows_named(read_table(path, overlay), names))


def rows_named(whole: Table, names: Iterable[str]) -> Table:
    """The rows that names mean: ops, bare names or families."""
    from parity.errors import AmbiguousOp, UnknownOp

    chosen: dict = {}
    for name in names:
        found = [op for op in whole.rows if name in (op, op.split(".")[0])] or [
            op for op in whole.rows if op.split(".")[1] == name
        ]
        if not found:
            raise UnknownOp(name, [*whole.rows, *{op.split(".")[0] for op in whole.rows}])
        if len(found) > 1 and all(op.split(".")[1] == name for op in found):
            raise AmbiguousOp(name, found)
        chosen |= {op: whole.rows[op] for op in found}
    return Table(whole.path, chosen or whole.rows, whole.certified)


class TableView:
    """Rows of the tolerance table with a readable face."""

    def __init__(self, table: Table):
        self.table = table

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, op: str):
        return self.table.rows[op].data

    def __repr__(self) -> str:
        from parity.report.table import render

        return render(self.table, "text")

    def _repr_html_(self) -> str:
        from parity.report.table import render

        return render(self.table, "html")


def cores() -> int:
    """How many worker processes a run uses by default."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
