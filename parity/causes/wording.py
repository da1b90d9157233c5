"""An exception's sentence without what changes from input to input."""

from __future__ import annotations

import re

_PATH = r"(?:[A-Za-z]:)?(?:[\w.~-]*[\\/])+[\w.-]+"
_CHANGING = re.compile(rf"{_PATH}|0x[0-9a-fA-F]+|[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[\s,()\[\]{{}}]+")


def worded(error: str) -> str:
    """The words of an error: numbers, shapes and paths are left out.

    >>> worded("shapes (3,4) and (7,) do not match") == worded("shapes (2,) and (9, 1) do not match")
    True
    """
    return " ".join(_CHANGING.sub(" ", error).split())
