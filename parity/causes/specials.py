"""Mistakes at special inputs: nan, infinities, exact zeros, ties, corners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from parity.causes.claims import Claim, experiment
from parity.causes.comparing import (
    agrees,
    close,
    failed,
    format_number,
    outputs,
    pairs_of,
    passed,
    real_arrays,
    truths,
    values,
)  # fmt: skip
from parity.causes.diagnosis import Diagnosis

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

Found = tuple[str, str] | None
REPLACED = ((0.0, "counted as zero"), (-np.inf, "counted as -inf"), (np.inf, "counted as inf"))


def swallowed(d: Diagnosis) -> Iterator[Claim]:
    """nan goes in and does not come out; with numbers in place of nan it is right."""
    found = [None if s is None or s.party.error else _swallowed(d, s) for s in (d.seen, d.second)]
    if None in found:
        return
    (name, one), (_, two) = found
    how = [h for h in one if h in two][:1]
    also = f": it is {how[0]}, as by max(0, x), np.fmax or a comparison (every comparison with nan is false)" if how else ""
    sentence = f"It swallows nan: a nan in `{name}` does not reach the result{also}. Let nan through, as np.maximum does."
    yield Claim("nan", sentence, shows=lambda seen: _swallowed(d, seen) is not None)


def _swallowed(d: Diagnosis, seen: Seen) -> tuple[str, list[str]] | None:
    """The array whose nan is lost, and what it is counted as."""
    arrays = {n: a for n, a in real_arrays(seen.evaluation).items() if np.isnan(a).any()}
    if not arrays:
        return None
    lost = any(np.isnan(t).sum() > np.isnan(g).sum() for g, t in pairs_of(seen))
    index = any(t is not None and t.value.dtype.kind in "iub" for t in seen.evaluation.truths)
    how = [text for value, text in REPLACED if (lost or index) and _as_if(d, seen, arrays, value)]
    if (not lost and not (index and how)) or not passed(d.altered({n: _without_nan(a) for n, a in arrays.items()}, at=seen)):
        return None
    return next(iter(arrays)), how


def _without_nan(a: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(a), 0.625, a).astype(a.dtype)


def _as_if(d: Diagnosis, seen: Seen, arrays, value: float) -> bool:
    e = seen.evaluation
    other = [
        np.where(np.isnan(a), value, a).astype(a.dtype) if k.name in arrays else a
        for k, a in zip(e.built.kinds, e.built.arrays, strict=False)
    ]
    return agrees(seen.party.outputs, d.truth(e, arrays=other), e.dtype)


def _from_infinities(d: Diagnosis, seen: Seen) -> Found:
    """It is wrong at infinite inputs, and right when these are replaced by large finite ones."""
    infinite = {n: a for n, a in real_arrays(seen.evaluation).items() if np.isinf(a).any()}
    if not infinite:
        return None
    large = {n: np.where(np.isinf(a), np.sign(a) * 2.0**5, a).astype(a.dtype) for n, a in infinite.items()}
    if not passed(d.altered(large, at=seen)):
        return None
    name, how = next(iter(infinite)), "inf - inf or 0 * inf gives nan"
    if _has_new_nan(seen):
        return (
            "nan",
            f"It is nan at infinite `{name}`, where the limit is known: {how}. Treat infinities on their own (np.where).",
        )
    return "wrong", f"It is wrong where `{name}` is infinite, and right at large finite numbers. Use the limit there."


def _has_new_nan(seen: Seen) -> bool:
    return any(bool((np.isnan(g) & ~np.isnan(t)).any()) for g, t in pairs_of(seen))


def _at_zero(d: Diagnosis, seen: Seen) -> Found:
    """It is wrong where something is exactly zero, and right beside it."""
    for name, a in real_arrays(seen.evaluation).items():
        if not (a == 0).any():
            continue
        step = 2.0**-20 if d.fmt.precision > 20 else 2.0**-10
        beside = [d.altered({name: np.where(a == 0, sign * step, a).astype(a.dtype)}, at=seen) for sign in (1, -1)]
        if not passed(beside[0]) or (failed(beside[1]) and not (a >= 0).all()) or not _anywhere(d, name):
            continue
        if _has_new_nan(seen):
            return f"nan {name}", (
                f"It is nan where `{name}` is exactly 0: 0/0, 0 * inf or 0 * log(0). Give the limit there (np.where)."
            )
        return (
            f"wrong {name}",
            f"It is wrong where `{name}` is exactly 0, and right beside it: it takes another convention there.",
        )
    return None


def _anywhere(d: Diagnosis, name: str) -> bool:
    """Whether a zero among ordinary numbers fails at whichever place, where these numbers are right."""
    plain = d.fresh("cause")
    a = real_arrays(plain.evaluation).get(name) if passed(plain) else None
    if a is None or not a.size:
        return False
    for place in {0, min(1, a.size - 1), a.size // 2, a.size - 1}:
        zeroed = a.copy()
        zeroed.reshape(-1)[place] = 0
        if not failed(d.altered({name: zeroed}, at=plain)):
            return False
    return True


def _values_at(seen: Seen, mask: np.ndarray, backward: bool):
    got, want = outputs(seen)[0], truths(seen)[0]
    if got is None or want is None or got.shape != mask.shape or not (mask & (got != want)).any():
        return None, None
    wrong = mask & (got != want)
    dy = seen.evaluation.cotangents[0] if backward and seen.evaluation.cotangents else None
    scale = values(dy)[wrong][0] if dy is not None and np.shape(dy) == got.shape else 1.0
    return got[wrong][0] / scale + 0.0, want[wrong][0] / scale + 0.0


def _at_corner(d: Diagnosis, seen: Seen) -> Found:
    """An elementwise op is wrong at single points and right at both neighbours."""
    e = seen.evaluation
    if not d.elementwise:
        return None
    x, got, want = e.built.arrays[0], outputs(seen)[0], e.truths[0]
    wrong = ~close(got, want, e.dtype)
    points = np.unique(np.asarray(x)[wrong].astype(np.float64))
    if not 0 < len(points) <= 3 or not np.isfinite(points).all():
        return None
    gap = np.maximum(np.abs(points) * d.fmt.eps, d.fmt.tiny)
    name, shape = d.pair.arrays[0].name, (max(x.size, 2 * len(points)),)
    for far in (1, 64):
        beside = np.resize(np.concatenate([points - far * gap, points + far * gap]).astype(x.dtype), shape)
        if not passed(d.altered({name: beside}, () if d.backward else None, at=seen)):
            return None
    exact = d.altered({name: np.resize(points.astype(x.dtype), shape)}, () if d.backward else None, at=seen)
    return ("", _at_points(d, points, *_values_at(seen, wrong, d.backward))) if failed(exact) else None


def _at_points(d: Diagnosis, points: np.ndarray, got: float | None, want: float | None) -> str:
    there = f", {format_number(got)} where {format_number(want)} is defined" if got is not None and want is not None else ""
    what = "slope at the corner" if d.backward else "value at the corner"
    where = " and ".join(format_number(p) for p in points)
    if got is None or want is None or not np.isfinite([got, want]).all():
        return f"It is wrong at the single point x = {where}{there}, and right beside it. Give the value there."
    return (
        f"It takes another convention: the {what} x = {where} is another{there}; beside it the result is right. Check < and <=."
    )


def _ties(d: Diagnosis, seen: Seen) -> Found:
    """It is wrong where elements are equal, and right when they are told apart."""
    if d.elementwise:
        return None
    for name, a in real_arrays(seen.evaluation).items():
        if a.size < 2 or not np.isfinite(a).all() or len(np.unique(a)) == a.size:
            continue
        tame, apart = _tame(a)
        alike, again = d.altered({name: tame}, at=seen), d.altered({name: apart}, at=seen)
        if passed(again) and failed(alike) and not again.party.error and not alike.party.error:
            if not _some_equal(d, seen, name, apart):
                if not passed(d.altered({name: (1 + (apart - 1) / 16).astype(apart.dtype)}, at=seen)):
                    continue  # a small spread is enough
                return f"{name} constant", f"It is wrong where all elements of `{name}` are equal, and right where all differ."
            mark, rule = _rule(d, seen)
            return f"{name} {mark}", f"It is wrong where elements of `{name}` are equal{rule}, and right where all differ."
    return None


def _unstable(d: Diagnosis, seen: Seen) -> Found:
    """Every number is right, and every wrong index is that of an equal element, elsewhere on its line."""
    first = next(iter(real_arrays(seen.evaluation).values()), None)
    axis, wrong = seen.evaluation.built.options.get("axis", -1), False
    if d.backward or first is None or not first.ndim or not isinstance(axis, int):
        return None
    for got, want, truth in zip(outputs(seen), truths(seen), seen.evaluation.truths, strict=False):
        if got is None or want is None or got.shape != want.shape:
            return None
        if truth.hi is None and (got != want).any():
            got, want, wrong = _at_indices(first, got, axis), _at_indices(first, want, axis), True
        if got is None or want is None or not np.array_equal(got, want, equal_nan=True):
            return None
    return ("", "It puts equal elements in another order: they do not keep theirs. Use a stable sort.") if wrong else None


def _at_indices(a: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray | None:
    """The numbers of an array at the indices that a sort returns along an axis; None if they are no such indices."""
    fits = indices.ndim == a.ndim and -a.ndim <= axis < a.ndim and ((indices >= 0) & (indices < a.shape[axis])).all()
    return np.take_along_axis(a, indices.astype(np.int64), axis).astype(np.float64) if fits else None


def _tame(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moderate numbers with the same order and the same ties, and others without ties."""
    _, rank = np.unique(a, return_inverse=True)
    apart = np.argsort(np.argsort(rank.reshape(-1), kind="stable"))
    return tuple((1 + r.reshape(a.shape) / 64).astype(a.dtype) for r in (rank, apart))


def _some_equal(d: Diagnosis, seen: Seen, name: str, apart: np.ndarray) -> bool:
    """Whether it fails where two and two elements are equal, along some axis or anywhere."""
    for axis in (*range(apart.ndim), None):
        order = np.argsort(np.argsort(apart, axis=axis, kind="stable"), axis=axis, kind="stable").reshape(apart.shape)
        pairs, spread = ((1 + x).astype(apart.dtype) for x in (order // 2 / 64, order / 128))
        if (pairs == pairs.reshape(-1)[0]).all() or not failed(d.altered({name: pairs}, at=seen)):
            continue
        if passed(d.altered({name: spread}, at=seen)):  # numbers as near each other, none of them equal
            return True
    return False


def _rule(d: Diagnosis, seen: Seen) -> tuple[str, str]:
    got, want = outputs(seen)[0], truths(seen)[0]
    if got is None or got.shape != want.shape:
        return "", ""
    if seen.evaluation.truths[0].hi is None and (got >= want).all():
        return "later", " (it takes a later one of several equal elements: another tie rule; take the first)"
    if np.isnan(got).any():
        return "nan", " (it is nan there: 0/0 where there is no spread)"
    if not d.backward:
        return "", ""
    more = int((got != 0).sum()) - int((want != 0).sum())
    if more == 0 and (np.abs(got) >= np.abs(want)).all():
        return "whole", " (it gives every one of them the whole gradient, where they share it: another tie rule)"
    how = "gives more of them a gradient" if more > 0 else "gives fewer of them a gradient" if more < 0 else "chooses others"
    return how, f" (it {how}: another tie rule)"


SPECIALS = (
    swallowed, experiment("infinite", _from_infinities),
    experiment("corner", _at_corner), experiment("ties", _ties), experiment("zero-input", _at_zero),
    experiment("unstable", _unstable),
)  # fmt: skip
