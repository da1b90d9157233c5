"""What a candidate is asked beyond the suite's cases, and how it says that it does not take a dtype."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from parity.cases import Case
from parity.evaluate import Party

FRESH = 3
"""Fresh inputs of the ordinary kind in each dtype and direction; as many others are drawn from the hazards and options."""


def fresh_cases(cases: Sequence[Case], seed: int) -> list[Case]:
    """Cases with random bits that nobody knows before `seed` is drawn; then the ordinary one again, as it was at first."""
    drawn = [c for c in cases if c.stored is None and not c.layout and not c.name.startswith("every_") and not c.dtypes]
    rng = np.random.Generator(np.random.PCG64(seed))
    chosen = [cases[0]] * FRESH + [drawn[i] for i in rng.choice(len(drawn), min(FRESH, len(drawn)), replace=False)]
    fresh = [
        dataclasses.replace(c, name=f"fresh{i}_{c.name}", origin=c.origin or c.name, salt=f"/{seed}/{i}", cotangent="full")
        for i, c in enumerate(chosen, 1)
    ]
    return [*fresh, dataclasses.replace(cases[0], name="again_ordinary", origin=cases[0].origin or cases[0].name)]


NARROW = ("float16", "bfloat16")
NAMES = {
    "float64": "float64|[Dd]ouble",
    "float32": r"float32|Float\b|[Ss]ingle",
    "float16": "float16|[Hh]alf",
    "bfloat16": "[Bb][Ff]loat16",
}
"""What libraries call the dtypes."""
ANY_NAME = "|16.?bits?|dtype|input type|data type|argument type|not implemented for|[Ll]ow precision"
"""How they refuse a narrow one without naming it."""
REFUSALS = ("TypeError", "NotImplementedError")
"""The exceptions by which they refuse a dtype; a narrow one also by these:"""
UNTAKEN = "support|implement|must|only|expected|convert|kernel|loop|accept|allowed|valid|take"
"""What a TypeError says besides the name of a wide one, if it refuses that: it may merely show the type of a number."""
NARROW_REFUSALS = ("UFuncTypeError", "RuntimeError", "ValueError")
TYPING = ("TypingError", "NumbaTypeError", "NumbaValueError")
"""A compiler's, which are about types whatever they say."""


def refuses(party: Party, dtype: str) -> bool:
    """Whether a candidate says that it does not take this dtype (a wrong answer is no refusal, nor an error about others)."""
    said = re.sub(r"(tensor|array|Array)\([^()]*\)", "", party.error)  # an array that is shown names its dtype
    if dtype in NARROW:
        return party.error_type in TYPING or (
            party.error_type in REFUSALS + NARROW_REFUSALS and re.search(NAMES[dtype] + ANY_NAME, said) is not None
        )
    named = party.error_type in REFUSALS and re.search(NAMES[dtype], said) is not None
    return named and (party.error_type != "TypeError" or re.search(UNTAKEN, said) is not None)
