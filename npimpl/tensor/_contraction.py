"""Einstein summation, and its backward by exchanging subscripts."""

from __future__ import annotations

import string

import numpy as np

from npimpl._contractions import multilinear
from npimpl._precision import as_float, contraction_dtype, result_dtype, rounded
from npimpl.tensor._cotangent import cotangent

__all__ = ["einsum", "einsum_backward"]


@np.errstate(all="ignore")
def einsum(equation, *operands):
    """Multiply arrays and sum the products over every index that the result does not name.

        y[o] = sum over s of  prod_k x_k[i_k]

    where i_k are the letters of operand k, o the letters after "->", and s all other letters.  Without "->" the result
    has, in alphabetical order, the letters that occur once.  "..." stands for leading axes that are broadcast, and a
    length of 1 is broadcast too.  A letter twice in one operand walks its diagonal ("ii->" is the trace).

    The products are contracted pair by pair, by matrix multiplication where the subscripts allow it.  float16 and
    bfloat16 accumulate in float32 and are rounded once; the error stays below (terms) u sum |products|, the bound that
    any order of summation obeys (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1).

    Shapes by letter; dtype by NumPy's promotion of the operands (integers stay integers).  A sum over no elements is 0;
    nan and infinities follow IEEE.  The result is never a view.
    Raises ValueError for an equation that does not fit the operands, TypeError if `equation` is not a string.

    >>> einsum("ij,kj->ik", np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 3.],
           [2., 4.]])
    """
    arrays = [np.asarray(x) for x in operands]
    inputs, output = _subscripts(equation, [x.ndim for x in arrays])
    if all(x.dtype.kind in "iub" for x in arrays):
        return np.array(np.einsum(_equation(inputs, output), *arrays))
    arrays = [as_float(x, f"operands[{k}]") for k, x in enumerate(arrays)]
    dtype = result_dtype(*arrays)
    return rounded(_contract(inputs, output, arrays, contraction_dtype(dtype)), dtype)


@np.errstate(all="ignore")
def einsum_backward(grad_output, equation, *operands):
    """Backward of `einsum`: the operand and the result exchange their subscripts.

    y is linear in each operand, dy[o]/dx_k[i_k] = sum of the products of the other operands over all letters that are in
    neither o nor i_k, so

        dx_k[i_k] = sum over all other letters of  dy[o] prod_(l != k) x_l[i_l]

    which is again an einsum: "ij,jk->ik" gives "ik,jk->ij" for the first operand.  Three things need care.
    A letter that only x_k has was summed away alone: every element along it gets the same gradient (broadcasting).
    An axis of length 1 that was broadcast against a longer one collects the sum over it.
    A letter that x_k has twice read only the diagonal: the gradient is put on the diagonal, 0 elsewhere.
    Products accumulate as in the forward.  Returns one gradient for each operand, in its shape and dtype.
    Raises as `einsum`, and ValueError for a cotangent of another shape.

    >>> einsum_backward(np.float64(2.0), "ii->", np.zeros((2, 2)))
    (array([[2., 0.],
           [0., 2.]]),)
    """
    arrays = [as_float(x, f"operands[{k}]") for k, x in enumerate(operands)]
    inputs, output = _subscripts(equation, [x.ndim for x in arrays])
    lengths: dict[str, int] = {}
    for letters, x in zip(inputs, arrays, strict=True):
        for letter, n in zip(letters, x.shape, strict=True):
            lengths[letter] = n if lengths.get(letter, 1) == 1 else lengths[letter]
    dy = as_float(cotangent(grad_output, [lengths[i] for i in output], f"einsum({equation!r})"), "grad_output")
    work = contraction_dtype(result_dtype(dy, *arrays))
    return tuple(_operand_gradient(k, dy, inputs, output, arrays, lengths, work) for k in range(len(arrays)))


def _operand_gradient(k, dy, inputs, output, arrays, lengths, work):
    x, letters = arrays[k], inputs[k]
    own = "".join(dict.fromkeys(letters))
    length = dict(zip(letters, x.shape, strict=True))
    others, factors = [output, *inputs[:k], *inputs[k + 1 :]], [dy, *arrays[:k], *arrays[k + 1 :]]
    seen = {
        i for letters, f in zip(others, factors, strict=True) for i, n in zip(letters, f.shape, strict=True) if n == lengths[i]
    }
    kept = "".join(i for i in own if length[i] == lengths[i] and i in seen)
    part = _contract(others, kept, factors, work)
    part = part.reshape([length[i] if i in kept else 1 for i in own])
    if own == letters:
        return rounded(np.broadcast_to(part, x.shape).copy(), x.dtype)
    dx = np.zeros(x.shape, part.dtype)
    diagonal = np.einsum(f"{letters}->{own}", dx)  # a writable view of dx, one axis for each different letter
    diagonal[...] = part
    return rounded(dx, x.dtype)


def _contract(inputs, output, arrays, work) -> np.ndarray:
    """The einsum in `work`'s precision (wider where it left the range on the way), never a view of an operand."""
    wide = [x.astype(work, copy=False) for x in arrays]
    y = np.asarray(multilinear(lambda *xs: np.einsum(_equation(inputs, output), *xs, optimize=True), *wide))
    return y.copy() if any(np.may_share_memory(y, x) for x in wide) else y


def _equation(inputs, output) -> str:
    return f"{','.join(inputs)}->{output}"


def _subscripts(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with "..." and a missing "->" written out."""
    if not isinstance(equation, str):
        raise TypeError(f"`equation` is {type(equation).__name__}, but must be a string such as 'ij,jk->ik'.")
    left, arrow, output = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(ranks):
        raise ValueError(f"`equation` {equation!r} names {len(inputs)} operands, but {len(ranks)} were given.")
    unused = [c for c in string.ascii_letters if c not in equation]
    spare = [rank - len(i.replace("...", "")) if "..." in i else 0 for i, rank in zip(inputs, ranks, strict=True)]
    shared = "".join(unused[: max([0, *spare])])
    if not arrow:
        named = left.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(c for c in set(named) if named.count(c) == 1))
    full = [i.replace("...", shared[len(shared) - n :]) for i, n in zip(inputs, spare, strict=True)]
    result = output.replace("...", shared)
    for k, (letters, rank) in enumerate(zip(full, ranks, strict=True)):
        if len(letters) != rank or spare[k] < 0 or not (letters.isalpha() or not letters):
            raise ValueError(f"`equation` {equation!r} gives operand {k} the axes {inputs[k]!r}, but it has {rank} dimensions.")
    if len(set(result)) != len(result) or not set(result) <= set("".join(full)):
        raise ValueError(
            f"`equation` {equation!r} asks for the result {output!r}; name each letter of the operands at most once."
        )
    return full, result
