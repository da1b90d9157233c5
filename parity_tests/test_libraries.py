"""torch, SciPy and JAX judged as candidates: at every op that they have they are right, but for the defects that are listed.

`defects` in `tolerances.yaml` is strict both ways: an unlisted failure fails here, and on the certified versions so does a
listed one that no longer occurs.  JAX is an extra (`pip install -e '.[jax]'`); without it its ops are skipped.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import os
from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from parity.environment import CERTIFIED
from parity.evaluate import Evaluation, Party, library
from parity.grading import Grading, InProcess
from parity.guest.backends import to_numpy
from parity.loader import catalogue, is_elementwise
from parity.placing import settings_of
from parity.references import resolve
from parity.runner import gap
from parity.tolerances import Row, Table
from parity.verdict import Check
from parity_tests.truths import evaluation, kept

VERSIONS = {**CERTIFIED, "jax": "0.10.2"}
"""The versions that the lists of defects were made with."""
NN, SPECIAL, OWN = "jax.nn.", "jax.scipy.special.", "parity_tests.guests.jax_ops."


def softplus(x):
    """JAX's has no threshold: above 20 the op is x itself."""
    jax = importlib.import_module("jax")
    return jax.numpy.where(x > 20, x, jax.nn.softplus(x))


JAX = {
    "activations.relu": NN + "relu",
    "activations.relu6": NN + "relu6",
    "activations.silu": NN + "silu",
    "activations.sigmoid": NN + "sigmoid",
    "activations.softplus": softplus,
    "activations.logsigmoid": NN + "log_sigmoid",
    "activations.elu": NN + "elu",
    "activations.selu": NN + "selu",
    "activations.leaky_relu": NN + "leaky_relu",
    "activations.hardswish": NN + "hard_swish",
    "activations.hardsigmoid": NN + "hard_sigmoid",
    "activations.softsign": NN + "soft_sign",
    "activations.softmax": NN + "softmax",
    "activations.log_softmax": NN + "log_softmax",
    "activations.gelu": OWN + "gelu",
    "special.logsumexp": OWN + "logsumexp",
    "special.erf": SPECIAL + "erf",
    "special.erfc": SPECIAL + "erfc",
    "special.lgamma": SPECIAL + "gammaln",
    "special.digamma": SPECIAL + "digamma",
    "special.ndtr": SPECIAL + "ndtr",
    "special.log_ndtr": SPECIAL + "log_ndtr",
    "special.xlogy": SPECIAL + "xlogy",
    "special.entr": SPECIAL + "entr",
}
"""The op -> JAX's function, or its name."""
FORWARD_ALONE = ("special.digamma",)
"""JAX's gradient is a series for positive numbers: left of 0 it is another function, at nearly every hazard."""
WHOLE, EVERY = "float32", int(os.environ.get("PARITY_LIBRARIES_EVERY", "4"))
COMPILED = EVERY**2
"""An op is judged at all hazards in float32 (or its only dtype); in the others where a defect is listed and at every fourth
one, at every sixteenth for JAX's functions of whole rows, which are compiled again for each shape, axis and dtype.
PARITY_LIBRARIES_EVERY=1 asks for all."""
SAMPLERS = tuple(op for op, pair in catalogue().items() if pair.laws)
"""Judged by the law of what they draw: each library has a generator of its own, which does not follow `rng`."""
OPS = [op for op in catalogue() if op not in SAMPLERS]
LENGTHS = (64, 1024, 1 << 17)
"""JAX compiles a function once for each shape: arrays of elementwise ops are filled up to one of these lengths."""


# -- the libraries as candidates ----------------------------------------------------------------------------------------------
class Reference:
    """torch or SciPy in the asker's place, called as the pair says on the arrays that a candidate is given."""

    def __init__(self, pair, name: str):
        self.pair, self.name = pair, name
        self.directions = ("forward", "backward") if name == "torch" and pair.differentiable else ("forward",)

    def lacks(self, pair, case, direction):
        return ""

    def lacking(self, direction):
        return ()

    def tired(self, dtype, direction):
        return gap(self.pair, Check(self.pair.op, dtype, direction, self.name, "")) or ""

    def ask(self, e: Evaluation) -> Party:
        party = e.party(self.name, library(self.pair))
        if self.name == "scipy" and e.dtype == "float32":  # its distributions know float64 alone: a wrapper rounds
            with np.errstate(all="ignore"):
                narrow = tuple(o.astype(np.float32) if o.dtype == np.float64 else o for o in party.outputs)
            return dataclasses.replace(party, outputs=narrow)
        return party

    def function(self, direction):
        raise NotImplementedError


def jax_in_numpy(op: str) -> InProcess:
    """JAX's function for an op, compiled, on NumPy arrays; its gradient by jax.vjp."""
    import jax

    jax.config.update("jax_enable_x64", True)
    fn, fill = JAX[op] if callable(JAX[op]) else resolve(JAX[op]), is_elementwise(op)
    known = inspect.signature(fn)
    defaults = {k: v for k, v in settings_of(catalogue()[op]).items() if k in known.parameters}

    @functools.cache
    def compiled(direction: str, options: tuple):
        bound = functools.partial(fn, **dict(options))
        return jax.jit(bound if direction == "forward" else lambda dy, *arrays: jax.vjp(bound, *arrays)[1](dy))

    def call(direction: str, arrays, options) -> Any:
        chosen = {k: tuple(v) if isinstance(v, list) else v for k, v in {**defaults, **options}.items()}
        given = [_filled(a) for a in arrays] if fill else [np.array(a) for a in arrays]
        out = to_numpy(compiled(direction, tuple(sorted(chosen.items())))(*given))
        cut = (lambda a: a[: arrays[0].size].reshape(arrays[0].shape).copy()) if fill else np.array
        return tuple(map(cut, out)) if isinstance(out, tuple) else cut(out)

    def forward(*arrays, **options):
        return call("forward", arrays, options)

    def backward(*arrays, **options):
        return call("backward", arrays, options)

    forward.__signature__ = backward.__signature__ = known
    return InProcess(forward, None if op in FORWARD_ALONE else backward)


def _filled(array: np.ndarray) -> np.ndarray:
    length = next(n for n in LENGTHS if array.size <= n)
    return np.concatenate([array.reshape(-1), np.ones(length - array.size, array.dtype)])


def _references(op: str) -> dict[str, Reference]:
    """Which of torch and SciPy have this op."""
    pair = catalogue()[op]
    return {n: Reference(pair, n) for n in ("torch", "scipy") if getattr(pair, n) is not None}


# -- judging -------------------------------------------------------------------------------------------------------------------
Cells = set[tuple[str, str, str]]
"""Direction, dtype, hazard."""
ANY = "*"
"""The hazard of a defect that shows at ordinary numbers, so at most hazards."""


class Judging(Grading):
    """Every hazard in one dtype and a part of them in the others; `parity run` judges all the numbers of 16-bit dtypes."""

    def __init__(self, op: str, asker, table, listed: Cells):
        super().__init__(op, asker, table, evaluation)
        self.whole = WHOLE if WHOLE in self.pair.dtypes else self.pair.dtypes[0]
        self.every = COMPILED if isinstance(asker, InProcess) and not is_elementwise(op) else EVERY
        self.listed = listed

    def checks(self, dtype, direction):
        found = [c for c in super().checks(dtype, direction) if not c[1].refused]  # some read beyond what they are given
        found = [c for c in found if EVERY == 1 or not c[0].hazard.startswith("every_")]
        if dtype == self.whole:
            return found
        listed = {h for d, t, h in self.listed if (d, t) == (direction, dtype)}
        return [c for i, c in enumerate(found) if i % self.every == 0 or c[0].hazard in listed]


def _failed(op: str, asker, table, listed: Cells) -> dict[tuple[str, str, str], str]:
    """The cells (direction, dtype, hazard) where a library fails, each with how."""
    grading = Judging(op, asker, table, listed)
    grading.grades()
    return {
        (check.direction, check.dtype, check.hazard): f"{seen.judged.outcome.stage} {seen.judged.outcome.units:.4g} "
        f"{seen.judged.outcome.message}"
        for check, seen in grading.failed
    }


def _listed(row: Row, name: str) -> Cells:
    entries = [d["where"] for d in row.data.get("defects", []) if d["library"] == name]
    return {(d, t, h) for where in entries for d, by in where.items() for t, hazards in by.items() for h in hazards}


def _is_listed(cell: tuple[str, str, str], listed: Cells) -> bool:
    return cell in listed or (*cell[:2], ANY) in listed


def _cured(listed: Cells, failed: Collection[tuple[str, str, str]]) -> Cells:
    """What is listed and does not occur."""
    occurring = {*failed, *((d, t, ANY) for d, t, _ in failed)}
    return listed - occurring


def _is_certified(name: str) -> bool:
    try:
        return version(name).split("+")[0] == VERSIONS[name]
    except PackageNotFoundError:
        return False


def _assert_right(op: str, askers: Mapping[str, Any], table: Table) -> None:
    """No library fails where no defect is listed; on the certified version, none holds where one is."""
    for name, asker in askers.items():
        listed = _listed(table.rows[op], name)
        failed = _failed(op, asker, table, listed)
        unlisted = {cell: how for cell, how in failed.items() if not _is_listed(cell, listed)}
        assert not unlisted, f"{name} fails where no defect is listed: {unlisted}"
        if _is_certified(name):
            cured = _cured(listed, failed)
            assert not cured, f"{name} has these defects no more, remove them: {sorted(cured)}"
    kept(op).save()


@pytest.mark.parametrize("op", OPS)
def test_torch_and_scipy_are_right_but_for_their_listed_defects(op, table):
    _assert_right(op, _references(op), table)


@pytest.mark.skipif(not find_spec("jax"), reason="JAX is an extra")
@pytest.mark.parametrize("op", JAX)
def test_jax_is_right_but_for_its_listed_defects(op, table):
    _assert_right(op, {"jax": jax_in_numpy(op)}, table)


def test_samplers_are_left_out_and_nothing_else():
    """A library draws with a generator of its own; the laws of ours are tested on what a candidate draws with `rng`."""
    assert len(SAMPLERS) == 9
    assert len(OPS) + len(SAMPLERS) == len(catalogue())


def test_every_library_has_its_ops():
    pairs = [catalogue()[op] for op in OPS]
    assert sum(p.torch is not None for p in pairs) == len(OPS)
    assert sum(p.scipy is not None for p in pairs) >= 20
    assert set(JAX) <= set(OPS)


def test_defects_are_listed_for_libraries_that_are_judged(table):
    for row in table:
        pair = catalogue()[row.op]
        has = {"torch": pair.torch is not None, "scipy": pair.scipy is not None, "jax": row.op in JAX}
        assert all(has[d["library"]] and row.op in OPS for d in row.data.get("defects", [])), row.op


def test_a_defect_at_any_hazard_is_listed_once_and_strict_as_well():
    listed = {("forward", "float32", ANY), ("backward", "float16", "nans")}
    assert _is_listed(("forward", "float32", "ordinary"), listed)
    assert not _is_listed(("forward", "float64", "ordinary"), listed)
    assert _cured(listed, {("forward", "float32", "ordinary")}) == {("backward", "float16", "nans")}
    assert _cured(listed, {("backward", "float16", "nans")}) == {("forward", "float32", ANY)}
