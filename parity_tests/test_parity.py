"""The suite: every check of the catalogue, one test each, with the check's id as the test's id."""

from __future__ import annotations

import pytest

from parity import loader, runner
from parity.report.terminal import failure_lines


def _all_checks():
    for op in loader.catalogue():
        for check in runner.checks_of(op):
            yield pytest.param(check, id=check.id)


@pytest.mark.parametrize("check", list(_all_checks()))
def test_check(check, table):
    verdict = runner.run_check(check, table)
    if verdict.status == "skipped":
        pytest.skip(verdict.message)
    assert verdict.status in ("held", "known", "cured"), "\n".join(failure_lines(verdict))
