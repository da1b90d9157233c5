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
