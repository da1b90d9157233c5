"""What each op must refuse by its docstring: a module for each family, a row for each op."""

from __future__ import annotations

import importlib
import pkgutil

from parity.pair import Contract


def contract_of(op: str) -> Contract:
    """The contract of a built-in op."""
    family, _, name = op.partition(".")
    if family not in {m.name for m in pkgutil.iter_modules(__path__)}:
        return Contract()
    return importlib.import_module(f"{__name__}.{family}").CONTRACTS.get(name, Contract())
