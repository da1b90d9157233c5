"""NumPy, torch and JAX arrays: from the engine's NumPy arrays to the candidate's and back, and gradients by autodiff."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import warnings

import numpy as np

from .wire import dtype_of


class Numpy:
    """The arrays as they come."""

    name = "numpy"

    def convert(self, args, marked):
        """The arguments as the candidate wants them."""
        return args

    def differentiate(self, fn, grad_output, args, marked):
        """There is no autodiff in NumPy."""
        raise TypeError("NumPy has no automatic differentiation; give a backward function")

    def fitted(self, instance, args):
        """An object that was just made for these arguments."""
        return instance

    def with_parameters(self, instance, parameters, arrays, options):
        """Only torch modules have parameters."""
        raise TypeError("only torch modules have parameters to set")


class Torch(Numpy):
    """torch tensors that share memory with the arrays given."""

    name = "torch"

    def convert(self, args, marked):
        """Tensors for arrays (also inside lists); those marked by identity want a gradient."""
        return _mapped(args, lambda a: _tensor(a).requires_grad_() if _among(a, marked) else _tensor(a))

    def differentiate(self, fn, grad_output, args, marked):
        """The gradients of the marked arrays by torch.autograd, None for the others."""
        torch = sys.modules["torch"]
        tensors = self.convert(args, marked)
        outputs = fn(*tensors)
        outputs = tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)
        given = grad_output if isinstance(grad_output, (tuple, list)) else (grad_output,)
        used = [(o, _tensor(g)) for o, g in zip(outputs, given) if g is not None and getattr(o, "requires_grad", False)]
        slots = _slots(args, tensors)
        wanted = [t for a, t in slots if _among(a, marked)]
        found = dict.fromkeys(map(id, wanted))
        if used:
            grads = torch.autograd.grad([o for o, _ in used], wanted, [g for _, g in used], allow_unused=True)
            found = {id(t): g for t, g in zip(wanted, grads)}
        return tuple(_own(found[id(t)], t) if id(t) in found else None for _, t in slots)

    def fitted(self, instance, args):
        """A module that was just made, with parameters of the arrays' dtype."""
        floats = [a for a in _flat(args) if getattr(a, "is_floating_point", bool)()]
        return instance.to(floats[0].dtype) if floats and hasattr(instance, "named_parameters") else instance

    def with_parameters(self, instance, parameters, arrays, options):
        """Call a module with its parameters replaced."""
        return sys.modules["torch"].func.functional_call(instance, parameters, arrays, options)


class Jax(Numpy):
    """JAX arrays, with 64 bits enabled."""

    name = "jax"

    def convert(self, args, marked):
        """JAX arrays for arrays."""
        jnp = importlib.import_module("jax.numpy")
        return _mapped(args, lambda a: jnp.array(a))

    def differentiate(self, fn, grad_output, args, marked):
        """The gradients of the marked arrays by jax.vjp, None for the others."""
        jax = importlib.import_module("jax")
        jnp = importlib.import_module("jax.numpy")
        slots = _slots(args, args)
        wanted = [jnp.array(a) for a, _ in slots if _among(a, marked)]

        def of_wanted(*arrays):
            rest = iter(arrays)
            return fn(*_mapped(args, lambda a: next(rest) if _among(a, marked) else jnp.array(a)))

        outputs, pull = jax.vjp(of_wanted, *wanted)
        leaves, structure = jax.tree_util.tree_flatten(outputs)
        given = grad_output if isinstance(grad_output, (tuple, list)) else (grad_output,)
        cotangents = [_jax_cotangent(jax, c, o) for c, o in zip(given, leaves)]
        grads = iter(pull(jax.tree_util.tree_unflatten(structure, cotangents)))
        return tuple(next(grads) if _among(a, marked) else None for a, _ in slots)


def _jax_cotangent(jax, cotangent, output):
    """The cotangent as JAX wants it: in the output's dtype, and of the type float0 where the output is no float."""
    if not jax.numpy.issubdtype(output.dtype, jax.numpy.inexact):
        return np.zeros(output.shape, jax.dtypes.float0)
    return jax.numpy.zeros_like(output) if cotangent is None else jax.numpy.array(cotangent).astype(output.dtype)


BACKENDS = {"numpy": Numpy(), "torch": Torch(), "jax": Jax()}


def guess(found, kind):
    """The arrays that an object probably takes: by what it is, and by the library its module comes from."""
    if kind in ("module", "autograd"):
        return BACKENDS["torch"]
    root = (getattr(found, "__module__", None) or "").split(".")[0]
    if root in ("torch", "jax", "jaxlib"):
        return BACKENDS["torch" if root == "torch" else "jax"]
    if isinstance(found, np.ufunc):
        return BACKENDS["numpy"]
    said = _annotations(found)
    for name, words in (("torch", ("torch.", "Tensor")), ("jax", ("jax", "jnp."))):
        if any(w in said for w in words):
            return BACKENDS[name]
    return BACKENDS["numpy"]


def _annotations(found):
    fn = getattr(found, "forward", found) if inspect.isclass(found) else found
    return " ".join(map(str, getattr(fn, "__annotations__", {}).values()))


def is_certain(found, kind):
    """Whether what an object is says which arrays it takes, so that a guess needs no trial."""
    root = (getattr(found, "__module__", None) or "").split(".")[0]
    return kind in ("module", "autograd") or root in ("torch", "jax", "jaxlib") or isinstance(found, np.ufunc)


def libraries(found):
    """The array libraries that the module of a function, class or object has imported."""
    found = inspect.unwrap(found) if inspect.isroutine(found) else found
    while isinstance(found, functools.partial):
        found = found.func
    names = getattr(found, "__globals__", None)
    if names is None:
        module = sys.modules.get(getattr(found, "__module__", None) or type(found).__module__)
        names = {} if module is None else vars(module)
    roots = {_library(value) for value in list(names.values())}
    return [n for n in BACKENDS if n in roots and n != "numpy"]


def _library(value):
    """The top-level name of a module, or of the module that a function or class comes from."""
    try:
        module = value.__name__ if inspect.ismodule(value) else value.__module__
        return module.partition(".")[0]
    except Exception:  # an object of the candidate's, which may answer anything
        return ""


def made_by(result):
    """The library whose arrays a result consists of; "" where it is NumPy's or nobody's."""
    for value in result if isinstance(result, (tuple, list)) else (result,):
        root = (type(value).__module__ or "").partition(".")[0]
        if root in ("torch", "jax", "jaxlib"):
            return "torch" if root == "torch" else "jax"
    return ""


def others(backend):
    """The backends to try where the guess was wrong: those whose library is loaded already."""
    return [b for n, b in BACKENDS.items() if b is not backend and (n == "numpy" or n in sys.modules)]


# -- arrays --------------------------------------------------------------------------------------------------------------------
def is_setting(value):
    """Whether an argument is no array, list of arrays or absent array, but a shape, a number, a name."""
    several = isinstance(value, (list, tuple)) and any(hasattr(v, "dtype") for v in value)
    return value is not None and not several and not hasattr(value, "dtype")


def to_numpy(value):
    """The NumPy array of a torch, JAX or DLPack array; containers by their parts; anything else as it is."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return _from_tensor(torch, value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(to_numpy, value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(to_numpy, value)) if type(value) in (list, tuple) else tuple(map(to_numpy, value))
    if isinstance(value, dict):
        return {k: to_numpy(v) for k, v in value.items()}
    if isinstance(value, (np.ndarray, np.generic, str, bytes)) or not hasattr(value, "__array__"):
        return np.from_dlpack(value) if hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray) else value
    return np.asarray(value)


def _from_tensor(torch, tensor):
    tensor = tensor.detach().resolve_neg().cpu()
    if tensor.dtype == torch.bfloat16:
        return tensor.contiguous().view(torch.int16).numpy().view(dtype_of("bfloat16"))
    return tensor.numpy()


def _tensor(array):
    if not isinstance(array, np.ndarray):
        return array
    torch = importlib.import_module("torch")
    if any(s < 0 for s in array.strides):
        array = array.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of read-only arrays: whether it was written to is found out afterwards
        if array.dtype.name == "bfloat16":
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)


def _mapped(args, f):
    return [
        type(a)(_mapped(a, f)) if isinstance(a, (list, tuple)) and any(isinstance(v, np.ndarray) for v in a)
        else f(a) if isinstance(a, np.ndarray) else a
        for a in args
    ]  # fmt: skip


def _flat(args):
    return [v for a in args for v in (_flat(a) if isinstance(a, (list, tuple)) else [a])]


def _among(array, marked):
    return any(array is m for m in marked)


def _slots(args, values):
    """The arrays among the arguments, None for absent ones, each with its value: a gradient is returned for each of them."""
    return [(a, v) for a, v in zip(_flat(args), _flat(values)) if a is None or isinstance(a, np.ndarray)]


def _own(gradient, tensor):
    """The gradient in memory of its own (autograd may return the gradient of the output, or a view of it)."""
    torch = sys.modules["torch"]
    return torch.zeros_like(tensor) if gradient is None else gradient.clone(memory_format=torch.contiguous_format)
