"""How a draw is read: its place within its law, a number that is uniform on (0, 1) for a right sampler, whatever it draws.

A draw y of a law with distribution function F has the place F(y).  Where y has a probability of its own (a category, a rounded
number), the place is drawn uniformly from its interval (F(y-), F(y)).  So draws of different laws, shapes, options and dtypes
become comparable: all of them are uniform, and independent of each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.formats import DTYPES, FORMATS

IMPOSSIBLE = 1e-16
"""A category of a probability below this is never drawn."""
Arrays = Sequence[Any]
Options = Mapping[str, Any]


class Breach(Exception):
    """A result that can never come out.  `limit` names the kind of limit where judges differ about it (else empty)."""

    def __init__(self, stage: str, message: str, limit: str = ""):
        super().__init__(message)
        self.stage, self.message, self.limit = stage, message, limit


@dataclass(frozen=True)
class Sampler:
    """How the samples of a candidate are judged, whatever it draws from its generator."""

    shape: Callable[[Arrays, Options], tuple[int, ...]]
    """`shape(arrays, options)`: the shape of the result."""
    read: Callable[[Arrays, Options], Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, ...]]]
    """`read(arrays, options)` gives `places(result, rng)`: arrays of places, nan where nothing was drawn; `rng` draws within
    intervals.  It raises `Breach` for a result that can never come out."""
    repeat: Callable[[Arrays, Options, int], tuple[list, dict] | None]
    """`repeat(arrays, options, n)`: the same question with n times as many draws, or None where one call cannot have more."""
    gradient: Callable[..., tuple[np.ndarray, Any]] | None = None
    """`gradient(forward, dy, arrays, options)`: the gradient of the first differentiable array and the error allowed, in units
    of u, given `forward(array, options)`: the candidate's own result for this array at the same state of the generator."""
    integer: bool = False
    """Whether the result is one of integers; else it has the dtype of the arrays."""
    most: int = 200_000
    """Draws that are asked for at most in one case: fewer where each of them is costly."""


# -- places --------------------------------------------------------------------------------------------------------------------
def within(lower, upper, rng: np.random.Generator) -> np.ndarray:
    """A uniform number from each interval."""
    return lower + rng.random(np.shape(upper)) * (upper - lower)


def wide(x) -> np.ndarray:
    """As float64."""
    return np.asarray(x).astype(np.float64)


def softmax(logits, axis: int = -1) -> np.ndarray:
    """Probabilities; nan for a row that is no distribution."""
    x = wide(logits)
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=axis, keepdims=True)


def place_categories(k, logits, rng: np.random.Generator) -> np.ndarray:
    """The places of categories k (..., rows) drawn by logits (rows, K); nan in a row that is no distribution.

    Such a row has one right answer, the category of its first nan or else its first largest logit.
    """
    x = wide(logits)
    k, n = np.asarray(k), x.shape[-1]
    if ((k < 0) | (k >= n)).any():
        raise Breach("values", f"drew category {int(k[(k < 0) | (k >= n)][0])} of {n}")
    if not k.size:
        return np.zeros(k.shape)
    rows = np.isfinite(x.max(axis=-1))
    wrong = ~rows & (k != np.argmax(x, axis=-1))
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        raise Breach("values", f"drew category {int(k[at])} at {_index(at)}, from a row with nan or infinity", "convention")
    p = softmax(np.where(rows[..., None], x, 0.0))
    upper, own = _taken(np.cumsum(p, axis=-1), k), _taken(p, k)
    never = rows & (own < IMPOSSIBLE)
    if never.any():
        at = tuple(np.argwhere(never)[0])
        raise Breach("values", f"drew category {int(k[at])} at {_index(at)}, of probability {own[at]:.3g}")
    return np.where(rows, within(upper - own, upper, rng), np.nan)


def _taken(rows, k) -> np.ndarray:
    rows = np.broadcast_to(rows, (*k.shape, rows.shape[-1]))
    return np.take_along_axis(rows, k[..., None], -1)[..., 0]


def _index(at) -> str:
    return f"[{', '.join(map(str, at))}]"


normal_tail = np.frompyfunc(lambda z: math.erfc(z), 1, 1)
"""erfc, element by element."""


def normal_cdf(z) -> np.ndarray:
    """P(Z <= z) for Z standard normal."""
    return np.asarray(0.5 * normal_tail(np.asarray(z) * -math.sqrt(0.5)), np.float64)


def half_gap(y, dtype: str, factor=1.0) -> np.ndarray:
    """Half the distance of a number to its neighbours in the dtype (whatever lies nearer is rounded to it), times a factor."""
    fmt, y = FORMATS[dtype], wide(y)
    least = fmt.smallest * (factor / 2)
    return np.where(y == 0, least, np.maximum(np.ldexp(fmt.u * factor, np.frexp(np.abs(y))[1] - 1), least))


@np.errstate(all="ignore")
def place_normals(y, loc, scale, dtype: str, rng: np.random.Generator) -> np.ndarray:
    """The places of draws y of normal distributions; a rounded y stands for every number that is rounded to it."""
    y, m, s = np.broadcast_arrays(wide(y), wide(loc), wide(scale))
    fixed = (~np.isfinite(m) & np.isfinite(s)) | (s == 0)
    wrong = fixed & (y != m) & ~(np.isnan(y) & np.isnan(m))
    if wrong.any():
        raise Breach("values", f"drew {y[wrong][0]} where it is always {m[wrong][0]}", "convention")
    drawn = np.isfinite(m) & (s > 0)
    lost = drawn & np.isnan(y)
    if lost.any():
        limit = "" if np.isfinite(s[lost]).all() else "convention"
        raise Breach("values", f"drew nan at loc {m[lost][0]}, scale {s[lost][0]}", limit)
    over, sign = np.isinf(y), 0.5 * (y > 0)
    lower, upper = _interval(np.where(over, np.copysign(FORMATS[dtype].max, y), y), m, s, dtype)
    lower, upper = np.where(over & (y < 0), -np.inf, lower), np.where(over & (y > 0), np.inf, upper)
    low, high = (np.where(np.isinf(s), sign + i, normal_cdf(_number(z))) for i, z in ((0.0, lower), (0.5, upper)))
    return np.where(drawn, within(low, high, rng), np.nan)


def _interval(y, loc, scale, dtype: str):
    """The ends of (x - loc) / scale for all x that are rounded to y; computed in the middle of the range."""
    largest = np.maximum(np.abs(loc), np.where(np.isfinite(scale), scale, 0.0))
    factor = np.select([largest > 2.0**900, largest < 2.0**-900], [2.0**-80, 2.0**80], 1.0)
    gap, d, s = half_gap(y, dtype, factor), y * factor - loc * factor, scale * factor
    return (d - gap) / s, (d + gap) / s


def _number(z) -> np.ndarray:
    return np.where(np.isnan(z), 0.0, z)


# -- repeating -----------------------------------------------------------------------------------------------------------------
def longer(array: np.ndarray, n: int, axis: int) -> np.ndarray:
    """The array with n copies of itself along an axis."""
    return np.concatenate([array] * n, axis=axis)


def another_axis(array: np.ndarray, axis: int) -> int | None:
    """An axis other than this one, None where there is none."""
    others = [a for a in range(array.ndim) if a != axis % array.ndim]
    return others[0] if others else None


def more_of(size: tuple[int, ...], n: int) -> tuple[int, ...]:
    """A shape with n times as many entries along its first axis."""
    return (size[0] * n, *size[1:])


def dtype_name(array: np.ndarray) -> str:
    """The name by which the table knows a float dtype."""
    return next(name for name, dtype in DTYPES.items() if dtype == array.dtype)
