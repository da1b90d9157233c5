"""Inputs: the same bits everywhere, every hazard of every kind met, every value of the 16-bit formats tried."""

from __future__ import annotations

import hashlib
import inspect

import numpy as np
import pytest

from parity import kinds, loader, runner
from parity.cases import build
from parity.formats import DTYPES, FORMATS
from parity.inputs.layouts import LAYOUTS
from parity.inputs.listing import EVERY, cases_of, every_value

FACTORIES = [
    f for _, f in inspect.getmembers(kinds, inspect.isfunction) if f.__module__ == kinds.__name__ and f.__name__[0].isupper()
]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_the_parts_hold_every_finite_value_once(dtype):
    parts = np.concatenate([every_value(dtype, part) for part in EVERY])
    bits = parts.astype(DTYPES[dtype]).view(np.uint16)
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(np.arange(65536, dtype=np.uint16).view(DTYPES[dtype]).astype(np.float64))
    assert len(bits) == len(set(bits.tolist())) == finite.sum()


def test_unary_ops_try_every_value():
    for op in loader.catalogue():
        if getattr(loader.definition(op), "kind", "") == "elementwise":
            hazards = {c.hazard for c in runner.checks_of(op)}
            assert set(EVERY) <= hazards, op
            assert {"empty", "scalar", "one_element", "layout_strided"} <= hazards, op


def test_every_hazard_of_every_argument_is_met():
    for op, pair in loader.catalogue().items():
        hazards = {c.hazard for c in runner.checks_of(op) if c.direction != "distribution"}
        for kind in pair.arrays:
            for name in kind.hostile:
                assert hazards & {name, f"{kind.name}.{name}"}, f"{op}: {kind.name}.{name}"
        for law in pair.laws:
            assert any(c.direction == "distribution" and c.hazard == law for c in runner.checks_of(op))


def test_inputs_have_the_same_bits_as_ever():
    """A change of this digest changes every measurement: it needs a reason, and new budgets."""
    digest = hashlib.sha256()
    for op in ("activations.silu", "activations.softmax", "reductions.var", "losses.cross_entropy", "linear.matmul"):
        for case in cases_of(loader.catalogue()[op], loader.definition(op)):
            for dtype in FORMATS:
                for array in build(loader.catalogue()[op], case, dtype).arrays:
                    if isinstance(array, np.ndarray) and not np.isnan(array.astype(np.float64)).any():
                        digest.update(np.ascontiguousarray(array).tobytes())
    assert digest.hexdigest()[:16] == INPUT_DIGEST


INPUT_DIGEST = "c3b8565bf28a96aa"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_keep_values_and_change_memory(layout):
    x = np.arange(12.0).reshape(3, 4)
    y = LAYOUTS[layout](x)
    assert y.shape == x.shape
    assert not y.flags.c_contiguous
    repeated = {"broadcast": x[:1], "broadcast_last": x[:, :1], "one_value": x[:1, :1]}
    np.testing.assert_array_equal(y, np.broadcast_to(repeated.get(layout, x), x.shape))


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda f: f.__name__)
def test_kinds_make_what_they_say(factory):
    arguments = ("rng", (4,), lambda rng, shape: rng.random(shape)) if factory is kinds.Noise else ()
    kind = factory(*arguments)
    for fmt in FORMATS.values():
        for maker in (kind.ordinary, *kind.hostile.values()):
            rng = np.random.Generator(np.random.PCG64(3))
            assert np.shape(maker(kind.shape, fmt, rng)) == kind.shape


def test_names_of_cases_are_safe_in_ids():
    for op in loader.catalogue():
        for check in runner.checks_of(op):
            assert runner.Check.parse(check.id) == check
            assert not set(check.hazard) & set(" '\"[]"), check.id
