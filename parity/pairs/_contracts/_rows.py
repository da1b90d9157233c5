"""How rows are written: one function for each kind of wrong question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parity.pair import Refusal, Variant

FORWARD, BACKWARD = ("forward",), ("backward",)
ANY_NUMBERS = "It moves numbers of any dtype."
UNCHECKED = "The backward does not look at the shape of the cotangent yet."
LEFT = ("axis=(0,1)", "axis=None")
"""Several axes or none, where one is unpacked."""
NAN, INF = float("nan"), float("inf")


def options(why: str, usual: Variant | None = None, **wrong: Any) -> Refusal:
    """Wrong values of options."""
    name = ",".join(f"{k}={v}" for k, v in wrong.items())
    return Refusal(_plain(name), why, wrong, usual=usual)


def each(why: str, option: str, *values: Any, usual: Variant | None = None) -> tuple[Refusal, ...]:
    """Several wrong values of one option."""
    return tuple(options(why, usual, **{option: value}) for value in values)


def shapes(
    why: str,
    settings: dict[str, Any] | None = None,
    absent: Sequence[str] = (),
    delegated: bool = False,
    directions: tuple[str, ...] = (),
    **wrong: tuple[int, ...],
) -> Refusal:
    """Shapes that do not fit (with options of this question alone, and without some arrays)."""
    spelled = [f"{k}_of_{'x'.join(map(str, shape)) or '0-d'}" for k, shape in wrong.items()]
    spelled += [f"{k}={v}" for k, v in (settings or {}).items()] + [f"no_{name}" for name in absent]
    return Refusal(
        _plain(",".join(spelled)),
        why,
        settings or {},
        wrong,
        absent=tuple(absent),
        directions=directions,
        delegated=delegated,
    )


def holding(why: str, array: str, value: float, usual: Variant | None = None) -> Refusal:
    """Ordinary-looking numbers (ones) with one wrong value at the end."""

    def maker(shape, fmt, rng):
        found = np.ones(shape)
        found.reshape(-1)[-1] = value
        return found

    return Refusal(_plain(f"{array}_with_{value}"), why, arrays={array: maker}, usual=usual)


def given(
    why: str, array: str, value: Any, name: str, directions: tuple[str, ...] = (), usual: Variant | None = None
) -> Refusal:
    """This very array."""
    return Refusal(
        f"{array}_{name}",
        why,
        arrays={array: lambda shape, fmt, rng: value},
        directions=directions,
        usual=usual,
    )


def typed(why: str, array: str, dtype: Any, directions: tuple[str, ...] = (), usual: Variant | None = None) -> Refusal:
    """Ones of another dtype, in the usual shape."""
    maker = lambda shape, fmt, rng: np.ones(shape, dtype)  # noqa: E731
    name = f"{array}_of_{np.dtype(dtype).name}"
    return Refusal(name, why, arrays={array: maker}, directions=directions, usual=usual)


def _plain(name: str) -> str:
    return name.replace(" ", "").replace("'", "")
