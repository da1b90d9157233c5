"""The truth of a frozen input never changes: it is kept on disk, by definition and bits, and found once in a run.

The folder's name holds a digest of every file that a truth depends on, so that a changed definition finds nothing.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from parity.files import cache_folder, replace_file

LARGEST = 1 << 23
"""Bytes of one kept truth at most."""


@cache
def _digest() -> str:
    root = Path(__file__).resolve().parent.parent
    files = [*(root / name for name in ("real.py", "oracle.py", "rounding.py")), *sorted((root / "definitions").rglob("*.py"))]
    found = hashlib.sha256(version("python-flint").encode())
    for path in files:
        found.update(path.read_bytes())
    return found.hexdigest()[:24]


def key_of(*parts: Any) -> bytes:
    """A digest of arrays by their bits, and of everything else by its text."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).tobytes())
        else:
            found.update(repr(part).encode())
        found.update(b"\0")
    return found.digest()


class TruthCache:
    """The truths of one op; `save` writes what is new.  Own ops and inputs that nobody will ask again are not written."""

    def __init__(self, op: str, on_disk: bool = True):
        self.path = cache_folder() / f"truth-{_digest()}" / f"{op}.pickle" if on_disk else None
        self._known: dict[bytes, Any] = {}
        self._new = False
        if self.path is not None:
            try:
                self._known = pickle.loads(self.path.read_bytes())
            except Exception:  # there is none, or it was cut short
                self._known = {}
        self._frozen = set(self._known)

    def knows(self, key: bytes) -> bool:
        """Whether a truth is there."""
        return key in self._known

    def find(self, key: bytes, compute: Callable[[], Any], frozen: bool = True) -> Any:
        """What is known by this key, or else computed (and, if `frozen`, to be written)."""
        if key not in self._known:
            self._known[key] = compute()
            if frozen:
                self._frozen.add(key)
                self._new = True
        return self._known[key]

    def save(self) -> None:
        """Write what is new; a folder that cannot be written to is no error."""
        if not self._new or self.path is None:
            return
        kept = {k: v for k, v in self._known.items() if k in self._frozen and _size(v) <= LARGEST}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.path, pickle.dumps(kept, protocol=5))
        except OSError:
            return
        self._new = False


def _size(truths: Sequence[Any]) -> int:
    fields = ("value", "hi", "lo", "scale", "zero_sign")
    arrays = [getattr(t, name) for t in truths if t is not None for name in fields]
    return sum(a.nbytes for a in arrays if a is not None)
