"""`tools.mutate` plants what it says, finds what is alive, names what kills, and goes on where it was stopped."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from click.testing import CliRunner

from tools.mutate import __main__ as command
from tools.mutate import child, ground, plan, planting, report
from tools.mutate.ground import Ground, Outcome
from tools.mutate.operators import NAMES
from tools.mutate.planting import ROOT, Mutant, mutants_of

OP = "schedules.cosine_annealing_lr"
LONG = "normalization.layer_norm"
"""An op of many mutants: a run that is not over when it is interrupted."""


# -- planting ------------------------------------------------------------------------------------------------------------------
def planted(body: str, monkeypatch, checks=frozenset()) -> list[Mutant]:
    """The mutants of a function with this body."""
    lines = body.splitlines()
    tree = ast.parse("\n".join(["def f(x, y, axis=None):", *(f"    {line}" for line in lines)]))
    monkeypatch.setitem(planting._parsed, "small.py", tree)
    return list(mutants_of("small.py", tree, checks))


def changes(mutants: list[Mutant], operator: str) -> set[str]:
    return {m.change() for m in mutants if m.operator == operator}


@pytest.mark.parametrize(
    ("operator", "body", "expected"),
    [
        ("operator", "return x * y", {"x * y -> x / y"}),
        ("operator", "return x and y", {"x and y -> x or y"}),
        ("term", "return x + y", {"x + y -> x", "x + y -> y"}),
        ("sign", "return -x", {"-x -> x"}),
        ("constant", "return 3.0", {f"3.0 -> {3.0 * (1 + 2.0**-20)}"}),
        ("constant", "return x[0] + 7", {"7 -> 8"}),
        ("constant", "return x < -3.0 * y", {"3.0 -> 6.0"}),
        ("constant", "return x.reshape(-1)", set()),
        ("sign", "return x.reshape(-1)", {"-1 -> 1"}),
        ("comparison", "return x < y", {"x < y -> x <= y", "x < y -> x > y"}),
        ("comparison", "return x == y", {"x == y -> x != y"}),
        ("comparison", "return 0 <= x < y", {"0 <= x < y -> 0 < x < y", "0 <= x < y -> 0 >= x < y", "0 <= x < y -> 0 <= x <= y",
                                             "0 <= x < y -> 0 <= x > y"}),
        ("axis", "return x.sum(axis=-1)", {"x.sum(axis=-1) -> x.sum(axis=0)"}),
        ("axis", "return g(x, keepdims=True)", {"g(x, keepdims=True) -> g(x, keepdims=False)"}),
        ("place", "return x[0]", {"x[0] -> x[0 + 1]", "x[0] -> x[-1]"}),
        ("place", "return range(y)", {"range(y) -> range(y - 1)"}),
        ("function", "return np.maximum(x, y)", {"np.maximum(x, y) -> np.minimum(x, y)"}),
        ("exit", "if x:\n    return y\nreturn x", {"if x: -> if True:", "if x: -> if False:"}),
        ("exit", "if x:\n    y += 1\n    return y\nreturn x", {
            "if x: ... return y -> if True: ... return y", "if x: ... return y -> if False: ... return y",
            "if x: ... return y -> if x:"}),
        ("guard", "if x:\n    y = 1\nreturn y", {"if x: -> if True:", "if x: -> if False:"}),
        ("guard", "return np.maximum(x, y)", {"np.maximum(x, y) -> x", "np.maximum(x, y) -> y"}),
        ("guard", "return np.where(x, y, axis)", {"np.where(x, y, axis) -> y", "np.where(x, y, axis) -> axis"}),
        ("copy", "return x.copy()", {"x.copy() -> x"}),
        ("copy", "return np.array(x, y)", {"np.array(x, y) -> np.asarray(x, y)"}),
        ("copy", "return np.array([x, y])", set()),
        ("narrow", "return x.astype(np.float64)", {"np.float64 -> np.float32"}),
        ("error-check", "if x < y:\n    raise ValueError(y)\nreturn x", {
            "x < y -> x <= y", "x < y -> x > y", "if x < y: -> if False:", "raise ValueError(y) -> pass"}),
        ("error-check", "check_it(x + y)\nreturn x", {"check_it(x + y) -> pass"}),
    ],
)  # fmt: skip
def test_each_operator_is_planted(operator, body, expected, monkeypatch):
    assert changes(planted(body, monkeypatch, frozenset({"check_it"})), operator) == expected


def test_what_is_said_of_warnings_and_in_messages_is_left_alone(monkeypatch):
    body = '"""1 + 1."""\nwith np.errstate(all="ignore", over=1 + 1):\n    raise ValueError(f"{x + 1}")'
    assert {m.operator for m in planted(body, monkeypatch)} == {"error-check"}


def test_a_name_outlives_a_change_elsewhere_in_the_file():
    old = "def f(x):\n    return x + 1\n"
    new = "def g(x):\n    return 2 * x\n\n\n" + old
    names = [{m.id for m in mutants_of("small.py", ast.parse(text), frozenset())} for text in (old, new)]
    assert names[0] < names[1]


def test_every_operator_applies_somewhere_and_every_mutant_has_a_name_and_an_op():
    mutants = plan.library_mutants()
    assert {m.operator for m in mutants} == set(NAMES)
    assert len({m.id for m in mutants}) == len(mutants)
    assert all(m.ops for m in mutants)


def test_a_sample_is_the_same_for_the_same_seed():
    mutants = plan.library_mutants()
    first = [m.id for m in plan.drawn(mutants, 20, 7)]
    assert first == [m.id for m in plan.drawn(mutants[::-1], 20, 7)] != [m.id for m in plan.drawn(mutants, 20, 8)]
    assert plan.seed_of_tree() == plan.seed_of_tree()


def test_what_is_listed_as_equivalent_is_there_and_has_a_reason():
    known = plan.equivalents()
    assert plan.stale(plan.library_mutants(), known) == []
    assert all(len(e.reason) > 20 for e in known.values())


# -- judging -------------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def judge(table) -> Ground:
    return Ground(OP, table)


FILE = "npimpl/schedules.py"
AT, FUNCTION = next((i, s) for i, s in enumerate(planting.parsed(FILE).body) if getattr(s, "name", "") == OP.split(".")[1])
assert isinstance(FUNCTION, ast.FunctionDef)
LAST = FUNCTION.body[-1]


def statement(text: str) -> Mutant:
    """The op with another statement in place of its last one."""
    path = (("body", AT), ("body", len(FUNCTION.body) - 1))
    lines = (LAST.lineno, LAST.lineno)
    return Mutant(OP, FILE, FUNCTION.name, 0, "term", 1, LAST.lineno, lines, path, ast.parse(text).body[0], (OP,))


def test_a_wrong_result_is_killed_by_a_check_that_is_named(judge):
    found = judge.outcome(statement("return rounded(t, dtype)"))
    assert (found.kind, found.by) == ("killed", f"{OP}-float64-forward-truth-ordinary")


def test_a_change_that_changes_nothing_is_alive(judge):
    found = judge.outcome(statement(ast.unparse(LAST)))
    assert (found.kind, found.changed) == ("alive", 0)
    assert found.ran > 0


def test_a_line_that_no_check_runs_is_alive(judge):
    found = judge.outcome(replace(statement("raise KeyError"), lines=(10**6, 10**6)))
    assert (found.kind, report.evidence(found)) == ("alive", "no check runs it")


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("while True: pass", "timeout"),
        ("return np.ones(1 << 40)", OP),
        ("__import__('os').kill(__import__('os').getpid(), 11)", "crash: signal SIGSEGV"),
    ],
)
def test_a_mutant_that_never_ends_or_eats_memory_or_crashes_is_stopped(text, by, judge, monkeypatch):
    monkeypatch.setattr(ground, "SECONDS", 0.3)
    found = judge.outcome(statement(text))
    assert (found.kind, found.by.startswith(by)) == ("killed", True)


def test_a_module_that_cannot_be_loaded_is_killed(judge):
    broken = replace(statement("x"), path=(("body", 0),), node=ast.parse("import nothing_of_this_name").body[0], lines=None)
    assert judge.outcome(broken).by == "import"


def test_the_real_library_is_back_afterwards(judge):
    assert judge.outcome(statement("return None")).kind == "killed"
    assert not any(isinstance(f, child._Finder) for f in sys.meta_path)


# -- the command ---------------------------------------------------------------------------------------------------------------
def some(count: int) -> list[Mutant]:
    return [m for m in plan.library_mutants() if m.owner == OP and m.operator == "operator"][:count]


def test_what_the_journal_knows_is_not_judged_again(tmp_path, monkeypatch):
    mutants, path = some(3), tmp_path / "journal.jsonl"
    before = command.judged(mutants[:2], 1, path=path)
    asked = []
    monkeypatch.setattr(command, "run", lambda left, jobs, finished: asked.extend(left))
    after = command.judged(mutants, 1, path=path)
    assert asked == mutants[2:]
    assert after.outcomes == before.outcomes


def test_a_run_that_is_interrupted_ends_at_once_and_goes_on_later(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "tools.mutate", LONG, "--jobs", "1"]
    known: list[str] = []
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while len(known) < 4 and process.poll() is None:
            time.sleep(0.05)
            known = [line for p in (tmp_path / "parity").glob("mutation-*") for line in p.read_text().splitlines()]
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        assert process.wait(timeout=10) == 130
    assert time.monotonic() - started < 5
    assert len(known) > 3


@pytest.fixture
def outcomes(monkeypatch) -> list[Mutant]:
    """Two mutants of which one is alive."""
    mutants = some(2)
    found = report.Results(
        {mutants[0]: Outcome("killed", f"{OP}-float64-forward-truth-ordinary"), mutants[1]: Outcome("alive", ran=5, changed=2)}
    )
    monkeypatch.setattr(command, "judged", lambda *_: found)
    return mutants


def test_a_survivor_is_reported(outcomes):
    said = CliRunner().invoke(command.main, ["schedules"])
    assert said.exit_code == 0
    assert f"alive {outcomes[1].id}" in said.output
    assert "2 of the 5 checks" in said.output
    assert outcomes[0].id not in said.output


@pytest.mark.parametrize(("percent", "code"), [("50", 0), ("50.1", 1)])
def test_too_low_a_share_is_an_error(percent, code, outcomes):
    assert CliRunner().invoke(command.main, ["schedules", "--at-least", percent]).exit_code == code


def test_an_equivalent_mutant_does_not_count(outcomes):
    results = command.judged()
    results.reasons = {outcomes[1].id: "It is the same."}
    assert (results.score, results.count("equivalent"), results.survivors()) == (100.0, 1, [])


def test_the_page_has_a_row_for_each_family_and_operator(outcomes):
    text = "\n".join(report.page(command.judged(), "Two were planted."))
    assert "| schedules | 2 | 1 | 0 | 1 | 50.0 % |" in text
    assert "| operator | 2 | 1 | 0 | 1 | 50.0 % |" in text
    assert f"`{outcomes[1].function}`: `{outcomes[1].change()}` *" in text


def test_what_is_known_to_be_alive_is_read_back_and_does_not_count(outcomes, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "REPORT", tmp_path / "page.md")
    monkeypatch.setattr(report, "ALIVE", tmp_path / "alive.json")
    assert CliRunner().invoke(command.main, ["schedules", "--at-least", "100", "--new"]).exit_code == 1
    CliRunner().invoke(command.main, ["schedules", "--write"])
    assert report.known_alive() == {outcomes[1].id}
    assert CliRunner().invoke(command.main, ["schedules", "--at-least", "100", "--new"]).exit_code == 0
    assert CliRunner().invoke(command.main, ["schedules", "--at-least", "100"]).exit_code == 1


def test_an_unknown_name_is_refused():
    said = CliRunner().invoke(command.main, ["no_such_op"])
    assert said.exit_code == 2
    assert "names no mutant" in said.output
