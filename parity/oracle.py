"""The truth: evaluates a definition, its gradient and its error scale in ball arithmetic, and rounds once.

Precision is raised until every result's ball rounds to one number of the dtype.  That is a proof, not a guess; where
it cannot be had, `OracleError` says so: nothing is judged against an unproven value.
"""

from __future__ import annotations

import functools
import gc
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, ctx

from parity.formats import DTYPES
from parity.pair import as_tuple
from parity.real import Real, Tape, Undecided, _multiply
from parity.rounding import is_proven, nearest, split

PRECISIONS = (128, 320, 1280, 5120, 20480)


class OracleError(RuntimeError):
    """The definition gave no proven value; the sentence says which and why."""


@dataclass(frozen=True)
class Truth:
    """The exact result `hi + lo`, its rounding `value`, and the scale that one unit of error is measured in.

    For integer and boolean results only `value` is set.  `zero_sign` is -1 or 1 where the sign of a zero is stated.
    """

    value: np.ndarray
    hi: np.ndarray | None = None
    lo: np.ndarray | None = None
    scale: np.ndarray | None = None
    zero_sign: np.ndarray | None = None


Arrays = Sequence[Any]


def quiet(evaluate):
    """Be quiet, and pause Python's cycle collector: a tape has no cycles, and walking a million numbers halves the speed."""

    @functools.wraps(evaluate)
    def paused(*args, **named):
        was_on = gc.isenabled()
        gc.disable()
        try:
            with np.errstate(all="ignore"):  # conventions are stated in float64 and may meet inf and nan
                return evaluate(*args, **named)
        finally:
            if was_on:
                gc.enable()

    return paused


@quiet
def forward(definition: Any, arrays: Arrays, options: dict, dtype: str) -> tuple[Truth, ...]:
    """The truth of every output of `definition(*arrays, **options)`, rounded to `dtype`."""
    if hasattr(definition, "referee"):  # an own op without a definition (`own.TorchReferee`): it says what is right, unproven
        return definition.forward(arrays, options, dtype)
    kind = getattr(definition, "kind", "general")
    if kind == "movement":
        return tuple(_moved(r) for r in as_tuple(definition(*arrays, **options)))
    if kind == "elementwise":
        return (_elementwise(definition, arrays[0], options, dtype, None),)
    results = _resolve(lambda: outputs(definition, arrays, options), dtype)
    return _finish(results, definition, "forward", (arrays, options), dtype)


@quiet
def backward(
    definition: Any, cotangents: Arrays, arrays: Arrays, options: dict, wanted: Sequence[bool], dtype: str
) -> tuple[Truth | None, ...]:
    """The truth of the vector-Jacobian product, one gradient for each array (None where it is not wanted)."""
    if hasattr(definition, "referee"):
        return definition.backward(cotangents, arrays, options, wanted, dtype)
    if getattr(definition, "kind", "general") == "elementwise":
        return (_elementwise(definition, arrays[0], options, dtype, cotangents[0]),)
    paths: list = []

    def attempt():
        gradients, magnitudes = reverse(definition, cotangents, arrays, options, wanted)
        paths[:] = magnitudes
        return gradients

    results = _resolve(attempt, dtype)
    if any(c is not None and not np.all(c) for c in cotangents):
        results = _with_nothing(results, definition, cotangents, arrays, options, wanted)
    kept = [i for i, w in enumerate(wanted) if w]
    truths = _finish(results, definition, "backward", (arrays, options, cotangents, kept, paths), dtype)
    return tuple(truths[kept.index(i)] if w else None for i, w in enumerate(wanted))


def _with_nothing(results, definition, cotangents, arrays, options, wanted):
    """The gradients, nan where a cotangent of 0 meets a slope that is infinite or nan: 0 times it, whoever multiplies."""
    alone = [None if c is None else np.where(np.asarray(c) == 0, 1.0, 0.0) for c in cotangents]
    slopes = decided(lambda: reverse(definition, alone, arrays, options, wanted, magnitudes=False)[0])
    odd = [~np.isfinite(floats(s)) for s in slopes]
    return [(np.where(o, np.nan, hi), np.where(o, 0.0, lo), slack) for o, (hi, lo, slack) in zip(odd, results, strict=True)]


@quiet
def output_shapes(definition: Any, arrays: Arrays, options: dict) -> list[tuple[int, ...] | None]:
    """The shape of every output of a definition, None for one of integers, which has no cotangent."""
    if hasattr(definition, "referee"):
        return definition.output_shapes(arrays, options)
    kind = getattr(definition, "kind", "general")
    if kind == "elementwise":
        return [arrays[0].shape]
    if kind == "movement":
        results = [np.asarray(r) for r in as_tuple(definition(*arrays, **options))]
    else:
        results = decided(lambda: outputs(definition, arrays, options))
    return [None if r.dtype.kind in "iub" else r.shape for r in results]


# -- evaluating --------------------------------------------------------------------------------------------------------
def to_reals(array):
    """A float array as an object array of exact `Real`s; anything else unchanged."""
    if not isinstance(array, np.ndarray) or array.dtype.kind in "iubO":
        return array
    out = np.empty(array.shape, object)
    out.reshape(-1)[:] = [Real(arb(v)) for v in array.astype(np.float64).reshape(-1).tolist()]
    return out


def outputs(definition, arrays, options) -> list[np.ndarray]:
    """Every output: integers, or an object array of `Real`s."""
    return [_as_output(r) for r in as_tuple(definition(*map(to_reals, arrays), **options))]


def _as_output(result) -> np.ndarray:
    """A result as an integer/boolean array, or as an object array of `Real`s."""
    out = np.asarray(result)
    if out.dtype.kind in "iub":
        return out
    reals = np.empty(out.shape, object)
    reals.reshape(-1)[:] = [r if isinstance(r, Real) else Real(r) for r in out.reshape(-1).tolist()]
    return reals


def reverse(definition, cotangents, arrays, options, wanted, magnitudes=True):
    """One backward sweep over the tape: gradients, and (with `magnitudes`) the same sums, every product in absolute value."""
    leaves = [to_reals(a) for a in arrays]
    Tape.records = records = []
    try:
        outputs = [_as_output(r) for r in as_tuple(definition(*leaves, **options))]
    finally:
        Tape.records = None
    for out, dy in zip(outputs, cotangents, strict=True):
        if out.dtype == object and dy is not None:
            for node, seed in zip(out.reshape(-1), to_reals(np.asarray(dy)).reshape(-1).tolist(), strict=True):
                _flow(node, seed.value, abs(seed.value))
    (_sweep if magnitudes else _sweep_gradients)(reversed(records))
    kept = [leaf for leaf, w in zip(leaves, wanted, strict=True) if w]
    return [_gather(leaf, "gradient") for leaf in kept], [_gather(leaf, "magnitude") for leaf in kept if magnitudes]


def _sweep(nodes):
    """No flow, no contribution: an exact zero stays zero whatever the partial derivative is."""
    for node in nodes:
        flow, size = node.gradient, node.magnitude
        if flow is None:
            continue
        no_flow, no_size = flow.is_zero(), size.is_zero()
        if no_flow and no_size:
            continue
        for parent, partial in node.edges:
            _flow(parent, flow if no_flow else _multiply(flow, partial), size if no_size else abs(_multiply(size, partial)))


def _sweep_gradients(nodes):
    for node in nodes:
        flow = node.gradient
        if flow is None or flow.is_zero():
            continue
        for parent, partial in node.edges:
            more = _multiply(flow, partial)
            parent.gradient = more if parent.gradient is None else parent.gradient + more


def _flow(node: Real, gradient, magnitude) -> None:
    node.gradient = gradient if node.gradient is None else node.gradient + gradient
    node.magnitude = magnitude if node.magnitude is None else node.magnitude + magnitude


def _gather(leaf: np.ndarray, name: str) -> np.ndarray:
    out = np.empty(leaf.shape, object)
    out.reshape(-1)[:] = [Real(v if (v := getattr(r, name)) is not None else arb(0)) for r in leaf.reshape(-1).tolist()]
    return out


# -- rounding, with proof ----------------------------------------------------------------------------------------------
def _resolve(attempt: Callable[[], list], dtype: str) -> list:
    """`attempt` at rising precision until each of its outputs is proven; object outputs become (hi, lo) pairs."""
    before = ctx.prec
    try:
        for precision in PRECISIONS:
            ctx.prec = precision
            try:
                outputs = attempt()
            except Undecided:
                continue
            results = [_halves(out) if out.dtype == object else out for out in outputs]
            if all(isinstance(r, np.ndarray) or is_proven(*r, dtype).all() for r in results):
                return results
    finally:
        ctx.prec = before
    raise OracleError(f"The definition is undecided with {PRECISIONS[-1]} bits; state a convention for this input.")


def _halves(out: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = np.array([split(r.value) for r in out.reshape(-1).tolist()], np.float64).reshape(-1, 3)
    return tuple(parts[:, k].reshape(out.shape) for k in range(3))  # pyright: ignore[reportReturnType]


def floats(out: np.ndarray) -> np.ndarray:
    """|values| of an object array as float64, rounded to nearest; infinite beyond the range, where a scale judges nothing but
    which results are nan and which infinite.
    """
    flat = [abs(float(r.value if isinstance(r, Real) else r)) for r in np.asarray(out, object).reshape(-1)]
    return np.array(flat, np.float64).reshape(np.shape(out))


def _finish(results, definition, direction, context, dtype) -> tuple[Truth, ...]:
    """Conventions, rounding and scale."""
    his = [r if isinstance(r, np.ndarray) else r[0] for r in results]
    los = [None if isinstance(r, np.ndarray) else r[1] for r in results]
    _apply_convention(his, los, definition, direction, context)
    scales = _scales(his, definition, direction, context)
    return tuple(
        Truth(hi) if lo is None else Truth(nearest(hi, lo, dtype), hi, lo, _safe(scale, hi))
        for hi, lo, scale in zip(his, los, scales, strict=True)
    )


def _safe(scale, hi):
    """A scale is never nan, and never smaller than the smallest meaning it can have; 0 leaves the quantum as floor."""
    own = np.minimum(np.abs(hi), np.finfo(np.float64).max)
    return np.where(np.isnan(scale), np.nan_to_num(own), scale)


def _apply_convention(his, los, definition, direction, context) -> None:
    fix = getattr(definition, f"{direction}_convention", None)
    if fix is None:
        return
    arrays, options = context[:2]
    plain = [a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype.kind not in "iubO" else a for a in arrays]
    before = [h.copy() for h in his]
    if direction == "forward":
        fix(his, *plain, **options)
    else:
        cotangents, kept = context[2], context[3]
        full: list = [None] * len(arrays)
        for i, h in zip(kept, his, strict=True):
            full[i] = h
        seed = [None if c is None else np.asarray(c, np.float64) for c in cotangents]
        fix(full, seed[0] if len(seed) == 1 else tuple(seed), *plain, **options)
    for h, lo, b in zip(his, los, before, strict=True):
        if lo is not None:
            lo[(h != b) & ~(np.isnan(h) & np.isnan(b))] = 0.0


def _scales(his, definition, direction, context):
    how = getattr(definition, f"{direction}_scale", "value" if direction == "forward" else "paths")
    arrays, options = context[:2]
    if how == "value":
        return [np.abs(h) for h in his]
    if how == "paths":
        return [floats(m) for m in context[4]]
    absolute = [np.asarray(np.abs(a)) if is_float(a) else a for a in arrays]
    if direction == "forward":
        evaluate = (lambda: outputs(definition, absolute, options)) if how == "absolute" else None
        return _scale_of(evaluate or (lambda: outputs(how, arrays, options)), his)
    cotangents, kept = context[2], context[3]
    if how == "absolute":
        wanted = [i in kept for i in range(len(arrays))]
        seeds = [None if c is None else np.asarray(np.abs(c)) for c in cotangents]
        return _scale_of(lambda: reverse(definition, seeds, absolute, options, wanted)[1], his)
    seeds = [to_reals(c) for c in cotangents]
    dy = seeds[0] if len(seeds) == 1 else tuple(seeds)

    def scales():
        found = as_tuple(how(dy, *map(to_reals, arrays), **options))
        return [_as_output(found[i]) for i in kept]

    return _scale_of(scales, his)


def is_float(a: Any) -> bool:
    """Whether something is an array of floats."""
    return isinstance(a, np.ndarray) and a.dtype.kind not in "iubO"


def _scale_of(evaluate, his):
    """The scale as float64 arrays of the results' shapes."""
    return [np.broadcast_to(floats(s), h.shape) for s, h in zip(decided(evaluate), his, strict=True)]


def decided(evaluate):
    """The result of `evaluate` at the first precision at which it can decide all its comparisons."""
    before = ctx.prec
    try:
        for precision in PRECISIONS:
            ctx.prec = precision
            try:
                return evaluate()
            except Undecided:
                continue
    finally:
        ctx.prec = before
    raise OracleError("A shape or a scale of this op is undecided; state it without comparisons that tie.")


# -- elementwise and movement ------------------------------------------------------------------------------------------
def _moved(result) -> Truth:
    value = np.asarray(result)
    if value.dtype.kind in "iub":
        return Truth(value)
    hi = value.astype(np.float64)
    return Truth(value, hi, np.zeros_like(hi), np.abs(hi), np.where(np.signbit(hi), -1, 1))


@np.errstate(all="ignore")
def _elementwise(definition, x: np.ndarray, options: dict, dtype: str, cotangent) -> Truth:
    """Each distinct finite input once; infinities, poles and nan from the definition's stated limits."""
    flat = x.astype(np.float64).reshape(-1)
    seeds, nothing = None, np.zeros(flat.shape, bool)
    if cotangent is not None:  # 0 times an infinite slope is nan, whoever multiplies
        seeds = np.asarray(cotangent).astype(np.float64).reshape(-1)
        nothing = seeds == 0
        seeds = np.where(nothing, 1.0, seeds)
    limits = getattr(definition, "limits", {})
    if callable(limits):
        limits = limits(**options)
    points = {k: (flat == k) & (np.signbit(flat) == (math.copysign(1.0, k) < 0)) for k in limits}
    stated = np.logical_or.reduce([np.isnan(flat), *points.values()])
    hi, lo = np.full(flat.shape, np.nan), np.zeros(flat.shape)
    sign = np.zeros(flat.shape, np.int8)
    regular = np.flatnonzero(~stated)
    if np.isinf(flat[regular]).any():
        raise OracleError(f"{definition.__name__} states no limit at an infinity; add it to its `limits`.")
    if regular.size:
        different, which = (flat[regular], slice(None)) if seeds is not None else np.unique(flat[regular], return_inverse=True)
        halves = _regular(definition, different, options, None if seeds is None else seeds[regular], dtype)
        hi[regular], lo[regular] = halves[0][which], halves[1][which]
    for point, (value, derivative) in limits.items():
        where = points[point]
        with np.errstate(all="ignore"):
            hi[where] = value if seeds is None else derivative * seeds[where]
        lo[where] = 0.0
        if value == 0 and seeds is None:
            sign[where] = -1 if math.copysign(1.0, value) < 0 else 0
    odd = getattr(definition, "odd", False)
    if (odd(**options) if callable(odd) else odd) and seeds is None:
        zero = flat == 0
        sign[zero] = np.where(np.signbit(flat[zero]), -1, 1)
    hi[nothing], lo[nothing] = 0.0 * hi[nothing], 0.0
    shaped = [a.reshape(x.shape) for a in (hi, lo, np.abs(hi), sign)]
    return Truth(nearest(shaped[0], shaped[1], dtype), shaped[0], shaped[1], shaped[2], shaped[3])


def _regular(definition, flat, options, seeds, dtype):
    """(hi, lo) at finite inputs; only the elements that are not yet proven go to higher precision."""
    hi, lo = np.empty(flat.shape), np.empty(flat.shape)
    open_ = np.arange(flat.size)
    before = ctx.prec
    try:
        for precision in PRECISIONS:
            ctx.prec = precision
            parts, stuck = _attempt_each(definition, flat[open_], options, None if seeds is None else seeds[open_])
            hi[open_], lo[open_] = parts[0], parts[1]
            proven = is_proven(*parts, dtype) & ~stuck
            open_ = open_[~proven]
            if not open_.size:
                return hi, lo
    finally:
        ctx.prec = before
    raise OracleError(f"{definition.__name__} could not be decided at x = {flat[open_[0]]!r}; state its limit there.")


def _attempt_each(definition, flat, options, seeds):
    """One evaluation of all elements; if one of them is undecided, one by one."""

    def evaluate(values, cotangents):
        if cotangents is None:
            return outputs(definition, [values], options)[0]
        return reverse(definition, [cotangents], [values], options, [True], magnitudes=False)[0][0]

    try:
        return _halves(evaluate(flat, seeds)), np.zeros(flat.shape, bool)
    except Undecided:
        if flat.size == 1:
            return (np.zeros(1), np.zeros(1), np.full(1, np.inf)), np.ones(1, bool)
    half = flat.size // 2
    left = _attempt_each(definition, flat[:half], options, None if seeds is None else seeds[:half])
    right = _attempt_each(definition, flat[half:], options, None if seeds is None else seeds[half:])
    return tuple(np.concatenate(p) for p in zip(left[0], right[0], strict=True)), np.concatenate([left[1], right[1]])


def dtype_of(name: str) -> np.dtype:
    """NumPy's dtype of one of the four names."""
    return DTYPES[name]
