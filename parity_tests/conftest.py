"""Shared by all tests: one thread, one table, few collections of garbage."""

from __future__ import annotations

import gc
import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import pytest

from parity.tolerances import Table, read_table

gc.set_threshold(200_000, 50, 1000)  # looking through thousands of kept evaluations took a sixth of the time


@pytest.fixture(scope="session")
def table() -> Table:
    """The project's tolerance table."""
    return read_table()
