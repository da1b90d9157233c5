"""The named hazards that argument kinds share.

A hazard is a function `(shape, fmt, rng) -> float64 array`; the engine rounds its result to the dtype under test.
Its name appears in check ids, reports and `tolerances.yaml`.  All values come from integers scaled by powers of two, so
they have the same bits on every CPU (NumPy's `standard_normal` calls the C library in its tails).
"""

from __future__ import annotations

import math

import numpy as np

from parity.formats import Format


# -- building blocks -------------------------------------------------------------------------------------------------------
def uniform(shape, rng, bits: int = 24) -> np.ndarray:
    """Odd multiples of 2^-bits in (0, 1): exact, and never 0 or 1."""
    return (2.0 * rng.integers(0, 1 << (bits - 1), size=shape) + 1.0) * 2.0**-bits


def signed(shape, rng, bits: int = 24) -> np.ndarray:
    """Multiples of 2^-bits in (-1, 1)."""
    return 2.0 * uniform(shape, rng, bits) - 1.0


def bell(shape, rng) -> np.ndarray:
    """A bell-shaped variable of unit variance: the sum of twelve uniforms minus six (exact in float64)."""
    return uniform((12, *np.atleast_1d(shape)), rng).sum(0).reshape(shape) - 6.0


def _cycle(values, shape) -> np.ndarray:
    return np.resize(np.asarray(values, np.float64), shape) if math.prod(shape) else np.zeros(shape)


def _neighbours(points, fmt: Format):
    """Each point rounded to the format, and the two numbers beside it."""
    out = []
    for p in points:
        gap = max(abs(p) * fmt.eps, fmt.smallest)
        out += [p - gap, p, p + gap]
    return out


def listed(values):
    """The hazard that cycles through fixed values."""
    return lambda shape, fmt, rng: _cycle(values, shape)


STEPS = 40
"""So many powers of two are tried beside a point."""


def near(points):
    """The hazard that cycles through points and their neighbours in the format."""
    return lambda shape, fmt, rng: _cycle(_neighbours(points, fmt), shape)


def beside(points):
    """The hazard that goes away from each point, to both sides, in powers of two of its size."""

    def maker(shape, fmt, rng):
        steps = [math.ldexp(1.0, -k) for k in range(1, STEPS)]
        return _cycle([p + s * sign * max(abs(p), 1.0) for p in points for s in steps for sign in (1.0, -1.0)], shape)

    return maker


def scaled_bell(scale):
    """Bell-shaped data times `scale` (a number, or a function of the format)."""
    return lambda shape, fmt, rng: bell(shape, rng) * (scale(fmt) if callable(scale) else scale)


# -- magnitudes ------------------------------------------------------------------------------------------------------------
def signed_zeros(shape, fmt, rng):
    """0 and -0."""
    return _cycle([0.0, -0.0], shape)


def subnormals(shape, fmt, rng):
    """The smallest, the largest and a few other subnormal numbers, both signs."""
    s = fmt.smallest
    return _cycle([s, -s, 2 * s, 3 * s, -5 * s, fmt.tiny - s, s - fmt.tiny, fmt.tiny / 2], shape)


def smallest_normals(shape, fmt, rng):
    """The smallest normal number and its neighbours."""
    t = fmt.tiny
    return _cycle([t, -t, t + fmt.smallest, -t - fmt.smallest, 2 * t, -3 * t], shape)


def epsilons(shape, fmt, rng):
    """Numbers about the size of the rounding unit, and of its square root."""
    u = fmt.u
    return _cycle([u, -u, 2 * u, -2 * u, u / 2, -u / 2, 3 * u, math.sqrt(u), -math.sqrt(u), 5 * u], shape)


def near_one(shape, fmt, rng):
    """1, 1/2, 2 and their neighbours, both signs."""
    return _cycle(_neighbours([1.0, -1.0, 0.5, -0.5, 2.0, -2.0], fmt), shape)


def exp_overflow(shape, fmt, rng):
    """Where exp overflows, half and one and a half times that, with neighbours."""
    points = [fmt.log_max, -fmt.log_max, fmt.log_max - math.log(2), 0.5 * fmt.log_max, -0.5 * fmt.log_max, 1.5 * fmt.log_max]
    return _cycle(_neighbours(points, fmt), shape)


def exp_underflow(shape, fmt, rng):
    """Where exp becomes subnormal and zero, with neighbours, both signs."""
    low, tiny = fmt.log_smallest, math.log(fmt.tiny)
    points = [low, -low, tiny, -tiny, low - math.log(2), 0.96 * low, 0.98 * tiny, 1.2 * low]
    return _cycle(_neighbours(points, fmt), shape)


def binades(shape, fmt, rng):
    """Magnitudes over the whole exponent range, both signs."""
    n = math.prod(shape)
    exponents = np.linspace(1 - fmt.max_exponent, fmt.max_exponent - 1, max(n, 1)).round().astype(int)
    signs = np.where(np.arange(max(n, 1)) % 2, -1.0, 1.0)
    return np.ldexp(signs * (1 + uniform(max(n, 1), rng)), exponents)[:n].reshape(shape)


def moderate(shape, fmt, rng):
    """Magnitudes from 2^-8 to 2^7, both signs."""
    return np.ldexp(signed(shape, rng), rng.integers(-7, 8, size=shape))


def square_overflow(shape, fmt, rng):
    """Values whose squares overflow."""
    return signed(shape, rng) * math.ldexp(1.0, fmt.max_exponent // 2 + 3)


def square_underflow(shape, fmt, rng):
    """Values whose squares underflow to zero, though they are normal numbers themselves."""
    scale = math.ldexp(1.0, -fmt.max_exponent // 2 - fmt.precision // 2 - 2)
    return signed(shape, rng) * max(scale, fmt.tiny)


def largest(shape, fmt, rng):
    """The largest finite numbers: any sum or square of them overflows."""
    m = fmt.max
    return _cycle([m, -m, m / 2, -m / 2, m / 4, 0.75 * m, -0.75 * m], shape)


def infinities(shape, fmt, rng):
    """Both infinities."""
    return _cycle([np.inf, -np.inf], shape)


def nans(shape, fmt, rng):
    """nan among ordinary numbers."""
    return _cycle([np.nan, 1.0, np.nan, -2.0], shape)


def integers(shape, fmt, rng):
    """Integers and halves: poles of the gamma function, ties, exact powers."""
    return _cycle([0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5, 2.5, 4, 8, 10, -10, 16, 100], shape)


# -- structure of rows (the last axis) ----------------------------------------------------------------------------------------
def _rows(shape, rng, scale=1.0):
    return bell(shape, rng) * scale


def _put(x, column, value):
    """Ordinary rows with `value` at one column of every row."""
    if x.ndim and x.size:
        x[..., column % x.shape[-1]] = value
    elif x.ndim == 0:
        x = np.asarray(value, np.float64)
    return x


def constant_row(shape, fmt, rng):
    """Rows whose entries are all equal: zero variance."""
    return (
        _cycle([0.1], shape)
        if not shape
        else np.broadcast_to(_cycle([0.1, 1000.5, -3333.3], shape[:1])[(...,) + (None,) * (len(shape) - 1)], shape).copy()
    )


def ties(shape, fmt, rng):
    """Rows with many equal entries, the maximum among them."""
    return np.rint(signed(shape, rng) * 1.6)


def large_mean(shape, fmt, rng):
    """Mean far from zero, spread around one to a hundred: the classic test of one-pass variance."""
    mean = {"float64": 1e8, "float32": 1e4, "float16": 1000.0, "bfloat16": 128.0}[fmt.name]
    return mean + _rows(shape, rng, 1.0 if fmt.name != "bfloat16" else 8.0)


def huge_mean(shape, fmt, rng):
    """A mean so large that the spread is a few units in the last place."""
    mean = {"float64": 1e14, "float32": 1e6, "float16": 2000.0, "bfloat16": 256.0}[fmt.name]
    return mean + np.rint(_rows(shape, rng, 4.0))


def alternating_huge(shape, fmt, rng):
    """Huge terms that cancel: x, -x and small ones between them."""
    x = _rows(shape, rng)
    big = math.ldexp(1.0, min(fmt.precision + 3, fmt.max_exponent - 3))
    flat = x.reshape(-1)
    flat[0::3] = big
    flat[1::3] = -big
    return x


def growing_ones(shape, fmt, rng):
    """2^p followed by ones: sequential summation loses every one of them."""
    x = np.ones(shape)
    return _put(x, 0, math.ldexp(1.0, min(fmt.precision, fmt.max_exponent)))


def one_inf(shape, fmt, rng):
    """One +inf in each row."""
    return _put(_rows(shape, rng), 1, np.inf)


def one_neg_inf(shape, fmt, rng):
    """One -inf in each row."""
    return _put(_rows(shape, rng), 1, -np.inf)


def two_infs(shape, fmt, rng):
    """Two +inf in each row."""
    return _put(_put(_rows(shape, rng), 1, np.inf), 2, np.inf)


def opposite_infs(shape, fmt, rng):
    """A +inf and a -inf in each row."""
    return _put(_put(_rows(shape, rng), 1, np.inf), 2, -np.inf)


def all_neg_inf_row(shape, fmt, rng):
    """The first row is -inf throughout: everything is masked."""
    x = _rows(shape, rng)
    x[(0,) * max(x.ndim - 1, 0)] = -np.inf
    return x


def one_nan(shape, fmt, rng):
    """One nan in each row."""
    return _put(_rows(shape, rng), -1, np.nan)


def one_hot(shape, fmt, rng):
    """Logits of a confident classifier: one entry 20 above the others."""
    return _put(np.zeros(shape), 0, 20.0)


def wide_gap(shape, fmt, rng):
    """One entry so far above the others that their exponentials underflow."""
    return _put(np.zeros(shape), 0, min(-fmt.log_smallest + 5.0, fmt.max / 4))


def wide_logits(shape, fmt, rng):
    """Logits spread over the whole range of exp."""
    return signed(shape, rng) * fmt.log_max


def huge_logits(shape, fmt, rng):
    """Logits of size 1e4."""
    return signed(shape, rng) * 1e4


def shifted_logits(shape, fmt, rng):
    """Ordinary logits on a large common offset."""
    return {"float64": 1e8, "float32": 1e4, "float16": 1000.0, "bfloat16": 128.0}[fmt.name] + _rows(shape, rng, 2.0)
