"""Other people's implementations, in every form that torch and NumPy code comes in."""

from __future__ import annotations

import numpy as np
import torch


class Softsign(torch.nn.Module):
    """A module of one's own, right."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / (1 + x.abs())


class OutsideNorm(torch.nn.Module):
    """A module of one's own with parameters, wrong: eps is added outside the root."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.axes, self.eps = tuple(range(-len(normalized_shape), 0)), eps
        self.weight = torch.nn.Parameter(torch.ones(normalized_shape))
        self.bias = torch.nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        variance, mean = torch.var_mean(x, self.axes, correction=0, keepdim=True)
        return (x - mean) / (variance.sqrt() + self.eps) * self.weight + self.bias


class Relu(torch.autograd.Function):
    """An autograd function with its own gradient, in the form with `ctx`."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x.isnan(), x, x.clamp(min=0))

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad_output, torch.where(x.isnan(), x, 0.0))


class LeakyRelu(torch.autograd.Function):
    """The form with `setup_context`, and an option."""

    @staticmethod
    def forward(x, negative_slope=0.01):
        return torch.nn.functional.leaky_relu(x, negative_slope)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.slope = (*inputs, 0.01)[:2]
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        slope = torch.where(x > 0, torch.ones_like(x), torch.full_like(x, ctx.slope))
        return torch.where(x.isnan(), x, grad_output * slope), None


class ForgetfulRelu(Relu):
    """An autograd function whose gradient is wrong: it lets everything through."""

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output


class Exported:
    """An array of a library that NumPy knows nothing of, but for DLPack."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def dlpack_relu(x):
    """Takes anything with DLPack, and returns such a thing."""
    return Exported(np.asarray(np.maximum(np.from_dlpack(x), 0)))


class Stateful:
    """Its gradient is asked for after `forward`, which keeps the input: backward(grad_output)."""

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, grad_output):
        return np.where(np.isnan(self.x), self.x, np.where(self.x > 0, grad_output, 0)).astype(self.x.dtype)


class Stateless:
    """An option for the constructor, and backward(grad_output, x)."""

    def __init__(self, negative_slope=0.01):
        self.slope = negative_slope

    def __call__(self, x):
        return np.where(x > 0, x, x * x.dtype.type(self.slope))

    def backward(self, grad_output, x):
        slope = np.where(x > 0, x.dtype.type(1), x.dtype.type(self.slope))
        return np.where(np.isnan(x), x, grad_output * slope)


def huber_loss(x, target, weight=None, *, reduction="mean", delta=1.0):
    """torch's, with the weight where the op has it."""
    return torch.nn.functional.huber_loss(x, target, reduction=reduction, delta=delta, weight=weight)


huber_loss.__annotations__ = {"x": torch.Tensor}
