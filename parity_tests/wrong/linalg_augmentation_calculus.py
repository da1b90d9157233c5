"""Wrong linear algebra, augmentation and calculus: each of these must turn the suite red."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import Candidate


# -- linalg ------------------------------------------------------------------------------------------------------------
def _columns(a, b):
    vector = b.ndim == 1 or b.shape == a.shape[:-1]
    return (b[..., None] if vector else b), vector


def solve_transposed(a, b):
    b, vector = _columns(a, b)
    x = np.linalg.solve(np.swapaxes(a, -1, -2).astype(np.float64), b.astype(np.float64)).astype(a.dtype)
    return x[..., 0] if vector else x


def solve_without_pivoting(a, b):
    """Gauss without exchanging rows."""
    columns, vector = _columns(a, b)
    lead = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    u = np.broadcast_to(a, lead + a.shape[-2:]).astype(np.float64)
    x = np.broadcast_to(columns, lead + columns.shape[-2:]).astype(np.float64)
    n = a.shape[-1]
    with np.errstate(all="ignore"):
        for k in range(n):
            factor = u[..., k + 1 :, k : k + 1] / u[..., k : k + 1, k : k + 1]
            u[..., k + 1 :, :] -= factor * u[..., k : k + 1, :]
            x[..., k + 1 :, :] -= factor * x[..., k : k + 1, :]
        for k in reversed(range(n)):
            x[..., k, :] = (x[..., k, :] - (u[..., k, k + 1 :, None] * x[..., k + 1 :, :]).sum(axis=-2)) / u[..., k, k, None]
        x = x.astype(a.dtype)
    return x[..., 0] if vector else x


def solve_backward_untransposed(grad_output, a, b):
    """A^-1 G in place of A^-T G."""
    from npimpl.linalg import solve, solve_backward

    da, db = solve_backward(grad_output, a, b)
    return da, solve(a, grad_output).reshape(b.shape) if grad_output.shape == b.shape else db[..., ::-1].copy()


def solve_backward_no_minus(grad_output, a, b):
    from npimpl.linalg import solve_backward

    da, db = solve_backward(grad_output, a, b)
    return -da, db


def slogdet_from_det(a):
    """The logarithm of a determinant that overflows and underflows."""
    with np.errstate(all="ignore"):
        d = np.asarray(np.linalg.det(a.astype(np.float64)))
        return np.sign(d).astype(a.dtype), np.log(abs(d)).astype(a.dtype)


def slogdet_no_sign(a):
    with np.errstate(all="ignore"):
        sign, y = np.linalg.slogdet(a.astype(np.float64))
    return abs(np.asarray(sign)).astype(a.dtype), np.asarray(y).astype(a.dtype)


def slogdet_backward_untransposed(grad_output, a):
    from npimpl.linalg import slogdet_backward

    return (np.swapaxes(slogdet_backward(grad_output, a)[0], -1, -2).copy(),)


# -- augmentation ------------------------------------------------------------------------------------------------------
def flip_last_axis(image, layout="NCHW"):
    """Flips the channels of NHWC images."""
    return image[..., ::-1].copy()


def flip_backward_identity(grad_output, image, layout="NCHW"):
    return (grad_output.copy(),)


def crop_one_offset(image, size, rng, layout="NCHW"):
    """One window for the whole batch."""
    h, w = (-2, -1) if layout == "NCHW" else (-3, -2)
    batch = image.shape[:-3]
    offsets = rng.integers(0, (image.shape[h] - size[0] + 1, image.shape[w] - size[1] + 1), size=(*batch, 2))
    top, left = offsets.reshape(-1, 2)[0] if offsets.size else (0, 0)
    box = [slice(None)] * image.ndim
    box[h], box[w] = slice(top, top + size[0]), slice(left, left + size[1])
    return image[tuple(box)].copy()


def crop_never_at_the_end(image, size, rng, layout="NCHW"):
    """The last offset is left out: an off-by-one that only the distribution shows."""
    from npimpl.augmentation import random_crop

    h, w = (-2, -1) if layout == "NCHW" else (-3, -2)
    box = [slice(None)] * image.ndim
    box[h] = slice(0, max(image.shape[h] - 1, size[0]))
    box[w] = slice(0, max(image.shape[w] - 1, size[1]))
    return random_crop(image[tuple(box)], size, rng, layout)


def crop_backward_corner(grad_output, image, size, rng, layout="NCHW"):
    """Puts the cotangent into the upper left corner."""
    dx = np.zeros_like(image)
    h, w = (-2, -1) if layout == "NCHW" else (-3, -2)
    box = [slice(None)] * image.ndim
    box[h], box[w] = slice(0, size[0]), slice(0, size[1])
    dx[tuple(box)] = grad_output
    return dx, None


def _along(v, layout):
    return v if layout == "NHWC" else v[:, None, None]


@np.errstate(all="ignore")
def normalize_fused(image, mean, std, layout="NCHW"):
    """x (1/std) - mean/std: cancels near the mean."""
    s = 1 / std
    return image * _along(s, layout) - _along(mean * s, layout)


@np.errstate(all="ignore")
def normalize_last_axis(image, mean, std, layout="NCHW"):
    """Always along the last axis where it fits."""
    if image.shape[-1] == len(mean):
        return (image - mean) / std
    return (image - mean[:, None, None]) / std[:, None, None]


@np.errstate(all="ignore")
def normalize_with_eps(image, mean, std, layout="NCHW"):
    return (image - _along(mean, layout)) / (_along(std, layout) + np.asarray(1e-3, image.dtype))


def normalize_backward_mean_only_batch(grad_output, image, mean, std, layout="NCHW"):
    """Averages over the pixels instead of summing."""
    from npimpl.augmentation import normalize_image_backward

    dx, dm, ds = normalize_image_backward(grad_output, image, mean, std, layout)
    return dx, (dm / max(image.size // len(mean), 1)).astype(dm.dtype), ds


def brightness_unclamped(image, factor):
    with np.errstate(all="ignore"):
        return (image.astype(np.float64) * factor).astype(image.dtype)


def brightness_255(image, factor):
    """The clamp of bytes for floats too."""
    with np.errstate(all="ignore"):
        return np.clip(image.astype(np.float64) * factor, 0, 255).astype(image.dtype)


def brightness_backward_unclamped(grad_output, image, factor):
    return ((grad_output.astype(np.float64) * factor).astype(image.dtype),)


def brightness_uint8_wraps(image, factor):
    """256 becomes 0."""
    return (image.astype(np.float32) * np.float32(factor)).astype(np.int64).astype(np.uint8)


def brightness_uint8_rounds(image, factor):
    return np.rint(np.minimum(image.astype(np.float32) * np.float32(factor), 255)).astype(np.uint8)


def brightness_uint8_cut_short(image, factor):
    """Cuts off a product that is a little too small: whole numbers lose one."""
    return np.floor(np.minimum(image * (1 - 1e-9) * factor, 255)).astype(np.uint8)


# -- calculus ----------------------------------------------------------------------------------------------------------
def _columnwise(f, x, difference):
    columns = [difference(f, x, j) for j in np.ndindex(*x.shape)]
    return np.stack(columns, axis=-1).reshape(np.shape(columns[0]) + x.shape)


def jacobian_forward(f, x, step=None):
    """One-sided differences: an error of first order."""

    def difference(f, x, j):
        h = (step or 1.5e-8) * max(abs(x[j]), 1.0)
        above = x.copy()
        above[j] += h
        return (f(above) - f(x)) / h

    return _columnwise(f, x, difference)


def jacobian_tiny_step(f, x, step=None):
    """A step at which rounding is all that is left."""
    from npimpl.calculus import jacobian

    return jacobian(f, x, 1e-13)


def jacobian_transposed(f, x, step=None):
    from npimpl.calculus import jacobian

    found = jacobian(f, x, step)
    return found.T.copy() if found.ndim == 2 else found


def check_is_optimistic(f, f_backward, *arrays, rng, directions=3):
    return True


def check_allows_percents(f, f_backward, *arrays, rng, directions=3):
    """Compares with a tolerance of one in twenty."""
    (x,) = (a.astype(np.float64) for a in arrays)
    w, v = rng.uniform(-1, 1, np.shape(f(x))), rng.uniform(-1, 1, x.shape)
    d = np.sum(w * (f(x + 1e-5 * v) - f(x - 1e-5 * v))) / 2e-5
    p = np.sum(f_backward(w, x)[0] * v)
    return bool(abs(d - p) <= 0.05 * abs(d) + 1e-3)


def check_with_ones(f, f_backward, *arrays, rng, directions=3):
    """A cotangent of ones sees nothing of softmax."""
    (x,) = (a.astype(np.float64) for a in arrays)
    w, v = np.ones(np.shape(f(x))), rng.uniform(-1, 1, x.shape)
    d = np.sum(w * (f(x + 1e-5 * v) - f(x - 1e-5 * v))) / 2e-5
    p = np.sum(f_backward(w, x)[0] * v)
    return bool(abs(d - p) <= 1e-6 * (abs(d) + abs(p)) + 1e-8)


WRONG = (
    Candidate("linalg.solve", "solves with the transpose", solve_transposed),
    Candidate("linalg.solve", "elimination without pivoting", solve_without_pivoting),
    Candidate("linalg.solve", "gradient by A in place of its transpose", backward=solve_backward_untransposed),
    Candidate("linalg.solve", "gradient of A without its minus", backward=solve_backward_no_minus),
    Candidate("linalg.slogdet", "logarithm of the determinant", slogdet_from_det),
    Candidate("linalg.slogdet", "sign always positive", slogdet_no_sign),
    Candidate("linalg.slogdet", "gradient not transposed", backward=slogdet_backward_untransposed),
    Candidate("augmentation.horizontal_flip", "flips channels in NHWC", flip_last_axis),
    Candidate("augmentation.horizontal_flip", "gradient not flipped", backward=flip_backward_identity),
    Candidate("augmentation.random_crop", "one window for the batch", crop_one_offset),
    Candidate("augmentation.random_crop", "never crops at the end", crop_never_at_the_end),
    Candidate("augmentation.random_crop", "gradient always in the corner", backward=crop_backward_corner),
    Candidate(
        "augmentation.normalize_image",
        "multiplies and subtracts",
        normalize_fused,
        within="stable",
        why="Its error is that of rounding image, mean and std: what is lost is lost by the data.",
    ),
    Candidate("augmentation.normalize_image", "statistics along the last axis", normalize_last_axis),
    Candidate("augmentation.normalize_image", "adds an eps to std", normalize_with_eps),
    Candidate("augmentation.normalize_image", "gradient of the mean averaged", backward=normalize_backward_mean_only_batch),
    Candidate("augmentation.adjust_brightness", "does not clamp", brightness_unclamped),
    Candidate("augmentation.adjust_brightness", "clamps at 255", brightness_255),
    Candidate("augmentation.adjust_brightness", "gradient not clamped", backward=brightness_backward_unclamped),
    Candidate("augmentation.adjust_brightness_uint8", "wraps around", brightness_uint8_wraps, dtypes=("float64",)),
    Candidate("augmentation.adjust_brightness_uint8", "rounds to nearest", brightness_uint8_rounds, dtypes=("float64",)),
    Candidate(
        "augmentation.adjust_brightness_uint8", "cuts off whole numbers", brightness_uint8_cut_short, dtypes=("float64",)
    ),
    Candidate("calculus.jacobian", "one-sided differences", jacobian_forward, dtypes=("float64",)),
    Candidate("calculus.jacobian", "step too small", jacobian_tiny_step, dtypes=("float64",)),
    Candidate("calculus.jacobian", "transposed", jacobian_transposed, dtypes=("float64",)),
    Candidate("calculus.gradient_check", "always agrees", check_is_optimistic),
    Candidate("calculus.gradient_check", "tolerates five per cent", check_allows_percents),
    Candidate("calculus.gradient_check", "cotangent of ones", check_with_ones),
)
