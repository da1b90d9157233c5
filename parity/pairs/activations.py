"""The activations: npimpl <-> torch.nn.functional <-> scipy.special."""

from __future__ import annotations

from parity.hostile import near, opposite_infs, two_infs
from parity.kinds import Factor, Logits, Real
from parity.pair import Pair, along, with_options, with_shapes

UNIT_STEPS = (0.5, 1.0, 2.0, 3.0, 6.0)
CORNERS = tuple(s * c for c in UNIT_STEPS for s in (-1, 1))
"""Points where some piecewise linear activation has a corner."""

ROWS = (
    with_options(axis=0),
    with_options(axis=1),
    with_shapes("axis=1_of_3d", {"axis": 1}, condition="several batch axes", x=(2, 5, 3)),
    with_shapes("axis=-2_of_3d", {"axis": -2}, condition="several batch axes", x=(2, 5, 3)),
    with_shapes("empty_rows", condition="empty arrays", x=(3, 0)),
    with_shapes("no_rows", condition="empty arrays", x=(0, 4)),
    with_shapes("one_class", x=(3, 1)),
    with_shapes("vector", condition="no batch axis", x=(6,)),
    with_shapes("single_number", condition="0-d arrays", x=()),
    with_shapes("long_row", x=(1, 200)),
)
ELU_TAIL = (-1e-5, -0.5, -17.0, -37.0, -103.97, -709.0, -745.1)
"""Where e^x - 1 cancels, where it rounds to -1, and where e^x underflows in float32 and float64."""
GELU_ROOTS = (-0.7517915246935645, -0.7524614220710163)
GELU_TAIL = (-3.88, -3.99, -5.4187, -5.5, -7.32, -8.3, -13.094, -14.2, -21.4, -37.0, -37.5, -38.4, 3.0, 2e19)
CONFIDENT = near([20.0, 40.0, 104.0, 709.8, 745.2, -20.0, -40.0, -745.2, 0.0])
"""Gaps at which the losing entries round away, underflow in float32, and underflow in float64."""


def _torch(name: str) -> str:
    return f"torch.nn.functional.{name}"


def _scipy_softmax(x, axis=-1):
    """SciPy's default axis is None, the whole array."""
    from scipy.special import softmax

    return softmax(x, axis=axis)


def _scipy_log_softmax(x, axis=-1):
    from scipy.special import log_softmax

    return log_softmax(x, axis=axis)


# Softmax and its kin, and the logarithms of 1 + e^x, exist in their own right because the plain quotient or logarithm of
# exponentials overflows: hence `spans_range`.
def _row_op(name: str, scipy=None) -> Pair:
    x = Logits("x").also(confident=CONFIDENT)
    without = {("scipy", "*", "forward", "empty_rows"): "SciPy takes no maximum of an empty array."}
    without = without if scipy else {}
    return Pair(f"activations.{name}", (x,), _torch(name), scipy, variants=ROWS, without=without, spans_range=True)


def _unary(name: str, *variants, torch: str = "", scipy: str | None = None, **more) -> Pair:
    return Pair(f"activations.{name}", (Real("x"),), torch or _torch(name), scipy, variants=variants, **more)


LINES = (
    _unary("relu", knots=CORNERS),
    _unary("relu6", knots=CORNERS),
    _unary(
        "leaky_relu",
        with_options(negative_slope=0.25),
        with_options(negative_slope=0.3),
        with_options(negative_slope=-2.0),
        with_options(negative_slope=1.0),
        knots=CORNERS,
        values={"negative_slope": (0.0, 2.0, -0.5)},
    ),
    Pair(
        "activations.prelu",
        (Factor("x", (3, 4, 2)), Factor("weight", (4,))),
        _torch("prelu"),
        variants=(
            with_shapes("one_weight", weight=(1,)),
            with_shapes("matrix", condition="other ranks", x=(5, 3), weight=(3,)),
            with_shapes("vector", condition="no batch axis", x=(7,), weight=(1,)),
            with_shapes("single_number", condition="0-d arrays", x=(), weight=(1,)),
            with_shapes("empty", condition="empty arrays", x=(0, 4, 2), weight=(4,)),
            with_shapes("one_of_each", condition="other ranks", x=(1, 1), weight=(1,)),
            with_shapes("long", condition="other ranks", x=(200, 1), weight=(1,)),
            with_shapes("image", condition="other ranks", x=(2, 3, 2, 3), weight=(3,)),
        ),
    ),
    _unary(
        "hardtanh",
        with_options(min_val=-2.0),
        with_options(max_val=0.5),
        with_options(min_val=0.25, max_val=3.0),
        with_options(min_val=1.0, max_val=1.0),
        knots=CORNERS,
        together=lambda o: o.get("min_val", -1.0) <= o.get("max_val", 1.0),
    ),
    _unary("hardsigmoid", knots=CORNERS),
    _unary("hardswish", knots=(*CORNERS, -1.5, 1.5)),
    _unary(
        "threshold",
        with_options(threshold=-1.0, value=0.0),
        with_options(threshold=0.0, value=-3.0),
        with_options(threshold=1.0, value=20.0),
        knots=CORNERS,
        options={"threshold": 0.5, "value": -0.25},
    ),
    _unary("hardshrink", with_options(lambd=2.0), with_options(lambd=0.0), with_options(lambd=0.125), knots=CORNERS),
    _unary("softshrink", with_options(lambd=2.0), with_options(lambd=0.0), with_options(lambd=0.125), knots=CORNERS),
)

EXPONENTIALS = (
    _unary(
        "elu",
        with_options(alpha=0.5),
        with_options(alpha=1.7),
        with_options(alpha=-2.0),
        knots=ELU_TAIL,
    ),
    _unary(
        "celu",
        with_options(alpha=0.5),
        with_options(alpha=1.7),
        with_options(alpha=3.0),
        knots=ELU_TAIL,
    ),
    _unary("selu", knots=ELU_TAIL),
    _unary(
        "sigmoid",
        torch="torch.sigmoid",
        scipy="scipy.special.expit",
        knots=(-8.32, -16.636, -36.7, -88.72285, -103.9, 17.0, 37.0),
    ),
    _unary("logsigmoid", scipy="scipy.special.log_expit", knots=(-37.0, 16.6, 36.7, 88.7, 103.9, 745.1), spans_range=True),
    _unary("tanh", torch="torch.tanh", knots=(0.5106, 5.2, 9.01, 19.06, -9.01, 52.0, 372.0)),
    _unary("tanhshrink", knots=(1e-3, -1e-4, 0.01, 0.125, 1.5, -1.5, 9.0, 20.0)),
    _unary("softsign", knots=(1e-3, 1.0, -1.0, 2048.0)),
    _unary(
        "softplus",
        with_options(beta=2.0),
        with_options(beta=0.5),
        with_options(beta=0.7),
        with_options(beta=3.0),
        with_options(threshold=5.0),
        with_options(beta=2.0, threshold=1.0),
        knots=(20.0, 20.00028, -17.0, -36.8, -88.7, -103.97, -745.1, 10.0, 40.0, 5.0),
        spans_range=True,
    ),
    _unary("silu", knots=(-1.278464542761074, -20.0, -88.7, -89.75, -103.0, -714.3, -745.0, -751.0)),
    _unary("mish", knots=(-1.1924312145154952, -0.5, -20.0, -87.0, -100.0, -103.97, -714.3, -745.0, -751.0)),
    _unary(
        "gelu",
        with_options(approximate="tanh"),
        with_shapes("tanh_long", {"approximate": "tanh"}, x=(200,)),
        knots=(*GELU_ROOTS, *GELU_TAIL),
    ),
)

ROW_OPS = (
    Pair(
        "activations.glu",
        (Real("x", (3, 8)).also(opposite_infs=opposite_infs, two_infs=two_infs, gates=near([-745.0, -37.0, 37.0])),),
        _torch("glu"),
        variants=(
            with_shapes("axis=0", {"axis": 0}, x=(4, 3)),
            with_shapes("axis=1_of_3d", {"axis": 1}, condition="several batch axes", x=(2, 6, 2)),
            with_shapes("axis=-2", {"axis": -2}, condition="several batch axes", x=(2, 6, 2)),
            with_shapes("vector", condition="no batch axis", x=(6,)),
            with_shapes("pair", condition="no batch axis", x=(2,)),
            with_shapes("no_rows", condition="empty arrays", x=(0, 4)),
            with_shapes("no_channels", condition="empty arrays", x=(3, 0)),
            with_shapes("long", x=(1, 200)),
        ),
        axes=(
            along(x=("n", 4)),
            along(x=(1, "2n")),
        ),
    ),
    _row_op("softmax", _scipy_softmax),
    _row_op("log_softmax", _scipy_log_softmax),
    _row_op("softmin"),
)

PAIRS = (*LINES, *EXPONENTIALS, *ROW_OPS)
