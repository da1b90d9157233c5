"""Mistakes that look like another question: another argument, another op."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from parity.causes.claims import Claim
from parity.causes.diagnosis import Diagnosis, Predict
from parity.loader import catalogue, definition

if TYPE_CHECKING:
    from parity.candidate.grade import Seen


def another_argument(d: Diagnosis) -> Iterator[Claim]:
    """It answers as if an array were absent, exchanged with another, or transformed."""
    built = d.seen.evaluation.built
    arrays, kinds = built.arrays, built.kinds
    present = [i for i, a in enumerate(arrays) if isinstance(a, np.ndarray)]
    parameters = inspect.signature(definition(d.check.op)).parameters
    for i in present:
        p = parameters.get(kinds[i].name)
        if p is not None and p.default is None:
            sentence = f"It ignores `{p.name}`: it returns what it would without it. Use it."
            yield Claim(f"absent {p.name}", sentence, _replaced(d, i, lambda a: None))
    for i in present:
        for j in present:
            if i < j and arrays[i].shape == arrays[j].shape and kinds[i].role == kinds[j].role == "float":
                names = f"`{kinds[i].name}` and `{kinds[j].name}`"
                sentence = f"It takes {names} for each other. Exchange them."
                yield Claim(f"exchanged {i} {j}", sentence, _exchanged(d, i, j))
    for i in present:
        for how, change in _changes(d, i):
            kind = f"argument {kinds[i].name} {how.split(' ')[0]}"
            yield Claim(f"{kind} {how}", f"It {how.format(name=kinds[i].name)}.", _replaced(d, i, change))


def _changes(d: Diagnosis, i: int):
    kind, array = d.seen.evaluation.built.kinds[i], d.seen.evaluation.built.arrays[i]
    if kind.role == "bool":
        return [("takes the mask `{name}` the other way round. Negate it", np.logical_not)]
    if d.backward:
        return []
    if kind.role == "int":
        return [
            ("counts `{name}` from one, not from zero. Subtract one", lambda a: a - 1),
            ("counts `{name}` from the wrong end", lambda a: a.max() - a),
        ]
    return _float_changes(kind.name, array, first=i == 0) if kind.role == "float" else []


def _float_changes(name: str, array: np.ndarray, first: bool):
    spread, square = any(w in name for w in ("scale", "std", "sigma")), array.ndim == 2 and array.shape[0] == array.shape[-1]
    halved = array.ndim > 0 and array.shape[-1] > 0 and array.shape[-1] % 2 == 0
    rows = (
        (array.size > 1 and not first, "uses the mean of `{name}` in place of each element",
         lambda a: np.full_like(a, a.mean())),
        (spread, "takes `{name}` for a variance; it is a standard deviation. Square it", np.sqrt),
        ("var" in name, "takes `{name}` for a standard deviation; it is a variance. Take its root", np.square),
        (square, "transposes `{name}`. Use it as it is given", np.transpose),
        (array.ndim >= 4 and not first, "flips `{name}`: a convolution in place of a correlation",
         lambda a: a[..., ::-1, ::-1]),
        (halved, "takes the two halves of `{name}` for each other. Exchange them", lambda a: np.roll(a, a.shape[-1] // 2, -1)),
        (True, "takes `{name}` with the wrong sign. Negate it", np.negative),
        (True, "takes the magnitude of `{name}`. Keep its sign", np.abs),
    )  # fmt: skip
    return [(how, change) for fits, how, change in rows if fits]


def _replaced(d: Diagnosis, i: int, change) -> Predict:
    def predict(seen: Seen):
        arrays = list(seen.evaluation.built.arrays)
        arrays[i] = change(arrays[i])
        return d.truth(seen.evaluation, arrays=arrays)

    return predict


def _exchanged(d: Diagnosis, i: int, j: int) -> Predict:
    def predict(seen: Seen):
        arrays = list(seen.evaluation.built.arrays)
        arrays[i], arrays[j] = arrays[j], arrays[i]
        found = d.truth(seen.evaluation, arrays=arrays)
        if found is None or not d.backward:
            return found
        found = list(found)
        found[i], found[j] = found[j], found[i]
        return found

    return predict


# -- another op ----------------------------------------------------------------------------------------------------------
def another_op(d: Diagnosis) -> Iterator[Claim]:
    """It computes another op of the family that takes the same arrays and the options that are given."""
    family, options = d.check.op.split(".")[0], d.seen.evaluation.built.options
    for op in catalogue():
        if op.startswith(family + ".") and op != d.check.op and _takes(op, [k.name for k in d.pair.arrays], options):
            yield Claim(f"op {op}", f"It computes {op}, not {d.check.op}.", _as_op(d, op))


def _takes(op: str, names: list[str], options) -> bool:
    if [k.name for k in catalogue()[op].arrays] != names:
        return False
    needed = [p for n, p in inspect.signature(definition(op)).parameters.items() if n not in names]
    return all(p.default is not inspect.Parameter.empty or p.name in options for p in needed)


def _as_op(d: Diagnosis, op: str) -> Predict:
    known = inspect.signature(definition(op)).parameters

    def predict(seen: Seen):
        options = {k: v for k, v in seen.evaluation.built.options.items() if k in known}
        return d.truth(seen.evaluation, options=options, op=op)

    return predict
