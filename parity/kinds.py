"""Argument kinds: what an argument of an op may be, and therefore its ordinary and its hostile values.

A new op inherits every hazard of its arguments' kinds.  Each factory takes the argument's name and its usual shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity import hostile as h
from parity.formats import Format

Maker = Callable[[tuple[int, ...], Format, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Kind:
    """One argument: its name, usual shape, ordinary values and named hazards.

    `role` is "float" (cast to the dtype under test), "int", "bool", "rng" (the implementation gets a Generator, the
    definition and the references get the array it draws) or "fixed" (a Python object passed as it is).
    """

    name: str
    shape: tuple[int, ...]
    ordinary: Maker
    hostile: Mapping[str, Maker] = field(default_factory=dict)
    role: str = "float"
    differentiable: bool = True
    exact: bool | None = None
    """Not perturbed when the sensitivity of a result is measured; unless it is said, so are all roles but "float"."""

    instead: tuple[tuple[str, Any, Kind], ...] = ()
    """Other kinds of the same name under a value of an option: (option, value, kind)."""
    outside: tuple[int, ...] = ()
    """Of indices and labels: the nearest numbers that are none."""
    widths: bool = True
    """Of integers: whether any type of integers will do (not where the op says which)."""
    seldom: bool = False
    """Whether it is there only in cases that give its shape (a fourth operand)."""
    repeats: bool = True
    """Whether it may hold the same slice, row or number again and again (a matrix that does is singular)."""

    def __post_init__(self):
        if self.exact is None:
            object.__setattr__(self, "exact", self.role != "float")

    def under(self, options: Mapping[str, Any]) -> Kind:
        """The kind that the argument has with these options."""
        return next((kind for name, value, kind in self.instead if options.get(name) == value), self)

    def also(self, **hazards: Maker) -> Kind:
        """This kind with further named hazards."""
        return replace(self, hostile={**self.hostile, **hazards})

    def only(self, *names: str) -> Kind:
        """This kind with just these of its hazards."""
        return replace(self, hostile={n: self.hostile[n] for n in names})

    def but(self, *names: str) -> Kind:
        """This kind without these hazards (say why where it is used)."""
        return replace(self, hostile={n: m for n, m in self.hostile.items() if n not in names})

    def constant(self) -> Kind:
        """This kind as an array that no gradient is asked for."""
        return replace(self, differentiable=False)

    def exactly(self) -> Kind:
        """This kind as an array whose numbers are exact by meaning, such as labels written as floats."""
        return replace(self, exact=True)

    def beyond(self) -> Kind:
        """This kind as one more array than usual, there only where a case gives its shape."""
        return replace(self, hostile={}, seldom=True)

    def real(self) -> Kind:
        """This kind as an array of integers that a formula takes for real numbers, and rounds with them."""
        return replace(self, exact=False)


def _pick(*makers: Maker) -> dict[str, Maker]:
    return {m.__name__: m for m in makers}


MAGNITUDES = _pick(
    h.signed_zeros, h.subnormals, h.smallest_normals, h.epsilons, h.near_one, h.exp_overflow, h.exp_underflow, h.binades,
    h.square_overflow, h.largest, h.infinities, h.nans, h.integers,
)  # fmt: skip
ROWS = _pick(
    h.signed_zeros, h.subnormals, h.constant_row, h.ties, h.large_mean, h.huge_mean, h.alternating_huge, h.growing_ones,
    h.binades, h.square_overflow, h.square_underflow, h.largest, h.one_inf, h.one_neg_inf, h.two_infs, h.opposite_infs,
    h.one_nan,
)  # fmt: skip
LOGITS = _pick(
    h.signed_zeros, h.subnormals, h.constant_row, h.ties, h.one_hot, h.wide_gap, h.wide_logits, h.huge_logits, h.shifted_logits,
    h.largest, h.one_inf, h.one_neg_inf, h.two_infs, h.opposite_infs, h.all_neg_inf_row, h.one_nan,
)  # fmt: skip
FACTORS = _pick(h.signed_zeros, h.subnormals, h.alternating_huge, h.square_overflow, h.square_underflow, h.one_inf, h.one_nan)


def Real(name="x", shape=(24,)) -> Kind:
    """Any real number, element by element: every magnitude."""
    return Kind(name, shape, h.moderate, MAGNITUDES)


def Data(name="x", shape=(3, 8)) -> Kind:
    """Rows of measurements: cancellation, extreme scales, constant rows, infinities."""
    return Kind(name, shape, lambda s, f, r: h.bell(s, r), ROWS)


def Logits(name="x", shape=(3, 7)) -> Kind:
    """Rows of unnormalised log-probabilities."""
    return Kind(name, shape, lambda s, f, r: 2 * h.bell(s, r), LOGITS)


def Factor(name="weight", shape=(4, 3)) -> Kind:
    """An operand of a (multi)linear op: weights, images, queries."""
    return Kind(name, shape, lambda s, f, r: h.bell(s, r), FACTORS)


def Positive(name="x", shape=(24,)) -> Kind:
    """A positive number: scales, variances, rates."""

    def absolute(maker: Maker) -> Maker:
        return lambda s, f, r: np.abs(maker(s, f, r))

    kept = ("subnormals", "smallest_normals", "near_one", "binades", "square_overflow", "largest", "infinities")
    return Kind(name, shape, lambda s, f, r: 0.25 + 2 * h.uniform(s, r), {k: absolute(MAGNITUDES[k]) for k in kept})


def Probability(name="x", shape=(24,)) -> Kind:
    """A number in [0, 1], the ends included."""
    makers = {
        "certain": h.listed([0.0, 1.0]),
        "near_zero": lambda s, f, r: np.abs(h.subnormals(s, f, r)),
        "near_half": h.near([0.5]),
        "near_certain": lambda s, f, r: h._cycle([1 - f.u, 1 - 2 * f.u, f.u, f.u / 2, f.tiny, 0.25], s),
        "one_nan": h.one_nan,
    }
    makers["one_nan"] = lambda s, f, r: h._put(h.uniform(s, r, 10), -1, np.nan)
    return Kind(name, shape, lambda s, f, r: h.uniform(s, r, 10), makers)


def Simplex(name="target", shape=(3, 7)) -> Kind:
    """Rows of probabilities that sum to about one."""

    def ordinary(shape, fmt, rng):
        x = h.uniform(shape, rng, 8)
        return x / x.sum(-1, keepdims=True) if x.size else x

    def vertex(shape, fmt, rng):
        return h._put(np.zeros(shape), 1, 1.0)

    return Kind(name, shape, ordinary, {"one_hot_target": vertex})


def LogSimplex(name="target", shape=(3, 7)) -> Kind:
    """Rows of log-probabilities (not normalized, as no formula asks for that)."""
    return Kind(name, shape, lambda s, f, r: -4.0 * h.uniform(s, r, 10))


def Labels(name="target", shape=(3,), classes=7, ignore=None) -> Kind:
    """Class indices in 0 … classes-1; with `ignore`, also that label on some rows and on all of them."""

    def ordinary(shape, fmt, rng):
        return rng.integers(0, classes, size=shape)

    def some(shape, fmt, rng):
        return np.where(np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2 == 0, ignore, ordinary(shape, fmt, rng))

    hazards: dict[str, Maker] = {
        "all_first": lambda s, f, r: np.zeros(s, np.int64),
        "all_last": lambda s, f, r: np.full(s, classes - 1),
    }
    if ignore is not None:
        hazards |= {"some_ignored": some, "all_ignored": lambda s, f, r: np.full(s, ignore)}
    outside = (-1, classes)
    return Kind(name, shape, ordinary, hazards, role="int", differentiable=False, outside=outside)


def Indices(name="indices", shape=(5,), bound=4) -> Kind:
    """Indices in 0 … bound-1, repeated ones and the ends included."""
    hazards: dict[str, Maker] = {
        "all_same": lambda s, f, r: np.full(s, bound - 1),
        "all_first": lambda s, f, r: np.zeros(s, np.int64),
    }
    draw = lambda s, f, r: r.integers(0, bound, size=s)  # noqa: E731
    return Kind(name, shape, draw, hazards, role="int", differentiable=False, outside=(-bound - 1, bound))


def Signs(name="target", shape=(24,)) -> Kind:
    """Targets that are -1 or 1, in the op's own dtype."""
    hazards: dict[str, Maker] = {"all_negative": lambda s, f, r: np.full(s, -1.0), "all_positive": lambda s, f, r: np.ones(s)}
    kind = Kind(name, shape, lambda s, f, r: 2.0 * r.integers(0, 2, size=s) - 1, hazards, differentiable=False)
    return kind.exactly()


def Mask(name="mask", shape=(3, 7)) -> Kind:
    """Booleans; none and all of them true included."""
    hazards: dict[str, Maker] = {"all_false": lambda s, f, r: np.zeros(s), "all_true": lambda s, f, r: np.ones(s)}
    return Kind(name, shape, lambda s, f, r: r.integers(0, 2, size=s), hazards, role="bool", differentiable=False)


def Integers(name="x", shape=(6,), low=-5, high=6) -> Kind:
    """Plain integers in low … high-1 (steps, counts, pixels)."""
    return Kind(name, shape, lambda s, f, r: r.integers(low, high, size=s), {}, role="int", differentiable=False)


def Noise(name, shape, draw) -> Kind:
    """Randomness: ours gets a Generator, the definition and the references the array `draw(rng, shape)` takes from it.

    `draw` must be the very call that the op documents, e.g. `lambda rng, shape: rng.random(shape)`.
    """
    return Kind(name, shape, lambda s, f, r: draw(r, s), {}, role="rng", differentiable=False)
