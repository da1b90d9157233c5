"""No element's result depends on its neighbours: shortcuts for whole arrays return the bits of the general form."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest

import npimpl
from npimpl._piecewise import cell, polynomial
from npimpl._regimes import either, patch, regimes, split
from parity.loader import catalogue, implementation, is_elementwise

MANY = 2048
UNARY = [op for op, pair in catalogue().items() if is_elementwise(op) and len(pair.arrays) == 1]


def with_rows() -> dict[str, object]:
    """Every function of npimpl that has rows, by module and name."""
    found = {}
    for module in pkgutil.walk_packages(npimpl.__path__, "npimpl."):
        for name, f in vars(importlib.import_module(module.name)).items():
            if callable(f) and hasattr(f, "regimes") and f.__module__ == module.name:
                found[f"{module.name}.{name}"] = f
    return found


ROWS = [(name, row) for name, f in with_rows().items() for row in f.regimes]


def inside(first: float, last: float) -> np.ndarray:
    """Numbers from `first` to `last`: of every size, next to both ends, zeros, infinities."""
    rng = np.random.default_rng(1)
    sizes = np.ldexp(rng.uniform(1.0, 2.0, 40 * MANY), rng.integers(-1074, 1024, 40 * MANY))
    near = np.ldexp(rng.uniform(0.5, 2.0, 4 * MANY), rng.integers(-40, 12, 4 * MANY))
    ends = [v for end in (first, last) for v in (end, np.nextafter(end, 0.0), end * 0.999, end * 1.001)]
    x = np.concatenate([ends, [0.0, -0.0, -np.inf, np.inf], sizes, -sizes, near, -near, ends[0] + near, ends[4] - near])
    return x[(x >= first) & (x <= last)]


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal, zeros with their signs; a nan is a nan."""
    equal = (a == b) & (np.signbit(a) == np.signbit(b))
    return a.dtype == b.dtype and bool(np.all(equal | (np.isnan(a) & np.isnan(b))))


def among_others(f, x: np.ndarray) -> np.ndarray:
    """f of x in the company of a nan and of numbers of every size, so that nothing holds for all of the array."""
    others = np.array([np.nan, 0.0, -0.3, 0.3, -0.7, 0.9, 1.4, -5.5, 5.5, -33.3, 33.3, -900.0, 900.0, -3e3, 3e3])
    return f(np.concatenate([x, others.astype(x.dtype)]))[: x.size]


def test_there_are_rows():
    assert len(with_rows()) >= 17
    assert len(ROWS) >= 45


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[f"{name}-{row[0]:g}..{row[1]:g}" for name, row in ROWS])
@np.errstate(all="ignore")
def test_a_regime_returns_the_bits_of_the_general_form(name, row):
    f = with_rows()[name]
    x = inside(row[0], row[1])
    assert x.size > MANY
    for part in np.array_split(x, x.size // MANY):
        assert same_bits(f(part), among_others(f, part))


@pytest.mark.parametrize("op", UNARY)
@np.errstate(all="ignore")
def test_an_elementwise_op_knows_no_neighbours(op):
    """Narrow windows all over the range, in which every condition holds for all or for none of the array."""
    pair, rng = catalogue()[op], np.random.default_rng(2)
    f = implementation(pair)
    for options in [dict(pair.options), *(dict(pair.options) | dict(v.options) for v in pair.variants if not v.shapes)]:
        for sign in (1.0, -1.0):
            for exponent in [*range(-32, 12), -1070, -400, -70, 26, 50, 70, 400, 1020]:
                x = sign * np.ldexp(rng.uniform(1.0, 1.001, MANY) + rng.integers(0, 8) / 8, exponent)
                assert same_bits(f(x, **options), among_others(lambda v, o=options: f(v, **o), x)), (options, x[0])


def test_a_wrong_row_is_noticed():
    @regimes((3.0, np.inf, 1.0))
    def tanh(x):
        return np.tanh(x)

    x = inside(3.0, np.inf)
    assert not same_bits(tanh(x), among_others(tanh, x))


@pytest.mark.parametrize("choose", [split, patch, either])
def test_two_forms_keep_the_order(choose):
    x = np.arange(-3.0, 4.0)
    assert choose(x > 0, np.negative, np.sqrt, np.abs(x)).tolist() == [*np.sqrt([3.0, 2.0, 1.0, 0.0]), -1.0, -2.0, -3.0]
    assert choose(x > 9, np.negative, np.positive, x).tolist() == x.tolist()
    assert choose(x > -9, np.negative, np.positive, x).tolist() == (-x).tolist()
    assert choose(x[:0] > 0, np.negative, np.positive, x[:0]).size == 0


def test_one_interval_is_looked_up_once():
    columns = np.arange(24.0).reshape(3, 8)
    x = np.array([1.26, 1.27, 1.3])
    index, h = cell(x, 0, 8)
    assert index == 2
    indices, distances = cell(np.append(x, 1.9), 0, 8)
    assert indices.tolist() == [2, 2, 2, 7]
    assert polynomial(columns, index, h).tolist() == polynomial(columns, indices, distances)[:3].tolist()
    assert np.ndim(cell(np.array([1.26, np.nan]), 0, 8)[0]) == 1
