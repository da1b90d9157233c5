"""What is asked for is resolved once, and every wrong word of it is one sentence."""

from __future__ import annotations

import pytest

import parity
from parity.errors import NothingSelected, ParityError
from parity.request import gate, selection, validation


def relu(x):
    return x * (x > 0)


@pytest.mark.parametrize(
    ("forward", "op", "settings", "words"),
    [
        (3, "activations.relu", {}, "3 is no function; give a function"),
        (relu, 3, {}, "3 is no op; name one"),
        (relu, "losses", {}, "'losses' is a family of 20 ops; name one of them"),
        (relu, "relu", {"timeout": -1}, "timeout=-1 is no time or size; give seconds above 0"),
        (relu, "relu", {"timeout": 0}, "timeout=0 is no time or size"),
        (relu, "relu", {"memory": "much"}, "memory='much' is no time or size; give GiB above 0"),
        (relu, "relu", {"arrays": "cupy"}, "'cupy' is no kind of arrays; allowed: auto, numpy, torch, jax"),
        (relu, "relu", {"dtypes": ["float8"]}, "'float8' is no dtype; allowed: float64"),
        (relu, "relu", {"directions": "sideways"}, "'sideways' is no direction"),
        (relu, "relu", {"strict": "perfect"}, "'perfect' is no grade to ask for; allowed: tight, parity, stable"),
        (relu, "relu", {"tolerence": 1}, "there is no setting 'tolerence'"),
        (relu, "relu", {"rename": ["dim"]}, "rename=['dim'] is no mapping of names"),
        ("kernels.py:relu", "relu", {"isolate": False}, "With isolate=False give the function itself"),
    ],
)
def test_a_wrong_word_is_one_sentence(forward, op, settings, words):
    with pytest.raises(ParityError) as refused:
        validation(forward, op, **settings)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_dtype_that_the_op_has_not_selects_nothing():
    with pytest.raises(NothingSelected, match="its dtypes are float64"):
        validation(relu, "calculus.jacobian", dtypes=["float16"])


def test_one_word_stands_for_a_list_of_one():
    request = validation(relu, "relu", dtypes="float32", directions="forward", forbid="torch", skip="one_nan")
    assert (request.dtypes, request.directions, request.forbid, request.skip) == (
        ("float32",), ("forward",), ("torch",), ("one_nan",),
    )  # fmt: skip


def test_strict_alone_asks_for_tight():
    assert [gate(x) for x in (True, False, "", "tight", "parity", "stable")] == ["tight", "", "", "tight", "parity", "stable"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dtypes": "float8"}, "'float8' is no dtype"),
        ({"references": "jax"}, "'jax' is no reference; allowed: truth, torch, scipy"),
        ({"hazards": "nosuchhazard"}, "Nothing is selected"),
    ],
)
def test_a_selection_of_nothing_is_refused(settings, words):
    with pytest.raises(ParityError, match=words):
        selection(["relu"], **settings)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("x.ndim ==", "is no expression"),
        ("__import__('os')", "holds Call, which is not allowed"),
        ("x.strides == 1", "asks for .strides"),
        ("y.ndim == 2", "names 'y'; the arrays are x"),
        ("[x for x in x.shape]", "holds ListComp"),
    ],
)
def test_a_domain_compares_what_arrays_look_like_and_nothing_else(where, words):
    with pytest.raises(ParityError) as refused:
        parity.validate(relu, "activations.relu", where=where, isolate=False)
    assert words in str(refused.value)
