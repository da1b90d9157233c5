"""What `parity diff` finds: each kind of change, nothing where nothing changed, and a sentence for a bad file."""

from __future__ import annotations

import json
import math

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import parity
from parity.cli import Parity
from parity.commands.diff import diff
from parity.diff import TITLES, compare_files, compare_runs, read_run
from parity.errors import ParityError
from parity.results import RunResult
from parity.verdict import STATUSES, Check, Verdict

QUICK = settings(deadline=None, max_examples=60, derandomize=True, database=None)
MAIN = Parity("parity", commands={"diff": diff})


def verdict(hazard="ordinary", status="held", units=1.0, *, op="a.b", dtype="float32", reference="torch", **more) -> Verdict:
    return Verdict(Check(op, dtype, "forward", reference, hazard), status, units, **{"budget": 2.0, **more})


def run(*verdicts: Verdict, **versions: str) -> RunResult:
    return RunResult(verdicts, versions or {"numpy": "2.4"})


def written(path, result: RunResult) -> str:
    path.write_text(result.to_json(), encoding="utf-8")
    return str(path)


def lists(found) -> dict[str, list[str]]:
    """The lists that are not empty, as hazards."""
    return {name: [c.new.check.hazard for c in getattr(found, name)] for name in TITLES if getattr(found, name)}


CHECKS = st.builds(
    Check,
    st.sampled_from(["a.b", "a.c"]),
    st.just("float32"),
    st.sampled_from(["forward", "backward"]),
    st.sampled_from(["truth", "torch"]),
    st.sampled_from(["ordinary", "one_inf", "axis=0,keepdims=True+nans"]),
)
UNITS = st.sampled_from([0.0, 5e-324, 0.5, 1.0, 1.004, 3.0, 1e300, math.inf, math.nan])
VERDICTS = st.builds(Verdict, CHECKS, st.sampled_from(STATUSES), UNITS, st.just(2.0), st.sampled_from(["values", "differs"]))
RUNS = st.lists(VERDICTS, min_size=1, max_size=12, unique_by=lambda v: v.check).map(lambda vs: run(*vs))


# -- properties --------------------------------------------------------------------------------------------------------
@given(RUNS)
@QUICK
def test_a_run_does_not_differ_from_itself(result):
    found = compare_runs(result, result, 0.0)
    assert not found.changed
    assert not found.worse
    assert found.summary().startswith(f"no change in {len(result)} checks")


@given(RUNS, RUNS)
@QUICK
def test_the_other_order_is_the_mirror_image(one, other):
    there, back = compare_runs(one, other), compare_runs(other, one)
    assert (there.appeared, there.vanished) == (back.vanished, back.appeared)
    assert {m.row for m in there.moved} == {m.row for m in back.moved}
    assert sum(m.ratio > 1 for m in there.moved) == sum(m.ratio < 1 for m in back.moved)
    assert [m.ratio for m in there.moved] == sorted((m.ratio for m in there.moved), reverse=True)
    assert there.moved_less == back.moved_less
    assert there.changed == back.changed
    assert lists(there).get("known_changed") == lists(back).get("known_changed")


@given(RUNS, RUNS)
@QUICK
def test_every_changed_status_is_in_a_list(one, other):
    found = compare_runs(one, other)
    named = {c.new.check for name in TITLES for c in getattr(found, name)}
    before = {v.check: v.status for v in one}
    assert named >= {v.check for v in other if before.get(v.check, v.status) != v.status}
    assert found.worse == any(v.status == "violated" != before.get(v.check) for v in other)


@given(RUNS, RUNS, st.randoms())
@QUICK
def test_the_order_of_the_checks_in_a_file_changes_nothing(one, other, random):
    shuffled = run(*random.sample(other.verdicts, len(other)))
    assert compare_runs(one, shuffled).to_json() == compare_runs(one, other).to_json()


# -- kinds of change ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "ratio"),
    [
        (1.0, 2.0, 2.0),
        (2.0, 1.0, 0.5),
        (0.0, 1.0, math.inf),
        (1.0, 0.0, 0.0),
        (1.0, math.inf, math.inf),
        (math.inf, 1.0, 0.0),
        (1.0, math.nan, math.inf),
        (1.0, 1.005, None),
        (1.0, 1.0 + 1e-9, None),
        (0.0, 0.0, None),
        (math.inf, math.inf, None),
        (math.nan, math.nan, None),
        (math.inf, math.nan, None),
    ],
)
def test_a_worst_error_that_moves(old, new, ratio):
    found = compare_runs(run(verdict(units=old)), run(verdict(units=new)))
    assert [m.ratio for m in found.moved] == ([] if ratio is None else [ratio])
    assert found.changed == (ratio is not None)
    assert not found.worse


def test_small_movements_are_counted_not_shown():
    old, new = run(verdict(units=1.0)), run(verdict(units=1.005))
    assert compare_runs(old, new).summary() == "no change in 1 checks, 1 rows moved by at most 1 %."
    assert len(compare_runs(old, new, 0.001).moved) == 1


def test_a_movement_names_both_hazards_and_the_largest_growth_comes_first():
    old = run(
        verdict("mild", units=1.0), verdict("near_one", units=0.5), verdict(reference="truth"), verdict(op="a.c", units=8.0)
    )
    new = run(
        verdict("mild", units=0.1),
        verdict("near_one", units=3.0),
        verdict(reference="truth", units=9.0),
        verdict(op="a.c", units=2.0),
    )
    found = compare_runs(old, new)
    assert [m.row for m in found.moved] == [
        ("a.b", "float32", "forward", "ours"),
        ("a.b", "float32", "forward", "torch"),
        ("a.c", "float32", "forward", "torch"),
    ]
    assert (found.moved[1].old.check.hazard, found.moved[1].new.check.hazard) == ("mild", "near_one")
    assert "3 rows moved (2 up, 1 down)" in found.summary()


def test_among_equals_the_first_name_is_shown():
    """Sets have another order in every process: what is printed must not depend on it."""
    names = [f"hazard_{i:02d}" for i in range(40)]
    old, new = (run(*(verdict(name, units=u) for name in reversed(names))) for u in (1.0, 2.0))
    (moved,) = compare_runs(old, new).moved
    assert (moved.old.check.hazard, moved.new.check.hazard) == ("hazard_00", "hazard_00")


def test_a_new_hazard_or_a_known_difference_is_no_larger_error():
    old = run(verdict(), verdict("one_inf", "known", math.inf), verdict("no_kernel", "skipped", message="no kernel"))
    new = run(
        verdict(),
        verdict("one_inf", "cured", 1.5, stage="differs"),
        verdict("no_kernel", units=1.9),
        verdict("large", units=1.9),
    )
    found = compare_runs(old, new)
    assert not found.moved
    assert [v.check.hazard for v in found.appeared] == ["large"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("held", "violated", ["newly_violated"]),
        ("violated", "held", ["newly_held"]),
        ("skipped", "held", ["newly_held"]),
        ("held", "skipped", ["newly_skipped"]),
        ("held", "known", ["known_new"]),
        ("known", "cured", ["known_cured"]),
        ("known", "held", ["known_cured"]),
        ("known", "violated", ["newly_violated"]),
        ("held", "held", []),
        ("violated", "violated", []),
    ],
)
def test_a_check_with_another_answer(old, new, expected):
    found = compare_runs(run(verdict(status=old)), run(verdict(status=new)))
    assert list(lists(found)) == expected
    assert found.worse == ("newly_violated" in expected)


def test_a_cure_on_a_certified_version_is_a_violation_too():
    found = compare_runs(run(verdict(status="known")), run(verdict(status="violated", stage="differs")))
    assert list(lists(found)) == ["newly_violated", "known_cured"]


def test_a_check_that_appears_violated_is_newly_violated():
    found = compare_runs(run(verdict()), run(verdict(), verdict("one_inf", "violated", math.inf)))
    assert (len(found.appeared), found.worse) == (1, True)
    assert "absent" in found.to_text()


@pytest.mark.parametrize("changed", [{"message": "0"}, {"stage": "infinity"}, {"units": 200.0}])
def test_a_known_difference_that_returns_something_else(changed):
    old = {"status": "known", "units": 500.0, "stage": "values", "message": "nan"}
    found = compare_runs(run(verdict(**old)), run(verdict(**{**old, **changed})))
    assert lists(found) == {"known_changed": ["ordinary"]}
    assert not found.worse
    assert "known, 500 units (values)" in found.to_text()
    assert found.to_text().count(": nan") == 1  # said once, where both say the same


def test_violations_that_stay_are_not_forgotten():
    same = run(verdict(status="violated"), verdict("nans"))
    assert compare_runs(same, same).summary() == "no change in 2 checks, 1 violated in both."


def test_versions_are_marked():
    old, new = run(verdict(), numpy="2.4.0", torch="2.13.0"), run(verdict(), numpy="2.5.0", torch="2.13.0", cpu="new")
    lines = compare_runs(old, new).to_text().splitlines()
    assert [line.split() for line in lines[2:5]] == [
        ["numpy", "2.4.0", "2.5.0", "changed"],
        ["torch", "2.13.0", "2.13.0"],
        ["cpu", "-", "new", "changed"],
    ]
    assert lines[-1] == "no change in 1 checks."


def test_what_appeared_is_counted_by_op():
    many = [verdict(f"hazard_{i}") for i in range(5)]
    text = compare_runs(run(verdict(), verdict("gone", op="a.c")), run(verdict(), *many)).to_text()
    names = ", ".join(f"float32-forward-torch-hazard_{i}" for i in range(3))
    assert f"{names}, ..." in text
    assert "checks that appeared: 5\n" in text
    assert "checks that vanished: 1\n" in text
    assert text.splitlines()[-1].startswith("1 checks in both, 5 appeared, 1 vanished, ")


# -- faces -------------------------------------------------------------------------------------------------------------
def test_a_long_list_is_cut_for_people_only():
    old, new = ([verdict(op=f"a.op{i:02d}", units=u) for i in range(30)] for u in (1.0, 2.0))
    found = compare_runs(run(*old), run(*new))
    for text in (found.to_text(), found.to_markdown(), found._repr_html_()):
        assert "a.op19" in text
        assert "a.op20" not in text
        assert "10 more" in text
    assert len(json.loads(found.to_json())["moved"]) == 30


def test_a_long_reason_is_shown_below_its_check():
    new = verdict(status="violated", units=math.inf, stage="nan", message="nan where none is expected, " * 6)
    lines = compare_runs(run(verdict()), run(new)).to_text().splitlines()
    at = lines.index("  a.b-float32-forward-torch-ordinary")
    assert lines[at + 1] == "    old: held, 1 of 2 units"
    assert lines[at + 2].startswith("    new: violated, inf of 2 units (nan): nan where")


def test_markdown_and_html_cannot_be_broken_by_a_name():
    found = compare_runs(run(verdict()), run(verdict(status="violated", message="a|b `c` <script>", stage="error")))
    row = next(line for line in found.to_markdown().splitlines() if "error" in line)
    assert row.count("|") == 4
    assert row.count("`") == 6
    assert "<script>" not in found._repr_html_()


def test_infinities_are_words_in_json():
    found = compare_runs(run(verdict(units=0.0)), run(verdict(units=math.inf)))
    moved = json.loads(found.to_json(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["moved"]
    assert (moved[0]["old"]["units"], moved[0]["new"]["units"], moved[0]["ratio"]) == (0.0, "inf", "inf")


def test_a_comparison_has_no_truth_value():
    found = compare_runs(run(verdict()), run(verdict()))
    assert repr(found) == "<parity diff: no change in 1 checks.>"
    with pytest.raises(TypeError, match="worse"):
        bool(found)


@pytest.mark.parametrize("threshold", [-0.1, math.nan, math.inf])
def test_a_threshold_that_is_none(threshold):
    with pytest.raises(ParityError, match="give a number from 0 up"):
        compare_runs(run(verdict()), run(verdict()), threshold)


# -- files -------------------------------------------------------------------------------------------------------------
@given(RUNS)
@QUICK
def test_a_run_survives_its_file(tmp_path_factory, result):
    path = written(tmp_path_factory.mktemp("run") / "run.json", result)
    assert read_run(path).to_json() == result.to_json()
    assert not compare_runs(result, read_run(path), 0.0).changed


def test_a_real_run_survives_its_file(tmp_path):
    result = parity.run("activations.gelu", dtypes=["float32"])
    assert result.counts["known"]
    path = written(tmp_path / "run.json", result)
    found = compare_runs(result, read_run(path), 0.0)
    assert found.summary() == f"no change in {len(result)} checks."
    assert read_run(path).to_json() == result.to_json()
    assert set(found.new_versions) >= {"numpy", "torch"}


def entry(**changes) -> str:
    return json.dumps({"versions": {}, "checks": [{**verdict().as_dict(), **changes}]})


WHOLE = run(verdict(), verdict("one_inf", units=math.inf)).to_json()
ROW = json.loads(WHOLE)["checks"][0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not whole JSON"),
        *[(WHOLE[:n], "is not whole JSON") for n in (1, 40, len(WHOLE) // 2, len(WHOLE) - 2)],
        ("[" * 100_000, "is not whole JSON"),
        ("[1, 2]", "has no `versions` and `checks`"),
        ("3", "has no `versions` and `checks`"),
        ('{"op": "activations.softmax", "grades": []}', "has no `versions` and `checks`"),
        ('{"versions": {}, "checks": {}}', "has no `versions` and `checks`"),
        ('{"versions": {}, "checks": []}', "holds no checks"),
        (json.dumps({"versions": {}, "checks": [ROW, ROW]}), "holds a.b-float32-forward-torch-ordinary twice"),
        ('{"versions": {}, "checks": [3]}', "entry 1 of its `checks` is no verdict"),
        (entry(status="fine"), "entry 1"),
        (entry(status=["held"]), "entry 1"),
        (entry(units="many"), "entry 1"),
        (entry(units=None), "entry 1"),
        (entry(units=-1.0), "entry 1"),
        (entry(id="rubbish"), "entry 1"),
        (entry(op="a.c"), "entry 1"),
        (entry(detail=7), "entry 1"),
    ],
)
def test_a_bad_file_gets_a_sentence(tmp_path, text, words):
    good, bad = written(tmp_path / "good.json", run(verdict())), tmp_path / "bad.json"
    bad.write_text(text, encoding="utf-8")
    for pair in ((good, str(bad)), (str(bad), good)):
        done = CliRunner().invoke(MAIN, ["diff", *pair])
        assert done.exit_code == 2, done.output
        assert words in done.stderr
        assert "bad.json" in done.stderr
        assert "parity run --json FILE" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert done.stdout == ""


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParityError, match="not whole JSON"):
        read_run(tmp_path / "bad.json")


@pytest.mark.parametrize("name", ["nothing.json", "."])
def test_a_file_that_cannot_be_read(tmp_path, name):
    with pytest.raises(ParityError, match="cannot be read"):
        read_run(tmp_path / name)


def test_runs_that_share_no_check_are_not_compared(tmp_path):
    one, other = (written(tmp_path / f"{op}.json", run(verdict(op=op))) for op in ("a.b", "a.c"))
    with pytest.raises(ParityError, match="share no check"):
        compare_files(one, other)


# -- the command -------------------------------------------------------------------------------------------------------
@pytest.fixture
def files(tmp_path):
    """A run, one with a violation, and where else to write."""
    good = written(tmp_path / "old.json", run(verdict(), verdict("one_inf")))
    bad = written(tmp_path / "new.json", run(verdict(), verdict("one_inf", "violated", 7.0)))
    return good, bad, tmp_path


def test_exit_codes(files):
    good, bad, _ = files
    codes = [
        CliRunner().invoke(MAIN, ["diff", *pair]).exit_code for pair in ((good, good), (good, bad), (bad, good), (bad, bad))
    ]
    assert codes == [0, 1, 0, 0]


def test_the_report_ends_with_the_line_that_counts(files):
    good, bad, _ = files
    done = CliRunner().invoke(MAIN, ["diff", good, bad])
    assert "a.b-float32-forward-torch-one_inf" in done.stdout
    assert "1 newly violated" in done.stdout.splitlines()[-1]
    shown = CliRunner().invoke(MAIN, ["diff", good, bad, "--markdown"]).stdout
    assert "| `a.b-float32-forward-torch-one_inf` | `held, 1 of 2 units` | `violated, 7 of 2 units (values)` |" in shown


def test_json_to_a_file_and_to_stdout(files):
    good, bad, folder = files
    CliRunner().invoke(MAIN, ["diff", good, bad, "--json", str(folder / "diff.json")])
    done = CliRunner().invoke(MAIN, ["diff", good, bad, "--json", "-"])
    assert done.stdout == (folder / "diff.json").read_text(encoding="utf-8")
    assert json.loads(done.stdout)["newly_violated"][0]["new"]["units"] == 7.0
    refused = CliRunner().invoke(MAIN, ["diff", good, bad, "--json", str(folder / "none" / "diff.json")])
    assert (refused.exit_code, "cannot be written" in refused.stderr) == (2, True)


def test_the_threshold_is_read(tmp_path):
    old, new = (written(tmp_path / f"{u}.json", run(verdict(units=u))) for u in (1.0, 1.5))
    assert "rows moved (1 up" in CliRunner().invoke(MAIN, ["diff", old, new]).stdout
    assert "by at most 60 %" in CliRunner().invoke(MAIN, ["diff", old, new, "--threshold", "0.6"]).stdout
    assert CliRunner().invoke(MAIN, ["diff", old, new, "--threshold", "-1"]).exit_code == 2
