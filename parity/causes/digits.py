"""Mistakes of accuracy: digits lost to a narrower dtype, to a cancellation, to one pass over the data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from parity.cases import Stored, with_stored
from parity.causes.claims import Claim, experiment
from parity.causes.comparing import (
    failed,
    floats,
    format_number,
    outputs,
    pairs_of,
    passed,
    real_arrays,
    truths,
    values,
)
from parity.causes.diagnosis import Diagnosis
from parity.causes.numbers import as_written, called
from parity.formats import DTYPES, FORMATS

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

NARROWER = {"float64": ("float32", "float16", "bfloat16"), "float32": ("float16", "bfloat16"), "bfloat16": (), "float16": ()}


def narrow_input(d: Diagnosis) -> Iterator[Claim]:
    """It cannot tell two inputs from the same ones rounded to a narrower dtype."""
    blind = [_blind(d, d.fresh(salt)) for salt in ("cause", "confirm")]
    if not blind[0] or blind[0] != blind[1]:
        return
    narrow = blind[0]
    sentence = f"It computes in {narrow}: it cannot tell the input from the same one rounded to {narrow}."
    yield Claim("narrow-input", f"{sentence} Compute in {d.check.dtype}.", shows=lambda seen: _is_blind_at(d, seen, narrow))


def _blind(d: Diagnosis, first: Seen | None) -> str:
    """The narrowest dtype that makes no difference to the candidate, where it makes one to the truth."""
    if not failed(first) or first.party.error:
        return ""
    given, blind = real_arrays(first.evaluation), ""
    for narrow in NARROWER[d.check.dtype]:
        rounded = {n: a.astype(DTYPES[narrow]).astype(a.dtype) for n, a in given.items()}
        rng, u = np.random.default_rng(2), FORMATS[narrow].u
        beside = {n: (a * (1 + u * rng.uniform(-0.3, 0.3, a.shape))).astype(a.dtype) for n, a in rounded.items()}
        one, two = d.altered(rounded, at=first), d.altered(beside, at=first)
        if one is None or two is None or one.party.error or two.party.error:
            break
        if not (_same(one, two) and _moved(one, two, u)):
            break
        blind = narrow  # who cannot tell numbers that are alike in a wide dtype may be blinder still
    return blind


def _is_blind_at(d: Diagnosis, seen: Seen, narrow: str) -> bool:
    """Whether a failing input and the same one rounded give one result."""
    with np.errstate(all="ignore"):
        rounded = {n: a.astype(DTYPES[narrow]).astype(a.dtype) for n, a in real_arrays(seen.evaluation).items()}
    again = d.altered(rounded, at=seen)
    return again is not None and not again.party.error and _same(seen, again)


def _same(a: Seen, b: Seen) -> bool:
    pairs = zip(outputs(a), outputs(b), strict=False)
    return all(x is None or np.array_equal(x, y, equal_nan=True) for x, y in pairs)


def _moved(a: Seen, b: Seen, u: float) -> bool:
    """Whether the truth moved wherever the result is neither 0 nor 1 (but for a few elements)."""
    moved, wanted = 0, 0
    for x, y, g in zip(truths(a), truths(b), outputs(a), strict=False):
        if x is not None and y is not None and g is not None:
            kept = np.isfinite(g) & (g != np.round(g))
            moved, wanted = moved + int((kept & (np.abs(x - y) > u / 1000 * np.abs(x))).sum()), wanted + int(kept.sum())
    return moved > 0 and moved >= 0.9 * wanted


def narrow_result(d: Diagnosis) -> Iterator[Claim]:
    """Every result is a number of a narrower dtype, and off by that dtype's rounding, at two inputs."""
    fresh = [d.fresh(salt) for salt in ("cause", "confirm")]
    for narrow in NARROWER[d.check.dtype]:
        if all(failed(seen) and not seen.party.error and _is_rounded(seen, narrow, 3) for seen in fresh):
            sentence = f"Its result is rounded to {narrow}: every element is a number of that dtype."
            keep = f"Keep intermediate results in {d.check.dtype}."
            yield Claim("narrow-result", f"{sentence} {keep}", shows=lambda seen, n=narrow: _is_rounded(seen, n, 1))


def _is_rounded(seen: Seen, narrow: str, least: int) -> bool:
    got = np.concatenate([g.reshape(-1) for g, _ in pairs_of(seen)] or [np.zeros(0)])
    want = np.concatenate([t.reshape(-1) for _, t in pairs_of(seen)] or [np.zeros(0)])
    if got.size < least or np.isin(want, np.round(want)).all():
        return False
    with np.errstate(all="ignore"):
        same = np.array_equal(got.astype(DTYPES[narrow]).astype(np.float64), got, equal_nan=True)
        same &= not np.array_equal(want.astype(DTYPES[narrow]).astype(np.float64), want, equal_nan=True)
        off = np.abs(got - want) <= 64 * FORMATS[narrow].u * np.abs(want).max()
    return bool(same and off.all())


def _rounds_on_the_way(d: Diagnosis, seen: Seen) -> tuple[str, str] | None:
    """Asked in float32 for the same numbers it is right: in 16 bits it rounds what it should keep until the end."""
    if d.check.dtype not in ("float16", "bfloat16") or seen.judged.outcome.stage != "values":
        return None
    if any((np.abs(g - t) > 0.25 * np.abs(t).max(initial=0.0)).any() for g, t in pairs_of(seen)):
        return None
    held = Stored(floats(seen.evaluation), seen.evaluation.cotangents)
    wide = d.probe(replace(with_stored(seen.evaluation.case, held, "cause"), layout=""), "float32")
    if not passed(wide) or wide.party.error:
        return None
    return "", (
        f"It rounds intermediate results to {d.check.dtype}: asked in float32 for the same numbers, it is right. "
        "Compute (and sum) in float32, and round once at the end."
    )


def approximation(d: Diagnosis) -> Iterator[Claim]:
    """The relative error of an elementwise op at ordinary inputs is the same in float32 and in float64."""
    if not d.elementwise or d.seen.party.error or d.check.dtype not in ("float64", "float32"):
        return
    off = [_approximate(d, salt) for salt in ("cause", "confirm")]
    if None in off or not 0.25 < off[0] / off[1] < 4 or not _is_a_function(d, d.fresh("cause", "float64")):
        return
    sentence = (
        f"It is off by up to {max(off):.1g} of the largest result in float64 and no less in float32: that is no rounding. "
        "Look for an approximate formula, or a constant of few digits."
    )
    yield Claim("approximate", sentence, shows=lambda seen: not seen.party.error and 0 < _relative(seen) < 32 * max(off))


def _is_a_function(d: Diagnosis, seen: Seen) -> bool:
    """Whether each result depends on its own number alone: in reversed order it gives the same results."""
    turned = {n: np.ascontiguousarray(a[..., ::-1]) for n, a in real_arrays(seen.evaluation).items()}
    again = d.altered(turned, tuple(np.ascontiguousarray(c[..., ::-1]) for c in seen.evaluation.cotangents), at=seen)
    if again is None or again.party.error:
        return False
    return np.allclose(outputs(seen)[0], outputs(again)[0][..., ::-1], rtol=1e-12, atol=0.0, equal_nan=True)


def _approximate(d: Diagnosis, salt: str) -> float | None:
    wide, single = d.fresh(salt, "float64"), d.fresh(salt, "float32")
    if any(b is None or b.party.error for b in (wide, single)) or not failed(wide):
        return None
    off, narrow, u = _relative(wide), _relative(single), FORMATS["float32"].u
    alike = 0.5 < off / narrow < 2 if off > 32 * u else narrow < 32 * u
    return off if 2.0**-30 < off < 2e-3 and alike else None


def _relative(seen: Seen) -> float:
    """The largest error of any output, as a share of its largest element."""
    with np.errstate(all="ignore"):
        found = [float(np.abs(g - t).max() / np.abs(t).max()) for g, t in pairs_of(seen) if t.size]
    return max(found, default=math.nan)


# -- one pass ----------------------------------------------------------------------------------------------------------------
SPREAD = 4.0


def one_pass(d: Diagnosis) -> Iterator[Claim]:
    """The error of a result that no shift of the data changes grows with the square of the mean, in two draws."""
    name = d.pair.arrays[0].name
    array = floats(d.seen.evaluation).get(name)
    if d.backward or d.elementwise or d.check.dtype not in ("float64", "float32") or "square" not in called(d.check.op):
        return
    if not isinstance(array, np.ndarray) or array.ndim < 1 or array.size < 4 or not _ignores_shift(d, name):
        return
    laws = [_law(d, name, array.shape, draw) for draw in (3, 4)]
    if None in laws or laws[0][0] != laws[1][0]:
        return
    dtype, worst, mean = laws[0]
    where = "" if dtype == d.check.dtype else f" (in {dtype})"
    sentence = (
        f"It computes the variance in one pass, as E[x^2] - E[x]^2{where}: the error grows with the square of the mean, "
        f"to {worst:.1g} of the result at a mean of {format_number(mean)}. Subtract the mean first."
    )
    yield Claim("one-pass", sentence, shows=lambda seen: _has_a_mean(seen, name, d.fmt.max))


def _ignores_shift(d: Diagnosis, name: str) -> bool:
    plain = d.fresh("cause")
    if plain is None:
        return False
    e = plain.evaluation
    moved = [a + 4 if k.name == name else a for k, a in zip(e.built.kinds, e.built.arrays, strict=False)]
    one, two = d.truth(e), d.truth(e, arrays=moved)
    if one is None or two is None or one[0] is None:
        return False
    return bool((np.abs(values(one[0]) - values(two[0])) <= 1e-4 * np.abs(values(one[0])) + 1e-6).all())


def _law(d: Diagnosis, name: str, shape: tuple[int, ...], draw: int) -> tuple[str, float, float] | None:
    """The dtype in which the error is about u * mean^2 at each of several means, with the worst error and its mean."""
    x = SPREAD * np.random.default_rng(draw).standard_normal(shape)
    errors = {}
    for k in (0, 9, 10, 11, 19, 20, 22) if d.check.dtype == "float32" else (0, 14, 16, 18, 21):
        seen = d.altered({name: (x + 2.0**k).astype(DTYPES[d.check.dtype])}, (), d.plain_case("cause"))
        errors[k] = _relative(seen) if seen is not None and not seen.party.error else math.nan
    if not errors[0] < 2.0**10 * d.fmt.u:  # wrong without a mean, too: by another mistake
        return None
    for dtype in dict.fromkeys((d.check.dtype, "float64")):
        expected = {k: FORMATS[dtype].u * 4.0**k / SPREAD**2 for k in errors}
        seen = {k: err for k, err in errors.items() if 64 * d.fmt.u < expected[k] < 0.1}
        if len(seen) < 2 or not all(1 / 64 < err / expected[k] < 64 for k, err in seen.items()):
            continue
        low, high = min(seen), max(seen)
        if seen[high] > seen[low] * 2.0 ** (high - low):  # faster than the mean itself
            return dtype, seen[high], 2.0**high
    return None


def _has_a_mean(seen: Seen, name: str, largest: float) -> bool:
    """Whether a failing input is one where this costs digits: a mean beyond its spread, and no square that overflows."""
    x = np.asarray(floats(seen.evaluation)[name], np.float64)
    x = x[np.isfinite(x)]
    if not x.size or seen.party.error or not np.isfinite(x).all():
        return False
    return bool(np.abs(x).max() < math.sqrt(largest) / 8 and np.abs(x).max() > 2.0**-20)


# -- cancellation and rounding of the definition's own steps -----------------------------------------------------------------
NAIVE = {
    "log1p": "log(1 + x), which loses its digits to a cancellation where x is small. Use np.log1p",
    "expm1": "exp(x) - 1, which loses its digits to a cancellation where x is small. Use np.expm1",
    "tanh": "2 sigma(2x) - 1, which loses its digits to a cancellation where x is small. Use np.tanh",
    "erfc": "1 - erf(x), which loses its digits to a cancellation where x is large. Use erfc",
}
MANY = 20_000


def _naive(d: Diagnosis, seen: Seen) -> tuple[str, str] | None:
    """It returns what the definition gives with differences in place of the functions that keep small results."""
    names = [n for n in NAIVE if n in called(d.check.op)]
    if len(names) != 1 or not _is_as_written(d, seen, naive=True) or _is_as_written(d, seen, naive=False):
        return None
    return "", f"It computes {NAIVE[names[0]]}."


def _written(d: Diagnosis, seen: Seen) -> tuple[str, str] | None:
    """It returns what the definition gives in floats of the dtype, rounded at each step."""
    if not _is_as_written(d, seen, naive=False):
        return None
    if called(d.check.op) <= {"__mul__", "__truediv__", "__rtruediv__"}:
        return "sum", (
            f"It adds one element after the other in {d.check.dtype}: what is small beside the sum is lost. "
            "Add in pairs (np.sum along the last axis), or in a wider dtype."
        )
    return "", (
        f"It computes the definition as it is written, in {d.check.dtype}: the rounding errors of its steps reach the result, "
        "by a cancellation or a value that leaves the range. Use a form that keeps small differences."
    )


def _is_as_written(d: Diagnosis, seen: Seen, naive: bool) -> bool:
    """Whether the result has the very errors that the definition has in floats of the dtype."""
    e = seen.evaluation
    if d.backward or sum(np.size(a) for a in e.built.arrays if a is not None) > MANY:
        return False
    key = ("written", id(seen), naive)
    if key not in d.kept:
        d.kept[key] = as_written(d.check.op, e.built.arrays, dict(e.built.options), e.dtype, naive)
    wanted = d.kept[key]
    if wanted is None or len(wanted) != len(e.truths):
        return False
    hits = misses = 0
    for got, said, t in zip(outputs(seen), wanted, e.truths, strict=True):
        if got is None or t is None or t.hi is None or got.shape != said.shape:
            return False
        with np.errstate(all="ignore"):
            unit = FORMATS[e.dtype].u * np.abs(t.hi) + FORMATS[e.dtype].smallest
            off, near = np.abs(said - t.hi), np.abs(got - said)
            told = (off > 8 * unit) & np.isfinite(said)
            hits += int((told & (near <= 0.02 * off + 2 * unit)).sum())
            misses += int((told & ~(near <= 0.02 * off + 2 * unit)).sum())
            misses += int((~told & np.isfinite(said) & (np.abs(got - t.hi) > 64 * unit)).sum())
    return hits > 0 and hits >= 4 * misses


def _cancellation(d: Diagnosis, seen: Seen) -> tuple[str, str] | None:
    """Small results are right to an absolute error only."""
    if d.backward or not d.elementwise or seen.judged.outcome.stage != "values":
        return None
    mine = [f for c, f in d.failed if (c.dtype, c.direction) == (d.check.dtype, d.check.direction)]
    kept = [_absolute(f, d.fmt.u) for f in mine if f.judged.outcome.stage == "values" and not f.party.error]
    if not kept or not all(kept) or not _absolute(seen, d.fmt.u):
        return None
    return "", (
        f"Digits are lost to a cancellation: small results carry the rounding error of terms of size 1 (about "
        f"{format_number(d.fmt.u)}). Do not subtract nearly equal numbers, as 1 + x, exp(x) - 1 or 1 - erf(x) do."
    )


def _absolute(seen: Seen, u: float) -> bool:
    got, want = outputs(seen)[0], values(seen.evaluation.truths[0])
    if got is None or got.shape != want.shape:
        return False
    with np.errstate(all="ignore"):
        error = np.abs(got - want)
        wrong = error > 8 * u * np.abs(want)
    # Below u every answer is within an absolute error: only larger results tell.
    if not (wrong & (np.abs(want) > 4 * u) & (error > u / 256)).any():
        return False
    return bool(wrong.any()) and bool((np.abs(want[wrong]) < 0.3).all()) and bool((error[wrong] < 16 * u).all())


NARROW = (narrow_input, narrow_result, experiment("rounds", _rounds_on_the_way))
ACCURACY = (
    one_pass, approximation, experiment("naive", _naive), experiment("written", _written),
    experiment("cancellation", _cancellation),
)  # fmt: skip
