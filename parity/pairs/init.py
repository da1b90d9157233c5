"""Initial values: exactly, given the normal noise, and in distribution."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from parity.kinds import Kind, Noise
from parity.pair import Law, Pair, with_options, with_shapes
from parity.samplers import Breach, Sampler, more_of, place_normals, within

CUTS = np.array([NormalDist().inv_cdf(k / 16) for k in range(1, 16)])


def _shape(shape: tuple[int, ...]) -> Kind:
    """The shape to make, passed as the tuple it is."""
    return Kind("shape", shape, lambda s, f, r: s, role="fixed", differentiable=False)


def _noise(shape: tuple[int, ...]) -> Kind:
    return Noise("rng", shape, lambda rng, s: rng.standard_normal(s))


# -- references: torch draws its own noise, so its arithmetic is repeated on the given noise -----------------------------------
def _torch_kaiming(shape, z, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    import torch

    if not z.numel():
        return z
    fan_in, fan_out = torch.nn.init._calculate_fan_in_and_fan_out(z)
    return z * (torch.nn.init.calculate_gain(nonlinearity, a) / (fan_in if mode == "fan_in" else fan_out) ** 0.5)


def _torch_orthogonal(shape, a, gain=1.0):
    import torch

    if not a.numel():
        return a.reshape(shape)
    wide = a.shape[0] < a.shape[1]
    q, r = torch.linalg.qr(a.T if wide else a)
    q = q * torch.diag(r).sign()
    return (q.T if wide else q).reshape(shape) * gain


def _scipy_orthogonal(shape, a, gain=1.0):
    """LAPACK's Q as it comes: right up to the signs of its columns, which `canonical` fixes."""
    from scipy import linalg

    if not a.size:
        return a.reshape(shape)
    wide = a.shape[0] < a.shape[1]
    q = linalg.qr(a.T if wide else a, mode="economic")[0] * gain
    return (q.T if wide else q).reshape(shape)


def _signs_fixed(w):
    """The orthonormal rows (of a wide matrix) or columns with a first entry that is not negative."""
    flat = w.reshape(w.shape[0], -1) if w.size else w.reshape(w.shape[0], 0)
    first = flat[:, :1] if flat.shape[0] < flat.shape[1] else flat[:1]
    return np.where(first < 0, -flat, flat).reshape(w.shape)


# -- laws --------------------------------------------------------------------------------------------------------------------
def _weights(op, rng, n):
    """n weights of a layer of 8 inputs, over the standard deviation 1/2 that they must have."""
    return op((-(-n // 8), 8), rng).reshape(-1)[:n] / 0.5


def _quantiles(op, rng, n):
    return np.searchsorted(CUTS, _weights(op, rng, n))


def _neighbours(op, rng, n):
    """Neighbouring weights together: four quartiles each."""
    c = np.searchsorted(CUTS[3::4], _weights(op, rng, n + 1))
    return 4 * c[:-1] + c[1:]


def _haar(op, rng, n):
    """The direction of the first column of a 2 x 2 matrix, in eighths of a turn, and the sign of its determinant."""
    w = np.array([op((2, 2), rng) for _ in range(n)])
    angle = np.floor((np.arctan2(w[:, 1, 0], w[:, 0, 0]) / (2 * np.pi) % 1.0) * 8).astype(int) % 8
    return 2 * angle + (np.linalg.det(w) > 0)


# -- samplers: what a result must be, and how likely it was --------------------------------------------------------------------
GAINS = {"relu": math.sqrt(2.0), "tanh": 5 / 3, "selu": 0.75}
"""1 for the others, but for "leaky_relu"."""


def _made(arrays, options):
    return tuple(arrays[0])


def _read_weights(arrays, options):
    a, kind = options.get("a", 0), options.get("nonlinearity", "leaky_relu")
    gain = math.sqrt(2 / (1 + a * a)) if kind == "leaky_relu" else GAINS.get(kind, 1.0)
    fan = math.prod(arrays[0][2:]) * arrays[0][options.get("mode", "fan_in") == "fan_in"]
    return lambda w, rng: (place_normals(w, 0.0, gain / math.sqrt(max(fan, 1)), "float64", rng),)


def _weights_repeated(arrays, options, n):
    """More units of the kind that the fan does not count."""
    outputs, inputs, *rest = arrays[0]
    more = more_of((outputs, inputs), n) if options.get("mode", "fan_in") == "fan_in" else (outputs, inputs * n)
    return [(*more, *rest), arrays[1]], options


def _read_orthogonal(arrays, options):
    n, gain = arrays[0][0], options.get("gain", 1.0)
    return lambda w, rng: (_place_direction(w.reshape(n, math.prod(arrays[0][1:])) / gain, rng),)


def _place_direction(q, rng):
    """The angle of the first two entries of some column, which is uniform; of a single entry its sign."""
    q = q.T if q.shape[0] < q.shape[1] else q
    if not q.size:
        return np.full((), np.nan)
    off = np.max(np.abs(q.T @ q - np.eye(q.shape[1])))
    if not off <= 1e-12:
        raise Breach("values", f"the columns over the gain are not orthonormal: q^T q is off by {off:.2g}")
    column = q[:, rng.integers(q.shape[1])]
    if len(column) == 1:
        return within(0.5 * (column[0] > 0), 0.5 + 0.5 * (column[0] > 0), rng)
    return np.asarray(np.arctan2(column[1], column[0]) / (2 * np.pi) % 1.0)


PAIRS = (
    Pair(
        "init.kaiming_normal",
        (_shape((5, 4)), _noise((5, 4))),
        torch=_torch_kaiming,
        variants=(
            with_options(a=0.25),
            with_options(a=5**0.5, mode="fan_out"),
            with_options(mode="fan_out"),
            *(
                with_options(nonlinearity=n, a=0.5)
                for n in ("relu", "tanh", "selu", "sigmoid", "linear", "conv2d", "conv_transpose1d")
            ),
            with_shapes("convolution", {"mode": "fan_out"}, condition="other ranks", shape=(2, 3, 3), rng=(2, 3, 3)),
            with_shapes("convolution2d", condition="other ranks", shape=(2, 3, 2, 2), rng=(2, 3, 2, 2)),
            with_shapes("empty", condition="empty arrays", shape=(0, 3), rng=(0, 3)),
            with_shapes("one", shape=(1, 1), rng=(1, 1)),
            with_shapes("long", shape=(2, 200), rng=(2, 200)),
        ),
        dtypes=("float64",),
        differentiable=False,
        laws={
            "quantiles": Law(_quantiles, (1 / 16,) * 16),
            "independent_neighbours": Law(_neighbours, (1 / 16,) * 16),
        },
        sampler=Sampler(_made, _read_weights, _weights_repeated),
        axes=(),
    ),
    Pair(
        "init.orthogonal",
        (_shape((5, 5)), _noise((5, 5))),
        torch=_torch_orthogonal,
        scipy=_scipy_orthogonal,
        variants=(
            with_options(gain=2.5),
            with_shapes("gain=-0.5,wide", {"gain": -0.5}, shape=(3, 5), rng=(3, 5)),
            with_shapes("tall", shape=(7, 3), rng=(7, 3)),
            with_shapes("wide", shape=(3, 7), rng=(3, 7)),
            with_shapes("convolution", condition="other ranks", shape=(4, 2, 3), rng=(4, 6)),
            with_shapes("column", shape=(4, 1), rng=(4, 1)),
            with_shapes("one", shape=(1, 1), rng=(1, 1)),
            with_shapes("empty", condition="empty arrays", shape=(0, 3), rng=(0, 3)),
            with_shapes("no_columns", condition="empty arrays", shape=(3, 0), rng=(3, 0)),
        ),
        dtypes=("float64",),
        differentiable=False,
        canonical=_signs_fixed,
        laws={"haar": Law(_haar, (1 / 16,) * 16)},
        sampler=Sampler(_made, _read_orthogonal, lambda arrays, options, n: None),
        axes=(),
    ),
)
