"""Every op meets every kind of input: places, layouts, cotangents, lengths, pairs of options; what is missing is named."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from parity.cases import generator
from parity.formats import FORMATS
from parity.inputs.cotangents import COTANGENTS, cotangent_of
from parity.inputs.layouts import LAYOUTS, laid_out
from parity.inputs.lengths import as_asked, at_length
from parity.inputs.met import met
from parity.inputs.options import pairwise, values_of
from parity.inputs.places import PLACES, mixed, paired, placed, scaled
from parity.kinds import Data
from parity.loader import built_in, is_elementwise
from parity.pair import Axis, Pair
from parity.runner import cases

OPS = list(built_in())
FMT = FORMATS["float32"]


@pytest.mark.parametrize("op", OPS)
def test_every_op_meets_every_kind_of_input(op):
    assert {m.what: m.missing for m in met(as_asked(built_in()[op], is_elementwise(op)), cases(op)) if m.missing} == {}


def test_what_is_not_met_is_named():
    missing = {m.what: m.missing for m in met(built_in()["reductions.norm"], cases("reductions.norm")[:1])}
    assert "nan_middle" in missing["extreme numbers × places"]
    assert "axis=0 with keepdims=True" in missing["pairs of option values"]
    assert "axis 1 with 1025" in missing["lengths of axes"]
    assert "reversed_axes" in missing["layouts"]


def test_two_values_of_two_options_meet():
    values = {"a": [0, 1, 2], "b": [0, 1], "c": [0, 1, 2, 3], "d": [0, 1]}
    rows = pairwise(values)
    for (m, xs), (n, ys) in combinations(values.items(), 2):
        assert {(r[m], r[n]) for r in rows} == set(product(range(len(xs)), range(len(ys))))
    assert len(rows) <= 16


def test_options_are_taken_from_the_rows():
    assert values_of(built_in()["losses.kl_div"])["reduction"][1:]


@pytest.mark.parametrize("place", PLACES)
def test_a_number_is_put_where_it_is_said(place):
    x = placed(Data("x"), "inf", place)((3, 8), FMT, generator(1))
    at = {"first": [(0, 0)], "middle": [(1, 4)], "last": [(2, 7)], "apart": [(2, 0), (2, 7)]}[place]
    assert [tuple(map(int, p)) for p in np.argwhere(np.isinf(x))] == at


def test_ordinary_rows_stand_between_extreme_ones():
    x = mixed(Data("x"), 0)((5, 8), FMT, generator(1))
    assert np.isfinite(x[1::2]).all()
    assert not np.isfinite(x).all()


def test_two_different_numbers_stand_in_each_row():
    seen = set()
    for turn in range(8):
        for row in paired(Data("x"), turn)((3, 8), FMT, generator(1)):
            odd = row[~np.isfinite(row) | (row == 0) | (np.abs(row) > 2.0**32) | (np.abs(row) < FMT.tiny)]
            assert len(odd) == 2
            seen.add(tuple((bool(np.signbit(v)), str(abs(v))) for v in odd))
    assert len(seen) == 24
    assert {((False, "nan"), (False, "inf")), ((False, "inf"), (False, "nan"))} & seen


@pytest.mark.parametrize("turn", range(4))
def test_one_row_or_column_is_of_another_size(turn):
    x = np.abs(np.moveaxis(scaled(Data("x"), turn)((3, 8), FMT, generator(1)), 0 if turn < 2 else -1, 0))
    part, rest = (x[-1], x[:-1]) if turn % 2 else (x[0], x[1:])
    assert part.max() < 2.0**-20 * rest.max() or rest.max() < 2.0**-20 * part.max()


@pytest.mark.parametrize("name", COTANGENTS)
def test_cotangents_are_what_they_are_called(name):
    dy = cotangent_of(name, (3, 4), FMT, generator(1))
    assert dy.dtype == np.float32
    facts = {
        "zeros": (dy == 0).any() and (dy != 0).any(), "one_hot": np.count_nonzero(dy) == 1,
        "tiny": np.abs(dy).max() < 16 * FMT.tiny, "huge": np.abs(dy).min() > 2.0**100,
        "one_value": not any(dy.strides), "reversed": max(dy.strides) < 0, "swapped": dy.strides[0] < dy.strides[1],
    }  # fmt: skip
    assert facts.get(name, True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_layout_changes_what_has_no_elements_or_no_axes(layout):
    for shape in ((), (0, 3)):
        x = np.zeros(shape)
        assert laid_out(x, layout) is x


def test_lengths_are_written_in_n():
    pair = Pair("some.op", (Data("x"),), None, axes=(Axis({"x": (2, "n+3"), "w": ("4n",)}, {"size": ("n",)}),))
    assert at_length(pair, pair.axes[0], 9) == ({"x": (2, 12), "w": (36,)}, {"size": (9,)})
    assert at_length(pair, pair.axes[0], 2049) is None
