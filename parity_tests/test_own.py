"""Ops of the user's own, and the tutorial about them."""

from __future__ import annotations

import inspect
import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import parity
from parity import loader, parallel, run
from parity.cases import build
from parity.cli import main
from parity.definitions._functions import elementwise
from parity.errors import ParityError, TableError, UnknownOp
from parity.grading import validate
from parity.oracle import OracleError
from parity.own import Data, Factor, OwnOpError, Real, load_ops, own_op, register, with_options, with_shapes
from parity.runner import Selection, cases, checks_of
from parity.tolerances import read_table

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = ROOT / "docs" / "own_ops.md"
EXAMPLES = ROOT / "examples" / "own_ops"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
EVERYWHERE = ("float64", "float32", "float16", "bfloat16")


@pytest.fixture(autouse=True)
def _no_own_ops():
    yield
    loader.forget()


in_a_checkout = pytest.mark.skipif(not TUTORIAL.exists(), reason="an installed copy has no tutorial")


# -- the tutorial --------------------------------------------------------------------------------------------------------------
def _blocks() -> list[tuple[str, str]]:
    return [(m[1], m[2]) for m in BLOCK.finditer(TUTORIAL.read_text(encoding="utf-8"))] if TUTORIAL.exists() else []


def _files() -> dict[str, str]:
    """The blocks that begin with the comment `# NAME`."""
    found = {}
    for language, text in _blocks():
        named = re.match(r"# (\w+\.(?:py|yaml))\n", text)
        if named and language in ("python", "yaml"):
            found[named[1]] = text
    return found


def _commands() -> list[tuple[str, list[str]]]:
    """Every command of a console block, with the lines shown after it."""
    commands: list[tuple[str, list[str]]] = []
    for language, text in _blocks():
        for line in text.splitlines() if language == "console" else ():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
    return commands


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files of the tutorial, to work in."""
    for name, text in _files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _typed(command: str):
    program, *arguments = shlex.split(command)
    assert program == "parity"
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def _pattern(line: str) -> str:
    """What a shown line stands for; "..." in it is anything."""
    return re.escape(line).replace(re.escape("..."), ".*").replace(r"\ ", " ")


def _assert_shown(shown: list[str], output: str) -> None:
    """Every shown line is in the output, in order; "..." on a line of its own is any number of lines."""
    rest = iter(output.splitlines())
    for line in (x for x in shown if x not in ("", "...")):
        pattern = re.compile(_pattern(line))
        assert any(pattern.fullmatch(x.rstrip()) for x in rest), f"{line!r} is not (or not in this place) in:\n{output}"


@in_a_checkout
def test_the_tutorials_files_are_the_examples():
    files = _files()
    assert set(files) == {p.name for p in EXAMPLES.iterdir() if p.is_file()}
    for name, text in files.items():
        assert (EXAMPLES / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("command", "shown"), _commands(), ids=[c for c, _ in _commands()])
def test_the_tutorials_commands_print_what_it_shows(command, shown, folder):
    result = _typed(command)
    _assert_shown(shown, result.output)
    assert result.exit_code == (1 if "turned_wrong" in command else 0)


@in_a_checkout
def test_the_tutorials_python_runs(folder):
    blocks = [text for language, text in _blocks() if language == "python" and not text.startswith("# ")]
    assert blocks
    for text in blocks:
        exec(compile(text, str(TUTORIAL), "exec"), {})


def test_a_changed_output_would_be_noticed():
    _assert_shown(["a", "...", "b ... c"], "a\nx\nb 12 c\n")
    for shown in (["b"], ["a", "c", "b ... c"], ["b ... c", "a"]):
        with pytest.raises(AssertionError):
            _assert_shown(shown, "a\nx\nb 12 c\n")


# -- the registry --------------------------------------------------------------------------------------------------------------
def _square(x):
    return x * x


def _square_backward(grad_output, x):
    return (2 * grad_output * x,)


def _torch_square(x):
    return x * x


def _own(op="mine.square", forward=_square, backward=_square_backward, **more):
    more = {"arrays": (Data("x", (3, 4)),), "torch": _torch_square, **more}
    return own_op(op, forward, backward, **more)


def _row(dtypes=EVERYWHERE, directions=("forward", "backward")) -> str:
    budget = "\n".join(f"    {d}: {{{', '.join(f'{t}: 3' for t in dtypes)}}}" for d in directions)
    return f'mine.square:\n  scale: "|y|"\n  why: "One product, and one more for the gradient."\n  budget:\n{budget}\n'


def test_a_registered_op_is_known_everywhere():
    assert register(_own()) == ("mine.square",)
    pair = loader.catalogue()["mine.square"]
    assert loader.implementation(pair) is _square
    assert loader.gradient(pair) is _square_backward
    assert loader.select(["mine"]) == loader.select(["square"]) == loader.select(["mine.square"]) == ["mine.square"]
    assert loader.referee("mine.square") == "refereed by PyTorch in float64, without proof"
    assert loader.own_ops() == ("mine.square",)
    assert not loader.is_known_to_workers("mine.square")
    assert len(checks_of("mine.square")) > 100


def test_what_is_forgotten_is_unknown_and_the_catalogue_is_as_before():
    before = dict(loader.catalogue())
    register(_own())
    loader.forget("mine.square")
    assert loader.catalogue() == before
    with pytest.raises(UnknownOp, match=r"mine\.square"):
        loader.select(["mine.square"])


def test_an_op_registered_again_has_its_new_cases():
    register(_own())
    few = len(checks_of("mine.square"))
    register(_own(arrays=(Data("x", (3, 4)).only("one_nan"),)))
    assert len(checks_of("mine.square")) < few


def test_a_family_of_the_catalogue_may_have_own_ops():
    register(_own("activations.my_square"))
    assert "activations.my_square" in loader.select(["activations"])
    assert loader.referee("activations.relu") == ""


def test_an_op_without_a_backward_is_not_differentiable(tmp_path):
    register(_own(backward=None))
    assert {c.direction for c in checks_of("mine.square")} == {"forward"}
    (tmp_path / "t.yaml").write_text(_row(directions=("forward",)))
    assert "mine.square" in read_table(None, tmp_path / "t.yaml").rows


# -- the referee ---------------------------------------------------------------------------------------------------------------
def _referee(**more):
    own = _own(**more)
    return own.definition


def test_the_referee_computes_in_float64_and_rounds_once():
    x = np.array([[1 + 2.0**-10, -3.0]], np.float16)
    (truth,) = _referee().forward([x], {}, "float16")
    assert truth.value.dtype == np.float16
    np.testing.assert_array_equal(truth.hi, x.astype(np.float64) ** 2)
    np.testing.assert_array_equal(truth.scale, np.abs(truth.hi))
    (gradient,) = _referee().backward([np.ones_like(x)], [x], {}, [True], "float16")
    np.testing.assert_array_equal(gradient.hi, 2 * x.astype(np.float64))


def test_the_scale_of_a_linear_op_is_the_sum_of_its_products_sizes():
    x, y = np.array([[3.0, 5.0]]), np.array([[2.0, -7.0]])
    own = own_op(
        "mine.cross", lambda a, b: a, lambda g, a, b: (g, g), arrays=(Factor("a", (1, 2)), Factor("b", (1, 2))), linear=True,
        torch=lambda a, b: a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
    )  # fmt: skip
    (truth,) = own.definition.forward([x, y], {}, "float32")
    assert (truth.value.tolist(), truth.scale.tolist()) == ([-31.0], [31.0])
    (truth,) = own.definition.forward([x, abs(y)], {}, "float32")
    assert (truth.value.tolist(), truth.scale.tolist()) == ([11.0], [31.0])
    gradients = own.definition.backward([np.array([-2.0])], [x, y], {}, [True, True], "float32")
    assert [g.scale.tolist() for g in gradients] == [[[14.0, 4.0]], [[10.0, 6.0]]]


def test_an_infinity_times_no_derivative_leaves_the_scale_alone():
    x, y = np.array([[np.inf, 5.0]]), np.array([[2.0, 7.0]])
    own = own_op(
        "mine.pick",
        _square,
        arrays=(Factor("a", (1, 2)), Factor("b", (1, 2))),
        linear=True,
        torch=lambda a, b: a[:, 1] * b[:, 1],
    )
    assert own.definition.forward([x, y], {}, "float32")[0].scale.tolist() == [35.0]


def test_a_reference_that_narrows_is_no_referee():
    with pytest.raises(OracleError, match="returns float32 for float64 inputs"):
        _referee(torch=lambda x: x.float()).forward([np.ones((1, 2))], {}, "float64")
    with pytest.raises(OwnOpError, match="returns float32 for float64 inputs, so it cannot be the referee"):
        register(_own(torch=lambda x: x.float()))


def test_the_referee_can_be_called_and_has_the_signature_of_the_op():
    referee = _referee(forward=lambda x, power=2: x**power, torch=lambda x, power=2: x**power)
    assert referee(np.array([2.0, 3.0], np.float16), power=3).tolist() == [8.0, 27.0]
    assert inspect.signature(referee).parameters["power"].default == 2
    assert not inspect.signature(_referee(forward=dict)).parameters


def test_integers_are_right_or_wrong():
    (truth,) = _referee(torch=lambda x: x.argmax(-1)).forward([np.eye(3, 4)], {}, "float32")
    assert truth.hi is None
    assert truth.value.tolist() == [0, 1, 2]


def test_options_and_shapes_of_a_dotted_reference(tmp_path):
    register(
        own_op(
            "mine.total",
            lambda x, axis=0: x.sum(axis, dtype=np.float64).astype(x.dtype),
            arrays=(Data("x", (3, 4)).but("largest"),),  # the order decides whether float64 overflows
            linear=True,
            torch="torch.sum",
            options={"axis": 1},
            variants=(with_options(axis=0), with_shapes("empty", x=(2, 0))),
        )
    )
    (tmp_path / "t.yaml").write_text(_row(directions=("forward",)).replace("square", "total"))
    result = run("mine.total", overlay=tmp_path / "t.yaml")
    assert result.holds, result
    assert {v.check.hazard for v in result} >= {"axis=0", "empty"}


def test_an_elementwise_definition_brings_every_value_of_the_narrow_dtypes(tmp_path):
    @elementwise({np.inf: (np.inf, np.inf), -np.inf: (np.inf, -np.inf)})
    def definition(x):
        return x * x

    register(_own(arrays=(Real("x"),), definition=definition))
    assert loader.referee("mine.square") == ""
    (tmp_path / "t.yaml").write_text(_row())
    result = run(
        "mine.square", overlay=tmp_path / "t.yaml", references=["truth"], hazards=["every_moderate_value", "infinities"]
    )
    assert result.holds, result
    assert "every_moderate_value" in {v.check.hazard for v in result}


# -- files, workers, tables ----------------------------------------------------------------------------------------------------
@in_a_checkout
def test_worker_processes_know_the_ops_of_a_file(folder):
    load_ops("rope.py")
    selection = Selection(("mine.rope", "activations.relu"), ("float64",), ("truth",), ("forward",), ("ordinary",))
    args = (selection, read_table(None, "rope.yaml"), "rope.yaml")
    alone = [v.as_dict() for v in parallel.run_ops(*args, 1, lambda op, n: None)]
    assert [v.as_dict() for v in parallel.run_ops(*args, 2, lambda op, n: None)] == alone
    assert len(alone) == 2


def test_ops_registered_from_python_are_run_in_this_process():
    register(_own())
    selection = Selection(("mine.square", "activations.relu"), ("float64",), ("truth",), ("forward",), ("ordinary",))
    statuses = [v.stage for v in parallel.run_ops(selection, read_table(), None, 2, lambda op, n: None)]
    assert statuses[0] == "table"  # it has no row here


@in_a_checkout
def test_what_a_worker_is_started_with():
    start = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"))
    assert all(os.environ.get(name) for name in start)
    parallel.start_worker((str(EXAMPLES / "rope.py"),))
    assert loader.own_files() == (str(EXAMPLES / "rope.py"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_row(dtypes=EVERYWHERE[:3]), "mine.square: has no budget for forward bfloat16; add one for each"),
        (_row(directions=("forward",)), "mine.square: has no budget for backward float64, float32, float16, bfloat16"),
        ('mine.square:\n  scale: "|y|"\n', "mine.square: is a new op, whose row needs `why`; add it."),
        (_row().replace("mine.square", "mine.squar"), "t.yaml:1: mine.squar is no op of the catalogue, and none of a file"),
        (_row().replace("mine.square", "activations.rel"), "the nearest names are activations.relu"),
    ],
)  # fmt: skip
def test_rows_that_are_refused(text, said, tmp_path):
    register(_own())
    (tmp_path / "t.yaml").write_text(text)
    with pytest.raises(TableError, match=re.escape(said)):
        read_table(None, tmp_path / "t.yaml")


def test_rows_of_the_catalogue_may_stay_partial(tmp_path):
    register(_own())
    (tmp_path / "t.yaml").write_text(_row() + "activations.relu:\n  budget:\n    forward: {float32: 5}\n")
    rows = read_table(None, tmp_path / "t.yaml").rows
    assert rows["activations.relu"].budget("ours", "forward", "float32") == 5
    assert rows["mine.square"].budget("ours", "backward", "bfloat16") == 3


# -- mistakes ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"torch": None}, "mine.square has neither a torch reference nor a definition"),
        ({"arrays": ("x",)}, "arrays has the str 'x' where a kind belongs; write e.g. Data(\"x\", (3, 8))"),
        ({"arrays": ()}, "mine.square has no arrays"),
        ({"arrays": (Data("x"), Data("x"))}, "mine.square has two arrays named 'x'"),
        ({"op": "square"}, "'square' cannot be the name of an op; write family.name"),
        ({"op": "activations.softmax"}, "activations.softmax is an op of the catalogue; give yours another name"),
        ({"forward": None}, "mine.square: its forward is None, which cannot be called"),
        ({"definition": _square, "linear": True}, "mine.square has linear=True and a definition"),
        ({"dtype": "float32"}, "mine.square: own_op has no parameter 'dtype'; allowed: torch, scipy, definition"),
        ({"dtypes": ("float",)}, "mine.square: 'float' is no dtype; allowed: float64, float32"),
        ({"backward": lambda g, x: (g, g)}, "its backward returned 2 where it must return 1 gradients, one for each of x"),
        ({"backward": lambda g: g}, "mine.square: its backward raised TypeError"),
        ({"forward": lambda x: (x, x)}, "its forward returned 2 where it must return 1 outputs"),
        ({"forward": lambda x: x @ x}, "mine.square: its forward raised ValueError"),
        ({"torch": lambda x: x @ x}, "its torch reference raised RuntimeError (mat1 and mat2 shapes"),
        ({"torch": "torch.no_such"}, "mine.square: its torch reference raised AttributeError"),
        ({"definition": lambda x: x @ x}, "mine.square: its definition raised ValueError"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_one_sentence(change, said):
    with pytest.raises(ParityError, match=re.escape(said)) as caught:
        register(_own(**change))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert loader.own_ops() == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "has no OPS; it must define a list of own ops: OPS = [own_op("),
        ("OPS = [1]\n", "has OPS = [1]; it must define a list"),
        ("1 / 0\n", "cannot be imported: ZeroDivisionError: division by zero"),
        ("from parity.own import own_op\nOPS = [own_op('a.b', abs, arrays=())]\n", "ops.py: a.b has no arrays"),
    ],
)
def test_a_wrong_file_is_one_sentence(text, said, tmp_path):
    (tmp_path / "ops.py").write_text(text)
    result = CliRunner().invoke(main, ["list", "--ops", str(tmp_path / "ops.py")])
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1


@in_a_checkout
def test_without_a_name_only_the_ops_of_the_file_are_meant(folder):
    shown = _typed("parity table --ops rope.py --tolerances rope.yaml").output
    assert "mine.rope" in shown
    assert "activations" not in shown


@in_a_checkout
def test_no_witness_of_an_own_op_is_stored(folder):
    result = _typed("parity search rope --ops rope.py --tolerances rope.yaml --write")
    assert result.exit_code == 2
    assert result.output == "mine.rope is an op of your own, whose witnesses parity does not keep; leave --write out.\n"


def test_an_input_to_which_the_referee_has_no_answer_is_not_covered(tmp_path):
    def picky(x):
        if x.isnan().any():
            raise ValueError("no nan, please")
        return x * x

    register(_own(torch=picky))
    (tmp_path / "t.yaml").write_text(_row())
    result = validate(_square, "mine.square", table=read_table(None, tmp_path / "t.yaml"), dtypes=["float32"])
    assert result.grade == "tight"
    assert any(
        "one_nan: mine.square: its torch reference raised ValueError (no nan, please)" in x
        for x in result.grades[0].not_covered
    )
    verdicts = [v for v in run("mine.square", overlay=tmp_path / "t.yaml", references=["truth"]) if v.status == "violated"]
    pair = loader.catalogue()["mine.square"]
    with_nan = {c.name for c in cases("mine.square") if np.isnan(build(pair, c, "float32").arrays[0]).any()}
    assert "one_nan" in with_nan
    assert {(v.stage, v.check.hazard) for v in verdicts} == {("oracle", name) for name in with_nan}


def test_the_data_of_a_validation_name_the_referee(tmp_path):
    register(_own())
    (tmp_path / "t.yaml").write_text(_row())
    settings = {"overlay": tmp_path / "t.yaml", "dtypes": ["float32"], "isolate": False}
    result = parity.validate(_square, "mine.square", **settings)
    assert (result.grade, result.as_dict()["referee"]) == ("tight", "refereed by PyTorch in float64, without proof")


@in_a_checkout
def test_the_same_op_in_two_files(folder):
    with pytest.raises(OwnOpError, match=r"mine\.rope is declared twice, in .*rope\.py and .*proven_rope\.py; rename one"):
        load_ops(["rope.py", "proven_rope.py"])
