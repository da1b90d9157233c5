"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from parity import testing
from parity.errors import ParityError, UnknownOp

pytest_plugins = "pytester"

KERNELS = """
import os
import numpy as np

def softmax(x, axis=-1):
    e = np.exp(x)  # the maximum is not subtracted
    return e / e.sum(axis=axis, keepdims=True)

def shifted(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=-1, keepdims=True)

def relu(x):
    return np.where(x <= 0, 0, x).astype(x.dtype)

def crashing(x):
    if np.isinf(x).any():
        os.abort()
    return relu(x)

def printing(x):
    print("hello")
    return relu(x)

def seeding(x):
    np.random.seed(0)
    return relu(x)

def single(x):
    if x.dtype == np.float64:
        raise TypeError("takes no float64")
    return relu(x)
"""
HEAD = """
import pytest
from parity import testing
import kernels

CHEAP = {"dtypes": ["float32"], "directions": ["forward"]}
"""


def run(pytester, body: str, *args: str, head: str = HEAD):
    """Run pytest on a test module beside the kernels."""
    pytester.makepyfile(kernels=KERNELS, test_mine=head + body)
    return pytester.runpytest_subprocess("-W", "error", *args)


# -- starting ------------------------------------------------------------------------------------------------------------------
START = """
import json, pytest, sys, time
before = set(sys.modules)
begin = time.perf_counter()
import parity.pytest_plugin
spent = time.perf_counter() - begin
print(json.dumps([spent * 1000, sorted(set(sys.modules) - before)]))
"""


def test_the_plugin_starts_with_the_standard_library_and_within_ten_milliseconds(record_property):
    found = [
        json.loads(subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True).stdout)
        for _ in range(7)
    ]
    for _, modules in found:
        foreign = {m.partition(".")[0] for m in modules} - sys.stdlib_module_names
        assert foreign == {"parity"}
        assert [m for m in modules if m.startswith("parity")] == ["parity", "parity.pytest_plugin"]
    spent = statistics.median(ms for ms, _ in found)
    record_property("milliseconds", spent)
    assert spent < 10


# -- verdicts ------------------------------------------------------------------------------------------------------------------
def test_a_right_function_passes_and_the_markers_tests_are_those_of_the_one_liner(pytester):
    body = """
test_one_liner = testing.tests("activations.relu", kernels.relu, **CHEAP)

def local(x):
    return kernels.relu(x)

@pytest.mark.parity("relu", forward=local, **CHEAP)
def test_marked(parity_check):
    parity_check()
"""
    result = run(pytester, body, "-v")
    counts = result.parseoutcomes()
    assert set(counts) == {"passed"}
    passed = [line.split()[0].partition("::")[2] for line in result.outlines if "PASSED" in line]
    by_test = {n: [p.removeprefix(n) for p in passed if p.startswith(n)] for n in ("test_one_liner", "test_marked")}
    assert by_test["test_one_liner"] == by_test["test_marked"]
    assert len(by_test["test_marked"]) == counts["passed"] / 2 > 15
    for name in ("infinities", "fresh1_ordinary", "fresh4_drawn", "again_ordinary"):
        assert f"[float32-forward-{name}]" in by_test["test_marked"]
    assert by_test["test_marked"][-1] == "[conduct]"
    assert "<-" not in result.stdout.str()  # the tests are shown where they were asked for


@pytest.mark.parametrize("ci", [False, True], ids=["terminal", "ci"])
def test_an_unshifted_softmax_fails_with_its_cause_its_smallest_input_and_a_program(pytester, monkeypatch, ci):
    monkeypatch.delenv("BUILD_NUMBER", raising=False)  # by these two pytest tells whether it runs on CI: it then trims nothing
    monkeypatch.setenv("CI", "true") if ci else monkeypatch.delenv("CI", raising=False)
    body = 'test_softmax = testing.tests("softmax", kernels.softmax, **CHEAP)'
    result = run(pytester, body, "-k", "ordinary or constant_row or one_inf", "--parity-seed", "7")
    assert result.ret == 1
    out = result.stdout
    out.fnmatch_lines(
        ["*likely cause:*does not subtract the maximum*", "*smallest input:*float32: x = *", "*truth:*", "*torch:*"]
    )
    out.fnmatch_lines(["*candidate:*softmax as activations.softmax", "*again:*constant_row]' --parity-seed 7"])
    out.fnmatch_lines(["*fails like:*float32-forward-constant_row"])
    assert out.str().count("likely cause:") == 1
    out.fnmatch_lines(
        ["FAILED *constant_row] - Failed: nan*", "FAILED *one_inf*", "FAILED *", "FAILED *", "=*4 failed*"],
        consecutive=True,
    )
    (program,) = [line.split()[-1] for line in result.outlines if "reproduce:" in line]
    shown = subprocess.run([sys.executable, pytester.path / program], capture_output=True, text=True, check=False, cwd="/")
    assert (shown.returncode, "nan" in shown.stdout) == (1, True), shown.stderr


def test_a_crash_fails_its_checks_and_the_rest_goes_on(pytester):
    body = 'test_relu = testing.tests("relu", kernels.crashing, **CHEAP)'
    result = run(pytester, body, "-v", "-k", "ordinary or inf or subnormals or empty")
    failed = {line.split("[")[1].split("]")[0] for line in result.outlines if "FAILED" in line and "::" in line}
    assert failed
    assert all("inf" in name for name in failed)
    result.stdout.fnmatch_lines(["*was ended by SIGABRT*"])
    assert result.parseoutcomes()["passed"] >= 6


def test_what_a_function_lacks_or_refuses_is_skipped_with_the_reason(pytester):
    body = """
test_refuses = testing.tests("relu", kernels.single, dtypes=["float64", "float32"], directions="forward")
test_lacks = testing.tests("softmax", kernels.shifted, **CHEAP)
test_nothing = testing.tests("relu", kernels.single, dtypes="float64", directions="forward")
"""
    result = run(pytester, body, "-rsf", "-k", "ordinary or axis or conduct")
    counts = result.parseoutcomes()
    result.stdout.fnmatch_lines(["SKIPPED*float64: raised TypeError: takes no float64*"])
    result.stdout.fnmatch_lines(["SKIPPED*has no option `axis`*"])
    assert counts["skipped"] >= 5 + 3
    failed = [line.split()[1].partition("::")[2] for line in result.outlines if line.startswith("FAILED")]
    assert failed == ["test_nothing[conduct]"]
    result.stdout.fnmatch_lines(["nothing could be judged: float64: raised TypeError*"])


def test_conduct_is_a_test_and_what_fails_nothing_is_noted(pytester):
    body = """
test_prints = testing.tests("relu", kernels.printing, **CHEAP)
test_seeds = testing.tests("relu", kernels.seeding, **CHEAP)
test_strict = testing.tests("relu", kernels.printing, strict=True, **CHEAP)
"""
    result = run(pytester, body, "-k", "conduct")
    assert result.parseoutcomes().items() >= {"passed": 1, "failed": 2}.items()
    result.stdout.fnmatch_lines(["*_ test_seeds[[]conduct[]] _*", "it *NumPy*"])
    result.stdout.fnmatch_lines(["*= notes of parity =*", "*test_prints[[]conduct[]]: it prints *hello*"])


def test_a_function_that_cannot_be_loaded_says_so_in_every_test(pytester):
    body = 'test_absent = testing.tests("relu", "kernels:rleu", **CHEAP)'
    result = run(pytester, body, "-k", "ordinary")
    assert set(result.parseoutcomes()) == {"failed", "deselected"}
    result.stdout.fnmatch_lines(["*kernels has no 'rleu'; it has *relu*"])


# -- names, seeds, workers -----------------------------------------------------------------------------------------------------
RECORDING = """
test_relu = testing.tests("relu", seen, isolate=False, **CHEAP)
"""
RECORDER = (
    HEAD
    + """
def seen(x):
    print("\\nSAW", x.tobytes().hex())
    return kernels.relu(x)
"""
)


def test_names_are_the_same_in_every_run_and_a_seed_repeats_the_fresh_inputs(pytester):
    runs = [("-n", "0", *seed) for seed in (("--parity-seed", "5"), ("--parity-seed", "5"), ())]
    results = [run(pytester, RECORDING, "-s", "-v", "-k", "fresh", *args, head=RECORDER) for args in runs]
    first, again, other = [[li for li in r.outlines if li.startswith("SAW")] for r in results]
    assert first
    assert first == again != other
    names = [re.findall(r"test_relu\[\S+", r.stdout.str()) for r in results]
    assert len(names[0]) == 6
    assert names[0] == names[1] == names[2]


def test_two_workers_collect_the_same_tests_and_share_the_seed(pytester):
    pytest.importorskip("xdist")
    body = """
test_softmax = testing.tests("softmax", kernels.softmax, **CHEAP)
test_relu = testing.tests("relu", kernels.relu, **CHEAP)
"""
    result = run(pytester, body, "-n", "2", "--dist", "loadgroup", "-k", "test_relu or huge_logits or wide_gap or one_inf")
    assert result.parseoutcomes()["passed"] > 15
    seeds = {line.split()[-1] for line in result.outlines if "--parity-seed" in line}
    assert (result.parseoutcomes()["failed"] > 1, len(seeds)) == (True, 1)


# -- misuse --------------------------------------------------------------------------------------------------------------------
MISUSE = {
    "bare": ("@pytest.mark.parity\ndef test_it(parity_check): ...", "*test_it: the marker needs an op and a function*"),
    "unknown": ('test_it = testing.tests("softmx", kernels.softmax)', "*'softmx' is no op or family; *softmax*"),
    "family": ('test_it = testing.tests("losses", kernels.softmax)', "*'losses' is a family of * ops*"),
    "setting": (
        'test_it = testing.tests("relu", kernels.relu, dtyps="float32")',
        "*no setting 'dtyps'; did you mean dtypes?",
    ),
    "dtype": ('test_it = testing.tests("relu", kernels.relu, dtypes="float8")', "*'float8' is no dtype; allowed: *"),
    "unmarked": ("def test_it(parity_check): ...", "*test_it: it takes `parity_check`, but has no marker*"),
    "untaken": ('@pytest.mark.parity("relu", forward=len)\ndef test_it(): ...', "*does not take `parity_check`; write def *"),
    "uncalled": (
        '@pytest.mark.parity("relu", forward=kernels.relu, **CHEAP)\ndef test_it(parity_check): ...',
        "*test_it never called parity_check(), so nothing was checked; call it.",
    ),
}


def test_misuse_is_answered_by_a_sentence(pytester):
    pytester.makepyfile(kernels=KERNELS, **{f"test_{name}": HEAD + body for name, (body, _) in MISUSE.items()})
    result = pytester.runpytest_subprocess("--continue-on-collection-errors", "--strict-markers", "-k", "test_it")
    assert result.parseoutcomes()["errors"] == len(MISUSE) - 1
    for _, sentence in MISUSE.values():
        result.stdout.fnmatch_lines([sentence])
    assert "Traceback" not in result.stdout.str()


def test_a_negative_seed_is_refused_and_the_plugin_can_be_switched_off(pytester):
    pytester.makepyfile("def test_it(): ...")
    result = pytester.runpytest_subprocess("--parity-seed=-1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--parity-seed -1 is negative; give a whole number from 0 on.*"])
    off = pytester.runpytest_subprocess("-p", "no:parity", "--parity-seed=1")
    off.stderr.fnmatch_lines(["*unrecognized arguments: --parity-seed=1*"])
    assert pytester.runpytest_subprocess("-p", "no:parity").parseoutcomes() == {"passed": 1}


# -- without a run -------------------------------------------------------------------------------------------------------------
def relu(x):
    return np.maximum(x, 0)


def relu_backward(grad_output, x):
    return (np.where(x > 0, grad_output, 0),)


def directions(**settings) -> set[str]:
    names = testing.names_of(testing.settings_of(("relu", relu), {"dtypes": "float32", **settings}))
    return {n.split("-")[1] for n in names if n != testing.CONDUCT}


def test_a_gradient_has_tests_wherever_the_op_has_one():
    """Whether the function has one shows when it is loaded; where it has none its tests are skipped, and say so."""
    assert directions() == {"forward", "backward"}
    assert directions(isolate=False) == {"forward"}
    assert directions(backward=relu_backward) == {"forward", "backward"}
    assert directions(arrays="torch") == {"forward", "backward"}
    assert directions(backward=relu_backward, directions="backward") == {"backward"}


def test_laws_of_a_stochastic_op_are_tested():
    names = testing.names_of(testing.settings_of(("sampling.categorical", relu), {"dtypes": "float64"}))
    assert [n for n in names if n.startswith("float64-distribution-")]


def test_settings_know_the_ops_by_all_their_names():
    assert testing.settings_of(("torch.nn.functional.relu", relu), {}).op == "activations.relu"
    with pytest.raises(UnknownOp, match="nearest names are"):
        testing.settings_of(("rellu", relu), {})
    with pytest.raises(ParityError, match="isolate=False"):
        testing.settings_of(("relu", "kernels:relu"), {"isolate": False})


def test_only_the_last_few_processes_stay_alive():
    keeper, rested = testing.Keeper(), []
    marker = SimpleNamespace(args=("relu", relu), kwargs={})
    for i in range(testing.KEPT + 1):
        item = SimpleNamespace(
            parent=SimpleNamespace(nodeid="m"), originalname=f"test_{i}", get_closest_marker=lambda name: marker
        )
        tested = keeper.tested(item, (1, False))
        tested.rest = lambda i=i: rested.append(i)
    assert rested == [0]
    keeper.close()
    assert rested == [0, *range(testing.KEPT + 1)]


def test_a_sampler_without_a_generator_is_skipped_in_its_law_too(pytester):
    body = 'test_drop = testing.tests("dropout", lambda x, p=0.5: x, dtypes=["float64"], directions=["forward"])'
    result = run(pytester, body, "-rs", "-k", "ordinary or distribution")
    assert set(result.parseoutcomes()) <= {"skipped", "deselected", "failed"}
    assert "has no parameter `rng`" in result.stdout.str()
    assert not [line for line in result.outlines if "FAILED" in line and "distribution" in line]
