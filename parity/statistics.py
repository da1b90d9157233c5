"""Stochastic ops are judged against their distribution by a chi-square test with a stated false-alarm probability."""

from __future__ import annotations

import math
import zlib

import numpy as np
from flint import arb

from parity.cases import generator
from parity.evaluate import Implementation
from parity.pair import Pair
from parity.tolerances import Row
from parity.verdict import Check, Verdict


def chi_square_tail(statistic: float, degrees: int) -> float:
    """P(X >= statistic) for X chi-square: Q(degrees/2, statistic/2) (DLMF 8.2.4), in ball arithmetic."""
    return float(arb(statistic / 2).gamma_upper(arb(degrees) / 2, regularized=1))


def law_verdict(pair: Pair, check: Check, row: Row | None, ours: Implementation) -> Verdict:
    """Draw, count, test.  `units` is the statistic's surprise in powers of ten, `budget` the allowed one."""
    rule = None if row is None else row.data.get("statistical")
    if rule is None:
        return Verdict(check, "violated", math.inf, 0.0, "table", f"{check.op} has no `statistical` tolerance; add one.")
    law = pair.laws[check.hazard]
    n, allowed = rule["samples"], -math.log10(rule["false_alarm"])
    rng = generator(zlib.crc32(check.id.encode()))
    try:
        counts = np.bincount(np.asarray(law.draw(ours.forward, rng, n)).reshape(-1), minlength=len(law.probabilities))
    except Exception as error:
        return Verdict(
            check,
            "violated",
            math.inf,
            allowed,
            "error",
            f"raised {getattr(error, 'told', f'{type(error).__name__}: {error}')}",
        )
    expected = counts.sum() * np.asarray(law.probabilities)
    if len(counts) != len(expected) or counts.sum() < n:
        return Verdict(check, "violated", math.inf, allowed, "structure", f"drew categories {len(counts)} of {len(expected)}")
    if (counts[expected == 0] > 0).any():
        return Verdict(check, "violated", math.inf, allowed, "values", "drew a category of probability zero")
    kept = expected > 0
    statistic = float((((counts - expected) ** 2)[kept] / expected[kept]).sum())
    tail = chi_square_tail(statistic, int(kept.sum()) - 1)
    surprise = -math.log10(max(tail, 1e-300))
    status = "held" if surprise <= allowed else "violated"
    message = "" if status == "held" else f"chi-square {statistic:.4g} over {int(kept.sum())} categories has p = {tail:.2g}"
    return Verdict(check, status, surprise, allowed, "distribution", message)
