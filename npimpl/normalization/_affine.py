"""Checks and the per-channel scale and shift that batch, group and instance normalization share."""

from __future__ import annotations

import math

import numpy as np

from npimpl._contractions import total
from npimpl._precision import rounded, widen


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


def affine(unit: np.ndarray, w, b, exponent=None) -> np.ndarray:
    """w * unit * 2^exponent + b in place, for unit (N, C, S) and columns w, b (C, 1) or None."""
    if w is not None:
        unit *= w
    if exponent is not None:
        np.ldexp(unit, exponent, out=unit)
    if b is not None:
        unit += b
    return unit


def affine_backward(dy: np.ndarray, unit: np.ndarray, weight, bias, exponent=None):
    """(dw, db): dw_c = sum over samples and positions of dy * unit * 2^exponent, db_c = sum of dy; both (C,)."""
    dw = db = None
    if weight is not None:
        dw = total(dy * unit, (0, 2))
        dw = rounded(dw if exponent is None else np.ldexp(dw, exponent[:, 0]), np.asarray(weight).dtype)
    if bias is not None:
        db = rounded(total(dy, (0, 2)), np.asarray(bias).dtype)
    return dw, db
