"""Checks and the per-channel scale and shift that batch, group and instance normalization share."""

from __future__ import annotations

import math

import numpy as np

from npimpl._precision import rounded, widen
from npimpl.reductions._wide import total, value


def channels_last_but_one(x: np.ndarray) -> np.ndarray:
    """x of shape (N, C, *) as (N, C, S), all positions of a channel in one axis."""
    return np.ascontiguousarray(x).reshape(*x.shape[:2], math.prod(x.shape[2:]))


def sample_and_channels(x, least: int):
    """x in float64 and its dtype; x must have at least `least` axes, the channels in axis 1."""
    (x,), dtype = widen(x)
    if x.ndim < least:
        raise ValueError(f"`x` has shape {x.shape}, but must have at least {least} axes, (samples, channels, ...); reshape it.")
    return x, dtype


def per_channel(channels: int, **arrays) -> list:
    """Each array (or None) in float64 as a column (C, 1); refuses any that has not one number per channel."""
    columns = []
    for name, a in arrays.items():
        a = None if a is None else widen(a, names=(name,))[0][0]
        if a is not None and a.shape != (channels,):
            raise ValueError(f"`{name}` has shape {a.shape}, but must be ({channels},), one number for each channel of x.")
        columns.append(None if a is None else a[:, None])
    return columns


def affine(unit, w, b):
    """w * unit + b in place (an array; `Wide` numbers are new ones), for unit (N, C, S) and columns w, b (C, 1) or None."""
    if w is not None:
        unit *= w
    if b is not None:
        unit += b
    return unit


def affine_backward(dy, unit, weight, bias):
    """(dw, db): dw_c = sum over samples and positions of dy * unit, db_c = sum of dy; both (C,)."""
    dw = None if weight is None else rounded(value(total(dy * unit, (0, 2))), np.asarray(weight).dtype)
    db = None if bias is None else rounded(value(total(dy, (0, 2))), np.asarray(bias).dtype)
    return dw, db
