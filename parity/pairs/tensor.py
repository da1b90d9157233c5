"""Tensor surgery: where NumPy's own function is the implementation, the row names it."""

from __future__ import annotations

import numpy as np

from parity.kinds import Factor, Indices, Real
from parity.pair import TWO_BYTES, Pair, Structure, Variant, along, with_options, with_shapes
from parity.pairs._equations import equations


# -- how ours are called where the arrays do not simply come first -----------------------------------------------------
def _sequence_call(fn, grad, arrays, options):
    return fn(*grad, arrays, **options)


def _equation_call(fn, grad, arrays, options):
    return fn(*grad, options["equation"], *arrays)


def _scatter_call(fn, grad, arrays, options):
    x, index, src = arrays
    return fn(*grad, x, options["axis"], index, src)


# -- torch -------------------------------------------------------------------------------------------------------------
def _torch_stack(*tensors, axis=0):
    import torch

    return torch.stack([t for t in tensors if t is not None], dim=axis)


def _torch_concatenate(*tensors, axis=0):
    import torch

    tensors = [t for t in tensors if t is not None]
    return torch.cat([t.reshape(-1) for t in tensors]) if axis is None else torch.cat(tensors, dim=axis)


def _torch_flip(x, axis=None):
    import torch

    return torch.flip(x, tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,))


def _torch_roll(x, shift, axis=None):
    import torch

    return torch.roll(x, shift, axis)


def _torch_take(x, indices, axis=-1):
    import torch

    return torch.take_along_dim(x, indices, axis)


def _torch_pad(x, pad_width, mode="constant", value=0.0):
    """torch lists the last axis first, and takes only the axes that are really padded in the modes that copy."""
    import torch

    widths = np.broadcast_to(pad_width, (x.ndim, 2)).tolist()
    while mode != "constant" and widths and widths[0] == [0, 0]:
        widths = widths[1:]
    flat = [w for pair in reversed(widths) for w in pair]
    if mode == "constant":
        return torch.nn.functional.pad(x, flat, value=value)
    image = x.reshape((1,) * (len(widths) + 2 - x.ndim) + tuple(x.shape))
    return torch.nn.functional.pad(image, flat, mode=mode).reshape([n + b + a for n, (b, a) in _joined(x.shape, widths)])


def _joined(shape, widths):
    return zip(shape, [[0, 0]] * (len(shape) - len(widths)) + widths, strict=True)


def _torch_scatter_add(x, index, src, axis):
    """torch differentiates only where index and src have one shape; the rest of src is not used."""
    import torch

    return torch.scatter_add(x, axis, index, src[tuple(slice(n) for n in index.shape)])


def _torch_one_hot(indices, num_classes=-1):
    import torch

    return torch.nn.functional.one_hot(indices, num_classes)


def _torch_unfold(x, axis, size, step):
    return x.unfold(axis, size, step)


def _torch_einsum(*operands, equation):
    import torch

    return torch.einsum(equation, *(x for x in operands if x is not None))


def _mostly_repeated(shape, fmt, rng):
    """Indices most of which are the same."""
    return np.where(rng.integers(0, 3, size=shape) == 0, 0, 2)


def _can_be_padded(options) -> bool:
    """reflect needs as many other entries as it takes, circular as many."""
    widths = np.broadcast_to(options["pad_width"], (3, 2)).max(axis=1)
    least = {"reflect": 1, "circular": 0}.get(options.get("mode", ""), -np.inf)
    return bool((widths + least <= (2, 3, 4)).all())


def _numbers_of_arrays(shapes_of, axes):
    """One, two, three and seven arrays, for each axis."""
    found = []
    for n in (1, 2, 3, 7):
        for axis in axes:
            shapes = dict(zip("abcdefg", shapes_of(n, axis), strict=False))
            absent = tuple(name for name in "abc" if name not in shapes)
            found.append(Structure(f"{n}_arrays_along_{axis}", shapes, {"axis": axis}, absent))
    return tuple(found)


PAIRS = (
    Pair(
        "tensor.stack",
        (
            Real("a", (3, 4)),
            Real("b", (3, 4)).only("signed_zeros", "nans"),
            Real("c", (3, 4)).only("infinities"),
            *(Real(name, ()).beyond() for name in "defg"),
        ),
        torch=_torch_stack,
        ours="numpy.stack",
        call=_sequence_call,
        variants=(
            with_options(axis=1),
            with_options(axis=-1),
            with_options(axis=2),
            with_shapes("scalars", condition="0-d arrays", a=(), b=(), c=()),
            with_shapes("empty", {"axis": 1}, condition="empty arrays", a=(0, 2), b=(0, 2), c=(0, 2)),
            with_shapes("vectors", {"axis": -1}, condition="other ranks", a=(1,), b=(1,), c=(1,)),
        ),
        structures=_numbers_of_arrays(lambda n, axis: [(2, 3)] * n, (0, 1, -1)),
        longest=4097,
    ),
    Pair(
        "tensor.concatenate",
        (
            Real("a", (2, 4)),
            Real("b", (1, 4)).only("signed_zeros", "nans"),
            Real("c", (3, 4)).only("infinities"),
            *(Real(name, ()).beyond() for name in "defg"),
        ),
        torch=_torch_concatenate,
        ours="numpy.concatenate",
        call=_sequence_call,
        variants=(
            with_options(axis=-2),
            with_options(axis=None).if_taken("axis=None"),
            with_shapes("columns", {"axis": 1}, a=(2, 1), b=(2, 3), c=(2, 2)),
            with_shapes("last", {"axis": -1}, condition="other ranks", a=(2, 2, 1), b=(2, 2, 3), c=(2, 2, 2)),
            with_shapes("one_empty", {"axis": 0}, condition="empty arrays", a=(0, 4), b=(2, 4), c=(1, 4)),
            with_shapes("long", condition="other ranks", a=(90,), b=(1,), c=(101,)),
        ),
        structures=_numbers_of_arrays(lambda n, axis: [(k + 1, 3) if axis == 0 else (3, k + 1) for k in range(n)], (0, 1, -1)),
        longest=4097,
    ),
    Pair(
        "tensor.flip",
        (Real("x", (3, 4)),),
        torch=_torch_flip,
        ours="numpy.flip",
        view=True,
        variants=(
            with_options(axis=0),
            with_options(axis=-1),
            with_options(axis=(0, 1)),
            with_shapes("middle", {"axis": (-2, 0)}, x=(2, 3, 4)),
            with_shapes("scalar", condition="0-d arrays", x=()),
            with_shapes("empty", {"axis": 1}, condition="empty arrays", x=(2, 0, 3)),
            with_shapes("long", condition="other ranks", x=(201,)),
        ),
        longest=TWO_BYTES,
    ),
    Pair(
        "tensor.roll",
        (Real("x", (3, 4)),),
        torch=_torch_roll,
        ours="numpy.roll",
        options={"shift": 1},
        variants=(
            with_options(shift=-2, axis=1),
            with_options(shift=7, axis=0),
            with_options(shift=(1, -1), axis=(0, 1)),
            with_options(shift=(2, 3), axis=(1, 1)),
            with_options(shift=0, axis=-1),
            with_shapes("empty", {"axis": 0}, condition="empty arrays", x=(0, 3)),
            with_shapes("one", {"shift": 5}, condition="other ranks", x=(1,)),
            with_shapes("long", {"shift": -73}, condition="other ranks", x=(201,)),
        ),
        longest=TWO_BYTES,
        together=lambda o: isinstance(o["shift"], tuple) == isinstance(o.get("axis"), tuple),
    ),
    Pair(
        "tensor.moveaxis",
        (Real("x", (2, 3, 4)),),
        torch="torch.moveaxis",
        ours="numpy.moveaxis",
        view=True,
        options={"source": 0, "destination": -1},
        variants=(
            with_options(source=2, destination=0),
            with_options(source=-1, destination=-1),
            with_options(source=(0, 2), destination=(1, 0)),
            with_options(source=(0, 1, 2), destination=(2, 0, 1)),
            with_shapes("empty", condition="empty arrays", x=(2, 0, 3)),
            with_shapes("matrix", condition="other ranks", x=(1, 5)),
        ),
        longest=4097,
        together=lambda o: np.size(o["source"]) == np.size(o["destination"]),
    ),
    Pair(
        "tensor.take_along_axis",
        (Factor("x", (3, 4)), Indices("indices", (3, 5), bound=4).also(repeated=_mostly_repeated)),
        torch=_torch_take,
        ours="numpy.take_along_axis",
        variants=(
            with_shapes("rows", {"axis": 0}, x=(4, 3), indices=(6, 3)),
            with_shapes("middle", {"axis": 1}, condition="other ranks", x=(2, 4, 3), indices=(2, 2, 3)),
            with_shapes("index_broadcast", {"axis": 0}, condition="broadcasting", x=(4, 3), indices=(2, 1)),
            with_shapes("x_broadcast", {"axis": 1}, condition="broadcasting", x=(1, 4), indices=(3, 2)),
            with_shapes("flattened", {"axis": None}, condition="axis=None", x=(2, 3), indices=(7,)),
            with_shapes("nothing_taken", {"axis": 1}, condition="empty arrays", x=(3, 4), indices=(3, 0)),
            with_shapes("many_repeats", {"axis": 0}, condition="other ranks", x=(4,), indices=(200,)),
        ),
        axes=(
            along(x=("n", 4), indices=("n", 5)),
            along(TWO_BYTES, x=(2, "n+3"), indices=(2, 5)),
            along(TWO_BYTES, x=(2, 4), indices=(2, "n")),
        ),
    ),
    Pair(
        "tensor.pad",
        (Factor("x", (2, 3, 4)),),
        torch=_torch_pad,
        options={"pad_width": ((0, 0), (1, 0), (2, 1))},
        variants=(
            with_options(value=-1.5),
            with_options(pad_width=2),
            with_options(pad_width=(1, 0), value=float("inf")),
            with_options(pad_width=((0, 0), (-1, 1), (0, -2))).if_taken("pad_width=((0,0),(-1,1),(0,-2))"),
            with_options(pad_width=((0, 0), (0, 0), (0, 0))),
            with_options(mode="reflect", pad_width=((0, 0), (0, 0), (3, 2))),
            with_options(mode="replicate", pad_width=((0, 0), (0, 0), (2, 5))),
            with_options(mode="circular", pad_width=((0, 0), (0, 0), (4, 1))),
            with_shapes(
                "reflect_2d",
                {"mode": "reflect", "pad_width": ((0, 0), (0, 0), (1, 2), (2, 0))},
                condition="other ranks",
                x=(1, 2, 3, 4),
            ),
            with_shapes(
                "replicate_2d",
                {"mode": "replicate", "pad_width": ((0, 0), (0, 0), (1, 2), (2, 0))},
                condition="other ranks",
                x=(1, 2, 3, 4),
            ),
            with_shapes(
                "circular_2d",
                {"mode": "circular", "pad_width": ((0, 0), (0, 0), (3, 2), (2, 0))},
                condition="other ranks",
                x=(1, 2, 3, 4),
            ),
            with_shapes(
                "reflect_3d",
                {"mode": "reflect", "pad_width": ((0, 0), (0, 0), (1, 1), (0, 2), (1, 0))},
                condition="other ranks",
                x=(1, 1, 2, 3, 2),
            ),
            with_shapes("one_cell", {"mode": "replicate", "pad_width": (2, 3)}, condition="other ranks", x=(1,)),
            with_shapes("vector_reflect", {"mode": "reflect", "pad_width": ((2, 1),)}, condition="other ranks", x=(3,)),
            with_shapes("long", {"mode": "circular", "pad_width": (20, 13)}, condition="other ranks", x=(60,)),
            with_shapes("empty", {"pad_width": ((1, 1), (0, 0))}, condition="empty arrays", x=(0, 2)),
        ),
        longest=1025,
        together=_can_be_padded,
    ),
    Pair(
        "tensor.scatter_add",
        (Factor("x", (4, 3)), Indices("index", (5, 3), bound=4), Factor("src", (5, 3))),
        torch=_torch_scatter_add,
        options={"axis": 0},
        call=_scatter_call,
        variants=(
            with_shapes("columns", {"axis": 1}, x=(3, 4), index=(3, 6), src=(3, 6)),
            with_shapes("last_of_3d", {"axis": -1}, condition="other ranks", x=(2, 2, 4), index=(2, 2, 3), src=(2, 2, 3)),
            with_shapes("index_shorter", {"axis": 0}, x=(4, 3), index=(2, 2), src=(3, 3)),
            with_shapes("many_repeats", {"axis": 0}, condition="other ranks", x=(4,), index=(200,), src=(200,)),
            with_shapes("nothing_added", {"axis": 0}, condition="empty arrays", x=(4, 3), index=(0, 3), src=(0, 3)),
        ),
        axes=(
            along(x=("n+3", 2), index=(5, 2), src=(5, 2)),
            along(x=(4, "n"), index=(2, "n"), src=(2, "n")),
            along(x=(4, 2), index=("n", 2), src=("n", 2)),
        ),
    ),
    Pair(
        "tensor.one_hot",
        (Indices("indices", (5,), bound=4),),
        torch=_torch_one_hot,
        differentiable=False,
        variants=(
            with_options(num_classes=4),
            with_options(num_classes=7),
            with_shapes("matrix", condition="other ranks", indices=(2, 3)),
            with_shapes("scalar", {"num_classes": 4}, condition="0-d arrays", indices=()),
            with_shapes("empty", {"num_classes": 3}, condition="empty arrays", indices=(0,)),
            with_shapes("empty_2d", {"num_classes": 3}, condition="empty arrays", indices=(2, 0)),
        ),
        longest=TWO_BYTES,
    ),
    Pair(
        "tensor.sliding_window",
        (Factor("x", (3, 7)),),
        torch=_torch_unfold,
        view=True,
        options={"axis": 1, "size": 3, "step": 1},
        variants=(
            with_options(axis=-1, size=3, step=2),
            with_options(axis=0, size=2, step=1),
            with_options(axis=0, size=1, step=2),
            with_options(axis=1, size=7, step=5),
            with_options(axis=1, size=2, step=3),
            with_shapes("middle", {"axis": 1, "size": 2, "step": 1}, condition="other ranks", x=(2, 4, 2)),
            with_shapes("vector", {"axis": 0, "size": 4, "step": 3}, condition="other ranks", x=(60,)),
            with_shapes("empty", {"axis": 1, "size": 2, "step": 1}, condition="empty arrays", x=(0, 3)),
        ),
        axes=(
            along(x=("n", 3)),
            along(x=(2, "n+2")),
        ),
        together=lambda o: o["size"] <= (3, 7)[o["axis"]],
    ),
    Pair(
        "tensor.einsum",
        (Factor("a", (3, 4)), Factor("b", (4, 2)), Factor("c", ()).beyond(), Factor("d", ()).beyond()),
        torch=_torch_einsum,
        options={"equation": "ij,jk->ik"},
        call=_equation_call,
        variants=(
            with_shapes("implicit", {"equation": "ij,jk"}, a=(3, 4), b=(4, 2)),
            with_shapes("implicit_order", {"equation": "bi,ba"}, a=(3, 4), b=(3, 2)),
            with_shapes("inner", {"equation": "i,i->"}, a=(60,), b=(60,)),
            with_shapes("long_inner", {"equation": "ij,ij->i"}, a=(2, 200), b=(2, 200)),
            with_shapes("outer", {"equation": "i,j->ji"}, a=(3,), b=(4,)),
            with_shapes("hadamard", {"equation": "ij,ij->ij"}, a=(3, 4), b=(3, 4)),
            with_shapes("broadcast", {"equation": "ij,ij->ij"}, condition="broadcasting", a=(3, 1), b=(1, 4)),
            with_shapes("broadcast_sum", {"equation": "ij,jk->ik"}, condition="broadcasting", a=(3, 1), b=(4, 2)),
            with_shapes("batched", {"equation": "bij,bjk->bik"}, a=(2, 3, 2), b=(2, 2, 3)),
            with_shapes("dots", {"equation": "...ij,...jk->...ik"}, condition="broadcasting", a=(2, 1, 3, 2), b=(3, 2, 2)),
            with_shapes("dots_implicit", {"equation": "...ij,jk"}, a=(2, 3, 2), b=(2, 2)),
            with_shapes("dots_in_the_middle", {"equation": "i...,i...->..."}, a=(3, 2), b=(3, 2)),
            with_shapes("trace", {"equation": "ii,j->j"}, a=(4, 4), b=(3,)),
            with_shapes("diagonal", {"equation": "ii,ij->ji"}, a=(3, 3), b=(3, 2)),
            with_shapes("two_diagonals", {"equation": "iij,jj->ij"}, a=(2, 2, 3), b=(3, 3)),
            with_shapes("summed_alone", {"equation": "ij,k->i"}, a=(3, 4), b=(5,)),
            with_shapes("everything_summed", {"equation": "ij,kl->"}, a=(2, 3), b=(3, 2)),
            with_shapes("spaces", {"equation": " i j , j k -> k i "}, a=(3, 4), b=(4, 2)),
            Variant({"equation": "ijk->kj", "_absent": ("b",)}, {"a": (2, 3, 4)}, "one_operand"),
            Variant({"equation": "ii->i", "_absent": ("b",)}, {"a": (4, 4)}, "one_diagonal"),
            Variant({"equation": "...->", "_absent": ("b",)}, {"a": (3, 4)}, "sum_of_all"),
            with_shapes("scalars", {"equation": ",->"}, condition="0-d arrays", a=(), b=()),
            with_shapes("empty_sum", {"equation": "ij,jk->ik"}, condition="empty arrays", a=(3, 0), b=(0, 2)),
            with_shapes("empty_result", {"equation": "ij,jk->ik"}, condition="empty arrays", a=(0, 3), b=(3, 2)),
        ),
        structures=tuple(equations()),
    ),
)
