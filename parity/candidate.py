"""Loads a candidate: `FILE.py:FUNCTION` or `package.module:function`."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from parity.errors import CandidateError


def load(spec: str) -> Callable[..., Any]:
    """The function that `spec` names."""
    place, colon, name = spec.rpartition(":")
    if not colon or not place or not name:
        raise CandidateError(f"{spec!r} names no function; write FILE.py:FUNCTION or package.module:function.")
    module = _from_file(Path(place)) if place.endswith(".py") else _from_import(place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            names = [n for n in vars(module) if not n.startswith("_") and callable(getattr(module, n))]
            near = difflib.get_close_matches(name, names, n=3) or sorted(names)[:5]
            raise CandidateError(f"{place} has no {name!r}; it has {', '.join(near) or 'no functions'}.")
        found = getattr(found, part)
    if not callable(found):
        raise CandidateError(f"{spec!r} is {type(found).__name__}, not a function; name something that can be called.")
    return found


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise CandidateError(f"There is no file {str(path)!r}; give the path of a Python file.")
    module_spec = importlib.util.spec_from_file_location(path.stem, path)
    assert module_spec is not None
    assert module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        module_spec.loader.exec_module(module)
    except Exception as e:
        raise CandidateError(f"{str(path)!r} cannot be imported: {type(e).__name__}: {e}.") from e
    finally:
        sys.path.pop(0)
    return module


def _from_import(name: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except Exception as e:
        raise CandidateError(f"The module {name!r} cannot be imported: {type(e).__name__}: {e}.") from e
    finally:
        sys.path.pop(0)
