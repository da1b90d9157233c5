"""Parity: NumPy implementations of deep learning's operations, judged against PyTorch, SciPy and the truth.

>>> import parity
>>> parity.run("activations.relu", dtypes=["float32"], references=["truth"]).holds
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity.api import run, table, validate
    from parity.testing import tests

__all__ = ["run", "table", "tests", "validate"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The public functions are imported when they are first used, so that reading the table stays quick."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module("parity.testing" if name == "tests" else "parity.api"), name)
    raise AttributeError(f"module 'parity' has no attribute {name!r}; it has {', '.join(__all__)}.")
