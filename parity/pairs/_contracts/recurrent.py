"""What the cells must refuse."""

from parity.pair import Contract
from parity.pairs._contracts._rows import shapes

FIT = "shapes that do not fit"
_ACCEPTS = {"dy_of_one_axis_more": "The backward takes a cotangent of as many elements."}
_SHARED = (
    shapes(FIT, x=(2, 4)),
    shapes(FIT, x=(3, 3)),
    shapes(FIT, x=(2, 1)),
    shapes(FIT, x=(3,)),
    shapes(FIT, x=()),
    shapes(FIT, h=(2, 3)),
    shapes(FIT, h=(3, 2)),
    shapes(FIT, h=(2,)),
    shapes(FIT, h=()),
    shapes(FIT, x=(1, 2, 3), h=(1, 2, 2)),
)


def _weights(rows, **state):
    return (
        shapes(FIT, w_ih=(rows - 1, 3)),
        shapes(FIT, w_ih=(rows + 2, 3)),
        shapes(FIT, w_ih=(rows, 4)),
        shapes(FIT, w_ih=(rows,)),
        shapes(FIT, w_ih=(rows, 3, 1)),
        shapes(FIT, w_hh=(rows, 3)),
        shapes(FIT, w_hh=(rows + 1, 2)),
        shapes(FIT, w_hh=(rows, 2, 1)),
        shapes(FIT, w_ih=()),
        shapes(FIT, w_hh=()),
        shapes(FIT, x=(3,), h=(), w_ih=(rows // 2, 3), w_hh=(rows // 2, 1), b_ih=(rows // 2,), b_hh=(rows // 2,), **state),
        *(shapes(FIT, **{name: shape}) for name in ("b_ih", "b_hh") for shape in ((rows - 1,), (1,), (rows, 1), ())),
        shapes(FIT, w_ih=(rows + rows // 2, 3), w_hh=(rows + rows // 2, 2), b_ih=(rows + rows // 2,), b_hh=(rows + rows // 2,)),
    )


CONTRACTS = {
    "lstm_cell": Contract(
        (
            *_SHARED,
            *_weights(8, c=()),
            shapes(FIT, c=(2, 3)),
            shapes(FIT, c=(3, 2)),
            shapes(FIT, c=(4, 1)),
            shapes(FIT, c=(2,)),
            shapes(FIT, c=()),
        ),
        accepts={**_ACCEPTS, "c_of_complex_numbers": "The state is cast."},
    ),
    "gru_cell": Contract((*_SHARED, *_weights(6)), accepts=_ACCEPTS),
}
