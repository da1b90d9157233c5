"""torch's and SciPy's own functions as candidates in a process of their own, in every form that such code comes in.

Every op that they have is judged in `test_libraries.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import parity

GUESTS = Path(__file__).parent / "guests" / "torch_ops.py"
AXIS = {"dim": "axis", "keepdim": "keepdims"}
FUNCTIONAL, MODULE, SCIPY, OWN = "torch.nn.functional:", "torch.nn:", "scipy.special:", f"{GUESTS}:"


def _validated(spec: str, op: str, dtype: str, rename=None, directions=()):
    return parity.validate(spec, op, rename=rename or {}, dtypes=[dtype], directions=directions, seed=1)


def _shown(result) -> str:
    return "\n".join([repr(result), *(f"{v.check.id}: {v.stage} {v.units:.4g} {v.message}" for v in result.failures[:5])])


def _failed(result) -> set[tuple[str, str]]:
    return {(v.check.direction, v.check.hazard) for v in result.failures}


# -- in a process of their own -------------------------------------------------------------------------------------------------
RIGHT = [
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


@pytest.mark.parametrize(("spec", "op", "dtype", "rename"), RIGHT, ids=[row[0].split("/")[-1] for row in RIGHT])
def test_torch_is_right_forward_and_backward(spec, op, dtype, rename):
    result = _validated(spec, op, dtype, rename)
    assert [g.direction for g in result.grades] == ["forward", "backward"]
    assert result.holds, _shown(result)


def test_an_array_with_nothing_but_dlpack_is_understood():
    result = _validated(OWN + "dlpack_relu", "activations.relu", "float32")
    assert [(g.direction, g.grade) for g in result.grades] == [("forward", "tight")], _shown(result)


SCIPY_NAMES = {
    "expit": "activations.sigmoid",
    "softmax": "activations.softmax",
    "log_softmax": "activations.log_softmax",
    "logsumexp": "special.logsumexp",
    "erf": "special.erf",
    "erfc": "special.erfc",
    "gammaln": "special.lgamma",
    "digamma": "special.digamma",
    "ndtr": "special.ndtr",
    "log_ndtr": "special.log_ndtr",
    "xlogy": "special.xlogy",
    "entr": "special.entr",
}
"""SciPy's function -> the op."""


@pytest.mark.parametrize("name", SCIPY_NAMES)
def test_scipy_is_right(name):
    result = _validated(SCIPY + name, SCIPY_NAMES[name], "float32")
    assert [g.direction for g in result.grades] == ["forward"]
    assert result.holds, _shown(result)


def test_that_scipy_refuses_an_empty_row_is_a_limit():
    result = _validated(SCIPY + "softmax", "activations.softmax", "float32")
    refused = {c.partition("-truth-")[2] for limit, checks in result.limits if limit.kind == "refuses" for c in checks}
    assert refused == {"empty_rows"}, _shown(result)


def test_scipy_has_no_loop_for_16_bits_and_that_is_no_failure():
    grades = parity.validate(SCIPY + "entr", "special.entr", seed=1).grades
    assert {g.dtype: g.grade for g in grades if g.dtype.endswith("16")} == dict.fromkeys(["float16", "bfloat16"], "not covered")
    assert all("has no loop for" in g.not_covered[0] for g in grades if g.grade == "not covered")


def test_a_module_whose_constructor_refuses_an_option_fails_there_alone():
    result = _validated(MODULE + "Hardtanh", "activations.hardtanh", "float32", directions=["forward"])
    assert result.grade == "fail"
    assert ("forward", "min_val=1.0,max_val=1.0") in _failed(result)
    options = [set(v.detail["options"].split(", ")) for v in result.failures]
    assert all(o - {"max_val=1.0"} == {"min_val=1.0"} for o in options), _shown(result)  # max_val is 1.0 unless given
    assert all("max_val (1.0) must be greater" in v.message for v in result.failures)


def test_a_wrong_gradient_of_an_autograd_function_is_found():
    result = _validated(OWN + "ForgetfulRelu", "activations.relu", "float32")
    assert [(g.direction, g.grade) for g in result.grades] == [("forward", "tight"), ("backward", "fail")]
    assert ("backward", "ordinary") in _failed(result)


def test_a_wrong_module_with_parameters_is_found_and_its_mistake_named():
    result = _validated(OWN + "OutsideNorm", "normalization.layer_norm", "float32", directions=["forward"])
    assert result.grade == "fail"
    assert any("eps outside the square root" in f.cause for f in result.findings), _shown(result)
