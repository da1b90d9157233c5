"""Arguments go to the parameters that are theirs; an array or option that there is no parameter for is not covered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from parity.cases import Case
from parity.isolation import Candidate
from parity.loader import catalogue
from parity.placing import Placing, names_of, optional, placing, with_own_defaults, without
from parity_tests.validated import validate

GUESTS = Path(__file__).parent / "guests" / "placing.py"


def parameters(*words: str) -> dict[str, tuple[str, str]]:
    """Parameters written as in Python: "x", "weight=None", "reduction=mean", "*", "**rest"."""
    found, kind = {}, "POSITIONAL_OR_KEYWORD"
    for word in words:
        name, _, default = word.partition("=")
        if word == "*":
            kind = "KEYWORD_ONLY"
        elif word.startswith("*"):
            found[name.strip("*")] = ("VAR_KEYWORD" if word.startswith("**") else "VAR_POSITIONAL", "required")
        else:
            found[name] = (kind, "required" if not default else "none" if default == "None" else "other")
    return found


def placed(op: str, *words: str, direction: str = "forward", differentiates: bool = False) -> Placing:
    known = parameters(*words) if words else None
    return placing(catalogue()[op], direction, known, known, differentiates)


FORMS = {
    # by position
    ("losses.mse_loss",): ("", "", ""),
    ("losses.mse_loss", "a", "b", "c"): ("", "", ""),
    ("losses.mse_loss", "x", "target", "weight=None", "reduction=mean"): ("", "", ""),
    ("losses.mse_loss", "*arrays"): ("", "", ""),
    ("losses.mse_loss", "p", "q", "w=None"): ("", "", ""),
    # by name, where the name stands elsewhere
    ("losses.mse_loss", "input", "target", "reduce=None", "reduction=mean", "weight=None"): ("", "", "weight"),
    ("losses.mse_loss", "target", "x", "weight=None"): ("x", "target", "weight"),
    ("losses.mse_loss", "x", "weight", "target"): ("", "target", "weight"),
    ("losses.mse_loss", "x", "target", "*", "weight=None"): ("", "", "weight"),
    ("losses.mse_loss", "a", "b", "**rest"): ("", "", "weight"),
    # left out: no parameter, or one that is certainly another
    ("losses.mse_loss", "x", "target"): ("", "", None),
    ("losses.mse_loss", "x", "target", "reduction=mean"): ("", "", None),
    ("losses.mse_loss", "a", "b", "red=mean"): ("", "", None),
    ("normalization.layer_norm", "x", "shape", "eps=None"): ("", "", None, None),
    ("normalization.layer_norm", "x", "shape", "bias=None", "eps=other"): ("", "", None, "bias"),
    ("attention.scaled_dot_product_attention", "q", "k", "v"): ("", "", "", None),
    # nothing that the op needs is left out, nothing is given twice: all by position, and Python says what is wrong
    ("losses.mse_loss", "x"): ("", "", ""),
    ("losses.mse_loss", "target", "y"): ("", "", ""),
    ("normalization.layer_norm", "x", "weight", "bias"): ("", "", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form[0].split('.')[1]}({','.join(form[1:])})")
def test_every_argument_finds_its_parameter(form):
    op, *words = form
    assert tuple(placed(op, *words).places.values()) == FORMS[form]


def test_a_gradient_by_autodiff_is_placed_like_the_forward_after_the_cotangent():
    found = placed("losses.mse_loss", "target", "x", direction="backward", differentiates=True)
    assert found.places == {"grad_output": "", "x": "x", "target": "target", "weight": None}
    own = placed("losses.mse_loss", "dy", "target", "x", direction="backward")
    assert own.places == {"grad_output": "", "x": "x", "target": "target", "weight": None}


def test_what_is_lacking_takes_the_other_form_of_the_mask_with_it():
    assert placed("losses.mse_loss", "x", "target").lacking == ("weight",)
    assert placed("attention.scaled_dot_product_attention", "q", "k", "v").lacking == ("attn_mask", "allowed")
    assert placed("losses.mse_loss", "x", "target", "w").lacking == ()


def test_parameters_without_a_default_are_given_none_for_absent_arrays():
    found = placed("normalization.layer_norm", "x", "shape", "gamma", "beta")
    assert found.needed == ("x", "normalized_shape", "weight", "bias")
    assert found.padded((1, 2)) == (1, 2, None, None)
    assert placed("normalization.layer_norm", "x", "shape", "gamma=None", "beta=None").padded((1, 2)) == (1, 2)


def test_a_case_about_an_array_that_is_left_out_has_no_reduced_form():
    pair = catalogue()["losses.mse_loss"]
    assert optional(pair) == ("weight",)
    assert names_of(pair, "backward") == ("grad_output", "x", "target", "weight")
    plain = Case("x.nans", {"x": np.ones})
    reduced = without(pair, plain, ("weight",))
    assert reduced is not None
    assert (reduced.absent, reduced.origin, reduced.name) == (("weight",), "x.nans", "x.nans")
    assert without(pair, Case("weight.nans", {"weight": np.ones}), ("weight",)) is None
    assert without(pair, reduced, ("weight",)) is reduced
    assert without(pair, plain, ()) is plain


def test_a_setting_of_every_case_falls_back_to_the_ops_default_where_there_is_no_parameter():
    pair = catalogue()["losses.cross_entropy"]
    assert with_own_defaults(pair, parameters("x", "target")).options == {}
    assert with_own_defaults(pair, parameters("x", "target", "**rest")) is pair
    assert with_own_defaults(pair, parameters("x", "target", "ignore_index=other")) is pair
    norm = catalogue()["normalization.layer_norm"]  # its normalized_shape has no default
    assert with_own_defaults(norm, parameters("x", "shape")) is norm


# -- whole validations ---------------------------------------------------------------------------------------------------------
TORCH = "torch.nn.functional:"
RIGHT = [
    # candidate, op, directions, an excerpt of what is not covered ("": everything is)
    (TORCH + "mse_loss", "losses.mse_loss", 2, ""),
    (TORCH + "l1_loss", "losses.l1_loss", 2, ""),
    (TORCH + "huber_loss", "losses.huber_loss", 2, ""),
    (TORCH + "binary_cross_entropy_with_logits", "losses.binary_cross_entropy_with_logits", 2, ""),
    (TORCH + "scaled_dot_product_attention", "attention.scaled_dot_product_attention", 2, ""),
    (TORCH + "softmax", "activations.softmax", 2, ""),
    ("torch.nn:Softmax", "activations.softmax", 2, ""),
    ("torch.nn:PoissonNLLLoss", "losses.poisson_nll_loss", 2, ""),
    ("torch.nn:MSELoss", "losses.mse_loss", 2, "has no parameter `weight`"),
    ("torch.nn:BCEWithLogitsLoss", "losses.binary_cross_entropy_with_logits", 2, "has no parameter `weight`"),
    ("torch:logcumsumexp", "special.logcumsumexp", 2, ""),
    ("torch:logsumexp", "special.logsumexp", 2, "does not take these options"),
    (f"{GUESTS}:mse", "losses.mse_loss", 1, "has no parameter `weight`"),
    (f"{GUESTS}:swapped", "special.xlogy", 1, ""),
    (f"{GUESTS}:abbreviated", "losses.mse_loss", 1, "has no option `reduction`"),
    (f"{GUESTS}:Squared", "losses.mse_loss", 2, "has no option `reduction`"),
    (f"{GUESTS}:Reduced", "losses.mse_loss", 1, "has no parameter `weight`"),
    (f"{GUESTS}:Huber", "losses.huber_loss", 1, "has no parameter `weight`"),
    (f"{GUESTS}:linear", "linear.linear", 1, "requires `bias`"),
]


@pytest.mark.parametrize(("spec", "op", "directions", "missing"), RIGHT, ids=[f"{r[0].split(':')[1]}" for r in RIGHT])
def test_a_right_function_is_not_flagged_for_the_place_of_its_parameters(spec, op, directions, missing):
    result = validate(Candidate(spec), op, dtypes=["float32"], seed=1)
    shown = [f"{v.check.id}: {v.message}" for v in result.failures[:5]]
    assert [g.grade in ("tight", "parity", "stable") for g in result.grades] == [True] * directions, (result, shown)
    assert result.holds
    assert all(g.checks > 30 for g in result.grades), result
    reasons = {r.partition(": ")[2] for g in result.grades for r in g.not_covered}
    assert any(missing in r for r in reasons) if missing else not reasons, reasons


@pytest.mark.parametrize("name", ["dropout", "gumbel_softmax"])
def test_a_sampler_that_takes_no_generator_is_not_judged(name):
    result = validate(Candidate(TORCH + name), f"sampling.{name}", dtypes=["float32"], seed=1)
    assert (result.grade, {g.grade for g in result.grades}) == ("not covered", {"not covered"})
    assert {r.partition(": ")[2] or r for g in result.grades for r in g.not_covered} == {"has no parameter `rng`"}


def test_without_a_16_bit_kernel_only_the_checks_that_need_it_are_not_covered():
    result = validate(Candidate(TORCH + "local_response_norm"), "normalization.local_response_norm", dtypes=["float16"], seed=1)
    assert {g.direction: g.grade for g in result.grades} == {"forward": "parity", "backward": "stable"}
    assert {r.partition(": ")[0] for g in result.grades for r in g.not_covered} == {"images"}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_programs_of_a_torch_function_place_its_arguments_too(tmp_path, dtype):
    result = validate(Candidate(f"{GUESTS}:negated", arrays="torch"), "losses.mse_loss", dtypes=[dtype], seed=1)
    assert [g.grade for g in result.grades] == ["fail", "fail"]
    signs = [f.verdict.check.direction for f in result.findings if "has the wrong sign" in f.cause]
    assert signs == ["forward", "backward"]
    right = tmp_path / "right.py"
    right.write_text(GUESTS.read_text().replace("return -torch", "return torch"))
    shown = [f for f in result.findings if f.script]  # the first few have one
    assert set(signs) <= {f.verdict.check.direction for f in shown}
    for finding in (shown[0], shown[-1]):
        for text, code in ((finding.script, 1), (finding.script.replace(str(GUESTS), str(right)), 0)):
            program = tmp_path / "program.py"
            program.write_text(text)
            done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
            assert (done.returncode, "raised" in done.stdout) == (code, False), (done.stdout, done.stderr)
