"""Structure: what an op is given has none that would hide an exchange of axes, rows or operands."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from parity.cases import Case, build
from parity.loader import built_in
from parity.pairs._equations import OPERANDS, equations
from parity.pairs.calculus import FUNCTIONS
from parity.runner import cases

OPS = list(built_in())
EQUATIONS = list(equations())


def _matrices(op: str) -> list[tuple[str, np.ndarray]]:
    """Each array of floats as a matrix, by name, in its usual shape."""
    built = build(built_in()[op], Case("ordinary"), "float64")
    named = [(k.name, a) for k, a in zip(built.kinds, built.arrays, strict=True) if k.role == "float" and a is not None]
    return [(n, a.reshape(-1, a.shape[-1])) for n, a in named if a.ndim > 1 and min(a.shape[-2:]) > 1]


# -- numbers -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("op", OPS)
def test_no_matrix_is_a_product_of_a_column_and_a_row(op):
    assert not [n for n, a in _matrices(op) if np.linalg.matrix_rank(np.nan_to_num(a, nan=7.0, posinf=8.0, neginf=-9.0)) < 2]


@pytest.mark.parametrize("op", OPS)
def test_no_matrix_is_its_own_flip_or_transpose(op):
    for name, a in _matrices(op):
        others = [a[::-1], a[:, ::-1], a[::-1, ::-1], *([a.T, a[::-1, ::-1].T] if len(a) == len(a.T) else [])]
        assert not [i for i, b in enumerate(others) if np.allclose(a, b)], name


def _jacobian(name: str) -> np.ndarray:
    x, h = np.array([0.5, -1.25, 2.0, 0.75]), 2.0**-20
    steps = h * np.eye(len(x))
    return np.stack([np.atleast_1d((FUNCTIONS[name](x + s) - FUNCTIONS[name](x - s)) / (2 * h)) for s in steps], axis=-1)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"x_sin_x", "two_results"}))
def test_no_function_has_a_symmetric_jacobian(name):
    """But for the elementwise one; and the one that must be refused."""
    j = _jacobian(name)
    assert j.shape[0] != j.shape[1] or not np.allclose(j, j.T, atol=1e-3)


def test_functions_have_as_many_results_as_arguments_and_more_and_fewer():
    assert {np.sign(len(j) - len(j.T)) for j in map(_jacobian, set(FUNCTIONS) - {"two_results"})} == {-1, 0, 1}


# -- numbers of arrays -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("op", ["tensor.stack", "tensor.concatenate"])
def test_one_two_three_and_many_arrays_are_joined(op):
    pair = built_in()[op]
    met = Counter(sum(a is not None for a in build(pair, c, "float32").arrays) for c in cases(op) if not c.refused)
    assert {1, 2, 3, 7} <= set(met)


def test_every_two_ranks_are_multiplied_with_batch_axes_of_length_one():
    pair = built_in()["linear.matmul"]
    shapes = [tuple(a.shape for a in build(pair, c, "float32").arrays) for c in cases(pair.op) if not c.refused]
    assert set(product(range(1, 5), repeat=2)) <= {(len(x), len(other)) for x, other in shapes}
    for one, rest in ((0, 1), (1, 0)):
        assert any(1 in s[one][:-2] and 1 not in s[rest][:-2] and len(s[rest]) == 4 for s in shapes)


# -- equations ---------------------------------------------------------------------------------------------------------
def test_equations_are_the_same_every_day():
    assert list(equations()) == EQUATIONS
    assert len({s.options["equation"] for s in EQUATIONS}) > 30


@pytest.mark.parametrize("n", range(1, len(OPERANDS) + 1))
def test_equations_have_each_number_of_operands(n):
    assert sum(s.options["equation"].count(",") == n - 1 for s in EQUATIONS) >= 8


def _parts(structure) -> tuple[list[str], str | None]:
    left, arrow, right = structure.options["equation"].partition("->")
    return left.split(","), right if arrow else None


def _has_trace(structure) -> bool:
    terms, result = _parts(structure)
    return any(t.count(c) > 1 and c not in (result or "") for t in terms for c in set(t) - {"."})


def _has_diagonal(structure) -> bool:
    terms, result = _parts(structure)
    return any(t.count(c) > 1 and c in (result or "") for t in terms for c in set(t) - {"."})


def _is_outer(structure) -> bool:
    terms, result = _parts(structure)
    letters = [c for t in terms for c in t if c != "."]
    return (
        len(terms) > 1 and min(map(len, terms)) > 0 and len(set(letters)) == len(letters) and set(letters) <= set(result or "")
    )


def _has_different_dots(structure) -> bool:
    terms, _ = _parts(structure)
    shapes = [structure.shapes[n] for n in OPERANDS[: len(terms)]]
    return len({len(s) - len(t.replace("...", "")) for s, t in zip(shapes, terms, strict=True) if "..." in t}) > 1


def _is_implicit(structure) -> bool:
    return _parts(structure)[1] is None


def _keeps_a_letter_for_the_last(structure) -> bool:
    """Of four operands, the first and the last share a letter that neither the others nor the result have."""
    terms, result = _parts(structure)
    return len(terms) == 4 and bool((set(terms[0]) & set(terms[3])) - set(terms[1] + terms[2] + (result or "") + "."))


@pytest.mark.parametrize(
    "feature", [_has_trace, _has_diagonal, _is_outer, _has_different_dots, _is_implicit, _keeps_a_letter_for_the_last]
)
def test_equations_have_each_feature_more_than_once(feature):
    assert sum(map(feature, EQUATIONS)) >= 2


def test_a_shared_letter_has_one_length():
    for s in EQUATIONS:
        lengths: dict[str, set[int]] = {}
        for term, name in zip(_parts(s)[0], OPERANDS, strict=False):
            letters = term.replace("...", "." * (len(s.shapes[name]) - len(term.replace("...", ""))))
            for c, n in zip(letters, s.shapes[name], strict=True):
                lengths.setdefault(c, set()).add(n)
        assert all(len(n) == 1 for c, n in lengths.items() if c != "."), s.name
