"""Augmentation of images, aware of where the channels are.

An image has shape (..., C, H, W) in layout "NCHW" and (..., H, W, C) in layout "NHWC"; leading axes (the batch) may be
any number, none included.  What depends on the position (flips, crops) works on H and W, what depends on the
colour (normalisation) works along C, in either layout.
"""

from __future__ import annotations

import math
import operator
from fractions import Fraction

import numpy as np

from npimpl._axes import pairwise_sum
from npimpl._compensated import two_sum
from npimpl._elementwise import elementwise
from npimpl._precision import as_float, is_float, rounded, widen

__all__ = [
    "adjust_brightness",
    "adjust_brightness_backward",
    "horizontal_flip",
    "horizontal_flip_backward",
    "normalize_image",
    "normalize_image_backward",
    "random_crop",
    "random_crop_backward",
]

LAYOUTS = {"NCHW": (-3, -2, -1), "NHWC": (-1, -3, -2)}
"""Channel, height and width, counted from the last axis."""


def horizontal_flip(image, layout="NCHW"):
    """Mirror images left to right.

        y[..., c, h, w] = x[..., c, h, W-1-w]          (NCHW; in NHWC likewise along the width)

    Only data move, every bit survives.

    Shapes: image (..., C, H, W) or (..., H, W, C) as `layout` says; result the same shape and dtype (any dtype), a copy.
    Raises ValueError for an unknown layout or fewer than three dimensions.

    >>> horizontal_flip(np.arange(6).reshape(1, 2, 3))
    array([[[2, 1, 0],
            [5, 4, 3]]])
    """
    x, (_, _, w) = _image(image, layout)
    return np.flip(x, w).copy()


def horizontal_flip_backward(grad_output, image, layout="NCHW"):
    """Backward of `horizontal_flip`: flip the cotangent back.

    A mirror is its own inverse, and as a permutation its own transpose: dx[..., w] = dy[..., W-1-w].
    Exact; dx is shaped and typed as the image.  Raises as the forward.

    >>> horizontal_flip_backward(np.array([[[1.0, 2.0]]]), np.zeros((1, 1, 2)))
    (array([[[2., 1.]]]),)
    """
    x, (_, _, w) = _image(image, layout)
    return (np.flip(_matching(grad_output, x.shape), w).astype(_gradient_dtype(x, grad_output)),)


def random_crop(image, size, rng, layout="NCHW"):
    """Cut a window of `size` at a random place out of each image.

        y[n, c, h, w] = x[n, c, h + t_n, w + l_n],   0 <= h < height, 0 <= w < width

    with t_n uniform on 0 … H - height and l_n uniform on 0 … W - width, independent for each image of the batch.
    They come from exactly one call,

        offsets = rng.integers(0, (H - height + 1, W - width + 1), size=(*batch, 2))

    with offsets[n] = (t_n, l_n), so the result is known once the generator is: the same state gives the same crop, and
    labels or masks can be cropped along with an image by a second generator in that state.

    Shapes: image (..., C, H, W) or (..., H, W, C), any dtype; `size` an integer or (height, width); the
    result has height and width in place of H and W, is a copy and keeps the dtype.
    Raises ValueError for a window that is larger than the image or empty, an unknown layout, fewer than three
    dimensions; TypeError if `rng` is not a Generator.

    >>> random_crop(np.arange(12).reshape(1, 3, 4), (2, 2), np.random.default_rng(0))
    array([[[ 5,  6],
            [ 9, 10]]])
    """
    x, axes = _image(image, layout)
    boxes = _boxes(x, size, rng, axes)
    shape = _cropped_shape(x.shape, size, axes)
    y = np.empty(shape, x.dtype)
    for n, box in boxes:
        y[n] = x[n][box]
    return y


def random_crop_backward(grad_output, image, size, rng, layout="NCHW"):
    """Backward of `random_crop`: the cotangent of the window is put back where the window was.

    dy[h, w] depends on x[h + t, w + l] only, with derivative 1, so

        dx[h, w] = dy[h - t, w - l] inside the window, 0 outside

    `rng` must be in the state that the forward found it in, so that the same offsets are drawn.
    Returns (dimage, None), dimage shaped and typed as the image.  Exact.  Raises as the forward.

    >>> random_crop_backward(np.ones((1, 1, 1)), np.zeros((1, 1, 3)), (1, 1), np.random.default_rng(0))[0]
    array([[[0., 0., 1.]]])
    """
    x, axes = _image(image, layout)
    dy = _matching(grad_output, _cropped_shape(x.shape, size, axes))
    dx = np.zeros(x.shape, _gradient_dtype(x, dy))
    for n, box in _boxes(x, size, rng, axes):
        dx[n][box] = dy[n]
    return dx, None


@np.errstate(all="ignore")
def normalize_image(image, mean, std, layout="NCHW"):
    """Shift and scale each channel: subtract its mean, divide by its standard deviation.

        y[..., c, h, w] = (x[..., c, h, w] - mean[c]) / std[c]

    The difference is taken first and then divided, two roundings in all; the "faster" x (1/std) - mean/std cancels near
    the mean.  A difference beyond the largest float64 is formed at half scale.

    Shapes: image (..., C, H, W) or (..., H, W, C); mean and std (C,).  Computed in float64 and rounded once to the
    promoted dtype of the three; an image of integers (0 … 255, say) counts as float64.
    std[c] = 0 gives infinities, or nan where x = mean; a negative std is used as it is.
    Raises ValueError for mean or std not of shape (C,), an unknown layout, fewer than three dimensions.

    >>> normalize_image(np.array([[[0.5, 1.0]]]), np.array([0.5]), np.array([0.25]))
    array([[[0., 2.]]])
    """
    (x, m, s), dtype, (c, _, _) = _normal_arguments(image, mean, std, layout)
    return rounded(_standardized(x, _along(m, c), _along(s, c)), dtype)


@np.errstate(all="ignore")
def normalize_image_backward(grad_output, image, mean, std, layout="NCHW"):
    """Backward of `normalize_image`: divide, and for the statistics sum over all pixels of the channel.

    With d = x - m, y = d/s has the derivatives dy/dx = 1/s, dy/dm = -1/s, dy/ds = -d/s^2 = -y/s, hence

        dx = dy / s,    dm[c] = -sum over n, h, w of dy / s,    ds[c] = -sum over n, h, w of dy y / s

    The sums add halves to halves, in float64 with what each addition loses, and the last one is formed from d and s with their
    powers of two taken out, so that no y overflows on the way to a ds that does not.
    Returns (dimage, dmean, dstd), shaped and typed as the three arrays.  Raises as the forward.

    >>> normalize_image_backward(np.ones((1, 1, 2)), np.array([[[1.0, 3.0]]]), np.array([1.0]), np.array([2.0]))
    (array([[[0.5, 0.5]]]), array([-1.]), array([-0.5]))
    """
    (x, m, s), dtype, (c, _, _) = _normal_arguments(image, mean, std, layout)
    dy = as_float(_matching(grad_output, x.shape), "grad_output").astype(np.float64, copy=False)
    pixels = tuple(a for a in range(x.ndim) if a != x.ndim + c)
    d, q = _difference(x, _along(m, c), pixels)
    unit, e = np.frexp(s)
    dx = dy / _along(s, c)
    total = pairwise_sum if dtype != np.float64 else _compensated_sum
    dm = -total(dy, pixels) / s
    ds = -np.ldexp(total(dy * d, pixels) / unit / unit, q.reshape(s.shape) - 2 * e)
    own = [v.dtype if is_float(v.dtype) else dtype for v in map(np.asarray, (image, mean, std))]
    return rounded(dx, own[0]), rounded(dm, own[1]), rounded(ds, own[2])


def adjust_brightness(image, factor):
    """Multiply the brightness of an image, and stay within what a pixel can be.

    Floats have the range 0 to 1 and 8-bit integers 0 to 255:

        y = min(max(factor x, 0), 1)                                float pixels
        y = floor(min(max(fl(factor x), 0), 255))                   uint8 pixels

    8-bit pixels saturate; a product stored as uint8 without the clamp would wrap around and turn white into
    black.  fl is rounding to float32 (the factor and then the product), after which the fraction is cut off, as
    torchvision does.  The rounding is what makes 10 * 0.7 come out as 7: 0.7 is a little less than 7/10, and the
    exact product would be cut off to 6.  Float pixels are multiplied in float64 and rounded once.

    Shapes: image of any shape (every channel is treated alike, so no layout is needed), float or uint8; result the same
    shape and dtype.  factor 0 gives black, 1 the image itself (clamped), 2 twice as bright.
    nan stays nan; +inf becomes 1, -inf 0 (for a positive factor).
    Raises TypeError for other dtypes, ValueError for a negative factor or nan.

    >>> adjust_brightness(np.array([0, 10, 100, 200], np.uint8), 1.5)
    array([  0,  15, 150, 255], dtype=uint8)
    """
    x = np.asarray(image)
    _check_brightness(x, factor)
    if x.dtype == np.uint8:
        return np.minimum(np.float32(factor) * x.astype(np.float32), np.float32(255.0)).astype(np.uint8)
    return _scaled_and_clipped(x, factor)


def adjust_brightness_backward(grad_output, image, factor):
    """Backward of `adjust_brightness`: the factor where the product was not clamped.

    y = clamp(f x) has dy/dx = f for 0 <= f x <= 1 and 0 outside; on the two ends, where the left and the right
    derivative differ, the factor is taken (as torch's clamp does), so that black pixels still learn.

        dx = f dy [0 <= f x <= 1]

    The test looks at the exact product, not at the rounded one (which may be 1 when the product is a little more).
    Of a nan pixel the gradient is nan.  dx is shaped and typed as the image.
    Raises as the forward, and TypeError for uint8, which has no derivative.

    >>> adjust_brightness_backward(np.array([1.0, 1.0, 1.0]), np.array([0.0, 0.25, 0.75]), 2.0)
    (array([2., 2., 0.]),)
    """
    x = np.asarray(image)
    _check_brightness(x, factor)
    if x.dtype == np.uint8:
        raise TypeError("`image` has dtype uint8, whose brightness has no derivative; differentiate with a float image.")
    return (_brightness_gradient(_matching(grad_output, x.shape), x, factor),)


@elementwise("image")
def _scaled_and_clipped(image, factor):
    return np.clip(factor * image, 0.0, 1.0)


@elementwise("grad_output", "image")
def _brightness_gradient(dy, x, factor):
    inside = np.isfinite(x) if factor == 0 else (x >= 0) & (x <= _brightest(factor))
    return np.where(np.isnan(factor * x), np.nan, np.where(inside, factor * dy, 0.0))


def _brightest(factor) -> float:
    """The largest float64 x with factor x <= 1, the product taken exactly."""
    f = Fraction(float(factor)) if np.isfinite(factor) else None
    x = min(1.0 / float(factor), np.finfo(np.float64).max)
    return x if f is None or f * Fraction(x) <= 1 else float(np.nextafter(x, 0.0))


# -- arguments ---------------------------------------------------------------------------------------------------------
def _image(image, layout: str) -> tuple[np.ndarray, tuple[int, int, int]]:
    """The image and its axes of channel, height and width."""
    x = np.asarray(image)
    if layout not in LAYOUTS:
        raise ValueError(f"`layout` is {layout!r}, but must be 'NCHW' or 'NHWC'.")
    if x.ndim < 3:
        raise ValueError(f"`image` has shape {x.shape}, but needs at least a channel, a height and a width axis.")
    return x, LAYOUTS[layout]


def _matching(grad_output, shape) -> np.ndarray:
    dy = np.asarray(grad_output)
    if dy.shape != tuple(shape):
        raise ValueError(f"`grad_output` has shape {dy.shape}, but must have the shape of the result, {tuple(shape)}.")
    return dy


def _gradient_dtype(x, grad_output) -> np.dtype:
    return x.dtype if is_float(x.dtype) else np.asarray(grad_output).dtype


def _window(size) -> tuple[int, int]:
    height, width = (size, size) if np.ndim(size) == 0 else size
    return operator.index(height), operator.index(width)


def _cropped_shape(shape, size, axes) -> tuple[int, ...]:
    (_, h, w), (height, width) = axes, _window(size)
    if not (1 <= height <= shape[h] and 1 <= width <= shape[w]):
        raise ValueError(
            f"`size` is {size}, but a window in an image of {shape[h]} x {shape[w]} has 1 to that many rows and columns."
        )
    new = list(shape)
    new[h], new[w] = height, width
    return tuple(new)


def _boxes(x, size, rng, axes):
    """For each image of the batch its index, and the slices of its window."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"`rng` is {type(rng).__name__}, but must be a numpy.random.Generator, as from numpy.random.default_rng()."
        )
    _, h, w = axes
    _cropped_shape(x.shape, size, axes)
    height, width = _window(size)
    batch = x.shape[:-3]
    offsets = rng.integers(0, (x.shape[h] - height + 1, x.shape[w] - width + 1), size=(*batch, 2))
    boxes = []
    for n in np.ndindex(*batch):
        top, left = offsets[n]
        box = [slice(None)] * 3
        box[h], box[w] = slice(top, top + height), slice(left, left + width)
        boxes.append((n, tuple(box)))
    return boxes


def _normal_arguments(image, mean, std, layout):
    x, axes = _image(image, layout)
    arrays, dtype = widen(x, mean, std, names=("image", "mean", "std"))
    channels = x.shape[axes[0]]
    for name, v in zip(("mean", "std"), arrays[1:], strict=True):
        if v.shape != (channels,):
            raise ValueError(
                f"`{name}` has shape {v.shape}, but an image of {channels} channels ({layout}) takes ({channels},)."
            )
    return arrays, dtype, axes


def _along(v: np.ndarray, channel_axis: int) -> np.ndarray:
    """One number for each channel, shaped to broadcast against (..., C, H, W) or (..., H, W, C)."""
    return v if channel_axis == -1 else v[:, None, None]


def _standardized(x, m, s) -> np.ndarray:
    """(x - m)/s; where the difference overflows, of halves (exact there: such numbers are far from subnormal)."""
    d = x - m
    y = d / s
    over = np.isinf(d) & np.isfinite(x) & np.isfinite(m)
    return np.where(over, (x / 2 - m / 2) / (s / 2), y) if over.any() else y


def _difference(x, m, pixels) -> tuple[np.ndarray, np.ndarray]:
    """(d, q) with x - m = d 2^q and |d| <= 1, one q for each channel (its axes kept)."""
    d = x - m
    over = (np.isinf(d) & np.isfinite(x) & np.isfinite(m)).any(axis=pixels, keepdims=True)
    d = np.where(over, x / 2 - m / 2, d)
    q = np.where(np.isfinite(d), np.frexp(d)[1], 0).max(axis=pixels, keepdims=True, initial=-1100)
    return np.ldexp(d, -q), q + over


def _compensated_sum(x, pixels) -> np.ndarray:
    """The sum of each channel with one rounding: what the sums of halves lose is added up beside them."""
    count, channels = math.prod(x.shape[a] for a in pixels), [n for a, n in enumerate(x.shape) if a not in pixels]
    rows = np.moveaxis(x, pixels, range(len(pixels))).reshape(count, *channels)
    lost = np.zeros(rows.shape[1:])
    while len(rows) > 1:
        half = (len(rows) + 1) // 2
        sums, rest = two_sum(rows[: len(rows) - half], rows[half:])
        rows, lost = np.concatenate([sums, rows[len(rows) - half : half]]), lost + pairwise_sum(rest, 0)
    total = rows[0] if len(rows) else lost
    return np.where(np.isfinite(lost), total + lost, total)


def _check_brightness(x: np.ndarray, factor) -> None:
    if x.dtype != np.uint8 and not is_float(x.dtype):
        raise TypeError(f"`image` has dtype {x.dtype}, but pixels are uint8 (0 to 255) or floats (0 to 1); convert it first.")
    if not factor >= 0:
        raise ValueError(f"`factor` is {factor}, but brightness is multiplied by 0 or more.")
