"""What is planted: each operator has a name and rules, a rule yields what may stand in place of a node."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from parity_tests.mutation import (
    Rule,
    axis_replaced,
    call_exchanged,
    comparison_swapped,
    dtype_narrowed,
    index_shifted,
    keepdims_flipped,
    name_of,
    negation_dropped,
    operator_swapped,
    term_dropped,
    with_,
)

LITTLE = 2.0**-20
"""How far a constant is moved, relative to its size."""
BOUNDS = ("maximum", "minimum", "fmax", "fmin", "nan_to_num")
COPIES = ("copy", "ascontiguousarray")
ERROR_CHECK = "error-check"


def constant_moved(node: ast.AST) -> Iterator[ast.AST]:
    """A float by 2^-20 of its size, an integer by 1, a flag to the other value."""
    yield from _moved(node, LITTLE)


def threshold_moved(node: ast.AST) -> Iterator[ast.AST]:
    """A float by its size: on both sides of a threshold the same result is right, so that a little further is no change."""
    yield from _moved(node, 1.0)


def _moved(node: ast.AST, share: float) -> Iterator[ast.AST]:
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node.value, float):
        yield ast.Constant(node.value * (1 + share) if node.value else LITTLE)


def end_exchanged(node: ast.AST) -> Iterator[ast.AST]:
    """The first for the last, the last for the first."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.slice) in ("0", "-1"):
        yield with_(node, slice=ast.Constant(-1 if ast.unparse(node.slice) == "0" else 0))


def loop_shortened(node: ast.AST) -> Iterator[ast.AST]:
    """range(n) without its last number."""
    if name_of(node) == "range" and isinstance(node, ast.Call) and len(node.args) < 3:
        yield with_(node, args=[*node.args[:-1], ast.BinOp(node.args[-1], ast.Sub(), ast.Constant(1))])


def exit_dropped(node: ast.AST) -> Iterator[ast.AST]:
    """An early return, break or continue never happens, or always; a loop never begins."""
    if isinstance(node, ast.If) and _leaves(node.body):
        yield from _forced(node)
        if len(node.body) > 1:
            yield with_(node, body=node.body[:-1])
    if isinstance(node, ast.While):
        yield with_(node, test=ast.Constant(False))


def guard_dropped(node: ast.AST) -> Iterator[ast.AST]:
    """A case is no longer told apart: one branch for both, one condition less, no bound."""
    if isinstance(node, ast.If) and not _leaves(node.body) and not raises(node.body):
        yield from _forced(node)
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    if isinstance(node, ast.BoolOp):
        yield from (_without(node, i) for i in range(len(node.values)))
    if isinstance(node, ast.Call):
        yield from _unguarded(node)


def _unguarded(node: ast.Call) -> Iterator[ast.AST]:
    name = name_of(node)
    if name in BOUNDS:
        yield from node.args[:2]
    if name == "where" and len(node.args) == 3:
        yield from node.args[1:]
    for i, keyword in enumerate(node.keywords):
        if keyword.arg in ("where", "initial"):
            yield with_(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])


def copy_dropped(node: ast.AST) -> Iterator[ast.AST]:
    """The array itself in place of a copy."""
    name = name_of(node)
    if not isinstance(node, ast.Call) or name not in (*COPIES, "array"):
        return
    if name == "copy" and not node.args and isinstance(node.func, ast.Attribute):
        yield node.func.value
    elif name in COPIES and node.args:
        yield node.args[0]
    elif name == "array" and node.args and not _is_no_array(node.args[0]):
        yield with_(node, func=with_(node.func, attr="asarray") if isinstance(node.func, ast.Attribute) else node.func)


def _is_no_array(node: ast.AST) -> bool:
    """What is no array yet: a list, a tuple, a constant by its name."""
    made = (ast.List, ast.Tuple, ast.Constant, ast.ListComp, ast.GeneratorExp)
    return isinstance(node, made) or (isinstance(node, ast.Name) and node.id.isupper())


def error_dropped(node: ast.AST) -> Iterator[ast.AST]:
    """What should be refused is not."""
    if isinstance(node, ast.If) and raises(node.body):
        yield with_(node, test=ast.Constant(False))
    if isinstance(node, ast.Raise):
        yield ast.Pass()


OPERATORS: dict[str, tuple[Rule, ...]] = {
    "operator": (operator_swapped,),
    "term": (term_dropped,),
    "sign": (negation_dropped,),
    "constant": (constant_moved,),
    "comparison": (comparison_swapped,),
    "axis": (axis_replaced, keepdims_flipped),
    "place": (index_shifted, end_exchanged, loop_shortened),
    "function": (call_exchanged,),
    "exit": (exit_dropped,),
    "guard": (guard_dropped,),
    "copy": (copy_dropped,),
    "narrow": (dtype_narrowed,),
    ERROR_CHECK: (error_dropped,),
}
NAMES = (*OPERATORS, "table")
"""A number in a table of coefficients is not counted among the constants: there are too many of them."""


def raises(body: Sequence[ast.stmt]) -> bool:
    """Whether a block ends with an error."""
    return isinstance(body[-1], ast.Raise)


def _leaves(body: Sequence[ast.stmt]) -> bool:
    return isinstance(body[-1], (ast.Return, ast.Break, ast.Continue))


def _forced(node: ast.If) -> Iterator[ast.AST]:
    yield from (with_(node, test=ast.Constant(value)) for value in (True, False))


def _without(node: ast.BoolOp, place: int) -> ast.AST:
    rest = [*node.values[:place], *node.values[place + 1 :]]
    return with_(node, values=rest) if len(rest) > 1 else rest[0]
