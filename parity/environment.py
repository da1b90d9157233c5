"""The versions and dispatch paths that numbers depend on: what is certified, and where we are."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

CERTIFIED = {"torch": "2.13.0", "scipy": "1.17.1"}
"""Versions whose known differences were confirmed; there a difference that no longer occurs is a failure."""


@cache
def dispatch_path() -> str:
    """torch's CPU dispatch path: DEFAULT, AVX2 or AVX512."""
    import torch

    return torch.backends.cpu.get_cpu_capability()


@cache
def is_certified() -> bool:
    """Whether the installed references are the certified versions (a local suffix such as +cpu does not count)."""
    return all(_installed(name) == wanted for name, wanted in CERTIFIED.items())


def _installed(name: str) -> str:
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError:
        return ""


def versions() -> dict[str, str]:
    """The versions of everything that numbers depend on."""
    names = ("numpy", "torch", "scipy", "python-flint", "ml_dtypes")
    return {name: _installed(name) for name in names}
