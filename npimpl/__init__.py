"""Deep learning's operations in pure NumPy: each forward directly followed by its hand-derived backward.

Families are submodules, imported when first used:

    >>> import npimpl
    >>> npimpl.activations.relu([-1.0, 2.0])
    array([0., 2.])
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = [
    "activations",
    "attention",
    "augmentation",
    "calculus",
    "convolution",
    "distributions",
    "embedding",
    "init",
    "linalg",
    "linear",
    "losses",
    "normalization",
    "optimizers",
    "pooling",
    "recurrent",
    "reductions",
    "sampling",
    "schedules",
    "similarity",
    "special",
    "tensor",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> ModuleType:
    """A family, imported on first use: `import npimpl` alone costs next to nothing."""
    if name in __all__:
        return importlib.import_module(f"npimpl.{name}")
    raise AttributeError(f"npimpl has no family {name!r}; it has {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
