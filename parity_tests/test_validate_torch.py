"""torch's and SciPy's own functions as candidates: at parity, but for differences named here that the truth confirms."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from parity.evaluate import Evaluation, Party, library
from parity.grading import Grading
from parity.isolation import Candidate
from parity.judging import Judge
from parity.loader import catalogue
from parity.validation import validate

GUESTS = Path(__file__).parent / "guests" / "torch_ops.py"
AXIS = {"dim": "axis", "keepdim": "keepdims"}
FUNCTIONAL, MODULE, SCIPY, OWN = "torch.nn.functional:", "torch.nn:", "scipy.special:", f"{GUESTS}:"


def _validated(spec: str, op: str, dtype: str, rename=None, directions=()):
    return validate(Candidate(spec, rename=rename or {}), op, dtypes=[dtype], directions=directions, seed=1)


def _shown(result) -> str:
    return "\n".join([repr(result), *(f"{v.check.id}: {v.stage} {v.units:.4g} {v.message}" for v in result.failures[:5])])


def _failed(result) -> set[tuple[str, str]]:
    return {(v.check.direction, v.check.hazard) for v in result.failures}


# -- in a process of their own -------------------------------------------------------------------------------------------------
AT_PARITY = [
    (FUNCTIONAL + "silu", "activations.silu", "float32", {}),
    (FUNCTIONAL + "gelu", "activations.gelu", "float32", {}),
    (FUNCTIONAL + "glu", "activations.glu", "float32", AXIS),
    (FUNCTIONAL + "layer_norm", "normalization.layer_norm", "float32", {}),
    (FUNCTIONAL + "cross_entropy", "losses.cross_entropy", "float32", {}),
    ("torch:erf", "special.erf", "float64", {}),
    ("torch:sum", "reductions.sum", "float32", AXIS),
    ("torch:stack", "tensor.stack", "float32", AXIS),
    ("torch.linalg:solve", "linalg.solve", "float64", {}),
    (MODULE + "Softmax", "activations.softmax", "float32", AXIS),
    (MODULE + "PReLU", "activations.prelu", "float32", {}),
    (MODULE + "LayerNorm", "normalization.layer_norm", "float64", {}),
    (MODULE + "RMSNorm", "normalization.rms_norm", "float32", {}),
    (OWN + "Softsign", "activations.softsign", "float32", {}),
    (OWN + "Relu", "activations.relu", "float64", {}),
    (OWN + "LeakyRelu", "activations.leaky_relu", "float32", {}),
    (OWN + "Stateful", "activations.relu", "float32", {}),
    (OWN + "Stateless", "activations.leaky_relu", "float32", {}),
    (OWN + "huber_loss", "losses.huber_loss", "float32", {}),
]


@pytest.mark.parametrize(("spec", "op", "dtype", "rename"), AT_PARITY, ids=[row[0].split("/")[-1] for row in AT_PARITY])
def test_torch_is_at_parity_forward_and_backward(spec, op, dtype, rename):
    result = _validated(spec, op, dtype, rename)
    assert [g.direction for g in result.grades] == ["forward", "backward"]
    assert all(g.grade in ("tight", "parity") for g in result.grades), _shown(result)


def test_an_array_with_nothing_but_dlpack_is_understood():
    result = _validated(OWN + "dlpack_relu", "activations.relu", "float32")
    assert [(g.direction, g.grade) for g in result.grades] == [("forward", "tight")], _shown(result)


EMPTY = "refuses an empty row"
SCIPY_NAMES = {
    "expit": ("activations.sigmoid", {}),
    "softmax": ("activations.softmax", {("forward", "empty_rows"): EMPTY}),
    "log_softmax": ("activations.log_softmax", {("forward", "empty_rows"): EMPTY}),
    "logsumexp": ("special.logsumexp", {}),
    "erf": ("special.erf", {}),
    "erfc": ("special.erfc", {}),
    "gammaln": ("special.lgamma", {}),
    "digamma": ("special.digamma", {}),
    "ndtr": ("special.ndtr", {}),
    "log_ndtr": ("special.log_ndtr", {}),
    "xlogy": ("special.xlogy", {}),
    "entr": ("special.entr", {}),
}
"""SciPy's function -> the op, and where it fails, with the reason."""


@pytest.mark.parametrize("name", SCIPY_NAMES)
def test_scipy_is_at_parity(name):
    op, differences = SCIPY_NAMES[name]
    result = _validated(SCIPY + name, op, "float32")
    assert [g.direction for g in result.grades] == ["forward"]
    assert _failed(result) == set(differences), _shown(result)
    assert all(v.stage == "error" and "zero-size" in v.message for v in result.failures), _shown(result)


def test_scipy_has_no_loop_for_16_bits_and_that_is_no_failure():
    grades = validate(Candidate(SCIPY + "entr"), "special.entr", seed=1).grades
    assert {g.dtype: g.grade for g in grades if g.dtype.endswith("16")} == dict.fromkeys(["float16", "bfloat16"], "not covered")
    assert all("has no loop for" in g.not_covered[0] for g in grades if g.grade == "not covered")


def test_a_module_whose_constructor_refuses_an_option_fails_there_alone():
    result = _validated(MODULE + "Hardtanh", "activations.hardtanh", "float32", directions=["forward"])
    assert result.grade == "fail"
    assert all("min_val=1.0,max_val=1.0" in hazard for _, hazard in _failed(result)), _shown(result)
    assert all("max_val (1.0) must be greater" in v.message for v in result.failures)


def test_a_wrong_gradient_of_an_autograd_function_is_found():
    result = _validated(OWN + "ForgetfulRelu", "activations.relu", "float32")
    assert [(g.direction, g.grade) for g in result.grades] == [("forward", "tight"), ("backward", "fail")]
    assert ("backward", "ordinary") in _failed(result)


def test_a_wrong_module_with_parameters_is_found_and_its_mistake_named():
    result = _validated(OWN + "OutsideNorm", "normalization.layer_norm", "float32", directions=["forward"])
    assert result.grade == "fail"
    assert any("eps outside the square root" in f.cause for f in result.findings), _shown(result)


# -- every op of the catalogue, in this process -------------------------------------------------------------------------------
class Theirs:
    """torch's own function for a pair, forward and (by autograd) backward, in the asker's place."""

    def __init__(self, pair):
        self.pair = pair
        self.directions = ("forward", "backward") if pair.differentiable else ("forward",)

    def lacks(self, pair, case, direction):
        return ""

    def lacking(self, direction):
        return ()

    def tired(self, dtype, direction):
        return ""

    def ask(self, e: Evaluation) -> Party:
        return dataclasses.replace(e, parties={}).party("torch", library(self.pair))

    def function(self, direction):
        raise NotImplementedError


NO_ANSWER = {
    "losses.multi_margin_loss": "returns uninitialised memory for an empty batch",
    "losses.multilabel_margin_loss": "returns uninitialised memory for an empty batch",
    "normalization.instance_norm": "cannot normalise no samples at all",
}
"""Ops where torch has no answer to an input that has one."""
OPS = [op for op, pair in catalogue().items() if pair.torch is not None]


class EverySecond(Grading):
    """The ordinary case, every second one after it, and the empty one."""

    def checks(self, dtype, direction):
        return [c for i, c in enumerate(super().checks(dtype, direction)) if i % 2 == 0 or c[0].hazard == "empty"]


@pytest.mark.parametrize("op", OPS)
def test_torch_is_at_parity_at_every_second_hazard(op, table):
    pair = catalogue()[op]
    dtype = "float32" if "float32" in pair.dtypes else pair.dtypes[0]
    grading = EverySecond(op, Theirs(pair), table)
    for direction in grading.asker.directions:
        _ = grading._grade(dtype, direction)
    failed = {(c.hazard, s.judged.outcome.stage) for c, s in grading.failed}
    assert failed == ({("empty", "error")} if op in NO_ANSWER else set()), grading.failed[:3]
    for _, seen in grading.failed:
        _assert_there_is_an_answer(Judge(pair, table.rows[op]), seen)


def _assert_there_is_an_answer(judge: Judge, seen):
    """The definition says what it is, and ours returns it."""
    e = seen.evaluation
    assert all(t is None or isinstance(t.value, np.ndarray) for t in e.truths)
    assert judge.judge(e, e.party("ours", library(judge.pair))).grade == "tight"


def test_every_op_has_a_torch_pair_to_be_tried():
    assert len(OPS) >= 140
