"""The domain that a candidate was written for: an expression over its arrays' `ndim`, `shape` and `dtype`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.errors import ParityError

COMPARISONS = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
ARITHMETIC = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
}  # fmt: skip
ATTRIBUTES = ("ndim", "shape", "dtype", "size")
FIRST = "x"
"""The first array of every op may be called so."""
EXAMPLE = 'for example "x.ndim == 4" or "x.shape[-1] % 2 == 0 and x.dtype != \'bfloat16\'"'


@dataclass(frozen=True)
class Domain:
    """Where a candidate is judged; everything else is not covered."""

    text: str
    names: tuple[str, ...]
    """The op's arrays, in order."""

    def __post_init__(self):
        _check(_tree(self.text), self.text, {FIRST, *self.names})

    def holds(self, arrays: Sequence[Any]) -> bool:
        """Whether the arrays of a case are in the domain; an absent one makes every comparison with it false."""
        known = {name: a for name, a in zip(self.names, arrays, strict=True) if isinstance(a, np.ndarray)}
        if isinstance(arrays[0], np.ndarray):
            known.setdefault(FIRST, arrays[0])
        try:
            return bool(_value(_tree(self.text), known))
        except (KeyError, IndexError, TypeError, ZeroDivisionError):
            return False


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise ParityError(f"--where {text!r} is no expression; write {EXAMPLE}.") from None


def _check(node: ast.AST, text: str, names: set[str]) -> None:
    """Refuse everything that is no comparison of what arrays look like."""
    allowed = (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.Attribute, ast.Name, ast.Subscript, ast.Constant, ast.Tuple)
    quiet = (ast.And, ast.Or, ast.Not, ast.USub, ast.Load, *COMPARISONS, *ARITHMETIC)
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and child.id not in names:
            raise ParityError(f"--where {text!r} names {child.id!r}; the arrays are {', '.join(sorted(names))}.")
        if isinstance(child, ast.Attribute) and child.attr not in ATTRIBUTES:
            raise ParityError(f"--where {text!r} asks for .{child.attr}; allowed: {', '.join('.' + a for a in ATTRIBUTES)}.")
        if not isinstance(child, (*allowed, *quiet)):
            raise ParityError(f"--where {text!r} holds {type(child).__name__}, which is not allowed; write {EXAMPLE}.")


def _value(node: ast.AST, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(_value(v, arrays) for v in node.elts)
    if isinstance(node, ast.Name):
        return arrays[node.id]
    if isinstance(node, ast.Attribute):
        found = getattr(_value(node.value, arrays), node.attr)
        return found.name if node.attr == "dtype" else found
    if isinstance(node, ast.Subscript):
        return _value(node.value, arrays)[_value(node.slice, arrays)]
    if isinstance(node, ast.BoolOp):
        every = isinstance(node.op, ast.And)
        return (all if every else any)(_value(v, arrays) for v in node.values)
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, arrays)
        return not value if isinstance(node.op, ast.Not) else -value
    if isinstance(node, ast.BinOp):
        return ARITHMETIC[type(node.op)](_value(node.left, arrays), _value(node.right, arrays))
    assert isinstance(node, ast.Compare)
    left, held = _value(node.left, arrays), True
    for op, right in zip(node.ops, node.comparators, strict=True):
        right = _value(right, arrays)
        held, left = held and COMPARISONS[type(op)](left, right), right
    return held
