"""Shared by all tests: one thread, one table."""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import pytest

from parity.tolerances import Table, read_table


@pytest.fixture(scope="session")
def table() -> Table:
    """The project's tolerance table."""
    return read_table()
