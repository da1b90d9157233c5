"""Failures in groups: each group is one bug, as far as what was seen can tell.

`grouped` parts failures by what is seen at once; `explained` finds the cause of each group, parts a group that its cause does
not explain, and joins groups that have one cause.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parity.causes import diagnosed
from parity.causes.claims import Claim, fits
from parity.causes.comparing import is_wrong
from parity.causes.diagnosis import Diagnosis, Observe
from parity.causes.wording import worded

if TYPE_CHECKING:
    from parity.candidate.grade import Seen
    from parity.results import Grade
    from parity.verdict import Check

Failure = tuple["Check", "Seen"]
PREFERRED = ("float32", "float64", "float16", "bfloat16")
ORDINARY = "ordinary"
FEW = 4
"""Hazards at most at which wrong numbers are taken for different bugs."""
DEPTH = 3
"""How often a group is parted by causes that do not explain all of it."""


@dataclass(frozen=True)
class Group:
    """Failures of one bug, the first of them the one to show, and its cause ("" if it is not known)."""

    failures: tuple[Failure, ...]
    cause: str = ""


def grouped(failed: Sequence[Failure]) -> list[list[Failure]]:
    """The failed checks in groups that never mix what differs at sight; the example to show comes first in each.

    Two exceptions with different words (numbers, shapes and paths apart), a rounding error and a wrong number, a nan and a
    missing nan, or two directions are different. Wrong numbers at a few hazards only are parted by hazard; where ordinary
    numbers are wrong as well, or many hazards show it, they are one.
    """
    by_symptom: dict[tuple, list[Failure]] = {}
    for check, seen in failed:
        by_symptom.setdefault(_symptom(check, seen), []).append((check, seen))
    groups: dict[tuple, list[Failure]] = {}
    for key, items in by_symptom.items():
        apart = _is_told_apart(items)
        for item in items:
            groups.setdefault((*key, hazard_of(item[0])) if apart else key, []).append(item)
    return [sorted(g, key=_order) for g in groups.values()]


def _is_told_apart(items: Sequence[Failure]) -> bool:
    """Whether wrong numbers at a few hazards are taken for as many bugs: not at ordinary numbers, nor at many hazards."""
    if items[0][1].judged.outcome.stage != "values" or seen_in_words(items[0][1]):
        return False
    hazards = {hazard_of(c) for c, _ in items}
    return len(hazards) <= FEW and not any(_is_ordinary(c) for c, _ in items)


def hazard_of(check: Check) -> str:
    """The hazard without the options and the argument that it was met with."""
    return check.hazard.rsplit("+", 1)[-1].rsplit(".", 1)[-1]


def seen_in_words(seen: Seen) -> bool:
    """Whether a failure has a sentence of its own: an exception, or a result of another form."""
    return bool(seen.party.error) or seen.judged.outcome.stage in ("error", "structure", "shape", "dtype")


def _symptom(check: Check, seen: Seen) -> tuple:
    stage, party = seen.judged.outcome.stage, seen.party
    if party.error:
        return check.direction, stage, party.error_type, worded(party.error)
    return check.direction, stage, "", "wrong" if is_wrong(seen) else f"rounded {check.dtype in ('float16', 'bfloat16')}"


def _is_ordinary(check: Check) -> bool:
    return check.hazard == ORDINARY or check.hazard.endswith(f"_{ORDINARY}")


def _order(item: Failure):
    """What is shown first: ordinary numbers, in a dtype that everybody has, without options, of few elements."""
    check, seen = item
    built = seen.evaluation.built
    size = sum(np.size(a) for a in built.arrays if a is not None)
    dtype = PREFERRED.index(check.dtype) if check.dtype in PREFERRED else len(PREFERRED)
    return check.hazard != ORDINARY, bool(seen.evaluation.case.options), dtype, size == 0, size


# -- groups with their causes ------------------------------------------------------------------------------------------------
def explained(failed: Sequence[Failure], grades: Sequence[Grade], observe: Observe, limit: int = 4) -> list[Group]:
    """The groups with their causes; what one cause explains is one group, across hazards, dtypes and directions.

    `limit` is the number of groups whose causes are looked for.
    """
    found: list[Group] = []
    waiting = [(g, 0) for g in grouped(failed)]
    left = limit
    while waiting:
        group, depth = waiting.pop(0)
        if left <= 0:
            found.append(Group(tuple(group)))
            continue
        left -= 1
        claim = diagnosed(Diagnosis(*group[0], grades, failed, observe))
        mine, others = _parted(claim, group)
        found.append(Group(tuple(mine), claim if isinstance(claim, str) else claim.sentence))
        if others:
            waiting.insert(0, (others, depth + 1)) if depth < DEPTH else found.append(Group(tuple(others)))
    return merged(found)


def _parted(claim: Claim | str, group: list[Failure]) -> tuple[list[Failure], list[Failure]]:
    """The failures that a claim explains, or says nothing of; and those that it contradicts."""
    if isinstance(claim, str) or claim.predict is None:
        return group, []
    against = [fits(claim, seen) is False for _, seen in group]
    mine = [f for f, no in zip(group, against, strict=True) if not no]
    return mine, [f for f, no in zip(group, against, strict=True) if no]


def merged(groups: Sequence[Group], key: Callable[[str], str] = lambda cause: cause.partition(":")[0]) -> list[Group]:
    """The groups, those with one cause joined; groups without a cause, or with different ones, stay apart.

    Sentences are the same if they agree up to their first colon: the numbers of an example follow it.
    """
    joined: dict[object, Group] = {}
    for i, g in enumerate(groups):
        name = key(g.cause) if g.cause else i
        first = joined.get(name)
        joined[name] = g if first is None else Group(first.failures + g.failures, first.cause)
    return list(joined.values())
