"""Properties over random shapes, axes and options: mathematics that holds whatever the input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import npimpl
from npimpl import special
from npimpl._axes import pairwise_sum, sum_to_shape

settings.register_profile("suite", deadline=None, max_examples=60, derandomize=True, database=None)
settings.load_profile("suite")

FLOATS = st.floats(-50, 50, width=32).map(float)


@st.composite
def array_and_axis(draw, min_side=1):
    x = draw(hnp.arrays(np.float64, hnp.array_shapes(max_dims=4, max_side=5, min_side=min_side), elements=FLOATS))
    return x, draw(st.integers(-x.ndim, x.ndim - 1))


@given(array_and_axis())
def test_softmax_is_a_distribution_and_ignores_a_shift(given_):
    x, axis = given_
    y = npimpl.activations.softmax(x, axis=axis)
    assert y.shape == x.shape
    np.testing.assert_allclose(y.sum(axis=axis), 1.0, rtol=1e-14)
    np.testing.assert_allclose(npimpl.activations.softmax(x + 16.0, axis=axis), y, rtol=1e-13)


@given(array_and_axis())
def test_log_softmax_is_the_logarithm_and_logsumexp_its_normalizer(given_):
    x, axis = given_
    y = npimpl.activations.log_softmax(x, axis=axis)
    np.testing.assert_allclose(np.exp(y), npimpl.activations.softmax(x, axis=axis), rtol=1e-13)
    np.testing.assert_allclose(x - npimpl.special.logsumexp(x, axis=axis, keepdims=True), y, rtol=1e-12, atol=1e-13)


@given(array_and_axis(min_side=0), st.booleans())
def test_sum_matches_numpy_along_every_axis(given_, keepdims):
    x, axis = given_ if given_[0].size else (given_[0], 0)
    got = npimpl.reductions.sum(x, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(got, x.sum(axis=axis, keepdims=keepdims), rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(pairwise_sum(x, axis, keepdims), got, rtol=1e-13, atol=1e-12)


@given(array_and_axis(), st.booleans(), st.integers(0, 1))
def test_variance_is_shift_invariant_and_never_negative(given_, keepdims, correction):
    x, axis = given_
    if x.shape[axis] <= correction:
        return
    v = npimpl.reductions.var(x, axis=axis, correction=correction, keepdims=keepdims)
    assert (v >= 0).all()
    np.testing.assert_allclose(v, x.var(axis=axis, ddof=correction, keepdims=keepdims), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        npimpl.reductions.std(x, axis=axis, correction=correction, keepdims=keepdims) ** 2, v, rtol=1e-12
    )


@given(array_and_axis())
def test_normalized_rows_have_mean_zero(given_):
    x, _ = given_
    y = npimpl.normalization.layer_norm(x, x.shape[-1:])
    np.testing.assert_allclose(y.mean(-1), 0.0, atol=1e-9)
    assert (np.abs(y) <= np.sqrt(x.shape[-1]) + 1e-9).all()


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4, min_side=1), st.integers(0, 2**32 - 1))
def test_sum_to_shape_is_the_transpose_of_broadcasting(shapes, seed):
    """<B x, y> = <x, B' y> for the broadcast B."""
    rng = np.random.default_rng(seed)
    shape = shapes.input_shapes[0]
    x, y = rng.standard_normal(shape), rng.standard_normal(shapes.result_shape)
    left = (np.broadcast_to(x, y.shape) * y).sum()
    np.testing.assert_allclose(left, (x * sum_to_shape(y, shape)).sum(), rtol=1e-10, atol=1e-10)


UNARY = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "celu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "sigmoid",
    "logsigmoid",
    "tanh",
    "softsign",
    "tanhshrink",
    "hardtanh",
    "hardsigmoid",
    "hardswish",
    "hardshrink",
    "softshrink",
]


@pytest.mark.parametrize("name", UNARY)
@given(x=hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3, max_side=4, min_side=0), elements=st.floats(-30, 30)))
def test_the_gradient_is_the_slope(name, x):
    """Central differences where the function is smooth nearby; shapes and dtypes are kept."""
    f, b = getattr(npimpl.activations, name), getattr(npimpl.activations, f"{name}_backward")
    (dx,) = b(np.ones_like(x), x)
    assert dx.shape == x.shape
    assert dx.dtype == x.dtype
    h = 1e-6
    left, right = (f(x) - f(x - h)) / h, (f(x + h) - f(x)) / h
    smooth = np.abs(left - right) < 1e-4
    np.testing.assert_allclose(dx[smooth], ((left + right) / 2)[smooth], atol=2e-4)


@given(array_and_axis(), st.sampled_from([np.float32, np.float16]))
def test_a_python_scalar_never_promotes(given_, dtype):
    x = given_[0].astype(dtype)
    assert npimpl.activations.leaky_relu(x, negative_slope=0.3).dtype == dtype
    assert npimpl.activations.softmax(x).dtype == dtype
    assert npimpl.reductions.mean(x).dtype == dtype


@given(array_and_axis())
def test_inputs_may_be_read_only(given_):
    x, axis = given_
    x.flags.writeable = False
    npimpl.activations.softmax(x, axis=axis)
    npimpl.normalization.layer_norm(x, x.shape[-1:])
    npimpl.reductions.cumsum(x, axis)


BAD = [
    (lambda: npimpl.activations.softmax(np.zeros((2, 3)), axis=2), "axis 2"),
    (lambda: npimpl.activations.softmax(np.array(["a"])), "dtype"),
    (lambda: npimpl.losses.cross_entropy(np.zeros((2, 3)), np.array([0, 3])), "3"),
    (lambda: npimpl.losses.mse_loss(np.zeros(2), np.zeros(2), reduction="average"), "average"),
    (lambda: npimpl.normalization.layer_norm(np.zeros((2, 3)), (4,)), "4"),
    (lambda: npimpl.linear.matmul(np.zeros((2, 3)), np.zeros((2, 3))), "3"),
    (lambda: npimpl.convolution.conv2d(np.zeros((1, 2, 5, 5)), np.zeros((3, 1, 3, 3))), "groups"),
    (lambda: npimpl.embedding.embedding(np.array([5]), np.zeros((4, 2))), "5"),
    (lambda: npimpl.tensor.one_hot(np.array([-1])), "-1"),
    (lambda: npimpl.linalg.solve(np.zeros((2, 2)), np.zeros(2)), "singular"),
]


@pytest.mark.parametrize(("call", "word"), BAD)
def test_bad_input_is_one_sentence(call, word):
    with pytest.raises((ValueError, TypeError, IndexError, np.linalg.LinAlgError)) as caught:
        call()
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_nan_leaves_its_neighbours_alone():
    """The sign bit of a nan looks like that of a table's interval; all of a block once shared it."""
    x = np.array([0.985, np.nan, -np.nan, 0.01])
    alone = special.ndtri(x[[0, 3]])
    assert special.ndtri(x)[[0, 3]].tolist() == alone.tolist()


@pytest.mark.parametrize("backward", [special.erf_backward, special.ndtr_backward])
def test_a_gaussian_is_0_beside_the_largest_cotangent(backward):
    assert backward(np.array([1e308, -1e308]), np.array([70.0, -200.0]))[0].tolist() == [0.0, 0.0]
