"""Figures that the documentation quotes, checked: what the references return at their known defects, and what ours does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from npimpl import activations, losses, normalization, reductions, similarity, special
from parity.environment import dispatch_path

F32 = np.float32


def tensor(x):
    return torch.from_numpy(np.asarray(x))


def test_gelu_at_minus_infinity():
    x = np.array([-np.inf, -1.0], F32)
    assert np.isnan(torch.nn.functional.gelu(tensor(x)).numpy()[0])
    assert activations.gelu(x)[0] == 0
    assert np.signbit(activations.gelu(x)[0])


def test_silu_tail_is_not_zero():
    x = np.full(16, -89.75, F32)
    assert torch.nn.functional.silu(tensor(x)).numpy()[0] == 0
    assert activations.silu(x)[0] == F32(-9.4093e-38) or abs(activations.silu(x)[0] / F32(-9.4e-38) - 1) < 0.01


def test_digamma_is_71_times_too_large():
    x = np.array([float.fromhex("-0x1.0b2f02p+6")], F32)  # -66.795906
    ratio = float(torch.digamma(tensor(x)).numpy()[0]) / float(special.digamma(x)[0])
    assert ratio == pytest.approx(71, rel=0.2)


def test_cosine_similarity_of_long_vectors():
    a, b = np.array([[3e30, -1e30, 2e30]], F32), np.array([[-1e30, 2e30, 1e30]], F32)
    assert torch.cosine_similarity(tensor(a), tensor(b)).numpy()[0] == 0
    assert similarity.cosine_similarity(a, b)[0] == pytest.approx(-3 / np.sqrt(84), rel=1e-6)


def test_norm_overflows():
    x = np.full(4, 1e30, F32)
    assert torch.linalg.vector_norm(tensor(x)).item() == np.inf
    assert reductions.norm(x) == F32(2e30)


def test_cross_entropy_near_zero_loss():
    x, t = np.array([[20.0, 0.0, 0.0]], F32), np.array([0])
    assert torch.nn.functional.cross_entropy(tensor(x), tensor(t)).item() == 0
    assert losses.cross_entropy(x, t) == pytest.approx(4.1223e-9, rel=1e-4)


def test_logsumexp_gradient_at_an_infinity():
    x = torch.tensor([np.inf, 1.0], requires_grad=True)
    torch.logsumexp(x, 0).backward()
    assert x.grad is not None
    assert torch.isnan(x.grad).any()
    (dx,) = special.logsumexp_backward(np.array(1.0), np.array([np.inf, 1.0]))
    np.testing.assert_array_equal(dx, [1.0, 0.0])


def test_layer_norm_of_huge_values():
    x = np.array([[1e20, -1e20, 3e20, 0.0]], F32)
    assert np.isnan(torch.nn.functional.layer_norm(tensor(x), (4,)).numpy()).all()
    assert np.isfinite(normalization.layer_norm(x, (4,))).all()


def test_layer_norm_of_constant_float16_rows():
    """Not listed as a difference, with the reason in the row: it is one float32 rounding of x/s."""
    for value, theirs in ((1000.5, -0.0092), (60000.0, 0.992)):
        x = np.full((2, 64), value, np.float16)
        np.testing.assert_array_equal(normalization.layer_norm(x, (64,)), 0)
        got = float(torch.nn.functional.layer_norm(tensor(x), (64,))[0, 0])
        assert got == pytest.approx(0.0 if dispatch_path() == "DEFAULT" else theirs, rel=0.01)


def test_bfloat16_erf_loses_small_arguments():
    x = torch.full((64,), 1e-8, dtype=torch.bfloat16)
    lost = float(torch.erf(x)[0]) == 0
    assert lost == (dispatch_path() != "DEFAULT")
