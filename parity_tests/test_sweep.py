"""Sweeps: against brute force, with planted errors, killed in the middle, and with what a user may get wrong."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from parity import oracle
from parity.commands.sweep import Clock
from parity.commands.sweep import sweep as command
from parity.errors import ParityError
from parity.formats import DTYPES, FORMATS
from parity.loader import catalogue, definition, wide
from parity.sweep import layout, sweep, task
from parity.sweeping import chunk
from parity.sweeping.executors import open_executor
from parity.sweeping.identity import identity, open_journal
from parity.sweeping.judge import Subject, judge
from parity.sweeping.patterns import BINS, EDGES, Ruler
from parity.sweeping.report import sweep_lines
from parity.sweeping.scan import Points

ELEMENTWISE = [op for op in catalogue() if getattr(definition(op), "kind", "") == "elementwise"]
FEW = [(0x3F800000, 1 << 14), (0xC2858000, 1 << 14)]
"""From 1 on, and the negative numbers about -66.8."""


class Inline(Executor):
    """Runs everything at once, in this process; counts what it ran."""

    def __init__(self):
        self.ran = 0

    def submit(self, fn, /, *args, **kwargs):
        self.ran += 1
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def timeless(record: dict) -> dict:
    return {k: v for k, v in record.items() if k not in ("seconds", "rate")}


# -- against brute force -------------------------------------------------------------------------------------------------------
def brute(op: str, dtype: str, who: str, spans) -> dict:
    """Every value by ball arithmetic and in rational numbers: nothing of the sweep's arithmetic is used."""
    fmt, pair = FORMATS[dtype], catalogue()[op]
    bits = np.concatenate([np.arange(start, start + count, dtype=np.int64) for start, count in spans])
    x = bits.astype(f"u{DTYPES[dtype].itemsize}").view(DTYPES[dtype])
    truth = oracle.forward(definition(op), (x,), dict(pair.options), dtype)[0]
    call = chunk.party(pair, who, dtype)
    with np.errstate(all="ignore"):
        got = np.concatenate([call(part) for part in np.split(x, len(x) // Ruler(dtype).block)]).astype(np.float64)
    value = truth.value.astype(np.float64)
    columns = (got.tolist(), truth.hi.tolist(), truth.lo.tolist(), value.tolist())
    errors = [error(*point, fmt) for point in zip(*columns, strict=True)]
    numbers = np.array([e for e in errors if e is not None])
    return {
        "max": numbers.max(),
        "at": int(bits[np.argmax([-1 if e is None else e for e in errors])]),
        "misrounded": int(np.sum((got != value) & ~(np.isnan(got) & np.isnan(value)))),
        "histogram": [*np.bincount(np.searchsorted(EDGES, numbers), minlength=len(BINS) - 1).tolist(), errors.count(None)],
    }


def error(got: float, hi: float, lo: float, value: float, fmt) -> float | None:
    """In ULP; None where a nan or an infinity is wrong (no test here returns one at the edge of overflow)."""
    if got != got or hi != hi or abs(value) == np.inf or abs(got) == np.inf:
        return 0.0 if got == value or (got != got and hi != hi) else None
    exact = Fraction(hi) + Fraction(lo)
    size = abs(exact)
    exponent = 1 - fmt.max_exponent
    if size:
        found = size.numerator.bit_length() - size.denominator.bit_length()
        exponent = max(exponent, found if size >= Fraction(2) ** found else found - 1)
    return float(abs(Fraction(got) - exact) / Fraction(2) ** (exponent - fmt.precision + 1))


@pytest.mark.parametrize(
    ("op", "dtype", "who", "spans"),
    [
        ("activations.gelu", "float16", "torch", None),
        ("special.erf", "bfloat16", "torch", None),
        ("special.digamma", "float32", "torch", FEW),
        ("special.lgamma", "float32", "ours", FEW),
        ("special.expm1", "float32", "ours", [(0x42B14000, 1 << 14)]),  # overflow lies within
        ("special.erfc", "float32", "torch", [(0x41200000, 1 << 14), (0x41E00000, 1 << 14)]),  # 10, and 28, where it is 0
        ("special.digamma", "float32", "torch", [(0x3FBB0000, 1 << 14), (0xCB000000, 1 << 14)]),  # a root, and poles only
    ],
)
def test_a_sweep_agrees_with_brute_force(monkeypatch, op, dtype, who, spans):
    monkeypatch.setattr(chunk, "PROVEN", ())  # so that the float64 reference has to find what is wrong in 16 bits, too
    monkeypatch.setattr(chunk, "SAMPLE", 4)
    record = sweep(op, dtype, Inline(), who=who, chunks=spans)
    expected = brute(op, dtype, who, spans or layout(dtype))
    assert record["max_ulps"] == pytest.approx(expected["max"], rel=1e-12)
    assert int(record["worst"]["bits"], 16) == expected["at"]
    assert record["not_correctly_rounded"] == expected["misrounded"]
    assert list(record["histogram"].values()) == expected["histogram"]
    assert sum(record["histogram"].values()) == record["values"] == sum(n for _, n in spans or layout(dtype))
    assert record["certified"]["judged"] < record["values"]
    assert record["certified"]["holds"]


def test_every_value_of_a_short_dtype_is_judged():
    record = sweep("activations.silu", "float16", Inline())
    assert record["certified"]["judged"] == record["values"] == 65536
    assert record["unjudged"] == {"wrong_roundings": 0, "near_ties": 0}
    assert 0.49 < record["max_ulps"] <= 0.51
    assert record["worst_units"]["units"] == record["max_units"]
    assert record["profile"]["positive"][0][0] == -15
    assert record["profile"]["negative"][-1][1] == 15
    assert "every one" in "\n".join(sweep_lines(record))


@pytest.mark.parametrize("op", ELEMENTWISE)
def test_every_form_is_as_good_as_it_claims(op):
    """On values of bfloat16, which has the exponents of float32."""
    form, claimed, root = wide(op)
    ruler, options = Ruler("bfloat16"), dict(catalogue()[op].options)
    patterns = np.arange(0, 1 << 16, 61)
    with np.errstate(all="ignore"):
        reference = form(ruler.values(patterns).astype(np.float64), **options)
    subject = Subject(definition(op), options, Ruler("float32"), 0.0, root)
    points = Points(patterns << 16, ruler.rounded(reference), reference)
    judged = judge(subject, points)
    assert len(judged.hi) > 1000
    assert judged.reference_error.max() <= max(claimed, 1.0)


# -- planted errors ------------------------------------------------------------------------------------------------------------
def plant(monkeypatch, op: str, at: int, result) -> None:
    """Let our implementation return `result(right)` at one bit pattern of float32."""
    right = chunk.implementation(catalogue()[op])

    def wrong(x):
        y = right(x)
        here = x.view(np.uint32) == at
        y[here] = result(y[here])
        return y

    monkeypatch.setattr(chunk, "implementation", lambda pair: wrong)


def test_one_wrong_value_among_a_million_is_found(monkeypatch):
    plant(monkeypatch, "activations.tanh", 0x3E9ABCDE, lambda y: np.nextafter(np.nextafter(y, 0), 0))
    record = sweep("activations.tanh", "float32", Inline(), chunks=[(0x3E900000, 1 << 20)])
    assert record["worst"]["bits"] == "0x3e9abcde"
    assert 1.5 <= record["max_ulps"] <= 2.5
    assert record["not_correctly_rounded"] == 1
    assert record["histogram"]["<=2"] + record["histogram"]["<=4"] == 1
    assert float.fromhex(record["worst"]["input"]["hex"]) == np.float32(record["worst"]["input"]["decimal"])
    assert record["profile"]["positive"] == [[-2, -2, float(f"{record['max_ulps']:.3g}")]]
    assert "0x3e9abcde" in "\n".join(sweep_lines(record))


@pytest.mark.parametrize(
    ("at", "result", "fault"),
    [
        (0x3F812345, lambda y: np.nan, "nan"),
        (0x3F812345, lambda y: np.inf, "infinity"),
        (0x7F812345, lambda y: 1.0, "nan"),
        (0x7F800000, lambda y: 1e30, "infinity"),
        (0x7F800000, lambda y: -np.inf, "infinity"),
        (0x80000000, lambda y: 0.0, "zero_sign"),
    ],
)
def test_a_wrong_special_value_is_found(monkeypatch, at, result, fault):
    plant(monkeypatch, "special.expm1", at, result)
    record = sweep("special.expm1", "float32", Inline(), chunks=[(at & ~0x3FFF, 1 << 14)])
    counts = {name: found["count"] for name, found in record["wrong"].items()}
    assert counts == {"nan": 0, "infinity": 0, "zero_sign": 0, fault: 1}
    assert record["wrong"][fault]["example"]["bits"] == f"0x{at:08x}"
    assert record["histogram"]["no number"] == (fault != "zero_sign")
    assert sum(record["histogram"].values()) == 1 << 14
    json.dumps(record, allow_nan=False)
    assert f"0x{at:08x}" in "\n".join(sweep_lines(record))


def test_a_tie_that_ball_arithmetic_cannot_decide_is_counted_and_no_crash(monkeypatch):
    monkeypatch.setattr(oracle, "PRECISIONS", (128, 320))  # x - 1 is a tie, and tanh is off from 1 by e^(-2^25)
    record = sweep("activations.tanhshrink", "float32", Inline(), chunks=[(0x4B7FC000, 1 << 14), (0x4B800000, 1 << 14)])
    assert record["certified"]["undecided"] > 0
    assert sum(record["histogram"].values()) == 1 << 15
    assert "could not decide" in "\n".join(sweep_lines(record))


def test_an_implementation_wrong_everywhere_is_counted_though_not_all_is_judged(monkeypatch):
    monkeypatch.setattr(chunk, "implementation", lambda pair: lambda x: np.tanh(x) * np.float32(1.001))
    record = sweep("activations.tanh", "float32", Inline(), chunks=[(0x3F000000, 1 << 18)])
    assert record["not_correctly_rounded"] == record["histogram"][">16"] == 1 << 18
    assert 0 < record["unjudged"]["wrong_roundings"] < 1 << 18
    assert "by the reference alone" in "\n".join(sweep_lines(record))


def test_a_result_of_another_dtype_is_refused(monkeypatch):
    monkeypatch.setattr(chunk, "implementation", lambda pair: lambda x: np.tanh(x.astype(np.float64)))
    with pytest.raises(ParityError, match="returns float64"):
        sweep("activations.tanh", "float32", Inline(), chunks=[(0, 1 << 14)])


FAULTS = """
import resource
import numpy as np
from parity.parallel import keep_freed_memory

def temporaries(x):
    a = 2 * x
    b = a + x
    c = b * a
    return c - b

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

x = np.ones(16384)
keep_freed_memory()
for _ in range(20):
    temporaries(x)
before = faults()
for _ in range(200):
    temporaries(x)
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_a_worker_does_not_give_memory_back_after_every_block():
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200  # page faults in 200 rounds; 19,000 without the call, with glibc's defaults


# -- killed and taken up again -------------------------------------------------------------------------------------------------
KILLED = """
import time
from parity.sweep import layout, sweep, task
from parity.sweeping.executors import open_executor
from parity.sweeping.identity import open_journal

def wait(values, resumed):
    wait.count += 1
    if wait.count == 3:
        print("ready", flush=True)
        time.sleep(600)

wait.count = 0
if __name__ == "__main__":
    journal = open_journal(task("special.erf", "bfloat16"), layout("bfloat16"))
    with open_executor("2") as pool:
        sweep("special.erf", "bfloat16", pool, journal=journal, progress=wait)
"""


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(p) for p in listed.read_text().split()] if listed.exists() else []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_sweep_resumes_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    started = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    with started.stdout as out:
        assert out.readline() == "ready\n"
        workers = children(started.pid)
        started.send_signal(signal.SIGKILL)
        started.wait()
    deadline = time.monotonic() + 20
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [w for w in workers if is_running(w)]  # no worker outlives what it works for

    journal = open_journal(task("special.erf", "bfloat16"), layout("bfloat16"))
    assert len(journal.parts) == 3
    seen: list[bool] = []
    executor = Inline()
    resumed = sweep("special.erf", "bfloat16", executor, journal=journal, progress=lambda n, old: seen.append(old))
    journal.remove()
    assert executor.ran == 13
    assert seen == [True] * 3 + [False] * 13
    with open_executor("1") as pool:
        assert timeless(resumed) == timeless(sweep("special.erf", "bfloat16", pool))
    assert not list((tmp_path / "parity" / "sweeps").iterdir())


def test_a_torn_last_line_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    what, chunks = task("activations.relu", "float16"), layout("float16")
    with open_and_close(what, chunks) as journal:
        whole = sweep("activations.relu", "float16", Inline(), journal=journal)
    text = journal.path.read_text()
    journal.path.write_text(text[:-100])
    with open_and_close(what, chunks) as journal:
        assert len(journal.parts) == 15
        executor = Inline()
        assert timeless(sweep("activations.relu", "float16", executor, journal=journal)) == timeless(whole)
    assert executor.ran == 1


def open_and_close(what, chunks):
    import contextlib

    return contextlib.closing(open_journal(what, chunks))


def test_work_on_other_sources_or_versions_is_not_taken_up(monkeypatch):
    what, chunks = task("activations.relu", "float16"), layout("float16")
    before = identity(what, chunks)
    assert before == identity(what, chunks)
    assert before != identity(task("activations.relu", "float16", "torch"), chunks)
    assert before != identity(what, chunks[:3])
    monkeypatch.setattr("parity.sweeping.identity.source_files", list)
    assert before["sources"] != identity(what, chunks)["sources"]


# -- the command, and what a user may get wrong --------------------------------------------------------------------------------
def invoke(*args: str):
    return CliRunner().invoke(command, args)


def test_the_command_reports_and_removes_its_journal(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = invoke("hardswish", "--dtype", "float16", "--executor", "1", "--json", str(tmp_path / "out.json"))
    assert done.exit_code == 0, done.output
    assert "activations.hardswish float16 ours: 65,536 values" in done.stdout
    record = json.loads((tmp_path / "out.json").read_text())
    assert record["values"] == 65536
    assert not list((tmp_path / "parity" / "sweeps").iterdir())


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("tahn",), "'tahn' is no op or family; the nearest names are"),
        (("special",), "is a family of"),
        (("activations.softmax",), "is not elementwise"),
        (("tanh", "--who", "scipy"), "scipy has no activations.tanh"),
        (("erf", "--who", "scipy", "--dtype", "float16"), "SciPy has no float16"),
        (("log_ndtr", "--who", "torch", "--dtype", "float16"), "torch has no CPU kernel"),
        (("tanh", "--executor", "many"), "'many' is no executor; give a number of worker processes"),
        (("tanh", "--executor", "0"), "'0' is no executor"),
    ],
)
def test_what_cannot_be_swept_is_said_in_one_sentence(tmp_path, monkeypatch, args, said):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = invoke(*args)
    assert isinstance(done.exception, ParityError)
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


def test_an_op_without_a_form_says_where_to_add_one(monkeypatch):
    monkeypatch.setattr("parity.sweep.wide", lambda op: None)
    with pytest.raises(ParityError, match=r"add one .* to WIDE in parity/pairs/_wide.py"):
        sweep("activations.tanh", "float32", Inline())


@pytest.mark.parametrize("spans", [[], [(1, 1 << 14)], [(0, 100)], [((1 << 32) - (1 << 14), 1 << 15)]])
def test_chunks_are_checked(spans):
    with pytest.raises(ParityError, match="give"):
        sweep("activations.tanh", "float32", Inline(), chunks=spans)


def test_float64_is_refused():
    with pytest.raises(ParityError, match="float64 has 2"):
        sweep("activations.tanh", "float64", Inline())


def test_the_chunks_cover_every_pattern():
    for dtype in ("float32", "float16", "bfloat16"):
        ends = [start + count for start, count in layout(dtype)]
        assert [0, *ends[:-1]] == [start for start, _ in layout(dtype)]
        assert ends[-1] == 1 << (8 * DTYPES[dtype].itemsize)


def test_what_was_resumed_does_not_count_towards_the_rate(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    clock = Clock(400_000_000)
    clock.add(100_000_000, True)
    assert clock.pace() == ""
    now[0] += 10
    clock.add(100_000_000, False)
    assert clock.pace() == "10.0 M values/s, 0:20 left"


def test_a_worker_that_dies_is_told_and_what_is_done_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with open_executor("1") as pool:
        pool.submit(os._exit, 1)
        with pytest.raises(ParityError, match="A worker ended in the middle of its work"):
            sweep("activations.relu", "float16", pool)
