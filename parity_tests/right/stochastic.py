"""Right sampling, distributions and initial values in other styles and other ways to draw: none may be flagged."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import Candidate

DOUBLE = ("float64",)
ALL = ("float64", "float32", "float16", "bfloat16")


def max_row_by_row(logits, rng, axis=-1):
    """Pairwise differences, so that noise is never added to a large logit."""
    x = np.asarray(logits).astype(np.float64)
    g = -np.log(-np.log(np.maximum(rng.random(x.shape), 2.0**-54)))
    rows, noise = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    out = np.zeros(rows.shape[:-1], np.int64)
    for at in np.ndindex(out.shape):
        r, n = rows[at], noise[at]
        best = 0
        for k in range(1, r.size):
            better = r[k] > r[best] if np.isinf(r[k]) or np.isinf(r[best]) else (r[k] - r[best]) + (n[k] - n[best]) > 0
            best = k if not np.isnan(r[best]) and (better or np.isnan(r[k])) else best
        out[at] = best
    return out


def categorical_by_search(logits, rng, size=None):
    x = np.asarray(logits).astype(np.float64)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    c = np.cumsum(e / e.sum(axis=-1, keepdims=True), axis=-1)
    extra = () if size is None else (size,) if np.ndim(size) == 0 else tuple(size)
    u = rng.random(extra + x.shape[:-1])
    flat = np.broadcast_to(c, (*u.shape, x.shape[-1])).reshape(-1, x.shape[-1])
    found = [min(int(np.searchsorted(row, v, side="right")), row.size - 1) for row, v in zip(flat, u.reshape(-1), strict=True)]
    return np.array(found, np.int64).reshape(u.shape)


def dropout_by_reciprocal(x, rng, p=0.5, training=True):
    if not training:
        return np.array(x)
    mask = np.where(rng.random(np.shape(x)) < p, 0.0, 1.0 / (1.0 - p) if p < 1 else 0.0)
    return (np.asarray(x).astype(np.float64) * mask).astype(np.asarray(x).dtype)


def dropout_gradient_by_reciprocal(grad_output, x, rng, p=0.5, training=True):
    return dropout_by_reciprocal(np.asarray(grad_output), rng, p, training).astype(x.dtype), None


def entropy_by_logarithm_of_product(loc, scale):
    """log(scale sqrt(2 pi e)), the product taken in parts that cannot overflow."""
    m, e = np.frexp(np.asarray(scale).astype(np.float64))
    h = np.log(m * math.sqrt(2 * math.pi * math.e)) + e * math.log(2.0)
    h = np.where(np.isfinite(m), h, m)
    return (h + np.zeros(np.shape(loc))).astype(np.asarray(scale).dtype)


def sample_by_torch_order(shape, rng, loc, scale):
    mu, s = np.asarray(loc).astype(np.float64), np.asarray(scale).astype(np.float64)
    z = rng.standard_normal(tuple(shape) + np.broadcast_shapes(mu.shape, s.shape))
    return (z * s + mu).astype(np.asarray(loc).dtype)


def kaiming_by_two_roots(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    gains = {"leaky_relu": math.sqrt(2 / (1 + a**2)), "relu": math.sqrt(2), "tanh": 5 / 3, "selu": 3 / 4}
    fan = (shape[1] if mode == "fan_in" else shape[0]) * int(np.prod(shape[2:]))
    z = rng.standard_normal(shape)
    return gains.get(nonlinearity, 1.0) / math.sqrt(max(fan, 1)) * z


def orthogonal_by_scipy(shape, rng, gain=1.0):
    from scipy import linalg

    a = rng.standard_normal((shape[0], math.prod(shape[1:])))
    if a.size == 0:
        return a.reshape(shape)
    wide = a.shape[0] < a.shape[1]
    q, r = linalg.qr(a.T if wide else a, mode="economic")
    q = q * np.sign(np.diag(r))
    return gain * (q.T if wide else q).reshape(shape)


def orthogonal_polar(shape, rng, gain=1.0):
    """The orthogonal factor of the polar decomposition: uniform too, since the normal law does not change under rotations."""
    a = rng.standard_normal((shape[0], math.prod(shape[1:])))
    u, _, vt = np.linalg.svd(a, full_matrices=False)
    return (u @ vt * gain).reshape(shape)


# -- other ways to draw --------------------------------------------------------------------------------------------------------
def _wide(x):
    return np.asarray(x).astype(np.float64)


def _certain(x, drawn, axis=-1):
    """Rows with nan or infinity, or of -inf alone, have one right answer."""
    return np.where(np.isfinite(x.max(axis=axis)), drawn, np.argmax(x, axis=axis))


def _probabilities(x):
    """softmax over the last axis; a row that is no distribution counts as uniform."""
    finite = np.where(np.isfinite(x.max(axis=-1, keepdims=True)), x, 0.0)
    e = np.exp(finite - finite.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def max_by_race(logits, rng, axis=-1):
    """The first of independent exponential clocks."""
    x = np.moveaxis(_wide(logits), axis, -1)
    with np.errstate(divide="ignore"):
        return _certain(x, np.argmin(rng.standard_exponential(x.shape) / _probabilities(x), axis=-1))


def max_by_generator_gumbel(logits, rng, axis=-1):
    x = _wide(logits)
    top = x.max(axis=axis, keepdims=True)
    return np.argmax(np.where(np.isfinite(top), x - top, x) + rng.gumbel(size=x.shape), axis=axis)


def max_by_single_precision_noise(logits, rng, axis=-1):
    """A generator of float32 numbers, and the axis of categories drawn first."""
    x = np.moveaxis(_wide(logits), axis, 0)
    g = -np.log(rng.standard_exponential(x.shape, dtype=np.float32)).astype(np.float64)
    top = x.max(axis=0, keepdims=True)
    return np.argmax(np.where(np.isfinite(top), x - top, x) + g, axis=0)


def _draws(size, x):
    extra = () if size is None else (size,) if np.ndim(size) == 0 else tuple(size)
    return extra + x.shape[:-1]


def _row_by_row(draw, x, shape):
    """`draw(p, n)` for each row of logits: all draws of one row, then those of the next."""
    p = _probabilities(x).reshape(-1, x.shape[-1])
    n = math.prod(shape) // max(len(p), 1)
    rows = [draw(row, n) for row in p]
    return np.array(rows, np.int64).reshape(len(p), n).T.reshape(shape)


def categorical_by_choice(logits, rng, size=None):
    x = _wide(logits)
    return _row_by_row(lambda p, n: rng.choice(p.size, size=n, p=p), x, _draws(size, x))


def categorical_by_multinomial(logits, rng, size=None):
    """Counts of each category, put into a random order."""
    x = _wide(logits)
    draw = lambda p, n: rng.permutation(np.repeat(np.arange(p.size), rng.multinomial(n, p / p.sum())))  # noqa: E731
    return _row_by_row(draw, x, _draws(size, x))


def _alias(p, n, rng):
    """Walker's alias method: a column at random, then it or its alias."""
    keep, alias = p * p.size, np.arange(p.size)
    small, large = [k for k in range(p.size) if keep[k] < 1], [k for k in range(p.size) if keep[k] >= 1]
    while small and large:
        s, g = small.pop(), large[-1]
        alias[s], keep[g] = g, keep[g] - (1 - keep[s])
        if keep[g] < 1:
            small.append(large.pop())
    keep[small + large] = 1.0
    column = rng.integers(p.size, size=n)
    return np.where(rng.random(n) < keep[column], column, alias[column])


def categorical_by_alias(logits, rng, size=None):
    x = _wide(logits)
    return _row_by_row(lambda p, n: _alias(p, n, rng), x, _draws(size, x))


def _rejected(p, n, rng):
    """Proposes a category and accepts it with probability p / max p."""
    found = np.zeros(0, np.int64)
    while found.size < n:
        k = rng.integers(p.size, size=2 * n)
        found = np.concatenate([found, k[rng.random(2 * n) * p.max() < p[k]]])
    return found[:n]


def category_sample_by_rejection(shape, rng, logits):
    x = _wide(logits)
    return _row_by_row(lambda p, n: _rejected(p, n, rng), x, _draws(shape, x))


def category_sample_by_race(shape, rng, logits):
    x = _wide(logits)
    clocks = rng.standard_exponential((*_draws(shape, x), x.shape[-1]))
    with np.errstate(divide="ignore"):
        return np.argmin(clocks / _probabilities(x), axis=-1)


def _box_muller(rng, shape):
    n = math.prod(shape)
    radius, angle = np.sqrt(-2 * np.log(1 - rng.random(n))), 2 * np.pi * rng.random(n)
    return (radius * np.cos(angle)).reshape(shape)


def _scaled(shape, z, loc, scale):
    """loc + scale z, in parts that cannot overflow."""
    m, s = _wide(loc), _wide(scale)
    with np.errstate(over="ignore", invalid="ignore"):
        y = np.where(np.isfinite(m), (m / 32 + s / 32 * z) * 32, m + s * z)
        return np.where(np.abs(s) < 1e-290, m + s * z, y).astype(np.asarray(loc).dtype)


def _whole(shape, loc, scale):
    return tuple(shape) + np.broadcast_shapes(np.shape(loc), np.shape(scale))


def sample_by_box_muller(shape, rng, loc, scale):
    return _scaled(shape, _box_muller(rng, _whole(shape, loc, scale)), loc, scale)


def sample_by_inverse_transform(shape, rng, loc, scale):
    from scipy import special

    u = rng.random(_whole(shape, loc, scale)) + 2.0**-54
    return _scaled(shape, special.ndtri(u), loc, scale)


def sample_by_scipy(shape, rng, loc, scale):
    from scipy import stats

    return _scaled(shape, stats.norm.rvs(size=_whole(shape, loc, scale), random_state=rng), loc, scale)


def sample_by_polar_rejection(shape, rng, loc, scale):
    """Marsaglia's polar method."""
    whole = _whole(shape, loc, scale)
    z = np.zeros(0)
    while z.size < math.prod(whole):
        v = rng.uniform(-1, 1, (2, math.prod(whole) + 8))
        r = (v * v).sum(axis=0)
        v, r = v[:, (r > 0) & (r < 1)], r[(r > 0) & (r < 1)]
        z = np.concatenate([z, (v * np.sqrt(-2 * np.log(r) / r)).reshape(-1)])
    return _scaled(shape, z[: math.prod(whole)].reshape(whole), loc, scale)


def dropout_by_binomial(x, rng, p=0.5, training=True):
    if not training:
        return np.array(x)
    keep = rng.binomial(1, 1 - p, size=np.shape(x))
    with np.errstate(over="ignore", invalid="ignore"):
        return (_wide(x) * keep / (1 - p if p < 1 else 1)).astype(x.dtype)


def dropout_gradient_by_binomial(grad_output, x, rng, p=0.5, training=True):
    return dropout_by_binomial(np.asarray(grad_output), rng, p, training).astype(x.dtype), None


def dropout_in_column_order(x, rng, p=0.5, training=True):
    """Draws float32 numbers in Fortran order."""
    if not training:
        return np.array(x)
    keep = np.float32(p) <= rng.random(np.shape(x)[::-1], dtype=np.float32).T
    with np.errstate(over="ignore", invalid="ignore"):
        return (_wide(x) * keep / (1 - p if p < 1 else 1)).astype(x.dtype)


def dropout_gradient_in_column_order(grad_output, x, rng, p=0.5, training=True):
    return dropout_in_column_order(np.asarray(grad_output), rng, p, training).astype(x.dtype), None


def _race_softmax(logits, rng, tau, axis):
    x = _wide(logits)
    top = x.max(axis=axis, keepdims=True, initial=-np.inf)
    z = np.where(np.isfinite(top), x - top, x) - np.log(rng.standard_exponential(x.shape))
    with np.errstate(invalid="ignore", over="ignore"):
        e = np.exp((z - z.max(axis=axis, keepdims=True, initial=-np.inf)) / tau)
        return e / e.sum(axis=axis, keepdims=True)


def softmax_by_race(logits, rng, tau=1.0, hard=False, axis=-1):
    y = _race_softmax(logits, rng, tau, axis)
    if hard and y.size:
        hot = np.zeros_like(y)
        np.put_along_axis(hot, np.argmax(y, axis=axis, keepdims=True), 1.0, axis)
        y = np.where(np.isnan(y), np.nan, hot)
    return y.astype(np.asarray(logits).dtype)


def softmax_gradient_by_race(grad_output, logits, rng, tau=1.0, hard=False, axis=-1):
    y, dy = _race_softmax(logits, rng, tau, axis), _wide(grad_output)
    return (y * (dy - (y * dy).sum(axis=axis, keepdims=True)) / tau).astype(np.asarray(logits).dtype), None


def _window(image, index, size, layout):
    """The window of one image by its number, counted from the last one."""
    h, w = (-2, -1) if layout == "NCHW" else (-3, -2)
    across = image.shape[w] - size[1] + 1
    top, left = divmod(int(index), across)
    box = [slice(None)] * 3
    box[h], box[w] = slice(top, top + size[0]), slice(left, left + size[1])
    return tuple(box)


def _crop_numbers(image, size, rng, layout):
    h, w = (-2, -1) if layout == "NCHW" else (-3, -2)
    windows = (image.shape[h] - size[0] + 1) * (image.shape[w] - size[1] + 1)
    return windows - 1 - (rng.random(image.shape[:-3]) * windows).astype(int)


def crop_by_number(image, size, rng, layout="NCHW"):
    """One number for each image says which of the windows, the last one first."""
    numbers = _crop_numbers(image, size, rng, layout)
    shape = list(image.shape)
    shape[-2 if layout == "NCHW" else -3], shape[-1 if layout == "NCHW" else -2] = size
    out = np.empty(shape, image.dtype)
    for at in np.ndindex(numbers.shape):
        out[at] = image[at][_window(image, numbers[at], size, layout)]
    return out


def crop_gradient_by_number(grad_output, image, size, rng, layout="NCHW"):
    numbers, dx = _crop_numbers(image, size, rng, layout), np.zeros(image.shape, image.dtype)
    for at in np.ndindex(numbers.shape):
        dx[at][_window(image, numbers[at], size, layout)] = grad_output[at]
    return dx, None


def _gain(a, nonlinearity):
    return {"leaky_relu": math.sqrt(2 / (1 + a**2)), "relu": math.sqrt(2), "tanh": 5 / 3, "selu": 3 / 4}.get(nonlinearity, 1.0)


def kaiming_by_normal(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    """The generator's own scaling, drawn transposed."""
    fan = (shape[1] if mode == "fan_in" else shape[0]) * math.prod(shape[2:])
    return rng.normal(0.0, _gain(a, nonlinearity) / math.sqrt(max(fan, 1)), shape[::-1]).T


def orthogonal_by_scipy_group(shape, rng, gain=1.0):
    """The first columns of a random matrix of the orthogonal group."""
    from scipy import stats

    n, m = shape[0], math.prod(shape[1:])
    if n * m == 0:
        return np.zeros(shape)
    q = stats.ortho_group.rvs(max(n, m), random_state=rng) if max(n, m) > 1 else np.array([[rng.choice([-1.0, 1.0])]])
    return (gain * q[:n, :m]).reshape(shape)


def orthogonal_with_random_signs(shape, rng, gain=1.0):
    """The signs of the columns drawn anew, whatever LAPACK chose."""
    n, m = shape[0], math.prod(shape[1:])
    if n * m == 0:
        return np.zeros(shape)
    q = np.linalg.qr(rng.standard_normal((max(n, m), min(n, m))))[0]
    q = q * rng.choice([-gain, gain], size=q.shape[1])
    return (q.T if n < m else q).reshape(shape)


RIGHT = (
    Candidate("sampling.gumbel_max", "exponential race", max_by_race),
    Candidate("sampling.gumbel_max", "noise from Generator.gumbel", max_by_generator_gumbel, dtypes=ALL),
    Candidate("sampling.gumbel_max", "float32 noise, categories first", max_by_single_precision_noise),
    Candidate("sampling.gumbel_softmax", "exponential race", softmax_by_race, softmax_gradient_by_race, ALL),
    Candidate("sampling.categorical", "Generator.choice row by row", categorical_by_choice),
    Candidate("sampling.categorical", "multinomial counts in random order", categorical_by_multinomial),
    Candidate("sampling.categorical", "alias method", categorical_by_alias),
    Candidate("distributions.categorical_sample", "rejection", category_sample_by_rejection),
    Candidate("distributions.categorical_sample", "exponential race", category_sample_by_race, dtypes=ALL),
    Candidate("distributions.normal_sample", "Box-Muller", sample_by_box_muller, dtypes=ALL),
    Candidate("distributions.normal_sample", "inverse transform", sample_by_inverse_transform),
    Candidate("distributions.normal_sample", "SciPy's norm with this generator", sample_by_scipy),
    Candidate("distributions.normal_sample", "polar rejection", sample_by_polar_rejection),
    Candidate("sampling.dropout", "binomial mask", dropout_by_binomial, dropout_gradient_by_binomial, ALL),
    Candidate("sampling.dropout", "float32 noise in column order", dropout_in_column_order, dropout_gradient_in_column_order),
    Candidate("augmentation.random_crop", "one number for each window", crop_by_number, crop_gradient_by_number, ALL),
    Candidate("init.kaiming_normal", "Generator.normal, drawn transposed", kaiming_by_normal, dtypes=DOUBLE),
    Candidate("init.orthogonal", "SciPy's orthogonal group", orthogonal_by_scipy_group, dtypes=DOUBLE),
    Candidate("init.orthogonal", "QR with random signs", orthogonal_with_random_signs, dtypes=DOUBLE),
    Candidate(
        "init.orthogonal", "polar factor instead of QR: Haar as well, only drawn otherwise", orthogonal_polar, dtypes=DOUBLE
    ),
    Candidate("sampling.gumbel_max", "pairwise differences in a loop", max_row_by_row),
    Candidate("sampling.categorical", "binary search draw by draw", categorical_by_search),
    Candidate(
        "sampling.dropout",
        "product with the reciprocal",
        dropout_by_reciprocal,
        dropout_gradient_by_reciprocal,
        ("float32", "float16"),
    ),
    Candidate(
        "distributions.normal_entropy",
        "logarithm of the product",
        entropy_by_logarithm_of_product,
        dtypes=("float32", "float16"),
    ),
    Candidate("distributions.normal_sample", "product first", sample_by_torch_order, dtypes=("float32", "float16")),
    Candidate("init.kaiming_normal", "gain and fan apart", kaiming_by_two_roots, dtypes=DOUBLE),
    Candidate("init.orthogonal", "LAPACK through SciPy", orthogonal_by_scipy, dtypes=DOUBLE),
)
