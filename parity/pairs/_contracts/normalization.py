"""What the normalizations must refuse."""

from parity.pair import Contract, with_shapes
from parity.pairs._contracts._rows import FORWARD, UNCHECKED, each, shapes

FIT, FEW = "a parameter of another shape", "too few axes"
ONE, LACKS = "a variance of a single value", "running statistics that are not given"
_DY = {"dy_*": UNCHECKED}
EVALUATION = {"training": False}
NEVER = ("running_mean", "running_var")
_LAST = (shapes(FIT, weight=(7,)), shapes(FIT, weight=(8, 1)), shapes(FIT, weight=()), shapes(FIT, weight=(1,)))
_NORMAL = each("last axes of another shape", "normalized_shape", (7,), (), (8, 3), (3,), 7)
CONTRACTS = {
    "layer_norm": Contract(
        (
            *_NORMAL,
            *_LAST,
            shapes(FIT, bias=(7,)),
            shapes(FIT, bias=(8, 1)),
            shapes(FEW, {"normalized_shape": ()}, x=(), weight=(), bias=()),
            shapes(FEW, x=()),
        ),
        accepts=_DY,
    ),
    "rms_norm": Contract(
        (*_NORMAL, *_LAST, shapes(FEW, {"normalized_shape": ()}, x=(), weight=()), shapes(FEW, x=())), accepts=_DY
    ),
    "batch_norm": Contract(
        (
            shapes(FEW, x=(3,)),
            shapes(FEW, x=()),
            *(
                shapes(FIT, **{name: shape})
                for name in ("running_mean", "running_var", "weight", "bias")
                for shape in ((4,), (1,), (3, 1))
            ),
            shapes(LACKS, EVALUATION, NEVER),
            shapes(LACKS, EVALUATION, ("running_mean",)),
            shapes(LACKS, EVALUATION, ("running_var",)),
            shapes(LACKS, {"training": True}, ("running_mean",)),
            shapes(LACKS, {"training": True}, ("running_var",)),
            shapes(ONE, {"training": True}, x=(1, 3)),
            shapes(ONE, {"training": True}, x=(1, 3, 1)),
        ),
        allows=(
            with_shapes("one_sample", EVALUATION, x=(1, 3)),
            with_shapes(
                "no_channels",
                {"training": True},
                condition="empty arrays",
                x=(4, 0),
                running_mean=(0,),
                running_var=(0,),
                weight=(0,),
                bias=(0,),
            ),
        ),
        accepts=_DY,
    ),
    "group_norm": Contract(
        (
            shapes(FEW, x=(6,)),
            shapes(FEW, x=()),
            *each("groups that do not divide the channels", "num_groups", 4, 0, -1, -3, 12),
            *(shapes(FIT, **{name: shape}) for name in ("weight", "bias") for shape in ((5,), (1,), (3,), (6, 1))),
        ),
        accepts=_DY,
    ),
    "instance_norm": Contract(
        (
            shapes(FEW, x=(3,)),
            shapes(FEW, x=()),
            *(
                shapes(FIT, **{name: shape})
                for name in ("running_mean", "running_var", "weight", "bias")
                for shape in ((4,), (1,), (3, 1))
            ),
            *(shapes(ONE, x=shape, directions=FORWARD) for shape in ((2, 3, 1), (2, 3), (2, 3, 1, 1))),
            shapes(LACKS, {"use_input_stats": False}, NEVER),
            shapes(LACKS, {"use_input_stats": False}, ("running_mean",)),
            shapes(LACKS, {"use_input_stats": False}, ("running_var",)),
        ),
        accepts=_DY,
    ),
    "local_response_norm": Contract(
        (shapes(FEW, x=(2, 6)), shapes(FEW, x=(6,)), *each("a window without channels", "size", 0, -1)), accepts=_DY
    ),
}
