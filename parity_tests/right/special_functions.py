"""Right error, normal and gamma functions in other styles, which the suite must let pass."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import Candidate

__all__ = ["RIGHT"]


def _loop(f, x):
    x = np.asarray(x)
    return np.array([f(float(v)) for v in x.reshape(-1)], np.float64).reshape(x.shape).astype(x.dtype)


def erf_of_the_standard_library(x):
    """Python's math.erf, element by element."""
    return _loop(math.erf, x)


def erfc_of_the_standard_library(x):
    return _loop(math.erfc, x)


def erf_of_scipy(x):
    from scipy import special

    return np.asarray(special.erf(np.asarray(x).astype(np.float64))).astype(x.dtype)


def erfinv_of_torch(x):
    """torch in float64, rounded once."""
    import torch

    return torch.special.erfinv(torch.tensor(np.asarray(x).astype(np.float64))).numpy().astype(x.dtype)


def ndtr_of_scipy(x):
    """SciPy's in float64, where float32's tail is far from float64's."""
    from scipy import special

    return np.asarray(special.ndtr(np.asarray(x).astype(np.float64))).astype(x.dtype)


def log_ndtr_by_cases(x):
    from scipy import special

    v = np.asarray(x).astype(np.float64)
    with np.errstate(all="ignore"):
        left = np.log(special.erfcx(-np.minimum(v, 0) / math.sqrt(2)) / 2) - 0.5 * v * v
        right = np.log1p(-special.erfc(np.maximum(v, 0) / math.sqrt(2)) / 2)
        return np.where(v > 0, right, left).astype(x.dtype)


def ndtri_of_scipy(x):
    from scipy import special

    return np.asarray(special.ndtri(np.asarray(x).astype(np.float64))).astype(x.dtype)


def lgamma_of_the_standard_library(x):
    def at(v):
        try:
            return math.lgamma(v)
        except ValueError:
            return math.inf

    return _loop(at, x)


def digamma_of_scipy(x):
    from scipy import special

    return np.asarray(special.psi(np.asarray(x).astype(np.float64))).astype(x.dtype)


def digamma_slope_by_zeta(grad_output, x):
    """psi'(x) = zeta(2, x) for positive x, reflected for negative ones; nan at the poles."""
    from scipy import special

    v, dy = np.asarray(x).astype(np.float64), np.asarray(grad_output).astype(np.float64)
    with np.errstate(all="ignore"):
        f = v - np.rint(v)
        reflected = (math.pi / np.sin(math.pi * f)) ** 2 - special.zeta(2, np.where(v < 0, 1 - v, 1.0))
        slope = np.where(v < 0, reflected, special.zeta(2, np.where(v > 0, v, 1.0)))
        slope = np.where(v == 0, np.inf, np.where((v < 0) & (f == 0), np.nan, np.where(np.isnan(v), v, slope)))
        return ((dy * slope).astype(x.dtype),)


RIGHT = (
    Candidate("special.erf", "the standard library, element by element", forward=erf_of_the_standard_library),
    Candidate("special.erf", "SciPy in float64", forward=erf_of_scipy, dtypes=("float32",)),
    Candidate("special.erfc", "the standard library, element by element", forward=erfc_of_the_standard_library),
    Candidate("special.erfinv", "torch in float64", forward=erfinv_of_torch),
    Candidate("special.ndtr", "SciPy in float64", forward=ndtr_of_scipy, dtypes=("float32",)),
    Candidate("special.log_ndtr", "two cases with erfcx and erfc", forward=log_ndtr_by_cases, dtypes=("float32",)),
    Candidate("special.ndtri", "SciPy in float64", forward=ndtri_of_scipy, dtypes=("float32",)),
    Candidate(
        "special.lgamma",
        "the standard library, element by element",
        forward=lgamma_of_the_standard_library,
        dtypes=("float32",),
    ),
    Candidate("special.digamma", "SciPy in float64", forward=digamma_of_scipy, dtypes=("float32",)),
    Candidate("special.digamma", "zeta(2, x) in float64", backward=digamma_slope_by_zeta, dtypes=("float32",)),
)
