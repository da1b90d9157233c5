"""What the numbers of a reference depend on: the names of capabilities, dispatch paths, instruction sets and makers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from parity import environment
from parity.environment import MAKERS, ONEDNN_SETS, OPENBLAS_CORES, Processor, path_names
from parity.evidence import read_evidence
from parity.remote import SWITCHES, current_path, dispatch_paths, names_on

PATHS = ("native", "avx2", "baseline", "avx2_kernels", "compatible_kernels")
KNOWN = {"AVX512", "AVX2", "DEFAULT", *PATHS, *ONEDNN_SETS, *OPENBLAS_CORES, *MAKERS.values()}
EVERY_FLAG = frozenset().union(*ONEDNN_SETS.values())


@pytest.fixture
def here(monkeypatch):
    """Sets the processor and the switches that `path_names` is asked about."""

    def set_to(maker: str, flags=EVERY_FLAG, **switches: str) -> frozenset[str]:
        monkeypatch.setattr(environment, "processor", lambda: Processor(maker, "a processor", frozenset(flags)))
        for name in SWITCHES:
            monkeypatch.delenv(name, raising=False)
        for name, value in switches.items():
            monkeypatch.setenv(name, value)
        return path_names.__wrapped__()

    return set_to


@pytest.mark.parametrize(
    ("limit", "count"),
    [
        ("", 4),
        ("ALL", 4),
        ("AVX512_CORE_AMX", 4),
        ("AVX512_CORE_FP16", 3),
        ("avx512_core_bf16", 2),
        ("AVX512_CORE", 1),
        ("AVX2", 0),
    ],
)
def test_onednns_sets_hold_as_far_as_its_switch_leaves_them_on(here, limit, count):
    found = here("GenuineIntel", ONEDNN_MAX_CPU_ISA=limit)
    assert [name for name in ONEDNN_SETS if name in found] == list(ONEDNN_SETS)[:count]


def test_a_set_that_the_processor_lacks_does_not_hold(here):
    assert not set(ONEDNN_SETS) & here("AuthenticAMD", flags=("avx2", "avx512bw", "avx512dq"))
    assert "AVX512_CORE_BF16" in here("AuthenticAMD", flags=("avx512_bf16",))


@pytest.mark.parametrize(
    ("switches", "counts"),
    [
        ({}, True),
        ({"MKL_CBWR": "AVX2,STRICT"}, True),
        ({"MKL_ENABLE_INSTRUCTIONS": "AVX2"}, True),
        ({"MKL_CBWR": "COMPATIBLE"}, False),
        ({"MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}, False),
    ],
)
def test_the_maker_counts_where_mkl_chooses_by_it(here, switches, counts):
    assert ("INTEL" in here("GenuineIntel", **switches)) == counts
    assert ("AMD" in here("AuthenticAMD", **switches)) == counts
    assert not set(MAKERS.values()) & here("another maker", **switches)


def test_every_path_knows_itself_and_all_others():
    for path in dispatch_paths():
        code = "from parity.remote import *; print(current_path(), dispatch_paths())"
        env = {k: v for k, v in os.environ.items() if k not in SWITCHES} | dispatch_paths()[path]
        told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
        assert told.split("{", 1)[1].strip() == str(dispatch_paths()).split("{", 1)[1]
        same = [name for name, variables in dispatch_paths().items() if variables == dispatch_paths()[path]]
        assert told.split(" ")[0] == same[0]


def test_the_order_of_numpys_features_does_not_matter(monkeypatch):
    for name in SWITCHES:
        monkeypatch.delenv(name, raising=False)
    paths = {"native": {}, "avx2": {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL"}}
    monkeypatch.setattr("parity.remote.dispatch_paths", lambda: paths)
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "AVX512_ICL,X86_V4")
    assert current_path() == "avx2"
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert current_path() is None


def test_another_process_says_what_holds_on_its_path():
    assert "baseline" in names_on("baseline")
    assert "DEFAULT" in names_on("baseline")


def test_openblas_says_which_kernels_it_took():
    code = "from parity.environment import path_names; print(*path_names())"
    for core in ("Haswell", "Nehalem"):
        env = {**os.environ, "OPENBLAS_CORETYPE": core}
        told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
        assert set(OPENBLAS_CORES) & set(told.split()) in ({core}, set()), told  # none with another BLAS


def test_the_table_and_the_evidence_use_known_names_only(table):
    told = {name for row in table for entry in row.data.get("differs", []) for name in entry.get("paths", ())}
    told |= {name for cell in read_evidence().cells.values() for name in cell.get("only", ())}
    assert told <= KNOWN, told - KNOWN
