"""Long work that can be killed at any moment: finished parts are kept in a journal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from parity.files import replace_file


class Journal:
    """Finished parts of one piece of work, one JSON line each, on disk before `add` returns.

    `about` says what the work is (op, dtype, versions, …): a journal of other work is set aside, not mixed in.  A last
    line that a kill cut short is dropped.
    """

    def __init__(self, path: str | Path, about: dict[str, Any]):
        self.path, self.about = Path(path), about
        self.parts: dict[str, Any] = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kept = self._read()
        if kept is None:
            kept = json.dumps({"about": about}) + "\n"
            replace_file(self.path, kept)
        elif not kept.endswith("\n") or len(kept) != self.path.stat().st_size:
            replace_file(self.path, kept)
        self._file = self.path.open("a", encoding="utf-8")

    def _read(self) -> str | None:
        """The text of the whole lines that are there, or None where there is no journal of this work."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        except FileNotFoundError:
            return None
        whole = []
        for line in lines:
            try:
                data = json.loads(line) if line.endswith("\n") else None
            except ValueError:
                data = None
            if data is None:
                break
            whole.append((line, data))
        if not whole or whole[0][1].get("about") != json.loads(json.dumps(self.about)):
            return None
        self.parts = {d["part"]: d["result"] for _, d in whole[1:]}
        return "".join(line for line, _ in whole)

    def add(self, part: str, result: Any) -> None:
        """Record one finished part; it is on disk when this returns."""
        self._file.write(json.dumps({"part": part, "result": result}) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.parts[part] = result

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it stays for the next start."""
        self._file.close()

    def remove(self) -> None:
        """The work is done and its result written elsewhere: the journal is no longer needed."""
        self.close()
        self.path.unlink(missing_ok=True)
