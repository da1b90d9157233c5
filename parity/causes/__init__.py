"""The mistake behind a failure, where its pattern is known: every hypothesis is an experiment with a prediction.

All hypotheses are tested in the same way (see `claims`); a sentence is returned only if one alone is true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from parity.causes import arguments, branches, contract, digits, factors, gradients, labels, normalizers, options, outputs
from parity.causes.claims import Claim, Hypothesis, believed
from parity.causes.diagnosis import Diagnosis, Observe
from parity.causes.ranges import RANGES
from parity.causes.specials import SPECIALS

if TYPE_CHECKING:
    from parity.candidate.grade import Seen
    from parity.results import Grade
    from parity.verdict import Check

CONTRACT: tuple[Callable[[Diagnosis], str], ...] = (
    contract.errors, contract.missing_gradient, contract.dtype, contract.layout, contract.shape, contract.form,
    contract.restless,
)  # fmt: skip
"""What is seen without mathematics; each is a fact, so that the first one counts."""
HYPOTHESES: tuple[Hypothesis, ...] = (
    outputs.zero, gradients.cotangent, labels.counted, factors.factor, gradients.slope, gradients.diagonal, gradients.reach,
    options.another_option, arguments.another_argument, outputs.changed, factors.offset, gradients.row_terms,
    arguments.another_op, normalizers.another_variance, branches.one_branch, *digits.NARROW, *digits.ACCURACY, *SPECIALS,
    *RANGES,
)  # fmt: skip
OVERRULES: dict[str, tuple[str, ...]] = {
    # An option's other value says where a branch, a factor, a sign or another op's result comes from.
    "option": ("branch", "factor", "count", "approximate", "op", "argument", "variance", "exchanged"),
    "axis": ("move", "row", "count"),  # an axis says where an order or a sum comes from
    "op": ("branch", "count", "row", "factor"),  # so does another op
    "slope": ("op", "option"),  # a slope says what a gradient is, an op only that another one has the same
    "sign": ("slope", "op", "change"),  # a sign is less than another function: 1 - y is -y too where y is large
    "zero": ("cotangent", "slope", "row", "change", "option", "absent"),  # zero is seen; the others would make it
    "change": ("offset",),  # a count from one is more than a difference of one
    "count": ("row",),  # a sum of equal gradients is a count
    "order": ("exchanged",),  # results in another order need no exchanged arrays
    "move": ("cotangent",),  # the order of a gradient is seen, that of its cotangent is not
    "corner": ("zero-input", "ties", "branch"),  # a corner says at which points, and that both sides are right
    "nan": ("zero-input", "infinite"),  # the nan is what is lost, whatever stands beside it
    "rows": ("range",),  # the row alone is right at the size at which it fails beside the others
    "naive": ("cancellation", "range"),  # a formula says which digits are lost, and at which sizes
    "written": ("cancellation", "range"),
    "narrow-input": ("narrow-result", "approximate", "rounds"),  # what is read in a narrow dtype is also returned in it
    "narrow-result": ("approximate", "rounds"),
    "approximate": ("cancellation",),  # float32's rounding looks like a cancellation, float64's error does not
    "range": ("rounds",),
    "unstable": ("ties", "zero-input", "branch", "option"),  # which elements change places, and that their numbers are right
}
"""A kind of claim, and the kinds that it explains: where both are true, the first says more."""


def likely_cause(
    check: Check,
    seen: Seen,
    grades: Sequence[Grade],
    failed: Sequence[tuple[Check, Seen]],
    observe: Observe,
    example: Seen | None = None,
) -> str:
    """One sentence that names the mistake behind a failure; "" if none of the known ones makes it, or several may.

    `example` is the failure as it is shown, if that is another input than `seen`: the cause must explain it too.
    """
    if check.direction == "distribution":
        return ""
    found = diagnosed(Diagnosis(check, seen, grades, failed, observe, example))
    return found if isinstance(found, str) else found.sentence


def diagnosed(d: Diagnosis) -> Claim | str:
    """The claim that is believed, or the sentence of a fact; "" where there is neither."""
    with np.errstate(all="ignore"):
        if d.seen.party.error or d.seen.judged.outcome.stage == "shape":
            claim = believed(d, (options.wrong_axis,), OVERRULES)
            if claim is not None:
                return claim
        for fact in CONTRACT:
            sentence = _fact(fact, d)
            if sentence:
                return sentence
        return "" if d.seen.party.error else believed(d, HYPOTHESES, OVERRULES) or ""


def _fact(fact: Callable[[Diagnosis], str], d: Diagnosis) -> str:
    """What a look at the answer says; nothing where the results have shapes or types that it does not know."""
    try:
        return fact(d)
    except (ValueError, IndexError, TypeError, AttributeError, ArithmeticError):
        return ""
