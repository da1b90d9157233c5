"""Speed of ours against torch (one thread), paired in the same run: `python benchmarks/against_torch.py [OP ...]`.

Prints, for each op, the median of ours/torch over alternating runs (below 1: ours is faster) with its range.  Times of single
runs mean nothing on a shared machine; the ratio of neighbours does.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import sys
from statistics import median
from time import perf_counter

import numpy as np
import torch

from parity.cases import Built
from parity.evaluate import library
from parity.loader import catalogue, select
from parity.references import torch_forward

DEFAULT = (
    "relu",
    "sigmoid",
    "tanh",
    "gelu",
    "silu",
    "softplus",
    "softmax",
    "log_softmax",
    "erf",
    "lgamma",
    "logsumexp",
    "layer_norm",
)
SHAPE = (512, 1024)
ROUNDS = 9


def timed(call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def ratio(op: str, dtype) -> tuple[float, float, float]:
    pair = catalogue()[op]
    x = np.random.default_rng(0).standard_normal(SHAPE).astype(dtype)
    options = {"normalized_shape": SHAPE[1:]} if op.endswith("layer_norm") else dict(pair.options)
    built = Built((x,), pair.arrays[:1], (None,), options)
    fn = library(pair).forward
    assert fn is not None
    ratios = [timed(lambda: fn(x, **options)) / timed(lambda: torch_forward(pair, built)) for _ in range(ROUNDS + 1)][1:]
    return median(ratios), min(ratios), max(ratios)


def main() -> None:
    torch.set_num_threads(1)
    for op in select(sys.argv[1:] or DEFAULT):
        for dtype in (np.float64, np.float32):
            middle, low, high = ratio(op, dtype)
            print(f"{op:28s} {np.dtype(dtype).name}  ours/torch {middle:6.2f}  ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
