"""Memory: how much a candidate may have, and what it finds in what was freed."""

from __future__ import annotations

import resource

import numpy as np

KEPT = 64
"""Blocks of each size that are poisoned: more than NumPy keeps for reuse."""


def poison_freed(byte, sizes):
    """Fill memory that the next allocations will get, so that a result left uninitialised shows."""
    for size in {s for s in sizes if 0 < s <= 1 << 22}:
        blocks = [np.empty(size, np.uint8) for _ in range(KEPT if size <= 4096 else 4)]
        for b in blocks:
            b.fill(byte)


def limit_memory(more):
    """Allow this process so many bytes more than it has now (where the system keeps such limits)."""
    try:
        with open("/proc/self/statm") as f:
            now = int(f.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = now + more
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    except (OSError, ValueError):
        return
