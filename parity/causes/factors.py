"""Mistakes of a constant factor or offset, and of the count that a mean divides by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from parity.cases import Case
from parity.causes.claims import Claim
from parity.causes.comparing import SHARP, format_number, outputs, scaled, truths, values, wrong_outputs
from parity.causes.diagnosis import Diagnosis
from parity.causes.outputs import called_output

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

CONSTANTS = (
    ("2", 2.0), ("1/2", 0.5), ("log2(e): a logarithm to base 2", 1 / math.log(2)), ("ln 2: powers of two", math.log(2)),
    ("log10(e): a logarithm to base 10", 1 / math.log(10)), ("pi", math.pi), ("1/pi", 1 / math.pi), ("sqrt(2)", math.sqrt(2)),
    ("1/sqrt(2)", math.sqrt(0.5)), ("2/sqrt(pi)", 2 / math.sqrt(math.pi)), ("sqrt(pi)/2", math.sqrt(math.pi) / 2),
    ("1/255", 1 / 255), ("255", 255.0),
)  # fmt: skip
COUNTS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("n: a count to divide by is missing", lambda n: n),
    ("1/n: it divides by a count too many", lambda n: 1 / n),
    ("n/(n - 1): it divides by n - 1 where n is meant", lambda n: n / (n - 1)),
    ("(n - 1)/n: it divides by n where n - 1 is meant", lambda n: (n - 1) / n),
    ("sqrt(n): the root of a count to divide by is missing", math.sqrt),
    ("1/sqrt(n): it divides by the root of a count too many", lambda n: 1 / math.sqrt(n)),
    ("sqrt((n - 1)/n): under the root it divides by n where n - 1 is meant", lambda n: math.sqrt((n - 1) / n)),
    ("sqrt(n/(n - 1)): under the root it divides by n - 1 where n is meant", lambda n: math.sqrt(n / (n - 1))),
)
"""Factors that depend on a number of elements, and what they mean."""


def factor(d: Diagnosis) -> Iterator[Claim]:
    """The result is the truth times a constant, or times a factor that depends on a count."""
    found = [ratio_of(seen) for seen in d.ordinary]
    if len(found) < 2 or any(f is None for f in found):
        return
    where, c = found[0]
    what, sharp = called_output(d, where), 4 * SHARP[d.ordinary[0].evaluation.dtype]
    if abs(found[1][1] / c - 1) > sharp:
        yield from _weighted(d, what)
        return
    if abs(c + 1) < sharp:
        sentence = f"{what} has the wrong sign: it is the negative of the truth everywhere. Negate it."
        yield Claim("sign", sentence, _times(-1.0), everywhere=True)
        return
    longer = [(seen, ratio_of(seen)) for seen in d.reshaped]
    if not longer or any(r is None for _, r in longer) or abs(c - 1) < sharp:
        return
    varied = _varied(d, where)
    if varied is None:
        return
    by_option = _by_option(d, where, c)
    if by_option is None:
        return
    if by_option:
        name, rule, text = by_option
        sentence = f"{what} is off by the factor {text}: the option is used once too often, or not where it should be."
        yield Claim(f"option {name}", sentence, _times_option(name, rule), everywhere=True)
        return
    if all(abs(r[1] / c - 1) < sharp for _, r in (*longer, *varied)):
        sentence = f"{what} is {format_number(c)} times the truth everywhere{_named(d, c)}. Divide by {format_number(c)}."
        yield Claim("factor", sentence, _times(c), everywhere=True)
        return
    named = [(d.ordinary[0], c), *((seen, r[1]) for seen, r in longer)]
    yield from _counted(d, what, named, [(seen, r[1]) for seen, r in varied])


def _times(c: float):
    """The truth times a constant at the outputs that are wrong."""

    def predict(seen: Seen):
        out = list(seen.evaluation.truths)
        for i in wrong_outputs(seen):
            out[i] = scaled(seen.evaluation.truths[i], c)
        return out

    return predict


def ratio_of(seen: Seen) -> tuple[int, float] | None:
    """The constant that the first wrong output is off by, if it is one."""
    wrong = wrong_outputs(seen)
    if not wrong:
        return None
    got, want = outputs(seen)[wrong[0]], truths(seen)[wrong[0]]
    if got is None or want is None or got.shape != want.shape:
        return None
    with np.errstate(all="ignore"):
        kept = np.isfinite(want) & (np.abs(want) > 1e-3 * np.max(np.abs(want), initial=0.0, where=np.isfinite(want)))
        if not kept.any():
            return None
        c = float(np.median(got[kept] / want[kept]))
        off = np.abs(got - c * want)[np.isfinite(want)]
        limit = 4 * SHARP[seen.evaluation.dtype] * np.abs(c * want)[np.isfinite(want)]
    fits = math.isfinite(c) and c != 0 and bool((off <= limit).all())
    return (wrong[0], c) if fits else None


# -- names of factors --------------------------------------------------------------------------------------------------------
VARIED = 5
"""Settings of the options at which a factor is looked at again."""


def _varied(d: Diagnosis, where: int) -> list[tuple[Seen, tuple[int, float]]] | None:
    """Other settings of the op's options with the factor there; None where it is no factor, or nothing is wrong."""
    found: list[tuple[Seen, tuple[int, float]]] = []
    for variant in [v for v in d.pair.variants if v.options and not v.shapes][:VARIED]:
        options = {k: v for k, v in variant.options.items() if k != "_absent"}
        case = Case("cause", options={**d.case.options, **options}, salt="varied", absent=d.case.absent)
        seen = d.probe(case, d.ordinary[0].evaluation.dtype)
        if seen is None or seen.party.error or len(seen.party.outputs) <= where:
            continue
        truth = truths(seen)[where]
        if truth is None or not truth.size or not np.isfinite(truth).all() or not truth.any():
            continue
        ratio = ratio_of(seen)
        if ratio is None or ratio[0] != where:
            return None
        found.append((seen, ratio))
    return found


OPTION_RULES: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("`{}`", lambda v: v), ("1/`{}`", lambda v: 1 / v), ("`{}` squared", lambda v: v * v),
    ("1/`{}` squared", lambda v: 1 / (v * v)), ("the root of `{}`", math.sqrt),
    ("1/the root of `{}`", lambda v: 1 / math.sqrt(v)),
)  # fmt: skip


def _by_option(d: Diagnosis, where: int, c: float):
    """The option that a factor depends on, with its rule; () where it depends on none, None where the rule is not known."""
    dtype, sharp = d.ordinary[0].evaluation.dtype, 4 * SHARP[d.ordinary[0].evaluation.dtype]
    for name, v in d.case.options.items():
        if not isinstance(v, float) or v <= 0:
            continue
        other = 1.25 * v if v * 1.25 < 1 or v >= 1 else 0.75 * v
        case = d.plain_case("option")
        seen = d.probe(replace(case, options={**case.options, name: other}), dtype)
        found = ratio_of(seen) if seen is not None and not seen.party.error else None
        if found is not None and abs(found[1] / c - 1) < sharp:
            continue
        rules = [(name, rule, text.format(name)) for text, rule in OPTION_RULES
                 if abs(c / rule(v) - 1) < sharp and abs((found[1] if found else 1.0) / rule(other) - 1) < sharp]  # fmt: skip
        return rules[0] if len(rules) == 1 else None
    return ()


def _times_option(name: str, rule: Callable[[float], float]):
    return lambda seen: _times(rule(float(seen.evaluation.built.options[name])))(seen)


def _named(d: Diagnosis, c: float) -> str:
    limit = 4 * SHARP[d.ordinary[0].evaluation.dtype]
    names = [
        f" ({minus}{name})"
        for name, value in CONSTANTS
        for sign, minus in ((1, ""), (-1, "minus "))
        if abs(c / (sign * value) - 1) < limit
    ]
    return names[0] if len(names) == 1 else ""


def _counted(d: Diagnosis, what: str, seen: list[tuple[Seen, float]], varied: list[tuple[Seen, float]]) -> Iterator[Claim]:
    """The factor is one and the same function of a number of elements in all shapes, with other options of some number."""
    sharp = 4 * SHARP[d.ordinary[0].evaluation.dtype]
    for text, rule in COUNTS:
        if not all(any(_is_rule(s, c, count, rule, sharp) for count in _counts(s)) for s, c in varied):
            continue
        for count in _counts(d.ordinary[0]):
            if all(_is_rule(s, c, count, rule, sharp) for s, c in seen):
                sentence = f"{what} is off by the factor {text}, with n = {count[0]}."
                yield Claim(f"count {text.partition(':')[0]}", sentence, _times_count(count, rule), everywhere=True)
                break


def _is_rule(seen: Seen, c: float, count, rule, sharp: float) -> bool:
    n = count[1](seen)
    return n is not None and n > 1 and abs(c / rule(float(n)) - 1) < sharp


def _counts(seen: Seen) -> Iterator[tuple[str, Callable[[Seen], int | None]]]:
    """Numbers of elements that a mean may divide by, or forget: by their names, and as functions of an input."""
    for i, (k, a) in enumerate(zip(seen.evaluation.built.kinds, seen.evaluation.built.arrays, strict=False)):
        if not isinstance(a, np.ndarray):
            continue
        for axis in range(a.ndim):
            yield f"the length of axis {axis} of `{k.name}`", lambda s, i=i, axis=axis: _shape(s, i)[axis]
        yield f"the size of `{k.name}`", lambda s, i=i: int(np.prod(_shape(s, i)))
        for axis in range(a.ndim if a.ndim > 2 else 0):
            name = f"the size of `{k.name}` but for axis {axis}"
            yield name, lambda s, i=i, axis=axis: int(np.prod(_shape(s, i))) // max(_shape(s, i)[axis], 1)
    for name, value in seen.evaluation.built.options.items():
        if isinstance(value, (int, tuple)) and not isinstance(value, bool):
            yield f"the product of `{name}`", lambda s, name=name: _product(s, name)


def _product(seen: Seen, name: str) -> int | None:
    value = seen.evaluation.built.options.get(name)
    return math.prod(value) if isinstance(value, tuple) else value * value if isinstance(value, int) else None


def _shape(seen: Seen, i: int) -> tuple[int, ...]:
    return np.shape(seen.evaluation.built.arrays[i])


def _times_count(count, rule):
    def predict(seen: Seen):
        n = count[1](seen)
        return _times(rule(float(n)))(seen) if n > 1 else None

    return predict


# -- weights -----------------------------------------------------------------------------------------------------------------
def _weighted(d: Diagnosis, what: str) -> Iterator[Claim]:
    """A mean over weights that divides by the count, or the other way round."""
    kinds = [k.name for k in d.seen.evaluation.built.kinds]
    if "weight" not in kinds:
        return
    i, target = kinds.index("weight"), kinds.index("target") if "target" in kinds else None

    def mean(seen: Seen) -> float:
        w = values(seen.evaluation.built.arrays[i])
        labels = seen.evaluation.built.arrays[target] if target is not None else None
        used = w[labels[(labels >= 0) & (labels < w.size)]] if labels is not None and labels.dtype.kind == "i" else w
        return float(used.mean())

    inside = f"{what} is divided by the count and not by the sum of `weight`. Divide the weighted sum by the sum of weights."
    yield Claim("weights", inside, lambda seen: _times(mean(seen))(seen), everywhere=True)
    outside = f"{what} is divided by the sum of `weight` and not by the count. Divide by the count."
    yield Claim("weights", outside, lambda seen: _times(1 / mean(seen))(seen), everywhere=True)


def offset(d: Diagnosis) -> Iterator[Claim]:
    """The result is the truth plus a constant."""
    places = (*d.ordinary, *d.reshaped) if d.ordinary else ()
    found = [(seen, _offset(seen)) for seen in places]
    if len(found) < 3 or any(f is None or f == 0 for _, f in found):
        return
    c, what = found[0][1], "The gradient" if d.backward else "The result"
    if all(abs(f - c) <= 1e-4 * abs(c) for _, f in found):
        sentence = f"{what} is the truth plus {format_number(c)} everywhere. Subtract it."
        yield Claim("offset", sentence, _plus(lambda seen: c), everywhere=True)
        return
    for sign, text in (
        (-1.0, "minus the logarithm of n: a mean is taken where a sum is meant"),
        (1.0, "plus the logarithm of n"),
    ):
        for name, count in _counts(d.ordinary[0]):
            if all(abs(f - sign * math.log(max(count(seen) or 1, 1))) <= 1e-4 * abs(f) for seen, f in found):
                rule = lambda seen, sign=sign, count=count: sign * math.log(count(seen))  # noqa: E731
                yield Claim("offset", f"{what} is the truth {text}, with n = {name}.", _plus(rule), everywhere=True)
                return


def _plus(constant: Callable[[Seen], float]):
    """The truth plus a constant at the outputs that are wrong."""

    def predict(seen: Seen):
        out = list(seen.evaluation.truths)
        for i in wrong_outputs(seen):
            out[i] = np.asarray(truths(seen)[i] + constant(seen))
        return out

    return predict


def _offset(seen: Seen) -> float | None:
    wrong = wrong_outputs(seen)
    if len(wrong) != 1 or (got := outputs(seen)[wrong[0]]) is None or (want := truths(seen)[wrong[0]]) is None:
        return None
    if got.shape != want.shape or not got.size:
        return None
    with np.errstate(all="ignore"):
        d = (got - want)[np.isfinite(want)]
    limit = SHARP[seen.evaluation.dtype] * 4 * np.abs(want[np.isfinite(want)]).max(initial=1.0)
    return float(np.median(d)) if d.size and np.isfinite(d).all() and np.ptp(d) <= limit else None
