"""The numbers in a function's own code: where it may change from one formula to another."""

from __future__ import annotations

import dis
import inspect
import itertools
import math
import types

MOST = 24
"""Numbers at most."""
LOADED = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF")


def constants_of(function):
    """The numbers that a function's module is written with, without signs; first those that something is compared with."""
    function = inspect.unwrap(function) if callable(function) else function
    owner = function if hasattr(function, "__globals__") else type(function).__call__
    known = getattr(owner, "__globals__", {})
    codes = [c for v in [function, owner, *known.values()] for c in _codes(v, known)]
    compared = [n for c in dict.fromkeys(codes) for n in _compared(c, known)]
    others = [n for c in dict.fromkeys(codes) for n in c.co_consts] + list(known.values())
    sizes = [abs(float(n)) for n in compared if _is_number(n)]
    sizes += [abs(float(n)) for n in others if _is_number(n) and 1e-8 < abs(n) < 1e4]
    return list(dict.fromkeys(n for n in sizes if n and math.isfinite(n)))[:MOST]


def _is_number(value):
    return type(value) in (int, float) and abs(value) < 1e300


def _codes(value, known):
    """The code of a function of the same module, and of the functions and methods inside."""
    if isinstance(value, type) and value.__module__ == known.get("__name__"):
        return [c for v in vars(value).values() for c in _codes(v, known)]
    code = getattr(value, "__code__", None)
    if not isinstance(code, types.CodeType) or getattr(value, "__globals__", None) is not known:
        return []
    return _nested(code)


def _nested(code):
    return [code, *(inner for c in code.co_consts if isinstance(c, types.CodeType) for inner in _nested(c))]


def _compared(code, known):
    """What stands on the right of a comparison."""
    steps = list(dis.get_instructions(code))
    for before, step in itertools.pairwise(steps):
        if step.opname == "COMPARE_OP":
            yield known.get(before.argval) if before.opname in LOADED else before.argval
