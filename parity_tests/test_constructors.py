"""Classes that need more than the op has are refused at once; instances and factories are judged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from parity.asking import Isolated
from parity.cases import Case
from parity.errors import CandidateError
from parity.isolation import Candidate, Guest
from parity.loader import catalogue
from parity_tests.validated import validate

pytestmark = pytest.mark.skipif(os.name != "posix", reason="isolation needs a POSIX system")
FILE = f"{Path(__file__).parent / 'guests' / 'binding_torch.py'}:"


@pytest.mark.parametrize(
    ("spec", "op", "words"),
    [
        ("torch.nn:Linear", "linear.linear", "its constructor needs in_features and out_features"),
        ("torch.nn:GroupNorm", "normalization.group_norm", "its constructor needs num_channels"),
        ("torch.nn:Conv2d", "convolution.conv2d", "its constructor needs in_channels and out_channels"),
        ("torch.optim.lr_scheduler:CosineAnnealingLR", "schedules.cosine_annealing_lr", "its constructor needs optimizer"),
        ("torch.optim:SGD", "optimizers.sgd", "its constructor needs params"),
    ],
)
def test_a_class_that_needs_sizes_is_refused_in_one_sentence(spec, op, words):
    with pytest.raises(CandidateError) as caught:
        validate(Candidate(spec), op)
    assert words in str(caught.value)
    assert "give an instance or a factory" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "given", [torch.nn.Linear(3, 4), FILE + "make_linear", FILE + "linear"], ids=["object", "factory", "name"]
)
def test_an_instance_is_judged_but_for_what_it_always_has(given):
    result = validate(Candidate(given), "linear.linear", dtypes=["float32"], seed=1)
    assert [(g.direction, g.grade in ("tight", "parity")) for g in result.grades] == [("forward", True), ("backward", True)]
    assert {r.partition(": ")[2] for g in result.grades for r in g.not_covered} == {"always has `bias`"}


@pytest.mark.parametrize(
    ("given", "lacking", "held"),
    [(torch.nn.Linear(3, 4), (), "always has `bias`"), (torch.nn.Linear(3, 4, bias=False), ("bias",), "")],
)
def test_an_array_that_an_instance_has_not_is_left_out(given, lacking, held):
    with Guest(Candidate(given)) as guest:
        asker = Isolated(guest, catalogue()["linear.linear"])
        assert asker.lacking("forward") == lacking
        assert asker.lacks(asker.pair, Case("no_bias", absent=("bias",)), "forward") == held
        assert Isolated(guest, asker.pair).lacking("forward") == lacking  # whoever asks next knows


@pytest.mark.parametrize(
    ("spec", "op"), [("torch.nn:LayerNorm", "normalization.layer_norm"), ("torch.nn:PReLU", "activations.prelu")]
)
def test_a_class_whose_constructor_is_given_all_it_needs_is_made_for_each_call(spec, op):
    with Guest(Candidate(spec)) as guest:
        asker = Isolated(guest, catalogue()[op])
        assert (asker.directions, asker.lacking("forward")) == (("forward", "backward"), ())


def test_a_factory_that_fails_says_so():
    with pytest.raises(CandidateError, match="The factory raised ZeroDivisionError"), Guest(Candidate(lambda: 1 / 0)) as guest:
        guest.start()
