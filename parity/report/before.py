"""The lines of a script that ask an earlier question first, in the same memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from parity.earlier import earlier_question
from parity.evaluate import Evaluation, prepare

CALL = """try:
    with np.errstate(all="ignore"):
        earlier = {call}
except Exception:  # what is judged is the answer that follows
    earlier = ()
"""
MIRRORED = """# Before: the same numbers in opposite order, in the same memory.
own = [a.copy() for a in inputs]
for a in inputs:
    a[...] = np.flip(a).copy()
{asked}for a, numbers in zip(inputs, own):
    a[...] = numbers
{kept}"""
OPTIONS = """# Before: the same numbers with other options.
{asked}{kept}"""
KEPT = """earlier = [a for a in (earlier if isinstance(earlier, (tuple, list)) else (earlier,)) if isinstance(a, np.ndarray)]
kept = [a.tobytes() for a in earlier]
"""
COMPARED = (
    "if kept != [a.tobytes() for a in earlier]:",
    '    problems.append("changed an earlier result")',
)
"""Lines that go before the verdict."""


def lines_before(e: Evaluation, call: str, call_of: Callable[[Evaluation], str]) -> str:
    """The lines; `call` is the text of the call that is judged, `call_of` makes that of another question."""
    earlier = earlier_question(e, prepare)
    if earlier is None:
        return ""
    if dict(e.case.before or {}) == dict(e.case.options):
        return MIRRORED.format(asked=CALL.format(call=call), kept=KEPT)
    return OPTIONS.format(asked=CALL.format(call=call_of(_with_the_same_arrays(earlier, e))), kept=KEPT)


def _with_the_same_arrays(earlier: Evaluation, e: Evaluation) -> Evaluation:
    """The earlier question with the later one's own arrays, where these are the same."""
    own = [a for a in (*e.built.arrays, *e.cotangents) if isinstance(a, np.ndarray)]

    def known(a: Any) -> Any:
        same = (b for b in own if isinstance(a, np.ndarray) and a.shape == b.shape and a.tobytes() == b.tobytes())
        return next(same, a)

    built = replace(earlier.built, arrays=tuple(map(known, earlier.built.arrays)))
    return replace(earlier, built=built, cotangents=tuple(map(known, earlier.cotangents)))
