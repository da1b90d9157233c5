"""A candidate judged as `parity.validate` judges it, from a `Candidate` as the isolation takes it."""

from __future__ import annotations

from typing import Any

from parity.isolation import Candidate, Limits
from parity.request import validation
from parity.results import ValidationResult
from parity.tolerances import Table
from parity.validation import validate as judged


def validate(
    candidate: Candidate, op: str, *, table: Table | None = None, limits: Limits | None = None, **settings: Any
) -> ValidationResult:
    """The result for a candidate with these settings."""
    names = {"backward": "backward", "arrays": "arrays", "rename": "rename", "forbid": "forbid", "python": "python"}
    given = {ours: getattr(candidate, theirs) for ours, theirs in names.items()}
    if limits is not None:
        given |= {"timeout": limits.seconds, "memory": limits.memory / 2**30, "total": limits.total}
    return judged(validation(candidate.forward, op, **given, **settings), table)
