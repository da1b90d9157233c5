"""Texts of a script: how it calls a candidate as the candidate's own process does (`parity.guest.calling`, `.backends`).

`theirs` is what the user gave.  `call(*given, **options)` is its forward, of its own kind of arrays; `candidate(*arrays,
**options)` takes and returns NumPy arrays, a gradient with the cotangent in front.
"""

from __future__ import annotations

from parity.guest import elements
from parity.report.inline import inlined

TORCH = '''
import torch

constants = ()


def tensor(a, leaf=True):
    """The tensor that shares an array's memory, a leaf where a gradient is wanted; anything else as it is."""
    if isinstance(a, (list, tuple)) and any(isinstance(x, np.ndarray) for x in a):
        return type(a)(tensor(x, leaf) for x in a)
    if not isinstance(a, np.ndarray):
        return a
    leaf = leaf and a.dtype.kind not in "iub" and not any(a is c for c in constants)
    a = a.copy() if min(a.strides, default=0) < 0 else a
    narrow = a.dtype.name == "bfloat16"
    return (torch.from_numpy(a.view(np.int16)).view(torch.bfloat16) if narrow else torch.from_numpy(a)).requires_grad_(leaf)


def array(t):
    """The array that shares a tensor's memory, of several tensors a tuple; anything else as it is."""
    if isinstance(t, (list, tuple)):
        return tuple(map(array, t))
    if not isinstance(t, torch.Tensor):
        return t
    t = t.detach().resolve_neg()
    return t.contiguous().view(torch.int16).numpy().view(np.dtype("bfloat16")) if t.dtype == torch.bfloat16 else t.numpy()


def fitted(made, given):
    """A module that was just made, with parameters of the tensors' dtype."""
    floats = [t for t in given if isinstance(t, torch.Tensor) and t.is_floating_point()]
    return made.to(floats[0].dtype) if floats and isinstance(made, torch.nn.Module) else made
'''
JAX = '''
import jax

jax.config.update("jax_enable_x64", True)
constants = ()


def tensor(a, leaf=True):
    """The array of JAX; anything else as it is."""
    if isinstance(a, (list, tuple)) and any(isinstance(x, np.ndarray) for x in a):
        return type(a)(map(tensor, a))
    return jax.numpy.array(a) if isinstance(a, np.ndarray) else a


def array(t):
    """The array of NumPy, of several a tuple; anything else as it is."""
    if isinstance(t, (list, tuple)):
        return tuple(map(array, t))
    return np.asarray(t) if isinstance(t, jax.Array) else t
'''
LIBRARY = {"torch": TORCH, "jax": JAX, "numpy": ""}

# -- calls ---------------------------------------------------------------------------------------------------------------------
FUNCTION = """
def call(*given, **options):
{settled}    return theirs(*given, **options)
"""
BY_ELEMENT = inlined(elements.by_element)
PADDED = '''
def padded(given, n):
    """The arguments, with None for absent ones that a function requires."""
    try:
        slots = list(inspect.signature(theirs).parameters.values())[len(given) : n]
    except (TypeError, ValueError):
        return given
    return (*given, *(None for p in slots if p.default is p.empty and p.kind.name.startswith("POSITIONAL")))
'''
APPLIED = '''
def call(*given, **options):
    """An autograd function takes its options by position; `ctx` comes first, unless there is a setup_context."""
{settled}    first = int(theirs.setup_context is torch.autograd.Function.setup_context)
    rest = list(inspect.signature(theirs.forward).parameters.values())[first + len(given) :]
    last = max((i for i, p in enumerate(rest) if p.name in options), default=-1)
    return theirs.apply(*given, *(options.get(p.name, p.default) for p in rest[: last + 1]))
'''
MADE = '''
def made(given, options):
    """The object to call, and the arguments and options that its constructor does not take."""
    if not inspect.isclass(theirs):
        return theirs, given, options
    wanted = list(inspect.signature(theirs.__init__).parameters.values())[1:]
    called = list(inspect.signature(getattr(theirs, "forward", None) or theirs.__call__).parameters)
    parts = [[a, *(a if isinstance(a, (list, tuple)) else ())] for a in given]
    is_setting = [p[0] is not None and not any(hasattr(x, "dtype") for x in p) for p in parts]
    slots = called[1 : 1 + is_setting.count(False)]
    mine = {p.name: options[p.name] for p in wanted if p.name in options and (p.name not in called or p.name in slots)}
    missing = [p.name for p in wanted if p.default is p.empty and p.name not in mine and "VAR" not in p.kind.name]
    settings = dict(zip(missing, [i for i, s in enumerate(is_setting) if s]))
    left = [a for i, a in enumerate(given) if i not in settings.values()]
    found = theirs(**mine, **{name: given[i] for name, i in settings.items()})
    return fitted(found, left), left, {k: v for k, v in options.items() if k not in mine}
'''
OBJECT = '''
def call(*given, **options):
    """The answer of an object: its constructor gets the options that it takes, the call the rest."""
{settled}    found, given, options = made(given, options)
    return getattr(found, "forward", found)(*given, **options)
'''
MODULE = '''
def call(*given, **options):
    """The answer of a module; arrays beyond those that its forward takes are its parameters (weight, bias), in order."""
{settled}    found, given, options = made(given, options)
    kinds = [p.kind.name for p in inspect.signature(found.forward).parameters.values()]
    n = len(given) if "VAR_POSITIONAL" in kinds else sum(k.startswith("POSITIONAL") for k in kinds)
    names = [k for k, v in found._parameters.items() if v is not None]
    extra = {k: t for k, t in zip(names, given[n:]) if t is not None}
    return torch.func.functional_call(found, extra, tuple(given[:n]), options) if names else found(*given, **options)
'''
SCHEDULER = """
def call(steps, **options):
{settled}    return rates(theirs(**options) if inspect.isclass(theirs) else copy.deepcopy(theirs), steps)
"""
CALLS = {
    "scheduler": "import copy\n\n\n" + inlined(elements.rates) + SCHEDULER,
    "function": FUNCTION,
    "autograd": APPLIED,
    "class": f"{MADE}\n{OBJECT}",
    "object": OBJECT.replace("made(given, options)", "theirs, given, options"),
    "module": f"{MADE}\n{MODULE}",
}

# -- candidates ----------------------------------------------------------------------------------------------------------------
FORWARD = """
def candidate(*arrays, **options):
    return array(call(*map(tensor, arrays), **options))
"""
OWN_GRADIENT = """
def candidate(grad_output, *arrays, **options):
    return array(call(tensor(grad_output, False), *(tensor(a, False) for a in arrays), **options))
"""
METHOD = '''
def candidate(grad_output, *arrays, **options):
    """The gradients by its method: backward(grad_output, arrays...), or backward(grad_output) after forward(arrays...)."""
    given = [tensor(a, False) for a in (grad_output, *arrays)]
{settled}    found, (gradient, *given), options = made(given, options)
    slots = [p for p in inspect.signature(found.backward).parameters.values() if p.kind.name.startswith("POSITIONAL")]
    if sum(p.default is p.empty for p in slots) <= 1 and given:
        getattr(found, "forward", found)(*given, **options)
        return array(found.backward(gradient))
    return array(found.backward(gradient, *given, **options))
'''
TORCH_AUTODIFF = '''
def by_autodiff(grad_output, *arrays, **options):
    """The gradients by torch.autograd, None for what has none."""
    given = [tensor(a) for a in arrays]
    outputs = call(*given, **options)
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    seeds = grad_output if isinstance(grad_output, (tuple, list)) else (grad_output,)
    used = [(o, tensor(g, False)) for o, g in zip(outputs, seeds) if g is not None and o.requires_grad]
    slots = [t for x in given for t in (x if isinstance(x, (list, tuple)) else [x]) if t is None or isinstance(t, torch.Tensor)]
    wanted = [t for t in slots if t is not None and t.requires_grad]
    seeds = [g for _, g in used]
    grads = torch.autograd.grad([o for o, _ in used], wanted, seeds, allow_unused=True) if used else [None] * len(wanted)
    found = {id(t): torch.zeros_like(t) if g is None else g.clone() for t, g in zip(wanted, grads)}
    return tuple(array(found.get(id(t))) for t in slots)
'''
JAX_AUTODIFF = '''
def by_autodiff(grad_output, *arrays, **options):
    """The gradients by jax.vjp, None for what has none."""
    flat = [(i, a) for i, x in enumerate(arrays) for a in (x if isinstance(x, (list, tuple)) else [x])]
    floats = [(i, a) for i, a in flat if isinstance(a, np.ndarray) and a.dtype.kind not in "iub"]
    wanted = list(dict.fromkeys(i for i, a in floats if not any(a is c for c in constants)))

    def of_wanted(*some):
        found = dict(zip(wanted, some))
        return call(*(found[i] if i in found else tensor(a) for i, a in enumerate(arrays)), **options)

    outputs, pull = jax.vjp(of_wanted, *(tensor(arrays[i]) for i in wanted))
    leaves, structure = jax.tree_util.tree_flatten(outputs)
    seeds = grad_output if isinstance(grad_output, (tuple, list)) else (grad_output,)
    found = iter(jax.tree_util.tree_leaves(pull(jax.tree_util.tree_unflatten(structure, list(map(seed, seeds, leaves))))))
    slots = [(i, a) for i, a in flat if a is None or isinstance(a, np.ndarray)]
    return tuple(array(next(found)) if i in wanted else None for i, a in slots)


def seed(gradient, output):
    """The gradient of one output as JAX wants it."""
    if not jax.numpy.issubdtype(output.dtype, jax.numpy.inexact):
        return np.zeros(output.shape, jax.dtypes.float0)
    return jax.numpy.zeros_like(output) if gradient is None else jax.numpy.array(gradient).astype(output.dtype)
'''
AUTODIFF = {"torch": TORCH_AUTODIFF, "jax": JAX_AUTODIFF}
CHOSEN = """
if not hasattr(theirs, "backward"):
    candidate = by_autodiff
"""
IN_PLACE = '''
def call(*given, **options):
    """The result, which may be written into the first array; it works on copies."""
    given = [a.clone() if hasattr(a, "clone") else a.copy() if isinstance(a, np.ndarray) else a for a in given]
    found = direct(*given, **options)
    return given[0] if found is None else found
'''
FACTORY = """
if inspect.isfunction(theirs) and not inspect.signature(theirs).parameters:
    theirs = theirs()
"""
PLAIN = (
    ("fitted(found, left)", "found"),
    ("[tensor(a, False) for a in (grad_output, *arrays)]", "[grad_output, *arrays]"),
    ("array(call(*map(tensor, arrays), **options))", "call(*arrays, **options)"),
    (
        "array(call(tensor(grad_output, False), *(tensor(a, False) for a in arrays), **options))",
        "call(grad_output, *arrays, **options)",
    ),
    ("array(found.backward(gradient))", "found.backward(gradient)"),
    ("array(found.backward(gradient, *given, **options))", "found.backward(gradient, *given, **options)"),
)
"""What becomes simpler where the candidate takes NumPy arrays."""
