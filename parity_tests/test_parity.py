"""The suite: every check of the catalogue's rows, one test each, with the check's id as the test's id.

What is made for every op by construction (`parity.inputs`) is one test for each op, dtype and direction.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parity import loader, runner
from parity.report.terminal import failure_lines
from parity.verdict import Check, Verdict

GOOD = ("held", "known", "cured")


def _is_made(check: Check) -> bool:
    if check.direction == "distribution":
        return False
    return runner.case_of(check.op, check.hazard, check.dtype, check.direction).references == ("truth",)


def _of_rows() -> Iterator[Check]:
    for op in loader.catalogue():
        yield from (c for c in runner.checks_of(op) if not _is_made(c))


def _made() -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for op in loader.catalogue():
        for check in filter(_is_made, runner.checks_of(op)):
            found.setdefault(f"{op}-{check.dtype}-{check.direction}", []).append(check)
    return found


MADE = _made()


def _lines(verdicts: list[Verdict]) -> str:
    return "\n".join(line for v in verdicts for line in failure_lines(v))


@pytest.mark.parametrize("check", [pytest.param(c, id=c.id) for c in _of_rows()])
def test_check(check, table):
    verdict = runner.run_check(check, table)
    if verdict.status == "skipped":
        pytest.skip(verdict.message)
    assert verdict.status in GOOD, _lines([verdict])


@pytest.mark.parametrize("cell", MADE)
def test_what_is_made_for_every_op(cell, table):
    failed = [v for v in (runner.run_check(c, table) for c in MADE[cell]) if v.status not in GOOD]
    assert not failed, _lines(failed)
