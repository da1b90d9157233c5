"""What the truth would be if numbers behaved otherwise: the experiments that tell an imperfection from a bug.

Each returns truths in the order of the evaluation's own, or None where the definition has no answer to such an input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from parity import oracle
from parity.evaluate import Evaluation, truths_of
from parity.formats import FORMATS
from parity.loader import definition
from parity.oracle import Truth
from parity.real import Real, Rules

Truths = tuple[Truth | None, ...] | None
DRAWS = 8
BESIDE = -70
"""Kinks are looked at from this power of two beside the input, relative to its size."""


def _tried(find: Callable[[], Any]) -> Any:
    try:
        return find()
    except Exception:  # the definition refuses such an input, or cannot be decided there
        return None


@contextmanager
def _rule(**rules: Any):
    before = {name: getattr(Rules, name) for name in rules}
    for name, value in rules.items():
        setattr(Rules, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(Rules, name, value)


def altered(e: Evaluation, change: Callable[[np.ndarray], np.ndarray], seeds: bool = False) -> Truths:
    """The truth with every float array changed (with `seeds` the cotangents too)."""
    arrays = [change(a) if oracle.is_float(a) else a for a in e.built.arrays]
    cotangents = tuple(change(c) if seeds and c is not None else c for c in e.cotangents)
    return _tried(lambda: truths_of(e, arrays, cotangents))


def flushed(e: Evaluation) -> list[Truths]:
    """The truth where subnormal inputs are 0, and where all results on the way are as well; for 16 bits also float32's."""
    found = []
    for tiny in (
        {FORMATS[e.dtype].tiny, FORMATS["float32"].tiny} if e.dtype in ("float16", "bfloat16") else {FORMATS[e.dtype].tiny}
    ):

        def flush(a: np.ndarray, tiny: float = tiny) -> np.ndarray:
            return np.where(
                np.abs(a.astype(np.float64)) < tiny, np.copysign(0, a.astype(np.float64)), a.astype(np.float64)
            ).astype(a.dtype)

        found.append(altered(e, flush, seeds=True))
        with _rule(tiny=arb(tiny)):
            found += [altered(e, lambda a: a), altered(e, flush, seeds=True)]
    return found


def without_padding(e: Evaluation) -> Truths:
    """The truth where a constant 0, such as padding, times nan or infinity is 0."""
    with _rule(zero_absorbs=True):
        return altered(e, lambda a: a)


def zeros_signed(e: Evaluation) -> list[Truths]:
    """The truth with all zeros positive, all negative, and each of the other sign."""

    def like(sign: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], np.ndarray]:
        return lambda a: np.where(a == 0, np.copysign(np.zeros_like(a), sign(a)).astype(a.dtype), a)

    return [altered(e, like(s), seeds=True) for s in (lambda a: a.dtype.type(1), lambda a: a.dtype.type(-1), lambda a: -a)]


def has_zero(e: Evaluation) -> bool:
    """Whether a zero is among the numbers that were given."""
    return any(a is not None and oracle.is_float(a) and bool((a == 0).any()) for a in (*e.built.arrays, *e.cotangents))


@oracle.quiet
def beside_kinks(e: Evaluation, exponent: int = BESIDE) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """The least and the largest value that each wanted gradient has right beside the input: its one-sided derivatives.

    `exponent` says how near, as a power of two times the input.
    """
    wanted = [k.differentiable and a is not None for k, a in zip(e.built.kinds, e.built.arrays, strict=True)]
    before, values = ctx.prec, []
    ctx.prec = 640
    try:
        for k in range(DRAWS):
            rng = np.random.Generator(np.random.PCG64(11 + k // 2))
            side = 1 - 2 * (k % 2)  # every draw on both sides
            arrays = [_beside(a, rng, side, exponent) if w else a for a, w in zip(e.built.arrays, wanted, strict=True)]
            run = lambda arrays=arrays: oracle.reverse(  # noqa: E731 - a value
                definition(e.pair.op), e.cotangents, arrays, dict(e.built.options), wanted
            )[0]
            values.append([_plain(g) for g in run()])
    except Exception:
        return None
    finally:
        ctx.prec = before
    return [(np.fmin.reduce(g), np.fmax.reduce(g)) for g in zip(*values, strict=True)]


def _plain(gradient: np.ndarray) -> np.ndarray:
    return np.array([float(r.value) for r in gradient.reshape(-1).tolist()], np.float64).reshape(gradient.shape)


def _beside(a: Any, rng: np.random.Generator, side: int, exponent: int) -> Any:
    reals = oracle.to_reals(a)
    if not isinstance(reals, np.ndarray) or reals.dtype != object or not reals.size:
        return a
    plain = np.asarray(a).astype(np.float64).reshape(-1)
    size = np.abs(plain[np.isfinite(plain)]).max(initial=0.0) or 1.0
    third, steps = arb(fmpq(1, 3)), (rng.random(plain.size) + 0.5) * (rng.integers(0, 2, plain.size) * 2.0 - 1.0)
    out = np.empty(plain.size, object)
    for i, (r, x, step) in enumerate(zip(reals.reshape(-1).tolist(), plain.tolist(), steps.tolist(), strict=True)):
        finite = r.isfinite()
        out[i] = Real(r.value + (abs(x) or size) * side * (arb(step) + third) * arb(2) ** exponent) if finite else r
    return out.reshape(reals.shape)


def sizes(arrays: Sequence[Any]) -> int:
    """The number of elements of all arrays."""
    return sum(np.size(a) for a in arrays if a is not None)
