"""A sweep on a Dask cluster finds what it finds on this machine's processes."""

from __future__ import annotations

import sys

import pytest

from parity.errors import ParityError
from parity.sweep import sweep
from parity.sweeping import executors
from parity.sweeping.executors import open_executor

distributed = pytest.importorskip("distributed")

FEW = [(start, 1 << 16) for start in (0x00000000, 0x3F800000, 0x7F800000, 0xBF000000)]


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def timeless(record: dict) -> dict:
    return {k: v for k, v in record.items() if k not in ("seconds", "rate")}


@pytest.mark.parametrize(("op", "dtype", "chunks"), [("special.erfc", "float16", None), ("activations.silu", "float32", FEW)])
def test_a_cluster_gives_the_same_record_as_processes(address, op, dtype, chunks):
    assert address.startswith("tcp://")
    with open_executor(address) as cluster, open_executor("1") as processes:
        there = sweep(op, dtype, cluster, chunks=chunks)
        here = sweep(op, dtype, processes, chunks=chunks)
    assert timeless(there) == timeless(here)


def test_no_scheduler_at_the_address(monkeypatch):
    monkeypatch.setattr(executors, "SECONDS", 0.5)
    with (
        pytest.raises(ParityError, match="No Dask scheduler answers"),
        open_executor("tcp://127.0.0.1:9"),
    ):
        pass


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParityError, match=r"npimpl\[dask\]"), open_executor("tcp://127.0.0.1:8786"):
        pass
