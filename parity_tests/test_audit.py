"""The league table and the evidence in `explain`, from evidence made by hand."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest
from click.testing import CliRunner

import parity.evidence
import parity.tolerances
from parity.audit import League, Standing, Worst, at_or_below, first_sentence, league, split_names
from parity.commands.audit import audit
from parity.errors import NothingSelected, ParityError, TableError
from parity.evidence import Evidence, encode, read_evidence
from parity.report.audit import SHOWN, audit_lines, counts_line
from parity.report.evidence import evidence_lines
from parity.report.explain import explain_lines
from parity.tolerances import Row, Table, read_table

ROW = """\
{op}:
  scale: "|y|"
  why: "A single rounding of the exact value."
  budget:
    forward: {{float64: 2.0, float32: 1.0}}
  reference:
    torch:
      forward: {{float64: 4.0, float32: 1.0}}
"""
MORE = """\
  regions:
    - {input: [-1.0, 1.0], direction: forward, dtypes: [float64], units: 3.0, why: "Near the root the error is absolute."}
  differs:
    - reference: torch
      where: {forward: {float32: [infinities]}}
      returns: "x = -inf: torch nan, truth -0.0"
      right: truth
      why: "The product of zero and infinity is nan. The limit is 0."
      since: "torch 2.13.0"
  behind:
    - {direction: forward, dtypes: [float64], why: "The sum is rounded once more than in torch."}
"""
RUN = {
    "date": "2026-01-02", "command": "parity certify", "cpu": "Abacus 3", "flags": ["beads"], "system": "Linux", "cores": 2,
    "python": "3.11.0", "versions": {"numpy": "2.4.0", "torch": "2.13.0"}, "paths": {"native": {}, "avx2": {}},
}  # fmt: skip


def entry(units, **more):
    return {
        "run": "run1",
        "units": units,
        "stage": "values",
        "check": "ordinary",
        "path": "native",
        "element": "x = 0x1p+0",
        **more,
    }


def written(tmp_path, extremes=None, cells=None, **sections) -> Evidence:
    evidence = Evidence(tmp_path / "evidence.json", {"run1": RUN}, cells or {}, extremes or {}, **sections)
    evidence.write()
    return read_evidence(evidence.path)


@pytest.fixture
def rows(tmp_path, monkeypatch) -> Table:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "tolerances.yaml"
    text = "".join(ROW.format(op=op) + MORE * (op == "made.two") for op in ("made.one", "made.two", "other.three"))
    path.write_text(text, encoding="utf-8")
    return read_table(path)


def standing(ours=None, torch=None, scipy=None, **more) -> Standing:
    units = {"ours": ours, "torch": torch, "scipy": scipy}
    return Standing("made.one", "forward", "float32", {w: Worst(u) for w, u in units.items() if u is not None}, **more)


# -- the rule ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mine", "theirs", "holds"),
    [
        (1.02 * 5, 5.0, True),
        (5.11, 5.0, False),
        (1.0, 0.0, True),
        (1.0001, 0.0, False),
        (1.0001, 0.5, False),
        (1.01, 1.0, True),
        (0.0, 0.0, True),
        (4.0, math.inf, True),
        (math.inf, 4.0, False),
        (math.inf, math.inf, True),
    ],
)
def test_the_rule(mine, theirs, holds):
    assert at_or_below(mine, theirs) is holds


def test_who_is_most_accurate():
    assert standing(2.0, 3.0, 4.0).best == ("ours",)
    assert standing(0.9, 0.2, 1.5).best == ("ours", "torch")
    assert standing(2.0, 2.03, 2.0).best == ("ours", "torch", "scipy")
    assert standing(math.inf, math.inf).best == ()
    assert standing(math.inf, 900.0).best == ("torch",)
    assert standing(torch=3.0).best == ("torch",)


def test_ours_is_behind_a_reference_that_is_below_it():
    assert standing(3.0, 2.0, 2.99).ahead == ("torch",)
    assert standing(3.0, 2.0).gap == 1.5
    assert standing(3.0, 0.0).gap == 3.0
    assert standing(1.0, 0.0).ahead == ()
    assert standing(3.0).ahead == ()
    assert not standing(3.0).compared


def test_a_league_has_no_truth_value():
    with pytest.raises(TypeError, match="counts"):
        bool(League((standing(1.0),)))


# -- from the evidence ---------------------------------------------------------------------------------------------------------
def test_extremes_count_and_cells_stand_in(tmp_path, rows):
    extremes = {"made.one forward float32 torch": entry("inf", stage="nan", check="infinities")}
    cells = {
        "made.one forward float32 ours": entry(0.5, how="searched"),
        "made.one forward float32 torch": entry(0.9, how="searched"),
        "made.one forward float32 scipy": {"units": 0.0, "how": "searched", "run": "run1"},
        "made.one forward float64 ours region 0": entry(9.0, how="searched"),
    }
    (only,) = league(written(tmp_path, extremes, cells), rows)
    assert {who: w.units for who, w in only.worst.items()} == {"ours": 0.5, "torch": math.inf}
    assert only.worst["torch"].stage == "nan"


def test_what_is_known_of_a_cell(tmp_path, rows):
    extremes = {
        "made.two forward float32 torch": entry("inf", stage="nan", check="infinities"),
        "made.two forward float64 ours": entry(1.9, check="searched now"),
        "made.two forward float64 torch": entry(1.2, check="infinities"),
    }
    double, single = league(written(tmp_path, extremes), rows)
    assert single.worst["torch"].difference == "The product of zero and infinity is nan."
    assert double.worst["torch"].difference == ""
    assert double.worst["ours"].check == ""
    assert double.why == "The sum is rounded once more than in torch."


@pytest.fixture
def measured(tmp_path, rows) -> Evidence:
    results = {"torch": "nan (nan)", "truth": "-0.0 (-0x0p+0)"}
    return written(
        tmp_path,
        {
            "made.one forward float64 ours": entry(1.5),
            "made.one forward float64 torch": entry(3.0, path="avx2", layout="strided"),
            "made.one forward float32 ours": entry(0.5),
            "made.one forward float32 torch": entry(4e5),
            "made.two forward float64 ours": entry(1.9, check="long"),
            "made.two forward float64 torch": entry(1.2),
            "made.two forward float64 scipy": entry(1.9),
            "made.two forward float32 ours": entry(0.5),
            "made.two forward float32 torch": entry("inf", stage="nan", check="infinities", results=results),
            "other.three forward float64 ours": entry(8.0),
            "other.three forward float64 torch": entry(2.0),
            "other.three forward float32 ours": entry(7.0),
        },
    )


def test_ranking(measured, rows):
    found = league(measured, rows)
    assert [(s.op, s.dtype) for s in found.ranked("torch")] == [
        ("made.two", "float32"), ("made.one", "float32"), ("made.one", "float64"), ("other.three", "float64"),
        ("made.two", "float64"),
    ]  # fmt: skip
    assert [(s.op, s.dtype) for s in found.ranked("ours")] == [("other.three", "float64"), ("made.two", "float64")]
    assert [s.op for s in found.ranked("scipy")] == ["made.two"]
    assert [s.op for s in found.ranked()] == ["other.three", "made.two", "made.one", "made.one", "made.two", "other.three"]


def test_counts(measured, rows):
    c = league(measured, rows).counts
    assert (c.cells, c.compared, c.at_or_below, c.usually_at_or_below) == (6, 5, 3, 3)
    assert c.most_accurate == {"ours": 3, "torch": 2, "scipy": 0}
    assert (c.wrong["torch"], c.measured["torch"], c.wrong["scipy"], c.measured["scipy"]) == (2, 5, 0, 1)
    text = counts_line(c)
    assert "at or below every reference in 3 (60.0 %)" in text
    assert "torch 2 of 5, SciPy 0 of 1" in text


def test_a_known_difference_does_not_hide_that_ours_is_usually_behind(tmp_path, rows):
    key = "made.two forward float32"
    evidence = written(tmp_path, {f"{key} torch": entry("inf", stage="nan", check="infinities"), f"{key} ours": entry(3.0)})
    evidence.cells |= {f"{key} torch": entry(1.5), f"{key} ours": entry(3.0)}
    (standing,) = league(evidence, rows)
    assert (standing.ahead, standing.usually_ahead) == ((), ("torch",))
    assert (league(evidence, rows).counts.at_or_below, league(evidence, rows).counts.usually_at_or_below) == (1, 0)


def test_selecting(measured, rows):
    assert {s.op for s in league(measured, rows, ["made"])} == {"made.one", "made.two"}
    assert [s.dtype for s in league(measured, rows, ["three"], ["float32"], ["forward"])] == ["float32"]
    with pytest.raises(NothingSelected, match="nothing measured for made float16") as e:
        league(measured, rows, ["made"], ["float16"])
    assert "\n" not in str(e.value)


# -- reports -------------------------------------------------------------------------------------------------------------------
def test_the_report_of_a_reference(measured, rows):
    lines = list(audit_lines(league(measured, rows), "torch"))
    top = next(i for i, line in enumerate(lines) if line.startswith("made.two"))
    assert lines[top].split()[:6] == ["made.two", "forward", "float32", "nan", "0.5", "-"]
    assert lines[top].endswith("infinities: x = 0x1p+0")
    assert lines[top + 1].strip() == "returned nan (nan); right is -0.0 (-0x0p+0)"
    assert lines[top + 2].strip() == "The product of zero and infinity is nan."
    assert any(line.endswith("ordinary on avx2 (strided): x = 0x1p+0") for line in lines)


def test_the_report_of_ours(measured, rows):
    lines = list(audit_lines(league(measured, rows), "ours"))
    first, second = (next(i for i, line in enumerate(lines) if line.startswith(op)) for op in ("other.three", "made.two"))
    assert "4 x" in lines[first]
    assert lines[first + 1].strip() == "not explained yet"
    assert "1.9" in lines[second]
    assert lines[second + 1].strip() == "The sum is rounded once more than in torch."


def test_the_summary(measured, rows):
    lines = list(audit_lines(league(measured, rows)))
    assert [line.split()[0] for line in lines[:4]] == ["party", "ours", "torch", "SciPy"]
    assert lines[2].split()[:6] == ["torch", "5", "2", "1", "1", "4e+05"]
    assert lines[-1].startswith("6 cells, 5 with a reference")


def test_parties_that_are_missing_or_never_ahead(tmp_path, rows):
    found = league(written(tmp_path, {"made.one forward float32 ours": entry(0.5)}), rows)
    assert "SciPy is measured in none of these cells." in list(audit_lines(found, "scipy"))
    assert "In no cell is a reference ahead of ours." in list(audit_lines(found, "ours"))
    assert list(audit_lines(found))[-1].startswith("1 cells, 0 with a reference: ours is at or below every reference in 0,")


def test_twenty_rows_or_all():
    many = League(tuple(standing(0.5, float(k)) for k in range(SHOWN + 5)))
    assert sum(line.startswith("made.one") for line in audit_lines(many, "torch")) == SHOWN
    assert "... and 5 more; `--all` shows them, `--json` holds them all." in list(audit_lines(many, "torch"))
    assert sum(line.startswith("made.one") for line in audit_lines(many, "torch", everything=True)) == SHOWN + 5


# -- the command ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def call(measured, rows, monkeypatch):
    monkeypatch.setattr(parity.evidence, "evidence_path", lambda: measured.path)
    monkeypatch.setattr(parity.tolerances, "table_path", lambda: rows.path)
    return lambda *args: CliRunner().invoke(audit, args)


def test_the_command(call):
    assert "worst cells of torch" in call("torch", "made").output
    assert call("ours", "--dtype", "float64").exit_code == 0
    assert "made.two" not in call("made.one", "--direction", "forward").output
    assert call("--dtype", "float8").exit_code == 2


def test_json(call, tmp_path):
    data = json.loads(call("torch", "--json", "-").output)
    assert (data["party"], data["counts"]["compared"], len(data["cells"])) == ("torch", 5, 5)
    top = data["cells"][0]
    assert top["worst"]["torch"]["units"] == "inf"
    assert top["worst"]["torch"]["results"]["truth"] == "-0.0 (-0x0p+0)"
    assert (top["most_accurate"], top["ahead_of_ours"]) == (["ours"], [])
    done = call("--json", str(tmp_path / "league.json"))
    assert "most accurate" in done.output
    assert len(json.loads((tmp_path / "league.json").read_text(encoding="utf-8"))["cells"]) == 6


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("tourch",), "'tourch' is no op or family; no name is near it."),
        (("tourch",), "The parties are ours, torch, scipy."),
        (("ours", "made.on"), "the nearest names are made.one"),
        (("ours", "torch"), "'torch' is a party; give one of"),
        (("made", "torch"), "before the ops and families"),
        (("--dtype", "bfloat16"), "nothing measured for bfloat16"),
        (("--json", "/no/such/folder/x.json"), "cannot be written"),
    ],
)
def test_errors_are_a_sentence(call, args, words):
    done = call(*args)
    assert isinstance(done.exception, ParityError)
    assert words in str(done.exception)


def test_an_empty_evidence_says_what_makes_it(rows, tmp_path):
    with pytest.raises(NothingSelected, match=r"nothing measured for any op; `parity certify --write`"):
        league(Evidence(tmp_path / "evidence.json"), rows)


def test_a_party_of_the_library_is_checked():
    with pytest.raises(ParityError, match="'jax' is no party; give ours, torch or scipy"):
        League((standing(1.0),)).ranked("jax")
    assert split_names([]) == (None, ())
    assert split_names(["scipy", "losses"]) == ("scipy", ("losses",))


def test_the_table_explains_where_ours_is_behind(rows, tmp_path):
    assert rows.rows["made.two"].data["behind"][0]["dtypes"] == ["float64"]
    bad = tmp_path / "bad.yaml"
    bad.write_text(ROW.format(op="made.one") + "  behind:\n    - {direction: forward, dtypes: [float64]}\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"bad.yaml:10: made.one.behind.0: `why` is a required property"):
        read_table(bad)


def test_audit_needs_neither_torch_nor_scipy(measured, rows):
    code = (
        "import sys, json, pathlib, parity.evidence as e, parity.tolerances as t\n"
        f"e.evidence_path = lambda: pathlib.Path({str(measured.path)!r})\n"
        f"t.table_path = lambda: pathlib.Path({str(rows.path)!r})\n"
        "from parity.commands.audit import audit\n"
        "audit(['torch'], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert "worst cells of torch" in done.stdout
    assert not {"torch", "scipy"} & set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("text", "first"), [("One. Two.", "One."), ("It is 0.5 off; ours is not.", "It is 0.5 off; ours is not."), ("a.\nb", "a.")]
)
def test_the_first_sentence(text, first):
    assert first_sentence(text) == first


# -- explain -------------------------------------------------------------------------------------------------------------------
def test_evidence_of_an_op(tmp_path, rows):
    cells = {
        "made.two forward float64 ours": entry(1.5, how="searched", layout="strided", path="avx2"),
        "made.two forward float64 ours region 0": {"units": 0.0, "how": "searched", "run": "run1"},
        "made.two forward float32 ours": entry(0.98, how="exhaustive", check="every_small_value"),
        "made.two forward float64 torch": entry(3.0, how="searched", check="worst_torch"),
        "made.two forward float16 torch": entry(3.0, how="searched"),
    }
    witness = {"case": "ordinary", "arrays": {"x": encode([0.5, -3.0] * 40)}, "cotangents": [None]}
    sweep = {"run": "run1", "count": 65536, "maximum": {"ulps": 0.5, "x": "0x1p-3"}, "histogram": [1, 2]}
    witnesses = {"made.two forward float64 torch": witness}
    evidence = written(tmp_path, {}, cells, witnesses=witnesses, sweeps={"made.two forward float16 ours": sweep})
    lines = list(evidence_lines(rows.rows["made.two"], evidence))
    assert [line.split()[0] for line in lines[2:7]] == ["ours", "ours,", "ours", "torch", "torch"]
    double, region, single, torch, unbudgeted = lines[2:7]
    assert double.split()[3:6] == ["2", "1.5", "75"]
    assert double.endswith("searched    ordinary on avx2 (strided): x = 0x1p+0")
    assert region.endswith("nowhere")
    assert "98  exhaustive  every_small_value" in single
    assert "75  searched    worst_torch" in torch
    assert unbudgeted.split()[3:6] == ["-", "3", "-"]
    stored = lines[lines.index("stored inputs") + 1]
    assert stored.startswith("  torch forward float64, case ordinary: x = 0x1p-1 (0.5), -0x1.8p+1 (-3.0)")
    assert stored.endswith("...")
    assert len(stored) <= 128
    assert "  ours forward float16, 2026-01-02: count 65536, maximum (ulps 0.5, x 0x1p-3)" in lines
    run = " ".join(lines[-2:])
    assert run.startswith("run1: parity certify on 2026-01-02, Abacus 3 (2 cores; beads), Linux, Python 3.11.0, numpy 2.4.0")


def test_without_evidence_one_sentence_says_what_makes_it(tmp_path, rows):
    lines = list(evidence_lines(rows.rows["made.one"], Evidence(tmp_path / "evidence.json")))
    assert lines == ["There is no evidence for these budgets yet; `parity certify made.one --write` makes it."]


def test_an_exact_budget_has_no_share(tmp_path):
    row = Row("made.one", 0, {"budget": {"forward": {"float32": 0}}})
    cells = {"made.one forward float32 ours": entry(0.0, how="searched")}
    assert list(evidence_lines(row, written(tmp_path, {}, cells)))[2].split()[3:6] == ["0", "0", "-"]


def test_explain_shows_the_evidence(tmp_path, table):
    evidence = written(tmp_path, {}, {"activations.relu forward float32 ours": entry(0.0, how="searched")})
    lines = list(explain_lines("activations.relu", table, measure=False, evidence=evidence))
    start = lines.index("evidence: the worst error found for each budget, and how much of the budget it is")
    assert lines[start - 1] == ""
    assert lines[start + 2].startswith("ours  forward    float32")
