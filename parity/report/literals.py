"""Arrays and options as Python text, bit by bit."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np


def literal(a: np.ndarray, dtype: str = "") -> str:
    """An array as the expression that makes it, bit by bit but for the payloads of nan."""
    if a.dtype.kind in "iub":
        return f"np.array({a.tolist()}, {str(a.dtype)!r}).reshape({a.shape})"
    kind = dtype or str(a.dtype)
    shown = "ml_dtypes.bfloat16" if kind == "bfloat16" else repr(kind).replace("'", '"')
    shape = "".join(f", {n}" for n in a.shape)
    rows = textwrap.wrap(" ".join(_hex(v) for v in a.astype(np.float64).reshape(-1).tolist()), 100)
    if len(rows) <= 1:
        return f'exact("{"".join(rows)}", {shown}{shape})'
    held = "\n".join(f'    "{r} "' for r in rows)
    return f"exact(\n{held},\n    {shown}{shape},\n)"


def _hex(v: float) -> str:
    if not math.isfinite(v):
        return str(v)
    head, exponent = v.hex().split("p")
    return f"{head.rstrip('0').rstrip('.') if '.' in head else head}p{exponent}"


def readable(a: np.ndarray) -> str:
    """A comment with the numbers in decimal, where they are few."""
    return f"  # {' '.join(map(str, a.reshape(-1).tolist()))}" if a.dtype.kind not in "iub" and 0 < a.size <= 4 else ""


def plain(value: Any) -> str:
    """An option as Python text."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, (tuple, list)):
        inner = ", ".join(map(plain, value)) + ("," if isinstance(value, tuple) and len(value) == 1 else "")
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if callable(value):
        raise TypeError("a function has no text")
    return repr(value)
