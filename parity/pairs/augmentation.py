"""Augmentation: the references are plain torch operations, since torchvision is a package of its own."""

from __future__ import annotations

import math

import numpy as np

from parity import hostile as h
from parity.kinds import Factor, Kind, Noise, Positive, Real
from parity.pair import Law, Pair, along, with_options, with_shapes
from parity.samplers import Breach, Sampler, longer, wide, within

CHANNEL = {"NCHW": -3, "NHWC": -1}
WIDTH = {"NCHW": -1, "NHWC": -2}
HEIGHT = {"NCHW": -2, "NHWC": -3}


def _pixels(name="image", shape=(24,)) -> Kind:
    """Float pixels: mostly between 0 and 1, and everything else."""
    return Real(name, shape).also(
        unit=lambda s, f, r: h.uniform(s, r, 8),
        beyond=lambda s, f, r: 4 * h.uniform(s, r, 8) - 1.5,
        ends=h.near([0.0, 1.0, 0.5, 0.75, 2.0]),
    )


def _bytes(name="image", shape=(24,)) -> Kind:
    """8-bit pixels: black, white and their neighbours included."""
    hazards = {
        "ends": lambda s, f, r: np.resize([0, 1, 2, 127, 128, 129, 254, 255], s),
        "white": lambda s, f, r: np.full(s, 255),
        "tens": lambda s, f, r: np.resize(np.arange(0, 256, 5), s),
    }
    ordinary = lambda s, f, r: r.integers(0, 256, size=s)  # noqa: E731 - a value, not a function of its own
    return Kind(name, shape, ordinary, hazards, role="int", differentiable=False, widths=False)


def _offsets(rng, shape):
    """The call that `random_crop` documents, for a window two rows and one column smaller than the image."""
    return rng.integers(0, (3, 2), size=shape)


def _crop_call(fn, grad, arrays, options):
    image, rng = arrays
    rest = {k: v for k, v in options.items() if k != "size"}
    return fn(*grad, image, options["size"], rng, **rest)


def _uint8_call(fn, grad, arrays, options):
    return fn(*grad, arrays[0].astype(np.uint8), **options)


def _first_pixel(op, rng, n):
    """Which of the 3 x 4 pixels a 1 x 1 window hit, in each of n images."""
    image = np.broadcast_to(np.arange(12.0).reshape(1, 3, 4), (n, 1, 3, 4)).copy()
    return op(image, (1, 1), rng).reshape(-1).astype(np.int64)


# -- the sampler of crops: every window of the image is as likely --------------------------------------------------------------
DIGITS = 256
"""Whole numbers below it are exact in every dtype."""


def _cropped(arrays, options):
    shape, layout = list(arrays[0].shape), options.get("layout", "NCHW")
    shape[HEIGHT[layout]], shape[WIDTH[layout]] = options["size"]
    return tuple(shape)


def _windows(image, options):
    """The boxes of all windows, row by row."""
    h, w = (axis[options.get("layout", "NCHW")] for axis in (HEIGHT, WIDTH))
    height, width = options["size"]
    for top in range(image.shape[h] - height + 1):
        for left in range(image.shape[w] - width + 1):
            box = [slice(None)] * 3
            box[h], box[w] = slice(top, top + height), slice(left, left + width)
            yield (..., *box)


def _alike(a, b):
    """For each image, whether all pixels are the same, bit by bit but for the kind of nan."""
    same = (a == b) & (np.signbit(a) == np.signbit(b)) | np.isnan(a) & np.isnan(b)
    return same.all(axis=(-3, -2, -1))


def _read_crops(arrays, options):
    image = wide(arrays[0])
    boxes = list(_windows(image, options))
    apart = np.ones(image.shape[:-3], bool)
    for i, box in enumerate(boxes):
        for other in boxes[:i]:
            apart &= ~_alike(image[box], image[other])

    def places(y, rng):
        y = wide(y)
        fits = np.array([_alike(y, image[box]) for box in boxes])
        if not fits.any(axis=0).all():
            raise Breach("values", "the result is no window of the image")
        first = np.argmax(fits, axis=0) / len(boxes)
        return (np.where(apart, within(first, first + 1 / len(boxes), rng), np.nan),)

    return places


def _crops_repeated(arrays, options, n):
    return ([longer(arrays[0], n, 0), arrays[1]], options) if arrays[0].ndim > 3 else None


def _crop_gradient(forward, dy, arrays, options):
    """dy put where the candidate's own window of a numbered image was, digit by digit, since 16 bits hold no more; exact."""
    image, dx = arrays[0], np.zeros(arrays[0].shape)
    count = math.prod(image.shape[-3:])
    numbers = np.arange(count).reshape(image.shape[-3:])
    digits = [np.broadcast_to(numbers // place % DIGITS, image.shape) for place in _places(count)]
    seen = [wide(forward(d.astype(image.dtype), options)) for d in digits]
    for box in _windows(image, options):
        hit = np.all([_alike(y, d[box].astype(np.float64)) for y, d in zip(seen, digits, strict=True)], axis=0)
        dx[box] += np.where(hit[..., None, None, None], wide(dy), 0.0)
    return dx, 0.0


def _places(count):
    """1, DIGITS, DIGITS^2 and so on: as many as the numbers below `count` have digits."""
    places = [1]
    while places[-1] * DIGITS < count:
        places.append(places[-1] * DIGITS)
    return places


# -- torch -------------------------------------------------------------------------------------------------------------
def _torch_flip(image, layout="NCHW"):
    import torch

    return torch.flip(image, (WIDTH[layout],))


def _torch_crop(image, rng, size, layout="NCHW"):
    import torch

    if not image.shape[:-3].numel():
        return image.narrow(HEIGHT[layout], 0, size[0]).narrow(WIDTH[layout], 0, size[1])
    flat, offsets = image.reshape(-1, *image.shape[-3:]), rng.reshape(-1, 2).tolist()
    windows = [
        one.narrow(HEIGHT[layout], int(top), size[0]).narrow(WIDTH[layout], int(left), size[1])
        for one, (top, left) in zip(flat, offsets, strict=True)
    ]
    stacked = torch.stack(windows)
    return stacked.reshape(*image.shape[:-3], *stacked.shape[1:])


def _torch_normalize(image, mean, std, layout="NCHW"):
    shape = (1, 1, -1) if CHANNEL[layout] == -1 else (-1, 1, 1)
    return (image - mean.reshape(shape)) / std.reshape(shape)


def _torch_brightness(image, factor):
    return (image * factor).clamp(0, 1)


def _torch_brightness_uint8(image, factor):
    """torchvision's own steps: the product in float32, clamped, cut off."""
    import torch

    return (image.to(torch.uint8) * factor).clamp(0, 255).to(torch.uint8)


PAIRS = (
    Pair(
        "augmentation.horizontal_flip",
        (Real("image", (2, 2, 2, 3)),),
        torch=_torch_flip,
        variants=(
            with_options(layout="NHWC"),
            with_shapes("no_batch", condition="no batch axis", image=(3, 2, 4)),
            with_shapes("no_batch_nhwc", {"layout": "NHWC"}, condition="no batch axis", image=(2, 4, 3)),
            with_shapes("two_batch_axes", condition="several batch axes", image=(2, 1, 3, 2, 2)),
            with_shapes("one_column", image=(1, 3, 2, 1)),
            with_shapes("empty", condition="empty arrays", image=(0, 3, 2, 2)),
            with_shapes("wide", condition="no batch axis", image=(1, 1, 200)),
        ),
        axes=(
            along(image=("n", 1, 2, 3)),
            along(image=(1, "n", 2, 3)),
            along(image=(1, 1, "n", 3)),
            along(image=(1, 1, 2, "n")),
        ),
    ),
    Pair(
        "augmentation.random_crop",
        (Real("image", (2, 2, 4, 4)), Noise("rng", (2, 2), _offsets)),
        torch=_torch_crop,
        options={"size": (2, 3)},
        call=_crop_call,
        variants=(
            with_shapes("nhwc", {"layout": "NHWC", "size": (2, 3)}, image=(3, 4, 4, 2), rng=(3, 2)),
            with_shapes("no_batch", {"size": (2, 3)}, condition="no batch axis", image=(3, 4, 4), rng=(2,)),
            with_shapes(
                "no_batch_nhwc", {"layout": "NHWC", "size": (2, 3)}, condition="no batch axis", image=(4, 4, 3), rng=(2,)
            ),
            with_shapes(
                "two_batch_axes", {"size": (1, 2)}, condition="several batch axes", image=(2, 2, 1, 3, 3), rng=(2, 2, 2)
            ),
            with_shapes("one_pixel", {"size": (1, 1)}, image=(4, 1, 3, 2), rng=(4, 2)),
            with_shapes("empty", {"size": (2, 3)}, condition="empty arrays", image=(0, 2, 4, 4), rng=(0, 2)),
        ),
        laws={"offsets": Law(_first_pixel, (1 / 12,) * 12)},
        sampler=Sampler(_cropped, _read_crops, _crops_repeated, _crop_gradient, most=16_000),
        axes=(
            along(image=("n", 1, 4, 4), rng=("n", 2)),
            along(image=(1, "n", 4, 4), rng=(1, 2)),
        ),
    ),
    Pair(
        "augmentation.normalize_image",
        (
            Factor("image", (2, 3, 2, 2)).also(large_mean=h.large_mean, largest=h.largest),
            Factor("mean", (3,)).also(large_mean=h.large_mean, largest=h.largest).but("one_inf"),
            Positive("std", (3,)).but("infinities").also(negative=h.listed([-0.5, -2.0, 0.25])),
        ),
        torch=_torch_normalize,
        variants=(
            with_shapes("nhwc", {"layout": "NHWC"}, image=(2, 2, 2, 3), mean=(3,), std=(3,)),
            with_shapes("no_batch", condition="no batch axis", image=(1, 3, 4), mean=(1,), std=(1,)),
            with_shapes("no_batch_nhwc", {"layout": "NHWC"}, condition="no batch axis", image=(3, 4, 2), mean=(2,), std=(2,)),
            with_shapes("two_batch_axes", condition="several batch axes", image=(2, 2, 2, 2, 1), mean=(2,), std=(2,)),
            with_shapes("as_wide_as_deep", image=(1, 3, 2, 3), mean=(3,), std=(3,)),
            with_shapes("empty", condition="empty arrays", image=(0, 3, 2, 2), mean=(3,), std=(3,)),
            with_shapes("long", image=(1, 2, 10, 10), mean=(2,), std=(2,)),
        ),
    ),
    Pair(
        "augmentation.adjust_brightness",
        (_pixels(),),
        torch=_torch_brightness,
        options={"factor": 1.25},
        knots=(0.0, 0.8, 1.0, 0.5, 2.0),
        variants=(
            with_options(factor=0.7),
            with_options(factor=2.0),
            with_options(factor=0.0),
            with_options(factor=1.0),
            with_options(factor=1e-30),
            with_shapes("image", {"factor": 1.5}, image=(2, 3, 2, 2)),
        ),
    ),
    Pair(
        "augmentation.adjust_brightness_uint8",
        (_bytes(),),
        torch=_torch_brightness_uint8,
        options={"factor": 1.25},
        dtypes=("float64",),
        differentiable=False,
        ours="npimpl.augmentation.adjust_brightness",
        call=_uint8_call,
        variants=(
            with_options(factor=0.7),
            with_options(factor=1.1),
            with_options(factor=3.0),
            with_options(factor=300.0),
            with_options(factor=0.0),
            with_shapes("image", {"factor": 1.5}, image=(2, 3, 2, 2)),
            with_shapes("empty", {"factor": 1.5}, condition="empty arrays", image=(0, 3)),
            with_shapes("scalar", {"factor": 1.5}, condition="0-d arrays", image=()),
        ),
    ),
)
