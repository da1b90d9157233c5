"""The lines of a script that define `candidate`: a function of NumPy arrays, whatever the user's object takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TORCH = '''
import torch


def tensor(a):
    """The tensor of an array; anything else as it is."""
    if not isinstance(a, np.ndarray):
        return a
    narrow = a.dtype.name == "bfloat16"
    return torch.from_numpy(a.view(np.int16).copy()).view(torch.bfloat16) if narrow else torch.from_numpy(a.copy())


def array(t):
    """The array of a tensor."""
    t = t.detach()
    return t.view(torch.int16).numpy().view(np.dtype("bfloat16")) if t.dtype == torch.bfloat16 else t.numpy()
'''
TORCH_FORWARD = """
def candidate(*arrays, **options):
    given = [tensor(a) for a in arrays]
    out = theirs({given}{options})
    return tuple(map(array, out)) if isinstance(out, (tuple, list)) else array(out)
"""
TORCH_BACKWARD = """
def candidate(grad_output, *arrays, **options):
    given = [tensor(a) for a in arrays]
    wanted = [t.requires_grad_() for t in given if isinstance(t, torch.Tensor) and t.is_floating_point()]
    out = theirs({given}{options})
    pairs = zip(out, grad_output) if isinstance(out, (tuple, list)) else [(out, grad_output)]
    pairs = [(o, tensor(g)) for o, g in pairs if g is not None and o.requires_grad]
    grads = torch.autograd.grad([o for o, _ in pairs], wanted, [g for _, g in pairs], allow_unused=True)
    found = {id(t): torch.zeros_like(t) if g is None else g for t, g in zip(wanted, grads)}
    return tuple(array(found[id(t)]) if id(t) in found else None for t in given if t is None or isinstance(t, torch.Tensor))
"""
JAX = """
import jax

jax.config.update("jax_enable_x64", True)
"""
JAX_FORWARD = """
def candidate(*arrays, **options):
    given = [jax.numpy.array(a) if isinstance(a, np.ndarray) else a for a in arrays]
    out = theirs({given}{options})
    return tuple(map(np.asarray, out)) if isinstance(out, (tuple, list)) else np.asarray(out)
"""
JAX_BACKWARD = """
def candidate(grad_output, *arrays, **options):
    wanted = [i for i, a in enumerate(arrays) if isinstance(a, np.ndarray) and a.dtype.kind not in "iub"]

    def of_wanted(*some):
        some = dict(zip(wanted, some))
        given = [some.get(i, jax.numpy.array(a) if isinstance(a, np.ndarray) else a) for i, a in enumerate(arrays)]
        return theirs({given}{options})

    out, pull = jax.vjp(of_wanted, *[jax.numpy.array(arrays[i]) for i in wanted])
    several = isinstance(out, (tuple, list))
    found = dict(zip(wanted, pull(type(out)(map(jax.numpy.array, grad_output)) if several else jax.numpy.array(grad_output))))
    slots = [i for i, a in enumerate(arrays) if a is None or isinstance(a, np.ndarray)]
    return tuple(np.asarray(found[i]) if i in found else None for i in slots)
"""
NUMPY = """
def candidate(*given, **options):
    return theirs({given}{options})
"""
LIBRARY = {"torch": TORCH, "jax": JAX, "numpy": ""}
ADAPTERS = {
    ("torch", "forward"): TORCH_FORWARD, ("torch", "backward"): TORCH_BACKWARD, ("jax", "forward"): JAX_FORWARD,
    ("jax", "backward"): JAX_BACKWARD, ("numpy", "forward"): NUMPY, ("numpy", "backward"): NUMPY,
}  # fmt: skip


def loading_lines(
    given: Any, direction: str, *, arrays: str = "numpy", kind: str = "function", own_gradient: bool = True,
    rename: Mapping[str, str] | None = None, defaults: Mapping[str, Any] | None = None, places: Sequence[str | None] = (),
) -> str:  # fmt: skip
    """Lines that define `candidate`; with `own_gradient` it is a gradient itself, else its library differentiates it.

    `places` says of each argument whether it is given by position (""), by a name, or not at all (None).
    """
    load = _load(given)
    plain = arrays == "numpy" and kind == "function" and not rename and not defaults and not any(p != "" for p in places)
    if plain or load.startswith("candidate = ..."):
        return load
    lines = load.replace("candidate", "theirs")
    if kind in ("class", "module"):
        lines += "\ntheirs = theirs()  # with the options that its constructor takes, where there are any"
    if kind == "autograd":
        lines += "\ntheirs = theirs.apply"
    text = ADAPTERS[arrays, "forward" if own_gradient and direction == "backward" else direction]
    autodiff = direction == "backward" and not own_gradient
    text = text.replace("{given}", _arguments(places[autodiff:], rename or {})).replace(
        "{options}", _options(rename or {}, defaults or {})
    )
    return "\n\n\n".join(part.strip() for part in (LIBRARY[arrays], lines, text) if part)


def _arguments(places: Sequence[str | None], rename: Mapping[str, str]) -> str:
    """The arguments of the list `given` in a call, each in its place."""
    moved = next((i for i, p in enumerate(places) if p != ""), len(places))
    if moved == len(places):
        return "*given"
    theirs = {ours: name for name, ours in rename.items()}
    first = [f"*given[:{moved}]"] if moved else []
    return ", ".join([*first, *(f"{theirs.get(p, p)}=given[{i}]" for i, p in enumerate(places) if p)])


def _options(rename: Mapping[str, str], defaults: Mapping[str, Any]) -> str:
    given = f"{{**{dict(defaults)!r}, **options}}" if defaults else "options"
    if not rename:
        return f", **{given}"
    theirs = {ours: name for name, ours in rename.items()}
    return f", **{{{theirs!r}.get(k, k): v for k, v in {given}.items()}}"


def _load(given: Any) -> str:
    if isinstance(given, str):
        place, _, name = given.rpartition(":")
        if not place.endswith(".py"):
            head, _, rest = name.partition(".")
            return f"from {place} import {head}\n\ncandidate = {name}" if rest else f"from {place} import {name} as candidate"
        return f"import runpy\n\ncandidate = runpy.run_path({place!r})[{name!r}]"
    module, name = getattr(given, "__module__", ""), getattr(given, "__qualname__", "")
    if not module or module == "__main__" or "<" in name:
        return "candidate = ...  # put your function here"
    return f"from {module} import {name.partition('.')[0]}\n\ncandidate = {name}"
