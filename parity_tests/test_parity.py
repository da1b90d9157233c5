"""The suite: every check of the catalogue, one test for each op, dtype and direction.

A failing test names each of its checks that failed; `parity replay ID` repeats one alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parity import loader, runner
from parity.report.terminal import failure_lines
from parity.verdict import Check

GOOD = ("held", "known", "cured")


def _checks() -> Iterator[Check]:
    for op in loader.catalogue():
        yield from runner.checks_of(op)


def _cells() -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for c in _checks():
        found.setdefault(f"{c.op}-{c.dtype}-{c.direction}", []).append(c)
    return found


CELLS = _cells()


@pytest.mark.parametrize("cell", CELLS)
def test_checks(cell, table):
    verdicts = [runner.run_check(check, table) for check in CELLS[cell]]
    failed = [v for v in verdicts if v.status not in (*GOOD, "skipped")]
    assert not failed, "\n".join(line for v in failed for line in failure_lines(v))
    if all(v.status == "skipped" for v in verdicts):
        pytest.skip(f"{len(verdicts)} checks: {verdicts[0].message}")


def test_every_check_is_in_one_cell():
    assert sum(map(len, CELLS.values())) == sum(1 for _ in _checks()) == len({c.id for c in _checks()})
