"""Changes numbers of the tolerance table in place: one number each, every comment and every other byte kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parity.errors import ParityError
from parity.tolerances import Reader, problems_in

Key = tuple[Any, ...]


def edited(text: str, changes: Mapping[Key, float], path: Path) -> str:
    """The table's text with `changes` (the keys that lead to a number -> its new value) made, still a valid table."""
    lines = text.splitlines(keepends=True)
    reader = Reader()
    reader.read(path, text.encode())
    for where, value in changes.items():
        line = reader.lines.get(where)
        if line is None:
            raise ParityError(f"{path} has no number at {'.'.join(map(str, where))}; add the key by hand first.")
        lines[line - 1] = _with_number(lines[line - 1], str(where[-1]), value, path, line)
    changed = "".join(lines)
    again = Reader()
    data = again.read(path, changed.encode())
    if again.problems or problems_in(data, again.lines, partial=False) or any(_at(data, w) != v for w, v in changes.items()):
        raise ParityError(f"{path} could not be changed safely; nothing was written.")
    return changed


def _with_number(line: str, key: str, value: float, path: Path, number: int) -> str:
    pattern = re.compile(rf"(?<![\w.]){re.escape(key)}:(\s*)[-+.\deE]+(?=\s*[,}}\s])")
    if len(pattern.findall(line)) != 1:
        raise ParityError(f"{path}:{number}: `{key}` and its number are expected once on this line; write it so first.")
    return pattern.sub(lambda m: f"{key}:{m.group(1)}{value:g}", line)


def _at(data: Any, where: Key) -> Any:
    for key in where:
        data = data[key]
    return data
