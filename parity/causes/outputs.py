"""Mistakes that show in the result itself: a factor, a sign, an order, a function applied once too often."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from parity.causes.scene import SHARP, Predict, Scene, close, departs, first_of, outputs, shown, truths, values
from parity.judging import Seen

Change = Callable[[np.ndarray], np.ndarray]

CHANGES: tuple[tuple[str, Change], ...] = (
    ("It returns the square of the result. Take the root", np.square),
    ("It takes a square root too many. Leave the root out", np.sqrt),
    ("It returns the logarithm of the result. Leave it out", np.log),
    ("It returns the exponential of the result: the logarithm is missing. Take it", np.exp),
    ("It returns one minus the result. Take the complement", lambda t: 1 - t),
    ("It returns the reciprocal of the result: it divides where it should multiply. Turn it over", lambda t: 1 / t),
    ("It returns the magnitude of the result: the sign is lost. Keep it", np.abs),
    ("It cuts the result off below zero. Keep what is negative", lambda t: np.maximum(t, 0)),
    ("It cuts the result off at one. Let it be larger", lambda t: np.minimum(t, 1)),
    ("It rounds the result down. Keep the fraction", np.floor),
    ("It counts from one, not from zero. Subtract one", lambda t: t + 1),
)
MOVES: tuple[tuple[str, Change], ...] = (
    ("It returns the result transposed. Transpose it back", lambda t: np.swapaxes(t, -1, -2)),
    ("It returns the result in reversed order (last axis). Reverse it", lambda t: t[..., ::-1]),
    ("It returns the result in reversed order (first axis). Reverse it", lambda t: t[::-1]),
    ("The two halves of the result are exchanged (last axis). Exchange them", lambda t: np.roll(t, t.shape[-1] // 2, -1)),
    ("The result is one place late (last axis). Move it", lambda t: np.roll(t, 1, -1)),
    ("The result is one place early (last axis). Move it", lambda t: np.roll(t, -1, -1)),
    ("It sorts the result. Leave it in order", lambda t: np.sort(t, -1)),
)


def changed(s: Scene) -> str:
    """The result is a known function of the truth, or the truth in another order."""
    return first_of(_changed(s), s)


def _changed(s: Scene) -> Iterator[tuple[str, Predict]]:
    yield _plural(s, "Its results are in the wrong order. Return them the other way round."), lambda e: truths(e)[::-1]
    for sentence, change in (*CHANGES, *MOVES):
        yield sentence.replace("the result", "the gradient" if s.backward else "the result") + ".", _wherever(change)


def zero(s: Scene) -> str:
    """A result, or a gradient, is zero where it should not be."""
    if not s.places or sum(t.size for t in truths(s.places[0]) if t is not None) < 3:
        return ""
    what = _what(s, next(iter(wrong_outputs(s.places[0])), 0))
    here = "at every element of this input" if s.places[0] is s.seen else "everywhere"
    sentence = f"{what} is zero {here}, where the truth is not. Compute it."
    return first_of([(sentence, _wherever(np.zeros_like))], s)


def _plural(s: Scene, sentence: str) -> str:
    return sentence.replace("results", "gradients") if s.backward else sentence


def _wherever(change: Change) -> Predict:
    """`change` applied to every output that is wrong; right ones stay."""

    def predict(seen: Seen):
        out = list(seen.evaluation.truths)
        for i in wrong_outputs(seen):
            out[i] = np.asarray(change(truths(seen)[i]))
            if out[i].size < 3 and (out[i] == np.round(out[i])).all() and seen.evaluation.truths[i].hi is not None:
                return None  # a lone 0 or 1 may come from anywhere
        return out

    return predict


def wrong_outputs(seen: Seen) -> list[int]:
    """The positions of the outputs that are wrong by more than rounding."""
    found = []
    for i, (got, t) in enumerate(zip(seen.party.outputs, seen.evaluation.truths, strict=False)):
        if got is None and t is None:
            continue
        if got is None or t is None or np.shape(got) != t.value.shape or not close(got, t, seen.evaluation.dtype).all():
            found.append(i)
    return found


# -- factors and offsets ---------------------------------------------------------------------------------------------------
CONSTANTS = (
    ("2", 2.0), ("1/2", 0.5), ("log2(e): a logarithm to base 2", 1 / math.log(2)), ("ln 2: powers of two", math.log(2)),
    ("log10(e): a logarithm to base 10", 1 / math.log(10)), ("pi", math.pi), ("1/pi", 1 / math.pi), ("sqrt(2)", math.sqrt(2)),
    ("1/sqrt(2)", math.sqrt(0.5)), ("2/sqrt(pi)", 2 / math.sqrt(math.pi)), ("sqrt(pi)/2", math.sqrt(math.pi) / 2),
    ("1/255", 1 / 255), ("255", 255.0),
)  # fmt: skip


def factor(s: Scene) -> str:
    """The result is the truth times a constant."""
    ratios = [_ratio(p) for p in s.places if departs(p)]
    if not ratios or ratios[0] is None or any(r is None for r in ratios):
        return ""
    (where, c), e = ratios[0], s.places[0].evaluation
    what = _what(s, where)
    if any(abs(r[1] / c - 1) > 4 * SHARP[e.dtype] for r in ratios[1:] if r):
        return _weighted(s, what) or _data_dependent(s, what, [r[1] for r in ratios if r])
    if len(ratios) == 1 and truths(s.places[0])[where].size < 2:
        return ""
    if abs(c + 1) < SHARP[e.dtype]:
        return f"{what} has the wrong sign: it is the negative of the truth everywhere. Negate it."
    if abs(c - 1) < SHARP[e.dtype]:
        return ""
    return f"{what} is {shown(c)} times the truth everywhere{_named(s, c)}. Divide by {shown(c)}."


def _what(s: Scene, where: int) -> str:
    names = [k.name for k in s.seen.evaluation.built.kinds]
    if s.backward:
        return f"The gradient of `{names[where]}`"
    return "The result" if len(s.seen.evaluation.truths) == 1 else f"Output {where}"


def _ratio(seen: Seen) -> tuple[int, float] | None:
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


def _named(s: Scene, c: float) -> str:
    limit = 4 * SHARP[s.places[0].evaluation.dtype]
    for name, value in (*_from_options(s), *_counts(s), *CONSTANTS):
        for sign, minus in ((1, ""), (-1, "minus ")):
            if abs(c / (sign * value) - 1) < limit:
                return f" ({minus}{name})"
    return ""


def _from_options(s: Scene) -> Iterator[tuple[str, float]]:
    for k, v in s.places[0].evaluation.built.options.items():
        if isinstance(v, float) and v not in (0.0, 1.0):
            yield f"the option `{k}`", v
            yield f"1/`{k}`", 1 / v


def _counts(s: Scene) -> Iterator[tuple[str, float]]:
    """Numbers of elements that a mean may divide by, or forget."""
    sizes = {}
    for k, a in zip(s.seen.evaluation.built.kinds, s.seen.evaluation.built.arrays, strict=False):
        if isinstance(a, np.ndarray):
            sizes |= {a.size: f"the size of `{k.name}`", **{n: f"the length of an axis of `{k.name}`" for n in a.shape}}
    for n, name in sizes.items():
        if n > 1:
            yield f"{n} is {name}: a count to divide by is missing", float(n)
            yield f"1/{n}, where {n} is {name}: it divides by a count too many", 1 / n
        if n > 2:
            yield f"n/(n - 1) with n = {n}, {name}: it divides by n - 1 where n is meant", n / (n - 1)
            yield f"(n - 1)/n with n = {n}, {name}: it divides by n where n - 1 is meant", (n - 1) / n


def _weighted(s: Scene, what: str) -> str:
    """A mean over weights that divides by the count, or the other way round."""
    kinds = [k.name for k in s.seen.evaluation.built.kinds]
    if "weight" not in kinds:
        return ""
    i, good = kinds.index("weight"), []
    target = kinds.index("target") if "target" in kinds else None
    for p in (p for p in s.places if departs(p)):
        w, found = values(p.evaluation.built.arrays[i]), _ratio(p)
        if w is None or found is None:
            return ""
        labels = p.evaluation.built.arrays[target] if target is not None else None
        used = w[labels[(labels >= 0) & (labels < w.size)]] if labels is not None and labels.dtype.kind == "i" else w
        good.append(next((n for n, v in (("in", used.mean()), ("out", 1 / used.mean())) if abs(found[1] / v - 1) < 1e-4), ""))
    if set(good) == {"in"}:
        return f"{what} is divided by the count and not by the sum of `weight`. Divide the weighted sum by the sum of weights."
    if set(good) == {"out"}:
        return f"{what} is divided by the sum of `weight` and not by the count. Divide by the count."
    return ""


def _data_dependent(s: Scene, what: str, ratios: list[float]) -> str:
    for p in s.places:
        wrong = wrong_outputs(p)
        if not wrong or len(np.unique(np.abs(truths(p)[wrong[0]]))) < 4:
            return ""
    shares = " and ".join(shown(r) for r in ratios[:2])
    return f"{what} is wrong by one factor that depends on the data ({shares} in two inputs): look at what it is divided by."


def offset(s: Scene) -> str:
    """The result is the truth plus a constant."""
    found = [_offset(p) for p in s.places if departs(p)]
    if len(found) < 2 or any(f is None for f in found):
        return ""
    c = found[0]
    if c == 0 or any(abs(f - c) > 1e-4 * abs(c) for f in found):
        return ""
    return f"{'The gradient' if s.backward else 'The result'} is the truth plus {shown(c)} everywhere. Subtract it."


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
