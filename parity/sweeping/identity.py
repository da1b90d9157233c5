"""What a sweep's result depends on: only a journal of exactly that is taken up again."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from parity.environment import dispatch_path, versions
from parity.journal import Journal
from parity.loader import catalogue, source_files
from parity.sweeping.chunk import Task

ENGINE = ("sweep.py", "oracle.py", "real.py", "rounding.py", "compare.py", "hostile.py")
FOLDERS = ("sweeping", "definitions", "pairs")
"""Of the engine only these decide what is found; a change of, say, a report does not make finished chunks worthless."""


def identity(task: Task, chunks: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """The op, its options, the layout of chunks, the versions, the instruction sets and a digest of the sources."""
    return {
        **asdict(task),
        "options": dict(catalogue()[task.op].options),
        "chunks": [list(c) for c in chunks],
        **conditions(task),
        "sources": _digest(task),
    }


def conditions(task: Task) -> dict[str, Any]:
    """The versions and instruction sets that results depend on."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]  # pyright: ignore[reportOptionalSubscript, reportGeneralTypeIssues]
    simd = [*found.get("baseline", []), *found.get("found", [])]
    torch = {"torch_dispatch": dispatch_path()} if task.who == "torch" else {}
    return {"versions": versions(), "machine": platform.machine(), "numpy_simd": simd, **torch}


def _digest(task: Task) -> str:
    here = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in source_files():
        inside = path.is_relative_to(here)
        if (inside and _matters(path.relative_to(here))) or (not inside and task.who == "ours"):
            digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _matters(path: Path) -> bool:
    return path.parts[0] in FOLDERS or str(path) in ENGINE


def open_journal(task: Task, chunks: Sequence[tuple[int, int]]) -> Journal:
    """The journal of this sweep in the user's cache folder, with the chunks that an earlier start finished."""
    about = identity(task, chunks)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    return Journal(home / "parity" / "sweeps" / f"{task.op}-{task.dtype}-{task.who}-{digest}.jsonl", about)
