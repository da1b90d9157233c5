"""What is asked for: resolved once, every word of it looked at, whoever asks (command line, Python, pytest)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from parity.errors import NothingSelected, ParityError
from parity.formats import NAMES
from parity.isolation import Candidate, Limits
from parity.loader import catalogue, select
from parity.runner import DIRECTIONS, REFERENCES, Selection, checks_of

JUDGED = ("forward", "backward")
ARRAYS = ("auto", "numpy", "torch", "jax")
GATES = ("tight", "parity", "stable")
"""What a strict validation may ask for."""


def chosen(what: str, given: Iterable[str], allowed: Sequence[str]) -> tuple[str, ...]:
    """The values given (one word, or several), each of them one that is allowed."""
    values = words(what, given)
    for value in values:
        if value not in allowed:
            raise ParityError(f"{value!r} is no {what}; allowed: {', '.join(allowed)}.")
    return values


def words(what: str, given: Iterable[str]) -> tuple[str, ...]:
    """One word, or several."""
    values = (given,) if isinstance(given, str) else tuple(given)
    for value in values:
        if not isinstance(value, str):
            raise ParityError(f"{value!r} is no {what}; give a word, or a list of words.")
    return values


# -- checks of the suite -------------------------------------------------------------------------------------------------------
def selection(
    names: Iterable[str] = (), *, dtypes: Iterable[str] = (), references: Iterable[str] = (), directions: Iterable[str] = (),
    hazards: Iterable[str] = (),
) -> Selection:  # fmt: skip
    """The selected checks, at least one: ops or families by name, and what they are narrowed to (empty: everything)."""
    found = Selection(
        tuple(select(words("op", names))),
        chosen("dtype", dtypes, NAMES),
        chosen("reference", references, REFERENCES),
        chosen("direction", directions, DIRECTIONS),
        words("hazard", hazards),
    )
    if not any(found.takes(check) for op in found.ops for check in checks_of(op)):
        raise NothingSelected(
            "Nothing is selected: no check has this dtype, reference, direction and hazard; `parity explain OP` lists them."
        )
    return found


# -- a candidate ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Validation:
    """A candidate and how it is to be judged; the fields are the arguments of `parity.validate`."""

    forward: Any
    op: str
    backward: Any = None
    dtypes: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    where: str = ""
    skip: tuple[str, ...] = ()
    strict: str = ""
    arrays: str = "auto"
    rename: Mapping[str, str] = field(default_factory=dict)
    option: Mapping[str, Any] = field(default_factory=dict)
    inplace: bool = False
    forbid: tuple[str, ...] = ()
    python: str = ""
    timeout: float = 10.0
    memory: float = 4.0
    total: float = 300.0
    seed: int | None = None
    isolate: bool = True
    overlay: str | Path | None = None

    @property
    def candidate(self) -> Candidate:
        """The function with all that is known about it."""
        return Candidate(
            self.forward, self.backward, self.arrays, dict(self.rename), self.forbid, self.python,
            fixed=dict(self.option), inplace=self.inplace,
        )  # fmt: skip

    @property
    def limits(self) -> Limits:
        """What it may use."""
        return Limits(self.timeout, int(self.memory * 2**30), self.total)


SETTINGS = tuple(f.name for f in fields(Validation) if f.name not in ("forward", "op"))


def validation(forward: Any, op: str, **settings: Any) -> Validation:
    """The request with every word of it looked at; what is wrong with it is one sentence."""
    for name in settings:
        if name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, n=1) or SETTINGS
            raise ParityError(f"there is no setting {name!r}; did you mean {' or '.join(near)}?")
    given = Validation(forward, _one_op(op), **{k: v for k, v in settings.items() if v is not None})
    if not (callable(forward) or isinstance(forward, str) or hasattr(forward, "forward")):
        raise ParityError(f"{forward!r:.60} is no function; give a function, class or module, or its name as FILE.py:NAME.")
    if not given.isolate and (isinstance(forward, str) or isinstance(given.backward, str)):
        raise ParityError("With isolate=False give the function itself, not its name.")
    for name, unit in (("timeout", "seconds"), ("memory", "GiB"), ("total", "seconds")):
        value = getattr(given, name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not value > 0:
            raise ParityError(f"{name}={value!r} is no time or size; give {unit} above 0.")
    chosen("kind of arrays", given.arrays, ARRAYS)
    return replace(
        given,
        dtypes=_own("dtype", given.dtypes, NAMES, catalogue()[given.op].dtypes, given.op),
        directions=chosen("direction", given.directions, JUDGED),
        skip=words("hazard", given.skip),
        forbid=words("library", given.forbid),
        strict=gate(given.strict),
        rename=_pairs("rename", given.rename),
        option=_pairs("option", given.option),
    )


def gate(strict: Any) -> str:
    """What a strict validation asks for; "" where it is not strict.

    >>> gate(True), gate(False), gate("parity")
    ('tight', '', 'parity')
    """
    if strict in (True, False, ""):
        return "tight" if strict else ""
    return chosen("grade to ask for", strict, GATES)[0]


def _one_op(name: Any) -> str:
    if not isinstance(name, str):
        raise ParityError(f"{name!r:.60} is no op; name one, e.g. 'activations.softmax'.")
    found = select([name])
    if len(found) > 1:
        raise ParityError(f"{name!r} is a family of {len(found)} ops; name one of them: {', '.join(found)}.")
    return found[0]


def _own(what: str, given: Iterable[str], allowed: Sequence[str], own: Sequence[str], op: str) -> tuple[str, ...]:
    values = chosen(what, given, allowed)
    if values and not set(values) & set(own):
        raise NothingSelected(f"{op} has no check in {', '.join(values)}; its dtypes are {', '.join(own)}.")
    return values


def _pairs(what: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not all(isinstance(k, str) for k in given):
        example = '{"dim": "axis"}' if what == "rename" else '{"approximate": "tanh"}'
        raise ParityError(f"{what}={given!r:.60} is no mapping of names; write for example {what}={example}.")
    return dict(given)
