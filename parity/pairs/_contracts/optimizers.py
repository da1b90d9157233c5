"""What the optimizers must refuse."""

from parity.pair import Contract
from parity.pairs._contracts._rows import NAN, each, options, shapes

NEGATIVE, DECAY, FIT = "a negative option, or nan", "a beta outside of [0, 1)", "shapes that do not fit"
HEAVY = "`nesterov` without momentum, or with dampening"


def _negative(*names):
    return tuple(r for name in names for r in each(NEGATIVE, name, -0.1, -1e-300, NAN))


_BETAS = each(DECAY, "betas", (1.0, 0.9), (0.9, 1.0), (-0.1, 0.9), (0.9, -0.1), (NAN, 0.9), (0.9, 1.5))
_FIT = (shapes(FIT, param=(4,)), shapes(FIT, grad=(20, 1)), shapes(FIT, param=(3, 1)))
_ADAM = Contract((*_negative("lr", "eps", "weight_decay"), *_BETAS, *_FIT))
CONTRACTS = {
    "sgd": Contract(
        (
            *_negative("lr", "momentum", "weight_decay"),
            *_FIT,
            options(HEAVY, nesterov=True),
            options(HEAVY, nesterov=True, momentum=0.0, dampening=0.0),
            options(HEAVY, nesterov=True, momentum=0.9, dampening=0.1),
            options(HEAVY, nesterov=True, momentum=0.9, dampening=1.0),
        )
    ),
    "adam": _ADAM,
    "adamw": _ADAM,
}
