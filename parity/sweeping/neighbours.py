"""The reference on blocks of neighbouring patterns, from a few of its values in each.

A block of float32 is 2^-9 of a binade.  Beside no pole, root or corner, an analytic function is there a polynomial of a low
degree to the last digits of float64: it is interpolated from its values at `NODES` patterns (f_0 in the middle, and the
Lagrange form of f - f_0, so that the coefficients carry small numbers only).  The values of a chunk are asked for in one
call, and values at `CHECKS` random patterns of every block with them.

A block in which one of these is off by more than half of what the reference claims, or that has a root or anything but
numbers in it, is not interpolated: there the reference is asked at every pattern.  Nor is one of subnormal results, half of
which may be ties (x/2), to be met exactly.  Ball arithmetic certifies what comes out, as it does the reference itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

from parity.cases import generator
from parity.sweeping.patterns import Ruler

NODES = 12
CHECKS = 8
FALLS = 4.0
"""In an interpolated block no value is so many times as large as another."""
Reference = Callable[[np.ndarray], np.ndarray]


@dataclass
class Values:
    """Of each block of a chunk: the values at the nodes, and where the checks are with the values there."""

    nodes: np.ndarray
    places: np.ndarray
    checks: np.ndarray
    smooth: np.ndarray


class Neighbours:
    """Interpolates `reference`, which is good to `claimed` float64 ulp, on blocks of `size` patterns (a square number)."""

    def __init__(self, ruler: Ruler, reference: Reference, claimed: float):
        self.ruler, self.reference, self.size = ruler, reference, ruler.block
        self.side = int(np.sqrt(self.size))
        self.tolerance = 0.5 * claimed * 2.0**-52
        self.places, to_pieces, self.powers = matrices(self.size, self.side)
        self.to_pieces = to_pieces.reshape(NODES, -1)

    def ask(self, start: int, count: int) -> Values:
        """The reference's values in the blocks of a chunk."""
        firsts = np.arange(start, start + count, self.size)[:, None]
        places = generator(start).integers(self.size, size=(len(firsts), CHECKS))
        patterns = np.hstack([firsts + self.places, firsts + places])
        values = self.reference(self.ruler.values(patterns.reshape(-1)).astype(np.float64)).reshape(patterns.shape)
        size = np.abs(values)
        smooth = np.isfinite(values).all(1) & (size.max(1) < FALLS * size.min(1))  # a change of sign is left to the checks
        smooth &= size.min(1) >= self.ruler.format.tiny
        return Values(values[:, :NODES], places, values[:, NODES:], smooth)

    def fill(self, values: Values, block: int, out: np.ndarray) -> bool:
        """Write the reference on a block into `out`; False (and garbage) where it is no polynomial."""
        if not values.smooth[block]:
            return False
        nodes = values.nodes[block]
        middle = nodes[NODES // 2]
        pieces = ((nodes - middle) @ self.to_pieces).reshape(self.side, NODES)
        np.matmul(pieces, self.powers, out=out.reshape(self.side, -1))
        out += middle
        exact = values.checks[block]
        return bool((np.abs(out[values.places[block]] - exact) <= self.tolerance * np.abs(exact)).all())


def matrices(size: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the nodes are, and the two factors of the matrix that takes the values at the nodes to those at all places.

    The places 0 … size - 1 are -1 … 1 on the axis of the polynomial, and a block is cut into `side` pieces.  The first
    factor gives the coefficients of the polynomial about the middle of each piece (nodes, pieces, coefficients), the second
    the powers of the distances from it (coefficients, places of a piece).
    """
    half = (size - 1) / 2
    places = np.rint(half * (1 - chebyshev.chebpts1(NODES)[::-1])).astype(np.int64)
    basis = np.linalg.inv(chebyshev.chebvander(places / half - 1, NODES - 1))  # (Chebyshev coefficients, nodes)
    length = size // side
    middles = (np.arange(side) * length + (length - 1) / 2) / half - 1
    reach = (length - 1) / 2 / half
    terms, factor = [], 1.0
    for k in range(NODES):
        derivative = chebyshev.chebder(basis, k) if k else basis
        terms.append(factor * chebyshev.chebval(middles, derivative))  # (nodes, pieces)
        factor *= reach / (k + 1)
    powers = np.vander(np.linspace(-1.0, 1.0, length), NODES, increasing=True).T
    return places, np.stack(terms, axis=-1), np.ascontiguousarray(powers)
