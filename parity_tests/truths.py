"""The truths of the suite's cases, found once for all who are judged by them."""

from __future__ import annotations

from functools import lru_cache

from parity.evaluate import Evaluation, find_truth, prepare
from parity.loader import catalogue
from parity.runner import case_of
from parity.truth.cache import TruthCache


@lru_cache(maxsize=4)
def kept(op: str) -> TruthCache:
    """The truths of an op that are kept on disk."""
    return TruthCache(op)


@lru_cache(maxsize=4096)
def evaluation(op: str, hazard: str, dtype: str, direction: str) -> Evaluation:
    """The evaluation of one of the suite's cases, with its truth."""
    return find_truth(prepare(catalogue()[op], case_of(op, hazard, dtype, direction), dtype, direction), kept(op))
