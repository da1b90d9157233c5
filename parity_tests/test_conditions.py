"""Calling conditions: what an implementation may refuse is said in the rows, in one vocabulary, and changes no case."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from parity import kinds, loader, runner
from parity.cases import Case, build
from parity.formats import DTYPES
from parity.inputs.layouts import CONDITION_OF, LAYOUTS
from parity.inputs.listing import cases_of
from parity.pair import CONDITIONS, Pair, Variant, with_options, with_shapes

EXPECTED = Path(__file__).with_name("expected_checks.json")
ANNOTATED = list(loader.built_in())


def _given(pair: Pair, variant: Variant) -> list[tuple[str, tuple[int, ...]]]:
    """Role and shape of each array that is there."""
    absent = variant.options.get("_absent", ())
    return [(k.role, variant.shapes.get(k.name, k.shape)) for k in pair.arrays if k.name not in absent]


# -- the vocabulary ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("condition", ["", *CONDITIONS, "axis=None", "pad_width=((0,0),(-1,1))"])
def test_words_of_the_vocabulary_and_values_of_options_are_taken(condition):
    assert with_shapes("some", condition=condition, x=(2,)).condition == condition
    assert with_options(axis=None).if_taken(condition) == Variant({"axis": None}, condition=condition)


@pytest.mark.parametrize("condition", ["empty", "Empty arrays", "axis=", "=None", "the axis=None", "scalars", " axis=None"])
def test_other_words_are_refused(condition):
    with pytest.raises(ValueError, match=r"'some' has the condition .*one value of an option, such as 'axis=None'"):
        with_shapes("some", condition=condition, x=(2,))


@pytest.mark.parametrize("op", ANNOTATED)
def test_a_value_of_an_option_is_one_of_the_case(op):
    pair = loader.built_in()[op]
    for variant in pair.variants:
        name, equals, value = variant.condition.partition("=")
        if equals:
            options = {**variant.shapes, **pair.options, **variant.options}  # a shape may be an argument
            assert value == str(options[name]).replace(" ", ""), variant.name


def test_no_array_is_called_condition():
    assert not [op for op, pair in loader.built_in().items() for k in pair.arrays if k.name == "condition"]


# -- the rows ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("op", ANNOTATED)
def test_emptiness_and_lack_of_axes_are_named(op):
    pair = loader.built_in()[op]
    for variant in pair.variants:
        given = _given(pair, variant)
        floats = [shape for role, shape in given if role == "float"]
        if any(0 in shape for _, shape in given):
            assert variant.condition == "empty arrays", variant.name
        elif floats and not any(floats):
            assert variant.condition == "0-d arrays", variant.name


@pytest.mark.parametrize("op", loader.built_in())
def test_every_op_has_cases_that_nobody_may_refuse(op):
    pair = loader.built_in()[op]
    free = [c for c in cases_of(pair, loader.definition(op)) if not c.condition]
    assert free[0].name == "ordinary"


# -- the cases ---------------------------------------------------------------------------------------------------------
def test_layouts_have_the_words_of_their_memory():
    words = {
        "strided": "strided", "negative_stride": "negative strides", "fortran_order": "Fortran order",
        "broadcast": "zero strides",
    }  # fmt: skip
    assert words.keys() <= LAYOUTS.keys()
    assert words == {name: word for name, word in CONDITION_OF.items() if name in words}
    for op, pair in loader.catalogue().items():
        for case in cases_of(pair, loader.definition(op)):
            if case.name.startswith("layout_"):
                assert case.condition == CONDITION_OF.get(case.layout, ""), f"{op}: {case.name}"


@pytest.mark.parametrize("op", [op for op in loader.built_in() if loader.is_elementwise(op)])
def test_elementwise_ops_name_their_shapes(op):
    cases = {c.name: c.condition for c in cases_of(loader.built_in()[op], loader.definition(op))}
    assert cases["empty"] == cases["empty_2d"] == "empty arrays"
    assert cases["scalar"] == "0-d arrays"
    assert cases["one_element"] == cases["long"] == ""


@pytest.mark.parametrize("op", loader.built_in())
def test_a_variant_hands_its_condition_to_all_of_its_cases(op):
    pair = loader.built_in()[op]
    cases = cases_of(pair, loader.definition(op))
    for variant in pair.variants:
        own = [c for c in cases if c.name == variant.name or c.name.startswith((f"{variant.name}+", f"{variant.name}/"))]
        assert own
        assert [c.name for c in own if c.condition != (variant.condition or CONDITION_OF.get(c.layout, ""))] == []


# -- what conditions do not do -----------------------------------------------------------------------------------------
def _identity(case: Case):
    return case.name, case.seed_name(), dict(case.options), dict(case.shapes), case.absent, case.layout, tuple(case.hazards)


def _rows(pair: Pair) -> list[Case]:
    """The cases of the rows; what is made for every op leaves out the values of options that may be refused."""
    return [c for c in cases_of(pair, loader.definition(pair.op)) if c.references != ("truth",)]


@pytest.mark.parametrize("op", loader.built_in())
def test_conditions_change_no_case(op):
    pair = loader.built_in()[op]
    bare = replace(pair, variants=tuple(replace(v, condition="") for v in pair.variants))
    cases, same = _rows(pair), _rows(bare)
    assert [_identity(c) for c in cases] == [_identity(c) for c in same]
    for case, other in zip(cases, same, strict=True):
        if case.condition != other.condition:
            for x, y in zip(build(pair, case, "float32").arrays, build(bare, other, "float32").arrays, strict=True):
                assert x is y is None or np.asarray(x).tobytes() == np.asarray(y).tobytes()


def test_conditions_add_no_check():
    expected = json.loads(EXPECTED.read_text())
    assert {op: len(runner.checks_of(op)) for op in loader.built_in()} == expected


# -- what the rows say of None, of range and of exactness --------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", [op for op, pair in loader.built_in().items() if pair.meaning])
def test_none_is_the_number_that_the_row_says(op, dtype):
    pair = loader.built_in()[op]
    forward = loader.implementation(pair)
    built = build(pair, Case("infinities", {"x": pair.arrays[0].hostile.get("infinities", pair.arrays[0].ordinary)}), dtype)
    free = {name: value for name, value in built.options.items() if name not in pair.meaning}
    numbers = {name: meaning(dtype) for name, meaning in pair.meaning.items()}
    x, *others = built.arrays
    given = dict(zip([k.name for k in pair.arrays[1:]], others, strict=True))
    y, z = (forward(x, **given, **free, **chosen) for chosen in (dict.fromkeys(numbers), numbers))
    assert y.tobytes() == z.tobytes()


def test_ops_of_range_are_few():
    spanning = {op for op, pair in loader.built_in().items() if pair.spans_range}
    assert spanning == {
        "activations.log_softmax", "activations.logsigmoid", "activations.softmax", "activations.softmin",
        "activations.softplus", "linalg.slogdet", "reductions.norm", "special.logaddexp", "special.logcumsumexp",
        "special.logsumexp",
    }  # fmt: skip


def test_only_floats_are_perturbed_and_not_those_that_are_labels():
    draw = lambda rng, shape: rng.random(shape)  # noqa: E731 - a value, not a function of its own
    exact = (kinds.Labels(), kinds.Indices(), kinds.Mask(), kinds.Integers(), kinds.Noise("rng", (4,), draw), kinds.Signs())
    assert all(kind.exact for kind in exact)
    assert not any(kind.exact for kind in (kinds.Real(), kinds.Data(), kinds.Probability(), kinds.Simplex(), kinds.Positive()))
    assert kinds.Real().exactly().also(more=kinds.Real().ordinary).constant().exact
