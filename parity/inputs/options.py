"""Settings in which every two values of two options meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

from parity.pair import Pair

LEFT_OUT = "left out"
"""Stands for an option that is not given, so that its default holds."""
Choice = tuple[str, int]
"""An option, and which of its values."""
Row = dict[str, int]
"""Of each option which of its values."""


def values_of(pair: Pair) -> dict[str, list[Any]]:
    """Every value of every option: left out, those of the variants without shapes of their own, and the pair's `values`."""
    found: dict[str, list[Any]] = {}
    given = [dict(v.options) for v in pair.variants if not v.shapes and not v.condition]
    for options in [*given, *({n: v} for n, values in pair.values.items() for v in values)]:
        for name, value in options.items():
            known = found.setdefault(name, [LEFT_OUT])
            if not name.startswith("_") and not any(value is k or (type(value) is type(k) and value == k) for k in known):
                known.append(value)
    return {name: values for name, values in found.items() if not name.startswith("_")}


def settings(pair: Pair) -> Iterator[dict[str, Any]]:
    """Settings that the op allows, in which any two values of two options meet at least once, if they may."""
    values = values_of(pair)

    def given(row: Row) -> dict[str, Any]:
        return {n: values[n][i] for n, i in row.items() if values[n][i] is not LEFT_OUT}

    def allowed(row: Row) -> bool:
        return pair.together is None or pair.together({**pair.options, **given(row)})

    yield from filter(None, map(given, pairwise(values, allowed)))


def pairwise(values: Mapping[str, Sequence[Any]], allowed: Callable[[Row], bool] = lambda row: True) -> list[Row]:
    """Allowed rows of choices (by their numbers) that hold every pair of choices of two options that some row may hold."""
    if len(values) < 2:
        return [row for name, each in values.items() for i in range(len(each)) if allowed(row := {name: i})]
    choices = {name: [(name, i) for i in range(len(each))] for name, each in values.items()}
    missing = {frozenset(p) for a, b in combinations(choices, 2) for p in product(choices[a], choices[b])}
    rows = []
    while missing:
        first = min(sorted(p) for p in missing)
        row = _row(choices, first, missing, allowed)
        missing -= {frozenset(first), *(frozenset(p) for p in combinations(row.items(), 2))}
        if row:
            rows.append(row)
    return rows


def _row(choices: Mapping[str, Sequence[Choice]], first: Sequence[Choice], missing: set[frozenset[Choice]], allowed) -> Row:
    """A pair of choices, with such others as make the most missing pairs and are allowed; no choice where none are."""
    row = dict(first)
    for name in choices:
        fitting = [c for c in choices[name] if allowed({**row, c[0]: c[1]})] if name not in row else ()
        if fitting:
            row[name] = max(fitting, key=lambda c: sum(frozenset((c, k)) in missing for k in row.items()))[1]
    return row if allowed(row) else {}
