"""What attention must refuse."""

import numpy as np

from parity.pair import Contract, Variant
from parity.pairs._contracts._rows import options, shapes, typed

FIT = "shapes that do not fit"
PLAIN = Variant({"_absent": ("attn_mask", "allowed")}, name="no_mask")
ADDED = Variant({"_absent": ("allowed",)}, name="bias_only")
NONE = ("attn_mask", "allowed")
CONTRACTS = {
    "scaled_dot_product_attention": Contract(
        (
            options("both a mask and `is_causal`", is_causal=True),
            typed("a mask of integers", "attn_mask", np.int64, usual=ADDED),
            typed("a mask of integers", "attn_mask", np.uint8, usual=ADDED),
            shapes(FIT, query=(4,), absent=NONE),
            shapes(FIT, key=(4,), absent=NONE),
            shapes(FIT, value=(5,), absent=NONE),
            shapes(FIT, query=(1, 3, 5), absent=NONE),
            shapes(FIT, value=(1, 4, 2), absent=NONE),
            shapes(FIT, query=(), key=(), value=(), absent=NONE),
        ),
        accepts={"attn_mask_of_complex_numbers": "It is not looked at whether a mask is of real numbers."},
    ),
}
