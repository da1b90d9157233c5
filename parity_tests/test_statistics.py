"""The chi-square judge: right laws pass, wrong ones do not, and its tail probabilities are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from parity.evaluate import Implementation
from parity.pair import Law, Pair
from parity.statistics import chi_square_tail, law_verdict
from parity.tolerances import Row
from parity.verdict import Check

RULE = {"statistical": {"test": "chi_square", "samples": 20_000, "false_alarm": 1e-6, "why": "a test of the test"}}


@pytest.mark.parametrize(("statistic", "degrees"), [(0.5, 1), (3.0, 2), (20.0, 5), (90.0, 15), (300.0, 10)])
def test_tail_probability(statistic, degrees):
    assert chi_square_tail(statistic, degrees) == pytest.approx(scipy.stats.chi2.sf(statistic, degrees), rel=1e-10)


@pytest.mark.parametrize(
    ("p", "status"),
    [((0.5, 0.3, 0.2), "held"), ((0.5, 0.25, 0.25), "violated"), ((0.2, 0.3, 0.5), "violated"), ((0.5, 0.5, 0.0), "violated")],
)
def test_a_law(p, status):
    law = Law(lambda op, rng, n: op(rng, n), (0.5, 0.3, 0.2))
    pair = Pair("a.b", (), None, laws={"law": law})
    ours = Implementation(lambda rng, n: rng.choice(3, size=n, p=p), None)
    verdict = law_verdict(pair, Check("a.b", "float64", "distribution", "truth", "law"), Row("a.b", 1, RULE), ours)
    assert verdict.status == status, verdict


def test_false_alarms_are_as_rare_as_stated():
    """With a false-alarm probability of 1 %, about 1 % of right samplers are refused: neither none nor many."""
    rng = np.random.Generator(np.random.PCG64(1))
    p = np.array([0.4, 0.3, 0.2, 0.1])
    counts = rng.multinomial(2000, p, size=4000)
    tails = [chi_square_tail(float(((c - 2000 * p) ** 2 / (2000 * p)).sum()), 3) for c in counts]
    refused = int(sum(t < 0.01 for t in tails))
    assert 15 <= refused <= 70
