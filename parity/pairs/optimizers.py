"""Optimizers over a trajectory: `grad` is (T, n), the result the parameter after every step; torch.optim is the reference."""

from __future__ import annotations

import numpy as np

from parity.guest.steps import trajectory
from parity.hostile import listed, signed
from parity.kinds import MAGNITUDES, Data, Real
from parity.pair import Pair, with_options, with_shapes

STEPS = (20, 3)
PARAM = Real("param", (3,)).but("largest", "subnormals")
# A parameter that overflows on its way is infinite in floats from then on, while the exact trajectory comes back.  Beside a
# subnormal parameter the rounding of a subnormal float64 moment, which eps = 1e-8 magnifies, would show.
GRAD = Data("grad", STEPS).also(
    subnormals=MAGNITUDES["subnormals"],
    epsilons=MAGNITUDES["epsilons"],
    smallest_normals=MAGNITUDES["smallest_normals"],
    near_one=MAGNITUDES["near_one"],
    huge=lambda s, f, r: np.ldexp(signed(s, r), f.max_exponent - 5),
    mostly_zero=listed([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
)


def _trajectory(step, grad, arrays, options):
    """The parameters after every step, stacked."""
    return trajectory(lambda *given: step(*given, **options), *arrays)[0]


def _torch(name: str):
    def run(param, gradients, **options):
        import torch

        p = torch.nn.Parameter(param.clone())
        optimizer = getattr(torch.optim, name)([p], **options)
        path = []
        with torch.enable_grad():
            for g in gradients:
                p.grad = g.clone()
                optimizer.step()
                path.append(p.detach().clone())
        return torch.stack(path) if path else gradients.new_zeros(gradients.shape)

    return run


SHAPES = (
    with_shapes("no_steps", condition="empty arrays", param=(3,), grad=(0, 3)),
    with_shapes("empty", condition="empty arrays", param=(0,), grad=(4, 0)),
    with_shapes("scalar", condition="0-d arrays", param=(), grad=(5,)),
    with_shapes("matrix", param=(2, 2), grad=(6, 2, 2)),
    with_shapes("long", param=(1,), grad=(200, 1)),
)
ADAM = (
    with_options(lr=0.1),
    with_options(betas=(0.5, 0.9)),
    with_options(betas=(0.0, 0.99), lr=0.01),
    with_options(eps=1e-2, lr=0.05),
    with_options(weight_decay=0.1, lr=0.02),
    with_options(weight_decay=0.3, lr=0.02, amsgrad=True, betas=(0.8, 0.6)),
    with_options(amsgrad=True, betas=(0.9, 0.5), lr=0.01),
    with_options(maximize=True),
    with_options(maximize=True, weight_decay=0.1, lr=0.02),
    *SHAPES,
)

PAIRS = (
    Pair(
        "optimizers.sgd",
        (PARAM, GRAD.but("largest")),  # `huge` leaves room for the sum of gradients that momentum keeps
        torch=_torch("SGD"),
        variants=(
            with_options(lr=0.1),
            with_options(momentum=0.9, lr=0.1),
            with_options(momentum=0.9, dampening=0.4, lr=0.1),
            with_options(momentum=0.8, nesterov=True, lr=0.1),
            with_options(weight_decay=0.1, lr=0.1),
            with_options(weight_decay=0.1, momentum=0.9, dampening=0.1, lr=0.05),
            with_options(weight_decay=0.2, momentum=0.7, nesterov=True, lr=0.05),
            with_options(maximize=True),
            with_options(maximize=True, weight_decay=0.1, momentum=0.5, lr=0.1),
            *SHAPES,
        ),
        differentiable=False,
        call=_trajectory,
        steps=True,
        together=lambda o: not o.get("nesterov") or (o.get("momentum", 0) > 0 and not o.get("dampening")),
    ),
    Pair(
        "optimizers.adam",
        (PARAM, GRAD),
        torch=_torch("Adam"),
        variants=ADAM,
        differentiable=False,
        call=_trajectory,
        steps=True,
    ),
    Pair(
        "optimizers.adamw",
        (PARAM, GRAD),
        torch=_torch("AdamW"),
        variants=(with_options(weight_decay=0.0, lr=0.01), *ADAM),
        differentiable=False,
        call=_trajectory,
        steps=True,
    ),
)
