"""One way to call whatever the user gave: a function, a class, a module with parameters, an autograd function.

The engine always calls `forward(*arrays, **options)` and `backward(grad_output, *arrays, **options)`, with NumPy arrays.
Here they become what the candidate wants (NumPy, torch or JAX arrays; options for the constructor or for the call), and
what it returns becomes NumPy again.
"""

from __future__ import annotations

import copy
import inspect
import sys

import numpy as np

from . import backends, elements

USUAL = {"axis": "dim", "keepdims": "keepdim"}
"""What torch calls NumPy's options."""


class Refused(TypeError):
    """The candidate cannot be called like that at all."""


class Incomplete(TypeError):
    """The constructor of a class needs what the op has not."""


class Candidate:
    """The user's object, ready to be called.

    `kind` is "function", "class", "module" (torch.nn.Module), "autograd" (torch.autograd.Function), "scheduler" (a class or
    object with `step`) or "object".  With `inplace` it writes its result into its first array.
    """

    def __init__(self, found, backward=None, arrays="auto", rename=None, inplace=False):
        self.found, self.own_backward, self.inplace = found, backward, inplace
        self.kind = _kind(found)
        self.rename = {ours: theirs for theirs, ours in (rename or {}).items()}
        self.rename |= self._usual()
        self.backend = backends.BACKENDS[arrays] if arrays != "auto" else backends.guess(found, self.kind)
        self.guessed = arrays == "auto"
        self.by_element = False
        """Whether it takes numbers, not arrays."""
        self.places = []
        """Of each argument of the next call: "" (by position), a name in the op's terms (by keyword), None (not given)."""

    # -- what it is ------------------------------------------------------------------------------------------------------------
    def parameters(self, direction, called=False):
        """Name -> (kind, default state) of every parameter, in the op's names; None where Python cannot tell.

        With `called` those of the call alone, without the constructor's.
        """
        found = {}
        for fn, skip in self._signatures(direction)[-1 if called else 0 :]:
            try:
                signature = inspect.signature(fn)
            except (TypeError, ValueError):
                return None
            for name, p in list(signature.parameters.items())[skip:]:
                found[self._ours(name)] = (p.kind.name, _default(p.default))
        return found

    def defaults(self, direction):
        """Name (the op's) -> the default of each parameter, as text, where it is plain data."""
        found = {}
        for fn, skip in self._signatures(direction):
            try:
                parameters = list(inspect.signature(fn).parameters.items())[skip:]
            except (TypeError, ValueError):
                return {}
            found.update({self._ours(n): repr(p.default) for n, p in parameters if _is_plain(p.default)})
        return found

    def names(self):
        """Its own names of all its parameters; None where Python cannot tell, or where it takes any."""
        found = []
        for fn, skip in [*self._signatures("forward"), *self._signatures("backward")]:
            try:
                parameters = list(inspect.signature(fn).parameters.values())[skip:]
            except (TypeError, ValueError):
                return None
            if any(p.kind is p.VAR_KEYWORD for p in parameters):
                return None
            found += [p.name for p in parameters if p.name not in found]
        return found

    def needs(self):
        """What a class requires of whoever makes an object of it, in the op's names."""
        if not inspect.isclass(self.found) or self.kind == "autograd" or not _has_constructor(self.found):
            return []
        return [
            self._ours(n) for n, p in list(inspect.signature(self.found.__init__).parameters.items())[1:] if _is_required(p)
        ]

    def held(self):
        """How many arrays an object takes when it is called, and the names of the parameters that it always has."""
        names = getattr(self.found, "_parameters", None) or {}
        if inspect.isclass(self.found) or not names:
            return None
        return {
            "takes": _capacity(getattr(self.found, "forward", self.found)),
            "names": [k for k, v in names.items() if v is not None],
        }

    def _usual(self):
        """Its `dim` is the op's `axis`, unless it has an `axis` or the user says otherwise."""
        named = {n for d in ("forward", "backward") for n in self.parameters(d) or ()}
        return {k: v for k, v in USUAL.items() if v in named and k not in named and k not in self.rename}

    def _signatures(self, direction):
        if direction == "backward" and self.own_backward is not None:
            return [(self.own_backward, 0)]
        if self.kind == "autograd":
            return [(self.found.forward, self._contexts())]
        if self.kind == "scheduler":
            return (
                [(self.found.__init__, 1)] if inspect.isclass(self.found) and _has_constructor(self.found) else [(_nothing, 0)]
            )
        if self.kind in ("class", "module") and inspect.isclass(self.found):
            call = getattr(self.found, "forward", None) or self.found.__call__
            return [*([(self.found.__init__, 1)] if _has_constructor(self.found) else []), (call, 1)]
        if self.kind in ("object", "module"):
            return [(getattr(self.found, "forward", self.found), 0)]
        return [(self.found, 0)]

    def _contexts(self):
        """How many arguments of an autograd function's `forward` come before the arrays: `ctx`, or none."""
        return int(self.found.setup_context is sys.modules["torch"].autograd.Function.setup_context)

    def _ours(self, name):
        return {v: k for k, v in self.rename.items()}.get(name, name)

    def backward_kind(self):
        """ "own", "method", "autodiff" or "" (there is no gradient)."""
        if self.own_backward is not None:
            return "own"
        if self.kind in ("class", "object") and hasattr(self.found, "backward"):
            return "method"
        return "autodiff" if self.backend.name in ("torch", "jax") else ""

    # -- calling ---------------------------------------------------------------------------------------------------------------
    def forward(self, args, options, marked):
        """The candidate's result, as it returns it."""
        _refuse_other_loops(self.found, args)
        given = self.backend.convert(args, () if self.inplace else marked)  # autograd wants its leaves unchanged
        return self._result(self._prepared(options), given)

    def _result(self, fn, given):
        """What a function returns; one that works in place may return nothing."""
        found = fn(*given)
        return given[0] if found is None and self.inplace and given else found

    def backward(self, args, options, marked):
        """The candidate's gradients; the first argument is the gradient of the output."""
        how = self.backward_kind()
        if how == "autodiff":
            self.places = self.places[1:]
            return self.backend.differentiate(self._differentiable(options), args[0], args[1:], marked)
        given = self.backend.convert(args, ())
        if how == "own":
            return self._result(lambda *arrays: self._placed(self.own_backward, arrays, options), given)
        return self._by_method(given, options)

    def _differentiable(self, options):
        """The function to differentiate; one that works in place gets copies."""
        fn = self._prepared(options)
        if not self.inplace:
            return fn
        return lambda *arrays: self._result(fn, [a.clone() if hasattr(a, "clone") else a for a in arrays])

    def _by_method(self, given, options):
        """A `backward` method: backward(grad_output, arrays…), or backward(grad_output) after forward(arrays…)."""
        instance, (gradient, *arrays), options = self._instance(*self._split(given, options))
        required = [p for p in inspect.signature(instance.backward).parameters.values() if p.default is p.empty]
        required = [p for p in required if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        if len(required) <= 1 and arrays:
            _method(instance)(*arrays, **options)
            return instance.backward(gradient)
        return instance.backward(gradient, *arrays, **options)

    def _prepared(self, options):
        """A function of the arrays alone."""
        if self.kind == "autograd":
            return self._applied(options)
        if self.kind == "scheduler":
            return lambda steps: elements.rates(self._scheduler(options), steps)
        if self.kind in ("class", "module", "object"):
            return lambda *args: _with_parameters(*self._instance(*self._split(args, options)), self.backend)
        return lambda *arrays: self._placed(self.found, arrays, options)

    def _scheduler(self, options):
        """A scheduler at its first step."""
        if not inspect.isclass(self.found):
            return copy.deepcopy(self.found)
        options = self._theirs(options)
        self._complete(inspect.signature(self.found).parameters.items(), options)
        return self.found(**options)

    def _complete(self, parameters, given):
        """Refuse a constructor that requires more than it is given."""
        missing = [n for n, p in parameters if _is_required(p) and n not in given]
        if missing:
            raise Incomplete(f"the constructor of {self.found.__name__} needs {_listed(missing)}")

    def _split(self, args, options):
        """The arguments that go by position, and the options with those that go by name."""
        places = [*self.places, *[""] * (len(args) - len(self.places))]
        return [a for a, p in zip(args, places) if p == ""], {**{p: a for a, p in zip(args, places) if p}, **options}

    def _placed(self, fn, args, options):
        """Call a function with each argument in its place."""
        args, options = self._split(args, options)
        call = elements.by_element if self.by_element else _plainly
        return call(fn, args, self._theirs(options))

    def _theirs(self, options):
        return {self.rename.get(k, k): v for k, v in options.items()}

    def _instance(self, args, options):
        """The object to call, and the arguments and options that its constructor did not take.

        What stands among the arrays and is none of them (the shape of a normalization) goes to the constructor, if it
        requires something that no option gives.
        """
        options = self._theirs(options)
        if not inspect.isclass(self.found):
            return self.found, args, options
        wanted = inspect.signature(self.found.__init__).parameters if _has_constructor(self.found) else {}
        call = inspect.signature(getattr(self.found, "forward", None) or self.found.__call__).parameters
        slots = list(call)[1 : 1 + sum(not backends.is_setting(a) for a in args)]  # an array's, whatever its name
        mine = {k: v for k, v in options.items() if k in wanted and (k not in call or k in slots)}
        missing = [n for n, p in list(wanted.items())[1:] if _is_required(p) and n not in mine]
        settings = dict(zip(missing, [i for i, a in enumerate(args) if backends.is_setting(a)]))
        self._complete(list(wanted.items())[1:], {**mine, **settings})
        instance = self.found(**mine, **{n: args[i] for n, i in settings.items()})
        left = [a for i, a in enumerate(args) if i not in settings.values()]
        return self.backend.fitted(instance, left), left, {k: v for k, v in options.items() if k not in mine}

    def _applied(self, options):
        """An autograd function takes its options by position."""
        names = list(inspect.signature(self.found.forward).parameters)[self._contexts() :]
        theirs = self._theirs(options)

        def apply(*arrays):
            rest = names[len(arrays) :]
            last = max((i for i, n in enumerate(rest) if n in theirs), default=-1)
            defaults = inspect.signature(self.found.forward).parameters
            return self.found.apply(*arrays, *(theirs.get(n, defaults[n].default) for n in rest[: last + 1]))

        return apply


def _refuse_other_loops(found, args):
    """A ufunc without a loop for a 16-bit dtype would compute, and answer, in float32: it has no version for that dtype."""
    ufunc = getattr(found, "ufunc", None) if getattr(found, "_frozen", False) else found  # numba's, with given signatures
    given = [getattr(a, "dtype", None) for a in args]
    if not isinstance(ufunc, np.ufunc) or not any(d is not None and d.name in ("float16", "bfloat16") for d in given):
        return
    if any(d is None for d in given) or len(given) != ufunc.nin:
        return
    found = ufunc.resolve_dtypes((*given, *[None] * ufunc.nout))[-1]
    if found.name in ("float32", "float64"):
        raise TypeError(f"has no loop for {given[0].name}; it would compute in {found.name}")


def _kind(found):
    torch = sys.modules.get("torch")
    if torch is not None:
        if inspect.isclass(found) and issubclass(found, torch.autograd.Function):
            return "autograd"
        if isinstance(found, torch.nn.Module) or (inspect.isclass(found) and issubclass(found, torch.nn.Module)):
            return "module"
    if elements.is_scheduler(found if inspect.isclass(found) else type(found)):
        return "scheduler"
    if inspect.isclass(found):
        return "class"
    plain = inspect.isroutine(found) or isinstance(found, np.ufunc) or not hasattr(found, "forward")
    return "function" if plain else "object"


def made(found):
    """What a factory (a function without parameters) makes; anything else as it is."""
    if not inspect.isfunction(found) or inspect.signature(found).parameters:
        return found
    return found()


def _plainly(fn, args, options):
    return fn(*args, **options)


def _nothing():
    """Has no parameters."""


def _listed(names):
    return " and ".join([*filter(None, [", ".join(names[:-1])]), names[-1]])


def _is_plain(value):
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


def _default(default):
    """What a parameter's default says: "required", "none" or "other"."""
    if default is inspect.Parameter.empty:
        return "required"
    return "none" if default is None else "other"


def _is_required(parameter):
    """Whether a parameter has to be given."""
    return parameter.default is parameter.empty and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)


def _method(instance):
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(instance, torch.nn.Module):
        return instance
    return instance.forward if hasattr(instance, "forward") else instance


def _has_constructor(cls):
    """Whether a class has a constructor of its own, not that of every object or of every module."""
    torch = sys.modules.get("torch")
    return cls.__init__ not in (object.__init__, *([torch.nn.Module.__init__] if torch is not None else []))


def _capacity(method):
    """How many arguments a method takes by position."""
    try:
        taken = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return sys.maxsize
    if any(p.kind is p.VAR_POSITIONAL for p in taken):
        return sys.maxsize
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in taken)


def _with_parameters(instance, arrays, options, backend):
    """Call an object; arrays beyond those that its method takes are set as its parameters (weight, bias), in order."""
    method = _method(instance)
    names = getattr(instance, "_parameters", None) or {}
    n = min(_capacity(getattr(instance, "forward", method)), len(arrays))
    extra = [k for k, v in names.items() if v is not None]
    if len(arrays) - n > len(extra):
        raise Refused(f"takes {n} arrays and has the parameters {', '.join(extra) or 'none'}, but {len(arrays)} are given")
    if not names:
        return method(*arrays, **options)
    given = {k: a for k, a in zip(extra, arrays[n:]) if a is not None}  # an absent one keeps its initial value
    return backend.with_parameters(instance, given, tuple(arrays[:n]), options)
