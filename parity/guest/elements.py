"""Functions of one number, and schedulers that go step by step, asked for a whole array."""

from __future__ import annotations

import re

import numpy as np

NUMBERS_ONLY = re.compile(
    r"only (length|size)-1 arrays|only 0-dim|\b0-d\b|truth value of an(?: empty)? array|only integer scalar arrays"
    r"|unhashable type: 'numpy.ndarray'|as an integer|must be (an? )?(real |single )?(int|float|number|scalar)"
)
"""How a function of one number refuses an array."""
GETTERS, HELD = ("get_last_lr", "get_lr"), ("lr", "last_lr", "learning_rate")
"""Methods and attributes that say a scheduler's rate."""


def takes_numbers_only(error, args):
    """Whether an error says that a function takes one number, where it was given arrays of one shape that is not ()."""
    shapes = {a.shape for a in args if isinstance(a, np.ndarray)}
    return (
        isinstance(error, (TypeError, ValueError)) and NUMBERS_ONLY.search(str(error)) is not None
        and len(shapes) == 1 and shapes.pop() != () and all(a.size for a in args if isinstance(a, np.ndarray))
    )  # fmt: skip


def by_element(fn, args, options):
    """What a function of numbers returns for each element of its arrays, as arrays of their shape."""
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    shape = arrays[0].shape if arrays else ()
    if any(a.shape != shape for a in arrays):
        return fn(*args, **options)
    found = []
    for i in np.ndindex(shape):
        found.append(fn(*[_number(a[i]) if isinstance(a, np.ndarray) else a for a in args], **options))
    several = bool(found) and isinstance(found[0], (tuple, list))
    usual = next((a.dtype for a in reversed(arrays) if a.dtype.kind not in "iub"), np.dtype(np.float64))
    if not several:
        return _assembled(found, shape, usual)
    return tuple(_assembled(part, shape, usual) for part in zip(*found))


def _number(value):
    """A float keeps its dtype; an integer or a truth value becomes Python's."""
    return value.item() if value.dtype.kind in "iub" else value


def _assembled(results, shape, usual):
    """Python's floats have no dtype of their own: they get the usual one."""
    if any(r is None for r in results):
        return None
    plain = all(isinstance(r, float) and not isinstance(r, np.generic) for r in results)
    if not results or plain:
        return np.array(results, usual).reshape(shape)
    parts = [np.asarray(r) for r in results]
    return np.stack(parts).reshape(shape + parts[0].shape)


# -- schedulers ----------------------------------------------------------------------------------------------------------------
def is_scheduler(cls):
    """Whether a class has a method `step`, and neither `forward` nor `__call__`."""
    return callable(getattr(cls, "step", None)) and not any(hasattr(cls, n) for n in ("forward", "backward")) and not any(
        "__call__" in vars(c) for c in cls.__mro__
    )  # fmt: skip


def rates(schedule, steps):
    """The rate at each of the steps, found by going from step 0 to the last.

    The rate of a step is what the scheduler says before `step()` is called; where it says nothing, what `step()` returns.
    """
    steps, found = np.asarray(steps), []
    for _ in range(int(steps.max()) + 1 if steps.size else 0):
        known = _rate(schedule)
        returned = schedule.step()
        found.append(_first(returned if known is None else known))
    return np.asarray(np.array(found, np.float64)[steps])


def _rate(schedule):
    for name in GETTERS:
        if callable(getattr(schedule, name, None)):
            return getattr(schedule, name)()
    return next((v for v in (getattr(schedule, n, None) for n in HELD) if v is not None and not callable(v)), None)


def _first(rate):
    """The rate of the first group of parameters."""
    return rate[0] if isinstance(rate, (list, tuple)) else rate
