"""What the losses must refuse."""

import numpy as np

from parity.pair import Contract
from parity.pairs._contracts._rows import NAN, each, given, holding, options, shapes, typed

FIT, WEIGHT, CLASSES = "shapes that do not fit", "a weight of another shape", "no axis of classes, or no classes"
SIGNS = "labels other than -1 and 1"


def _fit(*wrong):
    return tuple(shapes(FIT, **w) for w in wrong)


_WEIGHT = (shapes(WEIGHT, weight=(6,)), shapes(WEIGHT, weight=(4, 1)), shapes(WEIGHT, weight=()))
_BROADCAST = _fit(
    {"target": (4, 1)}, {"target": (6,)}, {"target": ()}, {"weight": (5,)}, {"weight": (3, 6)}, {"weight": (2, 4, 6)}
)
_PER_CLASS = (
    shapes(WEIGHT, weight=(6,)),
    shapes(WEIGHT, weight=(7, 1)),
    shapes(WEIGHT, weight=(1,)),
    shapes(WEIGHT, weight=()),
)
_LABELLED = (
    *_fit({"target": (4,)}, {"target": (3, 1)}, {"target": ()}, {"x": (7,)}, {"x": (3, 7, 2)}),
    shapes(CLASSES, x=()),
    *_PER_CLASS,
    typed("labels that are no integers", "target", np.bool_),
)
_SMOOTHING = each("a smoothing outside of [0, 1]", "label_smoothing", -0.1, 1.1, 1.0000000000000002, -5e-324, NAN)
_SIGNS = (
    holding(SIGNS, "target", 0.0),
    holding(SIGNS, "target", 2.0),
    holding(SIGNS, "target", NAN),
    holding(SIGNS, "target", 0.5),
)
CONTRACTS = {
    "mse_loss": Contract(_WEIGHT),
    "l1_loss": Contract(_WEIGHT),
    "smooth_l1_loss": Contract(each("a negative beta", "beta", -0.5, -5e-324, NAN)),
    "huber_loss": Contract((*_WEIGHT, *each("a delta that is not positive", "delta", 0.0, -1.0, NAN))),
    "binary_cross_entropy": Contract(
        (*_BROADCAST, *(holding("x outside of [0, 1]", "x", v) for v in (1.0000000000000002, -5e-324, 2.0, -1.0)))
    ),
    "binary_cross_entropy_with_logits": Contract((*_BROADCAST, *_fit({"pos_weight": (5, 1)}, {"pos_weight": (2, 4, 1)}))),
    "multilabel_soft_margin_loss": Contract((*_BROADCAST, *_fit({"x": (), "target": (), "weight": ()}))),
    "nll_loss": Contract((*_LABELLED, shapes(CLASSES, x=(3, 0), weight=(0,)))),
    "cross_entropy": Contract(
        (*_LABELLED, shapes(CLASSES, x=(3, 0), weight=(0,)), *_SMOOTHING),
        accepts={"target_of_floats": "Floats are probabilities."},
    ),
    "cross_entropy_probabilities": Contract(
        (
            *_fit({"target": (3, 6)}, {"target": (3,)}, {"target": (3, 1)}, {"x": (7,)}),
            *_PER_CLASS,
            shapes(CLASSES, x=(), target=(), weight=()),
            shapes(CLASSES, x=(3, 0), target=(3, 0), weight=(0,)),
            *_SMOOTHING,
            options("an index to ignore among probabilities", ignore_index=0),
            options("an index to ignore among probabilities", ignore_index=3),
        )
    ),
    "gaussian_nll_loss": Contract(
        (
            holding("a negative variance", "var", -1.0),
            holding("a negative variance", "var", -5e-324),
            *_fit({"var": (5,)}, {"var": (3, 4)}, {"var": (4,)}, {"var": (1, 3, 5)}, {"var": (2, 5)}),
        )
    ),
    "hinge_embedding_loss": Contract(_SIGNS),
    "multi_margin_loss": Contract(
        (
            *each("p other than 1 and 2", "p", 0, 3, 1.5),
            *_fit({"x": (1, 3, 5)}, {"x": ()}, {"target": (4,)}, {"target": (3, 1)}, {"target": ()}),
            *_fit({"x": (5,), "target": (2,)}, {"x": (5,)}),
            shapes(CLASSES, x=(3, 0), weight=(0,)),
            shapes(WEIGHT, weight=(4,)),
            shapes(WEIGHT, weight=(5, 1)),
            shapes(WEIGHT, weight=(1,)),
            shapes(WEIGHT, weight=()),
            typed("labels that are no integers", "target", np.bool_),
        )
    ),
    "multilabel_margin_loss": Contract(
        (
            *_fit({"x": (1, 3, 5), "target": (1, 3, 5)}, {"target": (3, 4)}, {"target": (5,)}, {"target": (1, 3, 5)}),
            shapes(CLASSES, x=(3, 0), target=(3, 0)),
            typed("labels without a sign", "target", np.uint8),
            typed("labels that are no integers", "target", np.bool_),
            given("labels out of range", "target", np.array([[0, 1, -1, -1, -1]] * 2 + [[0, 1, 2, -1, 5]]), "with_5"),
            given("labels out of range", "target", np.array([[0, 1, -1, -1, -1]] * 2 + [[0, 1, 2, -1, -2]]), "with_-2"),
        )
    ),
    "cosine_embedding_loss": Contract(
        (
            *_SIGNS,
            shapes(FIT, target=(3,), delegated=True),
            *_fit({"target": (4, 1)}, {"target": ()}, {"input1": (6,)}, {"input1": (6,), "input2": (6,)}),
            *_fit(
                {"input1": (), "input2": (), "target": ()},
                {"input1": (1, 4, 6), "input2": (1, 4, 6)},
                {"input1": (1, 6), "input2": (1, 6)},
            ),
        )
    ),
    "triplet_margin_loss": Contract(
        (
            *each("a margin that is not positive", "margin", 0.0, -1.0, NAN),
            *each("p that is not positive", "p", 0.0, -1.0, NAN),
            *_fit(
                {"anchor": (), "positive": (), "negative": ()}, {"positive": (5,)}, {"negative": (1, 3, 5)}, {"anchor": (5,)}
            ),
        )
    ),
}
