"""Worst-case search: the input with the largest error of ours, of PyTorch and of SciPy.

For elementwise ops every input is one point, and walks over the bit patterns look for the worst (`unary`); for all others
a hill climber changes the arrays of the op's own cases (`structured`).  Every error is measured against the proven truth.
What a search finds is a lower bound of the worst error, never an upper one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from parity.cases import Stored
from parity.errors import ParityError
from parity.loader import catalogue, definition, is_elementwise, select
from parity.search import structured, unary
from parity.search.findings import Explored, Finding
from parity.search.scores import WHOS, Task
from parity.tolerances import Row

__all__ = ["Explored", "Finding", "default_budget", "explore", "nothing_to_find", "search"]

SEEDS = (0, 1, 2)


def search(
    op: str,
    dtype: str,
    direction: str,
    *,
    budget: int | None = None,
    seconds: float | None = None,
    seeds: Sequence[int] = SEEDS,
    whos: Sequence[str] = WHOS,
    row: Row | None = None,
    start: Sequence[Stored] = (),
    cases: Sequence[str] = (),
) -> list[Finding]:
    """The worst inputs found: for each of `whos` and each region of the table's `row`, and for references the worst of all.

    `budget` is the number of evaluations for each seed (of inputs for elementwise ops, of whole cases for others);
    `seconds` is a time limit for all seeds together, and replaces the default budget.  Without `seconds` the result depends on
    the arguments alone.  `start` holds inputs to begin with, beside the op's cases (with `cases`: only those of these
    names, where the op is not elementwise).  A target without any error has no entry.
    """
    limits = {"budget": budget, "seconds": seconds, "seeds": seeds, "whos": whos, "row": row, "start": start, "cases": cases}
    return explore(op, dtype, direction, **limits).findings


def explore(
    op, dtype, direction, *, budget=None, seconds=None, seeds=SEEDS, whos=WHOS, row=None, start=(), cases=()
) -> Explored:
    """`search`, with what it cost and how many inputs it had to drop."""
    began = time.perf_counter()
    _check(op, dtype, direction, budget, seconds, seeds, whos)
    task = Task(op, dtype, direction, tuple(whos), row, frozenset(cases))
    findings: list[Finding] = []
    if not nothing_to_find(op, dtype, direction):
        find = unary.explore if is_elementwise(op) else structured.explore
        findings = find(task, budget, tuple(seeds), seconds, start)
    return Explored(findings, task.evaluations, task.undecided, time.perf_counter() - began)


def default_budget(op: str) -> int:
    """The usual number of evaluations for each seed: of inputs for an elementwise op, of whole cases for others."""
    return unary.BUDGET if is_elementwise(op) else structured.BUDGET


def nothing_to_find(op: str, dtype: str, direction: str) -> str:
    """Why there is no error to look for, or nothing that the suite does not try anyway; "" where there may be one."""
    if direction == "forward":
        if getattr(definition(op), "kind", "") == "movement":
            return f"{op} only moves numbers, without rounding any."
        if is_elementwise(op) and dtype in ("float16", "bfloat16"):
            return f"the suite tries every {dtype} input of {op} already."
        if structured.is_of_integers(op, dtype):
            return f"{op} returns integers or booleans, which are right or wrong."
    return ""


def _check(op: str, dtype: str, direction: str, budget, seconds, seeds, whos) -> None:
    """One sentence for everything that cannot be searched."""
    if op not in catalogue():
        found = select([op])
        raise ParityError(f"{op!r} means {', '.join(found)}; give the full name of one op.")
    pair = catalogue()[op]
    if not any(k.role == "float" for k in pair.arrays):
        raise ParityError(f"{op} takes no floating-point array, so there is no input to search; choose another op.")
    directions = ("forward", "backward") if pair.differentiable else ("forward",)
    if dtype not in pair.dtypes:
        raise ParityError(f"{op} is not judged in {dtype!r}; its dtypes are {', '.join(pair.dtypes)}.")
    if direction not in directions:
        raise ParityError(f"{op} has no direction {direction!r}; choose {' or '.join(directions)}.")
    wrong = [w for w in whos if w not in WHOS]
    if wrong or not whos:
        raise ParityError(f"There is no party {', '.join(map(repr, wrong)) or 'given'}; choose of {', '.join(WHOS)}.")
    for name, value in (("budget", budget), ("seconds", seconds)):
        if value is not None and not value > 0:
            raise ParityError(f"The {name} of a search is {value}; give a positive number.")
    if not seeds:
        raise ParityError("No seed was given; give at least one whole number, e.g. seeds=(0, 1, 2).")
