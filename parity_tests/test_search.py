"""The worst-case search finds what it should, stays where it may, and reports what can be reproduced."""

from __future__ import annotations

import json

import numpy as np
import pytest

import npimpl.reductions
import npimpl.special
from parity.cases import Case, Stored, build, with_stored
from parity.check.errors import STAGES, stages, units_of
from parity.check.regions import regions_at
from parity.check.verdict import compare
from parity.errors import ParityError
from parity.evaluate import evaluate, library
from parity.evidence import decode_stored, encode_stored
from parity.formats import DTYPES, FORMATS
from parity.kinds import Data, Positive, Probability, Real, Signs, Simplex
from parity.loader import catalogue
from parity.measure import REFERENCE_LIMIT
from parity.oracle import OracleError, Truth
from parity.rounding import nearest
from parity.runner import case_of, judge_party
from parity.search import explore, nothing_to_find, pool, search, structured, unary
from parity.search.findings import Meter, Target
from parity.search.mutations import CHANGES, changed, copied
from parity.search.patterns import all_binades, binades, bounds, keys_of, numbers, top_key
from parity.search.ranges import cotangent_range, range_of
from parity.search.scores import Task, scores, ulp
from parity.tolerances import Row

QUICK = {"budget": 1500, "seeds": (0,)}


def found(findings, who="ours", kind="budget", region=None):
    (one,) = [f for f in findings if (f.who, f.kind, f.region) == (who, kind, region)]
    return one


def evaluated(f, stored: Stored):
    case = with_stored(f.case, stored, "again")
    return evaluate(catalogue()[f.op], case, f.dtype, f.direction)


# -- bit patterns ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", FORMATS)
def test_numbers_as_integers_keep_their_order(dtype):
    fmt = FORMATS[dtype]
    x = np.array([-fmt.max, -1.0, -fmt.smallest, -0.0, 0.0, fmt.smallest, fmt.tiny, 1.0, 1 + fmt.eps, fmt.max])
    keys = keys_of(x, dtype)
    assert (np.diff(keys) > 0).all()
    assert list(keys[3:6]) == [-1, 0, 1]
    assert keys[8] == keys[7] + 1
    assert keys[-1] == top_key(dtype)
    assert numbers(keys, dtype).tobytes() == x.astype(DTYPES[dtype]).tobytes()


@pytest.mark.parametrize("dtype", FORMATS)
def test_binades_cover_every_finite_number_once(dtype):
    low, high = bounds(all_binades(dtype), dtype)
    assert (low[1:] == high[:-1] + 1).all()
    assert (low[0], high[-1]) == (-top_key(dtype) - 1, top_key(dtype))
    assert (binades(low, dtype) == binades(high, dtype)).all()


# -- scores ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", FORMATS)
def test_stages_are_those_that_compare_reports(dtype):
    rng = np.random.default_rng(3)
    fmt = FORMATS[dtype]
    values = np.array([0.0, -0.0, 1.0, -2.0, fmt.max, -fmt.max, np.inf, -np.inf, np.nan, 2 * fmt.max, fmt.smallest])
    with np.errstate(all="ignore"):
        for _ in range(400):
            hi = rng.choice(values, size=1)
            truth = Truth(nearest(hi, np.zeros(1), dtype), hi, np.zeros(1), np.abs(hi), rng.integers(-1, 2, size=1))
            got = rng.choice(values, size=1).astype(DTYPES[dtype])
            assert STAGES[stages(got, truth, dtype)[0]] == compare(got, truth, np.inf, dtype).stage


@pytest.mark.parametrize(("op", "direction"), [("special.erf", "forward"), ("activations.softmax", "backward")])
@pytest.mark.parametrize("who", ["ours", "torch"])
def test_the_worst_score_is_what_the_suite_judges(op, direction, who):
    task = Task(op, "float32", direction, (who,))
    row = Row(op, 0, {"budget": {}, "reference": {}})
    for hazard in ("ordinary", "largest", "signed_zeros"):
        e = evaluate(task.pair, case_of(op, hazard, "float32", direction), "float32", direction)
        worst = max(s.units.max() for s in scores(task, e, who) if s is not None)
        assert worst == judge_party(e, e.party(who, task.ours), row, who)[0].units


@pytest.mark.parametrize(
    ("got", "hi", "lo", "expected"),
    [(1.0, 1.0, 0.0, 0.0), (1 + 2**-23, 1.0, 0.0, 1.0), (1.0, 1.0, 2.0**-24, 0.5), (0.0, 2.0**-149, 0.0, 1.0),
     (np.nan, 1.0, 0.0, np.inf), (np.nan, np.nan, 0.0, 0.0), (np.inf, np.inf, 0.0, 0.0), (1.0, np.inf, 0.0, np.inf),
     (np.inf, 2.0**127, 0.0, 2.0**23), (np.inf, 2.0**130, 0.0, 0.0), (2.0**-149, 0.0, 0.0, 1.0),
     (np.inf, 2.0**-1074, 0.0, 2.0**277)],
)  # fmt: skip
def test_ulp_is_in_spacings_at_the_exact_result(got, hi, lo, expected):
    hi, lo = np.array([hi]), np.array([lo])
    truth = Truth(nearest(hi, lo, "float32"), hi, lo, np.abs(hi))
    assert ulp(float(np.float32(got)), truth, (0,), "float32") == expected


def region_row(op, low, high, floor):
    region = {"input": [low, high], "direction": "backward", "dtypes": ["float32"], "units": 9, "floor": floor}
    return Row(op, 0, {"budget": {}, "regions": [region]})


def test_the_floor_of_a_region_grows_with_the_cotangent():
    regions = region_row("special.erf", 1.0, 2.0, 0.5).regions("ours", "backward", "float32")
    index, floor = regions_at(regions, np.array([0.5, 1.0, 2.0, 2.5]), np.array([1.0, -2.0, 3.0, 4.0]))
    assert index.tolist() == [-1, 0, 0, -1]
    assert floor.tolist() == [0.0, 1.0, 1.5, 0.0]


# -- elementwise ops: planted faults -----------------------------------------------------------------------------------
def plant(monkeypatch, name, wrong):
    """`npimpl.special.<name>` is off by 100 units in the last place where `wrong(x)`."""
    right = getattr(npimpl.special, name)

    def planted(x):
        y = np.asarray(right(x))
        return np.where(wrong(np.asarray(x)), y * (1 + 100 * FORMATS[y.dtype.name].u), y).astype(y.dtype)

    monkeypatch.setattr(npimpl.special, name, planted)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_fault_in_one_binade_is_found(monkeypatch, dtype):
    plant(monkeypatch, "expm1", lambda x: (x >= 2.0**-20) & (x < 2.0**-19))
    one = found(search("special.expm1", dtype, "forward", whos=("ours",)))
    assert one.units > 90
    assert 2.0**-20 <= float(one.stored.arrays["x"][0]) < 2.0**-19


def test_a_fault_in_a_window_of_a_million_float32_numbers_is_found(monkeypatch):
    first = int(keys_of([0.011], "float32")[0])
    plant(monkeypatch, "expm1", lambda x: abs(keys_of(x, "float32").reshape(x.shape) - first) < 2**19)
    one = found(search("special.expm1", "float32", "forward", whos=("ours",)))
    assert one.units > 90


def test_a_fault_of_one_option_alone_is_found(monkeypatch):
    import npimpl.activations

    right = npimpl.activations.softplus

    def planted(x, beta=1.0, threshold=20.0):
        y = right(x, beta, threshold)
        return y * np.float32(1.001) if beta == 2.0 else y

    monkeypatch.setattr(npimpl.activations, "softplus", planted)
    one = found(search("activations.softplus", "float32", "forward", whos=("ours",), **QUICK))
    assert one.units > 1000
    assert one.case.options["beta"] == 2.0


# -- elementwise ops: known maxima -------------------------------------------------------------------------------------
def exhaustive(op, dtype, who):
    """The worst error over all finite inputs of a 16-bit dtype, within reach of a budget."""
    pair = catalogue()[op]
    x = np.arange(65536, dtype=np.uint16).view(DTYPES[dtype])
    x = x[np.isfinite(x.astype(np.float64))]
    case = with_stored(case_of(op, "ordinary", dtype, "forward"), Stored({"x": x}), "all")
    e = evaluate(pair, case, dtype, "forward")
    units = units_of(e.party(who, library(pair)).outputs[0], e.truths[0], dtype)
    return units[units <= (np.inf if who == "ours" else REFERENCE_LIMIT[dtype])].max()


@pytest.mark.parametrize("op", ["special.erf", "special.expm1", "activations.mish", "special.digamma"])
def test_nearly_the_worst_of_all_float16_inputs_is_found(op):
    task = Task(op, "float16", "forward", ("ours", "torch"))
    findings = unary.explore(task, None, (0, 1, 2), None, ())
    for who in ("ours", "torch"):
        assert found(findings, who).units >= 0.95 * exhaustive(op, "float16", who)


@pytest.mark.parametrize(
    ("op", "dtype", "who", "ulps"),
    [
        ("special.digamma", "float32", "torch", 1e8),
        ("special.lgamma", "float64", "scipy", 187),
        ("special.erfc", "float64", "scipy", 50),
    ],
)
def test_errors_that_are_known_are_found(op, dtype, who, ulps):
    findings = search(op, dtype, "forward", whos=(who,))
    assert found(findings, who, "extreme").ulp > ulps


# -- what a finding says -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("op", ["special.erfc", "reductions.var"])
def test_a_search_is_deterministic(op):
    limits = {"budget": 1200 if op == "special.erfc" else 12, "seeds": (0, 5)}
    first, again = (search(op, "float32", "backward", **limits) for _ in range(2))
    assert [(f.who, f.units, f.element, f.results) for f in first] == [(f.who, f.units, f.element, f.results) for f in again]
    assert first


@pytest.mark.parametrize(
    ("op", "dtype", "direction"),
    [
        ("special.erfc", "float64", "forward"),
        ("activations.gelu", "bfloat16", "backward"),
        ("losses.cross_entropy", "float32", "backward"),
    ],
)
def test_a_witness_survives_the_evidence_file(op, dtype, direction):
    findings = search(op, dtype, direction, budget=12 if op.startswith("losses") else 1500, seeds=(0,))
    assert {f.who for f in findings} >= {"ours", "torch"}
    task = Task(op, dtype, direction, ("ours", "torch", "scipy"))
    for f in findings:
        data = json.loads(json.dumps(encode_stored(f.case, f.stored)))
        e = evaluated(f, decode_stored(data, f.ulp is not None))
        units = max(s.units.max() for s in scores(task, e, f.who) if s is not None)
        assert units == f.units


def test_the_worst_inputs_of_an_elementwise_op_come_from_different_places():
    one = found(search("special.erfc", "float64", "forward", **QUICK), "scipy")
    x = one.stored.arrays["x"]
    assert 1 < x.size <= 8
    assert len(set(keys_of(x, "float64") >> 49)) == x.size
    e = evaluated(one, one.stored)
    units = units_of(e.party("scipy", library(e.pair)).outputs[0], e.truths[0], "float64")
    assert (np.diff(units) <= 0).all()
    assert units.max() <= 128


def test_points_of_a_region_are_scored_with_its_floor_and_count_for_it_alone():
    row = region_row("special.digamma", -1e6, -0.25, 1.0)
    findings = search("special.digamma", "float32", "backward", row=row, whos=("ours",), **QUICK)
    inside, outside = found(findings, region=0), found(findings)
    assert (inside.stored.arrays["x"] <= -0.25).all()
    assert not ((outside.stored.arrays["x"] >= -1e6) & (outside.stored.arrays["x"] <= -0.25)).any()
    e = evaluated(inside, inside.stored)
    got = e.party("ours", library(e.pair)).outputs[0]
    floor = np.abs(e.cotangents[0].astype(np.float64))
    assert units_of(got, e.truths[0], "float32", floor).max() == inside.units
    assert units_of(got, e.truths[0], "float32").max() > inside.units


def test_what_the_caller_starts_from_is_tried():
    x = np.float64(-0.9137462937)  # where nothing of the op's own leads
    start = [Stored({"x": np.array([x])}, (np.array([1.25]),))]
    task = Task("special.erf", "float64", "backward", ("ours",))
    (tried,) = unary._pools(task, start, Meter(None))
    assert keys_of([x], "float64")[0] in tried.keys[tried.cotangents == 1.25]


def test_inputs_without_a_proven_truth_are_dropped_and_counted(monkeypatch):
    original = pool.evaluate

    def undecided(pair, case, dtype, direction):
        if (case.stored.arrays["x"] == 1.0).any():
            raise OracleError("undecided")
        return original(pair, case, dtype, direction)

    monkeypatch.setattr(pool, "evaluate", undecided)
    explored = explore("special.erf", "float64", "forward", **QUICK)
    assert explored.undecided == 1
    assert explored.findings


def test_a_time_limit_ends_a_search():
    for op in ("special.erf", "activations.softmax"):
        explored = explore(op, "float32", "backward", seconds=0.2)
        assert explored.findings
        assert explored.evaluations < (30_000 if op == "special.erf" else 200)  # without a limit: 61,000 and 214


# -- other ops ---------------------------------------------------------------------------------------------------------
def only_ordinary(monkeypatch):
    monkeypatch.setattr(structured, "cases", lambda op: (Case("ordinary"),))


def test_a_one_pass_variance_fails_from_benign_inputs(monkeypatch):
    def one_pass(x, axis=None, correction=1.0, keepdims=False):
        n = x.dtype.type(x.shape[axis])
        return ((x * x).sum(axis) - x.sum(axis) ** 2 / n) / x.dtype.type(n - correction)

    only_ordinary(monkeypatch)
    monkeypatch.setattr(npimpl.reductions, "var", one_pass)
    task = Task("reductions.var", "float32", "forward", ("ours",))
    before = scores(task, evaluate(task.pair, Case("ordinary"), "float32", "forward"), "ours")[0]
    one = found(search("reductions.var", "float32", "forward", whos=("ours",)))
    assert before.units.max() < 100
    assert one.units > 1000


def test_integers_and_masks_stay_as_the_case_has_them():
    one = found(search("losses.cross_entropy", "float32", "backward", budget=12, seeds=(0,)))
    assert set(one.stored.arrays) <= {"x", "weight"}
    own = build(catalogue()[one.op], one.case, "float32").arrays[1]
    assert (evaluated(one, one.stored).built.arrays[1] == own).all()


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
@pytest.mark.parametrize("shape", [(), (1,), (3, 4)])
def test_every_change_keeps_shape_and_what_is_not_finite(change, shape, monkeypatch):
    from parity.search import mutations

    monkeypatch.setattr(mutations, "CHANGES", (change,))
    rng = np.random.default_rng(5)
    for _ in range(30):
        x = rng.normal(size=shape) * 2.0 ** rng.integers(-120, 125, size=shape)
        if x.size > 1:
            x.reshape(-1)[:3] = [0.0, np.inf, np.nan][: x.size]
        y = changed(x, "float32", rng)
        assert y.shape == x.shape
        assert (np.isnan(y) == np.isnan(x)).all()
        assert (np.isinf(y) == np.isinf(x)).all()


def test_arrays_are_copied_onto_each_other_nearly():
    rng = np.random.default_rng(1)
    x, other = rng.normal(size=(2, 4, 5)).astype(np.float32).astype(np.float64)
    made = [copied(x, other, "float32", rng) for _ in range(40)]
    assert any((y != x).any() for y in made)
    assert all(((y == x) | (np.abs(y - other) <= 4 * np.abs(np.spacing(other.astype(np.float32))))).all() for y in made)


@pytest.mark.parametrize("dtype", FORMATS)
def test_values_stay_in_the_range_of_their_kind(dtype):
    wild = np.array([-1e300, -1.0, -1e-300, -0.0, 0.0, 1e-300, 0.3, 1.0, 1e300, np.inf, np.nan])
    ranges = {k.name: range_of(k, FORMATS[dtype]) for k in (Probability("p"), Positive("s"), Signs("t"), Real("r"), Data("d"))}
    kept = {name: r.applied(wild) for name, r in ranges.items()}
    finite = np.isfinite(wild)
    assert ((kept["p"][finite] >= 0) & (kept["p"][finite] <= 1)).all()
    assert (kept["s"][finite] > 0).all()
    assert np.isin(kept["t"], (-1.0, 1.0)).all()
    for name in ("p", "s", "r", "d"):
        assert (np.abs(kept[name][finite]) <= FORMATS[dtype].max).all()
        assert np.isinf(kept[name][-2])
    assert (kept["r"] < 0).any()
    assert range_of(Simplex("q"), FORMATS[dtype]).frozen
    assert (np.abs(cotangent_range(dtype).applied(wild)[finite]) > 0).all()


# -- what cannot be searched -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "limits", "sentence"),
    [
        (("special.erff", "float32", "forward"), {}, "no op or family"),
        (("special", "float32", "forward"), {}, "give the full name of one op"),
        (("tensor.one_hot", "float32", "forward"), {}, "takes no floating-point array"),
        (("calculus.jacobian", "float16", "forward"), {}, "its dtypes are float64"),
        (("reductions.argmax", "float32", "backward"), {}, "no direction 'backward'"),
        (("special.erf", "float32", "forward"), {"whos": ("jax",)}, "no party 'jax'"),
        (("special.erf", "float32", "forward"), {"whos": ()}, "choose of ours"),
        (("special.erf", "float32", "forward"), {"budget": 0}, "budget of a search is 0"),
        (("special.erf", "float32", "forward"), {"seconds": -1.0}, "seconds of a search is -1.0"),
        (("special.erf", "float32", "forward"), {"seeds": ()}, "No seed"),
        (("reductions.sum", "float32", "forward"), {"start": [Stored({"x": np.zeros(999)})]}, "No case of reductions.sum"),
    ],
)
def test_what_cannot_be_searched_is_said_in_a_sentence(arguments, limits, sentence):
    with pytest.raises(ParityError, match=sentence) as error:
        search(*arguments, **limits)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("tensor.flip", "float32", "forward"), "moves numbers"),
        (("reductions.argmax", "float32", "forward"), "integers"),
        (("special.erf", "float16", "forward"), "every float16 input"),
        (("special.erf", "float32", "forward"), ""),
        (("special.erf", "float16", "backward"), ""),
        (("embedding.embedding", "float32", "backward"), ""),
    ],
)
def test_where_there_is_nothing_to_find_the_reason_is_known(arguments, why):
    assert why in nothing_to_find(*arguments)
    if why:
        assert nothing_to_find(*arguments)
        assert search(*arguments) == []


def test_targets_are_one_for_each_party_and_region_and_the_extremes_of_references():
    task = Task("special.erf", "float32", "backward", ("ours", "torch", "scipy"), region_row("special.erf", 0.0, 1.0, 0.0))
    assert task.targets() == [
        Target("ours", None, "budget"),
        Target("ours", 0, "budget"),
        Target("torch", None, "budget"),
        Target("torch", None, "extreme"),
    ]
