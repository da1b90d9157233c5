"""Who uses what in `npimpl`: the ops that a function or a constant belongs to, the nearest first.

A name that a definition mentions is an edge, so that the graph has too many edges rather than too few.
"""

from __future__ import annotations

import ast
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from parity.loader import catalogue
from tools.mutate.operators import raises
from tools.mutate.planting import ROOT, Definition, name_of_statement, parsed

Node = tuple[str, str]
"""A module and a name that it defines."""
PACKAGE = "npimpl"


@dataclass
class Module:
    """What a module defines, and what its names mean that come from elsewhere."""

    name: str
    file: str
    defines: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Name -> module and name there (None: the module itself)."""


class Graph:
    """All modules of the library."""

    def __init__(self) -> None:
        self.modules = {m.name: m for m in map(self._module, sorted((ROOT / PACKAGE).rglob("*.py")))}
        self._uses: dict[Node, frozenset[Node]] = {}
        for module in self.modules.values():
            self._read(module)

    @staticmethod
    def _module(path: Path) -> Module:
        parts = path.relative_to(ROOT).with_suffix("").parts
        return Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path.relative_to(ROOT).as_posix())

    def _read(self, module: Module) -> None:
        for s in parsed(module.file).body:
            if isinstance(s, ast.ImportFrom) and (s.module or "").startswith(PACKAGE):
                for a in s.names:
                    whole = f"{s.module}.{a.name}"
                    is_module = whole in self.modules
                    module.imports[a.asname or a.name] = (whole, None) if is_module else (str(s.module), a.name)
            elif name_of_statement(s):
                for name in _names_of(s):
                    module.defines.setdefault(name, []).append(s)

    def find(self, module: str, name: str) -> Node | None:
        """Where a name of a module is defined."""
        seen = set()
        while (module, name) not in seen and module in self.modules:
            seen.add((module, name))
            here = self.modules[module]
            if name in here.defines:
                return module, name
            if name not in here.imports or here.imports[name][1] is None:
                return None
            module, name = here.imports[name]  # type: ignore[assignment]
        return None

    def uses(self, node: Node) -> frozenset[Node]:
        """What a definition mentions."""
        if node not in self._uses:
            self._uses[node] = frozenset(self._mentions(node))
        return self._uses[node]

    def _mentions(self, node: Node) -> Iterator[Node]:
        module = self.modules[node[0]]
        for statement in module.defines[node[1]]:
            for n in ast.walk(statement):
                found = None
                if isinstance(n, ast.Name):
                    found = self.find(module.name, n.id)
                elif isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name):
                    target = module.imports.get(n.value.id)
                    found = self.find(target[0], n.attr) if target is not None and target[1] is None else None
                if found is not None and found != node:
                    yield found

    @cached_property
    def owners(self) -> dict[Node, tuple[str, ...]]:
        """The ops that reach each definition: by the number of steps, those of different families first."""
        found: dict[Node, list[tuple[int, int, int, str]]] = {}
        rank: Counter[str] = Counter()
        for place, op in enumerate(sorted(catalogue(), key=_plainness)):
            family = op.split(".")[0]
            for node, steps in self._reached(op).items():
                found.setdefault(node, []).append((steps, rank[family], place, op))
            rank[family] += 1
        return {node: tuple(op for *_, op in sorted(entries)) for node, entries in found.items()}

    def _reached(self, op: str) -> dict[Node, int]:
        pair = catalogue()[op]
        names = (pair.ours or f"{PACKAGE}.{op}", pair.ours_backward or f"{PACKAGE}.{op}_backward")
        roots = [self.find(*name.rsplit(".", 1)) for name in names]
        steps = {root: 0 for root in roots if root is not None}
        queue = deque(steps)
        while queue:
            node = queue.popleft()
            for other in self.uses(node):
                if other not in steps:
                    steps[other] = steps[node] + 1
                    queue.append(other)
        return steps

    @cached_property
    def checks(self) -> frozenset[str]:
        """Functions that raise errors and return nothing."""
        every = (s for m in self.modules.values() for found in m.defines.values() for s in found)
        return frozenset(s.name for s in every if isinstance(s, ast.FunctionDef) and _only_raises(s))


def _plainness(op: str) -> tuple[int, int]:
    """Small for an op of many arrays and options, which shows most of what it shares with others."""
    pair = catalogue()[op]
    return -len(pair.arrays), -len(pair.variants)


def _names_of(s: ast.stmt) -> list[str]:
    if isinstance(s, Definition):
        return [s.name]
    targets = s.targets if isinstance(s, ast.Assign) else [s.target]  # type: ignore[attr-defined]
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]


def _only_raises(s: ast.FunctionDef) -> bool:
    nodes = [n for n in ast.walk(s) if n is not s]
    returns = any(isinstance(n, ast.Return) and n.value is not None for n in nodes)
    return not returns and (raises(s.body) or any(isinstance(n, ast.If) and raises(n.body) for n in nodes))
