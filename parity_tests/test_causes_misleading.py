"""Causes that were said and were wrong: each implementation gets its right cause, or none."""

from __future__ import annotations

import numpy as np
import pytest

from npimpl import activations
from parity.cases import Case
from parity.causes import likely_cause
from parity.causes.groups import explained
from parity.grading import Grading, InProcess


def _sentences(op, table, forward=None, backward=None, dtypes=("float64", "float32")) -> list[str]:
    """What is said of the first failures of an implementation."""
    grading = Grading(op, InProcess(forward, backward), table, first_failure=True)
    grades = grading.grades(dtypes)
    assert grading.failed, "it must fail"
    return [g.cause for g in explained(grading.failed, grades, grading.observe) if g.cause]


def _never(sentences: list[str], *words: str) -> None:
    for word in words:
        assert not any(word in s for s in sentences), sentences


def test_std_with_another_ddof(table):
    def std(x, axis=None, keepdims=False):
        return np.std(x, axis=axis, keepdims=keepdims)

    said = _sentences("reductions.std", table, std, dtypes=("float64", "float32", "float16"))
    _never(said, "one pass", "0.935", "0.707")
    assert any("biased (n)" in s for s in said)


def test_a_convolution_has_no_exponential(table):
    def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        n, _, h, w = x.shape
        o, _, k, m = weight.shape
        out = np.zeros((n, o, h - k + 1, w - m + 1), x.dtype)
        for i in range(k):
            for j in range(m):
                out = out + np.einsum("nchw,oc->nohw", x[:, :, i : i + out.shape[2], j : j + out.shape[3]], weight[:, :, i, j])
        return out if bias is None else out + bias[None, :, None, None]

    _never(_sentences("convolution.conv2d", table, conv2d, dtypes=("float16",)), "xponential", "third power")


def test_a_softmax_in_sixteen_bits_takes_no_exponential_of_twice_the_input(table):
    def log_softmax(x, axis=-1):
        shifted = x - np.max(x, axis, keepdims=True)
        return shifted - np.log(np.sum(np.exp(shifted), axis, keepdims=True, dtype=x.dtype))

    _never(_sentences("activations.log_softmax", table, log_softmax, dtypes=("float16",)), "twice", "third power", "square")


def test_one_row_says_nothing_about_rows(table):
    def softmax(x, axis=-1):
        e = np.exp(x - np.max(x))
        return e / np.sum(e, axis=axis, keepdims=True)

    grading = Grading("activations.softmax", InProcess(softmax, None), table, first_failure=True)
    grades = grading.grades(("float64",))
    (check, seen), *_ = grading.failed
    assert "spoil each other" in likely_cause(check, seen, grades, grading.failed, grading.observe)
    row = Case("cause", hazards=seen.evaluation.case.hazards, shapes={"x": (1, 7)})
    example = grading.observe(row, "float64", "forward")
    assert "spoil" not in likely_cause(check, seen, grades, grading.failed, grading.observe, example)


def test_an_argmax_that_loses_nan_is_off_by_no_constant(table):
    def argmax(x, axis=None, keepdims=False):
        return np.argmax(np.where(np.isnan(x), -np.inf, x), axis=axis, keepdims=keepdims)

    said = _sentences("reductions.argmax", table, argmax)
    _never(said, "truth plus", "Subtract it")
    assert any("swallows nan" in s for s in said)


def test_a_stale_cache_is_no_wrong_count(table):
    kept: dict = {}

    def mean(x, axis=None, keepdims=False):
        key = np.shape(x)
        if key not in kept:
            kept[key] = max(np.size(x) // max(np.size(np.sum(x, axis=axis)), 1), 1)
        return np.asarray(np.sum(x.astype(np.float64), axis=axis, keepdims=keepdims) / kept[key]).astype(x.dtype)

    _never(_sentences("reductions.mean", table, mean), "n - 1", "times the truth everywhere")


def test_one_sign_says_nothing_about_everywhere(table):
    def slogdet(a):
        sign, logarithm = np.linalg.slogdet(a.astype(np.float64))
        return np.abs(sign).astype(a.dtype), logarithm.astype(a.dtype)

    _never(_sentences("linalg.slogdet", table, slogdet), "everywhere", "Negate it")


def test_an_option_of_the_adapter_is_no_cause(table):
    def gradient_check(function, gradient, x, rng, directions=3):
        return np.float64(0.75)

    _never(
        _sentences("calculus.gradient_check", table, gradient_check, dtypes=("float64",)), "behaves as if", "ignores `gradient`"
    )


def test_a_pole_at_a_pivot_is_no_convention_at_zero(table):
    def solve(a, b):
        a, y = a.astype(np.float64), b.astype(np.float64)
        a = a.copy()
        with np.errstate(all="ignore"):
            for i in range(len(a)):
                for j in range(i + 1, len(a)):
                    f = a[j, i] / a[i, i]
                    a[j] -= f * a[i]
                    y = np.concatenate([y[:j], (y[j] - f * y[i])[None], y[j + 1 :]])
            return np.linalg.solve(np.triu(a), y).astype(b.dtype) if np.isfinite(a).all() else np.full_like(b, np.nan)

    _never(_sentences("linalg.solve", table, solve), "exactly 0")


# -- wrong axes of gradients -------------------------------------------------------------------------------------------------
def test_a_gradient_that_sums_along_another_axis(table):
    def backward(dy, x, axis=-1):
        e = np.exp(x.astype(np.float64) - np.max(x, axis=-1, keepdims=True))
        y = e / e.sum(-1, keepdims=True)
        return ((y * (dy - (y * dy).sum(0, keepdims=True))).astype(x.dtype),)

    assert any("wrong axis" in s for s in _sentences("activations.softmax", table, backward=backward))


def test_a_gradient_that_is_repeated_along_another_axis(table):
    def backward(dy, x, axis=None, keepdims=False):
        if axis is None or keepdims or x.ndim != 2:
            return (np.broadcast_to(np.reshape(dy, np.sum(x, axis=axis, keepdims=True).shape), x.shape).copy(),)
        return (np.broadcast_to(np.expand_dims(dy, (axis + 1) % 2), x.shape).copy(),)

    assert any("wrong axis" in s for s in _sentences("reductions.sum", table, backward=backward))


def test_an_implementation_that_asks_for_no_cause_gets_none(table):
    noise = np.random.default_rng(0).standard_normal(4096)

    def softplus(x, beta=1.0, threshold=20.0):
        return (np.logaddexp(0, x * beta) / beta + np.resize(noise, np.shape(x)) * 1e-3).astype(x.dtype)

    with np.errstate(all="ignore"):
        assert _sentences("activations.softplus", table, softplus) == []


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_factor_at_one_setting_is_not_everywhere(dtype, table):
    def backward(dy, x, beta=1.0, threshold=20.0):
        return activations.softplus_backward((dy * beta).astype(dy.dtype), x, beta, threshold)

    said = _sentences("activations.softplus", table, backward=backward, dtypes=(dtype,))
    _never(said, "everywhere")
    assert dtype != "float64" or any("`beta`" in s for s in said)
