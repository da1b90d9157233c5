"""Losses: ours, torch's, and what they are judged on.  SciPy has no losses of this kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from parity import hostile as h
from parity.kinds import Data, Kind, Labels, Logits, LogSimplex, Positive, Probability, Real, Signs, Simplex
from parity.pair import Pair, Variant, along, with_options, with_shapes

SUM, NONE = with_options(reduction="sum"), with_options(reduction="none")


def functional(name: str, *names: str):
    """The adapter that passes the arrays to torch.nn.functional by keyword (its weights do not stand third)."""

    def call(*tensors, **options):
        import torch.nn.functional as F

        return getattr(F, name)(**dict(zip(names, tensors, strict=True)), **options)

    return call


def unless_empty(name: str, *names: str):
    """The adapter for kernels that return uninitialised memory for the mean over an empty batch: it refuses that."""
    whole = functional(name, *names)

    def call(*tensors, **options):
        if not tensors[0].numel():
            raise NotImplementedError(f"torch's {name} returns uninitialised memory for an empty batch.")
        return whole(*tensors, **options)

    return call


def shapes_of(*arrays: str) -> tuple[Variant, ...]:
    """For losses of elements: no element, 0-d, one, and more than one block of a pairwise sum."""
    cases = {"empty": (0,), "empty_2d": (0, 3), "scalar": (), "one_element": (1,), "long": (200,)}
    about = {"empty": "empty arrays", "empty_2d": "empty arrays", "scalar": "0-d arrays"}
    return tuple(with_shapes(n, condition=about.get(n, ""), **dict.fromkeys(arrays, s)) for n, s in cases.items())


def absent(*names: str, **options) -> Variant:
    """The variant without these optional arrays."""
    spelled = ",".join([f"{n}=None" for n in names] + [f"{k}={v}" for k, v in options.items()])
    return Variant({**options, "_absent": names}, {}, spelled, "an absent array")


def _without(variant: Variant, *names: str) -> Variant:
    """The variant without these optional arrays, which is then what it is about unless its shapes are."""
    return replace(variant, options={"_absent": names}, condition=variant.condition or "an absent array")


def weights(shape) -> Kind:
    """Non-negative weights, zeros and extreme ones included."""
    return (
        Positive("weight", shape)
        .only("near_one", "binades", "subnormals")
        .also(zeros=h.listed([0.0]), some_zero=h.listed([0.0, 1.5]))
    )


def _pair(op: str, arrays, names: str, variants, **more) -> Pair:
    torch = more.pop("torch", None) or functional(op, *names.split())
    return Pair(f"losses.{op}", arrays, torch, variants=tuple(variants), **more)


# -- differences -------------------------------------------------------------------------------------------------------
SHAPE = (4, 6)
X = Real("x", SHAPE).also(ties=h.ties, large_mean=h.large_mean)
T = Real("target", SHAPE).also(ties=h.ties, large_mean=h.large_mean)
ROW = with_shapes("broadcast", condition="broadcasting", x=(4, 1), target=(1, 5))
ROW_NONE = with_shapes("broadcast_none", {"reduction": "none"}, condition="broadcasting", x=(3, 4), target=(4,))
UNWEIGHTED = (absent("weight"), absent("weight", reduction="sum"), absent("weight", reduction="none"))
OUTLIERS = {"beyond": h.scaled_bell(64.0), "edges": h.near([1.0, -1.0, 0.5, -0.5, 2.5])}


def _weighted(op: str, *variants: Variant) -> Pair:
    """A loss of differences that takes weights."""
    arrays = (X.also(**OUTLIERS), T, weights(SHAPE))
    return _pair(op, arrays, "input target weight", (SUM, NONE, *UNWEIGHTED, *variants, *shapes_of("x", "target", "weight")))


REGRESSION = (
    _weighted("mse_loss"),
    _weighted("l1_loss"),
    _pair(
        "smooth_l1_loss",
        (X.also(**OUTLIERS), T),
        "input target",
        (
            SUM,
            NONE,
            with_options(beta=0.5),
            with_options(beta=2.5, reduction="none"),
            with_options(beta=0.0, reduction="sum"),
            ROW,
            ROW_NONE,
            *shapes_of("x", "target"),
        ),
    ),
    _weighted("huber_loss", with_options(delta=0.5), with_options(delta=2.5, reduction="none")),
)

# -- yes or no ---------------------------------------------------------------------------------------------------------
P = Probability("x", SHAPE).but("one_nan")  # torch refuses nan as it refuses 1.5; ours lets it through
Y = Probability("target", SHAPE).but("one_nan", "near_certain", "near_half")
LOGIT = Real("x", SHAPE).also(wide_logits=h.wide_logits, confident=h.listed([20.0, -20.0, 40.0, -40.0, 100.0, -100.0]))

BINARY = (
    _pair(
        "binary_cross_entropy",
        (P, Y, weights((6,)).constant()),
        "input target weight",
        (SUM, NONE, *UNWEIGHTED, *(_without(v, "weight") for v in shapes_of("x", "target"))),
    ),
    _pair(
        "binary_cross_entropy_with_logits",
        (LOGIT, Y, weights((6,)).constant(), replace(weights((4, 1)), name="pos_weight", differentiable=False)),
        "input target weight pos_weight",
        (
            SUM,
            NONE,
            absent("weight"),
            absent("pos_weight"),
            absent("weight", "pos_weight", reduction="none"),
            *(_without(v, "weight", "pos_weight") for v in shapes_of("x", "target")),
        ),
        axes=(
            along(x=("n", 2), target=("n", 2), weight=(2,), pos_weight=("n", 1)),
            along(x=(1, "n"), target=(1, "n"), weight=("n",), pos_weight=(1, 1)),
        ),
    ),
    _pair("soft_margin_loss", (LOGIT, Signs("target", SHAPE)), "input target", (SUM, NONE, *shapes_of("x", "target"))),
    _pair(
        "multilabel_soft_margin_loss",
        (LOGIT, Y, weights((6,))),
        "input target weight",
        (
            SUM,
            NONE,
            absent("weight"),
            absent("weight", reduction="none"),
            with_shapes("empty", condition="empty arrays", x=(0, 6), target=(0, 6)),
            with_shapes("one_row", condition="no batch axis", x=(6,), target=(6,)),
            with_shapes("one_class", x=(3, 1), target=(3, 1), weight=(1,)),
            with_shapes("images", {"reduction": "none"}, condition="several batch axes", x=(2, 3, 6), target=(2, 3, 6)),
            with_shapes("long", x=(1, 200), target=(1, 200), weight=(200,)),
        ),
    ),
)

# -- one of C ----------------------------------------------------------------------------------------------------------
C = 7
CLASSES = weights((C,)).constant()
LEFT_OUT = Labels("target", (3,), C, ignore=-1)
LABELS = replace(
    Labels("target", (3,), C, ignore=2),
    instead=(("ignore_index", -1, replace(LEFT_OUT, ordinary=LEFT_OUT.hostile["some_ignored"])),),
)
IGNORE = {"ignore_index": 2}  # a label in range, so that the same targets are also valid with the default -100
IMAGES = {"x": (2, C, 2, 2), "target": (2, 2, 2)}
CLASS_SHAPES = (
    with_shapes("empty", condition="empty arrays", x=(0, C), target=(0,)),
    with_shapes("one_row", condition="no batch axis", x=(C,), target=()),
    with_shapes("one_element", x=(1, C), target=(1,)),
    with_shapes("sequence", {"reduction": "none"}, condition="other ranks", x=(2, C, 3), target=(2, 3)),
    with_shapes("images", condition="other ranks", **IMAGES),
    with_shapes("long", {"_absent": ("weight",)}, condition="an absent array", x=(1, 64), target=(1,)),
)
SOFT_SHAPES = tuple(replace(v, shapes={**v.shapes, "target": v.shapes["x"]}) for v in CLASS_SHAPES)
CERTAIN = {"one_hot": h.one_hot, "wide_gap": h.wide_gap}

CATEGORICAL = (
    _pair(
        "nll_loss",
        (Data("x", (3, C)), LABELS, CLASSES),
        "input target weight",
        (
            SUM,
            NONE,
            *UNWEIGHTED,
            with_options(ignore_index=-100),
            with_options(ignore_index=0, reduction="none"),
            *CLASS_SHAPES,
        ),
        options=IGNORE,
        axes=(
            along(x=("n", 7), target=("n",), weight=(7,)),
            along(x=(2, "n+6"), target=(2,), weight=("n+6",)),
        ),
    ),
    _pair(
        "cross_entropy",
        (Logits("x", (3, C)), LABELS, CLASSES),
        "input target weight",
        (
            SUM,
            NONE,
            *UNWEIGHTED,
            with_options(ignore_index=-100),
            with_options(ignore_index=0, label_smoothing=0.1),
            with_options(label_smoothing=0.1),
            with_options(label_smoothing=0.25, reduction="none"),
            absent("weight", label_smoothing=0.5, reduction="sum"),
            absent("weight", label_smoothing=1.0),
            *CLASS_SHAPES,
        ),
        options=IGNORE,
        axes=(
            along(x=("n", 7), target=("n",), weight=(7,), longest=300),
            along(x=(2, "n+6"), target=(2,), weight=("n+6",), longest=300),
        ),
    ),
    Pair(
        "losses.cross_entropy_probabilities",
        (Logits("x", (3, C)), Simplex("target", (3, C)), replace(CLASSES, differentiable=True)),
        functional("cross_entropy", "input", "target", "weight"),
        ours="npimpl.losses.cross_entropy",
        ours_backward="npimpl.losses.cross_entropy_backward",
        variants=(
            SUM,
            NONE,
            *UNWEIGHTED,
            with_options(label_smoothing=0.1),
            absent("weight", label_smoothing=0.25, reduction="none"),
            *SOFT_SHAPES,
        ),
        longest=300,
    ),
)

# -- likelihoods -------------------------------------------------------------------------------------------------------
COUNTS = {"counts": h.listed([0.0, 1.0, 2.0, 3.0, 10.0, 100.0]), "near_one_and_e": h.near([1.0, 2.718281828, 0.0])}
RATES = {"near_rate_one": h.near([1.0, 1e-8, 2.0**-20]), "no_rate": h.listed([0.0, -1e-8, 1e-8])}
VARIANCES = {"zeros": h.listed([0.0]), "below_eps": h.near([1e-6, 1e-7, 2e-6])}

LIKELIHOOD = (
    _pair(
        "kl_div",
        (
            Logits("x", (3, 5)),
            replace(
                Simplex("target", (3, 5)).also(
                    one_neg_inf=h.one_neg_inf, near_zero=lambda s, f, r: np.abs(h.subnormals(s, f, r))
                ),
                instead=(("log_target", True, LogSimplex("target", (3, 5))),),
            ),
        ),
        "input target",
        (
            SUM,
            NONE,
            with_options(reduction="batchmean"),
            with_options(log_target=True),
            with_options(log_target=True, reduction="none"),
            with_options(log_target=True, reduction="batchmean"),
            with_options(log_target=True, reduction="sum"),
            ROW,
            with_shapes("empty_batch", {"reduction": "batchmean"}, condition="empty arrays", x=(0, 3), target=(0, 3)),
            *shapes_of("x", "target"),
        ),
    ),
    _pair(
        "poisson_nll_loss",
        (
            replace(Real("x", (3, 5)).also(**RATES), instead=(("log_input", False, Positive("x", (3, 5))),)),
            Positive("target", (3, 5)).also(**COUNTS),
        ),
        "input target",
        (
            SUM,
            NONE,
            with_options(full=True),
            with_options(full=True, reduction="none"),
            with_options(log_input=False),
            with_options(log_input=False, eps=0.5, reduction="none"),
            with_options(log_input=False, full=True, reduction="sum"),
            ROW,
            *shapes_of("x", "target"),
        ),
    ),
    _pair(
        "gaussian_nll_loss",
        (Real("x", (3, 5)), Real("target", (3, 5)), Positive("var", (3, 5)).also(**VARIANCES)),
        "input target var",
        (
            SUM,
            NONE,
            with_options(full=True),
            with_options(eps=0.5, reduction="none"),
            with_shapes("one_variance_per_row", condition="broadcasting", var=(3, 1)),
            with_shapes("variance_without_last_axis", {"reduction": "none"}, condition="broadcasting", var=(3,)),
            *(v for v in shapes_of("x", "target", "var") if v.name != "scalar"),
            with_shapes("one_number", condition="0-d arrays", x=(1,), target=(1,), var=()),
        ),
    ),
)


HALF_GAPS = {
    ("torch", "float16", "*"): "torch has no half kernel for this loss on CPU",
    ("torch", "bfloat16", "*"): "torch has no bfloat16 kernel for this loss on CPU",
    ("torch", "*", "*", "empty"): "torch returns uninitialised memory for the mean over an empty batch",
}


# -- hinges ------------------------------------------------------------------------------------------------------------
def label_lists(name="target", shape=(3, 5)) -> Kind:
    """Rows of distinct labels, ended by -1; more labels after the end do not count."""

    def ordinary(shape, fmt, rng):
        rows = np.argsort(h.uniform(shape, rng), axis=-1)
        return np.where(np.arange(shape[-1]) == rng.integers(1, 4), -1, rows)

    hazards = {
        "no_labels": lambda s, f, r: np.full(s, -1),
        "all_labels": lambda s, f, r: np.broadcast_to(np.arange(s[-1]), s),
        "repeated": lambda s, f, r: np.where(np.arange(s[-1]) < 2, 1, -1) + np.zeros(s, int),
    }
    return Kind(name, shape, ordinary, hazards, role="int", differentiable=False)


PAIR = ("input1", "input2", "target")
HINGE_EDGES = {"edges": h.near([1.0, 0.5, -0.5, 0.25])}
ROWS = Data("x", (3, 5)).also(binades=h.binades)

MARGIN = (
    _pair(
        "hinge_embedding_loss",
        (Real("x", SHAPE).also(**HINGE_EDGES), Signs("target", SHAPE)),
        "input target",
        (SUM, NONE, with_options(margin=0.5), with_options(margin=-0.5, reduction="none"), *shapes_of("x", "target")),
    ),
    _pair(
        "margin_ranking_loss",
        (
            Real("input1", SHAPE).also(ties=h.ties, **HINGE_EDGES),
            Real("input2", SHAPE).also(ties=h.ties),
            replace(Signs("target", SHAPE), differentiable=True),
        ),
        " ".join(PAIR),
        (SUM, NONE, with_options(margin=0.5), with_options(margin=1.0, reduction="none"), *shapes_of(*PAIR)),
    ),
    _pair(
        "multi_margin_loss",
        (ROWS, Labels("target", (3,), 5), weights((5,)).constant()),
        "input target weight",
        (
            SUM,
            NONE,
            *UNWEIGHTED,
            with_options(p=2),
            with_options(p=2, margin=0.5, reduction="none"),
            with_options(margin=2.0),
            with_shapes("empty", condition="empty arrays", x=(0, 5), target=(0,)),
            with_shapes("one_row", condition="no batch axis", x=(5,), target=()),
            with_shapes("one_row_none", {"reduction": "none"}, condition="no batch axis", x=(5,), target=(1,)),
            with_shapes("long", {"_absent": ("weight",)}, condition="an absent array", x=(2, 100), target=(2,)),
        ),
        torch=unless_empty("multi_margin_loss", "input", "target", "weight"),
        without=HALF_GAPS,
        axes=(
            along(x=("n", 5), target=("n",), weight=(5,)),
            along(x=(2, "n+4"), target=(2,), weight=("n+4",)),
        ),
    ),
    _pair(
        "multilabel_margin_loss",
        (ROWS, label_lists()),
        "input target",
        (
            SUM,
            NONE,
            with_shapes("empty", condition="empty arrays", x=(0, 5), target=(0, 5)),
            with_shapes("one_row", condition="no batch axis", x=(5,), target=(5,)),
            with_shapes("long", x=(2, 40), target=(2, 40)),
        ),
        torch=unless_empty("multilabel_margin_loss", "input", "target"),
        without=HALF_GAPS,
    ),
)


# -- angles and distances ----------------------------------------------------------------------------------------------
DISTANCE = (
    _pair(
        "cosine_embedding_loss",
        (Data("input1", (4, 6)), Data("input2", (4, 6)), Signs("target", (4,))),
        "input1 input2 target",
        (
            SUM,
            NONE,
            with_options(margin=0.2),
            with_options(margin=-0.5, reduction="none"),
            with_shapes("empty", condition="empty arrays", input1=(0, 6), input2=(0, 6), target=(0,)),
            with_shapes("one_pair", condition="no batch axis", input1=(6,), input2=(6,), target=()),
            with_shapes("one_component", input1=(3, 1), input2=(3, 1), target=(3,)),
            with_shapes("long", input1=(2, 200), input2=(2, 200), target=(2,)),
        ),
    ),
    _pair(
        "triplet_margin_loss",
        (Data("anchor", (3, 5)), Data("positive", (3, 5)), Data("negative", (3, 5))),
        "anchor positive negative",
        (
            SUM,
            NONE,
            with_options(p=1.0),
            with_options(p=3.0, reduction="none"),
            with_options(p=1.5),
            with_options(p=float("inf")),
            with_options(margin=0.5, eps=0.25),
            with_options(swap=True, reduction="none"),
            with_options(swap=True, p=1.0, margin=2.5),
            with_options(eps=0.0, reduction="none"),
            with_shapes("empty", condition="empty arrays", anchor=(0, 5), positive=(0, 5), negative=(0, 5)),
            with_shapes("one_triplet", condition="no batch axis", anchor=(5,), positive=(5,), negative=(5,)),
            with_shapes("broadcast", condition="broadcasting", anchor=(1, 5), positive=(3, 5), negative=(3, 1)),
            with_shapes("long", anchor=(2, 200), positive=(2, 200), negative=(2, 200)),
        ),
    ),
)

PAIRS = REGRESSION + BINARY + CATEGORICAL + LIKELIHOOD + MARGIN + DISTANCE
