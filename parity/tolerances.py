"""Reads `tolerances.yaml` strictly: every error with its line, nothing guessed, nothing silently kept.

The file is read as YAML events, so what is refused is refused where it stands: aliases, anchors, tags, merge keys,
duplicate keys, nan and infinities.  The parsed table is kept in the user's cache, keyed by the file's content.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity.errors import TableError
from parity.files import cache_folder

VERSION = "1"
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
Path_ = tuple[Any, ...]


def table_path() -> Path:
    """The table beside the package: at the root of a checkout, or inside an installed `parity`."""
    root = Path(__file__).resolve().parent
    beside = root.parent / "tolerances.yaml"
    return beside if beside.exists() else root / "tolerances.yaml"


@dataclass(frozen=True)
class Row:
    """The tolerances of one op, as the file has them."""

    op: str
    line: int
    data: Mapping[str, Any]

    def budget(self, who: str, direction: str, dtype: str) -> float | None:
        """The declared units of `who` ("ours", "torch" or "scipy"), or None where nothing is declared."""
        source = self.data["budget"] if who == "ours" else self.data.get("reference", {}).get(who, {})
        return source.get(direction, {}).get(dtype)

    def regions(self, who: str, direction: str, dtype: str) -> list[Mapping[str, Any]]:
        """Intervals of the input with units of their own for `who`."""
        return list(self.numbered_regions(who, direction, dtype).values())

    def numbered_regions(self, who: str, direction: str, dtype: str) -> dict[int, Mapping[str, Any]]:
        """The same, by their places in the row."""
        rows = enumerate(self.data.get("regions", []))
        return {k: r for k, r in rows if r.get("who", "ours") == who and r["direction"] == direction and dtype in r["dtypes"]}

    def difference(self, who: str, direction: str, dtype: str, hazard: str) -> Mapping[str, Any] | None:
        """The known difference that covers this check, if one does."""
        for entry in self.data.get("differs", []):
            if entry["reference"] == who and hazard in entry["where"].get(direction, {}).get(dtype, ()):
                return entry
        return None


@dataclass(frozen=True)
class Table:
    """All rows, by op."""

    path: Path
    rows: Mapping[str, Row] = field(default_factory=dict)
    certified: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)


def read_table(path: str | Path | None = None, overlay: str | Path | None = None) -> Table:
    """The table at `path` (default: the project's own), with the rows of `overlay` laid over it key by key."""
    path = Path(path) if path is not None else table_path()
    data, lines = _load(path)
    if overlay is not None:
        over, own_lines = _load(Path(overlay), partial=True)
        _check_new_rows(Path(overlay), over, own_lines, data)
        data = {k: _merged(data.get(k), over.get(k)) for k in {**data, **over}}
    rows = {op: Row(op, lines.get(op, 0), row) for op, row in data.items() if op != "certified"}
    return Table(path, rows, data.get("certified", {}))


def _check_new_rows(path: Path, over: dict, lines: dict[str, int], base: dict) -> None:
    """A row that is not laid over another is one of an own op, and complete."""
    new = [op for op in over if op not in base and op != "certified"]
    if not new:
        return
    from parity import loader

    problems = []
    for op in new:
        pair = loader.catalogue().get(op)
        texts = [_unknown(op, [*base, *loader.own_ops()])] if pair is None else _missing(op, over[op], pair)
        problems += [(lines[op], text) for text in texts]
    if problems:
        raise TableError(path, problems)


def _unknown(op: str, known: list[str]) -> str:
    near = difflib.get_close_matches(op, known, n=3)
    hint = f"the nearest names are {', '.join(near)}" if near else "no name is near it"
    return f"{op} is no op of the catalogue, and none of a file given with --ops; {hint}."


def _missing(op: str, row: Mapping[str, Any], pair: Any) -> list[str]:
    """What a new row lacks: the required keys, and a budget for each dtype and direction that the op is judged in."""
    from parity.schema import ROW

    texts = [f"{op}: is a new op, whose row needs `{key}`; add it." for key in ROW["required"] if key not in row]
    for direction in ("forward", "backward") if pair.differentiable else ("forward",):
        given = row.get("budget", {}).get(direction, {})
        lacking = [dtype for dtype in pair.dtypes if dtype not in given]
        if lacking and "budget" in row:
            texts.append(
                f"{op}: has no budget for {direction} {', '.join(lacking)}; add one for each, in units of u * scale, "
                "or leave these dtypes out of the op's `dtypes`."
            )
    return texts


def _merged(base, over):
    if isinstance(base, dict) and isinstance(over, dict):
        return {k: _merged(base.get(k), over.get(k)) for k in {**base, **over}}
    return base if over is None else over


# -- cache ---------------------------------------------------------------------------------------------------------------------
def _cache_file(content: bytes, partial: bool) -> Path:
    digest = hashlib.sha256(VERSION.encode() + bytes([partial]) + content).hexdigest()[:32]
    return cache_folder() / f"table-{digest}.json"


def _load(path: Path, partial: bool = False) -> tuple[dict, dict[str, int]]:
    try:
        content = path.read_bytes()
    except OSError as e:
        raise TableError(path, [(0, f"cannot be read ({e.strerror}); give the path of a tolerance table.")]) from None
    cached = _cache_file(content, partial)
    try:
        kept = json.loads(cached.read_text())
        return kept["data"], kept["lines"]
    except (OSError, ValueError, KeyError):
        pass
    data, lines = _parse(path, content, partial)
    _keep(cached, {"data": data, "lines": lines})
    return data, lines


def _keep(cached: Path, kept: dict) -> None:
    """Write the cache atomically; a cache that cannot be written is no error."""
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        part = cached.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(kept))
        part.replace(cached)
    except OSError:
        return


# -- parsing -------------------------------------------------------------------------------------------------------------------
def _parse(path: Path, content: bytes, partial: bool) -> tuple[dict, dict[str, int]]:
    reader = Reader()
    data = reader.read(path, content)
    problems = list(reader.problems)
    if not isinstance(data, dict):
        problems.append((1, "must be a mapping from `family.op` to its tolerances."))
    elif not problems:
        problems = problems_in(data, reader.lines, partial)
    if problems:
        raise TableError(path, problems)
    return data, {str(k[0]): line for k, line in reader.lines.items() if len(k) == 1}


class Reader:
    """Builds plain Python data from YAML events, noting the line of every key and refusing what is not plain."""

    def __init__(self):
        self.problems: list[tuple[int, str]] = []
        self.lines: dict[Path_, int] = {}

    def read(self, path: Path, content: bytes):
        """The data of a file's content; `problems` and `lines` are filled on the way."""
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        try:
            events = iter(list(YAML(typ="safe").parse(content.decode("utf-8"))))
        except UnicodeDecodeError as e:
            raise TableError(path, [(content[: e.start].count(b"\n") + 1, "is not UTF-8 text; save it as UTF-8.")]) from None
        except YAMLError as e:
            mark = getattr(e, "problem_mark", None) or getattr(e, "context_mark", None)
            problem = getattr(e, "problem", None) or "cannot be parsed"
            raise TableError(path, [(mark.line + 1 if mark else 0, f"is not YAML: {problem}.")]) from None
        for event in events:
            if type(event).__name__ in {"MappingStartEvent", "SequenceStartEvent", "ScalarEvent", "AliasEvent"}:
                return self._node(event, events, ())
        return None

    def _refuse(self, event, what: str) -> None:
        self.problems.append((event.start_mark.line + 1, what))

    def _node(self, event, events, where: Path_):
        name = type(event).__name__
        self.lines.setdefault(where, event.start_mark.line + 1)
        if name == "AliasEvent":
            self._refuse(event, f"uses the alias *{event.anchor}; write the value out.")
            return None
        if event.anchor:
            self._refuse(event, f"defines the anchor &{event.anchor}; write the value out where it is needed.")
        if event.tag:
            self._refuse(event, f"has the tag {event.tag}; plain numbers, words, lists and mappings are allowed.")
        if name == "ScalarEvent":
            return self._scalar(event)
        return self._mapping(events, where) if name == "MappingStartEvent" else self._sequence(events, where)

    def _mapping(self, events, where: Path_) -> dict:
        out: dict = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                return out
            if type(event).__name__ != "ScalarEvent":
                self._refuse(event, "has a key that is not a word; keys are plain words.")
                self._node(event, events, (*where, "?"))
                self._node(next(events), events, (*where, "?"))
                continue
            key = event.value
            if event.anchor or event.tag:
                self._refuse(event, f"has an anchor or tag on the key `{key}`; keys are plain words.")
            if key == "<<":
                self._refuse(event, "uses the merge key <<; write the values out.")
            if key in out:
                first = self.lines[(*where, key)]
                self._refuse(event, f"repeats the key `{key}` of line {first}; keep one of them.")
            self.lines.setdefault((*where, key), event.start_mark.line + 1)
            out[key] = self._node(next(events), events, (*where, key))
        return out

    def _sequence(self, events, where: Path_) -> list:
        out: list = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                return out
            out.append(self._node(event, events, (*where, len(out))))
        return out

    def _scalar(self, event):
        text = event.value
        if event.style:
            return text
        if NUMBER.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                self._refuse(event, f"has the number {text}, which overflows; tolerances are finite.")
            return int(text) if re.fullmatch(r"[-+]?\d+", text) else number
        if text.lower() in {".nan", ".inf", "-.inf", "+.inf", "nan", "inf", "-inf"}:
            self._refuse(event, f"has {text} where a finite number belongs; a tolerance is a finite number.")
        return {"true": True, "false": False, "null": None, "~": None, "": None}.get(text, text)


def problems_in(data: dict, lines: dict[Path_, int], partial: bool) -> list[tuple[int, str]]:
    """What the schema objects to, with the line of each; `partial` is for an overlay, whose rows may be incomplete."""
    from jsonschema import Draft202012Validator

    from parity.schema import ROW, TABLE

    schema = (
        TABLE
        if not partial
        else {**TABLE, "patternProperties": {k: {**ROW, "required": []} for k in TABLE["patternProperties"]}}
    )
    problems = []
    for error in Draft202012Validator(schema).iter_errors(data):
        where = tuple(error.absolute_path)
        line = next((lines[where[:k]] for k in range(len(where), -1, -1) if where[:k] in lines), 0)
        problems.append((line, _sentence(error, where)))
    for op, row in data.items():
        for i, region in enumerate(row.get("regions", []) if isinstance(row, dict) else []):
            span = region.get("input") if isinstance(region, dict) else None
            if isinstance(span, list) and len(span) == 2 and not span[0] < span[1]:
                problems.append((lines[(op, "regions", i, "input")], f"{op}: the interval {span} is empty; give [low, high]."))
    return problems


def _sentence(error, where: Path_) -> str:
    place = ".".join(map(str, where)) or "the table"
    if error.validator == "additionalProperties":
        allowed = sorted(error.schema.get("properties", {})) or ["certified", "family.op"]
        extra = re.findall(r"'([^']*)'", error.message)
        return f"{place}: has the unknown key {extra[0] if extra else '?'!r}; allowed: {', '.join(allowed)}."
    if error.validator == "required":
        return f"{place}: {error.message.replace(chr(39), '`')}; add it."
    return f"{place}: {error.message}."
