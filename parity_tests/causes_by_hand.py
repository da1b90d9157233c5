"""What is said of the causes of deliberately wrong implementations: `python -m parity_tests.causes_by_hand [WORD]`.

Prints each wrong implementation whose op or name holds WORD, its groups of failures and their causes, for reading; the
verdicts of the reader are in `causes_by_hand.json`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from parity import runner
from parity.causes.groups import Group, explained
from parity.evaluate import evaluate
from parity.grading import Grading, InProcess
from parity.loader import catalogue
from parity.tolerances import Table, read_table
from parity_tests.candidates import Candidate, all_candidates

FILE = Path(__file__).with_suffix(".json")
"""{"op: name": "right" or "none"}: whether the causes that are said of a wrong implementation are its mistakes."""
KINDS = FILE.with_name("causes_by_hand_kinds.json")
"""{"op: name": [kind, …]}: the kinds of the sentences that were read; see `kind_of`."""


@lru_cache(maxsize=4096)
def _evaluated(op: str, hazard: str, dtype: str, direction: str):
    return evaluate(catalogue()[op], runner.case_of(op, hazard, dtype, direction), dtype, direction)


def key_of(candidate: Candidate) -> str:
    """A wrong implementation's name in the list."""
    return f"{candidate.op}: {candidate.name}"


def by_hand() -> dict[str, str]:
    """The verdicts of a reader."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def heads_by_hand() -> dict[str, list[str]]:
    """The kinds of the sentences that a reader has found right."""
    return json.loads(KINDS.read_text(encoding="utf-8"))


def kind_of(sentence: str) -> str:
    """A sentence without what changes from input to input: its first clause, numbers left out."""
    return " ".join(re.sub(r"[-+]?\d[\d.e+-]*", "#", sentence.partition(": ")[0]).split())[:90]


def groups_of(candidate: Candidate, table: Table, source: Callable | None = _evaluated) -> list[Group]:
    """The first failures of a wrong implementation, one in each dtype and direction, with their causes."""
    asker = InProcess(candidate.forward, candidate.backward)
    grading = Grading(candidate.op, asker, table, source, first_failure=True)
    grades = grading.grades(candidate.dtypes)
    plain = Grading(candidate.op, asker, table)
    return explained(grading.failed, grades, plain.observe)


def causes_of(candidate: Candidate, table: Table) -> list[str]:
    """The sentences that are said of a wrong implementation."""
    return [g.cause for g in groups_of(candidate, table) if g.cause]


def main(words: list[str]) -> None:
    """Print the causes of every wrong implementation that is asked for."""
    table, known = read_table(), by_hand() if FILE.exists() else {}
    for candidate in sorted(all_candidates("wrong"), key=lambda c: (c.op, c.name)):
        key = key_of(candidate)
        if all(w in key for w in words):
            print(f"{key} [{known.get(key, 'not judged')}]", flush=True)
            for group in groups_of(candidate, table):
                check = group.failures[0][0]
                print(f"    {check.direction} {check.dtype} {check.hazard}: {group.cause or '-'}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
