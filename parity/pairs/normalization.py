"""Normalization: rows and channels with every mean, spread and constant that a one-pass variance gets wrong."""

from __future__ import annotations

from parity.hostile import scaled_bell
from parity.kinds import Data, Factor, Positive
from parity.pair import Axis, Pair, Variant, along, with_options, with_shapes

SPREADS = {
    "tiny_spread": scaled_bell(lambda f: max(2.0**-30, f.tiny)),
    "huge_spread": scaled_bell(lambda f: 2.0 ** min(66, f.max_exponent - 3)),
    "extreme_spread": scaled_bell(lambda f: 2.0 ** (f.max_exponent // 2 - 14)),
}


def Rows(name="x", shape=(3, 8)):
    """Data, with further spreads: below eps, and where squares come near the end of the range."""
    return Data(name, shape).also(**SPREADS)


# -- calls: an option of torch's stands between the arrays ------------------------------------------------------------------
def _second(option):
    """Calls with `option` as the second positional argument, after x."""

    def call(fn, grad, arrays, options):
        x, *others = arrays
        rest = {k: v for k, v in options.items() if k != option}
        return fn(*grad, x, options[option], *others, **rest)

    return call


def _default_eps(dtype: str) -> float:
    """What eps=None means to rms_norm."""
    return 2.0**-52 if dtype == "float64" else 2.0**-23


def _call_rms(fn, grad, arrays, options):
    """Where `eps` is what None means in the dtype, the default itself is called."""
    default = _default_eps("float64" if arrays[0].dtype.itemsize == 8 else "float32")
    eps = None if options["eps"] == default else options["eps"]
    return _second("normalized_shape")(fn, grad, arrays, {**options, "eps": eps})


def _call_batch(fn, grad, arrays, options):
    """Without running statistics only y is judged; the two None beside it are checked here."""
    result = fn(*grad, *arrays, **options)
    if not grad and arrays[1] is None:
        y, *statistics = result
        return y if statistics == [None, None] else result
    return result


# -- torch -------------------------------------------------------------------------------------------------------------------
def _layer_norm(x, weight, bias, normalized_shape, eps=1e-5):
    import torch

    return torch.nn.functional.layer_norm(x, normalized_shape, weight, bias, eps)


def _rms_norm(x, weight, normalized_shape, eps):
    import torch

    default = eps == _default_eps("float64" if x.dtype == torch.float64 else "float32")
    return torch.nn.functional.rms_norm(x, normalized_shape, weight, None if default else eps)


def _group_norm(x, weight, bias, num_groups, eps=1e-5):
    import torch

    return torch.nn.functional.group_norm(x, num_groups, weight, bias, eps)


def _batch_norm(x, running_mean, running_var, weight, bias, training=False, momentum=0.1, eps=1e-5):
    import torch

    if running_mean is None:
        return torch.nn.functional.batch_norm(x, None, None, weight, bias, training, momentum, eps)
    m, v = running_mean.detach().clone(), running_var.detach().clone()
    return torch.nn.functional.batch_norm(x, m, v, weight, bias, training, momentum, eps), m, v


def _instance_norm(x, running_mean, running_var, weight, bias, use_input_stats=True, momentum=0.1, eps=1e-5):
    import torch

    m, v = (None if s is None else s.detach().clone() for s in (running_mean, running_var))
    return torch.nn.functional.instance_norm(x, m, v, weight, bias, use_input_stats, momentum, eps)


# -- rows --------------------------------------------------------------------------------------------------------------------
def _affine(n):
    return Factor("weight", (n,)), Factor("bias", (n,))


def _statistics(n):
    return Data("running_mean", (n,)).constant(), Positive("running_var", (n,)).constant()


PLAIN = ("weight", "bias")
STATISTICS = ("running_mean", "running_var")


def absent(name: str, *arrays: str, **options) -> Variant:
    """The variant `name` without these optional arrays."""
    return Variant({**options, "_absent": arrays}, name=name, condition="an absent array")


def _channels(**shapes):
    """The shapes of an x and of everything that has one number per channel."""
    c = shapes["x"][1]
    return {name: (c,) for name in ("weight", "bias", "running_mean", "running_var")} | shapes


PAIRS = (
    Pair(
        "normalization.layer_norm",
        (Rows(), *_affine(8)),
        torch=_layer_norm,
        options={"normalized_shape": (8,)},
        call=_second("normalized_shape"),
        variants=(
            with_options(eps=0.0),
            with_options(eps=0.5),
            absent("plain", *PLAIN),
            absent("weight_only", "bias"),
            absent("bias_only", "weight"),
            with_shapes(
                "two_axes", {"normalized_shape": (3, 4)}, condition="other ranks", x=(2, 3, 4), weight=(3, 4), bias=(3, 4)
            ),
            with_shapes("whole", {"normalized_shape": (5,)}, condition="no batch axis", x=(5,), weight=(5,), bias=(5,)),
            with_shapes("one_number", {"normalized_shape": (1,)}, x=(4, 1), weight=(1,), bias=(1,)),
            with_shapes("long", {"normalized_shape": (200,)}, x=(1, 200), weight=(200,), bias=(200,)),
            with_shapes("no_samples", condition="empty arrays", x=(0, 8)),
            with_shapes("no_positions", {"normalized_shape": (0,)}, condition="empty arrays", x=(3, 0), weight=(0,), bias=(0,)),
        ),
        longest=300,
        axes=(
            along(x=("n", 8), weight=(8,), bias=(8,)),
            Axis({"x": (2, "n"), "weight": ("n",), "bias": ("n",)}, {"normalized_shape": ("n",)}),
        ),
    ),
    Pair(
        "normalization.rms_norm",
        (Rows(), Factor("weight", (8,))),
        torch=_rms_norm,
        options={"normalized_shape": (8,), "eps": 2.0**-23},
        call=_call_rms,
        meaning={"eps": _default_eps},
        variants=(
            with_options(eps=2.0**-52),
            with_options(eps=0.0),
            with_options(eps=0.5),
            absent("plain", "weight"),
            with_shapes("two_axes", {"normalized_shape": (3, 4)}, condition="other ranks", x=(2, 3, 4), weight=(3, 4)),
            with_shapes("whole", {"normalized_shape": (5,)}, condition="no batch axis", x=(5,), weight=(5,)),
            with_shapes("one_number", {"normalized_shape": (1,)}, x=(4, 1), weight=(1,)),
            with_shapes("long", {"normalized_shape": (200,)}, x=(1, 200), weight=(200,)),
            with_shapes("no_samples", condition="empty arrays", x=(0, 8)),
            with_shapes("no_positions", {"normalized_shape": (0,)}, condition="empty arrays", x=(3, 0), weight=(0,)),
        ),
        longest=300,
        axes=(
            along(x=("n", 8), weight=(8,)),
            Axis({"x": (2, "n"), "weight": ("n",)}, {"normalized_shape": ("n",)}),
        ),
    ),
    Pair(
        "normalization.batch_norm",
        (Rows(shape=(6, 3)), *_statistics(3), *_affine(3)),
        torch=_batch_norm,
        call=_call_batch,
        variants=(
            with_options(training=True),
            with_options(training=True, momentum=0.75),
            with_options(training=True, momentum=0.0, eps=0.5),
            with_options(eps=0.25),
            absent("plain", *PLAIN),
            absent("plain_training", *PLAIN, training=True),
            absent("no_statistics", *STATISTICS, training=True),
            with_shapes("images", {"training": True}, condition="other ranks", **_channels(x=(2, 2, 3, 2))),
            with_shapes("images_running", {"training": False}, condition="other ranks", **_channels(x=(2, 2, 3, 2))),
            with_shapes("sequence", {"training": True}, condition="other ranks", **_channels(x=(1, 2, 9))),
            with_shapes("long", {"training": True}, **_channels(x=(200, 1))),
            with_shapes("empty_batch", {"training": True}, condition="empty arrays", **_channels(x=(0, 3))),
            with_shapes("empty_batch_running", condition="empty arrays", **_channels(x=(0, 3))),
        ),
        longest=300,
        axes=(
            along(x=("n+1", 2), running_mean=(2,), running_var=(2,), weight=(2,), bias=(2,)),
            along(x=(2, "n"), running_mean=("n",), running_var=("n",), weight=("n",), bias=("n",)),
        ),
    ),
    Pair(
        "normalization.group_norm",
        (Rows(shape=(2, 6, 2)), *_affine(6)),
        torch=_group_norm,
        options={"num_groups": 3},
        call=_second("num_groups"),
        variants=(
            with_options(num_groups=1),
            with_options(num_groups=6),
            with_options(eps=0.0),
            absent("plain", *PLAIN),
            absent("weight_only", "bias"),
            with_shapes("no_positions_axis", condition="other ranks", **_channels(x=(3, 6))),
            with_shapes("images", {"num_groups": 2}, condition="other ranks", **_channels(x=(2, 4, 2, 3))),
            with_shapes("long", {"num_groups": 1}, **_channels(x=(1, 2, 100))),
            with_shapes("empty", condition="empty arrays", **_channels(x=(0, 6, 2))),
        ),
        longest=300,
        axes=(
            along(x=("n", 6, 2), weight=(6,), bias=(6,)),
            along(x=(1, "3n", 2), weight=("3n",), bias=("3n",)),
            along(x=(1, 6, "n+1"), weight=(6,), bias=(6,)),
        ),
    ),
    Pair(
        "normalization.instance_norm",
        (Rows(shape=(2, 3, 6)), *_statistics(3), *_affine(3)),
        torch=_instance_norm,
        variants=(
            with_options(use_input_stats=False),
            with_options(use_input_stats=False, eps=0.25),
            with_options(eps=0.0),
            with_options(momentum=0.5),
            absent("plain", *PLAIN),
            absent("no_statistics", *STATISTICS),
            with_shapes("images", condition="other ranks", **_channels(x=(2, 2, 2, 3))),
            with_shapes("long", **_channels(x=(1, 1, 200))),
            with_shapes("empty", condition="empty arrays", **_channels(x=(0, 3, 4))),
        ),
        without={("torch", "*", "*", "empty"): "torch refuses an empty batch here when there are running statistics"},
        longest=300,
        axes=(
            along(x=("n", 2, 2), running_mean=(2,), running_var=(2,), weight=(2,), bias=(2,)),
            along(x=(1, "n", 2), running_mean=("n",), running_var=("n",), weight=("n",), bias=("n",)),
            along(x=(1, 2, "n+1"), running_mean=(2,), running_var=(2,), weight=(2,), bias=(2,)),
        ),
    ),
    Pair(
        "normalization.local_response_norm",
        (Rows(shape=(2, 6, 2)),),
        torch="torch.nn.functional.local_response_norm",
        options={"size": 3},
        variants=(
            with_options(size=2),
            with_options(size=5, alpha=0.5),
            with_options(size=9),
            with_options(size=1),
            with_options(beta=1.0),
            with_options(beta=0.1, alpha=2.0),
            with_options(k=0.0),
            with_options(k=7.5, alpha=1e-2),
            with_shapes("images", condition="other ranks", x=(1, 4, 2, 3)),
            with_shapes("one_channel", x=(2, 1, 3)),
            with_shapes("long", {"size": 21}, x=(1, 40, 1)),
            with_shapes("empty", condition="empty arrays", x=(0, 4, 2)),
        ),
        without={
            ("torch", "float16", "*", "images"): "torch has no three-dimensional pooling in float16 on the CPU",
            ("torch", "bfloat16", "*", "images"): "torch has no three-dimensional pooling in bfloat16 on the CPU",
        },
        longest=300,
        axes=(
            along(x=("n", 2, 2)),
            along(x=(1, "n", 2)),
            along(x=(1, 2, "n")),
        ),
    ),
)
