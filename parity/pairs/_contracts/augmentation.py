"""What the augmentations must refuse."""

import numpy as np

from parity.pair import Contract, with_shapes
from parity.pairs._contracts._rows import ANY_NUMBERS, BACKWARD, each, given, shapes, typed

FEW = "an image of fewer than three axes"
WINDOW = "a window that is larger than the image, or empty"
CHANNELS = "a mean or standard deviation for other channels"
DARK = "a negative brightness, or nan"
_FACTORS = each(DARK, "factor", -0.5, -1e-300, float("nan"))
CONTRACTS = {
    "horizontal_flip": Contract(
        (shapes(FEW, image=(2, 3)), shapes(FEW, image=(3,))), accepts={"image_of_complex_numbers": ANY_NUMBERS}
    ),
    "random_crop": Contract(
        (
            shapes(FEW, image=(4, 4)),
            *each(WINDOW, "size", (0, 2), (2, 0), (5, 3), (2, 5), (-1, 2), (2, -1), 5, 0),
            given("no generator", "rng", np.full(4, 0.5), "of_numbers"),
        ),
        allows=(with_shapes("whole_image", {"size": (5, 3)}, condition="empty arrays", image=(0, 2, 5, 3), rng=(0, 2)),),
        accepts={"image_of_complex_numbers": ANY_NUMBERS},
    ),
    "normalize_image": Contract(
        (
            shapes(FEW, image=(3, 2)),
            shapes(CHANNELS, mean=(2,)),
            shapes(CHANNELS, std=(4,)),
            shapes(CHANNELS, mean=(3, 1)),
            shapes(CHANNELS, std=()),
            shapes(CHANNELS, mean=(1,)),
            shapes(CHANNELS, std=(1,)),
        )
    ),
    "adjust_brightness": Contract(
        (
            *_FACTORS,
            typed("pixels of int64", "image", np.int64),
            typed("pixels of booleans", "image", np.bool_),
            typed("the derivative of integers", "image", np.uint8, BACKWARD),
        )
    ),
    "adjust_brightness_uint8": Contract(_FACTORS, accepts={"image_of_floats": "Floats are pixels too."}),
}
