"""Right linear algebra, augmentation and calculus in other styles: none of these may be refused."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import Candidate


def solve_exactly(a, b):
    """Gauss-Jordan in fractions, rounded once."""
    from fractions import Fraction

    vector = b.ndim == 1 or b.shape == a.shape[:-1]
    columns = b[..., None] if vector else b
    lead = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    a, columns = np.broadcast_to(a, lead + a.shape[-2:]), np.broadcast_to(columns, lead + columns.shape[-2:])
    x = np.full(columns.shape, np.nan)
    for i in np.ndindex(*lead):
        if not (np.isfinite(a[i]).all() and np.isfinite(columns[i]).all()):
            fine = np.isfinite(columns[i]).all(axis=0) & np.isfinite(a[i]).all()
            x[i][:, fine] = _eliminated(a[i], columns[i][:, fine], Fraction) if fine.any() else 0.0
            continue
        x[i] = _eliminated(a[i], columns[i], Fraction)
    with np.errstate(all="ignore"):
        x = x.astype(b.dtype)
    return x[..., 0] if vector else x


def _eliminated(a, b, number):
    rows = [
        [number(v) for v in (*p, *q)] for p, q in zip(a.astype(np.float64).tolist(), b.astype(np.float64).tolist(), strict=True)
    ]
    n = len(rows)
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [v - rows[i][k] * t for v, t in zip(rows[i], rows[k], strict=True)]
    return np.array([[_float(v) for v in row[n:]] for row in rows]).reshape(b.shape)


def _float(v):
    try:
        return float(v)
    except OverflowError:
        return np.copysign(np.inf, v)


def flip_by_index(image, layout="NCHW"):
    axis = image.ndim - (1 if layout == "NCHW" else 2)
    return np.take(image, range(image.shape[axis] - 1, -1, -1), axis=axis)


def crop_by_loop(image, size, rng, layout="NCHW"):
    h, w = (-2, -1) if layout == "NCHW" else (-3, -2)
    offsets = rng.integers(0, (image.shape[h] - size[0] + 1, image.shape[w] - size[1] + 1), size=(*image.shape[:-3], 2))
    shape = list(image.shape)
    shape[h], shape[w] = size
    y = np.empty(shape, image.dtype)
    for n in np.ndindex(*image.shape[:-3]):
        rows = np.arange(size[0]) + offsets[(*n, 0)]
        y[n] = np.take(np.take(image[n], rows, axis=h), np.arange(size[1]) + offsets[(*n, 1)], axis=w)
    return y


def normalize_in_float64(image, mean, std, layout="NCHW"):
    m, s = (v.astype(np.float64) if layout == "NHWC" else v.astype(np.float64)[:, None, None] for v in (mean, std))
    with np.errstate(all="ignore"):
        return (((image.astype(np.float64) / 4 - m / 4) / s) * 4).astype(image.dtype)


def brightness_by_where(image, factor):
    with np.errstate(all="ignore"):
        y = image.astype(np.float64) * factor
        return np.where(y < 0, 0.0, np.where(y > 1, 1.0, y)).astype(image.dtype)


def brightness_by_table(image, factor):
    """All 256 answers, looked up."""
    table = np.minimum(np.arange(256, dtype=np.float32) * np.float32(factor), 255).astype(np.uint8)
    return table[image]


def jacobian_extrapolated(f, x, step=None):
    """Richardson: two central differences, the error of second order taken out."""
    from npimpl.calculus import jacobian

    s = 7e-6 if step is None else step
    return (4 * jacobian(f, x, s) - jacobian(f, x, 2 * s)) / 3


def check_whole_jacobian(f, f_backward, *arrays, rng, directions=3):
    """Every element of the Jacobian against every gradient."""
    from npimpl.calculus import jacobian

    (x,) = (a.astype(np.float64) for a in arrays)
    expected = jacobian(f, x)
    found = np.array([f_backward(w, x)[0] for w in np.eye(len(x))])
    return bool(np.allclose(found, expected, rtol=1e-6, atol=1e-7))


RIGHT = (
    Candidate("linalg.solve", "Gauss-Jordan in fractions", solve_exactly),
    Candidate("augmentation.horizontal_flip", "reads indices backwards", flip_by_index),
    Candidate("augmentation.random_crop", "takes rows, then columns", crop_by_loop),
    Candidate("augmentation.normalize_image", "float64 at quarter scale", normalize_in_float64, dtypes=("float32",)),
    Candidate("augmentation.adjust_brightness", "two comparisons", brightness_by_where),
    Candidate("augmentation.adjust_brightness_uint8", "a table of 256", brightness_by_table, dtypes=("float64",)),
    Candidate("calculus.jacobian", "Richardson extrapolation", jacobian_extrapolated, dtypes=("float64",)),
    Candidate("calculus.gradient_check", "the whole Jacobian", check_whole_jacobian),
)
