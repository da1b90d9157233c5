"""The mistake behind a failure, where its pattern is known: every hypothesis is an experiment with a prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from parity.causes import branches, contract, digits, gradients, labels, normalizers, options, outputs, ranges, specials
from parity.causes.scene import Observe, Scene
from parity.judging import Seen
from parity.results import Grade
from parity.verdict import Check

Hypothesis = Callable[[Scene], str]

CONTRACT: tuple[Hypothesis, ...] = (
    contract.errors, contract.missing_gradient, contract.dtype, contract.layout, contract.shape, contract.restless,
)  # fmt: skip
DIGITS: tuple[Hypothesis, ...] = (digits.narrow_input, digits.narrow_result, digits.rounds_on_the_way)
EVERYWHERE: tuple[Hypothesis, ...] = (
    outputs.zero, gradients.cotangent, labels.counted, outputs.factor, gradients.slope, gradients.diagonal,
    options.another_option, options.another_argument, outputs.changed, outputs.offset, gradients.row_terms,
    options.another_op, normalizers.another_variance, branches.one_branch, digits.approximation,
)  # fmt: skip
SOMEWHERE: tuple[Hypothesis, ...] = (
    specials.swallowed, specials.flushed, specials.from_infinities, specials.at_corner, specials.ties, specials.at_zero,
    digits.one_pass, digits.one_by_one, digits.cancellation, ranges.leaves_range, ranges.rows_together,
)  # fmt: skip
"""From the most specific to the least, for failures that show at every input and those that show at some only."""


def likely_cause(
    check: Check, seen: Seen, grades: Sequence[Grade], failed: Sequence[tuple[Check, Seen]], observe: Observe
) -> str:
    """One sentence that names the mistake behind a failure; "" if none of the known ones makes it.

    Nothing is guessed: a sentence is returned only where what the mistake predicts was observed.
    """
    if check.direction == "distribution":
        return ""
    scene = Scene(check, seen, grades, failed, observe)
    with np.errstate(all="ignore"):
        return _first(scene, CONTRACT) or ("" if seen.party.error else _by_place(scene))


def _by_place(scene: Scene) -> str:
    everywhere = bool(scene.places) and scene.places[0] is not scene.seen
    order = (*DIGITS, *EVERYWHERE, *SOMEWHERE) if everywhere else (*SOMEWHERE, *DIGITS, *EVERYWHERE)
    return _first(scene, order)


def _first(scene: Scene, hypotheses: Sequence[Hypothesis]) -> str:
    return next((sentence for h in hypotheses if (sentence := _tested(h, scene))), "")


def _tested(hypothesis: Hypothesis, scene: Scene) -> str:
    """What a hypothesis says; nothing where the candidate's results have shapes or types that it has no prediction for."""
    try:
        return hypothesis(scene)
    except (ValueError, IndexError, TypeError, AttributeError, ArithmeticError):
        return ""
