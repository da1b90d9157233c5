"""Files are replaced whole or not at all; where this user's caches are."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Where this user's caches and journals of unfinished work are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "parity"


def replace_file(path: str | Path, content: str | bytes) -> None:
    """Write `content` to `path` so that a reader (or a crash) sees the old file or the new one, never half of one."""
    path = Path(path)
    handle, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(content.encode() if isinstance(content, str) else content)
            f.flush()
            os.fsync(f.fileno())
        Path(part).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(part, path)  # noqa: PTH105 - atomic on POSIX and on Windows
    except BaseException:
        with contextlib.suppress(OSError):
            Path(part).unlink()
        raise
