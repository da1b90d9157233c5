"""Stochastic ops are judged against their distribution, with a stated false-alarm probability.

Ours is judged bit by bit on the noise that it documents, and by `Pair.laws`.  A candidate may draw in its own way: it is judged
by laws alone, `law_checks` and `law_outcome`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from parity.cases import Built, Case, build, cotangent, generator
from parity.evaluate import ALIAS, Implementation, library
from parity.formats import DTYPES, FORMATS
from parity.inputs.listing import cases_of
from parity.loader import definition
from parity.pair import Pair, as_tuple
from parity.samplers import Breach
from parity.tolerances import Row
from parity.verdict import Check, Verdict

EXPECTED = 50
"""The least expected count in a category for which the chi-square distribution is taken."""
FINE = 150
"""Likewise for fine categories, which would show in a narrow dtype how a sum was rounded."""
FALSE_ALARM = 1e-9
"""Of one law, where the table states no other."""
ONCE, MANY = 2, 200
"""Calls with one generator: of an input that can be repeated within one call, and of one that cannot."""
ELEMENTS = 1 << 20
"""Of an input that is repeated within one call, at most: rows of hundreds give fewer draws."""
FEW = 2500
"""Draws of a candidate by a law of the pair; the cases of the op ask for many more."""
GRADIENT = "gradient_"


# -- one law: the chi-square test ----------------------------------------------------------------------------------------------
def chi_square_tail(statistic: float, degrees: int) -> float:
    """P(X >= statistic) for X chi-square: Q(degrees/2, statistic/2) (DLMF 8.2.4), in ball arithmetic."""
    return float(arb(statistic / 2).gamma_upper(arb(degrees) / 2, regularized=1))


def law_verdict(pair: Pair, check: Check, row: Row | None, ours: Implementation, most: int | None = None) -> Verdict:
    """Draw (at most `most` times), count, test.  `units` is the surprise in powers of ten, `budget` the allowed one."""
    rule = None if row is None else row.data.get("statistical")
    if rule is None:
        return Verdict(check, "violated", math.inf, 0.0, "table", f"{check.op} has no `statistical` tolerance; add one.")
    law = pair.laws[check.hazard]
    n, allowed = min(rule["samples"], most or rule["samples"]), -math.log10(rule["false_alarm"])
    rng = generator(zlib.crc32(check.id.encode()))
    try:
        counts = np.bincount(np.asarray(law.draw(ours.forward, rng, n)).reshape(-1), minlength=len(law.probabilities))
    except Exception as error:
        return Verdict(check, "violated", math.inf, allowed, "error", _raised(error))
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


def _raised(error: Exception) -> str:
    return f"raised {getattr(error, 'told', f'{type(error).__name__}: {error}')}"


# -- all laws of a candidate ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class LawCheck:
    """One law that a candidate must follow: a law of the pair, or all that must hold in one case.

    `direction` is what is asked: "forward" or "backward".  `case` is None for a law of the pair.
    """

    name: str
    direction: str
    case: Case | None = None


def law_checks(pair: Pair, dtype: str) -> list[LawCheck]:
    """Every law that a candidate of a stochastic op is judged by in a dtype, instead of bit by bit; [] for other ops.

    They are complete by construction: one for each case of the op (each option, shape, hazard and layout), one for the gradient
    in each case, and (in float64) the laws of the pair.
    """
    if not pair.laws:
        return []
    cases = [c for c in cases_of(pair, definition(pair.op)) if not c.dtypes or dtype in c.dtypes]
    checks = [LawCheck(name, "forward") for name in pair.laws] if dtype == "float64" else []
    checks += [LawCheck(c.name, "forward", c) for c in cases]
    if pair.differentiable and pair.sampler is not None and pair.sampler.gradient is not None:
        checks += [LawCheck(GRADIENT + c.name, "backward", c) for c in cases]
    return checks


def law_outcome(
    pair: Pair, law: LawCheck, dtype: str, row: Row | None, forward: Callable[..., Any] | None,
    backward: Callable[..., Any] | None = None, salt: str = "",
) -> Verdict:  # fmt: skip
    """Whether a candidate follows one of its `law_checks`; it is called as `pair.call` calls it.

    A case asks: is it a right result in shape, dtype and support; does the generator decide it; do its draws have the right
    distribution; are neighbours, rows and successive calls independent.  A gradient must be the one of the candidate's own
    forward at the same state of the generator (of ours, where `forward` is None).

    status: "held", "violated", or "skipped" where the function of this direction is None.  `units`: the surprise in powers of
    ten (of a gradient: the error, where 1 is allowed); `budget`: the allowed one.  stage: "error", "structure", "mutation",
    "reproducible" (equal generators, other results), "values" (what can never come out) or "distribution".
    `detail["limit"]` names the kind of limit that explains a violation, where one does.  `salt` changes all random bits.
    """
    check, asks_forward = Check(pair.op, dtype, "distribution", "truth", law.name), law.direction == "forward"
    fn = forward if asks_forward else backward
    if fn is None:
        return Verdict(check, "skipped", message=f"has no {law.direction}")
    if law.case is None:
        return law_verdict(pair, check, row, Implementation(fn, None), FEW)
    rule = (row.data.get("statistical") if row is not None else None) or {}
    asked = _Asked(pair, law.case, dtype, zlib.crc32((check.id + salt).encode()))
    allowed = -math.log10(rule.get("false_alarm", FALSE_ALARM)) if asks_forward else 1.0
    with np.errstate(all="ignore"):
        try:
            units = asked.surprise(fn) if asks_forward else asked.error(forward or library(pair).forward, fn)
        except Breach as breach:
            limit = breach.limit or asked.limit(breach.stage)
            detail = {"limit": limit} if limit else {}
            return Verdict(check, "violated", math.inf, allowed, breach.stage, breach.message, detail)
    if units <= allowed:
        return Verdict(check, "held", units, allowed, "distribution" if asks_forward else "values")
    limit = asked.limit("distribution")
    stage, message = ("distribution", asked.finding) if asks_forward else ("values", asked.finding)
    return Verdict(check, "violated", units, allowed, stage, message, {"limit": limit} if limit else {})


class _Asked:
    """A candidate asked about one case."""

    def __init__(self, pair: Pair, case: Case, dtype: str, seed: int):
        self.pair, self.case, self.dtype, self.seed = pair, case, dtype, seed
        self.built: Built = build(pair, case, dtype)
        self.arrays, self.options = list(self.built.arrays), dict(self.built.options)
        self.finding = ""
        """The sentence about the most surprising fact."""

    # -- asking ----------------------------------------------------------------------------------------------------------------
    def ask(self, fn, rng: np.random.Generator, arrays=None, options=None, grad=()) -> Any:
        """What the candidate returns, called with this generator."""
        arrays = self.arrays if arrays is None else arrays
        given = [rng if k.role == "rng" else a for k, a in zip(self.built.kinds, arrays, strict=True)]
        inputs = [a for a in (*given, *grad) if isinstance(a, np.ndarray)]
        copies = [a.tobytes() for a in inputs]
        for a in inputs:  # the ordinary case is writable, for code that looks before it writes
            a.flags.writeable = self.case.name == "ordinary" and a.flags.owndata
        try:
            result = self.pair.call(fn, grad, given, dict(self.options if options is None else options))
        except Exception as error:
            what = "mutation" if "read-only" in str(error) else "error"
            raise Breach(what, _raised(error)) from None
        if any(a.tobytes() != c for a, c in zip(inputs, copies, strict=True)):
            raise Breach("mutation", "changed its input; work on a copy")
        if any(isinstance(r, np.ndarray) and np.shares_memory(r, a) for r in as_tuple(result) for a in inputs if a.size):
            raise Breach("mutation", ALIAS)
        return result

    def sample(self, fn, rng: np.random.Generator, arrays=None, options=None) -> np.ndarray:
        """One result, of the right shape and dtype."""
        got = self.ask(fn, rng, arrays, options)
        if not isinstance(got, (np.ndarray, np.generic, int, float)):
            raise Breach("structure", f"returned {type(got).__name__}, an array was expected")
        got, sampler = np.asarray(got), self.pair.sampler
        arrays, options = self.arrays if arrays is None else arrays, self.options if options is None else options
        if sampler is None:
            return got
        wanted = sampler.shape(arrays, options)
        if got.shape != wanted:
            raise Breach("structure", f"has shape {got.shape}, expected {wanted}")
        if got.dtype.kind not in "iu" if sampler.integer else got.dtype != DTYPES[self.dtype]:
            wanted = "an integer one" if sampler.integer else DTYPES[self.dtype]
            raise Breach("structure", f"has dtype {got.dtype}, expected {wanted}")
        return got

    # -- forward ---------------------------------------------------------------------------------------------------------------
    def surprise(self, fn) -> float:
        """How improbable the draws are, in powers of ten."""
        rng = generator(self.seed)
        first = self.sample(fn, rng)
        again = self.sample(fn, generator(self.seed))
        if first.dtype != again.dtype or first.shape != again.shape or first.tobytes() != again.tobytes():
            raise Breach("reproducible", "two equal generators give different results")
        sampler = self.pair.sampler
        if sampler is None:
            return self._of_unread(fn, rng, first)
        read, own = sampler.read(self.arrays, self.options), generator(self.seed ^ 1)
        n = min(int(sampler.most * self.share()) // max(2 * read(first, own)[0].size, 1), self._fitting())
        repeated = sampler.repeat(self.arrays, self.options, n) if first.size and not self.case.layout and n > 1 else None
        results = [first] + [self.sample(fn, rng) for _ in range(self._calls(first, repeated) - 1)]
        stacks = _stacked(read, results, own)
        if repeated is not None:
            stacks += _stacked(sampler.read(*repeated), [self.sample(fn, rng, *repeated) for _ in range(2)], own)
        return self._test(stacks)

    def share(self) -> float:
        """Of the draws that a sampler is asked for at most: all where the law itself is in question, fewer where a dtype, a
        shape or an extreme input is.
        """
        if self.case.hazards or self.case.layout or self.case.condition:
            return 0.01
        if self.dtype != "float64":
            return 0.04
        return 1.0 if self.case.name == "ordinary" else 0.4

    def _fitting(self) -> int:
        """How often the input can be repeated within ELEMENTS."""
        return int(ELEMENTS * self.share()) // max(1, *(np.size(a) for a in self.arrays))

    def _calls(self, first: np.ndarray, repeated) -> int:
        if not first.size:
            return 1
        if repeated is not None:
            return ONCE
        few = (4 if self.case.layout or self.case.hazards else 1) * (1 if self.dtype == "float64" else 4)
        return MANY // few

    def _of_unread(self, fn, rng, first) -> float:
        """Of an op whose samples nobody can read: successive calls must not all return the same."""
        if first.size and all(self.sample(fn, rng).tobytes() == first.tobytes() for _ in range(8)):
            fresh = library(self.pair).forward
            own = generator(self.seed)
            if len({np.asarray(self.ask(fresh, own)).tobytes() for _ in range(3)}) > 1:
                raise Breach("distribution", "successive calls with one generator return the same")
        return 0.0

    def _test(self, stacks: Sequence[np.ndarray]) -> float:
        """The surprise of the least probable of all facts, as many as they are."""
        facts: list[tuple[float, str]] = []
        for u in stacks:
            facts.append((_uniform(u), "the draws do not follow their law"))
            for axis in range(u.ndim):
                what = "successive calls" if axis == 0 else f"neighbours along axis {axis - u.ndim}"
                facts.append((_independent(u, axis), f"{what} depend on each other"))
        tail, what = min(facts, key=lambda fact: fact[0], default=(1.0, ""))
        tail = min(1.0, tail * max(len(facts), 1))
        self.finding = f"{what}: p = {tail:.2g}"
        return -math.log10(max(tail, 1e-300))

    # -- backward --------------------------------------------------------------------------------------------------------------
    def error(self, forward, backward) -> float:
        """The error of the gradient over the allowed one."""
        sampler = self.pair.sampler
        assert sampler is not None
        assert sampler.gradient is not None
        at = next(i for i, k in enumerate(self.built.kinds) if k.differentiable)
        x = self.arrays[at]

        def own(array, options):
            """The candidate's own forward at the state of the generator."""
            return self.sample(forward, generator(self.seed), [*self.arrays[:at], array, *self.arrays[at + 1 :]], options)

        dy = cotangent(self.pair, self.case, sampler.shape(self.arrays, self.options), 0, self.dtype)
        found = as_tuple(self.ask(backward, generator(self.seed), grad=(dy,)))
        if len(found) <= at or any(g is not None for i, g in enumerate(found) if i != at) or len(found) > len(self.arrays):
            raise Breach(
                "structure", f"returned {len(found)} gradients, one for each array is expected (None where there is none)"
            )
        dx = np.asarray(found[at])
        if dx.shape != x.shape or dx.dtype != x.dtype:
            raise Breach("structure", f"a gradient of shape {dx.shape} and dtype {dx.dtype}, expected {x.shape} and {x.dtype}")
        want, allowed = sampler.gradient(own, dy, self.arrays, self.options)
        return self._distance(dx.astype(np.float64), want, allowed)

    def _distance(self, dx: np.ndarray, want: np.ndarray, allowed) -> float:
        fmt = FORMATS[self.dtype]
        allowed = np.broadcast_to(np.asarray(allowed) * fmt.u + 2 * fmt.smallest, want.shape)
        beyond = (np.abs(want) >= fmt.max * (1 - 8 * fmt.u)) & (np.sign(dx) == np.sign(want)) & (np.abs(dx) >= fmt.max / 2)
        off = np.where((dx == want) | beyond | np.isnan(want), 0.0, np.abs(dx - want) / allowed)
        off = np.where(np.isnan(off), math.inf, off)
        if not off.size:
            return 0.0
        worst = np.unravel_index(int(np.argmax(off)), off.shape)
        self.finding = f"the gradient is {dx[worst]:.6g} where that of its own forward is {want[worst]:.6g}"
        return float(off[worst])

    # -- limits ----------------------------------------------------------------------------------------------------------------
    def limit(self, stage: str) -> str:
        """The kind of limit by which a violation of this stage is explained here; "" for none."""
        floats = [a.astype(np.float64) for k, a in zip(self.built.kinds, self.arrays, strict=True) if k.role == "float"]
        if stage == "error":
            return "refuses" if self.case.condition or any(not np.isfinite(a).all() for a in floats) else ""
        top = FORMATS["float32" if self.dtype in ("float16", "bfloat16") else self.dtype].max_exponent / 2
        sizes = [np.abs(a[np.isfinite(a) & (a != 0)]) for a in floats]
        extreme = any(((s > 2.0**top) | (s < 2.0**-top)).any() for s in sizes)
        return "extreme range" if extreme and stage in ("values", "distribution") else ""


def _stacked(read, results: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """The places of the draws of successive calls."""
    return [np.stack(stream) for stream in zip(*(read(r, rng) for r in results), strict=True)]


# -- tests of places -----------------------------------------------------------------------------------------------------------
def _uniform(u: np.ndarray) -> float:
    """How probable so uneven places are: by chi-square over 4 and 16 categories, of many places over finer ones too (for tails
    that are cut off); of few by their distribution function.
    """
    u = u[~np.isnan(u)]
    if len(u) < 4 * EXPECTED:
        return _kolmogorov(u)
    kinds = [k for k in (4, 16) if len(u) >= k * EXPECTED] + [k for k in (64, 256, 1024) if len(u) >= k * FINE]
    return min(1.0, len(kinds) * min(_even(np.minimum(u * k, k - 1).astype(int), k) for k in kinds))


def _kolmogorov(u: np.ndarray) -> float:
    """The bound 2 exp(-2 n d^2) of Dvoretzky, Kiefer, Wolfowitz and Massart, which holds for every n."""
    if not len(u):
        return 1.0
    u, steps = np.sort(u), np.arange(len(u) + 1) / len(u)
    distance = max(float(np.max(u - steps[:-1])), float(np.max(steps[1:] - u)))
    return min(1.0, 2 * math.exp(-2 * len(u) * distance**2))


def _independent(u: np.ndarray, axis: int) -> float:
    """How probable places so dependent on their neighbours along an axis are; each place is in one pair."""
    u = np.moveaxis(u, axis, 0)
    half = len(u) // 2
    a, b = u[0 : 2 * half : 2].reshape(-1), u[1 : 2 * half : 2].reshape(-1)
    drawn = ~(np.isnan(a) | np.isnan(b))
    a, b = a[drawn], b[drawn]
    kinds = [k for k in (2, 4) if len(a) >= k * k * EXPECTED]
    if not kinds:
        return _equal_neighbours(a, b)
    return min(1.0, len(kinds) * min(_even((a * k).astype(int) * k + (b * k).astype(int), k * k) for k in kinds))


def _equal_neighbours(a: np.ndarray, b: np.ndarray) -> float:
    """Of few pairs: their difference, on a circle, is uniform for independent ones."""
    return _kolmogorov((a - b) % 1.0)


def _even(categories: np.ndarray, k: int) -> float:
    counts, expected = np.bincount(categories, minlength=k), len(categories) / k
    return chi_square_tail(float(((counts - expected) ** 2).sum() / expected), k - 1) if len(counts) == k else 0.0
