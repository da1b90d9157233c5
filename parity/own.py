"""Ops of your own: a NumPy function, its backward, and who judges them, in about ten lines; the tutorial is `docs/own_ops.md`.

    from parity.own import Data, Factor, own_op

    OPS = [own_op("mine.scale", scale, scale_backward, arrays=(Data("x", (3, 8)), Factor("weight", (8,))), torch=reference)]

A file with such a list is given to the commands with `--ops FILE.py`, its rows of tolerances with `--tolerances FILE.yaml`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from parity.cases import Built, Case
from parity.errors import ParityError
from parity.formats import DTYPES
from parity.kinds import (
    Data,
    Factor,
    Indices,
    Integers,
    Kind,
    Labels,
    Logits,
    Mask,
    Noise,
    Positive,
    Probability,
    Real,
    Signs,
    Simplex,
)
from parity.oracle import OracleError, Truth
from parity.pair import Pair, Variant, as_tuple, with_options, with_shapes
from parity.references import _torch_call, to_array, to_tensor, torch_backward, torch_forward
from parity.rounding import nearest

__all__ = [
    "Data", "Factor", "Indices", "Integers", "Kind", "Labels", "Logits", "Mask", "Noise", "OwnOp", "OwnOpError", "Pair",
    "Positive", "Probability", "Real", "Signs", "Simplex", "TorchReferee", "Variant", "load_ops", "own_op", "register",
    "with_options", "with_shapes",
]  # fmt: skip

NAME = re.compile(r"[a-z_]+\.[a-z0-9_]+")
KINDS = "Data, Factor, Logits, Real, Positive, Probability, Indices, Mask"
EXAMPLE = 'own_op("mine.rope", rope, rope_backward, arrays=(Data("x", (4, 8)),), torch=reference)'


class OwnOpError(ParityError):
    """An op of the user's own is declared wrongly; the sentence says what to change."""


@dataclass(frozen=True)
class OwnOp:
    """An op that is not the catalogue's: its pair, its functions, and what the truth is found by."""

    pair: Pair
    forward: Callable[..., Any]
    backward: Callable[..., Any] | None
    definition: Any
    """A textbook function for ball arithmetic, or a `TorchReferee`."""
    file: str = ""
    """The file it comes from, which a worker process imports again; "" for one that was registered from Python."""


def own_op(
    op: str,
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
    *,
    arrays: Sequence[Kind] | Kind,
    torch: str | Callable[..., Any] | None = None,
    scipy: str | Callable[..., Any] | None = None,
    definition: Callable[..., Any] | None = None,
    linear: bool = False,
    **more: Any,
) -> OwnOp:
    """One op of your own, judged against `definition` with proof, or without one against torch in float64.

    `arrays` are the kinds of the arguments, whose hazards it is tried on; `backward(grad_output, *arrays, **options)` returns
    one gradient for each (None for one that is not differentiable).  `torch` and `scipy` are functions or dotted names.
    `linear`, without a definition: every output is a sum of products of the arguments, and an error is measured against the
    sum of the products' absolute values; otherwise against the absolute value of the result.  Everything else (`options`,
    `variants`, `dtypes`, `without`, ...) is as in `parity.pair.Pair`.
    """
    kinds = (arrays,) if isinstance(arrays, Kind) else tuple(arrays)
    _check_name(op)
    _check_functions(op, forward=forward, backward=backward, definition=definition)
    _check_kinds(op, kinds)
    if torch is None and definition is None:
        raise OwnOpError(
            f"{op} has neither a torch reference nor a definition, so nobody can say what is right; "
            "give torch=FUNCTION (or its dotted name), definition=FUNCTION, or both."
        )
    if linear and definition is not None:
        raise OwnOpError(
            f"{op} has linear=True and a definition; leave `linear` out and mark the definition with @scaled(...)."
        )
    pair = _pair(op, kinds, torch, scipy, backward is not None, more)
    return OwnOp(pair, forward, backward, definition or TorchReferee(pair, linear, forward))


def _pair(op: str, kinds: tuple[Kind, ...], torch, scipy, differentiable: bool, more: dict[str, Any]) -> Pair:
    taken = ("op", "arrays", "torch", "scipy", "differentiable", "ours", "ours_backward")
    allowed = [name for name in inspect.signature(Pair).parameters if name not in taken]
    unknown = [name for name in more if name not in allowed]
    if unknown:
        known = ", ".join(["torch", "scipy", "definition", "linear", *allowed])
        raise OwnOpError(f"{op}: own_op has no parameter {unknown[0]!r}; allowed: {known}.")
    wrong = [d for d in more.get("dtypes", ()) if d not in DTYPES]
    if wrong:
        raise OwnOpError(f"{op}: {wrong[0]!r} is no dtype; allowed: {', '.join(DTYPES)}.")
    if len({k.shape for k in kinds if k.role == "float"}) > 1:  # how they depend on each other only its author knows
        more.setdefault("axes", ())
    return Pair(op, kinds, torch, scipy, differentiable=differentiable, **more)


def _check_name(op: Any) -> None:
    if not isinstance(op, str) or not NAME.fullmatch(op):
        raise OwnOpError(f"{op!r} cannot be the name of an op; write family.name in small letters, e.g. 'mine.rope'.")


def _check_functions(op: str, **functions: Any) -> None:
    for role, fn in functions.items():
        if not callable(fn) and (fn is not None or role == "forward"):
            raise OwnOpError(f"{op}: its {role} is {fn!r}, which cannot be called; give the function itself.")


def _check_kinds(op: str, kinds: Sequence[Any]) -> None:
    for kind in kinds:
        if not isinstance(kind, Kind):
            say = f'Data("{kind}", (3, 8))' if isinstance(kind, str) else 'Data("x", (3, 8))'
            what = f"the {type(kind).__name__} {kind!r}"
            raise OwnOpError(f"{op}: arrays has {what} where a kind belongs; write e.g. {say} (kinds: {KINDS}, ...).")
    names = [k.name for k in kinds]
    twice = {n for n in names if names.count(n) > 1}
    if twice or not names:
        what = f"two arrays named {min(twice)!r}" if twice else "no arrays"
        raise OwnOpError(f"{op} has {what}; give each argument one kind with a name of its own.")


# -- the referee where there is no definition ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class TorchReferee:
    """Finds the "truth" with the torch reference in float64: exact inputs, gradients by autograd, rounded once.  No proof.

    For float32 and narrower dtypes its own error is some 2^-29 of a unit or less, unless float64 itself overflows or cancels.
    For float64 it is no better than what it judges: a budget then says how far two float64 computations may be apart.
    """

    pair: Pair
    linear: bool = False
    ours: Callable[..., Any] | None = None
    """The user's forward: its signature says what the options are called and what their defaults are."""
    referee = "refereed by PyTorch in float64, without proof"
    kind = "general"

    def __post_init__(self):
        try:
            signature = inspect.signature(self.ours) if self.ours is not None else inspect.Signature()
        except (TypeError, ValueError):  # a function written in C that does not say
            signature = inspect.Signature()
        object.__setattr__(self, "__signature__", signature)

    def __call__(self, *arrays: Any, **options: Any) -> Any:
        """What the reference returns in float64: one array, or a tuple of them."""
        outputs = self._outputs(arrays, options)[1]
        return outputs[0] if len(outputs) == 1 else outputs

    def forward(self, arrays: Sequence[Any], options: dict, dtype: str) -> tuple[Truth, ...]:
        """Every output, rounded to `dtype`."""
        built, outputs = self._outputs(arrays, options)
        scales = self._asked(_terms, built, None)[0] if self.linear else [None] * len(outputs)
        return tuple(
            Truth(y) if y.dtype.kind in "iub" else _truth(y, s, dtype) for y, s in zip(outputs, scales, strict=True)
        )  # fmt: skip

    def backward(
        self, cotangents: Sequence[Any], arrays: Sequence[Any], options: dict, wanted: Sequence[bool], dtype: str
    ) -> tuple[Truth | None, ...]:
        """One gradient for each array, None where it is not wanted."""
        built = self._built(arrays, options)
        seeds = tuple(None if c is None else np.asarray(c, np.float64) for c in cotangents)
        found = self._asked(torch_backward, built, seeds)
        scales = self._asked(_terms, built, seeds)[1] if self.linear else [None] * len(found)
        return tuple(_truth(g, s, dtype) if w else None for g, s, w in zip(found, scales, wanted, strict=True))

    def output_shapes(self, arrays: Sequence[Any], options: dict) -> list[tuple[int, ...] | None]:
        """The shape of every output, None for one of integers, which has no cotangent."""
        return [None if y.dtype.kind in "iub" else y.shape for y in self._outputs(arrays, options)[1]]

    def source(self) -> str:
        """The text of the reference, or its dotted name."""
        return self.pair.torch if isinstance(self.pair.torch, str) else inspect.getsource(self.pair.torch)  # pyright: ignore

    def _built(self, arrays: Sequence[Any], options: dict) -> Built:
        kinds = self.pair.arrays
        wide = [np.asarray(a, np.float64) if _is_float(k, a) else a for k, a in zip(kinds, arrays, strict=True)]
        return Built(tuple(wide), kinds, (None,) * len(kinds), options)

    def _outputs(self, arrays: Sequence[Any], options: dict) -> tuple[Built, tuple[np.ndarray, ...]]:
        built = self._built(arrays, options)
        outputs = self._asked(torch_forward, built)
        for y in outputs:
            if y.dtype.kind not in "iub" and y.dtype != np.float64:
                raise OracleError(
                    f"{self.pair.op}: its torch reference returns {y.dtype} for float64 inputs, so it cannot be the referee; "
                    "make what it creates with dtype=x.dtype."
                )
        return built, outputs

    def _asked(self, ask: Callable[..., Any], built: Built, *rest: Any) -> Any:
        try:
            return ask(self.pair, built, *rest)
        except Exception as e:  # whatever torch or the user's function raises: there is no truth then
            raise OracleError(f"{self.pair.op}: its torch reference raised {_told(e)}, so nothing can be judged here.") from e


def _terms(pair: Pair, built: Built, seeds: Sequence[Any] | None) -> tuple[list, list]:
    """Scales: for an output sum_j |dy/da_j| |a_j|, the largest of all arguments a; for a gradient sum_k |dy_k/da| |seed_k|.

    For a sum of products these are the sums of the products' absolute values, whatever signs the reference writes.
    """
    import torch

    tensors = [to_tensor(a) for a in built.arrays]
    leaves = [i for i, (k, a) in enumerate(zip(built.kinds, built.arrays, strict=True)) if _is_float(k, a)]
    for i in leaves:
        tensors[i] = tensors[i].detach().requires_grad_()
    outputs = _torch_call(pair, tensors, dict(built.options))
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    above = [np.zeros(tuple(y.shape)) for y in outputs]
    below = [np.zeros(np.shape(a)) if i in leaves else None for i, a in enumerate(built.arrays)]
    for n, y in enumerate(outputs):
        for k, one in enumerate(y.reshape(-1) if y.requires_grad else ()):
            found = torch.autograd.grad(one, [tensors[i] for i in leaves], retain_graph=True, allow_unused=True)
            for i, g in ((i, abs(to_array(g))) for i, g in zip(leaves, found, strict=True) if g is not None):
                above[n].reshape(-1)[k] = np.fmax(above[n].reshape(-1)[k], _product(g, abs(built.arrays[i])).sum())
                if seeds is not None and seeds[n] is not None:
                    below[i] += _product(g, abs(seeds[n].reshape(-1)[k]))
    return above, below


def _is_float(kind: Kind, array: Any) -> bool:
    return kind.role == "float" and isinstance(array, np.ndarray)


@np.errstate(all="ignore")
def _product(a: np.ndarray, b: Any) -> np.ndarray:
    """The product, where nothing times infinity is nothing: a path that carries no derivative carries no error."""
    return np.where((a == 0) | (np.asarray(b) == 0), 0.0, a * b)


@np.errstate(all="ignore")
def _truth(exact: np.ndarray, scale: Any, dtype: str) -> Truth:
    """A float64 result, rounded once; its scale is at least its own size."""
    own = np.abs(exact)
    wide = own if scale is None else np.fmax(own, np.where(np.isnan(scale), own, scale))
    return Truth(nearest(exact, np.zeros_like(exact), dtype), exact, np.zeros_like(exact), wide)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__} ({' '.join(str(error).split())[:300]})"


# -- making them known ---------------------------------------------------------------------------------------------------------
def register(*ops: OwnOp, trial: bool = True) -> tuple[str, ...]:
    """Make ops known to every command and function of parity, and return their names; one of the same name is replaced.

    `trial`: call their functions once on the ordinary case, so that a mistake of the declaration is one sentence now.
    """
    from parity import loader

    loader.register(*ops)
    try:
        for own in ops if trial else ():
            _try(own)
    except ParityError:
        loader.forget(*(own.pair.op for own in ops))
        raise
    return tuple(own.pair.op for own in ops)


def load_ops(paths: str | Path | Iterable[str | Path], *, trial: bool = True) -> tuple[str, ...]:
    """Register the ops of Python files that each define a list OPS, and return their names."""
    files = [paths] if isinstance(paths, (str, Path)) else list(paths)
    found = [own for path in files for own in _read(Path(path))]
    files_of: dict[str, str] = {}
    for own in found:
        name = own.pair.op
        if name in files_of:
            raise OwnOpError(f"{name} is declared twice, in {files_of[name]} and {own.file}; rename one of them.")
        files_of[name] = own.file
    return register(*found, trial=trial)


def _read(path: Path) -> list[OwnOp]:
    from parity.guest.loading import CannotLoad, from_file

    try:
        module = from_file(str(path))
    except CannotLoad as e:
        raise OwnOpError(f"{path}: {e.__cause__}" if isinstance(e.__cause__, ParityError) else str(e)) from e
    ops = getattr(module, "OPS", None)
    if not isinstance(ops, (list, tuple)) or not ops or not all(isinstance(own, OwnOp) for own in ops):
        what = "has no OPS" if ops is None else f"has OPS = {ops!r}"
        raise OwnOpError(f"{path} {what}; it must define a list of own ops: OPS = [{EXAMPLE}].")
    return [replace(own, file=str(path.resolve())) for own in ops]


# -- the trial -----------------------------------------------------------------------------------------------------------------
def _try(own: OwnOp) -> None:
    """Ask everybody once, at the ordinary case: the reference first, for it says how many outputs there are."""
    from parity.cases import build

    pair, dtype = own.pair, own.pair.dtypes[0]
    built = build(pair, Case("ordinary"), dtype)
    shapes = ", ".join(f"{k.name} {np.shape(a)}" for k, a in zip(built.kinds, built.arrays, strict=True))
    where = f"on the ordinary {dtype} case ({shapes})"
    asked = "It is called with one tensor for each array, in order, and with the options by name."
    if pair.torch is not None:
        _guard(f"{pair.op}: its torch reference", where, asked, torch_forward, pair, built)
    e = _guard(f"{pair.op}: its definition", where, "It must use what balls can do, as parity/definitions do.", _prepared, own)
    outputs = _guard(f"{pair.op}: its forward", where, "It is called as fn(*arrays, **options).", _called, e, own.forward)
    _counted(pair.op, "forward", outputs, len(e.cotangents), "outputs, as many as the referee")
    if own.backward is not None:
        usage = "It is called as fn(grad_output, *arrays, **options)."
        gradients = _guard(f"{pair.op}: its backward", where, usage, _called, replace(e, direction="backward"), own.backward)
        names = ", ".join(k.name for k in pair.arrays)
        _counted(
            pair.op, "backward", gradients, len(pair.arrays), f"gradients, one for each of {names} (None where there is none)"
        )


def _guard(who: str, where: str, usage: str, fn: Callable[..., Any], *args: Any) -> Any:
    try:
        return fn(*args)
    except Exception as e:  # the user's code: its error becomes a sentence
        cause = e.__cause__ if isinstance(e, OracleError) and e.__cause__ is not None else e
        if isinstance(e, OracleError) and cause is e:
            raise OwnOpError(str(e)) from e
        raise OwnOpError(f"{who} raised {_told(cause)} {where}. {usage}") from e


def _prepared(own: OwnOp) -> Any:
    """The ordinary case, with a cotangent for each output (which the definition is asked for)."""
    from parity.evaluate import prepare

    return replace(prepare(own.pair, Case("ordinary"), own.pair.dtypes[0], "backward"), direction="forward")


def _called(e: Any, fn: Callable[..., Any]) -> tuple:
    from parity.evaluate import call

    return as_tuple(call(e, fn))


def _counted(op: str, role: str, found: Sequence[Any], expected: int, what: str) -> None:
    if len(found) != expected:
        raise OwnOpError(
            f"{op}: its {role} returned {len(found)} where it must return {expected} {what}; return a tuple of them."
        )
