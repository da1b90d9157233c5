"""A failure as a program of its own: inputs, truth and tolerance as exact numbers, NumPy and torch, nothing else."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

import numpy as np

from parity import evaluate
from parity.candidate.grade import Seen
from parity.cases import layout_of
from parity.evaluate import Evaluation, Implementation, may_share
from parity.inputs.cotangents import LAID_OUT
from parity.inputs.layouts import LAYOUTS, LEAST_AXES
from parity.loader import implementation
from parity.references import RENAMED, resolve
from parity.report.allowance import expected_lines
from parity.report.before import COMPARED, lines_before
from parity.report.inline import CannotInline, inlined
from parity.report.literals import literal, plain, readable
from parity.verdict import Check

OURS = (
    "np", "sys", "inspect", "importlib", "torch", "jax", "candidate", "theirs", "call", "made", "padded", "tensor", "array",
    "fitted", "constants", "exact", "wrong", "absent", "inputs", "before", "truth", "expected", "got", "problems", "tensors",
    "leaves", "reference", "module", "spec",
)  # fmt: skip
"""Names that the script uses itself; an argument of such a name gets an underscore."""

WRONG = '''
@np.errstate(all="ignore")
def wrong(got, truth, tolerance=0.0, dtype=None, rest=0.0, others=(), optional=False):
    """What is wrong with one result; "" if nothing is."""
    if truth is None or (got is None and optional):
        return "" if got is None else f"is a {type(got).__name__}, expected None"
    if not isinstance(got, (np.ndarray, np.generic, float, int)):
        return f"is a {type(got).__name__}, expected an array"
    scalar, got, dtype = not isinstance(got, np.ndarray), np.asarray(got), np.dtype(dtype)
    wider = got.dtype.kind == "f" and dtype.itemsize < got.dtype.itemsize <= 8 and (scalar or dtype.itemsize == 2)
    if got.shape != truth.shape or not (got.dtype == dtype or wider or {got.dtype.kind, dtype.kind} <= set("iub")):
        return f"is {got.dtype} of shape {got.shape}, expected {dtype} of shape {truth.shape}"
    g, t = got.astype(np.float64), truth.astype(dtype).astype(np.float64)
    off = np.abs(g - truth - rest)
    right = np.isfinite(g) & np.isfinite(t) & (off <= tolerance)
    for each in (t, *others):  # the same nan or infinity, or what is accepted beside the truth
        right |= (np.isnan(g) & np.isnan(each)) | (np.isinf(g) & (g == each))
        right |= np.isfinite(each) & (np.abs(g - each) <= tolerance) & (each is not t)
    if not (right | (np.isfinite(g) & np.isfinite(t))).all():
        return f"is {g[~right]} where {t[~right]} is expected"
    return "" if right.all() else f"is off by {off[~right]} where {tolerance[~right]} is allowed"
'''
ABSENT = """
def absent(fn, first, last):
    \"\"\"None for each absent argument that a function requires.\"\"\"
    slots = list(inspect.signature(fn).parameters.values())[first:last]
    return [None for p in slots if p.default is p.empty and p.kind.name.startswith("POSITIONAL")]
"""
EXACT = """
def exact(numbers, dtype, *shape):
    \"\"\"The array of these hexadecimal numbers.\"\"\"
    return np.array([float.fromhex(n) for n in numbers.split()]).astype(dtype).reshape(shape)
"""


def script(seen: Seen, check: Check, load: str) -> str:
    """A program that shows the failure: status 1 if it shows, 0 if not; `load` is Python that defines `candidate`."""
    e = seen.evaluation
    names = _Names(e)
    call, before = _call(e, names)
    earlier = lines_before(e, call, lambda other: _call(other, names)[0])
    parts = [
        _head(seen, check, load, "inspect" if "*absent(" in call else ""),
        "\n" + "\n\n\n".join(text.strip() for text in (EXACT, WRONG, ABSENT if "*absent(" in call else "")).rstrip(),
        "\n# The input, number by number.\n" + "\n".join(names.lines),
        _guard(seen, names, load),
        expected_lines(seen),
        before + earlier + f'try:\n    with np.errstate(all="ignore"):\n        got = {call}\n' + RAISED,
        _canonical(e),
        _shown(e, names),
        _ends(seen),
    ]
    return "\n\n".join(p.rstrip("\n") for p in parts if p) + "\n"


RAISED = """except Exception as error:
    print(f"raised {type(error).__name__}: {error}")
    sys.exit(1)
got = tuple(got) if isinstance(got, (tuple, list)) else (got,)
got += (None,) * (len(expected) - len(got))  # a gradient that there is not may be left out at the end"""


def _head(seen: Seen, check: Check, load: str, more: str) -> str:
    outcome, e = seen.judged.outcome, seen.evaluation
    said = outcome.message or f"{outcome.units:.4g} units of u*scale, {seen.judged.budget:.4g} allowed"
    said = said.replace('"""', "'''")
    place = f", at {list(outcome.index[1:])}" if len(outcome.index) > 1 else ""
    what = "\n".join(textwrap.wrap(f"{check.op}, {check.dtype}, {check.direction}: {outcome.stage}: {said}{place}.", 110))
    libraries = [n for n in ("torch", "jax") if f"import {n}\n" in load or (n == "torch" and isinstance(e.pair.torch, str))]
    needs = ["NumPy", *libraries, *(["ml_dtypes"] if _narrow(e) else [])]
    doc = f'"""{what}\n\nNeeds {" and ".join(needs)}. Ends with status 1 if the failure shows, 0 if not.\n"""'
    doc = doc.replace("\\", "\\\\")
    imports = ["import numpy as np"]
    if _narrow(e):
        imports.insert(0, "import ml_dtypes  # NumPy has no bfloat16 of its own; this registers one")
    if isinstance(e.pair.torch, str):
        imports.append("import torch")
    first = "".join(f"import {name}\n" for name in (more, "sys") if name)
    return f"{doc}\n\n{first}\n" + "\n".join(imports) + f"\n\n# What is judged: `candidate`.\n{load.strip()}"


def _narrow(e: Evaluation) -> bool:
    return e.dtype == "bfloat16"


# -- the call ----------------------------------------------------------------------------------------------------------------
class _Names:
    """The names of the arrays in the script, and the lines that define them."""

    def __init__(self, e: Evaluation):
        self.seeds = [s for s in e.built.seeds if s is not None]
        self.lines: list[str] = []
        self.arrays: list[tuple[str, np.ndarray]] = []
        self.inputs: list[str | None] = []
        """For each argument its name, None where it is absent or no array."""
        for kind, a, seed in zip(e.built.kinds, e.built.arrays, e.built.seeds, strict=True):
            self.inputs.append(
                self.define(kind.name, a, _layout(e, kind)) if isinstance(a, np.ndarray) and seed is None else None
            )
        several = len(e.cotangents) > 1
        self.cotangents = [
            None
            if c is None
            else self.define(f"grad_output{k if several else ''}", c, _fitting(LAID_OUT.get(e.case.cotangent, ""), c))
            for k, c in enumerate(e.cotangents)
        ]

    def define(self, name: str, a: np.ndarray, layout: str = "") -> str:
        """Define an array under this name (or one near to it, where it is taken)."""
        while name in OURS or any(name == n for n, _ in self.arrays):
            name += "_"
        self.lines.append(f"{name} = {literal(a)}{readable(a)}")
        if layout:
            self.lines += [line.format(x=name) for line in LAYOUT_LINES[layout]]
        self.arrays.append((name, a))
        return name

    def text(self, value: Any) -> str:
        """A value of a call as Python text."""
        if isinstance(value, np.ndarray):
            found = next((n for n, a in self.arrays if a is value), None)
            return found or self.define("argument", value)
        if isinstance(value, np.random.Generator):
            return generator_text(self.seeds[0])
        if isinstance(value, (tuple, list)):
            inner = ", ".join(map(self.text, value)) + ("," if isinstance(value, tuple) and len(value) == 1 else "")
            return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
        return plain(value)


LAYOUT_LINES = {
    "strided": (
        "buffer = np.zeros((*{x}.shape[:-1], 2 * {x}.shape[-1]), {x}.dtype)",
        "buffer[..., ::2] = {x}",
        "{x} = buffer[..., ::2]  # every second element of a larger buffer",
    ),
    "negative_stride": ("{x} = np.ascontiguousarray({x}[..., ::-1])[..., ::-1]  # the last axis walked backwards",),
    "fortran_order": ("{x} = np.asfortranarray({x})  # column-major memory",),
    "broadcast": ("{x} = np.broadcast_to({x}[:1].copy(), {x}.shape)  # the first slice again and again",),
    "broadcast_last": ("{x} = np.broadcast_to({x}[..., :1].copy(), {x}.shape)  # the first of each row again and again",),
    "one_value": ("{x} = np.broadcast_to({x}.reshape(-1)[:1].reshape((1,) * {x}.ndim), {x}.shape)  # one number everywhere",),
    "reversed_axes": (
        "backwards = (slice(None, None, -1),) * {x}.ndim",
        "{x} = np.ascontiguousarray({x}[backwards])[backwards]  # every axis walked backwards",
    ),
    "swapped": (
        "{x} = np.ascontiguousarray(np.swapaxes({x}, -1, -2)).swapaxes(-1, -2)  # the last two axes exchanged in memory",
    ),
    "sliced": (
        "buffer = np.zeros(tuple(n + 2 for n in {x}.shape), {x}.dtype)",
        "middle = (slice(1, -1),) * {x}.ndim",
        "buffer[middle] = {x}",
        "{x} = buffer[middle]  # the middle of a larger buffer",
    ),
}
assert set(LAYOUT_LINES) == set(LAYOUTS)


def _layout(e: Evaluation, kind) -> str:
    a = e.built.arrays[list(e.built.kinds).index(kind)]
    return _fitting(layout_of(e.case, kind), a)


def _fitting(layout: str, a: np.ndarray) -> str:
    return layout if a.size and a.ndim >= LEAST_AXES.get(layout, 1) else ""


def _call(e: Evaluation, names: _Names) -> tuple[str, str]:
    """The call of the candidate as Python text, and what must stand before it."""
    try:
        recorded = [_recorded(e, result) for result in (object(), (object(), object()))]
        args, options = recorded[0]
        given = [*map(names.text, args), *(f"{k}={names.text(v)}" for k, v in options.items())]
    except Exception:  # the adapter does something with the result, or passes a function: it is taken along itself
        return _adapted(e, names)
    left = _trimmed(e)
    if left and args:
        given.insert(len(args), f"*absent(candidate, {len(args)}, {len(args) + left})")
    return f"candidate({', '.join(given)})", ""


def _trimmed(e: Evaluation) -> int:
    """How many absent arrays at the end are left out of a call."""
    arrays = [a is not None or s is not None for a, s in zip(e.built.arrays, e.built.seeds, strict=True)]
    return next((i for i, there in enumerate(reversed(arrays)) if there), len(arrays))


def _recorded(e: Evaluation, result: Any) -> tuple[tuple, dict]:
    """With what the suite calls a candidate; an adapter that does not hand its result through raises."""
    calls: list[tuple[tuple, dict]] = []

    def record(*args: Any, **options: Any) -> Any:
        calls.append((args, options))
        return result

    if evaluate.call(e, record) is not result or len(calls) != 1:
        raise TypeError("the adapter is more than a call")
    return calls[0]


def _adapted(e: Evaluation, names: _Names) -> tuple[str, str]:
    """The call through the suite's adapter, whose source is copied where it stands alone."""
    adapter = e.pair.call
    try:
        before = inlined(adapter)
    except CannotInline:
        before = (
            "# The suite's own way to call this op, which is more than a call (here alone the package is needed).\n"
            f'from parity.loader import catalogue\n\n{adapter.__name__} = catalogue()["{e.pair.op}"].call\n\n'
        )
    grad = [names.text(c) for c in e.cotangents]
    given = f"({grad[0]},)" if len(grad) == 1 else f"(({', '.join(grad)}),)" if grad else "()"
    arrays = [generator_text(s) if s is not None else names.text(a) for a, s in zip(e.built.arrays, e.built.seeds, strict=True)]
    return f"{adapter.__name__}(candidate, {given}, [{', '.join(arrays)}], {_options(e.built.options)})", before


def generator_text(seed: int) -> str:
    """The expression for the generator of a seed."""
    return f"np.random.Generator(np.random.PCG64({seed}))"


def _options(options) -> str:
    return "{" + ", ".join(f'"{k}": {plain(v)}' for k, v in options.items()) + "}"


def _canonical(e: Evaluation) -> str:
    """The normal form of answers that are unique only up to signs."""
    fix = e.pair.canonical
    if fix is None or e.direction != "forward":
        return ""
    return textwrap.dedent(inspect.getsource(fix)) + f"\n\ngot = ({fix.__name__}(*got),)  # unique only up to this"


# -- what is expected --------------------------------------------------------------------------------------------------------
def _guard(seen: Seen, names: _Names, load: str) -> str:
    listed = "".join(f"{n}, " for n, _ in names.arrays).strip()
    text = f"inputs = ({listed[:-1] if len(names.arrays) > 1 else listed})\nbefore = [a.tobytes() for a in inputs]"
    if "read-only" in seen.party.error:
        text += "\nfor a in inputs:\n    a.flags.writeable = False  # as the suite lends them"
    if seen.evaluation.direction == "backward" and "\nconstants = ()" in load:
        fixed = [n for n, k in zip(names.inputs, seen.evaluation.built.kinds, strict=True) if n and not k.differentiable]
        text += f"\nconstants = [{', '.join(fixed)}]  # no gradient is wanted of these" if fixed else ""
    return text


# -- what is printed ---------------------------------------------------------------------------------------------------------
def _shown(e: Evaluation, names: _Names) -> str:
    lines = ['print("got:  ", *got)', 'print("truth:", *(each["truth"] for each in expected))']
    if isinstance(e.pair.torch, str):
        lines += _live(e, names)
    elif e.pair.torch is not None:
        party = e.party("torch", Implementation(None, None))
        said = party.error or " ".join(str(o.tolist() if isinstance(o, np.ndarray) else o) for o in party.outputs)
        lines.append(f"print({'torch: ' + said!r})  # what the suite saw")
    return "\n".join(lines)


def _live(e: Evaluation, names: _Names) -> list[str]:
    """torch's own answer, asked when the script runs."""
    lines = [f"tensors = [{', '.join('None' if n is None else _tensor(e, n) for n in names.inputs)}]"]
    shown = "t.detach().float().numpy()" if _narrow(e) else "t.detach().numpy()"
    if e.direction == "forward":
        lines.append(f"reference = {e.pair.torch}(*tensors{_torch_options(e)})")
    else:
        wanted = [i for i, (n, k) in enumerate(zip(names.inputs, e.built.kinds, strict=True)) if n and k.differentiable]
        leaves = f"[{', '.join(f'tensors[{i}].requires_grad_()' for i in wanted)}]"
        seeds = ", ".join(_tensor(e, c) for c in names.cotangents if c is not None)
        lines += [
            f"leaves = {leaves}",
            f"reference = {e.pair.torch}(*tensors{_torch_options(e)})",
            f"reference = torch.autograd.grad(reference, leaves, [{seeds}], allow_unused=True)",
        ]
    lines += [
        "reference = reference if isinstance(reference, tuple) else (reference,)",
        f'print("torch:", *(None if t is None else {shown} for t in reference))',
    ]
    refused = ["except Exception as error:", '    print(f"torch: raised {type(error).__name__}: {error}")']
    return ["try:", *(f"    {line}" for line in lines), *refused]


def _torch_options(e: Evaluation) -> str:
    """The options under torch's names; a `dim` that torch wants to be told is the default of our `axis`."""
    options = dict(e.built.options)
    fn = resolve(str(e.pair.torch))
    if "axis" not in options and inspect.isfunction(fn) and "_stacklevel" in inspect.signature(fn).parameters:
        options["axis"] = inspect.signature(implementation(e.pair)).parameters["axis"].default
    return "".join(f", {RENAMED.get(k, k)}={plain(v)}" for k, v in options.items())


def _tensor(e: Evaluation, name: str) -> str:
    if _narrow(e):
        return f"torch.from_numpy({name}.astype(np.float32)).bfloat16()"
    return f"torch.from_numpy({name}.copy())"


def _ends(seen: Seen) -> str:
    """The comparisons and the exit status."""
    e = seen.evaluation
    lines = [
        "problems = [wrong(g, **each) for g, each in zip(got, expected)]",
        "if len(got) != len(expected):",
        '    problems.append(f"{len(got)} results, expected {len(expected)}")',
        "if before != [a.tobytes() for a in inputs]:",
        '    problems.append("changed its input")',
    ]
    if not may_share(e.pair):
        lines += [
            "if any(isinstance(g, np.ndarray) and np.shares_memory(g, a) for g in got for a in inputs):",
            '    problems.append("shares memory with its input")',
        ]
    return "\n".join([*lines, *(COMPARED if e.case.before is not None else ()), *LAST])


LAST = (
    'problems = [f"the result {p}" for p in problems if p]',
    'print("\\n".join(problems) or "The failure does not show.")',
    "sys.exit(1 if problems else 0)",
)
