"""Learning-rate schedules against torch.optim.lr_scheduler, run step by step."""

from __future__ import annotations

from parity.kinds import Integers
from parity.pair import Pair, with_options, with_shapes


def _torch_cosine(step, base_lr, T_max, eta_min=0.0):
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))], lr=base_lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max, eta_min)
    rates = []
    for _ in range(int(step.max()) + 1 if step.numel() else 0):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return torch.tensor(rates, dtype=torch.float64)[step]


STEP = (
    Integers("step", (16,), low=0, high=100)
    .real()
    .also(
        whole_period=lambda s, f, r: r.permutation(s[0] if s else 1).reshape(s),
        beyond_T_max=lambda s, f, r: r.integers(30, 300, size=s),
        turning_points=lambda s, f, r: 10 * r.integers(0, 12, size=s),
    )
)

PAIRS = (
    Pair(
        "schedules.cosine_annealing_lr",
        (STEP,),
        torch=_torch_cosine,
        options={"base_lr": 0.1, "T_max": 30},
        together=lambda o: o.get("eta_min", 0.0) <= o["base_lr"],
        variants=(
            with_options(T_max=10, base_lr=1.0),
            with_options(T_max=10, base_lr=1.0, eta_min=0.25),
            with_options(T_max=1, base_lr=0.3, eta_min=0.1),
            with_options(T_max=7, eta_min=1e-6),
            with_options(T_max=100, base_lr=3e-4, eta_min=1e-3),
            with_shapes("empty", condition="empty arrays", step=(0,)),
            with_shapes("scalar", condition="0-d arrays", step=()),
            with_shapes("matrix", condition="other ranks", step=(3, 4)),
            with_shapes("every_step", step=(600,)),  # of a period, but for one in e^10
        ),
        dtypes=("float64",),
        differentiable=False,
    ),
)
