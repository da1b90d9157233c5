"""Cases with an earlier question: other numbers in the same memory, the same numbers with other options, in either order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from parity.cases import Case
from parity.inputs.options import LEFT_OUT, values_of
from parity.pair import Pair

SETTINGS = 6
"""Options at most that are asked between."""


def refilled() -> Case:
    """The ordinary question, after its numbers in opposite order stood in the same memory."""
    return Case("refilled", origin="ordinary", before={})


def between(pair: Pair, drawn: Sequence[Case]) -> Iterator[Case]:
    """For each option, the same numbers without it and with it, or first with it and then without."""
    for i, case in enumerate(_one_for_each(pair, drawn)):
        if i % 2:
            yield replace(
                case, name=f"ordinary_after_{case.name}", options={}, before=case.options, origin=case.name, condition=""
            )
        else:
            yield replace(case, name=f"{case.name}_after_ordinary", before={}, origin="ordinary")


def _one_for_each(pair: Pair, drawn: Sequence[Case]) -> list[Case]:
    """For each option one case with it, in the shapes of the ordinary one; then others with the same options."""
    plain = [c for c in drawn if c.options and not (c.hazards or c.shapes or c.absent or c.layout or c.dtypes)]
    plain += [Case(f"{n}={v}".replace(" ", "").replace("'", ""), options={n: v}) for n, v in _alone(pair)]
    first: dict[tuple[str, ...], Case] = {}
    for case in plain:
        first.setdefault(tuple(case.options), case)
    return [*first.values(), *(c for c in plain if c not in first.values())][:SETTINGS]


def _alone(pair: Pair) -> Iterator[tuple[str, object]]:
    """Options that only the pair's `values` name, each alone, where it may be."""
    known = {n for v in pair.variants for n in v.options}
    for name, values in values_of(pair).items():
        chosen = next((v for v in values if v is not LEFT_OUT), LEFT_OUT)
        allowed = pair.together is None or pair.together({**pair.options, name: chosen})
        if name not in known and chosen is not LEFT_OUT and allowed:
            yield name, chosen
