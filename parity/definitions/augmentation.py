"""Augmentation by its definition: which pixel goes where, and what happens to it."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import elementwise, inf, movement, where

AXES = {"NCHW": (-3, -2, -1), "NHWC": (-1, -3, -2)}


@movement
def horizontal_flip(image, layout="NCHW"):
    """y[..., w] = x[..., W - 1 - w]."""
    w = AXES[layout][2]
    return np.take(image, range(image.shape[w] - 1, -1, -1), axis=w)


@movement
def random_crop(image, rng, size, layout="NCHW"):
    """y[n, h, w] = x[n, h + top_n, w + left_n]; `rng` holds (top, left) of each image."""
    _, h, w = AXES[layout]
    height, width = size
    shape = list(image.shape)
    shape[h], shape[w] = height, width
    y = np.empty(shape, image.dtype)
    for n in np.ndindex(*image.shape[:-3]):
        top, left = (int(float(v)) for v in rng[n])
        y[n] = np.take(np.take(image[n], range(top, top + height), axis=h), range(left, left + width), axis=w)
    return y


def normalize_image(image, mean, std, layout="NCHW"):
    """y = (x - mean[c]) / std[c]."""
    shape = [1, 1, 1]
    shape[AXES[layout][0]] = -1
    return (image - mean.reshape(shape)) / std.reshape(shape)


def _brightness_limits(factor):
    """Infinite pixels are white or black; without light, 0 inf is nan."""
    if factor == 0:
        return {inf: (np.nan, np.nan), -inf: (np.nan, np.nan)}
    return {inf: (1.0, 0.0), -inf: (0.0, 0.0)}


@elementwise(_brightness_limits)
def adjust_brightness(image, factor):
    """y = min(max(factor x, 0), 1), the slope on both ends that of the inside."""
    y = image * factor
    return where(y < 0, 0.0, where(y > 1, 1.0, y))


def adjust_brightness_uint8(image, factor):
    """y = floor(min(fl(factor x), 255)), fl the rounding to float32: a convention, so it is spelled in float32 here too."""
    y = np.float32(factor) * image.astype(np.float32)
    return np.floor(np.minimum(y, 255)).astype(np.int64)
