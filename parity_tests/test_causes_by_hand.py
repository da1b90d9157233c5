"""A sample of the wrong implementations, drawn anew each day: nothing is said of them that a reader has not found right."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest

from parity_tests.candidates import all_candidates
from parity_tests.causes_by_hand import by_hand, causes_of, heads_by_hand, key_of, kind_of

SIZE = 60


def _day() -> str:
    """The day of the tree's last change, or of its newest file where there is no history."""
    root = Path(__file__).parent
    found = subprocess.run(
        ["git", "-C", str(root), "log", "-1", "--format=%cs"], capture_output=True, text=True, check=False
    ).stdout.strip()
    newest = max(int(p.stat().st_mtime) for p in root.rglob("*.py")) // 86400
    return found if re.fullmatch(r"\d{4}-\d\d-\d\d", found) else str(newest)


DAY = _day()
SAMPLE = random.Random(DAY).sample(sorted(all_candidates("wrong"), key=key_of), SIZE)


@pytest.mark.parametrize("candidate", SAMPLE, ids=[key_of(c) for c in SAMPLE])
def test_nothing_unread_is_said(candidate, table):
    said, known = causes_of(candidate, table), heads_by_hand().get(key_of(candidate), [])
    unread = [s for s in said if kind_of(s) not in known]
    assert not unread, f"sample of {DAY}: judge by hand whether this is the mistake of {key_of(candidate)}: {unread}"


def test_every_wrong_implementation_is_judged():
    known = by_hand()
    assert not [key_of(c) for c in all_candidates("wrong") if key_of(c) not in known]
    assert set(known.values()) <= {"right", "none"}, "a misleading cause must go"
    heads = heads_by_hand()
    assert all((known[key] == "right") == bool(heads[key]) for key in known)
