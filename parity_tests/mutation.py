"""Small changes of a syntax tree: what a node may be replaced by, where the nodes are, and the tree with one of them changed.

`parity_tests.mutants` plants them in right implementations, `tools.mutate` in the library itself.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

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
        yield with_(node, op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.BoolOp):
        yield with_(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


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
        yield with_(node, left=node.right, right=node.left)


def comparison_swapped(node: ast.AST) -> Iterator[ast.AST]:
    """a < b becomes a <= b, or a > b; in a chain, one comparison of it."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            yield from (with_(node, ops=[*node.ops[:i], other(), *node.ops[i + 1 :]]) for other in COMPARISONS[type(op)])


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
                yield with_keyword(node, i, ast.Constant(0) if last else ast.Constant(-1))


def keepdims_flipped(node: ast.AST) -> Iterator[ast.AST]:
    """keepdims=True becomes keepdims=False."""
    if isinstance(node, ast.Call):
        for i, k in enumerate(node.keywords):
            if k.arg in ("keepdims", "keepdim"):
                fixed = isinstance(k.value, ast.Constant)
                yield with_keyword(node, i, ast.Constant(not k.value.value) if fixed else ast.UnaryOp(ast.Not(), k.value))


def call_exchanged(node: ast.AST) -> Iterator[ast.AST]:
    """The neighbour of a function, or none."""
    name = name_of(node)
    if name in NEIGHBOURS and (isinstance(node.func, ast.Attribute) or hasattr(builtins, NEIGHBOURS[name])):
        yield with_(node, func=renamed(node.func, NEIGHBOURS[name]))
    if name in DROPPED:
        yield from node.args[:1] or [node.func.value] * isinstance(node.func, ast.Attribute)


def arguments_exchanged(node: ast.AST) -> Iterator[ast.AST]:
    """Two arguments that stand beside each other, the branches of a `where` among them."""
    if name_of(node) and name_of(node) not in SYMMETRIC:
        for i in range(len(node.args) - 1):
            a, b = node.args[i : i + 2]
            if ast.dump(a) != ast.dump(b) and not any(isinstance(v, ast.Starred) for v in (a, b)):
                yield with_(node, args=[*node.args[:i], b, a, *node.args[i + 2 :]])


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
                yield from (with_(node, **{end: ast.BinOp(value, op, ast.Constant(1))}) for op in (ast.Add(), ast.Sub()))
        if node.lower is None and node.upper is not None:
            yield with_(node, lower=ast.Constant(1))
    elif isinstance(node, ast.Subscript) and not isinstance(node.slice, (ast.Slice, ast.Tuple)):
        yield with_(node, slice=ast.BinOp(node.slice, ast.Add(), ast.Constant(1)))


def condition_negated(node: ast.AST) -> Iterator[ast.AST]:
    """The other branch."""
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield with_(node, test=ast.UnaryOp(ast.Not(), node.test))
    if name_of(node) == "where" and len(node.args) == 3:
        yield with_(node, args=[node.args[0], node.args[2], node.args[1]])
    if isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            yield with_(node, ifs=[*node.ifs[:i], ast.UnaryOp(ast.Not(), test), *node.ifs[i + 1 :]])


def dtype_narrowed(node: ast.AST) -> Iterator[ast.AST]:
    """float32 where float64 was."""
    if isinstance(node, ast.Attribute) and node.attr in NARROWER:
        yield with_(node, attr=NARROWER[node.attr])
    if isinstance(node, ast.Constant) and node.value == "float64":
        yield ast.Constant("float32")


def input_returned(node: ast.AST) -> Iterator[ast.AST]:
    """A function that does nothing: it returns its first argument, times 1."""
    if isinstance(node, ast.FunctionDef) and node.args.args:
        first = ast.Name(node.args.args[0].arg, ast.Load())
        yield with_(node, body=[ast.Return(ast.BinOp(first, ast.Mult(), ast.Constant(1)))])


def with_(node: Any, **fields: Any) -> Any:
    """The node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def with_keyword(node: ast.Call, place: int, value: ast.expr) -> ast.Call:
    """The call with another value of one keyword."""
    changed = with_(node.keywords[place], value=value)
    return with_(node, keywords=[*node.keywords[:place], changed, *node.keywords[place + 1 :]])


def name_of(node: Any) -> str:
    """The bare name of a called function or method; "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def renamed(func: Any, name: str) -> ast.AST:
    """What is called, under another name."""
    return with_(func, attr=name) if isinstance(func, ast.Attribute) else with_(func, id=name)


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


def children(node: ast.AST, path: Path_) -> Iterator[tuple[Path_, ast.AST]]:
    """The nodes directly below one, annotations and decorators left out."""
    for name, value in ast.iter_fields(node):
        if name in UNTOUCHED:
            continue
        for i, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(child, ast.AST):
                yield (*path, (name, i)), child


def places(node: ast.AST, path: Path_) -> Iterator[tuple[Path_, ast.AST]]:
    """A node and all below it; imports and errors that are raised are left as they are."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise, ast.JoinedStr)):
        return
    yield path, node
    for below, child in children(node, path):
        yield from places(child, below)


def replaced(tree: ast.Module, path: Path_, node: ast.AST) -> ast.Module:
    """The module with another node at a place; nodes beside the path are shared."""
    if not path:
        return node  # pyright: ignore[reportReturnType]
    (name, place), *rest = path
    value = getattr(tree, name)
    if place is None:
        return with_(tree, **{name: replaced(value, tuple(rest), node)})
    return with_(tree, **{name: [*value[:place], replaced(value[place], tuple(rest), node), *value[place + 1 :]]})


def short(node: ast.AST) -> str:
    """The source of a node, cut off where it is long."""
    text = " ".join(ast.unparse(ast.fix_missing_locations(node)).split())
    return text if len(text) <= 90 else text[:87] + "..."
