"""The three jobs, from Python: run the suite, consult the table, validate an implementation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.tolerances import Table, read_table

if TYPE_CHECKING:
    from parity.results import RunResult, ValidationResult
    from parity.runner import Selection


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
    from parity.request import selection

    wanted = selection(names, dtypes=dtypes, references=references, directions=directions, hazards=hazards)
    return run_selection(wanted, tolerances, overlay, jobs, progress)


def run_selection(
    wanted: Selection,
    tolerances: str | Path | None = None,
    overlay: str | Path | None = None,
    jobs: int = 1,
    progress: Callable[[str, int], None] = lambda op, checks: None,
) -> RunResult:
    """Run checks that are selected already."""
    from parity.environment import versions
    from parity.parallel import run_ops
    from parity.results import RunResult

    verdicts = run_ops(wanted, read_table(tolerances, overlay), overlay, jobs, progress)
    return RunResult(tuple(verdicts), versions())


def validate(forward: Callable[..., Any] | str, op: str, **settings: Any) -> ValidationResult:
    """Judge an implementation of yours: `.verdict()` in words, `.grade`, `.limits`, `.findings`, `.holds`.

    `forward` is a function, class or module of NumPy, torch or JAX arrays, or its name as `FILE.py:NAME` or
    `package.module:NAME`.  Settings, each the command line's option of the same name:

    - backward: its gradient, `backward(grad_output, *arrays, **options)`; functions of torch and JAX are differentiated by
      their own library where none is given;
    - dtypes, directions: only these; where: the domain it was written for, e.g. "x.ndim == 4"; skip: hazards to leave out;
    - strict: True or "tight", "parity", "stable": what must be reached without limits;
    - arrays: "auto", "numpy", "torch" or "jax"; rename: its parameter names -> the op's, e.g. {"dim": "axis"};
      option: values of options that it implements without a parameter, e.g. {"approximate": "tanh"}; inplace: it writes
      its result into its first array;
    - isolate: in a process of its own (default), with timeout (seconds for each check), total (seconds for all), memory
      (GiB); forbid: libraries that it must not import; python: another interpreter;
    - seed: repeats the fresh inputs of an earlier result (its `.seed`); overlay: a table of your own laid over the project's.
    """
    from parity.request import validation
    from parity.validation import validate as validated

    return validated(validation(forward, op, **settings))


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
