"""Bit patterns of the narrow dtypes, and errors measured in the spacing of the dtype (ULP)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.check.errors import units_of, wrong_specials
from parity.formats import FORMATS, Format, numbers_of, pattern_dtype, patterns_of
from parity.oracle import Truth
from parity.rounding import nearest

SWEPT = ("float32", "float16", "bfloat16")
BLOCK = 16_384
"""Elements per block: half a dozen float64 buffers of this size fit a second-level cache of 1 MiB."""
EXPONENT = 0x7FF << 52
"""The exponent bits of a float64."""
EDGES = (1e-4, 0.5, 0.51, 0.6, 1.0, 2.0, 4.0, 16.0)
BINS = (*(f"<={e:g}" for e in EDGES), f">{EDGES[-1]:g}", "no number")
"""Bins of the histogram of errors.  The first is what a float64 reference can hardly tell from 0; the last holds a nan or
infinity where none belongs, or none where one does."""
NO_NUMBER = len(BINS) - 1


@dataclass(frozen=True)
class Ruler:
    """Measures in one dtype."""

    dtype: str

    @property
    def format(self) -> Format:
        """The numbers of the dtype."""
        return FORMATS[self.dtype]

    @property
    def bits(self) -> np.dtype:
        """The unsigned integers that hold its patterns."""
        return pattern_dtype(self.dtype)

    @property
    def patterns(self) -> int:
        """How many bit patterns there are."""
        return 1 << (8 * self.bits.itemsize)

    @property
    def shift(self) -> int:
        """pattern >> shift is sign and biased exponent: the number of the binade."""
        return self.format.precision - 1

    @property
    def block(self) -> int:
        """How many patterns are looked at together: at most `BLOCK`, all of one binade."""
        return min(BLOCK, 1 << self.shift)

    def values(self, patterns: np.ndarray) -> np.ndarray:
        """The numbers that patterns stand for."""
        return numbers_of(patterns, self.dtype)

    def pattern(self, value: float) -> int:
        """The pattern of a number of the dtype."""
        return int(patterns_of([value], self.dtype)[0])

    def per_ulp(self, exact: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """1/ulp at float64 numbers, from their exponent bits: ulp(y) = 2^(max(floor(log2 |y|), emin) - p + 1)."""
        fmt = self.format
        e = np.bitwise_and(exact.view(np.uint64), EXPONENT, out=None if out is None else out.view(np.uint64))
        np.maximum(e, (1023 + 1 - fmt.max_exponent) << 52, out=e)
        np.minimum(e, (1023 + fmt.max_exponent + 1) << 52, out=e)
        np.subtract((2046 + fmt.precision - 1) << 52, e, out=e)
        return e.view(np.float64)

    def errors(self, got: np.ndarray, hi: np.ndarray, lo, value: np.ndarray, odd: np.ndarray) -> np.ndarray:
        """|got - hi - lo| in ULP: 0 for the same nan or a right overflow, inf where one has a nan or infinity that is wrong.

        `value` is hi + lo rounded to the dtype, `odd` its truncation to float64, whose exponent is that of the exact number.
        """
        truth = Truth(value, hi, np.broadcast_to(lo, hi.shape))
        error = units_of(got, truth, self.dtype, unit=1 / self.per_ulp(odd))
        error[np.logical_or(*self.faults(got, hi, value))] = np.inf
        return error

    def faults(self, got: np.ndarray, exact: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where a nan, and where an infinity, is wrong or missing."""
        with np.errstate(all="ignore"):
            return wrong_specials(got, exact, value, self.format)

    def rounded(self, wide: np.ndarray) -> np.ndarray:
        """Float64 numbers rounded once to the dtype, as float64."""
        return nearest(wide, np.zeros_like(wide), self.dtype).astype(np.float64)

    def reference_errors(self, got: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """The errors of results against float64 reference values."""
        return self.errors(got, reference, 0.0, self.rounded(reference), reference)


def bins_of(errors: np.ndarray) -> np.ndarray:
    """The number of the bin of each error."""
    return np.where(np.isinf(errors), NO_NUMBER, np.searchsorted(EDGES, errors, side="left"))
