"""What comes back from a candidate's process: read as data, never believed about its inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.guest import wire


@dataclass
class Reply:
    """What came back from a call."""

    status: str
    result: Any = None
    second: Any = None
    differs: bool = False
    """Whether the second call returned other bits."""
    second_error: tuple[str, str] = ("", "")
    """What the second call raised: the type and the text of the error."""
    error: str = ""
    error_type: str = ""
    where: str = ""
    changed_inputs: bool = False
    aliases: bool = False
    changed_earlier: bool = False
    """Whether the result of a question before was another one afterwards."""
    generators: list[Any] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


def reply_of(answer: dict[str, Any], back: list[bytes], sent: list[bytes]) -> Reply:
    """The reply that an answer of the process describes (`sent` are the bytes of the arrays that it was given)."""
    notes = [(str(k), plain(str(t))) for k, t in answer.get("notes", [])]
    if answer["status"] not in ("returned", "raised"):
        raise ValueError(answer["status"])
    arrays = [b for b in (back[int(i)] for i in answer["inputs"])] if "inputs" in answer else []
    reply = Reply(str(answer["status"]), notes=notes, changed_inputs=_changed(arrays, sent))
    if reply.status == "raised":
        reply.error, reply.error_type, reply.where = (
            plain(str(t)) for t in (answer["message"], answer["type"], answer.get("where", ""))
        )
        return reply
    reply.result, reply.aliases = wire.decode(answer["first"], back), bool(answer["alias"])
    reply.changed_earlier = bool(answer.get("changed_earlier"))
    reply.generators = [wire.decode(g, back) for g in answer["generators"]]
    if "second_error" in answer:
        kind, text = answer["second_error"]
        reply.second_error = plain(str(kind)), plain(str(text))
    elif "second" in answer:
        reply.second = wire.decode(answer["second"], back)
        reply.differs = answer["second_status"] != "returned" or not same_bits(reply.result, reply.second)
    return reply


def _changed(after: list[bytes], before: list[bytes]) -> bool:
    """Whether the arrays' memory is another than was sent (pickled options are among the blobs sent, but not among these)."""
    remaining = iter(before)
    return not all(b in remaining for b in after)


def plain(text: str) -> str:
    """A text of the candidate's, of at most 500 characters, without any that a terminal or an XML file would trip over."""
    return "".join(c if c.isprintable() else "?" for c in text[:500])


def same_bits(a: Any, b: Any) -> bool:
    """Whether two results are the same to the last bit (one nan is as good as another)."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same_bits, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return _same_numbers(np.asarray(a), np.asarray(b))
    if isinstance(a, wire.Foreign) and isinstance(b, wire.Foreign):
        return a.name == b.name
    if isinstance(a, (np.ndarray, np.generic)) and isinstance(b, (np.ndarray, np.generic)):
        return a.shape == b.shape and a.dtype == b.dtype and _same_numbers(np.asarray(a), np.asarray(b))
    one: list[bytes] = []
    two: list[bytes] = []
    return wire.encode(a, one) == wire.encode(b, two) and one == two


def _same_numbers(a: np.ndarray, b: np.ndarray) -> bool:
    if any(0 in x.strides for x in (a, b)) or a.dtype.kind not in "fcV":
        one: list[bytes] = []
        two: list[bytes] = []
        return wire.encode(a, one) == wire.encode(b, two) and one == two
    both_nan = np.isnan(a) & np.isnan(b)
    return a[~both_nan].tobytes() == b[~both_nan].tobytes()


# -- outputs -------------------------------------------------------------------------------------------------------------------
def outputs(result: Any) -> tuple[Any, ...]:
    """The outputs in a result; what is no array is shown by its type and its text."""
    if isinstance(result, list) and all(isinstance(r, (bool, int, float, list)) for r in result):
        return (Other("list", short(result)),)  # numbers, where an array of them was expected
    result = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    return tuple(Other(r.name, plain(r.shown)) if isinstance(r, wire.Foreign) else _shown_by_type(r) for r in result)


class Other:
    """Stands for an output that is no array; the comparison names its type, and its text is shown."""

    def __new__(cls, name: str, shown: str = ""):
        """An object of a class of that name."""
        return object.__new__(type(name, (), {"__repr__": lambda _: f"{name} {shown}".strip()}))


def _shown_by_type(result: Any) -> Any:
    """Text and dictionaries are no arrays, and NumPy would make one of them."""
    return Other(type(result).__name__, short(result)) if isinstance(result, (str, dict)) else result


def short(value: Any) -> str:
    """The beginning of a value's text."""
    try:
        text = plain(repr(value))
    except RecursionError:
        return ""
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


SHOWN = 60
"""Characters of the text of an output that is no array."""


@np.errstate(all="ignore")
def spread(a: Any, b: Any) -> float:
    """The largest difference between two results; infinite where they are not of the same kind."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b):
        return max((spread(x, y) for x, y in zip(a, b, strict=True)), default=0.0)
    try:
        one, two = np.asarray(a, np.float64), np.asarray(b, np.float64)
        same = (one == two) | (np.isnan(one) & np.isnan(two))
        return float(np.where(same, 0.0, np.nan_to_num(np.abs(one - two), nan=np.inf)).max(initial=0.0))
    except (TypeError, ValueError, RecursionError):
        return 0.0 if a is b else np.inf
