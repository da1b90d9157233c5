"""Where an extreme number stands: first, in the middle, last, at both ends, in one row among ordinary ones; and mixtures."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from parity.formats import FORMATS, Format
from parity.kinds import Kind, Maker

Value = float | str
"""A number, or the name of one that depends on the format."""
SPECIALS: Mapping[str, tuple[tuple[str, ...], Value]] = {
    "nan": (("one_nan", "nans"), math.nan),
    "negative_nan": (("one_nan", "nans"), math.copysign(math.nan, -1.0)),
    "inf": (("one_inf", "infinities"), math.inf),
    "negative_inf": (("one_neg_inf", "infinities"), -math.inf),
    "largest": (("largest",), "max"),
    "beyond_the_root": (("square_overflow", "largest"), "root"),
    "smallest": (("subnormals",), "smallest"),
    "negative_zero": (("signed_zeros",), -0.0),
}
"""Name -> the hazards of a kind by which it may hold such a number, and the number."""
PLACES = {"first": ((0.0, 0.0),), "middle": ((0.5, 0.5),), "last": ((1.0, 1.0),), "apart": ((1.0, 0.0), (1.0, 1.0))}
"""Name -> the row and the column of each place, as parts of the way."""


STRIDE = 17
"""Steps through the pairs of numbers: coprime to how many there are."""


def specials_of(kind: Kind) -> list[str]:
    """The extreme numbers that an argument may hold: what its hazards make, and of that sign."""
    return [name for name, (hazards, _) in SPECIALS.items() if any(_makes(kind, h, name) for h in hazards)]


def _makes(kind: Kind, hazard: str, name: str) -> bool:
    if hazard not in kind.hostile:
        return False
    fmt = FORMATS["float64"]
    made, value = np.asarray(kind.hostile[hazard](kind.shape, fmt, np.random.Generator(np.random.PCG64(0)))), number(name, fmt)
    return bool(np.isnan(value) or (np.signbit(made[~np.isnan(made)]) == np.signbit(value)).any())


def number(name: str, fmt: Format) -> float:
    """One of SPECIALS in a format."""
    value = SPECIALS[name][1]
    if value == "root":
        return math.ldexp(1.5, fmt.max_exponent // 2 + 2)
    return float(getattr(fmt, value)) if isinstance(value, str) else value


def rows_of(x: np.ndarray) -> np.ndarray:
    """The rows along the last axis, as a view; each number is a row of an array without axes."""
    return x.reshape(-1, x.shape[-1] if x.ndim else 1)


def positions(place: str, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """The rows and columns of a place, in rows of this shape."""
    return [(round(down * (shape[0] - 1)), round(along * (shape[1] - 1))) for down, along in PLACES[place]]


def placed(kind: Kind, special: str, place: str) -> Maker:
    """Ordinary numbers, with an extreme one at a place of one row."""

    def maker(shape, fmt, rng):
        x = np.array(kind.ordinary(shape, fmt, rng), np.float64)
        rows = rows_of(x)
        for at in positions(place, rows.shape) if x.size else ():
            rows[at] = number(special, fmt)
        return x

    return maker


def mixed(kind: Kind, turn: int) -> Maker:
    """Another extreme number in every second row, each at another place, ordinary rows between them."""

    def maker(shape, fmt, rng):
        x = np.array(kind.ordinary(shape, fmt, rng), np.float64)
        rows, names = rows_of(x), specials_of(kind)
        for r in range(0, len(rows) if x.size else 0, 2):
            rows[r, (3 * r + 2 * turn) % rows.shape[1]] = number(names[(r // 2 + turn) % len(names)], fmt)
        return x

    return maker


def tied(kind: Kind, turn: int) -> Maker:
    """The largest number of each row stands at two places: the ends, the beginning, or the end of a row."""

    def maker(shape, fmt, rng):
        x = np.array(kind.ordinary(shape, fmt, rng), np.float64)
        rows = rows_of(x)
        n = rows.shape[1]
        for at in ((0, n - 1), (0, n // 2), (n // 2, n - 1))[turn] if x.size else ():
            rows[:, at] = rows.max(axis=1)
        return x

    return maker


def paired(kind: Kind, turn: int) -> Maker:
    """Two different extreme numbers in each row, or one and a zero, in both orders and at other places each time."""
    names = specials_of(kind)
    values = [*names, "zero"] if "negative_zero" in names else names
    orders = [(a, b) for a in values for b in values if a != b]

    def maker(shape, fmt, rng):
        x = np.array(kind.ordinary(shape, fmt, rng), np.float64)
        rows = rows_of(x)
        n = rows.shape[1]
        for r in range(len(rows) if x.size and n > 1 else 0):
            at = (STRIDE * (turn * len(rows) + r)) % len(orders)
            places = ((0, n - 1), (0, n // 2), (n // 2, n - 1))[(r + turn) % 3]
            for place, name in zip(places, orders[at], strict=True):
                rows[r, place] = 0.0 if name == "zero" else number(name, fmt)
        return x

    return maker


def scaled(kind: Kind, turn: int) -> Maker:
    """The first or the last row or column is of another size than the rest, larger or smaller."""

    def maker(shape, fmt, rng):
        x = np.array(kind.ordinary(shape, fmt, rng), np.float64)
        if x.ndim and x.size:
            part = np.moveaxis(x, 0 if turn < 2 else -1, 0)
            part[-(turn % 2)] *= 2.0 ** (fmt.max_exponent // 4 * (1 - 2 * (turn in (1, 2))))
        return x

    return maker
