"""Runs the parties of one case: ours (or a candidate), the references, the truth.  No judging, no printing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity import oracle
from parity.cases import Built, Case, build, cotangent, generator
from parity.check.contract import refusal_of
from parity.earlier import KEPT, asked_before
from parity.inputs.arguments import in_form
from parity.loader import definition, gradient, implementation
from parity.oracle import Truth
from parity.pair import Pair, as_tuple
from parity.placing import optional
from parity.references import scipy_forward, torch_backward, torch_forward
from parity.truth.beside import Beside
from parity.truth.cache import TruthCache, key_of


@dataclass(frozen=True)
class Party:
    """What one party returned, or the sentence of why it returned nothing.

    `notes` are remarks that are no errors: (kind, sentence).  `again` is what a second call with the same input returned,
    where it differed from the first.
    """

    outputs: tuple[Any, ...] = ()
    error: str = ""
    error_type: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    again: tuple[Any, ...] | None = None
    refusal: str = ""
    """What kind of refusal the error is: one of `parity.check.contract.REFUSALS`, or none."""


@dataclass(frozen=True)
class Implementation:
    """The functions that stand for "ours": the library's own, or a candidate's."""

    forward: Callable[..., Any] | None
    backward: Callable[..., Any] | None


@dataclass
class Evaluation:
    """One case in one dtype and direction, with what each party made of it (evaluated when first asked for)."""

    pair: Pair
    case: Case
    dtype: str
    direction: str
    built: Built
    cotangents: tuple[np.ndarray | None, ...] = ()
    truths: tuple[Truth | None, ...] = ()
    parties: dict[str, Party] = field(default_factory=dict)

    def party(self, name: str, ours: Implementation) -> Party:
        """What "ours", "torch" or "scipy" returns."""
        if name not in self.parties:
            self.parties[name] = _run(self, name, ours)
        return self.parties[name]


def library(pair: Pair) -> Implementation:
    """Our own functions for this pair."""
    return Implementation(implementation(pair), gradient(pair))


def prepare(pair: Pair, case: Case, dtype: str, direction: str) -> Evaluation:
    """Build the case; the truth is not known yet (a candidate is asked before it is)."""
    built = build(pair, case, dtype)
    if direction == "forward":
        return Evaluation(pair, case, dtype, direction, built)
    shapes = _output_shapes(pair.op, built if case.usual is None else build(pair, case.usual, dtype))
    cotangents = tuple(None if shape is None else cotangent(pair, case, shape, i, dtype) for i, shape in enumerate(shapes))
    return Evaluation(pair, case, dtype, direction, built, cotangents)


_shapes: dict[Any, list[tuple[int, ...] | None]] = {}


def _output_shapes(op: str, built: Built) -> list[tuple[int, ...] | None]:
    """The shapes of the outputs, found once for the same definition, shapes and options."""
    key = _shape_key(op, built)
    if key not in _shapes:
        _shapes[key] = oracle.output_shapes(definition(op), list(built.arrays), dict(built.options))
    return _shapes[key]


def _shape_key(op: str, built: Built) -> Any:
    given = tuple((a.shape, a.dtype.kind) if isinstance(a, np.ndarray) else repr(a) for a in built.arrays)
    return id(definition(op)), op, given, repr(sorted(built.options.items()))


def find_truth(e: Evaluation, kept: TruthCache | None = None, beside: Beside | None = None) -> Evaluation:
    """Find the truth of a prepared evaluation (in place; returned for convenience), or take it from those that are kept.

    What must be refused has none.
    """
    if e.case.refused:
        return e
    arrays = list(e.built.arrays)  # for noise, the drawn array
    compute = lambda: truths_of(e, arrays, e.cotangents)  # noqa: E731
    if kept is None:
        e.truths = compute()
    else:
        key = _key(e)
        found = compute if beside is None else lambda: beside.take(key, compute)
        e.truths = kept.find(key, found, frozen=not e.case.salt)
    if e.direction == "forward":  # the gradient of the same case is next
        _shapes[_shape_key(e.pair.op, e.built)] = [None if t.hi is None else t.value.shape for t in e.truths]
    return e


def find_beside(e: Evaluation, kept: TruthCache, beside: Beside) -> None:
    """Have the truth of a prepared evaluation found in another process, where it is not known yet."""
    if e.case.refused:
        return
    key = _key(e)
    if not kept.knows(key):
        options = dict(e.built.options)
        arrays = list(e.built.arrays)
        compute = lambda: truths_of(e, arrays, e.cotangents)  # noqa: E731
        beside.ask(key, compute, e.pair.op, e.direction, e.dtype, arrays, e.cotangents, options)


def _key(e: Evaluation) -> bytes:
    wanted = [k.differentiable for k in e.built.kinds]
    return key_of(e.direction, e.dtype, sorted(e.built.options.items()), wanted, *e.built.arrays, *e.cotangents)


def truths_of(e: Evaluation, arrays: list[Any], cotangents: tuple[np.ndarray | None, ...]) -> tuple[Truth | None, ...]:
    """The truth of an evaluation with these arrays and cotangents in place of its own."""
    define, options = definition(e.pair.op), dict(e.built.options)
    if e.direction == "forward":
        return _canonical(e.pair, oracle.forward(define, arrays, options, e.dtype))
    wanted = [k.differentiable and a is not None for k, a in zip(e.built.kinds, arrays, strict=True)]
    return oracle.backward(define, cotangents, arrays, options, wanted, e.dtype)


def evaluate(pair: Pair, case: Case, dtype: str, direction: str, kept: TruthCache | None = None) -> Evaluation:
    """Build the case and find the truth, or take it from those that are kept."""
    return find_truth(prepare(pair, case, dtype, direction), kept)


def _canonical(pair: Pair, truths):
    """The truth in canonical form, where the answer is unique only up to something."""
    if pair.canonical is None:
        return truths
    values = [t.hi if t.hi is not None else t.value for t in truths]
    fixed = as_tuple(pair.canonical(*values))
    out = []
    for t, v in zip(truths, fixed, strict=True):
        flipped = np.signbit(v) != np.signbit(t.hi)
        sign = np.where(flipped, -1.0, 1.0)
        out.append(Truth((t.value * sign.astype(t.value.dtype)), t.hi * sign, t.lo * sign, t.scale, t.zero_sign))
    return tuple(out)


def call(e: Evaluation, fn: Callable[..., Any], adapter: Callable[..., Any] | None = None):
    """Call an implementation as the pair (or `adapter`) says, with a fresh Generator for noise, options by keyword."""
    built = e.built
    arrays = [generator(s) if s is not None else a for a, s in zip(built.arrays, built.seeds, strict=True)]
    arrays = [in_form(a, e.case.given.get(k.name, "")) for a, k in zip(arrays, built.kinds, strict=True)]
    grad = () if e.direction == "forward" else (e.cotangents[0] if len(e.cotangents) == 1 else e.cotangents,)
    with np.errstate(all="ignore"):
        return (adapter or e.pair.call)(fn, grad, _trimmed(arrays), dict(built.options))


def _trimmed(arrays: list) -> list:
    while arrays and arrays[-1] is None:
        arrays = arrays[:-1]
    return arrays


def _run(e: Evaluation, name: str, ours: Implementation) -> Party:
    return _ours(e, ours) if name == "ours" else run_party(e, name)


def run_party(e: Evaluation, name: str) -> Party:
    """What a reference ("torch" or "scipy") returns, whatever was asked before."""
    try:
        if name == "torch":
            found = (
                torch_forward(e.pair, e.built) if e.direction == "forward" else torch_backward(e.pair, e.built, e.cotangents)
            )
        else:
            found = scipy_forward(e.pair, e.built)
    except Exception as error:  # a reference that raises is a finding, not the end of the run
        return Party(error=f"raised {type(error).__name__}: {_one_line(error)}", error_type=type(error).__name__)
    if e.pair.canonical is not None and e.direction == "forward":
        found = as_tuple(e.pair.canonical(*found))
    return Party(tuple(found))


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:197] + "..."


def _ours(e: Evaluation, ours: Implementation) -> Party:
    return structured(e, ask(e, ours))


def ask(e: Evaluation, ours: Implementation) -> Party:
    """Our outputs, with inputs read-only (but for one case), compared with copies afterwards, and not aliased by results.

    (The truth need not be known; `structured` then says whether the outputs are as many as they should be.)
    """
    fn = ours.forward if e.direction == "forward" else ours.backward
    if fn is None:
        return Party(error="has no function for this direction", error_type="missing")
    inputs = [a for a in (*e.built.arrays, *e.cotangents) if isinstance(a, np.ndarray)]
    earlier = asked_before(e, prepare, lambda other: call(other, fn))
    copies = [a.tobytes() for a in inputs]
    for a in inputs:  # the ordinary case is writable, for code that looks before it writes
        a.flags.writeable = e.case.name == "ordinary" and a.flags.owndata
    try:
        result = call(e, fn)
    except Exception as error:
        what = "writes into its input" if "read-only" in str(error) else "raised"
        said = f"{what} {type(error).__name__}: {_one_line(error)}"
        return Party(error=said, error_type=type(error).__name__, refusal=refusal_of(error, fn))
    if any(a.tobytes() != c for a, c in zip(inputs, copies, strict=True)):
        _restore(inputs, copies)
        return Party(error="changed its input; work on a copy", error_type="mutation")
    outputs = as_tuple(result)
    if not may_share(e.pair) and any(
        isinstance(out, np.ndarray) and np.shares_memory(out, a) for out in outputs for a in inputs if a.size
    ):
        return Party(error=ALIAS, error_type="alias")
    return Party(error=KEPT, error_type="kept") if earlier.changed() else Party(outputs)


ALIAS = "returned an array that shares memory with its input; return a new one"


def may_share(pair: Pair) -> bool:
    """Whether the op's result may be a view of its input."""
    return pair.view


def _restore(inputs, copies) -> None:
    """Undo what a candidate wrote, for the parties that come after it."""
    for a, c in zip(inputs, copies, strict=True):
        a.flags.writeable = True
        a[...] = np.frombuffer(c, a.dtype).reshape(a.shape)


def structured(e: Evaluation, party: Party) -> Party:
    """The party's outputs, as many as there should be and in canonical form; or what is wrong with their number."""
    if party.error or e.case.refused:
        return party
    outputs = party.outputs
    expected = len(e.truths) if e.direction == "forward" else len(e.built.arrays)
    if e.direction == "backward":
        rest = zip(e.built.kinds[len(outputs) :], e.truths[len(outputs) :], strict=True)
        outputs += (None,) * (expected - len(outputs)) if all(t is None or k.name in optional(e.pair) for k, t in rest) else ()
    if len(outputs) != expected:
        what = "outputs" if e.direction == "forward" else "gradients, one for each array (None where there is none)"
        error = f"returned {len(outputs)} where {expected} {what} are expected"
        return replace(party, outputs=(), error=error, error_type="structure")
    if e.pair.canonical is not None and e.direction == "forward":
        outputs = as_tuple(e.pair.canonical(*outputs))
    return replace(party, outputs=outputs)
