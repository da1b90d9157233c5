"""One step of a recurrent layer."""

from __future__ import annotations

from parity.hostile import scaled_bell
from parity.kinds import Factor
from parity.pair import Pair, Variant, along, with_shapes

NO_BIASES = {"_absent": ("b_ih", "b_hh")}


def _lstm_cell(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    import torch

    batched = x.ndim == 2
    x, h, c = (a if batched else a[None] for a in (x, h, c))
    out = torch.lstm_cell(x, (h, c), w_ih, w_hh, b_ih, b_hh)
    return out if batched else tuple(a[0] for a in out)


def _gru_cell(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    import torch

    if x.ndim == 1:
        return torch.gru_cell(x[None], h[None], w_ih, w_hh, b_ih, b_hh)[0]
    return torch.gru_cell(x, h, w_ih, w_hh, b_ih, b_hh)


def _variants(gates, *states):
    def sizes(n, inputs, hidden):
        lead = () if n is None else (n,)
        rows = gates * hidden
        return {"x": (*lead, inputs), "w_ih": (rows, inputs), "w_hh": (rows, hidden), "b_ih": (rows,), "b_hh": (rows,)} | {
            s: (*lead, hidden) for s in states
        }

    return (
        Variant(NO_BIASES, name="no_biases", condition="an absent array"),
        with_shapes("one_sample", **sizes(1, 3, 2)),
        with_shapes("no_batch_axis", condition="no batch axis", **sizes(None, 3, 2)),
        with_shapes("one_by_one", **sizes(1, 1, 1)),
        with_shapes("many_inputs", **sizes(1, 100, 1)),
        with_shapes("many_samples", **sizes(40, 1, 1)),
        with_shapes("no_samples", condition="empty arrays", **sizes(0, 3, 2)),
    )


def _weights(gates):
    """Weights and biases; `saturating` drives gates into their tails without leaving them."""
    rows = 2 * gates
    b_ih = Factor("b_ih", (rows,)).also(saturating=scaled_bell(12.0))
    return Factor("w_ih", (rows, 3)), Factor("w_hh", (rows, 2)), b_ih, Factor("b_hh", (rows,))


PAIRS = (
    Pair(
        "recurrent.lstm_cell",
        (Factor("x", (2, 3)), Factor("h", (2, 2)), Factor("c", (2, 2)), *_weights(4)),
        torch=_lstm_cell,
        variants=_variants(4, "h", "c"),
        axes=(
            along(x=("n", 3), h=("n", 2), c=("n", 2), w_ih=(8, 3), w_hh=(8, 2), b_ih=(8,), b_hh=(8,), longest=130),
            along(x=(1, "n"), h=(1, 1), c=(1, 1), w_ih=(4, "n"), w_hh=(4, 1), b_ih=(4,), b_hh=(4,)),
            along(x=(1, 1), h=(1, "n"), c=(1, "n"), w_ih=("4n", 1), w_hh=("4n", "n"), b_ih=("4n",), b_hh=("4n",)),
        ),
    ),
    Pair(
        "recurrent.gru_cell",
        (Factor("x", (2, 3)), Factor("h", (2, 2)), *_weights(3)),
        torch=_gru_cell,
        variants=_variants(3, "h"),
        axes=(
            along(x=("n", 3), h=("n", 2), w_ih=(6, 3), w_hh=(6, 2), b_ih=(6,), b_hh=(6,), longest=130),
            along(x=(1, "n"), h=(1, 1), w_ih=(3, "n"), w_hh=(3, 1), b_ih=(3,), b_hh=(3,)),
            along(x=(1, 1), h=(1, "n"), w_ih=("3n", 1), w_hh=("3n", "n"), b_ih=("3n",), b_hh=("3n",)),
        ),
    ),
)
