"""Mistakes at special inputs: nan, infinities, exact zeros, ties, corners."""

from __future__ import annotations

import numpy as np

from parity.causes.scene import Scene, close, floats, outputs, shown, truths, values
from parity.compare import units_of
from parity.judging import Seen
from parity.loader import is_elementwise

REPLACED = ((0.0, "counted as zero"), (-np.inf, "counted as -inf"), (np.inf, "counted as inf"))


@np.errstate(all="ignore")
def swallowed(s: Scene) -> str:
    """nan goes in and does not come out."""
    pairs = [(g, t) for g, t in zip(outputs(s.seen), truths(s.seen), strict=False) if g is not None and t is not None]
    arrays = {n: a for n, a in floats(s.seen.evaluation).items() if np.asarray(a).dtype.kind == "f" and np.isnan(a).any()}
    if not arrays or s.seen.judged.outcome.stage not in ("nan", "values", "infinity"):
        return ""
    lost = any(g.shape == t.shape and np.isnan(t).sum() > np.isnan(g).sum() for g, t in pairs)
    index = any(t.dtype.kind in "iub" for t in (x.value for x in s.seen.evaluation.truths if x is not None))
    if not lost and not index:
        return ""
    how = next((text for value, text in REPLACED if _as_if(s, arrays, value)), "")
    if index and not lost and not how:
        return ""
    name = next(iter(arrays))
    also = f": it is {how}, as by max(0, x), np.fmax or a comparison (every comparison with nan is false)" if how else ""
    return f"It swallows nan: a nan in `{name}` does not reach the result{also}. Let nan through, as np.maximum does."


@np.errstate(all="ignore")
def flushed(s: Scene) -> str:
    """Every wrong element is zero, and has a subnormal number as input or as truth."""
    if s.seen.party.error:
        return ""
    given = [np.asarray(a, np.float64) for a in floats(s.seen.evaluation).values() if np.asarray(a).dtype.kind not in "iubO"]
    tiny, wrong = s.fmt.tiny, 0
    for g, t in zip(s.seen.party.outputs, s.seen.evaluation.truths, strict=False):
        if g is None or t is None or t.hi is None:
            continue
        bad = ~(units_of(g, t, s.check.dtype) <= s.seen.judged.budget)
        small = _subnormal(t.hi, tiny)
        for a in given:
            small |= _subnormal(a, tiny) if a.shape == t.hi.shape else False
        if (bad & ~(small & (np.asarray(g) == 0))).any():
            return ""
        wrong += int(bad.sum())
    text = "It flushes subnormal numbers to zero: each wrong result is zero, and its input or truth is below {}."
    return text.format(shown(tiny)) + " Switch flush-to-zero off, or accept it knowingly." if wrong else ""


def _subnormal(a: np.ndarray, tiny: float) -> np.ndarray:
    return (a != 0) & (np.abs(a) < tiny)


def _as_if(s: Scene, arrays, value: float) -> bool:
    e = s.seen.evaluation
    other = [
        np.where(np.isnan(a), value, a).astype(a.dtype) if k.name in arrays else a
        for k, a in zip(e.built.kinds, e.built.arrays, strict=False)
    ]
    wanted = s.truth(e, arrays=other)
    if wanted is None or len(wanted) != len(s.seen.party.outputs):
        return False
    pairs = zip(s.seen.party.outputs, wanted, strict=False)
    return all(
        np.shape(g) == np.shape(values(w)) and close(g, w, e.dtype).all() for g, w in pairs if g is not None and w is not None
    )


@np.errstate(all="ignore")
def from_infinities(s: Scene) -> str:
    """It is wrong at infinite inputs, and right when these are replaced by large finite ones."""
    infinite = {n: a for n, a in floats(s.seen.evaluation).items() if np.asarray(a).dtype.kind == "f" and np.isinf(a).any()}
    if not infinite or s.seen.party.error:
        return ""
    large = {n: np.where(np.isinf(a), np.sign(a) * 2.0**5, a).astype(a.dtype) for n, a in infinite.items()}
    again = s.altered(large)
    if again is None or again.judged.grade == "fail":
        return ""
    i = s.seen.judged.outcome.index[1:]
    name, how = next(iter(infinite)), "inf - inf or 0 * inf gives nan"
    if _has_new_nan(s.seen):
        return f"It is nan at infinite `{name}`, where the limit is known: {how}. Treat infinities on their own (np.where)."
    return f"It is wrong where `{name}` is infinite{_at(i)}, and right at large finite numbers. Use the limit there."


def _at(index) -> str:
    return f" (element {list(index)})" if index else ""


def _has_new_nan(seen: Seen) -> bool:
    pairs = zip(outputs(seen), truths(seen), strict=False)
    return any(
        g is not None and t is not None and g.shape == t.shape and bool((np.isnan(g) & ~np.isnan(t)).any()) for g, t in pairs
    )


@np.errstate(all="ignore")
def at_zero(s: Scene) -> str:
    """It is wrong where something is exactly zero, and right beside it."""
    if s.seen.party.error:
        return ""
    if s.seen.judged.outcome.stage == "sign of zero":
        if s.check.op.startswith("reductions.") and _only_moved(s):
            return "It puts -0 and 0 in another order: equal elements do not keep theirs. Use a stable sort."
        return "It loses the sign of zero: the result is +0 where it should be -0, or the other way round. Do not add 0."
    for name, a in floats(s.seen.evaluation).items():
        if np.asarray(a).dtype.kind != "f" or not (a == 0).any():
            continue
        beside = np.where(a == 0, 2.0**-20 if s.fmt.precision > 20 else 2.0**-10, a).astype(a.dtype)
        again = s.altered({name: beside})
        if again is None or again.judged.grade == "fail":
            continue
        if _has_new_nan(s.seen):
            return f"It is nan where `{name}` is exactly 0: 0/0, 0 * inf or 0 * log(0). Give the limit there (np.where)."
        return f"It is wrong where `{name}` is exactly 0, and right beside it{_slopes_there(s, a)}."
    return ""


def _only_moved(s: Scene) -> bool:
    got, want = outputs(s.seen)[0], s.seen.evaluation.truths[0].value.astype(np.float64)
    return bool(np.signbit(got[got == 0]).sum() == np.signbit(want[want == 0]).sum())


def _slopes_there(s: Scene, a: np.ndarray) -> str:
    got, want = _values_at(s, a == 0)
    scaled = s.backward and len(s.seen.evaluation.cotangents) == 1 and np.shape(s.seen.evaluation.cotangents[0]) == np.shape(a)
    if got is None or not scaled:
        return ": it takes another convention there. Use the one of the op's definition"
    return f": it takes another convention at this corner, {shown(got)} where {shown(want)} is defined. Use the op's convention"


def _values_at(s: Scene, mask: np.ndarray):
    got, want = outputs(s.seen)[0], truths(s.seen)[0]
    if got is None or want is None or got.shape != mask.shape:
        return None, None
    wrong = mask & (got != want)
    if not wrong.any():
        return None, None
    dy = s.seen.evaluation.cotangents[0] if s.backward and s.seen.evaluation.cotangents else None
    scale = values(dy)[wrong][0] if dy is not None and np.shape(dy) == got.shape else 1.0
    return got[wrong][0] / scale + 0.0, want[wrong][0] / scale + 0.0


@np.errstate(all="ignore")
def at_corner(s: Scene) -> str:
    """An elementwise op is wrong at single points and right at both neighbours."""
    e = s.seen.evaluation
    if s.seen.party.error or not is_elementwise(s.check.op):
        return ""
    x, got, want = e.built.arrays[0], outputs(s.seen)[0], e.truths[0]
    wrong = ~close(got, want, e.dtype)
    points = np.unique(np.asarray(x)[wrong].astype(np.float64))
    if not 0 < len(points) <= 3 or not np.isfinite(points).all():
        return ""
    narrow = np.asarray(points).astype(x.dtype)
    gap = np.maximum(np.abs(points) * s.fmt.eps, s.fmt.tiny)
    beside = np.resize(np.concatenate([points - gap, points + gap]).astype(x.dtype), x.shape)
    again, exact = s.altered({s.pair.arrays[0].name: beside}), s.altered({s.pair.arrays[0].name: np.resize(narrow, x.shape)})
    if again is None or exact is None or again.judged.grade == "fail" or exact.judged.grade != "fail":
        return ""
    return _at_points(s, points, *_values_at(s, wrong))


def _at_points(s: Scene, points: np.ndarray, got: float | None, want: float | None) -> str:
    values_there = f", {shown(got)} where {shown(want)} is defined" if got is not None and want is not None else ""
    what = "slope at the corner" if s.backward else "value at the corner"
    where = " and ".join(shown(p) for p in points)
    return (
        f"It takes another convention: the {what} x = {where} is another{values_there}; beside it the result is right. "
        "Check < and <=."
    )


@np.errstate(all="ignore")
def ties(s: Scene) -> str:
    """It is wrong where elements are equal, and right when they are told apart."""
    if s.seen.party.error or s.check.op.split(".")[0] not in ("reductions", "pooling", "tensor", "losses", "similarity"):
        return ""
    for name, a in floats(s.seen.evaluation).items():
        a = np.asarray(a)
        if a.dtype.kind != "f" or a.size < 2 or not np.isfinite(a).all() or len(np.unique(a)) == a.size:
            continue
        tame, apart = _tame(a)
        alike, again = s.altered({name: tame}), s.altered({name: apart})
        if again is not None and again.judged.grade != "fail" and alike is not None and alike.judged.grade == "fail":
            return f"It is wrong where elements of `{name}` are equal{_rule(s)}, and right where all differ."
    return ""


def _tame(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moderate numbers with the same order and the same ties, and others without ties."""
    _, rank = np.unique(a, return_inverse=True)
    apart = np.argsort(np.argsort(rank.reshape(-1), kind="stable"))
    return tuple((1 + r.reshape(a.shape) / 64).astype(a.dtype) for r in (rank, apart))


def _rule(s: Scene) -> str:
    got, want = outputs(s.seen)[0], truths(s.seen)[0]
    if got is None or got.shape != want.shape:
        return ""
    if s.seen.evaluation.truths[0].hi is None and (got >= want).all():
        return " (it takes a later one of several equal elements: another tie rule; take the first)"
    if np.isnan(got).any():
        return " (it is nan there: 0/0 where there is no spread)"
    if not s.backward:
        return " (another convention for these)"
    more = int((got != 0).sum()) - int((want != 0).sum())
    if more == 0 and (np.abs(got) >= np.abs(want)).all():
        return " (it gives every one of them the whole gradient, where they share it: another tie rule)"
    how = "gives more of them a gradient" if more > 0 else "gives fewer of them a gradient" if more < 0 else "chooses others"
    return f" (it {how}: another tie rule)"
