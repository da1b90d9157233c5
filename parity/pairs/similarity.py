"""Distances, cosine similarity and unit vectors: ours, torch's and SciPy's."""

from __future__ import annotations

import math

import numpy as np

from parity.hostile import bell, listed, scaled_bell
from parity.kinds import Data
from parity.pair import Pair, along, with_options, with_shapes

__all__ = ["PAIRS"]


def _points(name, shape):
    """Rows of measurements, and some for distances: close together far from zero, repeated, of extreme length."""
    return Data(name, shape).also(
        near_duplicates=_near_duplicates,
        repeated=listed([1.0, -2.0, 0.5]),
        zero_vectors=listed([0.0]),
        long_vectors=scaled_bell(lambda fmt: math.ldexp(1.0, 2 * fmt.max_exponent // 3)),
        short_vectors=scaled_bell(lambda fmt: math.ldexp(1.0, max(-2 * fmt.max_exponent // 3, -fmt.max_exponent + 4))),
        below_eps=scaled_bell(3e-9),
    )


def _near_duplicates(shape, fmt, rng):
    """Points a few units in the last place apart, around 100."""
    return 100.0 + np.rint(bell(shape, rng) * 4) * 128 * fmt.u


def _torch_cosine_similarity(x1, x2, axis=1, eps=1e-8):
    from torch.nn.functional import cosine_similarity

    return cosine_similarity(x1, x2, dim=axis, eps=eps)


def _torch_cdist(x1, x2, p=2.0):
    """By differences: the default switches to the matrix product for more than 25 points."""
    import torch

    return torch.cdist(x1, x2, p=p, compute_mode="donot_use_mm_for_euclid_dist")


def _scipy_metric(p):
    metric = {1.0: "cityblock", 2.0: "euclidean", math.inf: "chebyshev"}.get(p, "minkowski")
    return {"metric": metric} | ({"p": p} if metric == "minkowski" else {})


def _scipy_cdist(x1, x2, p=2.0):
    from scipy.spatial import distance

    batch = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    left, right = np.broadcast_to(x1, (*batch, *x1.shape[-2:])), np.broadcast_to(x2, (*batch, *x2.shape[-2:]))
    y = np.empty((*batch, x1.shape[-2], x2.shape[-2]))
    for i in np.ndindex(batch):
        if p == 0.0:
            y[i] = distance.cdist(left[i], right[i], "hamming") * left.shape[-1]
        elif y[i].size:
            y[i] = distance.cdist(left[i], right[i], **_scipy_metric(p))
    return y


def _scipy_pdist(x, p=2.0):
    from scipy.spatial import distance

    if p == 0.0:
        return distance.pdist(x, "hamming") * x.shape[1]
    return distance.pdist(x, **_scipy_metric(p))


def _torch_normalize(x, p=2.0, axis=1, eps=1e-12):
    from torch.nn.functional import normalize

    return normalize(x, p=p, dim=axis, eps=eps)


POWERS = (*(with_options(p=p) for p in (1.0, math.inf, 3.0, 1.5, 0.5)), with_options(p=0.0).if_taken("p=0.0"))
NO_HALF_CDIST = {
    ("torch", "float16", "*"): "torch has no half kernel for this distance on the CPU.",
    ("torch", "bfloat16", "*"): "torch has no bfloat16 kernel for this distance on the CPU.",
}

PAIRS = (
    Pair(
        "similarity.cosine_similarity",
        (_points("x1", (3, 8)), _points("x2", (3, 8))),
        torch=_torch_cosine_similarity,
        variants=(
            with_options(axis=0),
            with_options(axis=-1, eps=0.5),
            with_options(axis=1, eps=1e-30),
            with_shapes("one_against_all", condition="broadcasting", x1=(1, 8), x2=(3, 8)),
            with_shapes("vector_against_rows", {"axis": -1}, condition="broadcasting", x1=(8,), x2=(3, 8)),
            with_shapes("middle_axis", {"axis": 1}, condition="several batch axes", x1=(2, 5, 3), x2=(2, 5, 3)),
            with_shapes("default_axis_of_three", condition="several batch axes", x1=(2, 3, 4), x2=(2, 3, 4)),
            with_shapes("vectors", {"axis": 0}, condition="no batch axis", x1=(5,), x2=(5,)),
            with_shapes("length_one", x1=(4, 1), x2=(4, 1)),
            with_shapes("no_rows", condition="empty arrays", x1=(0, 3), x2=(0, 3)),
            with_shapes("long", x1=(1, 200), x2=(1, 200)),
        ),
    ),
    Pair(
        "similarity.pairwise_distance",
        (
            _points("x1", (3, 8)),
            _points("x2", (3, 8)).also(eps_above=listed([1e-6, -1e-6, 1e-6 + 1e-13, 2e-6, 0.0])),
        ),
        torch="torch.nn.functional.pairwise_distance",
        variants=(
            *POWERS,
            with_options(keepdims=True),
            with_options(eps=0.0),
            with_options(eps=0.25, p=1.0, keepdims=True),
            with_shapes("one_against_all", condition="broadcasting", x1=(8,), x2=(3, 8)),
            with_shapes("batch", condition="broadcasting", x1=(2, 1, 4), x2=(3, 4)),
            with_shapes("vectors", condition="no batch axis", x1=(5,), x2=(5,)),
            with_shapes("length_one", x1=(4, 1), x2=(4, 1)),
            with_shapes("no_rows", condition="empty arrays", x1=(0, 3), x2=(0, 3)),
            with_shapes("long", x1=(1, 200), x2=(1, 200)),
        ),
    ),
    Pair(
        "similarity.cdist",
        (_points("x1", (4, 3)), _points("x2", (3, 3))),
        torch=_torch_cdist,
        scipy=_scipy_cdist,
        variants=(
            *POWERS,
            with_shapes("batch", condition="broadcasting", x1=(2, 1, 3, 2), x2=(2, 2, 2)),
            with_shapes("more_than_25_points", x1=(30, 1), x2=(2, 1)),
            with_shapes("length_one", x1=(4, 1), x2=(3, 1)),
            with_shapes("no_points", condition="empty arrays", x1=(0, 3), x2=(2, 3)),
            with_shapes("no_coordinates", condition="empty arrays", x1=(2, 0), x2=(3, 0)),
            with_shapes("long", x1=(2, 200), x2=(1, 200)),
        ),
        without=NO_HALF_CDIST,
    ),
    Pair(
        "similarity.pdist",
        (_points("x", (5, 3)),),
        torch="torch.nn.functional.pdist",
        scipy=_scipy_pdist,
        variants=(
            *POWERS,
            with_shapes("two_points", x=(2, 4)),
            with_shapes("one_point", condition="empty arrays", x=(1, 4)),
            with_shapes("length_one", x=(4, 1)),
            with_shapes("long", x=(3, 200)),
        ),
        without=NO_HALF_CDIST,
        axes=(
            along(x=("n", 2), longest=60),
            along(x=(2, "n")),
        ),
    ),
    Pair(
        "similarity.normalize",
        (_points("x", (3, 8)),),
        torch=_torch_normalize,
        variants=(
            *POWERS,
            with_options(axis=0),
            with_options(axis=-1, eps=0.5),
            with_options(eps=2.0, p=1.0),
            with_shapes("two_axes", {"axis": (0, 2)}, condition="axis=(0,2)", x=(2, 3, 4)),
            with_shapes("default_axis_of_three", condition="several batch axes", x=(2, 3, 4)),
            with_shapes("vector", {"axis": 0}, condition="no batch axis", x=(5,)),
            with_shapes("length_one", x=(4, 1)),
            with_shapes("no_rows", condition="empty arrays", x=(0, 3)),
            with_shapes("no_columns", condition="empty arrays", x=(3, 0)),
            with_shapes("long", x=(1, 200)),
        ),
    ),
)
