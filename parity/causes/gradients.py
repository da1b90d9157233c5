"""Mistakes of gradients: what they do with the cotangent, and terms they leave out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from parity.causes.scene import Predict, Scene, first_of, truths, values
from parity.judging import Seen
from parity.loader import is_elementwise

COLUMNS = 8


def cotangent(s: Scene) -> str:
    """It uses another cotangent than the one it is given."""
    return first_of(_cotangents(s), s) if s.backward else ""


def _cotangents(s: Scene) -> Iterator[tuple[str, Predict]]:
    for sentence, change in (
        ("The gradient ignores the cotangent: it is right for a cotangent of ones only. Multiply by grad_output", np.ones_like),
        ("The gradient takes the mean of the cotangent for each of its elements", lambda d: np.full_like(d, d.mean())),
        ("The gradient takes the sum of the cotangent for each of its elements", lambda d: np.full_like(d, d.sum())),
        ("The gradient uses the cotangent in reversed order", lambda d: d[..., ::-1]),
        ("The gradient takes the magnitude of the cotangent", _magnitude),
    ):
        yield f"{sentence}.", _with_cotangents(s, lambda ds, change=change: [None if d is None else change(d) for d in ds])
    count = len(s.seen.evaluation.cotangents)
    for i in range(count) if count > 1 else ():
        yield (
            f"The gradient ignores the cotangent of output {i}. Add its part.",
            _with_cotangents(
                s, lambda ds, i=i: [np.zeros_like(d) if j == i and d is not None else d for j, d in enumerate(ds)]
            ),
        )


def _magnitude(cotangent: np.ndarray) -> np.ndarray:
    if not (cotangent > 0).any():
        raise ValueError("where every cotangent is negative, this is the wrong sign")
    return np.abs(cotangent)


def _with_cotangents(s: Scene, change) -> Predict:
    return lambda seen: s.truth(seen.evaluation, cotangents=tuple(change(list(seen.evaluation.cotangents))))


# -- elementwise gradients -------------------------------------------------------------------------------------------------
def slope(s: Scene) -> str:
    """The slope of an elementwise op is another function."""
    if not s.backward or not is_elementwise(s.check.op):
        return ""
    return first_of(_slopes(s), s)


def _slopes(s: Scene) -> Iterator[tuple[str, Predict]]:
    for sentence, rule in (
        ("The slope is 1 everywhere: the cotangent is passed through", lambda x, y, d: 1.0),
        ("The gradient is zero everywhere", lambda x, y, d: 0.0),
        ("The slope is the value of the op itself, not its derivative", lambda x, y, d: y),
        (
            "It takes the gate for a constant: the slope is y/x, and the gate's own derivative is left out",
            lambda x, y, d: y / x,
        ),
        ("The slope is upside down: it is one over the derivative. Multiply where it divides", lambda x, y, d: 1 / d),
        ("The slope is that of -x: the derivative is taken on the wrong side", lambda x, y, d: 1 - d),
        ("The slope is 1 minus the square of x, not of the result", lambda x, y, d: 1 - x * x),
        ("The slope lacks its factor x", lambda x, y, d: d / x),
        ("The slope has a factor x too many", lambda x, y, d: d * x),
        ("The slope is the square of the derivative", lambda x, y, d: d * d),
        ("The slope is the magnitude of the derivative: its sign is lost", lambda x, y, d: abs(d)),
        ("The slope is 1 plus the derivative", lambda x, y, d: 1 + d),
        ("The slope is the derivative plus the value", lambda x, y, d: d + y),
        ("The slope is that of the logarithm, 1/x", lambda x, y, d: 1 / x),
        ("The slope is the logarithm, log x", lambda x, y, d: np.log(x)),
    ):
        yield f"{sentence}.", _with_slope(s, rule)


def _with_slope(s: Scene, rule) -> Predict:
    def predict(seen: Seen):
        e = seen.evaluation
        dy = values(e.cotangents[0])
        return [rule(values(e.built.arrays[0]), _values_of(s, seen), truths(seen)[0] / dy) * dy]

    return predict


def _values_of(s: Scene, seen: Seen) -> np.ndarray:
    """The op's own values at the input of a gradient (found once)."""
    key = ("values", id(seen))
    if key not in s.kept:
        found = s.truth(_forward(seen))
        s.kept[key] = None if found is None else values(found[0])
    return s.kept[key]


def _forward(seen: Seen):
    return replace(seen.evaluation, direction="forward", cotangents=(), truths=(), parties={})


# -- terms left out --------------------------------------------------------------------------------------------------------
def diagonal(s: Scene) -> str:
    """It has the diagonal of the Jacobian only."""
    if not s.backward or not s.places or len(s.places[0].evaluation.cotangents) != 1:
        return ""
    dy, x = s.places[0].evaluation.cotangents[0], s.places[0].evaluation.built.arrays[0]
    if dy is None or np.shape(dy) != np.shape(x) or not np.ndim(dy) or s.left < 2 * np.shape(dy)[-1]:
        return ""
    sentence = (
        "The gradient has only the diagonal of the Jacobian: how one input moves the other results of its row is left out. "
        "Add the sum over the row."
    )
    return first_of([(sentence, _diagonal(s))], s)


def _diagonal(s: Scene) -> Predict:
    def predict(seen: Seen):
        dy, out = values(seen.evaluation.cotangents[0]), list(seen.evaluation.truths)
        if dy.shape[-1] > COLUMNS:
            return None
        direct = np.zeros(dy.shape)
        for j in range(dy.shape[-1]):
            one = np.zeros_like(dy)
            one[..., j] = dy[..., j]
            found = s.truth(seen.evaluation, cotangents=(one,))
            if found is None:
                return None
            direct[..., j] = values(found[0])[..., j]
        out[0] = direct
        return out

    return predict


def row_terms(s: Scene) -> str:
    """A sum over the row is missing, or there is one too many."""
    return first_of(_row_terms(s), s) if s.backward else ""


def _row_terms(s: Scene) -> Iterator[tuple[str, Predict]]:
    for sentence, rule in (
        ("is summed over its first axis and repeated, where each row has its own", lambda g: g.sum(0, keepdims=True)),
        ("is summed over its last axis and repeated, where each element has its own", lambda g: g.sum(-1, keepdims=True)),
        ("is averaged over its last axis, where each element has its own", lambda g: g.mean(-1, keepdims=True)),
        ("is averaged over its first axis, where each row has its own", lambda g: g.mean(0, keepdims=True)),
        ("has its mean over the last axis subtracted", lambda g: g - g.mean(-1, keepdims=True)),
    ):
        yield f"The gradient {sentence}.", _to_first(rule)


def _to_first(rule) -> Predict:
    def predict(seen: Seen):
        out, g = list(seen.evaluation.truths), truths(seen)[0]
        out[0] = np.broadcast_to(rule(g), g.shape).copy()
        return out

    return predict
