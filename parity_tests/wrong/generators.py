"""Samplers that misuse their generator: right in shape, support and (some of them) in each single draw."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import Candidate


def _gumbel(rng, shape):
    return -np.log(-np.log(np.maximum(rng.random(shape), 2.0**-54)))


def _wide(x):
    return np.asarray(x).astype(np.float64)


def max_with_own_seed(logits, rng, axis=-1):
    """Reseeds: every call draws the same."""
    return np.argmax(_wide(logits) + _gumbel(np.random.default_rng(0), np.shape(logits)), axis=axis)


def dropout_with_fresh_generator(x, rng, p=0.5, training=True):
    """Draws from a generator of its own, which nobody can repeat."""
    if not training:
        return x.copy()
    keep = np.random.default_rng().random(np.shape(x)) >= p
    return (_wide(x) * keep / (1 - p if p < 1 else 1)).astype(x.dtype)


def dropout_of_whole_rows(x, rng, p=0.5, training=True):
    """One decision for each row."""
    if not training:
        return x.copy()
    keep = rng.random(np.shape(x)[:-1] + (1,) * (np.ndim(x) > 0)) >= p
    return (_wide(x) * keep / (1 - p if p < 1 else 1)).astype(x.dtype)


def dropout_with_a_bias(x, rng, p=0.5, training=True):
    """Drops with a probability that is off by one hundredth."""
    if not training:
        return x.copy()
    keep = rng.random(np.shape(x)) >= (p + 0.01 if 0 < p < 1 else p)
    return (_wide(x) * keep / (1 - p if p < 1 else 1)).astype(x.dtype)


def crop_with_one_offset(image, size, rng, layout="NCHW"):
    """The same window for all images."""
    h, w = (-2, -1) if layout == "NCHW" else (-3, -2)
    top, left = (int(rng.integers(0, image.shape[axis] - n + 1)) for axis, n in zip((h, w), size, strict=True))
    return np.take(np.take(image, range(top, top + size[0]), h), range(left, left + size[1]), w)


def crop_never_at_the_end(image, size, rng, layout="NCHW"):
    """The last row and column are never reached."""
    h, w = (-2, -1) if layout == "NCHW" else (-3, -2)
    top, left = (rng.integers(0, max(image.shape[a] - n, 1), image.shape[:-3]) for a, n in zip((h, w), size, strict=True))
    out = np.empty([*image.shape[:-3], *np.take(np.take(image[..., :, :, :], range(size[0]), h), range(size[1]), w).shape[-3:]])
    for at in np.ndindex(image.shape[:-3]):
        rows, columns = range(top[at], top[at] + size[0]), range(left[at], left[at] + size[1])
        out[at] = np.take(np.take(image[at], rows, h), columns, w)
    return out.astype(image.dtype)


WRONG = (
    Candidate("sampling.gumbel_max", "reseeds in every call", max_with_own_seed),
    Candidate("sampling.dropout", "ignores its generator", dropout_with_fresh_generator),
    Candidate("sampling.dropout", "drops whole rows", dropout_of_whole_rows),
    Candidate("sampling.dropout", "drops one in a hundred too many", dropout_with_a_bias),
    Candidate("augmentation.random_crop", "one window for all images", crop_with_one_offset),
    Candidate("augmentation.random_crop", "never at the end", crop_never_at_the_end),
)
