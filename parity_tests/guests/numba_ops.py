"""Ops written in numba: loops compiled by `njit`, and ufuncs made by `vectorize`."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, vectorize

FLOATS = ["float32(float32)", "float64(float64)"]


@vectorize(FLOATS)
def relu(x):
    return x if x > 0 or x != x else 0.0


@vectorize(FLOATS)
def silu(x):
    if x >= 0:
        return x / (1 + math.exp(-x))
    e = math.exp(x / 2)  # in two factors: exp(x) is subnormal where x exp(x) is not
    return (x * e) / (1 + e * e) * e if x > -np.inf else x * 0 if x != x else -0.0


@njit
def softplus(x, beta=1.0, threshold=20.0):
    y = np.empty_like(x)
    for i in range(x.size):
        v = np.float64(x.flat[i])
        y.flat[i] = v if v * beta > threshold or v != v else math.log1p(math.exp(v * beta)) / beta
    return y


@njit
def leaky_relu(x, negative_slope=0.01):
    y = np.empty_like(x)
    for i in range(x.size):
        y.flat[i] = x.flat[i] if x.flat[i] > 0 else x.flat[i] * negative_slope
    return y


@vectorize(FLOATS)
def gelu(x):
    root = 0.70710678118654752
    return 0.5 * x * math.erfc(-x * root) if x > -np.inf else x if x != x else -0.0


@njit
def _rows_of_softmax(x, y):
    for i in range(x.shape[0]):
        top = x[i, 0]
        for j in range(x.shape[1]):
            if x[i, j] > top or x[i, j] != x[i, j]:
                top = x[i, j]
        total = 0.0
        for j in range(x.shape[1]):
            total += math.exp(x[i, j] - top)
        for j in range(x.shape[1]):
            y[i, j] = math.exp(x[i, j] - top) / total


def softmax(x, axis=-1):
    """Over rows: the axis is moved to the end, and the rest are rows."""
    moved = np.ascontiguousarray(np.moveaxis(x, axis, -1)) if x.ndim else x.reshape(1)
    y = np.empty_like(moved)
    if y.size:
        _rows_of_softmax(moved.reshape(-1, moved.shape[-1]), y.reshape(-1, moved.shape[-1]))
    return np.moveaxis(y, -1, axis) if x.ndim else y.reshape(())


@njit
def _totals(x, y):
    for i in range(x.shape[0]):
        total, lost = 0.0, 0.0
        for v in x[i]:
            t = total + v
            lost += (total - t) + v if abs(total) >= abs(v) else (v - t) + total
            total = t
        y[i] = total + lost if abs(total) < np.inf else total


def sum(x, axis=None, keepdims=False):
    """By Neumaier's compensated summation."""
    axes = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    axes = sorted(a % x.ndim for a in axes) if x.ndim else []
    kept = [a for a in range(x.ndim) if a not in axes]
    y = np.empty([x.shape[a] for a in kept], x.dtype)
    rows = np.ascontiguousarray(x.transpose(kept + axes)).reshape(y.size, math.prod(x.shape[a] for a in axes))
    _totals(rows, y.reshape(-1))
    return np.expand_dims(y, tuple(axes)) if keepdims else y


@njit(error_model="numpy")
def _normalized(x, weight, bias, eps, y):
    n = x.shape[1]
    for i in range(x.shape[0]):
        top = np.max(np.abs(x[i]))
        small = 2.0**-600 if top > 2.0**500 else 1.0  # so that squares do not overflow
        mean = 0.0
        for j in range(n):
            mean += x[i, j] * small / n
        rest = 0.0
        for j in range(n):
            rest += (x[i, j] * small - mean) / n
        mean += rest
        variance = 0.0
        for j in range(n):
            variance += (x[i, j] * small - mean) ** 2 / n
        root = math.sqrt(variance + eps * small * small)
        for j in range(n):
            y[i, j] = (x[i, j] * small - mean) / root * weight[j] + bias[j]


def layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    n = math.prod(normalized_shape)
    w = np.ones(n) if weight is None else weight.reshape(-1).astype(np.float64)
    b = np.zeros(n) if bias is None else bias.reshape(-1).astype(np.float64)
    y = np.empty(x.shape, x.dtype)
    if x.size:
        _normalized(np.ascontiguousarray(x).reshape(-1, n), w, b, eps, y.reshape(-1, n))
    return y
