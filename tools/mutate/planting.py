"""Where changes are planted in one file, what each is called, and which lines must run for it to matter."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from parity_tests.mutation import Path_, name_of, replaced, short
from tools.mutate.operators import ERROR_CHECK, OPERATORS, raises, threshold_moved

ROOT = Path(__file__).resolve().parents[2]
RIGHT = "parity_tests/right/"
IGNORED_FIELDS = ("returns", "annotation", "type_comment", "ctx", "op", "ops")
SILENT = ("errstate", "catch_warnings", "simplefilter", "wraps")
"""Calls that say what is warned of, and nothing else."""
OPTIONS = ("axis", "dim", "keepdims", "keepdim", "strict", "copy", "casting", "kind", "initial")
"""Keywords whose constants are left to other operators, or change nothing that a result shows."""
Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Place:
    """A node that may be replaced, with what is known of its surroundings."""

    path: Path_
    node: ast.AST
    function: str
    """The function, class or constant that it is part of, with those around it."""
    first: int
    """The line where that begins."""
    lines: tuple[int, int] | None
    """The lines of its statement; None for what is evaluated when the module is loaded."""
    checking: bool = False
    """Whether it is part of an error check."""
    bare: bool = True
    """Whether a constant may be moved here."""
    threshold: bool = False
    """Whether it is part of what something is compared with."""
    serving: frozenset[ast.stmt] = frozenset()
    """The assignments of this function that only error checks read."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file.  Its name holds no line of the file, so that a change elsewhere in the file keeps it."""

    owner: str
    file: str
    function: str
    offset: int
    operator: str
    ordinal: int
    line: int
    lines: tuple[int, int] | None
    path: Path_ = field(repr=False, compare=False)
    node: ast.AST = field(repr=False, compare=False)
    ops: tuple[str, ...] = ()
    """The ops whose checks must find it, the nearest first."""

    @property
    def id(self) -> str:
        """Op, file, function, line within the function, operator, number among those of the operator in that line."""
        return f"{self.owner} {self.file}:{self.function}+{self.offset} {self.operator} {self.ordinal}"

    @property
    def family(self) -> str:
        """The family that it is counted in; the right implementations have rows of their own."""
        family = self.owner.split(".")[0]
        return f"right {family}" if self.file.startswith(RIGHT) else family

    def change(self) -> str:
        """What becomes of what, in words of Python."""
        tree = parsed(self.file)
        old: ast.AST = tree
        for name, place in self.path:
            old = getattr(old, name) if place is None else getattr(old, name)[place]
        return f"{_told(old)} -> {_told(copy.deepcopy(self.node))}"

    def tree(self) -> ast.Module:
        """The whole file with the change."""
        return ast.fix_missing_locations(replaced(parsed(self.file), self.path, self.node))


_parsed: dict[str, ast.Module] = {}


def parsed(file: str) -> ast.Module:
    """The tree of a file of the project, read once."""
    if file not in _parsed:
        _parsed[file] = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return _parsed[file]


def mutants_of(file: str, tree: ast.Module, checks: frozenset[str], is_table: bool = False) -> Iterator[Mutant]:
    """Every change of a file, owned by nobody yet; `checks` are the names of functions that only raise errors."""
    seen: Counter[tuple[str, int, str]] = Counter()
    for place in places(tree, checks):
        for operator, new in _changes(place, checks):
            told = "table" if is_table else operator
            line = getattr(place.node, "lineno", place.first)
            key = (place.function, line - place.first, told)
            seen[key] += 1
            yield Mutant("", file, *key, seen[key], line, place.lines, place.path, new)


def _changes(place: Place, checks: frozenset[str]) -> Iterator[tuple[str, ast.AST]]:
    node, told = place.node, set()
    if isinstance(node, ast.Expr) and name_of(node.value) in checks:
        yield ERROR_CHECK, ast.Pass()
    for operator, rules in OPERATORS.items():
        if operator in ("constant", "sign") and not place.bare:
            continue
        for rule in (threshold_moved,) if operator == "constant" and place.threshold else rules:
            for new in rule(node):
                text = "" if isinstance(node, ast.stmt) else ast.unparse(new)
                if text and (text in told or text == ast.unparse(node)):
                    continue
                told.add(text)
                yield (ERROR_CHECK if place.checking else operator), new


def _told(node: ast.AST) -> str:
    """A node in short; of a statement with a body its condition alone."""
    if isinstance(node, (ast.If, ast.While)):
        word = "if" if isinstance(node, ast.If) else "while"
        last = f" ... {short(node.body[-1])}" if isinstance(node, ast.If) and len(node.body) > 1 else ""
        return f"{word} {short(node.test)}:{last}"
    return short(node)


# -- walking -------------------------------------------------------------------------------------------------------------------
def places(tree: ast.Module, checks: frozenset[str] = frozenset()) -> Iterator[Place]:
    """Every place of a module where something may be changed."""
    for i, statement in enumerate(tree.body):
        name = name_of_statement(statement)
        if name and not name.startswith("__") and not _is_type(statement):
            yield from _statement(Place((("body", i),), statement, name, _first_line(statement), None), checks)


def name_of_statement(s: ast.stmt) -> str:
    """The first name that a statement of a module defines."""
    if isinstance(s, Definition):
        return s.name
    targets = s.targets if isinstance(s, ast.Assign) else [s.target] if isinstance(s, (ast.AnnAssign, ast.AugAssign)) else []
    return next((n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)), "")


def _is_type(s: ast.stmt) -> bool:
    """Whether it names a type: `Row = tuple[float, float]`."""
    value = getattr(s, "value", None)
    head = value.value if isinstance(value, ast.Subscript) else value.left if isinstance(value, ast.BinOp) else None
    return isinstance(head, ast.Name) and head.id in ("tuple", "list", "dict", "Callable", "int", "float")


def _statement(at: Place, checks: frozenset[str]) -> Iterator[Place]:
    s = at.node
    if isinstance(s, Definition):
        yield from _definition(at, checks)
    elif isinstance(s, ast.Raise) or (isinstance(s, ast.Expr) and name_of(s.value) in checks):
        yield replace(at, lines=_lines(s, at), checking=True)
    elif not isinstance(s, (ast.Import, ast.ImportFrom, ast.Pass, ast.Global, ast.Nonlocal)) and not _is_text(s):
        refuses = (isinstance(s, ast.If) and raises(s.body)) or (isinstance(s, ast.Assign) and s in at.serving)
        at = replace(at, lines=_lines(s, at))
        yield replace(at, checking=at.checking or refuses)
        for path, child, _ in _below(s, at.path):
            inner = replace(at, path=path, node=child)
            if isinstance(child, ast.ExceptHandler):
                yield from _block(inner, checks)
            elif isinstance(child, ast.stmt):
                yield from _statement(inner, checks)
            else:
                yield from _expression(replace(inner, checking=at.checking or refuses))


def _block(at: Place, checks: frozenset[str]) -> Iterator[Place]:
    for path, child, _ in _below(at.node, at.path):
        if isinstance(child, ast.stmt):
            yield from _statement(replace(at, path=path, node=child), checks)


def _definition(at: Place, checks: frozenset[str]) -> Iterator[Place]:
    """The body of a function or class, its defaults, and its decorators."""
    s = at.node
    assert isinstance(s, Definition)
    checking = isinstance(s, ast.FunctionDef) and s.name in checks
    if at.lines is not None or at.function != s.name:  # inside another
        at = replace(at, function=f"{at.function}.{s.name}", first=_first_line(s))
    serving = frozenset(_serving_checks(s)) if isinstance(s, ast.FunctionDef) else frozenset()
    for path, child, name in _below(s, at.path):
        inner = replace(at, path=path, node=child, checking=checking, serving=serving)
        if name == "body":
            at_load = isinstance(s, ast.ClassDef)
            yield from _statement(replace(inner, lines=None if at_load else (s.lineno, s.lineno)), checks)
        elif name == "args":
            yield from (p for p in _expression(replace(inner, lines=None)) if p.node is not child)
        elif name == "decorator_list":
            yield from _expression(replace(inner, lines=None))


def _serving_checks(function: ast.FunctionDef) -> Iterator[ast.Assign]:
    """Assignments whose names are read in error checks alone: in a condition, a message, or another such assignment."""
    found = {n for n in ast.walk(function) if isinstance(n, ast.Assign)}
    while True:
        elsewhere = Counter(_read(function))
        for n in ast.walk(function):
            refusal = [n.test, *n.body] if isinstance(n, ast.If) and raises(n.body) else [n] if n in found else []
            for part in refusal:
                elsewhere.subtract(_read(part))
        kept = {n for n in found if all(not elsewhere[name] for name in _assigned(n))}
        if kept == found:
            yield from kept
            return
        found = kept


def _read(node: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]


def _assigned(s: ast.Assign) -> list[str]:
    """The names that it sets; those of what it changes in place count as read."""
    return [n.id for t in s.targets for n in ast.walk(t) if isinstance(n, ast.Name)]


def _expression(at: Place) -> Iterator[Place]:
    node = at.node
    if isinstance(node, (ast.JoinedStr, ast.arg)) or name_of(node) in SILENT or _is_silent(node):
        return
    yield at
    for path, child, name in _below(node, at.path):
        bare = not (isinstance(node, (ast.Subscript, ast.Slice)) and name in ("slice", "lower", "upper"))
        if isinstance(node, ast.keyword) and node.arg in OPTIONS and not isinstance(child, (ast.Call, ast.IfExp)):
            continue
        if name_of(node) == "reshape" and isinstance(child, ast.UnaryOp):
            yield replace(at, path=path, node=child, bare=True, threshold=False)  # any negative length means the rest
            continue
        limit = isinstance(node, ast.Compare) or (at.threshold and isinstance(node, (ast.BinOp, ast.UnaryOp)))
        yield from _expression(replace(at, path=path, node=child, bare=bare, threshold=limit))


def _below(node: ast.AST, path: Path_) -> Iterator[tuple[Path_, ast.AST, str]]:
    for name, value in ast.iter_fields(node):
        if name in IGNORED_FIELDS:
            continue
        for i, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(child, ast.AST):
                yield (*path, (name, i)), child, name


def _lines(s: ast.AST, at: Place) -> tuple[int, int] | None:
    """The lines of a statement; of one with a body, those before it.  None at the top of a module."""
    if at.lines is None:
        return None
    body = getattr(s, "body", None)
    last = body[0].lineno - 1 if body else s.end_lineno
    return s.lineno, max(s.lineno, last)


def _first_line(s: ast.stmt) -> int:
    return min([s.lineno, *(d.lineno for d in getattr(s, "decorator_list", ()))])


def _is_text(s: ast.AST) -> bool:
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)


def _is_silent(node: ast.AST) -> bool:
    return isinstance(node, ast.withitem) and name_of(node.context_expr) in SILENT
