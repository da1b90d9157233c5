"""What a check is called and what came of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parity.errors import ParityError

STATUSES = ("held", "violated", "known", "cured", "skipped")
_ID = re.compile(r"(?P<op>[^-]+)-(?P<dtype>[^-]+)-(?P<direction>[^-]+)-(?P<reference>truth|torch|scipy)-(?P<hazard>.+)")


@dataclass(frozen=True, order=True)
class Check:
    """One check: an op, in a dtype and a direction, against a reference, at a hazard."""

    op: str
    dtype: str
    direction: str
    reference: str
    hazard: str

    @property
    def id(self) -> str:
        """The stable id: pytest id, JSON row and replay argument."""
        return f"{self.op}-{self.dtype}-{self.direction}-{self.reference}-{self.hazard}"

    @classmethod
    def parse(cls, text: str) -> Check:
        """The check that an id names."""
        match = _ID.fullmatch(text.strip())
        if match is None:
            raise ParityError(f"{text!r} is no check id; one looks like activations.softmax-float32-forward-torch-one_inf.")
        return cls(**match.groupdict())


@dataclass(frozen=True)
class Verdict:
    """The answer of one check.  Read `.status`: a verdict refuses to be used as a truth value.

    status: "held"; "violated"; "known" (a listed difference of the reference occurred, as it must); "cured" (a listed
    difference no longer occurs, on a version or path that is not certified); "skipped" (with the reason in `message`).
    """

    check: Check
    status: str
    units: float = 0.0
    """The worst error of the party judged, in units of u * scale."""
    budget: float = math.inf
    """What is allowed, in the same units."""
    stage: str = "values"
    message: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        raise TypeError("A Verdict has no truth value: read `.status`, so that no answer is dropped by accident.")

    @property
    def used(self) -> float:
        """The share of the budget that was used."""
        if self.units == 0:
            return 0.0
        return self.units / self.budget if self.budget else math.inf

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; numbers that JSON has no word for become strings."""
        row = {"id": self.check.id, **self.check.__dict__, "status": self.status, "units": _plain(self.units)}
        row |= {"budget": _plain(self.budget), "stage": self.stage}
        if self.message:
            row["message"] = self.message
        if self.detail:
            row["detail"] = {k: _plain(v) for k, v in self.detail.items()}
        return row


def _plain(value):
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else str(value)
    return value
