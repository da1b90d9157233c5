"""Whether an error is a refusal: one that the function raised itself, because it looked at what it was given.

A function that does not look may fail all the same, somewhere further on and with a message about something else.
"""

from __future__ import annotations

import dis
from collections.abc import Callable
from types import TracebackType
from typing import Any

OWN, OTHER = "own", "another's"
REFUSALS = (OWN, OTHER)
"""Raised by the function itself (or by something that it called in its own package); raised by NumPy or Python."""
PACKAGE = "npimpl"
"""The package whose functions are to look themselves, and not to leave it to another one."""
DOCUMENTED = (ValueError, TypeError, IndexError)
"""AxisError and LinAlgError are among them."""
_RAISE = dis.opmap["RAISE_VARARGS"]


def refusal_of(error: BaseException, fn: Callable[..., Any]) -> str:
    """What kind of refusal an error is; "" where it is of a type that no docstring names.

    A function of another package counts as one that raised the error itself.
    """
    if not isinstance(error, DOCUMENTED):
        return ""
    own = _package(getattr(fn, "__module__", "")) != PACKAGE or _raised_there(error.__traceback__)
    return OWN if own else OTHER


def _raised_there(trace: TracebackType | None) -> bool:
    """Whether the innermost place is a `raise` of the package."""
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code.co_code
    return _package(trace.tb_frame.f_globals.get("__name__", "")) == PACKAGE and code[trace.tb_lasti] == _RAISE


def _package(module: str | None) -> str:
    return (module or "").partition(".")[0]
