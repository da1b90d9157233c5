"""How far the truth moves when its inputs are rounded: what a stable algorithm may be off.

    S_i = |y_i| + sum_j |dy_i/dx_j| |x_j|

"The exact answer, nearly, to nearly your question" has an error of a few u S (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., sections 1.5 and 1.6).  The definition alone yields S: it is evaluated again at x (1 + u xi), with xi of
random sign and a magnitude in [1/2, 1], and S = |y| + max |difference| / u over some draws.  Comparisons are decided as at x
itself, so that ties and kinks stay where they are.  Precision is raised until its own noise is below one per cent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from parity import oracle
from parity.formats import FORMATS
from parity.real import Decisions, Real, Rules, Undecided

DRAWS, DRAWS_OF_ONE = 8, 2
"""Perturbations of all inputs at once; where an element depends on one input, two are enough."""
NOISE = 0.01
PRECISIONS = (192, 448, 1408, 5248)
MOST = float(np.finfo(np.float64).max)


@oracle.quiet
def sensitivity(
    definition: Callable[..., Any],
    arrays: Sequence[Any],
    options: dict[str, Any],
    u: float,
    *,
    cotangents: Sequence[Any] = (),
    wanted: Sequence[bool] = (),
    exact: Sequence[bool] = (),
) -> list[np.ndarray | None]:
    """S of every output, or with cotangents of every wanted gradient; None for an output of integers.

    `exact` says which arrays are not perturbed.
    """
    one = getattr(definition, "kind", "") == "elementwise"
    fixed = [*exact, *[False] * (len(arrays) - len(exact))]

    def run(move: Callable[[Any], Any]) -> list[np.ndarray]:
        given = [a if f else move(_as_reals(a)) for a, f in zip(arrays, fixed, strict=True)]
        if not cotangents:
            return oracle.outputs(definition, given, options)
        moved = [None if c is None else move(oracle.to_reals(np.asarray(c))) for c in cotangents]
        return oracle.reverse(definition, moved, given, options, wanted)[0]

    found = None
    for precision in PRECISIONS:
        with _precision(precision):
            try:
                found, noisy = _at_this_precision(run, u, DRAWS_OF_ONE if one and not cotangents else DRAWS)
            except Undecided:
                continue
        if not noisy:
            break
    if found is None:
        raise oracle.OracleError("The definition is undecided beside this input.")
    return found


def _as_reals(a: Any) -> Any:
    """Floats, and integers that are taken for real numbers, as `Real`s."""
    whole = isinstance(a, np.ndarray) and a.dtype.kind in "iu"
    return oracle.to_reals(a.astype(np.float64) if whole else a)


@contextmanager
def _precision(bits: int):
    before, Rules.decisions = ctx.prec, Decisions()
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec, Rules.decisions = before, None


def _at_this_precision(run, u: float, draws: int) -> tuple[list[np.ndarray | None], bool]:
    plain = run(lambda a: a)
    rng, noisy = np.random.Generator(np.random.PCG64(7)), False
    moved: list[Any] = [None if y.dtype != object else np.zeros(y.shape) for y in plain]
    for _ in range(draws):
        assert Rules.decisions is not None
        Rules.decisions.replay()
        for k, (y, z) in enumerate(zip(plain, run(lambda a: _perturbed(a, u, rng)), strict=True)):
            if moved[k] is not None and z.shape == y.shape:
                step, loose = _difference(y, z, u)
                moved[k] = np.fmax(moved[k], step)
                noisy |= loose
    sizes = [None if m is None else oracle.floats(y) for y, m in zip(plain, moved, strict=True)]
    return [
        None if m is None else np.fmin(np.nan_to_num(s, posinf=MOST) + m / u, MOST) for s, m in zip(sizes, moved, strict=True)
    ], noisy


def _perturbed(array: Any, u: float, rng: np.random.Generator) -> Any:
    """x (1 + u xi); magnitudes are no dyadic numbers, which would leave integers integers."""
    if not isinstance(array, np.ndarray) or array.dtype != object:
        return array
    sizes = 0.5 + 0.5 * rng.random(array.size)
    signs = rng.integers(0, 2, array.size) * 2.0 - 1.0
    odd = arb(fmpq(1, 3 << 20))
    out = np.empty(array.size, object)
    for i, (x, xi) in enumerate(zip(array.reshape(-1).tolist(), (sizes * signs).tolist(), strict=True)):
        out[i] = Real(x.value + x.value * (u * (arb(xi) - odd))) if x.isfinite() else x
    return out.reshape(array.shape)


def _difference(y: np.ndarray, z: np.ndarray, u: float) -> tuple[np.ndarray, bool]:
    """|z - y| where both are finite, and whether its own noise would show."""
    out, loose = np.zeros(y.size), False
    for i, (a, b) in enumerate(zip(y.reshape(-1).tolist(), z.reshape(-1).tolist(), strict=True)):
        if not (a.isfinite() and b.isfinite()):
            continue
        step = b.value - a.value
        out[i] = float(step.abs_upper())
        noise = float(step.rad())
        loose |= noise > NOISE * max(out[i], u * abs(float(a.value))) and noise > 0
    return out.reshape(y.shape), loose


def work_unit(dtype: str) -> float:
    """u of the dtype that results are expected to be computed in: float32 for the 16-bit ones."""
    return min(FORMATS[dtype].u, FORMATS["float32"].u)
