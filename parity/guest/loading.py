"""Finds the candidate that a user named: `FILE.py:name`, `package.module:name`, or a pickled object."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys


class CannotLoad(Exception):
    """One sentence: what was given, what is there, what to do."""


def load(spec):
    """The object that `spec` names."""
    place, colon, name = spec.rpartition(":")
    if not colon or not place or not name:
        raise CannotLoad(f"{spec!r} names no function; write FILE.py:FUNCTION or package.module:function.")
    module = from_file(place) if place.endswith(".py") else from_import(place)
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            names = [n for n in vars(module) if not n.startswith("_") and callable(getattr(module, n))]
            near = difflib.get_close_matches(name, names, n=3) or sorted(names)[:5]
            raise CannotLoad(f"{place} has no {name!r}; it has {', '.join(near) or 'no functions'}.")
        found = getattr(found, part)
    if not callable(found) and not hasattr(found, "forward"):
        raise CannotLoad(f"{spec!r} is {type(found).__name__}, not a function; name something that can be called.")
    return found


def from_file(place):
    """The module in a file; its folder stays on the path, for what it imports later."""
    if not os.path.isfile(place):
        raise CannotLoad(f"There is no file {place!r}; give the path of a Python file.")
    name = os.path.splitext(os.path.basename(place))[0]
    spec = importlib.util.spec_from_file_location(name, place)
    module = importlib.util.module_from_spec(spec)
    _first_on_path(os.path.dirname(os.path.abspath(place)))
    if name not in sys.modules:  # so that classes of the file can be found by their module
        sys.modules[name] = module
    return _imported(repr(place), lambda: spec.loader.exec_module(module) or module)


def from_import(name):
    """An importable module; the current folder is on the path."""
    _first_on_path(os.getcwd())
    return _imported(f"The module {name!r}", lambda: importlib.import_module(name))


def _first_on_path(folder):
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _imported(what, run):
    try:
        return run()
    except BaseException as e:  # SystemExit and KeyboardInterrupt too
        raise CannotLoad(f"{what} cannot be imported: {type(e).__name__}: {_text(e)}.") from e


def _text(error):
    try:
        return str(error)
    except Exception as e:
        return f"(its text cannot be had: {type(e).__name__})"
