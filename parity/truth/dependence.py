"""How one evaluation depends on its inputs, found when it is first asked for: sensitivity, reach, numbers of terms."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from parity import oracle
from parity.evaluate import Evaluation
from parity.loader import definition
from parity.pair import Pair
from parity.truth.reach import Reach, reach
from parity.truth.sensitivity import sensitivity, work_unit


class Dependence:
    """What the elements of an evaluation depend on, and how much."""

    def __init__(self, e: Evaluation, pair: Pair):
        self.e, self.pair, self.define = e, pair, definition(pair.op)
        self.alone = getattr(self.define, "kind", "") == "elementwise"
        self.refereed = hasattr(self.define, "referee")
        backward = e.direction == "backward"
        self.wanted = [
            k.differentiable and a is not None for k, a in zip(e.built.kinds, e.built.arrays, strict=True)
        ] * backward
        self.kept = [i for i, w in enumerate(self.wanted) if w]

    def _place(self, position: int) -> int:
        """The place of a gradient among those that are wanted."""
        return self.kept.index(position) if self.wanted else position

    # -- sensitivity -----------------------------------------------------------------------------------------------------------
    def sensitivity(self, position: int, where: np.ndarray) -> np.ndarray | None:
        """S of the elements of one output, at least where it is asked for; None where the definition cannot tell."""
        if self.refereed:
            return None
        found = self._of_some(where) if self.alone else self._of_all
        return None if found is None else found[self._place(position)]

    @cached_property
    def _of_all(self) -> list[np.ndarray | None] | None:
        return self._measured(list(self.e.built.arrays), self.e.cotangents)

    def _of_some(self, where: np.ndarray) -> list[np.ndarray | None] | None:
        """An elementwise op is asked at the elements in question alone; at the others S is 0."""
        x = np.asarray(self.e.built.arrays[0])
        finite = where & np.isfinite(x.astype(np.float64))
        seeds = tuple(None if c is None else np.asarray(c)[finite] for c in self.e.cotangents)
        some = self._measured([x[finite]], seeds) if finite.any() else [np.zeros(0)]
        if some is None or some[0] is None:
            return None
        out = np.zeros(x.shape)
        out[finite] = some[0]
        return [out]

    def _measured(self, arrays: list[Any], cotangents: tuple[Any, ...]) -> list[np.ndarray | None] | None:
        exact = [k.exact for k in self.e.built.kinds]
        options, u = dict(self.e.built.options), work_unit(self.e.dtype)
        try:
            return sensitivity(
                self.define, arrays, options, u, cotangents=cotangents, wanted=self.wanted, exact=exact
            )  # fmt: skip
        except Exception:  # beside the input the definition has no value, or cannot be decided
            return None

    # -- reach -----------------------------------------------------------------------------------------------------------------
    @cached_property
    def _reach(self) -> Reach | None:
        if self.alone or self.refereed:
            return None
        try:
            return reach(self.define, list(self.e.built.arrays), dict(self.e.built.options), self.e.cotangents, self.wanted)
        except Exception:  # the definition has conventions that no tape can follow here
            return None

    def reached(self, position: int, shape: tuple[int, ...], by: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The elements of one output that depend on a number of which `by` is true (cotangents included)."""
        given = (*self.e.built.arrays, *self.e.cotangents)
        with np.errstate(all="ignore"):
            masks = [by(np.asarray(a).astype(np.float64)) if oracle.is_float(a) else None for a in given]
        if self.alone:
            return np.logical_or.reduce([np.broadcast_to(m, shape) for m in masks if m is not None])
        if self._reach is None:
            return np.full(shape, any(m is not None and bool(m.any()) for m in masks))
        return self._reach.where(masks, self._place(position), shape)

    def terms(self, position: int) -> Any:
        """How many inputs each element of one output is made of."""
        shape = np.shape(self.e.truths[position].value)  # pyright: ignore[reportOptionalMemberAccess]
        return 1.0 if self._reach is None else self._reach.terms(self._place(position), shape)
