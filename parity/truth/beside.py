"""A second process that finds truths of the next inputs beside this one.

It is started only where truths have taken a while, so that a quick validation does not pay for it.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from parity.errors import ParityError
from parity.remote import Remote

WORTH_IT = 0.1
"""Seconds that truths have taken when the process is started."""
AHEAD = 6
"""Inputs whose truth is asked for before it is needed."""


class Beside:
    """Truths that are found in either process, whichever is free: `ask` for some ahead, then `take` each."""

    def __init__(self) -> None:
        self._remote: Remote | None = None
        self._line = ThreadPoolExecutor(1)
        self._asked: dict[bytes, tuple[Future[Any], Callable[[], Any]]] = {}
        self._found: dict[bytes, Any] = {}
        self._spent = 0.0

    def ask(self, key: bytes, compute: Callable[[], Any], *given: Any) -> None:
        """Have the truth with this key found; `given` are the arguments of `truths`, and `compute` finds it here."""
        if self._spent < WORTH_IT or key in self._asked or key in self._found:
            return
        try:
            pickle.dumps(given)
        except Exception:  # a function among the options
            return
        self._remote = self._remote or Remote()
        self._asked[key] = self._line.submit(self._remote.call, "parity.truth.beside:truths", *given), compute

    def take(self, key: bytes, compute: Callable[[], Any]) -> Any:
        """The truth with this key; while the other process is about to find it, others that wait are found here."""
        while key in self._asked and not self._asked[key][0].done():
            free = next((k for k, (future, _) in self._asked.items() if future.cancel()), None)
            if free is None:
                break
            with suppress(Exception):  # it will be said where it is needed
                self._found[free] = self._computed(self._asked.pop(free)[1])
        if key in self._asked:
            with suppress(ParityError):  # there is no truth, which is said where it is computed again
                return self._asked.pop(key)[0].result()
        return self._found.pop(key) if key in self._found else self._computed(compute)

    def _computed(self, compute: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            return compute()
        finally:
            self._spent += time.monotonic() - began

    def close(self) -> None:
        """End the process."""
        for future, _ in self._asked.values():
            future.cancel()
        if self._remote is not None:
            self._remote.kill()  # so that nobody waits for its answer any more
        self._line.shutdown()
        if self._remote is not None:
            self._remote.close()


def truths(op: str, direction: str, dtype: str, arrays: list[Any], cotangents: tuple[Any, ...], options: dict) -> Any:
    """The truth of one input of an op."""
    from parity.cases import Built, Case
    from parity.evaluate import Evaluation, truths_of
    from parity.loader import catalogue

    pair = catalogue()[op]
    built = Built(tuple(arrays), pair.arrays, (None,) * len(arrays), options)
    return truths_of(Evaluation(pair, Case("ordinary"), dtype, direction, built, cotangents), arrays, cotangents)
