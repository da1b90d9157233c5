"""Textbook definitions of initial values, as functions of the noise: `rng` is the array of normal numbers that was drawn."""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from parity.definitions._functions import scaled, sqrt2


def _gain(nonlinearity, a):
    """Numerator and denominator: their quotient would be inexact, and a product with it never provably a tie."""
    if nonlinearity == "leaky_relu":
        return arb(2).sqrt(), (1 + arb(a) ** 2).sqrt()
    return {"relu": (sqrt2(), arb(1)), "tanh": (arb(5), arb(3)), "selu": (arb(3), arb(4))}.get(nonlinearity, (arb(1), arb(1)))


def kaiming_normal(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    """Normal noise times gain / sqrt(fan)."""
    if rng.size == 0:
        return rng
    fan = shape[1 if mode == "fan_in" else 0] * math.prod(shape[2:])
    up, down = _gain(nonlinearity, a)
    return rng * up / (down * arb(fan).sqrt())


def _gram_schmidt(a):
    """Q and R of A = Q R with a positive diagonal of R."""
    n, m = a.shape
    q, r = np.empty((n, m), object), np.array([[arb(0)] * m] * m, object)
    for j in range(m):
        v = a[:, j]
        for i in range(j):
            r[i, j] = np.sum(q[:, i] * a[:, j])
            v = v - q[:, i] * r[i, j]
        r[j, j] = np.sum(v * v).sqrt()
        q[:, j] = v / r[j, j]
    return q, r


def _inverse_of_triangle(r):
    m = len(r)
    x = np.array([[arb(0)] * m] * m, object)
    for j in range(m):
        x[j, j] = 1 / r[j, j]
        for i in range(j - 1, -1, -1):
            x[i, j] = -sum(r[i, k] * x[k, j] for k in range(i + 1, j + 1)) / r[i, i]
    return x


def orthogonal_scale(shape, rng, gain=1.0):
    """gain ||A||_F ||R^-1||_F: how far Q moves when A is perturbed by relative u (Higham 2002, section 19.9)."""
    if rng.size == 0:
        return rng.reshape(shape)
    a = rng.T if rng.shape[0] < rng.shape[1] else rng
    inverse = _inverse_of_triangle(_gram_schmidt(a)[1])
    norms = [np.sum(x * x).sqrt() for x in (a, inverse)]
    return np.full(shape, abs(gain) * norms[0] * norms[1], object)


@scaled(orthogonal_scale)
def orthogonal(shape, rng, gain=1.0):
    """gain times the Q of A = Q R with a positive diagonal of R, by Gram and Schmidt."""
    if rng.size == 0:
        return rng.reshape(shape)
    wide = rng.shape[0] < rng.shape[1]
    q = _gram_schmidt(rng.T if wide else rng)[0] * gain
    return (q.T if wide else q).reshape(shape)
