"""Mistakes that look like another question: another value of an option, another axis."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from parity.causes.claims import Claim, verified
from parity.causes.comparing import agrees, evidence, passed, real_arrays
from parity.causes.diagnosis import Diagnosis, Predict
from parity.loader import definition, implementation

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

AXES = ("axis", "dim", "axis_a", "axis_b")
USUAL = {"correction": (0, 1), "eps": (0.0, 1e-5), "reduction": ("mean", "sum", "none"), "alpha": (1.0,), "beta": (1.0,)}
TRIED = 24


def another_option(d: Diagnosis) -> Iterator[Claim]:
    """It answers as if an option had another value."""
    asked = dict(d.seen.evaluation.built.options)
    for p, value in _tries(d, asked)[:TRIED]:
        kind = "axis" if p.name in AXES else f"option {p.name}"
        claim = Claim(kind, "", _with_option(d, p.name, value))
        if verified(d, claim):
            yield replace(claim, sentence=_option_sentence(p, value, asked, _default_is_another(d, p, asked)))


def _default_is_another(d: Diagnosis, p: inspect.Parameter, asked) -> bool:
    """Whether it is right where the option is given, with the value that is its default."""
    if p.name in asked or p.default is inspect.Parameter.empty:
        return False
    case = d.plain_case("cause")
    return passed(d.probe(replace(case, options={**case.options, p.name: p.default})))


def wrong_axis(d: Diagnosis) -> Iterator[Claim]:
    """It works along another axis, which shows as an error, or as another shape, unless all axes have one length."""
    if d.seen.party.error_type in ("", "ValueError", "IndexError", "AxisError") and not d.ordinary and len(d.square) == 2:
        asked = dict(d.square[0].evaluation.built.options)
        for p, value in _tries(d, asked):
            if p.name in AXES:
                predict = _with_option(d, p.name, value)
                yield Claim("axis", _option_sentence(p, value, asked, False), predict, shows=_on_squares(d, predict))


def _on_squares(d: Diagnosis, predict: Predict):
    """Whether the prediction comes true at two inputs whose axes have one length; at others the shapes may forbid it."""

    def shows(seen: Seen) -> bool:
        found = [(s, predict(s)) for s in d.square]
        if not all(agrees(s.party.outputs, w, s.evaluation.dtype) and evidence(s, w) for s, w in found):
            return False
        if seen.party.error:
            shape = seen.evaluation.truths[0].value.shape if seen.evaluation.truths[0] is not None else ()
            return len(set(shape)) > 1 or len({n for a in real_arrays(seen.evaluation).values() for n in a.shape}) > 1
        wanted = predict(seen)
        return wanted is not None and agrees(seen.party.outputs, wanted, seen.evaluation.dtype)

    return shows


def _tries(d: Diagnosis, asked) -> list[tuple[inspect.Parameter, Any]]:
    """Other values of the options, the defaults first; what only the pair's adapter knows is no option of a candidate."""
    names = {k.name for k in d.pair.arrays}
    parameters = [p for n, p in inspect.signature(definition(d.check.op)).parameters.items() if n not in names]
    if d.pair.has_own_call:
        known = inspect.signature(implementation(d.pair)).parameters
        parameters = [p for p in parameters if p.name in known]
    tries = [(p, v) for p in parameters for v in _values(d, p, asked.get(p.name, p.default))]
    return sorted(tries, key=lambda t: not _is_default(t[0], t[1], asked))


def _is_default(p: inspect.Parameter, value, asked) -> bool:
    return p.name in asked and _same(value, p.default)


def _same(a, b) -> bool:
    return type(a) is type(b) and bool(np.all(np.asarray(a == b)))


def _values(d: Diagnosis, p: inspect.Parameter, now) -> list[Any]:
    found = [p.default] if p.default is not inspect.Parameter.empty else []
    found += [not now] if isinstance(now, bool) else []
    if p.name in AXES:
        rank = max((a.ndim for a in d.seen.evaluation.built.arrays if isinstance(a, np.ndarray)), default=0)
        found += [*range(-rank, 0), None, tuple(range(rank))]
    found += [-now] if isinstance(now, int) and not isinstance(now, bool) and p.name not in AXES else []
    found += [v.options[p.name] for v in d.pair.variants if p.name in v.options]
    found += USUAL.get(p.name, ())
    unlike: list[Any] = [now]
    for value in found:
        if not any(_same(value, u) for u in unlike):
            unlike.append(value)
    return unlike[1:]


def _with_option(d: Diagnosis, name: str, value) -> Predict:
    return lambda seen: d.truth(seen.evaluation, options={**seen.evaluation.built.options, name: value})


def _option_sentence(p: inspect.Parameter, value, asked, default: bool) -> str:
    name, now = p.name, asked.get(p.name, p.default)
    given = f"{name}={now!r} is asked"
    if name in AXES:
        return f"It works along the wrong axis: as with {name}={value!r}, where {given}. Use the axis that is asked for."
    if name == "correction":
        how = "unbiased (n - 1)" if value == 1 else "biased (n)" if value == 0 else f"correction={value!r}"
        return f"It divides by the wrong count: {how}, as with correction={value!r}, where {given}. Divide by n - correction."
    if name == "eps" and value == 0:
        return f"It ignores `eps`: it returns what eps=0 gives, where {given}. Use eps."
    if _is_default(p, value, asked):
        return f"It ignores `{name}`: with {name}={now!r} it returns what the default {name}={value!r} gives. Use the option."
    which = "its default is another" if default else "the option is not used as it is given"
    return f"It behaves as if `{name}` were {value!r}, where {given}: {which}. Use {name}={now!r} there."
