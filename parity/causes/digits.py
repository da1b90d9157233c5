"""Mistakes of accuracy: digits lost to a cancellation, to a narrower dtype, to one pass over the data."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from parity.cases import Stored, with_stored
from parity.causes.scene import Scene, departs, floats, outputs, shown, truths, values
from parity.hostile import FORMATS
from parity.loader import is_elementwise
from parity.rounding import DTYPES

NARROWER = {"float64": ("float32", "float16", "bfloat16"), "float32": ("float16", "bfloat16"), "bfloat16": (), "float16": ()}
VARIANCES = ("reductions.var", "reductions.std", "normalization.layer_norm", "normalization.group_norm",
             "normalization.instance_norm", "normalization.batch_norm", "reductions.cov", "reductions.corrcoef")  # fmt: skip


def narrow_input(s: Scene) -> str:
    """It cannot tell an input from the same one rounded to a narrower dtype."""
    first = s.fresh("cause")
    if first is None or first.party.error or first.judged.grade != "fail":
        return ""
    given = {n: a for n, a in floats(first.evaluation).items() if np.asarray(a).dtype.kind not in "iubO"}
    dy, case = first.evaluation.cotangents, first.evaluation.case
    blind = ""
    for narrow in NARROWER[s.check.dtype]:
        rounded = {n: np.asarray(a).astype(DTYPES[narrow]).astype(a.dtype) for n, a in given.items()}
        rng, u = np.random.default_rng(2), FORMATS[narrow].u
        beside = {n: (a * (1 + u * rng.uniform(-0.3, 0.3, a.shape))).astype(a.dtype) for n, a in rounded.items()}
        one, two = s.altered(rounded, dy, case), s.altered(beside, dy, case)
        if one is None or two is None or one.party.error or two.party.error:
            break
        if not (_same(one, two) and _moved(one, two, u)):
            break
        blind = narrow  # who cannot tell numbers that are alike in a wide dtype may be blinder still
    if not blind:
        return ""
    return f"It computes in {blind}: it cannot tell the input from the same one rounded to {blind}. Compute in {s.check.dtype}."


def _same(a, b) -> bool:
    pairs = zip(outputs(a), outputs(b), strict=False)
    return all(x is None or np.array_equal(x, y, equal_nan=True) for x, y in pairs)


def _moved(a, b, u: float) -> bool:
    """Whether the truth moved wherever the result is neither 0 nor 1 (but for a few elements)."""
    moved, wanted = 0, 0
    for x, y, g in zip(truths(a), truths(b), outputs(a), strict=False):
        if x is not None and y is not None and g is not None:
            kept = np.isfinite(g) & (g != np.round(g))
            moved, wanted = moved + int((kept & (np.abs(x - y) > u / 1000 * np.abs(x))).sum()), wanted + int(kept.sum())
    return moved > 0 and moved >= 0.9 * wanted


def narrow_result(s: Scene) -> str:
    """Every result is a number of a narrower dtype, and off by that dtype's rounding."""
    first = s.fresh("cause")
    if first is None or first.party.error or first.judged.grade != "fail":
        return ""
    got = np.concatenate([g.reshape(-1) for g in outputs(first) if g is not None] or [np.zeros(0)])
    want = np.concatenate([t.reshape(-1) for t in truths(first) if t is not None] or [np.zeros(0)])
    if got.shape != want.shape or got.size < 3 or np.isin(want, np.round(want)).all():
        return ""
    for narrow in NARROWER[s.check.dtype]:
        with np.errstate(all="ignore"):
            same = np.array_equal(got.astype(DTYPES[narrow]).astype(np.float64), got, equal_nan=True)
            same &= not np.array_equal(want.astype(DTYPES[narrow]).astype(np.float64), want, equal_nan=True)
            off = np.abs(got - want) <= 64 * FORMATS[narrow].u * np.abs(want).max()
        if same and off.all():
            return (
                f"Its result is rounded to {narrow}: every element is a number of that dtype. "
                f"Keep intermediate results in {s.check.dtype}."
            )
    return ""


def rounds_on_the_way(s: Scene) -> str:
    """Asked in float32 for the same numbers it is right: in 16 bits it rounds what it should keep until the end."""
    if s.check.dtype not in ("float16", "bfloat16") or s.seen.judged.outcome.stage != "values":
        return ""
    held = Stored(floats(s.seen.evaluation), s.seen.evaluation.cotangents)
    wide = s.look(replace(with_stored(s.case, held, "cause"), layout=""), "float32")
    if wide is None or wide.party.error or wide.judged.grade == "fail":
        return ""
    return (
        f"It rounds intermediate results to {s.check.dtype}: asked in float32 for the same numbers, it is right. "
        "Compute (and sum) in float32, and round once at the end."
    )


def approximation(s: Scene) -> str:
    """The relative error at ordinary inputs is the same in float32 and in float64, or below what float32 can see."""
    if s.seen.party.error or s.check.dtype not in ("float64", "float32") or s.check.op.startswith("sampling"):
        return ""
    wide, single = s.fresh("cause", "float64"), s.fresh("cause", "float32")
    if any(b is None or b.party.error for b in (wide, single)) or wide.judged.grade != "fail":
        return ""
    off, narrow, u = _relative(wide), _relative(single), FORMATS["float32"].u
    alike = 0.5 < off / narrow < 2 if off > 32 * u else narrow < 32 * u
    if any(t is not None and t.hi is None for t in wide.evaluation.truths):
        return ""
    if not 2.0**-30 < off < 0.02 or not alike or _elementwise_error(wide) > 0.1:
        return ""
    return (
        f"It is off by up to {off:.1g} of the largest result in float64 and no less in float32: that is no rounding. Look for "
        "an approximate formula, a constant of few digits, an eps in the wrong place, or a small term that is left out."
    )


def _elementwise_error(seen) -> float:
    pairs = [(g, t) for g, t in zip(outputs(seen), truths(seen), strict=False) if g is not None and t is not None]
    return max(
        (float((np.abs(g - t) / np.maximum(np.abs(t), 1e-3 * np.abs(t).max())).max()) for g, t in pairs if t.size), default=0.0
    )


def _relative(seen) -> float:
    """The largest error of any output, as a share of its largest element."""
    pairs = [(g, t) for g, t in zip(outputs(seen), truths(seen), strict=False) if g is not None and t is not None]
    with np.errstate(all="ignore"):
        found = [float(np.abs(g - t).max() / np.abs(t).max()) for g, t in pairs if g.shape == t.shape and t.size]
    return max(found, default=math.nan)


# -- one pass ----------------------------------------------------------------------------------------------------------------
def one_pass(s: Scene) -> str:
    """The error of a variance grows with the square of the mean."""
    name = s.pair.arrays[0].name
    if s.check.op not in VARIANCES or s.seen.party.error or s.check.dtype not in ("float64", "float32"):
        return ""
    shape = np.shape(floats(s.seen.evaluation)[name])
    if not shape or np.prod(shape) < 4:
        return ""
    x = 4 * np.random.default_rng(3).standard_normal(shape)
    errors = {}
    for k in (10, 11, 20, 22) if s.check.dtype == "float32" else (14, 18, 21):
        seen = s.altered({name: (x + 2.0**k).astype(DTYPES[s.check.dtype])}, (), s.plain_case("cause"))
        errors[k] = _relative(seen) if seen is not None and not seen.party.error else math.nan
    return _judged_one_pass(s, errors)


def _judged_one_pass(s: Scene, errors: dict[int, float]) -> str:
    """E[x^2] - E[x]^2 errs by about u * mean^2, in whichever dtype it is computed."""
    for dtype in dict.fromkeys((s.check.dtype, "float64")):
        expected = {k: FORMATS[dtype].u * 4.0**k / 16 for k in errors}
        seen = {k: err for k, err in errors.items() if 64 * s.fmt.u < expected[k] < 0.1}
        if len(seen) < 2 or not all(1 / 64 < err / expected[k] < 64 for k, err in seen.items()):
            continue
        where = "" if dtype == s.check.dtype else f" (in {dtype})"
        k = max(seen)
        return (
            f"It computes the variance in one pass, as E[x^2] - E[x]^2{where}: the error grows with the square of the mean, "
            f"to {seen[k]:.1g} of the result at a mean of {shown(2.0**k)}. Subtract the mean first."
        )
    return ""


def one_by_one(s: Scene) -> str:
    """A sum adds one element after the other in the dtype of its input: what is small beside the sum is lost."""
    if s.check.op not in ("reductions.sum", "reductions.mean", "reductions.cumsum") or s.backward or s.seen.party.error:
        return ""
    name, n = s.pair.arrays[0].name, 4096
    x = np.full((2, n), 0.75 * s.fmt.u)
    x[:, 0] = 1.0
    seen = s.altered(
        {name: x.astype(DTYPES[s.check.dtype])}, (), replace(s.plain_case("cause"), options={"axis": -1}, shapes={})
    )
    if seen is None or seen.judged.grade != "fail" or seen.party.error:
        return ""
    got = outputs(seen)[0].reshape(2, -1)[:, -1]
    if not (got == (1 / n if s.check.op.endswith("mean") else 1.0)).all():
        return ""
    return (
        f"It adds one element after the other in {s.check.dtype}: of 1 and {n - 1} times {shown(0.75 * s.fmt.u)} "
        "only the 1 is left. Add in pairs (np.sum along the last axis), or in a wider dtype."
    )


# -- cancellation ------------------------------------------------------------------------------------------------------------
NAIVE = {
    "special.log1p": ("log(1 + x)", lambda x: np.log(1 + x), "np.log1p"),
    "special.expm1": ("exp(x) - 1", lambda x: np.exp(x) - 1, "np.expm1"),
    "activations.tanh": ("2 sigma(2x) - 1", lambda x: 2 / (1 + np.exp(-2 * x)) - 1, "np.tanh"),
}


def cancellation(s: Scene) -> str:
    """Small results are right to an absolute error only."""
    if s.seen.party.error or s.seen.judged.outcome.stage != "values":
        return ""
    if (named := _naive(s)) or s.backward or not is_elementwise(s.check.op):
        return named
    mine = [f for c, f in s.failed if (c.dtype, c.direction) == (s.check.dtype, s.check.direction)]
    kept = [_absolute(f, s.fmt.u) for f in mine if f.judged.outcome.stage == "values" and not f.party.error]
    if not kept or not all(kept) or not _absolute(s.seen, s.fmt.u):
        return ""
    return (
        f"Digits are lost to a cancellation: small results carry the rounding error of terms of size 1 (about "
        f"{shown(s.fmt.u)}). Do not subtract nearly equal numbers, as 1 + x, exp(x) - 1 or 1 - erf(x) do."
    )


def _naive(s: Scene) -> str:
    if s.check.op not in NAIVE or s.backward:
        return ""
    text, formula, instead = NAIVE[s.check.op]
    x = np.resize(2.0 ** -np.arange(1.0, 40.0) * 1.37, np.shape(s.seen.evaluation.built.arrays[0]))
    seen = s.altered({s.pair.arrays[0].name: x.astype(DTYPES[s.check.dtype])})
    if seen is None or seen.party.error or seen.judged.grade != "fail":
        return ""
    with np.errstate(all="ignore"):
        wanted = formula(np.asarray(seen.evaluation.built.arrays[0])).astype(np.float64)
    if np.mean(np.abs(outputs(seen)[0] - wanted) <= s.fmt.u * np.abs(wanted)) < 0.8 or not departs(seen):
        return ""
    return f"It computes {text}, which loses its digits to a cancellation where x is small. Use {instead}."


def _absolute(seen, u: float) -> bool:
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
