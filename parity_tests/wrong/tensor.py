"""Wrong tensor surgery: each of these must turn the suite red."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import SIGN_OF_ZERO, Candidate


# -- stack, concatenate ------------------------------------------------------------------------------------------------
def stack_always_first(arrays, axis=0):
    return np.stack(arrays)


def stack_backward_order(grad_output, arrays, axis=0):
    return tuple(g.copy() for g in np.moveaxis(grad_output, axis, 0)[::-1])


def concatenate_backward_even(grad_output, arrays, axis=0):
    """Cuts into equal parts."""
    dy = np.array_split(grad_output, len(arrays), axis=0 if axis is None else axis)
    return tuple(d.copy() for d in dy)


def concatenate_widened(arrays, axis=0):
    return np.concatenate(arrays, axis=axis).astype(np.float64)


# -- flip, roll, moveaxis ----------------------------------------------------------------------------------------------
def flip_backward_identity(grad_output, x, axis=None):
    return (grad_output.copy(),)


def flip_last_only(x, axis=None):
    return x[..., ::-1].copy() if x.ndim else x.copy()


def flip_drops_sign_of_zero(x, axis=None):
    return np.flip(x, axis) + np.zeros((), x.dtype)


def roll_backward_same_way(grad_output, x, shift, axis=None):
    return (np.roll(grad_output, shift, axis),)


def roll_without_wrapping(x, shift, axis=None):
    y = np.roll(x, shift, axis)
    if x.ndim and axis is None and x.size and shift > 0:
        y.reshape(-1)[:shift] = 0
    return y


def moveaxis_swaps(x, source, destination):
    """Swaps two axes, which is the same only for neighbours."""
    return np.swapaxes(x, np.ravel(source)[0], np.ravel(destination)[0]).copy()


def moveaxis_backward_forward(grad_output, x, source, destination):
    """Moves the axes once more instead of back."""
    return (np.moveaxis(grad_output, source, destination).reshape(x.shape).copy(),)


# -- take_along_axis, scatter_add --------------------------------------------------------------------------------------
def take_backward_last_wins(grad_output, x, indices, axis=-1):
    """Assigns instead of adding: repeated indices keep one cotangent."""
    flat = x.reshape(-1) if axis is None else x
    dx = np.zeros(flat.shape, x.dtype)
    a = 0 if axis is None else axis
    np.put_along_axis(dx, np.broadcast_to(indices, grad_output.shape), grad_output, a)
    return dx.reshape(x.shape), None


def take_first_axis(x, indices, axis=-1):
    """Forgets the axis."""
    return np.take_along_axis(x.reshape(-1), indices.reshape(-1) % max(x.size, 1), 0).reshape(indices.shape)


def scatter_add_buffered(x, axis, index, src):
    """y[index] += src: of repeated indices only the last one counts."""
    y = x.copy()
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[axis] = index
    y[tuple(grid)] += src[tuple(slice(n) for n in index.shape)]
    return y


def scatter_add_in_place(x, axis, index, src):
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[axis] = index
    np.add.at(x, tuple(grid), src[tuple(slice(n) for n in index.shape)])
    return x


def scatter_add_half_sum(x, axis, index, src):
    """Accumulates in float16."""
    y = x.astype(np.float16)
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[axis] = index
    np.add.at(y, tuple(grid), src[tuple(slice(n) for n in index.shape)].astype(np.float16))
    return y.astype(x.dtype)


def scatter_add_backward_sorted(grad_output, x, axis, index, src):
    """Gathers along the wrong places: the identity instead of the index."""
    dsrc = np.zeros_like(src)
    region = tuple(slice(min(n, m)) for n, m in zip(src.shape, grad_output.shape, strict=True))
    dsrc[region] = grad_output[region]
    return grad_output.copy(), None, dsrc


# -- pad ---------------------------------------------------------------------------------------------------------------
def pad_symmetric(x, pad_width, mode="constant", value=0.0):
    """Repeats the edge cell in "reflect"."""
    names = {"constant": "constant", "reflect": "symmetric", "replicate": "edge", "circular": "wrap"}
    widths = np.broadcast_to(pad_width, (x.ndim, 2))
    kept = tuple(slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(x.shape, widths, strict=True))
    rest = {"constant_values": value} if mode == "constant" else {}
    return np.pad(x[kept], np.maximum(widths, 0), names[mode], **rest)


def pad_torch_order(x, pad_width, mode="constant", value=0.0):
    """Reads the widths from the last axis, as torch does."""
    widths = np.broadcast_to(pad_width, (x.ndim, 2))[::-1]
    return np.pad(x, np.maximum(widths, 0), "constant", constant_values=value)


def pad_zero(x, pad_width, mode="constant", value=0.0):
    """Forgets the value."""
    from npimpl.tensor import pad

    return pad(x, pad_width, mode, 0.0)


def pad_backward_cut(grad_output, x, pad_width, mode="constant", value=0.0):
    """Cuts the border off in every mode: nothing is added back."""
    from npimpl.tensor import pad_backward

    return pad_backward(grad_output, x, pad_width)


# -- one_hot, sliding_window -------------------------------------------------------------------------------------------
def one_hot_ignores_classes(indices, num_classes=-1):
    return (indices[..., None] == np.arange(int(indices.max(initial=0)) + 1)).astype(np.int64)


def one_hot_floats(indices, num_classes=-1):
    k = int(indices.max()) + 1 if num_classes == -1 else num_classes
    return np.eye(k)[indices]


def sliding_window_no_step(x, axis, size, step):
    return np.lib.stride_tricks.sliding_window_view(x, size, axis)


def sliding_window_next_axis(x, axis, size, step):
    """The window beside its axis instead of last."""
    a = axis % x.ndim
    y = np.lib.stride_tricks.sliding_window_view(x, size, a)[(slice(None),) * a + (slice(None, None, step),)]
    return np.moveaxis(y, -1, a + 1).copy()


def sliding_window_backward_assigns(grad_output, x, axis, size, step):
    """Overlaps overwrite each other."""
    a = axis % x.ndim
    dy = np.moveaxis(grad_output, a, 0)
    dx = np.zeros((x.shape[a], *x.shape[:a], *x.shape[a + 1 :]), x.dtype)
    for i in range(len(dy)):
        dx[i * step : i * step + size] = np.moveaxis(dy[i], -1, 0)
    return (np.moveaxis(dx, 0, a).copy(),)


# -- einsum ------------------------------------------------------------------------------------------------------------
def einsum_half(equation, *operands):
    """Contracts in float16."""
    with np.errstate(all="ignore"):
        return np.array(np.einsum(equation, *(x.astype(np.float16) for x in operands))).astype(operands[0].dtype)


def einsum_widened(equation, *operands):
    return np.array(np.einsum(equation, *(x.astype(np.float64) for x in operands)))


def einsum_backward_averaged(grad_output, equation, *operands):
    """Takes the mean of the cotangent for all of it, which a cotangent of ones would not show."""
    from npimpl.tensor import einsum_backward

    mean = grad_output.astype(np.float64).sum() / max(grad_output.size, 1)
    return einsum_backward(np.full_like(grad_output, mean), equation, *operands)


def einsum_backward_whole_matrix(grad_output, equation, *operands):
    """Forgets that a repeated letter reads only the diagonal."""
    from npimpl.tensor import einsum_backward

    found = einsum_backward(grad_output, equation, *operands)
    left = equation.replace(" ", "").split("->")[0].split(",")
    doubled = [len(set(c)) < len(c.replace(".", "")) for c in left]
    return tuple(g + np.ones((), g.dtype) * (g == 0) if d else g for g, d in zip(found, doubled, strict=True))


WRONG = (
    Candidate("tensor.stack", "forgets the axis", stack_always_first),
    Candidate("tensor.stack", "gradients in the opposite order", backward=stack_backward_order),
    Candidate("tensor.concatenate", "gradient cut into equal parts", backward=concatenate_backward_even),
    Candidate("tensor.concatenate", "float64 whatever came in", concatenate_widened, dtypes=("float32",)),
    Candidate("tensor.flip", "gradient not flipped", backward=flip_backward_identity),
    Candidate("tensor.flip", "flips the last axis only", flip_last_only),
    Candidate("tensor.flip", "loses the sign of zero", flip_drops_sign_of_zero, **SIGN_OF_ZERO),
    Candidate("tensor.roll", "gradient rolled the same way", backward=roll_backward_same_way),
    Candidate("tensor.roll", "zeros instead of wrapping", roll_without_wrapping),
    Candidate("tensor.moveaxis", "swaps the axes", moveaxis_swaps),
    Candidate("tensor.moveaxis", "gradient moved on instead of back", backward=moveaxis_backward_forward),
    Candidate("tensor.take_along_axis", "repeated indices keep one cotangent", backward=take_backward_last_wins),
    Candidate("tensor.take_along_axis", "forgets the axis", take_first_axis),
    Candidate("tensor.pad", "reflects with the edge repeated", pad_symmetric),
    Candidate("tensor.pad", "widths in torch's order", pad_torch_order),
    Candidate("tensor.pad", "forgets the value", pad_zero),
    Candidate("tensor.pad", "gradient of the border dropped", backward=pad_backward_cut),
    Candidate("tensor.scatter_add", "last of repeated indices wins", scatter_add_buffered),
    Candidate("tensor.scatter_add", "adds into its input", scatter_add_in_place),
    Candidate("tensor.scatter_add", "accumulates in float16", scatter_add_half_sum),
    Candidate("tensor.scatter_add", "gradient not gathered", backward=scatter_add_backward_sorted),
    Candidate("tensor.one_hot", "forgets num_classes", one_hot_ignores_classes),
    Candidate("tensor.one_hot", "floats instead of integers", one_hot_floats),
    Candidate("tensor.sliding_window", "forgets the step", sliding_window_no_step),
    Candidate("tensor.sliding_window", "window axis not last", sliding_window_next_axis),
    Candidate("tensor.sliding_window", "overlaps overwrite instead of adding", backward=sliding_window_backward_assigns),
    Candidate("tensor.einsum", "contracts in float16", einsum_half),
    Candidate("tensor.einsum", "float64 whatever came in", einsum_widened, dtypes=("float32",)),
    Candidate("tensor.einsum", "gradient right for a constant cotangent only", backward=einsum_backward_averaged),
    Candidate("tensor.einsum", "gradient off the diagonal", backward=einsum_backward_whole_matrix),
)
