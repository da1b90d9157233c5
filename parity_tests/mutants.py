"""Small wrong changes of right implementations: where each applies, and the implementation that has one of them.

The source of a module is parsed; every node of the functions that a candidate reaches is offered to RULES, and the module is
made again with one node replaced.
"""

from __future__ import annotations

import ast
import builtins
import copy
import importlib
import pkgutil
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from parity.loader import catalogue
from parity_tests.candidates import Candidate

ROOT = Path(__file__).resolve().parent
COMPILERS = ("jax", "numba")
"""Code for these is compiled again for every mutant, and their settings are those of the whole process."""

# -- rules ---------------------------------------------------------------------------------------------------------------------
Rule = Callable[[ast.AST], Iterator[ast.AST]]
"""Yields what a node may be replaced by."""
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}  # fmt: skip
NEIGHBOURS = {
    "max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum", "amax": "amin", "amin": "amax",
    "log1p": "log", "log": "log1p", "expm1": "exp", "exp": "expm1", "sum": "mean", "mean": "sum", "sin": "cos", "cos": "sin",
    "any": "all", "all": "any", "argmax": "argmin", "argmin": "argmax", "floor": "ceil", "ceil": "floor", "zeros": "ones",
    "ones": "zeros", "cumsum": "cumprod", "cumprod": "cumsum", "var": "std", "std": "var", "isnan": "isinf", "isinf": "isnan",
    "erf": "erfc", "erfc": "erf", "sinh": "cosh", "cosh": "sinh",
}  # fmt: skip
DROPPED = ("abs", "absolute", "fabs", "exp", "expm1", "log", "log1p", "sqrt", "sum", "mean", "max", "min", "clip", "tanh")
"""Functions and methods that may be left out: their first argument, or the object, stands in their place."""
SYMMETRIC = ("maximum", "minimum", "logaddexp", "hypot", "max", "min", "add", "multiply", "isinstance", "array_equal")
NARROWER = {"float64": "float32", "double": "float", "float32": "float16"}


def operator_swapped(node: ast.AST) -> Iterator[ast.AST]:
    """a + b becomes a - b."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPERATORS:
        yield _with(node, op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def term_dropped(node: ast.AST) -> Iterator[ast.AST]:
    """A term of a sum, or a factor of a product, is lost."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        yield node.left
        if isinstance(node.op, (ast.Add, ast.Mult)):
            yield node.right
        elif isinstance(node.op, ast.Sub):
            yield ast.UnaryOp(ast.USub(), node.right)
    if isinstance(node, ast.AugAssign):
        yield ast.Pass()


def operands_exchanged(node: ast.AST) -> Iterator[ast.AST]:
    """a - b becomes b - a."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.Pow, ast.MatMult)):
        yield _with(node, left=node.right, right=node.left)


def comparison_swapped(node: ast.AST) -> Iterator[ast.AST]:
    """a < b becomes a <= b, or a > b."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in COMPARISONS[type(node.ops[0])]:
            yield _with(node, ops=[other()])


def constant_changed(node: ast.AST) -> Iterator[ast.AST]:
    """Another number, also one that differs in the tenth bit alone."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        c = node.value
        nearly = (c * (1 + 2.0**-10),) if isinstance(c, float) else ()
        for value in (c + 1, c * 2, -c, *nearly):
            if value != c:
                yield ast.Constant(value)


def axis_replaced(node: ast.AST) -> Iterator[ast.AST]:
    """Another axis: the first for the last, the last for any other."""
    if isinstance(node, ast.Call):
        for i, k in enumerate(node.keywords):
            if k.arg in ("axis", "dim") and not isinstance(k.value, ast.Tuple):
                last = ast.unparse(k.value) == "-1"
                yield _with_keyword(node, i, ast.Constant(0) if last else ast.Constant(-1))


def keepdims_flipped(node: ast.AST) -> Iterator[ast.AST]:
    """keepdims=True becomes keepdims=False."""
    if isinstance(node, ast.Call):
        for i, k in enumerate(node.keywords):
            if k.arg in ("keepdims", "keepdim"):
                fixed = isinstance(k.value, ast.Constant)
                yield _with_keyword(node, i, ast.Constant(not k.value.value) if fixed else ast.UnaryOp(ast.Not(), k.value))


def call_exchanged(node: ast.AST) -> Iterator[ast.AST]:
    """The neighbour of a function, or none."""
    name = _name_of(node)
    if name in NEIGHBOURS and (isinstance(node.func, ast.Attribute) or hasattr(builtins, NEIGHBOURS[name])):
        yield _with(node, func=_renamed(node.func, NEIGHBOURS[name]))
    if name in DROPPED:
        yield from node.args[:1] or [node.func.value] * isinstance(node.func, ast.Attribute)


def arguments_exchanged(node: ast.AST) -> Iterator[ast.AST]:
    """Two arguments that stand beside each other, the branches of a `where` among them."""
    if _name_of(node) and _name_of(node) not in SYMMETRIC:
        for i in range(len(node.args) - 1):
            a, b = node.args[i : i + 2]
            if ast.dump(a) != ast.dump(b) and not any(isinstance(v, ast.Starred) for v in (a, b)):
                yield _with(node, args=[*node.args[:i], b, a, *node.args[i + 2 :]])


def negation_dropped(node: ast.AST) -> Iterator[ast.AST]:
    """-a becomes a, `not a` becomes a."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield node.operand


def index_shifted(node: ast.AST) -> Iterator[ast.AST]:
    """An index, or one end of a slice, is one off."""
    if isinstance(node, ast.Slice):
        for end in ("lower", "upper"):
            value = getattr(node, end)
            if value is not None:
                yield from (_with(node, **{end: ast.BinOp(value, op, ast.Constant(1))}) for op in (ast.Add(), ast.Sub()))
        if node.lower is None and node.upper is not None:
            yield _with(node, lower=ast.Constant(1))
    elif isinstance(node, ast.Subscript) and not isinstance(node.slice, (ast.Slice, ast.Tuple)):
        yield _with(node, slice=ast.BinOp(node.slice, ast.Add(), ast.Constant(1)))


def condition_negated(node: ast.AST) -> Iterator[ast.AST]:
    """The other branch."""
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    if _name_of(node) == "where" and len(node.args) == 3:
        yield _with(node, args=[node.args[0], node.args[2], node.args[1]])
    if isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            yield _with(node, ifs=[*node.ifs[:i], ast.UnaryOp(ast.Not(), test), *node.ifs[i + 1 :]])


def dtype_narrowed(node: ast.AST) -> Iterator[ast.AST]:
    """float32 where float64 was."""
    if isinstance(node, ast.Attribute) and node.attr in NARROWER:
        yield _with(node, attr=NARROWER[node.attr])
    if isinstance(node, ast.Constant) and node.value == "float64":
        yield ast.Constant("float32")


def input_returned(node: ast.AST) -> Iterator[ast.AST]:
    """A function that does nothing: it returns its first argument, times 1."""
    if isinstance(node, ast.FunctionDef) and node.args.args:
        first = ast.Name(node.args.args[0].arg, ast.Load())
        yield _with(node, body=[ast.Return(ast.BinOp(first, ast.Mult(), ast.Constant(1)))])


RULES: tuple[Rule, ...] = (
    operator_swapped, term_dropped, operands_exchanged, comparison_swapped, constant_changed, axis_replaced, keepdims_flipped,
    call_exchanged, arguments_exchanged, negation_dropped, index_shifted, condition_negated, dtype_narrowed, input_returned,
)  # fmt: skip


def _with(node: Any, **fields: Any) -> Any:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _with_keyword(node: ast.Call, place: int, value: ast.expr) -> ast.Call:
    changed = _with(node.keywords[place], value=value)
    return _with(node, keywords=[*node.keywords[:place], changed, *node.keywords[place + 1 :]])


def _name_of(node: Any) -> str:
    """The bare name of a called function or method; "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _renamed(func: Any, name: str) -> ast.AST:
    return _with(func, attr=name) if isinstance(func, ast.Attribute) else _with(func, id=name)


# -- places --------------------------------------------------------------------------------------------------------------------
Path_ = tuple[tuple[str, int | None], ...]
"""From a module to a node: the field and, in a list, the place."""
UNTOUCHED = ("decorator_list", "returns", "annotation", "type_comment")


@dataclass(frozen=True)
class Mutation:
    """One change of one source."""

    rule: str
    line: int
    text: str
    path: Path_
    node: ast.AST

    def __str__(self) -> str:
        return f"line {self.line}, {self.rule}: {self.text}"


def _children(node: ast.AST, path: Path_) -> Iterator[tuple[Path_, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in UNTOUCHED:
            continue
        for i, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(child, ast.AST):
                yield (*path, (name, i)), child


def _places(node: ast.AST, path: Path_) -> Iterator[tuple[Path_, ast.AST]]:
    """A node and all below it; imports and errors that are raised are left as they are."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise, ast.JoinedStr)):
        return
    yield path, node
    for below, child in _children(node, path):
        yield from _places(child, below)


def _replaced(tree: ast.Module, path: Path_, node: ast.AST) -> ast.Module:
    """The module with another node at a place; nodes beside the path are shared."""
    if not path:
        return node  # pyright: ignore[reportReturnType]
    (name, place), *rest = path
    value = getattr(tree, name)
    if place is None:
        return _with(tree, **{name: _replaced(value, tuple(rest), node)})
    return _with(tree, **{name: [*value[:place], _replaced(value[place], tuple(rest), node), *value[place + 1 :]]})


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(node)).split())
    return text if len(text) <= 90 else text[:87] + "..."


# -- sources -------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Source:
    """One right implementation, with the file that it is written in."""

    op: str
    name: str
    file: Path

    @property
    def label(self) -> str:
        """Where it is found."""
        return f"{self.file.relative_to(ROOT)} ({self.op}: {self.name})"

    @property
    def _is_row(self) -> bool:
        return self.file.parent == ROOT / "right"

    def candidate(self, mutation: Mutation | None = None) -> Candidate:
        """The implementation, with one change if one is given."""
        tree = _parsed(self.file)
        made = _run(tree if mutation is None else _replaced(tree, mutation.path, mutation.node), self.file)
        if self._is_row:
            return next(c for c in made["RIGHT"] if (c.op, c.name) == (self.op, self.name))
        return Candidate(self.op, self.name, made.get("candidate"), made.get("candidate_backward"))

    def mutations(self) -> dict[str, list[Mutation]]:
        """Every change that applies, by rule."""
        found: dict[str, list[Mutation]] = {}
        for path, node in self._reached():
            for rule in RULES:
                for new in rule(node):
                    if ast.dump(new) == ast.dump(node):
                        continue
                    text = f"{_short(node)} -> {_short(copy.deepcopy(new))}"
                    name = rule.__name__.replace("_", " ")
                    found.setdefault(name, []).append(Mutation(name, getattr(node, "lineno", 0), text, path, new))
        return found

    def _reached(self) -> list[tuple[Path_, ast.AST]]:
        """The nodes of the functions and constants that the candidate uses, by name."""
        tree = _parsed(self.file)
        known = {name: i for i, s in enumerate(tree.body) for name in _defined(s)}
        found = list(self._roots(tree))
        done: set[int] = set()
        for _, node in found:  # grows while it is read
            i = known.get(node.id) if isinstance(node, ast.Name) else None
            if i is not None and i not in done:
                done.add(i)
                found += _places(tree.body[i], (("body", i),))
        return found

    def _roots(self, tree: ast.Module) -> Iterator[tuple[Path_, ast.AST]]:
        if not self._is_row:
            for i, s in enumerate(tree.body):
                if isinstance(s, ast.FunctionDef) and s.name in ("candidate", "candidate_backward"):
                    yield from _places(s, (("body", i),))
            return
        for path, node in _places(tree, ()):
            if _name_of(node) == "Candidate" and [getattr(a, "value", "") for a in node.args[:2]] == [self.op, self.name]:
                for below, child in _children(node, path):
                    if below[-1] not in (("args", 0), ("args", 1), ("func", None)):
                        yield from _places(child, below)


def _defined(statement: ast.stmt) -> tuple[str, ...]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return (statement.name,)
    if isinstance(statement, ast.Assign):
        return tuple(n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name) and n.id != "RIGHT")
    return ()


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _run(tree: ast.Module, file: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(ast.fix_missing_locations(copy.deepcopy(tree)), str(file), "exec")
        made = {"__name__": f"{__package__}.mutated.{file.stem}", "__file__": str(file)}
        exec(code, made)
    return made


@cache
def sources() -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """The right implementations that are mutated, and why others are not."""
    used: list[Source] = []
    left_out: list[str] = []
    for source in _all_sources():
        reason = _unusable(source)
        if reason:
            left_out.append(f"{source.label}: {reason}")
        else:
            used.append(source)
    return tuple(used), tuple(left_out)


def _all_sources() -> Iterator[Source]:
    package = importlib.import_module("parity_tests.right")
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        for c in importlib.import_module(f"parity_tests.right.{module}").RIGHT:
            yield Source(c.op, c.name, ROOT / "right" / f"{module}.py")
    for file in sorted((ROOT / "judged" / "right").glob("*.py")):
        op, _, style = file.stem.partition("--")
        yield Source(op, style, file)


def _unusable(source: Source) -> str:
    tree = _parsed(source.file)
    if catalogue()[source.op].laws:
        return "a sampler, which is judged by its laws"
    imported = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    for name in COMPILERS:
        if name in imported:
            return f"is compiled by {name}"
    if not any(isinstance(n, (ast.FunctionDef, ast.Lambda)) for _, n in source._reached()):
        return "no function, which a call in this process needs"
    return ""


def draw(rng: random.Random, mine: Sequence[Source]) -> tuple[Source, Mutation]:
    """A source, a rule that applies to it, and one of the places."""
    source = rng.choice(mine)
    by_rule = source.mutations()
    return source, rng.choice(by_rule[rng.choice(sorted(by_rule))])
