"""What a user gives to be judged: a candidate, and what it may use."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field
from typing import Any

from parity.errors import ParityError
from parity.guest.backends import BACKENDS, libraries

ARRAYS = ("auto", *BACKENDS)
"""What a candidate may take."""


@dataclass(frozen=True)
class Limits:
    """What a candidate may use."""

    seconds: float = 10.0
    """For each check (two calls)."""
    memory: int = 4 << 30
    """Bytes beyond what it has when it is loaded."""
    total: float = 300.0
    """Seconds for all checks together; what is left then is not asked."""

    def __post_init__(self):
        for name, unit in (("seconds", "seconds"), ("memory", "bytes"), ("total", "seconds")):
            value = getattr(self, name)
            if not value > 0 or not math.isfinite(value):
                shown = "timeout" if name == "seconds" else name
                raise ParityError(f"The limit `{shown}` is {value:g} {unit}, but must be a positive number.")


@dataclass(frozen=True)
class Candidate:
    """What is to be run: `FILE.py:name`, `package.module:name`, or a Python object, which is pickled by value."""

    forward: Any
    backward: Any = None
    arrays: str = "auto"
    rename: dict[str, str] = field(default_factory=dict)
    """The candidate's parameter name -> the op's."""
    forbid: tuple[str, ...] = ()
    python: str = ""
    """Another interpreter (empty: this one)."""
    fixed: dict[str, Any] = field(default_factory=dict)
    """Option -> the only value that it implements; such an option is not passed."""
    inplace: bool = False
    """Whether it writes its result into its first array."""
    libraries: tuple[str, ...] = ()
    """The array libraries that the module of an object imports (found out where they are not given)."""

    def __post_init__(self):
        if self.arrays not in ARRAYS:
            raise ParityError(f"arrays={self.arrays!r} is unknown; allowed: {', '.join(ARRAYS)}.")
        if not self.libraries and not isinstance(self.forward, str):
            object.__setattr__(self, "libraries", tuple(libraries(self.forward)))


@dataclass(frozen=True)
class Death:
    """How a candidate's process ended in the middle of a check."""

    kind: str
    """ "crash", "timeout" or "exit"."""
    text: str
    stack: str = ""


def option_of(text: str) -> tuple[str, Any]:
    """The option and its value in "NAME=VALUE": a Python literal, or else a word ("approximate=tanh")."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise ParityError(f"{text!r} is not NAME=VALUE; write for example approximate=tanh.")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError):
        return name.strip(), value.strip()
