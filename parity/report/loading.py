"""The lines of a script that define `candidate`: a function of NumPy arrays, whatever the user's object takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TORCH_FORWARD = """
def candidate(*arrays, **options):
    out = theirs(*(torch.from_numpy(a.copy()) for a in arrays){options})
    return out.detach().numpy()
"""
TORCH_BACKWARD = """
def candidate(grad_output, *arrays, **options):
    tensors = [torch.from_numpy(a.copy()) for a in arrays]
    wanted = [t.requires_grad_() for t in tensors if t.is_floating_point()]
    out = theirs(*tensors{options})
    found = iter(torch.autograd.grad(out, wanted, torch.from_numpy(grad_output.copy()), allow_unused=True))
    gradients = [next(found) if t.is_floating_point() else None for t in tensors]
    return tuple(None if g is None else g.numpy() for g in gradients)
"""
JAX_FORWARD = """
jax.config.update("jax_enable_x64", True)


def candidate(*arrays, **options):
    return np.asarray(theirs(*map(jax.numpy.array, arrays){options}))
"""
JAX_BACKWARD = """
jax.config.update("jax_enable_x64", True)


def candidate(grad_output, *arrays, **options):
    out, pull = jax.vjp(lambda *a: theirs(*a{options}), *map(jax.numpy.array, arrays))
    return tuple(map(np.asarray, pull(jax.numpy.array(grad_output))))
"""
NUMPY = """
def candidate(*arrays, **options):
    return theirs(*arrays{options})
"""
ADAPTERS = {
    ("torch", "forward"): TORCH_FORWARD, ("torch", "backward"): TORCH_BACKWARD, ("jax", "forward"): JAX_FORWARD,
    ("jax", "backward"): JAX_BACKWARD, ("numpy", "forward"): NUMPY, ("numpy", "backward"): NUMPY,
}  # fmt: skip


def loading_lines(
    given: Any, direction: str, *, arrays: str = "numpy", kind: str = "function", own_gradient: bool = True,
    rename: Mapping[str, str] | None = None, defaults: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """Lines that define `candidate`; with `own_gradient` it is a gradient itself, else its library differentiates it."""
    load = _load(given)
    plain = arrays == "numpy" and kind == "function" and not rename and not defaults
    if plain or load.startswith("candidate = ..."):
        return load
    lines = load.replace("candidate", "theirs")
    if kind in ("class", "module"):
        lines += "\ntheirs = theirs()  # with the options that its constructor takes, where there are any"
    if kind == "autograd":
        lines += "\ntheirs = theirs.apply"
    text = ADAPTERS[arrays, "forward" if own_gradient and direction == "backward" else direction]
    head = "import jax\n" if arrays == "jax" else ""
    return f"{head}{lines}\n\n{text.strip().replace('{options}', _options(rename or {}, defaults or {}))}"


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
