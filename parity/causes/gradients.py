"""Mistakes of gradients: what they do with the cotangent, and terms they leave out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from parity.causes.claims import Claim
from parity.causes.comparing import truths, values
from parity.causes.diagnosis import Diagnosis, Predict

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

COLUMNS = 8


def cotangent(d: Diagnosis) -> Iterator[Claim]:
    """It uses another cotangent than the one it is given."""
    if not d.backward:
        return
    for sentence, change in (
        ("The gradient ignores the cotangent: it is right for a cotangent of ones only. Multiply by grad_output", np.ones_like),
        ("The gradient takes the mean of the cotangent for each of its elements", lambda dy: np.full_like(dy, dy.mean())),
        ("The gradient takes the sum of the cotangent for each of its elements", lambda dy: np.full_like(dy, dy.sum())),
        ("The gradient uses the cotangent in reversed order", lambda dy: dy[..., ::-1]),
        ("The gradient takes the magnitude of the cotangent", _magnitude),
    ):
        every = lambda ds, change=change: [None if dy is None else change(dy) for dy in ds]  # noqa: E731
        yield Claim(f"cotangent {sentence}", f"{sentence}.", _with_cotangents(d, every))
    count = len(d.seen.evaluation.cotangents)
    for i in range(count) if count > 1 else ():
        without = lambda ds, i=i: [np.zeros_like(dy) if j == i and dy is not None else dy for j, dy in enumerate(ds)]  # noqa: E731
        sentence = f"The gradient ignores the cotangent of output {i}. Add its part."
        yield Claim(f"cotangent {i}", sentence, _with_cotangents(d, without))


def _magnitude(cotangent: np.ndarray) -> np.ndarray:
    if not (cotangent > 0).any():
        raise ValueError("where every cotangent is negative, this is the wrong sign")
    return np.abs(cotangent)


def _with_cotangents(d: Diagnosis, change) -> Predict:
    return lambda seen: d.truth(seen.evaluation, cotangents=tuple(change(list(seen.evaluation.cotangents))))


# -- elementwise gradients -------------------------------------------------------------------------------------------------
def slope(d: Diagnosis) -> Iterator[Claim]:
    """The slope of an elementwise op is another function."""
    if not d.backward or not d.elementwise:
        return
    for sentence, rule in (
        ("The slope is 1 everywhere: the cotangent is passed through", lambda x, y, s: 1.0),
        ("The gradient is zero everywhere", lambda x, y, s: 0.0),
        ("The slope is the value of the op itself, not its derivative", lambda x, y, s: y),
        (
            "It takes the gate for a constant: the slope is y/x, and the gate's own derivative is left out",
            lambda x, y, s: y / x,
        ),
        ("The slope is upside down: it is one over the derivative. Multiply where it divides", lambda x, y, s: 1 / s),
        ("The slope is that of -x: the derivative is taken on the wrong side", lambda x, y, s: 1 - s),
        ("The slope is 1 minus the square of x, not of the result", lambda x, y, s: 1 - x * x),
        ("The slope lacks its factor x", lambda x, y, s: s / x),
        ("The slope has a factor x too many", lambda x, y, s: s * x),
        ("The slope is the square of the derivative", lambda x, y, s: s * s),
        ("The slope is the magnitude of the derivative: its sign is lost", lambda x, y, s: abs(s)),
        ("The slope is 1 plus the derivative", lambda x, y, s: 1 + s),
        ("The slope is the derivative plus the value", lambda x, y, s: s + y),
        ("The slope is that of the logarithm, 1/x", lambda x, y, s: 1 / x),
        ("The slope is the logarithm, log x", lambda x, y, s: np.log(x)),
    ):
        yield Claim(f"slope {sentence}", f"{sentence}.", _with_slope(d, rule))


def _with_slope(d: Diagnosis, rule) -> Predict:
    def predict(seen: Seen):
        e = seen.evaluation
        dy = values(e.cotangents[0])
        return [rule(values(e.built.arrays[0]), _values_of(d, seen), truths(seen)[0] / dy) * dy]

    return predict


def _values_of(d: Diagnosis, seen: Seen) -> np.ndarray:
    """The op's own values at the input of a gradient (found once)."""
    key = ("values", id(seen))
    if key not in d.kept:
        found = d.truth(_forward(seen))
        d.kept[key] = None if found is None else values(found[0])
    return d.kept[key]


def _forward(seen: Seen):
    return replace(seen.evaluation, direction="forward", cotangents=(), truths=(), parties={})


# -- terms left out --------------------------------------------------------------------------------------------------------
def diagonal(d: Diagnosis) -> Iterator[Claim]:
    """It has the diagonal of the Jacobian only."""
    if not d.backward or len(d.seen.evaluation.cotangents) != 1:
        return
    dy, x = d.seen.evaluation.cotangents[0], d.seen.evaluation.built.arrays[0]
    if dy is None or np.shape(dy) != np.shape(x) or not np.ndim(dy) or np.shape(dy)[-1] > COLUMNS or d.elementwise:
        return
    sentence = (
        "The gradient has only the diagonal of the Jacobian: how one input moves the other results of its row is left out. "
        "Add the sum over the row."
    )
    yield Claim("diagonal", sentence, _diagonal(d))


def _diagonal(d: Diagnosis) -> Predict:
    def predict(seen: Seen):
        dy, out = values(seen.evaluation.cotangents[0]), list(seen.evaluation.truths)
        if dy.shape[-1] > COLUMNS:
            return None
        direct = np.zeros(dy.shape)
        for j in range(dy.shape[-1]):
            one = np.zeros_like(dy)
            one[..., j] = dy[..., j]
            found = d.truth(seen.evaluation, cotangents=(one,))
            if found is None:
                return None
            direct[..., j] = values(found[0])[..., j]
        out[0] = direct
        return out

    return predict


def row_terms(d: Diagnosis) -> Iterator[Claim]:
    """A sum over the row is missing, or there is one too many."""
    if not d.backward:
        return
    for sentence, rule in (
        ("is summed over its first axis and repeated, where each row has its own", lambda g: g.sum(0, keepdims=True)),
        ("is summed over its last axis and repeated, where each element has its own", lambda g: g.sum(-1, keepdims=True)),
        ("is averaged over its last axis, where each element has its own", lambda g: g.mean(-1, keepdims=True)),
        ("is averaged over its first axis, where each row has its own", lambda g: g.mean(0, keepdims=True)),
        ("has its mean over the last axis subtracted", lambda g: g - g.mean(-1, keepdims=True)),
    ):
        yield Claim(f"row {sentence}", f"The gradient {sentence}.", _to_first(rule), everywhere=True)


def _to_first(rule) -> Predict:
    def predict(seen: Seen):
        out, g = list(seen.evaluation.truths), truths(seen)[0]
        out[0] = np.broadcast_to(rule(g), g.shape).copy()
        return out

    return predict


# -- which gradients a cotangent reaches -----------------------------------------------------------------------------------
def reach(d: Diagnosis) -> Iterator[Claim]:
    """A cotangent at one element reaches gradients along another axis than it does in the definition."""
    if not d.backward or len(d.ordinary) < 2 or len(d.seen.evaluation.cotangents) != 1 or d.elementwise:
        return
    found = [_reached(d, seen) for seen in d.ordinary]
    if None in found or len(set(found)) != 1:
        return
    ((got, want),) = set(found)
    if got and want and got != want and len(got) == len(want):
        sentence = (
            f"It works along the wrong axis: a cotangent at one element reaches gradients along axis {_listed(got)}, where "
            f"the definition has axis {_listed(want)}. Sum along the axis that is asked for."
        )
        yield Claim("axis", sentence, shows=lambda seen: _reached(d, seen) == (got, want))


def _listed(axes: tuple[int, ...]) -> str:
    return ", ".join(map(str, axes))


def _reached(d: Diagnosis, seen: Seen) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The axes along which a cotangent at one element reaches the first gradient: the candidate's, and the definition's."""
    dy = seen.evaluation.cotangents[0]
    if dy is None or dy.ndim < 2 or min(dy.shape) < 2 or not np.isfinite(dy).all():
        return None
    one = np.zeros_like(dy)
    one[(1,) * dy.ndim] = 1
    probed = d.altered({}, (one,), at=seen)
    if probed is None or probed.party.error or probed.party.outputs[0] is None:
        return None
    got, want = values(probed.party.outputs[0]), truths(probed)[0]
    return (_axes(got != 0), _axes(want != 0)) if want is not None and got.shape == want.shape else None


def _axes(mask: np.ndarray) -> tuple[int, ...]:
    """The axes along which more than one element is set."""
    places = np.argwhere(mask)
    return tuple(i for i in range(mask.ndim) if len(np.unique(places[:, i])) > 1)
