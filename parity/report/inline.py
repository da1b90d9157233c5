"""A function's source together with everything of its module that it needs, so that a script stands alone."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

PRESENT = ("np", "sys")
"""Names that a script has anyway."""


class CannotInline(ValueError):
    """Something that the function needs has no text of its own."""


def inlined(fn: Callable[..., Any]) -> str:
    """Lines that define `fn` under its own name; raises CannotInline where they cannot be had."""
    if not isinstance(fn, FunctionType):
        raise CannotInline(f"{fn!r} is no Python function")
    texts: dict[str, str] = {}
    free = {n: c.cell_contents for n, c in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True)}
    for name, value in free.items():  # what a closure holds, as names of the script
        _add(name, value, texts)
    _add_function(fn, texts)
    return "\n\n".join(texts.values()) + "\n\n"


def _add(name: str, value: Any, texts: dict[str, str]) -> None:
    if name in texts or name in PRESENT:
        return
    if isinstance(value, ModuleType):
        texts[name] = f"import {value.__name__} as {name}"
    elif isinstance(value, FunctionType):
        if value.__closure__ or value.__name__ != name:
            raise CannotInline(f"{name} is a closure, or goes by another name")
        _add_function(value, texts)
    elif isinstance(value, Mapping) and value and all(isinstance(v, FunctionType) for v in value.values()):
        for v in value.values():
            _add(v.__name__, v, texts)
        texts[name] = f"{name} = {{{', '.join(f'{k!r}: {v.__name__}' for k, v in value.items())}}}"
    elif isinstance(value, (bool, int, float, str, tuple, type(None))):
        texts[name] = f"{name} = {value!r}"
    else:
        raise CannotInline(f"{name} is {type(value).__name__}")


def _add_function(fn: FunctionType, texts: dict[str, str]) -> None:
    if fn.__name__ == "<lambda>":
        raise CannotInline("a lambda has no lines of its own")
    for name in _names(fn.__code__):
        if name in fn.__globals__ and name != fn.__name__:
            _add(name, fn.__globals__[name], texts)
    texts[fn.__name__] = textwrap.dedent(inspect.getsource(fn)).rstrip()


def _names(code: CodeType) -> Iterator[str]:
    """Every name that a function, or one inside it, may look up."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)
