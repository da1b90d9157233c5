"""Calculus: a few functions with known derivatives, in NumPy and in torch, and gradients of them, right and wrong."""

from __future__ import annotations

import numpy as np

from parity import hostile as h
from parity.kinds import Kind, Noise
from parity.pair import Pair, along, with_options, with_shapes

# -- the functions: NumPy's arrays have the argument along axis 0, for SciPy further axes follow -----------------------


def _coefficients(n):
    return np.arange(n)[:, None] + 1.0 - 2.0 * np.arange(n)


def _weights(n):
    """Powers of two, so that no two outputs are alike and every product with them is exact."""
    return 2.0 ** (np.arange(n) % 3)


def _along(weights, x):
    return weights.reshape((-1,) + (1,) * (x.ndim - 1))


def _softmax(x):
    e = np.exp(x - x.max(axis=0))
    return _along(_weights(len(x)), x) * (e / e.sum(axis=0))


def _x_sin_x(x):
    return x * np.sin(x)


def _quadratic(x):
    return x * np.tensordot(_coefficients(len(x)), x, 1)


def _sum_of_squares(x):
    return (x * x).sum()


def _shear(x):
    """Each number times the next one: the Jacobian is far from symmetric."""
    return _along(np.arange(len(x)) + 1.0, x) * x * np.concatenate([x[1:], np.ones_like(x[:1])])


def _overlaps(x):
    """Each number times the one before, also beyond the last: one result more than there are arguments."""
    one = np.ones_like(x[:1])
    return _along(np.arange(len(x) + 1) + 1.0, x) * np.concatenate([x, one]) * np.concatenate([one, x])


def _two_results(x):
    return x, x


FUNCTIONS = {
    "softmax": _softmax, "x_sin_x": _x_sin_x, "quadratic": _quadratic, "sum_of_squares": _sum_of_squares, "shear": _shear,
    "overlaps": _overlaps, "two_results": _two_results,
}  # fmt: skip


def _torch_function(name):
    import torch

    def quadratic(x):
        return x * (torch.from_numpy(_coefficients(len(x))).to(x.dtype) @ x)

    def as_tensor(a, x):
        return torch.from_numpy(a).to(x.dtype)

    def shear(x):
        return as_tensor(np.arange(len(x)) + 1.0, x) * x * torch.cat([x[1:], torch.ones_like(x[:1])])

    def overlaps(x):
        one = torch.ones_like(x[:1])
        return as_tensor(np.arange(len(x) + 1) + 1.0, x) * torch.cat([x, one]) * torch.cat([one, x])

    return {
        "softmax": lambda x: as_tensor(_weights(len(x)), x) * torch.softmax(x, 0),
        "shear": shear,
        "overlaps": overlaps,
        "x_sin_x": lambda x: x * torch.sin(x),
        "quadratic": quadratic,
        "sum_of_squares": lambda x: (x * x).sum(),
    }[name]


# -- gradients of them, right and wrong --------------------------------------------------------------------------------
def _softmax_gradient(dy, x, library, gradient):
    e = library.exp(x - x.max())
    if gradient == "shifted_cotangent":
        dy = dy[[-1, *range(len(x) - 1)]]
    y, dy = e / e.sum(), dy * library.asarray(_weights(len(x)))
    return y * (dy if gradient == "missing_term" else dy - (dy * y).sum())


def _x_sin_x_gradient(dy, x, library, gradient):
    return dy * (library.sin(x) + (0 * x if gradient == "missing_term" else x * library.cos(x)))


def _quadratic_gradient(dy, x, library, gradient):
    c = library.asarray(_coefficients(len(x)))
    return dy * (c @ x) + (0 * x if gradient == "missing_term" else c.T @ (dy * x))


GRADIENTS = {"softmax": _softmax_gradient, "x_sin_x": _x_sin_x_gradient, "quadratic": _quadratic_gradient}


def _spoiled(dx, gradient):
    """The gradient with the mistake that its name says."""
    if gradient == "wrong_sign":
        return -dx
    if gradient == "one_percent_off":
        return 1.01 * dx
    if gradient == "one_element_off":
        return dx + 0.125 * (dx == dx[-1])
    return dx


# -- calls -------------------------------------------------------------------------------------------------------------
def _jacobian_call(fn, grad, arrays, options):
    rest = {k: v for k, v in options.items() if k != "function"}
    return fn(FUNCTIONS[options["function"]], *arrays, **rest)


def _torch_jacobian(x, function, step=None):
    import torch

    return torch.func.jacrev(_torch_function(function))(x)


def _scipy_jacobian(x, function, step=None):
    """SciPy wants a vector and returns rows of derivatives."""
    from scipy.differentiate import jacobian

    f, shape = FUNCTIONS[function], x.shape
    if function == "sum_of_squares":
        return jacobian(lambda v: (v * v).sum(axis=0)[None], x.reshape(-1)).df.reshape(shape)
    found = jacobian(f, x.reshape(-1)).df
    return found.reshape(shape + shape) if found.size == x.size**2 else found


NO_GRADIENTS = {
    "of_another_shape": lambda x: (x[:-1],), "of_one_axis_more": lambda x: (x[None],), "two_of_them": lambda x: (x, x),
    "none_at_all": lambda x: (None,),
}  # fmt: skip
"""What a function may return in place of its gradient."""


def _check_call(fn, grad, arrays, options):
    """A candidate may return a plain boolean."""
    x, rng = arrays
    function, gradient = options["function"], options["gradient"]

    def backward(dy, x):
        if gradient in NO_GRADIENTS:
            return NO_GRADIENTS[gradient](x)
        return (_spoiled(GRADIENTS[function](dy, x, np, gradient), gradient),)

    rest = {k: v for k, v in options.items() if k not in ("function", "gradient")}
    result = fn(FUNCTIONS[function], backward, x, rng=rng, **rest)
    return np.asarray(getattr(result, "agrees", result), bool)


def _torch_gradcheck(x, rng, function, gradient, directions=3):
    """torch.autograd.gradcheck of a function whose backward is ours to spoil; it works in double precision."""
    import torch

    class Spoiled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, v):
            ctx.save_for_backward(v)
            return _torch_function(function)(v)

        @staticmethod
        def backward(ctx, *cotangents):
            (v,) = ctx.saved_tensors
            return _spoiled(GRADIENTS[function](cotangents[0], v, torch, gradient), gradient)

    with torch.enable_grad():
        point = x.detach().double().clone(memory_format=torch.contiguous_format).requires_grad_()
        return torch.tensor(torch.autograd.gradcheck(Spoiled.apply, (point,), raise_exception=False))


# -- arguments ---------------------------------------------------------------------------------------------------------
def _points(name, shape, **hazards) -> Kind:
    """Where to differentiate: differences need room around a point, so neither infinities nor extreme scales occur."""
    makers = {
        "ties": h.ties,
        "shifted": lambda s, f, r: 3 + h.bell(s, r),
        "tens": lambda s, f, r: 10 * h.bell(s, r),
        **hazards,
    }
    return Kind(name, shape, lambda s, f, r: h.bell(s, r), makers)


PAIRS = (
    Pair(
        "calculus.jacobian",
        (
            _points(
                "x",
                (5,),
                signed_zeros=h.signed_zeros,
                subnormals=h.subnormals,
                epsilons=h.epsilons,
                thousands=lambda s, f, r: 1000 * h.bell(s, r),
                wide=lambda s, f, r: np.ldexp(h.bell(s, r), r.integers(-20, 12, size=s)),
            ),
        ),
        torch=_torch_jacobian,
        scipy=_scipy_jacobian,
        options={"function": "softmax"},
        dtypes=("float64",),  # the steps are taken in float64 whatever comes in, so the bound of the error is about float64
        crosses=False,
        differentiable=False,
        call=_jacobian_call,
        variants=(
            with_options(function="x_sin_x"),
            with_options(function="quadratic"),
            with_options(function="sum_of_squares"),
            with_options(function="softmax", step=1e-3),
            with_options(function="x_sin_x", step=1e-4),
            with_options(function="quadratic", step=1e-3),
            with_shapes("matrix", {"function": "x_sin_x"}, condition="other ranks", x=(2, 3)),
            with_shapes("matrix_to_number", {"function": "sum_of_squares"}, condition="other ranks", x=(2, 3)),
            with_shapes("number", {"function": "x_sin_x"}, condition="0-d arrays", x=()),
            with_shapes("one_element", {"function": "softmax"}, x=(1,)),
            with_shapes("longer", {"function": "quadratic"}, x=(12,)),
            with_options(function="shear"),
            with_options(function="overlaps"),
        ),
        axes=(along(x=("n",), longest=60),),
    ),
    Pair(
        "calculus.gradient_check",
        (_points("x", (5,)).but("tens"), Noise("rng", (1,), lambda rng, shape: rng.random(shape))),
        torch=_torch_gradcheck,
        options={"function": "softmax", "gradient": "right"},
        crosses=False,
        differentiable=False,
        call=_check_call,
        together=lambda o: o["gradient"] != "shifted_cotangent" or o["function"] == "softmax",
        variants=(
            *(
                with_options(function=function, gradient=gradient)
                for function in GRADIENTS
                for gradient in ("right", "wrong_sign", "one_percent_off", "one_element_off", "missing_term")
                if (function, gradient) != ("softmax", "right")
            ),
            with_options(gradient="shifted_cotangent"),  # right where all of the cotangent is alike
            with_options(function="quadratic", gradient="right", directions=1),
            with_shapes("longer", {"function": "x_sin_x"}, x=(40,)),
        ),
    ),
)
