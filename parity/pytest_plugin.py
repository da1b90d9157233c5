"""The pytest plugin: `parity.tests` and `@pytest.mark.parity` become one test for each check.

It is loaded in every run of pytest wherever this package is installed, so it imports nothing but what pytest has loaded
already; the engine comes in with the first marked test (see `testing.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

MARKER = "parity(op, forward, **settings): one test for each check of the op; settings as parity.validate's, and strict."
PROPERTY = "parity"
"""The user property of a report that holds a remark on a function's conduct."""
SEED: pytest.StashKey[int] = pytest.StashKey()
KEEPER: pytest.StashKey[Any] = pytest.StashKey()
ASKED: pytest.StashKey[bool] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--parity-seed`."""
    parser.getgroup("parity").addoption(
        "--parity-seed", type=int, metavar="N", help="Draw the fresh inputs of parity tests as an earlier run did."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and settle the seed."""
    config.addinivalue_line("markers", MARKER)
    given = config.getoption("parity_seed")
    if given is not None and given < 0:
        raise pytest.UsageError(f"--parity-seed {given} is negative; give a whole number from 0 on.")
    shared = getattr(config, "workerinput", {}).get("parity_seed")
    drawn = int.from_bytes(os.urandom(4), "little") if shared is None else shared
    config.stash[SEED] = drawn if given is None else given


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """All workers of pytest-xdist draw the same fresh inputs."""
    node.workerinput["parity_seed"] = node.config.stash[SEED]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the processes of the functions under test."""
    keeper = config.stash.get(KEEPER, None)
    if keeper is not None:
        keeper.close()


# -- collecting ----------------------------------------------------------------------------------------------------------------
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each check of the op that a marker names."""
    name, marker = metafunc.definition.name, metafunc.definition.get_closest_marker("parity")
    asks = "parity_check" in metafunc.fixturenames
    if marker is None:
        if asks:
            _refuse(name, 'it takes `parity_check`, but has no marker; add @pytest.mark.parity("OP", forward=FUNCTION).')
        return
    if not asks:
        _refuse(name, f"it is marked, but does not take `parity_check`; write def {name}(parity_check): parity_check().")
    from parity import testing
    from parity.errors import ParityError

    try:
        names = testing.names_of(testing.settings_of(marker.args, marker.kwargs))
    except ParityError as e:
        _refuse(name, str(e))
    metafunc.parametrize("parity_check", names, indirect=True, ids=names)


def _refuse(name: str, why: str) -> NoReturn:
    pytest.fail(f"parity cannot make tests of {name}: {why}", pytrace=False)


# -- running -------------------------------------------------------------------------------------------------------------------
@pytest.fixture
def parity_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Call it to make this test's check: passes, fails with the report of `parity validate`, or skips with the reason."""
    from parity import testing

    keeper = request.config.stash.setdefault(KEEPER, testing.Keeper())
    request.node.stash[ASKED] = False

    def check() -> None:
        request.node.stash[ASKED] = True
        tested = keeper.tested(request.node, _seed(request.config))
        _report(request.node, tested, tested.check(request.param))

    return check


def _seed(config: pytest.Config) -> tuple[int, bool]:
    """The seed of the session, and whether the command line gave it."""
    return config.stash[SEED], config.getoption("parity_seed") is not None


def _report(item: Any, tested: Any, outcome: Any) -> None:
    """What came of a check, in pytest's terms."""
    item.user_properties += [(PROPERTY, note) for note in outcome.notes]
    if outcome.status == "skipped":
        pytest.skip(outcome.text)
    if outcome.status == "failed":
        pytest.fail("\n".join(_failure_lines(item, tested, outcome)), pytrace=False)


def _failure_lines(item: Any, tested: Any, outcome: Any) -> Iterator[str]:
    """What `parity validate` prints for this failure, and how to run it again."""
    from parity.report.validation import finding_lines
    from parity.validation import called

    if outcome.finding is None:
        yield outcome.text
    else:
        first, *more = finding_lines(outcome.finding, _script_path(item, outcome.finding.script))
        yield first.partition(": ")[2]
        yield from more
    if outcome.like:
        yield f"  {'fails like:':<16s} {outcome.like}"
    yield f"  {'candidate:':<16s} {called(tested.settings.candidate)} as {tested.settings.op}"
    yield f"  {'again:':<16s} pytest {item.nodeid!r} --parity-seed {tested.seed}"


def _script_path(item: Any, script: str) -> str:
    """Where a finding's program is: in pytest's cache; in a run without one it goes beside the captured output."""
    cache = getattr(item.config, "cache", None)
    if script and cache is None:
        item.add_report_section("call", "program", script)
    if not script or cache is None:
        return ""
    path = cache.mkdir("parity") / ("".join(c if c.isalnum() or c in "_.,=+-" else "_" for c in item.name) + ".py")
    path.write_text(script, encoding="utf-8")
    return os.path.relpath(path, item.config.invocation_params.dir)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """A test that takes `parity_check` and does not call it has checked nothing."""
    result = yield
    if not pyfuncitem.stash.get(ASKED, True):
        pytest.fail(f"{pyfuncitem.originalname} never called parity_check(), so nothing was checked; call it.", pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Pytest's short summary and JUnit's `message` hold a failure's first line; on CI pytest would repeat all of them."""
    report = yield
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None and item.stash.get(ASKED, False) and isinstance(call.excinfo.value, pytest.fail.Exception):
        crash.message = crash.message.partition("\n")[0]
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Remarks that fail nothing: what a function prints, warns of, or does otherwise than it seems."""
    reports = [r for status in ("passed", "failed") for r in terminalreporter.getreports(status)]
    notes = {f"{r.nodeid}: {v}": None for r in reports for n, v in getattr(r, "user_properties", ()) if n == PROPERTY}
    if notes:
        terminalreporter.section("notes of parity")
        for note in notes:
            terminalreporter.write_line(note)
