"""The chi-square judge: right laws pass, wrong ones do not, and its tail probabilities are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from parity.cases import generator
from parity.evaluate import Implementation, library
from parity.loader import catalogue
from parity.pair import Law, Pair
from parity.samplers import place_normals
from parity.statistics import _independent, _uniform, chi_square_tail, law_checks, law_outcome, law_verdict
from parity.tolerances import Row
from parity.verdict import Check
from parity_tests.candidates import Candidate

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


# -- candidates, judged by laws alone ------------------------------------------------------------------------------------------
def _violations(candidate: Candidate, table):
    """Every law that a candidate breaks and no limit explains."""
    pair = catalogue()[candidate.op]
    for dtype in candidate.dtypes:
        for check in law_checks(pair, dtype):
            verdict = law_outcome(pair, check, dtype, table.rows[pair.op], candidate.forward, candidate.backward)
            if verdict.status == "violated" and "limit" not in verdict.detail:
                yield verdict


@pytest.mark.parametrize("op", [op for op, pair in catalogue().items() if pair.laws])
def test_ours_follows_every_law(op, table):
    pair = catalogue()[op]
    ours = library(pair)
    candidate = Candidate(op, "ours", ours.forward, ours.backward, pair.dtypes)
    assert not list(_violations(candidate, table))


def test_every_case_of_a_stochastic_op_has_its_law():
    for op, pair in catalogue().items():
        assert bool(law_checks(pair, "float64")) == bool(pair.laws), op
        if pair.laws:
            assert pair.sampler is not None, f"{op}: say in its pair how a sample is read"
            names = [c.name for c in law_checks(pair, "float64")]
            assert len(names) == len(set(names))
            assert {"ordinary", *pair.laws, *(v.name for v in pair.variants)} <= set(names)
            assert ("gradient_ordinary" in names) == pair.differentiable


def _laws(pair):
    return {law.name: law for law in law_checks(pair, "float64")}


def test_a_gradient_alone_belongs_to_the_documented_draws(table):
    pair = catalogue()["sampling.dropout"]
    law, row, backward = _laws(pair), table.rows[pair.op], library(pair).backward
    assert law_outcome(pair, law["gradient_ordinary"], "float64", row, None, backward).status == "held"
    assert law_outcome(pair, law["ordinary"], "float64", row, None, backward).status == "skipped"


def test_another_salt_asks_with_other_noise(table):
    pair, seen = catalogue()["sampling.dropout"], []

    def spy(x, rng, **options):
        seen.append(rng.bit_generator.state["state"]["state"])
        return library(pair).forward(x, rng, **options)

    for salt in ("", "another"):
        assert law_outcome(pair, _laws(pair)["ordinary"], "float64", table.rows[pair.op], spy, salt=salt).status == "held"
    assert len(set(seen)) > len(seen) // 2


# -- places --------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(50,), (3000,), (30, 1000)])
def test_uniform_places_are_refused_as_rarely_as_stated(shape):
    rng = generator(2)
    drawn = [rng.random(shape) for _ in range(400)]
    assert sum(_uniform(u) < 0.02 for u in drawn) <= 22
    assert sum(_independent(u, 0) < 0.02 for u in drawn) <= 22


def test_places_of_rounded_draws_are_uniform():
    rng = generator(3)
    y = (1.0 + 0.01 * rng.standard_normal(20_000)).astype(np.float16)  # a few tens of different numbers
    assert _uniform(place_normals(y, 1.0, 0.01, "float16", rng)) > 1e-6
    assert _uniform(place_normals(y, 1.001, 0.01, "float16", rng)) < 1e-9


def test_dependent_places_are_seen():
    u = generator(4).random((2, 500))
    assert _independent(u, 0) > 1e-6
    assert _independent(np.stack([u[0], u[0]]), 0) < 1e-9
    assert _independent(np.stack([u[0], 1 - u[0]]), 0) < 1e-9
