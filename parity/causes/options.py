"""Mistakes that look like another question: another option, another argument, another op."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from parity.causes.scene import Predict, Scene, first_of
from parity.judging import Seen
from parity.loader import catalogue, definition

AXES = ("axis", "dim", "axis_a", "axis_b")
USUAL = {"correction": (0, 1), "eps": (0.0, 1e-5), "reduction": ("mean", "sum", "none"), "alpha": (1.0,), "beta": (1.0,)}
TRIED = 16


def another_option(s: Scene) -> str:
    """It answers as if an option had another value."""
    return first_of(_options(s), s)


def _options(s: Scene) -> Iterator[tuple[str, Predict]]:
    names = {k.name for k in s.pair.arrays}
    parameters = [p for n, p in inspect.signature(definition(s.check.op)).parameters.items() if n not in names]
    asked = dict(s.places[0].evaluation.built.options) if s.places else {}
    tries = [(p, v) for p in parameters for v in _values(s, p, asked.get(p.name, p.default))]
    tries.sort(key=lambda t: not _is_default(t[0], t[1], asked))
    for p, value in tries[:TRIED]:
        yield _option_sentence(p, value, asked), _with_option(s, p.name, value)


def _is_default(p: inspect.Parameter, value, asked) -> bool:
    return p.name in asked and _same(value, p.default)


def _same(a, b) -> bool:
    return type(a) is type(b) and bool(np.all(np.asarray(a == b)))


def _values(s: Scene, p: inspect.Parameter, now) -> list[Any]:
    found = [p.default] if p.default is not inspect.Parameter.empty else []
    found += [not now] if isinstance(now, bool) else []
    if p.name in AXES:
        rank = max((a.ndim for a in s.seen.evaluation.built.arrays if isinstance(a, np.ndarray)), default=0)
        found += [*range(-rank, 0), None, tuple(range(rank))]
    found += [v.options[p.name] for v in s.pair.variants if p.name in v.options]
    found += USUAL.get(p.name, ())
    unlike: list[Any] = [now]
    for value in found:
        if not any(_same(value, u) for u in unlike):
            unlike.append(value)
    return unlike[1:]


def _with_option(s: Scene, name: str, value) -> Predict:
    return lambda seen: s.truth(seen.evaluation, options={**seen.evaluation.built.options, name: value})


def _option_sentence(p: inspect.Parameter, value, asked) -> str:
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
    which = "its default is another" if name not in asked else "the option is not used as it is given"
    return f"It behaves as if `{name}` were {value!r}, where {given}: {which}. Use {name}={now!r} there."


# -- arguments -----------------------------------------------------------------------------------------------------------
def another_argument(s: Scene) -> str:
    """It answers as if an array were absent, exchanged with another, or transformed."""
    return first_of(_arguments(s), s)


def _arguments(s: Scene) -> Iterator[tuple[str, Predict]]:
    arrays = s.seen.evaluation.built.arrays
    kinds = s.seen.evaluation.built.kinds
    present = [i for i, a in enumerate(arrays) if isinstance(a, np.ndarray)]
    parameters = inspect.signature(definition(s.check.op)).parameters
    for i in present:
        p = parameters.get(kinds[i].name)
        if p is not None and p.default is None:
            yield f"It ignores `{p.name}`: it returns what it would without it. Use it.", _replaced(s, i, lambda a: None)
    for i in present:
        for j in present:
            if i < j and arrays[i].shape == arrays[j].shape and kinds[i].role == kinds[j].role == "float":
                names = f"`{kinds[i].name}` and `{kinds[j].name}`"
                yield f"It takes {names} for each other. Exchange them.", _exchanged(s, i, j)
    for i in present:
        for how, change in _changes(s, i):
            yield f"It {how.format(name=kinds[i].name)}.", _replaced(s, i, change)


def _changes(s: Scene, i: int):
    kind, array = s.seen.evaluation.built.kinds[i], s.seen.evaluation.built.arrays[i]
    if kind.role == "bool":
        return [("takes the mask `{name}` the other way round. Negate it", np.logical_not)]
    if kind.role == "int":
        return (
            [
                ("counts `{name}` from one, not from zero. Subtract one", lambda a: a - 1),
                ("counts `{name}` from the wrong end", lambda a: a.max() - a),
            ]
            if not s.backward
            else []
        )
    return [] if kind.role != "float" or s.backward else _float_changes(s, kind.name, array, first=i == 0)


def _float_changes(s: Scene, name: str, array: np.ndarray, first: bool):
    spread, square = any(w in name for w in ("scale", "std", "sigma")), array.ndim == 2 and array.shape[0] == array.shape[-1]
    halved = s.check.op.endswith("glu") and array.ndim and array.shape[-1] % 2 == 0
    rows = (
        (
            array.size > 1 and not first,
            "uses the mean of `{name}` in place of each element",
            lambda a: np.full_like(a, a.mean()),
        ),
        (spread, "takes `{name}` for a variance; it is a standard deviation. Square it", np.sqrt),
        ("var" in name, "takes `{name}` for a standard deviation; it is a variance. Take its root", np.square),
        (square, "transposes `{name}`. Use it as it is given", np.transpose),
        (
            array.ndim >= 4 and not first,
            "flips `{name}`: a convolution in place of a correlation",
            lambda a: a[..., ::-1, ::-1],
        ),
        (halved, "takes the two halves of `{name}` for each other. Exchange them", lambda a: np.roll(a, a.shape[-1] // 2, -1)),
        (True, "takes `{name}` with the wrong sign. Negate it", np.negative),
        (True, "takes the magnitude of `{name}`. Keep its sign", np.abs),
    )
    return [(how, change) for fits, how, change in rows if fits]


def _replaced(s: Scene, i: int, change) -> Predict:
    def predict(seen: Seen):
        arrays = list(seen.evaluation.built.arrays)
        arrays[i] = change(arrays[i])
        return s.truth(seen.evaluation, arrays=arrays)

    return predict


def _exchanged(s: Scene, i: int, j: int) -> Predict:
    def predict(seen: Seen):
        arrays = list(seen.evaluation.built.arrays)
        arrays[i], arrays[j] = arrays[j], arrays[i]
        found = s.truth(seen.evaluation, arrays=arrays)
        if found is None or not s.backward:
            return found
        found = list(found)
        found[i], found[j] = found[j], found[i]
        return found

    return predict


# -- another op ----------------------------------------------------------------------------------------------------------
ALIKE = {
    "special.erfc": ("special.erf", "special.ndtr"), "special.erf": ("activations.tanh", "special.erfc"),
    "special.entr": ("special.xlogy",), "activations.tanhshrink": ("activations.tanh",),
    "special.digamma": ("special.lgamma",), "losses.huber_loss": ("losses.smooth_l1_loss",),
    "losses.smooth_l1_loss": ("losses.huber_loss",), "optimizers.adam": ("optimizers.adamw",),
    "optimizers.adamw": ("optimizers.adam",), "special.xlog1py": ("special.xlogy",),
}  # fmt: skip
"""Ops that are taken for each other; ops of one family with the same arrays are tried after them."""


def another_op(s: Scene) -> str:
    """It computes another op."""
    if not s.places:
        return ""
    mine, family = s.pair, s.check.op.split(".")[0]
    names = [k.name for k in mine.arrays]
    same = [o for o, p in catalogue().items() if o.startswith(family + ".") and [k.name for k in p.arrays] == names]
    close = dict.fromkeys((*ALIKE.get(s.check.op, ()), *same))
    tries = [(f"It computes {o}, not {s.check.op}.", _as_op(s, o)) for o in close if o != s.check.op]
    return first_of(tries[:8], s)


def _as_op(s: Scene, op: str) -> Predict:
    known = inspect.signature(definition(op)).parameters

    def predict(seen: Seen):
        options = {k: v for k, v in seen.evaluation.built.options.items() if k in known}
        return s.truth(seen.evaluation, options=options, op=op)

    return predict
