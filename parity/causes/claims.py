"""Claims about a mistake, and the one rule by which they are believed.

A claim is believed if what it predicts was seen at two inputs of different numbers and at the example that is shown, and if
no claim of another kind explains the same observations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parity.causes.comparing import Predicted, agrees, evidence, is_wrong, truths, values
from parity.causes.diagnosis import LARGE, Diagnosis, Predict

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

MORE = ("third", "fourth", "fifth", "sixth")
"""Further ordinary inputs, where two of them say too little."""
EVIDENCE = 20.0
"""Bits that must speak for a prediction; see `comparing.evidence`."""


@dataclass(frozen=True)
class Claim:
    """One mistake: its kind, the sentence that names it, and how it is tested."""

    kind: str
    """Claims of one kind name the same mistake; claims of different kinds are alternatives."""
    sentence: str
    predict: Predict | None = None
    """What the candidate returns at an input if the claim is true."""
    shows: Callable[[Seen], bool] | None = None
    """Whether an experiment that begins at a failing input comes out as the claim says."""
    everywhere: bool = False
    """The claim is about every input: ordinary inputs must show it."""


Hypothesis = Callable[[Diagnosis], Iterable[Claim]]


def believed(d: Diagnosis, hypotheses: Sequence[Hypothesis], overrules: dict[str, tuple[str, ...]]) -> Claim | None:
    """The only claim that is true of the failure; None where there is none, or several that cannot be told apart."""
    kept: dict[str, Claim] = {}
    for claim in _claims(d, hypotheses):
        if claim.kind not in kept and verified(d, claim):
            kept[claim.kind] = claim
    kept = _tied(d, kept)
    for kind in list(kept):
        for other in [o for o in kept if any(_is(o, weaker) for weaker in overrules.get(kind.partition(" ")[0], ()))]:
            kept = {k: c for k, c in kept.items() if k != other or k == kind}
    return next(iter(kept.values())) if len(kept) == 1 else None


def _is(kind: str, family: str) -> bool:
    return kind == family or kind.partition(" ")[0] == family


def _claims(d: Diagnosis, hypotheses: Sequence[Hypothesis]) -> Iterator[Claim]:
    """Every claim; a hypothesis that has no prediction for such shapes or types makes none."""
    for hypothesis in hypotheses:
        try:
            yield from hypothesis(d)
        except (ValueError, IndexError, TypeError, AttributeError, ArithmeticError):
            continue


def _tied(d: Diagnosis, kept: dict[str, Claim]) -> dict[str, Claim]:
    """Of several claims, those that explain the most of the other failures."""
    if len(kept) < 2 or any(c.predict is None for c in kept.values()):
        return kept
    counts = {k: sum(fits(c, s) is True for s in d.elsewhere) for k, c in kept.items()}
    return {k: c for k, c in kept.items() if counts[k] == max(counts.values())}


def verified(d: Diagnosis, claim: Claim) -> bool:
    """Whether the claim came true at two inputs of different numbers, and at the example."""
    try:
        return _shown(d, claim) if claim.shows is not None else _predicted(d, claim)
    except (ValueError, IndexError, TypeError, AttributeError, ArithmeticError):
        return False


def _shown(d: Diagnosis, claim: Claim) -> bool:
    """An experiment is repeated from a second failing input, and from the example."""
    if not claim.shows(d.seen) or d.second is None or not claim.shows(d.second):
        return False
    return d.example is None or d.example is d.seen or claim.shows(d.example)


def _predicted(d: Diagnosis, claim: Claim) -> bool:
    if claim.everywhere and not d.ordinary:
        return False
    bits, witnesses = 0.0, 0
    for seen, needed in _witnesses(d):
        if not needed and witnesses >= 2 and bits >= EVIDENCE:
            break
        wanted = prediction(claim, seen)
        if wanted is None and not is_wrong(seen):
            continue  # nothing is predicted where nothing is wrong
        if wanted is None or not agrees(seen.party.outputs, wanted, seen.evaluation.dtype):
            return False
        gained = evidence(seen, wanted)
        bits, witnesses = bits + gained, witnesses + (gained > 0)
    if witnesses < 2 or bits < EVIDENCE:
        return False
    return all(fits(claim, s) is not False for s in (d.seen, d.example) if s is not None) and _explains(d, claim)


def _witnesses(d: Diagnosis) -> Iterator[tuple[Seen, bool]]:
    """Two ordinary inputs, or the failing input with a second one, and an ordinary one where nothing may be wrong.

    Each with whether the claim must come true there in any case: further ordinary inputs are asked only if these say too
    little.
    """
    if d.ordinary:
        yield from ((seen, True) for seen in d.ordinary)
        for salt in MORE:
            more = d.fresh(salt, d.ordinary[0].evaluation.dtype)
            if more is not None and is_wrong(more):
                yield more, False
        return
    plain = d.fresh("cause")
    for seen in (d.seen, d.second, plain):
        if seen is not None and (not seen.party.error or seen is d.seen):
            yield seen, True


def _explains(d: Diagnosis, claim: Claim) -> bool:
    """Whether the claim explains the failing input and the example: what is large is not judged again."""
    shown = [s for s in (d.seen, d.example) if s is not None]
    return all(fits(claim, s) is True or _size(s) > LARGE for s in shown)


def _size(seen: Seen) -> int:
    return sum(np.size(a) for a in seen.evaluation.built.arrays if a is not None)


def prediction(claim: Claim, seen: Seen) -> Predicted:
    """What the claim predicts at an input; None where the mistake cannot be made there."""
    try:
        with np.errstate(all="ignore"):
            return claim.predict(seen)
    except Exception:  # the mistake cannot be made at this input
        return None


def fits(claim: Claim, seen: Seen) -> bool | None:
    """Whether an answer is as predicted where the prediction and the truth are finite; None where nothing is predicted."""
    wanted = prediction(claim, seen)
    if wanted is None:
        return None
    where = [None if w is None or t is None or values(w).shape != t.shape else np.isfinite(values(w)) & np.isfinite(t)
             for w, t in zip(wanted, truths(seen), strict=False)]  # fmt: skip
    if not any(w is None or w.any() for w in where):
        where = None
    return agrees(seen.party.outputs, wanted, seen.evaluation.dtype, where)


Run = Callable[[Diagnosis, "Seen"], "tuple[str, str] | None"]
"""An experiment from a failing input: a mark of how it came out, and the sentence; None where it does not show."""


def experiment(kind: str, run: Run) -> Hypothesis:
    """The hypothesis that an experiment comes out in the same way from every failing input that it begins at."""

    def once(d: Diagnosis, seen: Seen) -> tuple[str, str] | None:
        key = (kind, id(seen))
        if key not in d.kept:
            with np.errstate(all="ignore"):
                d.kept[key] = None if seen.party.error else run(d, seen)
        return d.kept[key]

    def hypothesis(d: Diagnosis) -> Iterator[Claim]:
        found = once(d, d.seen)
        if found is not None:
            mark, sentence = found
            yield Claim(kind, sentence, shows=lambda seen: (again := once(d, seen)) is not None and again[0] == mark)

    return hypothesis
