"""Mistakes of what a normalization divides by: eps outside the root, another count, another centre.

They are told apart on rows of plus and minus one size, where the variance is one known number: then each mistake is the
truth with another eps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from parity.causes.scene import Scene, agrees, floats, tells
from parity.judging import Seen
from parity.rounding import DTYPES

OPS = ("layer_norm", "group_norm", "instance_norm", "batch_norm", "rms_norm")
SIZE = 2.0**-4


def another_variance(s: Scene) -> str:
    """The truth with another eps is what it returns, where the variance is known."""
    name, options = s.pair.arrays[0].name, s.seen.evaluation.built.options
    if s.check.op.split(".")[-1] not in OPS or s.backward or s.check.dtype not in ("float64", "float32"):
        return ""
    shape = floats(s.seen.evaluation)[name].shape
    if not shape or shape[-1] % 2 or not shape[-1]:
        return ""
    x = np.resize([SIZE, -SIZE], shape).astype(DTYPES[s.check.dtype])
    seen = s.altered({name: x}, (), s.plain_case("cause"))
    if seen is None or seen.party.error or seen.judged.grade != "fail":
        return ""
    eps = options.get("eps") or 1e-5
    return next((text for text, other in _variances(eps, shape) if _as_with(s, seen, other)), "")


def _as_with(s: Scene, seen: Seen, eps: float) -> bool:
    wanted = s.truth(seen.evaluation, options={**seen.evaluation.built.options, "eps": eps})
    return agrees(seen.party.outputs, wanted, seen.evaluation.dtype) and tells(seen, wanted)


def _variances(eps: float, shape: tuple[int, ...]) -> Iterator[tuple[str, float]]:
    v = SIZE**2
    yield (
        "It adds eps outside the square root: sqrt(v) + eps in place of sqrt(v + eps). Add it to the variance.",
        eps * eps + 2 * eps * math.sqrt(v),
    )
    yield "It ignores `eps`: it divides by sqrt(v). Divide by sqrt(v + eps).", 0.0
    counts = {math.prod(shape[i:]) for i in range(len(shape))} | {math.prod(shape) // n for n in shape}
    for n in sorted(c for c in counts if c > 1):
        yield (
            f"It divides by the unbiased variance (n - 1 = {n - 1} in place of n = {n}). Divide by n.",
            eps + v / (n - 1),
        )
