"""What the ops on tensors must refuse."""

import numpy as np

from parity.pair import Contract, Refusal, with_options, with_shapes
from parity.pairs._contracts._rows import ANY_NUMBERS, FORWARD, LEFT, each, given, options, shapes, typed

MISSING, FIT, RANGE = "an axis that is not there", "shapes that do not fit", "an index out of range"
_COMPLEX = {"*_of_complex_numbers": ANY_NUMBERS}
_TRUE = {"axis=True": "True counts as 1."}
ODD = "a pad width that the mode does not allow"
COPIES = ("reflect", "circular", "replicate")
EQUATION = "an equation that does not fit the operands"
_WIDTHS = tuple(
    options(ODD, mode=mode, pad_width=width)
    for mode, widths in {
        "constant": (
            ((0, 0), (0, 0), (-5, 0)),
            ((0, 0), (0, 0), (0, -5)),
            ((0, 0), (0, 0), (-3, -2)),
            ((0, 0), (0, 0), (-5, 3)),
            ((0, 0), (0, 0), (3, -5)),
        ),
        "reflect": (((0, 0), (0, 0), (4, 0)), ((0, 0), (0, 0), (0, 4)), ((0, 0), (0, 0), (-1, 1)), ((0, 0), (0, 0), (1, -1))),
        "circular": (((0, 0), (0, 0), (5, 0)), ((0, 0), (0, 0), (0, 5)), ((0, 0), (0, 0), (-1, 0)), ((0, 0), (0, 0), (0, -1))),
        "replicate": (((0, 0), (0, 0), (-1, 0)), ((0, 0), (0, 0), (0, -1))),
    }.items()
    for width in widths
)
CONTRACTS = {
    "stack": Contract(
        (
            *each(MISSING, "axis", 3, -4),
            *each("an axis that is no integer", "axis", 0.5),
            Refusal("no_arrays", "no arrays", absent=("a", "b", "c")),
        ),
        accepts={
            **_COMPLEX,
            **_TRUE,
            "axis=2": "The result has an axis more.",
            "axis=-3": "The result has an axis more.",
            "axis=0.5": "See its own.",
        },
        delegated=LEFT,
    ),
    "concatenate": Contract(
        (shapes(FIT, b=(1, 5), delegated=True),),
        accepts={**_COMPLEX, "axis=None": "It joins what is flattened."},
        delegated=LEFT,
    ),
    "flip": Contract(accepts=_COMPLEX, delegated=("axis=*",)),
    "roll": Contract(
        accepts={**_COMPLEX, "axis=(0,*": "It rolls along an axis as often as that is given."}, delegated=("axis=*",)
    ),
    "moveaxis": Contract(
        tuple(
            Refusal(f"{name}={v}", MISSING, {name: v}, delegated=True) for name in ("source", "destination") for v in (3, -4)
        ),
        accepts=_COMPLEX,
    ),
    "take_along_axis": Contract(
        accepts={**_COMPLEX, **_TRUE, "axis=None": "It takes from what is flattened."}, delegated=(*LEFT, "indices_of_floats")
    ),
    "pad": Contract(
        (
            *_WIDTHS,
            *each("a pad width that is no integer", "pad_width", 0.5, ((0, 0), (0.5, 0), (0, 0)), "unknown"),
            *each(
                "another number of pairs",
                "pad_width",
                ((0, 0), (1, 1)),
                (1, 1, 1),
                ((1, 1), (1, 1), (1, 1), (1, 1)),
                ((1, 1, 1),),
                ((1,), (1,), (1,)),
                (),
            ),
            shapes(ODD, {"mode": "replicate", "pad_width": ((0, 0), (0, 0), (1, 0))}, x=(2, 3, 0)),
            shapes(ODD, {"mode": "replicate", "pad_width": ((0, 0), (0, 0), (0, 1))}, x=(2, 3, 0)),
            shapes(ODD, {"mode": "circular", "pad_width": ((0, 0), (0, 0), (1, 0))}, x=(2, 3, 0)),
            shapes(ODD, {"mode": "reflect", "pad_width": ((0, 0), (0, 0), (0, 1))}, x=(2, 3, 1)),
        ),
        allows=(
            with_options(pad_width=((0, 0), (0, 0), (-4, 0))),
            with_options(pad_width=((0, 0), (0, 0), (0, -4))),
            with_options(pad_width=((0, 0), (0, 0), (-2, -2))),
            with_options(pad_width=((0, 0), (0, 0), (-4, 2))),
            with_shapes("no_pairs", {"pad_width": np.zeros((0, 2))}, condition="0-d arrays", x=()),
            *(with_options(mode=m, pad_width=((0, 0), (0, 0), (3, 3))) for m in COPIES),
            with_options(mode="circular", pad_width=((0, 0), (0, 0), (4, 4))),
            *(with_shapes(f"no_cells_{m}", {"mode": m, "pad_width": 0}, condition="empty arrays", x=(2, 3, 0)) for m in COPIES),
        ),
        accepts=_COMPLEX,
    ),
    "scatter_add": Contract(
        (
            given(RANGE, "index", np.array([[0, 1, 2], [0, 0, 0], [1, 1, 1], [3, 3, 3], [0, 0, -1]]), "with_-1"),
            typed("an index of booleans", "index", np.bool_),
            shapes(FIT, x=(4,)),
            shapes(FIT, index=(5,)),
            shapes(FIT, src=(5,)),
            shapes(FIT, x=(4, 3, 1)),
            shapes(FIT, src=(5, 3, 1)),
            shapes(FIT, index=(6, 3)),
            shapes(FIT, index=(5, 4)),
            shapes(FIT, index=(5, 4), src=(5, 4)),
            shapes(FIT, src=(4, 3)),
            shapes(FIT, src=(5, 2)),
            shapes(FIT, {"axis": 1}, x=(4, 4)),
            shapes(FIT, {"axis": 1}, x=(5, 4), src=(5, 2)),
        ),
        allows=(
            with_shapes("empty_index_and_source", condition="empty arrays", index=(0, 3), src=(0, 3)),
            with_shapes("index_of_the_length", {"axis": 1}, x=(5, 4), index=(5, 3)),
        ),
        accepts={**_COMPLEX, **_TRUE},
        delegated=LEFT,
    ),
    "one_hot": Contract(
        (
            given(RANGE, "indices", np.array([0, 3, -1]), "with_-1"),
            given(RANGE, "indices", np.array(-1), "of_-1_alone"),
            options("an index beyond the classes", num_classes=1),
            *each("a number of classes that is not positive", "num_classes", 0, -2),
            shapes("no indices, and no number of classes", indices=(0,)),
            shapes("a number of classes that is not positive", {"num_classes": 0}, indices=(0,)),
            shapes("a number of classes that is not positive", {"num_classes": -2}, indices=(0,)),
            Refusal(
                "indices_of_4_with_4",
                "an index beyond the classes",
                {"num_classes": 4},
                arrays={"indices": lambda s, f, r: np.array([0, 4, 1])},
            ),
        ),
        allows=(
            with_shapes("one_class", {"num_classes": 1}, condition="empty arrays", indices=(0,)),
            with_options(num_classes=4),
        ),
        accepts={"indices=4": "The number of classes follows from it."},
    ),
    "sliding_window": Contract(
        (
            *each("a size outside of 1 … n", "size", 0, 8, -1),
            *each("a step below 1", "step", 0, -1),
            options("a size outside of 1 … n", axis=0, size=4),
            shapes("an array without axes", x=(), settings={"axis": 0, "size": 1}),
        ),
        allows=(with_options(size=7), with_options(size=1, step=1)),
        accepts={**_COMPLEX, **_TRUE},
        delegated=LEFT,
    ),
    "einsum": Contract(
        (
            *each("an equation that is no string", "equation", 1, None),
            *each(
                EQUATION,
                "equation",
                "ij->i",
                "ij,jk,kl->il",
                "ijk,jk->i",
                "i,jk->jk",
                "ij,jk->iik",
                "ij,jk->il",
                "i1,1k->ik",
                "i...jk,jk->i",
                "ij,jkl->ik",
                "ij,jk->i1",
                "i.,jk->ik",
            ),
            shapes("lengths that differ", a=(3, 5), delegated=True, directions=FORWARD),
        ),
    ),
}
