"""Mistakes of what a normalization divides by: eps outside the root, another count.

They are told apart on rows of plus and minus one size, where the variance is one known number: then each mistake is the
truth with another eps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from parity.causes.claims import Claim
from parity.causes.comparing import agrees, evidence, failed, floats, values
from parity.causes.diagnosis import Diagnosis
from parity.formats import DTYPES

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

SIZES = (2.0**-4, 3 * 2.0**-6)
EPS = 1e-5
"""The usual value of an `eps` that is None."""


def another_variance(d: Diagnosis) -> Iterator[Claim]:
    """The truth with another eps is what it returns, where the variance is known (an op with an option `eps`)."""
    name, options = d.pair.arrays[0].name, d.seen.evaluation.built.options
    if "eps" not in _options(d) or d.backward or d.check.dtype not in ("float64", "float32"):
        return
    shape = floats(d.seen.evaluation)[name].shape
    if not shape or shape[-1] % 2 or not shape[-1] or d.elementwise or not _divides_by_spread(d, name, options.get("eps")):
        return
    eps = options.get("eps") or EPS
    for kind, text, other in _variances(shape):
        yield Claim(kind, text, shows=_as_with(d, name, lambda v, other=other: other(eps, v)))


def _divides_by_spread(d: Diagnosis, name: str, eps: float | None) -> bool:
    """Whether the exact result is proportional to 1/sqrt(v + eps), where v is the variance of the first array."""
    seen = _at(d, name, SIZES[0])
    if seen is None:
        return False
    e, v, held = seen.evaluation, SIZES[0] ** 2, []
    for size in (1, -1):
        arrays = [size * a if k.name == name else a for k, a in zip(e.built.kinds, e.built.arrays, strict=False)]
        for other in (eps or EPS, v):
            held.append(d.truth(e, arrays=arrays, options={**e.built.options, "eps": other}))
    if None in held:
        return False
    up, wide, down, wide_down = (values(t[0]) for t in held)
    said = (up - down) * math.sqrt((v + (eps or EPS)) / (2 * v))
    return bool((np.abs(said - (wide - wide_down)) <= 1e-4 * np.abs(said)).all() and said.any())


def _options(d: Diagnosis) -> set[str]:
    import inspect

    from parity.loader import definition

    return set(inspect.signature(definition(d.check.op)).parameters)


def _as_with(d: Diagnosis, name: str, other: Callable[[float], float]):
    """Whether it returns the truth with another eps at rows of two sizes."""

    def shows(seen: Seen) -> bool:
        found = [_at(d, name, size) for size in SIZES]
        return all(s is not None and _is_with(d, s, other(size**2)) for s, size in zip(found, SIZES, strict=True))

    return shows


def _at(d: Diagnosis, name: str, size: float) -> Seen | None:
    key = ("variance", size)
    if key not in d.kept:
        shape = floats(d.seen.evaluation)[name].shape
        x = np.resize([size, -size], shape).astype(DTYPES[d.check.dtype])
        seen = d.altered({name: x}, (), d.plain_case("cause"))
        d.kept[key] = seen if failed(seen) and not seen.party.error else None
    return d.kept[key]


def _is_with(d: Diagnosis, seen: Seen, eps: float) -> bool:
    wanted = d.truth(seen.evaluation, options={**seen.evaluation.built.options, "eps": eps})
    return agrees(seen.party.outputs, wanted, seen.evaluation.dtype) and evidence(seen, wanted) > 0


def _variances(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Callable[[float, float], float]]]:
    yield (
        "variance eps outside",
        "It adds eps outside the square root: sqrt(v) + eps in place of sqrt(v + eps). Add it to the variance.",
        lambda eps, v: eps * eps + 2 * eps * math.sqrt(v),
    )
    yield (
        "variance no eps",
        "It ignores `eps`: it divides by sqrt(v). Divide by sqrt(v + eps).",
        lambda eps, v: 0.0,
    )
    counts = {math.prod(shape[i:]) for i in range(len(shape))} | {math.prod(shape) // n for n in shape}
    for n in sorted(c for c in counts if c > 1):
        yield (
            f"variance unbiased {n}",
            f"It divides by the unbiased variance (n - 1 = {n - 1} in place of n = {n}). Divide by n.",
            lambda eps, v, n=n: eps + v / (n - 1),
        )
