"""Calls the references: arrays to torch tensors and back (bfloat16 by its bits, layouts kept), autograd, SciPy."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.cases import Built
from parity.formats import DTYPES
from parity.pair import Pair, as_tuple

RENAMED = {"axis": "dim", "keepdims": "keepdim"}


def resolve(dotted: str) -> Callable[..., Any]:
    """The object that a dotted name means, importing as much of it as is a module."""
    parts = dotted.split(".")
    for k in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:k]))
        except ModuleNotFoundError:
            continue
        for part in parts[k:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(f"There is no module for {dotted!r}.")


# -- torch -------------------------------------------------------------------------------------------------------------------
def to_tensor(array):
    """A tensor with the array's bits, and its layout where torch has it (negative strides are copied)."""
    import torch

    if not isinstance(array, np.ndarray):
        return array
    if any(s < 0 for s in array.strides):
        array = array.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # read-only arrays: the tensor is only read here
        if array.dtype == DTYPES["bfloat16"]:
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)


def to_array(tensor):
    """The tensor's values as an array of the same dtype."""
    import torch

    if not isinstance(tensor, torch.Tensor):
        return tensor if tensor is None else np.asarray(tensor)
    tensor = tensor.detach().resolve_neg().cpu()
    if tensor.dtype == torch.bfloat16:
        return tensor.contiguous().view(torch.int16).numpy().view(DTYPES["bfloat16"])
    return tensor.numpy()


def _torch_call(pair: Pair, tensors, options):
    if callable(pair.torch):
        return pair.torch(*tensors, **options)
    assert pair.torch is not None
    return resolve(pair.torch)(*tensors, **{RENAMED.get(k, k): v for k, v in options.items()})


def torch_forward(pair: Pair, built: Built) -> tuple[np.ndarray, ...]:
    """torch's outputs."""
    import torch

    torch.set_num_threads(1)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        out = _torch_call(pair, [to_tensor(a) for a in built.arrays], dict(built.options))
        return tuple(to_array(t) for t in as_tuple(out))


def torch_backward(pair: Pair, built: Built, cotangents) -> tuple[np.ndarray | None, ...]:
    """torch's gradients by autograd, one for each array (None where it is not differentiable)."""
    import torch

    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tensors = [to_tensor(a) for a in built.arrays]
        wanted = [i for i, k in enumerate(built.kinds) if k.differentiable and tensors[i] is not None]
        for i in wanted:
            tensors[i] = tensors[i].detach().requires_grad_()
        outputs = as_tuple(_torch_call(pair, tensors, dict(built.options)))
        used = [(o, to_tensor(c)) for o, c in zip(outputs, cotangents, strict=True) if c is not None and o.requires_grad]
        gradients: dict[int, np.ndarray] = {}
        if used:
            found = torch.autograd.grad(
                [o for o, _ in used], [tensors[i] for i in wanted], [c for _, c in used], allow_unused=True
            )
            gradients = {i: to_array(g) for i, g in zip(wanted, found, strict=True) if g is not None}
        zeros = {i: np.zeros(np.shape(built.arrays[i]), built.arrays[i].dtype) for i in wanted}
        return tuple(gradients.get(i, zeros[i]) if i in wanted else None for i in range(len(tensors)))


# -- SciPy -------------------------------------------------------------------------------------------------------------------
def scipy_forward(pair: Pair, built: Built) -> tuple[np.ndarray, ...]:
    """SciPy's outputs."""
    fn = pair.scipy if callable(pair.scipy) else resolve(str(pair.scipy))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(np.asarray(r) for r in as_tuple(fn(*built.arrays, **built.options)))
