"""Messages between the engine and the candidate's process: a JSON header, then the bytes of the arrays.

The engine's side never unpickles: whatever the candidate's process sends is data.  Towards the candidate, a Python object
that is no array, number or container (a function among the options) is pickled.
"""

from __future__ import annotations

import json
import os
import struct

import numpy as np

HEAD = struct.Struct("<IQ")
"""Length of the header, number of bytes that follow it."""
LONGEST_HEADER = 1 << 26
LONGEST_INTEGER = 4096
"""Bits; JSON would take Python's own limit."""
SHOWN = 60
"""Characters of the text of what cannot cross."""
NO_CHANNEL = 113
"""Exit code of a process that cannot reach the engine any more."""


class Closed(Exception):
    """The other side is gone."""


class NoMessage(Closed):
    """What the other side wrote is no message."""


# -- frames --------------------------------------------------------------------------------------------------------------------
def send(descriptor, message, blobs):
    """Write a message and its blobs (bytes)."""
    message = {**message, "lengths": [len(b) for b in blobs]}
    header = json.dumps(message).encode()
    parts = [HEAD.pack(len(header), sum(map(len, blobs))), header, *blobs]
    data = memoryview(b"".join(parts))
    while data:
        data = data[os.write(descriptor, data) :]


def receive(read):
    """The next message and its blobs; `read(n)` returns exactly n bytes or raises."""
    length, size = HEAD.unpack(read(HEAD.size))
    if length > LONGEST_HEADER:
        raise NoMessage("what came is no message")
    try:
        message = json.loads(read(length))
        lengths = message["lengths"]
        if sum(lengths) != size or min(lengths, default=0) < 0:
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise NoMessage("what came is no message") from None
    return message, [read(n) for n in lengths]


def reader(descriptor):
    """A function that reads exactly n bytes from a file descriptor."""

    def read(n):
        parts = []
        while n:
            part = os.read(descriptor, min(n, 1 << 20))
            if not part:
                raise Closed("the channel is closed")
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    return read


# -- values --------------------------------------------------------------------------------------------------------------------
def encode(value, blobs, pickled=None, marked=()):
    """Plain data for a value; bytes go to `blobs`.  `pickled(value)` makes bytes of anything else, where given.

    Arrays among `marked` (by identity) are marked as those that a gradient is wanted for.
    """
    if value is None or isinstance(value, (bool, float, str)):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= LONGEST_INTEGER else {"foreign": f"int of {value.bit_length()} bits"}
    again = lambda v: encode(v, blobs, pickled, marked)  # noqa: E731 - the recursion with its constants
    if isinstance(value, np.ndarray) and _crosses(value.dtype):
        return {"array": _array(value, blobs), "grad": any(value is m for m in marked)}
    if isinstance(value, np.generic) and _crosses(value.dtype):
        return {"array": _array(np.asarray(value), blobs), "scalar": True}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {"named": [again(v) for v in value], "fields": list(value._fields)}
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        names = list(value.__dataclass_fields__)
        return {"named": [again(getattr(value, n)) for n in names], "fields": names}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__ if type(value) in (list, tuple) else "tuple": [again(v) for v in value]}
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        return {"dict": {k: again(v) for k, v in value.items()}}
    if isinstance(value, np.random.Generator):
        return {"generator": value.bit_generator.state}
    if isinstance(value, slice):
        return {"slice": [again(value.start), again(value.stop), again(value.step)]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return {"dtype": np.dtype(value).name}
    if pickled is None:
        return {"foreign": _name(value), "shown": _shown(value)}
    blobs.append(pickled(value))
    return {"pickle": len(blobs) - 1}


def _name(value):
    return f"array of {value.dtype.name}" if isinstance(value, np.ndarray) else type(value).__name__


def _shown(value):
    """The beginning of a value's text."""
    try:
        text = " ".join(repr(value).split())
    except Exception as e:  # the candidate's own __repr__
        return f"(its text cannot be had: {type(e).__name__})"
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _crosses(dtype):
    """Whether arrays of this dtype are plain bytes that the other side knows how to read."""
    return dtype.kind in "biufcSUmM" or dtype.name == "bfloat16"


def _array(array, blobs):
    """The array's memory from its lowest to its highest address, so that its layout crosses unchanged.

    A subclass has no say in what its memory holds.
    """
    array = np.ndarray.view(array, np.ndarray)
    low, high = _extent(array)
    start = array.__array_interface__["data"][0]
    raw = np.ndarray(high - low, np.uint8, buffer=_memory(array, low, high)) if high > low else np.empty(0, np.uint8)
    blobs.append(raw.tobytes())
    return {
        "blob": len(blobs) - 1, "dtype": array.dtype.name if array.dtype.kind == "V" or array.dtype.name == "bfloat16"
        else array.dtype.str, "shape": list(array.shape), "strides": list(array.strides), "offset": start - low,
    }  # fmt: skip


def _extent(array):
    low = high = array.__array_interface__["data"][0]
    if array.size == 0:
        return low, low
    for n, step in zip(array.shape, array.strides):
        low += min(0, (n - 1) * step)
        high += max(0, (n - 1) * step)
    return low, high + array.itemsize


def _memory(array, low, high):
    """The bytes between two addresses that belong to the array."""
    import ctypes

    return (ctypes.c_char * (high - low)).from_address(low)


def dtype_of(name):
    """The NumPy dtype of a name; bfloat16 comes from ml_dtypes."""
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def decode(data, blobs, unpickled=None, found=None):
    """The value that `encode` described; arrays are collected in `found` (with whether a gradient is wanted)."""
    if not isinstance(data, dict):
        return data
    again = lambda d: decode(d, blobs, unpickled, found)  # noqa: E731
    kind = next(iter(data))
    inner = data[kind]
    if kind == "array":
        return _decoded_array(data, blobs, found)
    if kind in ("list", "tuple"):
        return (list if kind == "list" else tuple)(again(v) for v in inner)
    if kind == "dict":
        return {k: again(v) for k, v in inner.items()}
    if kind == "named":
        return Named(data["fields"], map(again, inner))
    if kind == "generator":
        bits = np.random.PCG64()
        bits.state = inner
        return np.random.Generator(bits)
    if kind == "slice":
        return slice(*map(again, inner))
    if kind == "ellipsis":
        return Ellipsis
    if kind == "dtype":
        return dtype_of(inner).type
    if kind == "pickle" and unpickled is not None:
        return unpickled(blobs[inner])
    return Foreign(str(inner), str(data.get("shown", "")))


def _decoded_array(data, blobs, found):
    d = data["array"]
    raw = blobs[d["blob"]]
    memory = np.empty(len(raw), np.uint8)
    memory[:] = np.frombuffer(raw, np.uint8)
    shape, dtype = tuple(d["shape"]), dtype_of(d["dtype"])
    if not raw and dtype.itemsize and 0 not in shape:
        raise ValueError("an array without its memory")
    array = np.ndarray(shape, dtype, memory, d["offset"], tuple(d["strides"])) if raw else np.empty(shape, dtype)
    if data.get("scalar"):
        return array[()]
    if found is not None:
        found.append((array, memory, bool(data.get("grad"))))
    return array


class Foreign:
    """Stands for something that came back and is no array, number or container."""

    def __init__(self, name, shown=""):
        self.name, self.shown = name, shown


class Named(tuple):
    """A named tuple or a dataclass of the other side: its values, by position and by name."""

    def __new__(cls, fields, values):
        """A tuple of the values."""
        self = super().__new__(cls, values)
        self.fields = list(fields)
        return self

    def __getattr__(self, name):
        if name in self.__dict__.get("fields", ()):
            return self[self.fields.index(name)]
        raise AttributeError(name)
