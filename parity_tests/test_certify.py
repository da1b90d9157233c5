"""Certification: what counts as tight, slack and violated, and that a killed one goes on where it was."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import npimpl
import parity
from parity.certify import Cell, certify, changes, propose, update_evidence
from parity.evidence import Evidence, read_evidence
from parity.measure import NEW
from parity.tolerances import Row, Table, table_path

FORWARD = {"float64": 2.0, "float32": 0, "bfloat16": 1.0}
ROW = {"budget": {"forward": FORWARD}, "reference": {"torch": {"forward": {"float64": 4.0}}}}
DIFFERS = [{"reference": "torch", "where": {"forward": {"float64": ["nans"]}}, "returns": "0"}]


def reading(units: float, who="ours", dtype="float64", hazard="ordinary", path="native", **more) -> dict:
    fields = {"direction": "forward", "dtype": dtype, "who": who, "region": None, "hazard": hazard, "path": path}
    return {**fields, "layout": "", "units": units, "stage": "values", **more}


def certified(*readings: dict, row=None, witnesses=None, evidence=None, extremes=()):
    found = {"readings": list(readings), "witnesses": witnesses or {}, "extremes": list(extremes), "problems": []}
    table = Table(Path("t.yaml"), {"special.erf": Row("special.erf", 1, row or ROW)})
    return certify(["special.erf"], table, {"special.erf": found}, evidence or Evidence(Path("e.json")))


def only(result, who="ours", dtype="float64") -> Cell:
    (cell,) = [c for c in result.cells if (c.who, c.dtype) == (who, dtype)]
    return cell


@pytest.mark.parametrize(("units", "status"), [(1.0, "slack"), (1.01, "tight"), (2.0, "tight"), (2.01, "violated")])
def test_a_searched_budget_is_reached_to_one_half_and_never_exceeded(units, status):
    result = certified(reading(units), reading(0.1))
    assert only(result).status == status
    assert result.holds == (status == "tight")


def test_an_infinite_error_of_ours_is_never_within_a_budget():
    result = certified(reading(math.inf), reading(1.5))
    assert [r.units for _, r in result.unlisted] == [math.inf]
    assert not result.holds


@pytest.mark.parametrize(("units", "status"), [(0.8, "slack"), (0.81, "tight"), (1.0, "tight"), (1.001, "violated")])
def test_an_exhaustive_budget_is_reached_to_eighty_percent(units, status):
    cell = only(certified(reading(units, dtype="bfloat16", hazard="every_small_value")), dtype="bfloat16")
    assert (cell.how, cell.status) == ("exhaustive", status)


def test_a_zero_budget_is_exact_and_anything_above_it_violates():
    assert only(certified(reading(0.0, dtype="float32")), dtype="float32").status == "exact"
    assert only(certified(reading(1e-9, dtype="float32")), dtype="float32").status == "violated"


def test_the_worst_of_all_paths_counts():
    cell = only(certified(reading(1.2), reading(1.9, path="baseline"), reading(1.4, path="avx2")))
    assert cell.status == "tight"
    assert cell.proposed == pytest.approx(2.09)


def test_a_witness_on_the_plain_path_is_preferred_where_it_suffices():
    assert only(certified(reading(1.2), reading(1.9, path="baseline"))).worst.path == "native"
    assert only(certified(reading(0.9), reading(1.9, path="baseline"))).worst.path == "baseline"
    assert only(certified(reading(1.9), reading(2.1, path="baseline"))).worst.path == "baseline"  # the violation is shown


def test_a_budget_that_nothing_measures_is_missing_from_the_table():
    result = certified(reading(0.7, dtype="float16"))
    assert only(result, dtype="float16").status == "missing"
    assert not result.holds


def test_a_reference_beyond_its_limit_must_be_listed():
    wrong = reading(1e6, who="torch", hazard="nans")
    assert [r.hazard for _, r in certified(reading(3.0, who="torch"), wrong).unlisted] == ["nans"]
    listed = certified(reading(3.0, who="torch"), wrong, row={**ROW, "differs": DIFFERS})
    assert listed.unlisted == []
    assert only(listed, who="torch").worst.units == 3.0
    assert listed.extremes["special.erf forward float64 torch"]["units"] == 1e6


@pytest.mark.parametrize(
    ("worst", "how", "expected"),
    [(0.0, "searched", 0), (0.3, "searched", 0.33), (0.6, "searched", 1.0), (2.0, "searched", 2.2), (0.97, "exhaustive", 0.97)],
)
def test_what_is_proposed(worst, how, expected):
    assert propose(worst, how, "float64", "ours") == pytest.approx(expected)


@pytest.mark.parametrize("worst", [0.123456, 1.0001, 7.77777, 123.456, 4e5])
def test_a_proposal_is_never_below_what_was_measured(worst):
    assert worst <= propose(worst, "exhaustive", "float64", "ours") <= 1.01 * worst


def test_changes_name_the_numbers_of_the_table():
    result = certified(reading(0.4), reading(0.2, who="torch"))
    expected = {
        ("special.erf", "budget", "forward", "float64"): 0.441,
        ("special.erf", "reference", "torch", "forward", "float64"): 0.221,
    }
    assert changes(result.of("slack")) == expected


def test_a_new_witness_is_kept_only_where_it_is_the_worst(tmp_path):
    name = "special.erf forward float64 ours"
    found = {name: {"case": "ordinary", "arrays": {"x": {"shape": [1], "hex": "0x1p+0"}}}}
    worst = certified(reading(1.9, hazard=NEW), reading(1.2), witnesses=found)
    assert worst.witnesses == found
    evidence = Evidence(tmp_path / "e.json")
    update_evidence(evidence, worst, ["special.erf"], "run1")
    assert evidence.cells[name]["check"] == "worst"
    assert certified(reading(1.1, hazard=NEW), reading(1.8), witnesses=found).witnesses == {}
    earlier = Evidence(tmp_path / "e.json", witnesses=found)
    assert certified(reading(1.7, hazard="worst"), evidence=earlier).witnesses == found


NAME = "special.erf forward float64 ours"


@pytest.mark.parametrize(("needs", "path", "status"), [
    (["INTEL", "AMD"], "native", "slack"), (["INTEL"], "native", "elsewhere"), (["AMD"], "other", "elsewhere"),
])  # fmt: skip
def test_a_witness_that_needs_another_processor_makes_no_budget_slack(monkeypatch, tmp_path, needs, path, status):
    monkeypatch.setattr("parity.certify.names_on", lambda path: frozenset({"AMD"}))
    entry = {"units": 1.9, "how": "searched", "check": "nans", "path": path, "run": "run1", "only": needs}
    evidence = Evidence(tmp_path / "e.json", cells={NAME: entry})
    result = certified(reading(0.9), evidence=evidence)
    assert only(result).status == status
    assert result.holds == (status == "elsewhere")
    update_evidence(evidence, result, ["special.erf"], "run2")
    assert (evidence.cells[NAME] == entry) == (status == "elsewhere")
    assert evidence.cells[NAME]["only"] == needs


def test_evidence_survives_a_round_trip_and_has_one_line_for_each_entry(tmp_path):
    evidence = Evidence(tmp_path / "e.json", runs={"run1": {"cpu": "x"}}, cells={"a": {"units": 1}, "b": {"units": 2}})
    evidence.write()
    assert read_evidence(evidence.path) == evidence
    assert len(evidence.path.read_text().splitlines()) == 2 + 3 + 4 + 4  # braces, one entry, two entries, four empty sections


# -- killed and resumed --------------------------------------------------------------------------------------------------------
OPS = ("activations.relu", "activations.relu6", "activations.hardtanh", "similarity.cosine_similarity")


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The project in a folder of its own, whose table and evidence may be written."""
    root = tmp_path_factory.mktemp("project")
    for package in (npimpl, parity):
        folder = Path(package.__file__).parent
        shutil.copytree(folder, root / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(table_path(), root / "tolerances.yaml")
    return root


def start(root: Path) -> subprocess.Popen:
    env = {**os.environ, "PYTHONPATH": str(root), "XDG_CACHE_HOME": str(root / "cache")}
    code = "from parity.cli import main; main()"
    command = [sys.executable, "-c", code, "certify", *OPS, "--effort", "0", "-j", "1", "--path", "baseline", "--write"]
    return subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def parts(root: Path) -> list[str]:
    found = list((root / "cache" / "parity").glob("certify-*.journal"))
    return found[0].read_text().splitlines()[1:] if found else []


def left_behind(root: Path) -> list[str]:
    """Processes that still run with this project's cache folder in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(root / "cache").encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


@pytest.mark.skipif(
    not Path("/proc").exists(), reason="looks for left-over processes in /proc, which this system does not have"
)
def test_a_killed_certification_goes_on_where_it_was(copy):
    before = (copy / "tolerances.yaml").read_bytes()
    killed = start(copy)
    deadline = time.monotonic() + 200
    while not parts(copy) and time.monotonic() < deadline:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    done = parts(copy)
    assert 1 <= len(done) < len(OPS)
    assert (copy / "tolerances.yaml").read_bytes() == before
    assert not (copy / "evidence.json").exists()
    while left_behind(copy) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_behind(copy) == []
    stamp = json.loads(done[0])

    resumed = start(copy)
    seen: list[str] = []
    while resumed.poll() is None:
        seen = parts(copy) or seen
        time.sleep(0.05)
    text = resumed.stdout.read()
    resumed.stdout.close()
    assert "4 ops" in text, text
    assert json.loads(seen[0]) == stamp
    evidence = read_evidence(copy / "evidence.json")
    assert {key.split(" ")[0] for key in evidence.cells} == set(OPS)
    assert evidence.runs["run1"]["cpu"]
    assert parts(copy) == []
