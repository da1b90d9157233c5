"""The loop of the candidate's process: load, then answer calls until the channel closes."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib.machinery
import os
import signal
import sys
import traceback

import numpy as np

from . import backends, elements, steps, wire
from .calling import Candidate, made
from .constants import constants_of
from .earlier import Kept, exchanged, in_the_memory_of
from .loading import CannotLoad, from_file, from_import, load
from .memory import limit_memory, poison_freed
from .parent import end_with
from .watching import LibraryCalls, Watch, caught_warnings, quieten

POISON = (0xA5, 0x5A)
"""Bytes that freed memory is filled with before the first and the second call (as floats: numbers that no one expects)."""


def main(requests, results, stacks, parent, at_once):
    """Serve; the first three arguments are file descriptors, the others say with which process to end, and how."""
    end_with(parent, at_once)
    faulthandler.enable(stacks, all_threads=True)
    faulthandler.register(signal.SIGUSR1, stacks, all_threads=True)
    server = Server(results)
    read = wire.reader(requests)
    while True:
        try:
            message, blobs = wire.receive(read)
        except wire.Closed:
            return
        except OSError:
            os._exit(wire.NO_CHANNEL)
        if not at_once:  # in case the engine is gone by then, and the candidate lets no other thread run
            faulthandler.dump_traceback_later(message.get("overdue", LOADING), exit=True, file=stacks)
        server.answer(message, blobs)
        faulthandler.cancel_dump_traceback_later()


LOADING = 300
"""Seconds after which loading is overdue."""
WRONG_ARRAYS = ("TypeError", "AttributeError", "TracerArrayConversionError")
"""Errors by which functions refuse the arrays of another library."""
TRIALS = 3
"""Calls in which it is found out which arrays a candidate takes."""
NUMBERS = [("scalar", "takes one number at a time: it is asked element by element")]


class Server:
    """Holds the candidate between the calls."""

    def __init__(self, results):
        self.results, self.process = results, os.getpid()
        self.watch = self.candidate = None
        self.memory = None
        self.settled = True
        """Whether it is known which arrays the candidate takes."""
        self.trials = 0

    def answer(self, message, blobs):
        """Do what is asked and send the answer."""
        out = []
        try:
            found = getattr(self, "do_" + message["do"])(message, blobs, out)
        except CannotLoad as e:
            found, out = {"status": "unloadable", "message": str(e)}, []
        except MemoryError as e:
            found, out = {"status": "raised", "type": "MemoryError", "message": str(e), "where": ""}, []
        if os.getpid() != self.process:  # the candidate has forked, and came back twice
            os._exit(0)
        try:
            try:
                wire.send(self.results, {**found, "id": message["id"]}, out)
            except MemoryError:  # nothing is written yet
                found = {"status": "raised", "type": "MemoryError", "message": "the result is too large", "id": message["id"]}
                wire.send(self.results, found, [])
        except OSError:
            os._exit(wire.NO_CHANNEL)

    # -- loading ---------------------------------------------------------------------------------------------------------------
    def do_load(self, message, blobs, out):
        """Load the candidate; say what it is and which parameters it has."""
        sys.path[:0] = message["path"]
        limit_memory(message["memory"] + (16 << 30))
        self.memory = message["memory"]
        quieten()
        self.watch = Watch(message["forbid"])
        found = _object(message["forward"], blobs)
        backward = None if message["backward"] is None else _object(message["backward"], blobs)
        self._refuse_unknown(message["forbid"])
        self.candidate = c = Candidate(_made(found), backward, message["arrays"], message["rename"], message["inplace"])
        c.by_element = message["by_element"]
        self.settled = not c.guessed or backends.is_certain(c.found, c.kind)
        for name in {c.backend.name, *([] if self.settled else [*message["libraries"], *backends.libraries(c.found)])}:
            _prepare(name)  # so that the library is there before memory is limited
        notes = [("loading" if _may_change(*n) else n[0], n[1]) for n in self.watch.look()]
        self.watch.snapshot()
        limit_memory(self.memory)
        directions = ("forward", "backward")
        return {
            "status": "loaded", "kind": c.kind, "is_class": isinstance(c.found, type), "notes": notes, "settled": self.settled,
            "rename": {theirs: ours for ours, theirs in c.rename.items()}, "held": c.held(), "names": c.names(),
            "needs": c.needs(), "constants": constants_of(c.found), **self._known(),
            "parameters": {d: c.parameters(d) for d in directions},
            "called": {d: c.parameters(d, called=True) for d in directions},
            "defaults": {d: c.defaults(d) for d in directions},
            "bfloat16": importlib.machinery.PathFinder.find_spec("ml_dtypes") is not None,
        }  # fmt: skip

    def _known(self):
        """What the first call shows."""
        c = self.candidate
        return {"arrays": c.backend.name, "backward": c.backward_kind(), "by_element": c.by_element}

    def _refuse_unknown(self, names):
        """Refuse to forbid what nobody could import (the folder of the candidate is on the path by now)."""
        finders = [f for f in sys.meta_path if f is not self.watch and hasattr(f, "find_spec")]
        for name in names:
            known = name in sys.modules or name in self.watch.libraries
            if not known and not any(f.find_spec(name, None) is not None for f in finders):
                raise CannotLoad(f"There is no library {name!r} to be forbidden; give the name of one that can be imported.")

    def do_list(self, message, blobs, out):
        """The public functions of a module."""
        sys.path[:0] = message["path"]
        place = message["module"]
        module = from_file(place) if place.endswith(".py") else from_import(place)
        public = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
        own = [n for n in public if callable(getattr(module, n, None)) and not isinstance(getattr(module, n), type(os))]
        return {"status": "listed", "names": [n for n in own if _is_own(getattr(module, n), module)]}

    # -- calling ---------------------------------------------------------------------------------------------------------------
    def do_call(self, message, blobs, out):
        """Call the candidate twice on copies of the same input; the second time its calls of a library are watched."""
        first = self._once(message, blobs, POISON[0], (), message.get("before"))
        if not self.settled:
            first = self._settle(message, blobs, first)
        notes, result, memories = first.pop("notes"), first.pop("result", None), first.pop("memories")
        answer = {**first, "first": _encoded(result, out), **self._known()}
        if not self.candidate.inplace:
            answer["inputs"] = _bytes(memories, out)
        if first["status"] == "returned" and message["twice"]:
            second = self._once(message, blobs, POISON[1], message["watched"])
            notes += [n for n in second["notes"] if n not in notes]
            answer["second"] = _encoded(second.get("result"), out)
            answer["second_status"] = second["status"]
            if second["status"] == "raised":
                answer["second_error"] = [second["type"], second["message"]]
        return {**answer, "notes": notes}

    def _once(self, message, blobs, poison, watched, before=None):
        arrays = []
        args = wire.decode(message["args"], blobs, _unpickled, arrays)
        options = wire.decode(message["options"], blobs, _unpickled, arrays)
        if self.candidate.inplace:
            args, arrays = _apart(args, arrays)
        marked = [a for a, _, wanted in arrays if wanted]
        for a, _, _ in arrays:
            a.flags.writeable = message["writable"] or self.candidate.inplace
        if message["twice"]:  # and not for each of the thousands of draws of a sampler
            poison_freed(poison, [k * memory.nbytes for _, memory, _ in arrays for k in (1, 2, 4)])
        self.watch.snapshot()
        with caught_warnings() as warned, LibraryCalls(watched) if watched else _Nothing() as calls:
            kept = self._earlier(message, before, blobs, arrays)
            self.candidate.places = message["places"]
            found = self._called(message, args, options, marked)
        found["changed_earlier"] = kept.changed()
        found["notes"] = kept.notes + self.watch.look() + _remarks(warned, calls) + NUMBERS * self.candidate.by_element
        found["memories"] = [memory for _, memory, _ in arrays]
        given = [a for a, _, _ in arrays if a.size]
        found["notes"] += _subclasses(found.get("result"))
        leaves = [] if self.candidate.inplace else _leaves(found.get("result"))
        found["alias"] = found.pop("shared", False) or any(np.shares_memory(r, a) for r in leaves for a in given)
        generators = [v for v in [*args, *options.values()] if isinstance(v, np.random.Generator)]
        found["generators"] = [wire.encode(g, []) for g in generators]
        return found

    def _earlier(self, message, before, blobs, arrays):
        """Ask an earlier question in the memory of these arrays; its result."""
        if before is None or self.candidate.inplace:
            return Kept()
        others = []
        args, options = (wire.decode(before[k], blobs, _unpickled, others) for k in ("args", "options"))
        with in_the_memory_of(arrays, others) as instead:
            args, options = exchanged(args, instead), exchanged(options, instead)
            marked = [instead.get(id(b), b) for b, _, wanted in others if wanted]
            self.candidate.places = message["places"]
            found = self._called(message, args, options, marked)
        kept = Kept(_leaves(found.get("result")))
        kept.notes = self.watch.look()  # what it changed is put back, as between any two questions
        self.watch.snapshot()
        return kept

    def _called(self, message, args, options, marked):
        try:
            returned = self._stepped if message["steps"] else self._returned
            return returned(message["direction"], args, options, marked)
        except BaseException as e:  # SystemExit, KeyboardInterrupt and the candidate's own
            again = message["numbers"] and not self.candidate.by_element and self.candidate.backend.name == "numpy"
            found = self._by_element(message, args, options) if again and elements.takes_numbers_only(e, args) else None
            name, text = _named(e)
            return found or {"status": "raised", "type": name, "message": text, "where": _where(e)}
        finally:
            _flush()

    def _returned(self, direction, args, options, marked):
        result = getattr(self.candidate, direction)(args, options, marked)
        return {"status": "returned", "result": backends.to_numpy(result), "made": backends.made_by(result)}

    def _stepped(self, direction, args, options, marked):
        """All steps of a trajectory."""
        made = set()

        def step(param, grad, state):
            found = getattr(self.candidate, direction)([param, grad, state], options, marked)
            if not isinstance(found, (tuple, list)) or len(found) != 2:
                return found
            made.add(backends.made_by(found))
            return backends.to_numpy(found[0]), found[1]

        path, shared = steps.trajectory(step, *args)
        return {"status": "returned", "result": path, "made": made.pop() if len(made) == 1 else "", "shared": shared}

    def _by_element(self, message, args, options):
        """What a function of one number returns for arrays; it is called so from now on.  None where it does not return."""
        self.candidate.by_element = True
        try:
            return self._returned(message["direction"], args, options, ())
        except BaseException:  # it was not the array that it refused
            self.candidate.by_element = False
            return None

    def _settle(self, message, blobs, first):
        """Which arrays the candidate takes, by what it does with those that were guessed.

        Where it refuses them, or returns those of a library, it gets the arrays of that library.
        """
        c, self.trials = self.candidate, self.trials + 1
        guessed, numbers = c.backend, c.by_element
        returned, tried = first["status"] == "returned", []
        if returned:
            tried = [backends.BACKENDS[n] for n in [first["made"]] if n not in ("", guessed.name)]
        elif first["type"] in WRONG_ARRAYS:
            tried = backends.others(guessed)
        self.settled = returned or self.trials == TRIALS
        for c.backend in tried:
            c.by_element = False
            found = self._once(message, blobs, POISON[0], ())
            if found["status"] == "returned":
                self.settled = True
                return {**found, "notes": [n for n in first["notes"] if n[0] == "library"] + found["notes"]}
        c.backend, c.by_element = guessed, numbers
        return first


def _may_change(kind, text):
    """What importing a library may do to a process; afterwards nothing may, and replace functions never."""
    return kind == "state" and "monkeypatched" not in text


class _Nothing:
    found = ()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


# -- parts of an answer --------------------------------------------------------------------------------------------------------
def _object(given, blobs):
    return load(given["spec"]) if "spec" in given else _unpickled(blobs[given["pickle"]])


def _made(found):
    try:
        return made(found)
    except Exception as e:
        raise CannotLoad(
            f"The factory raised {type(e).__name__}: {e}; it must make an instance without being given anything."
        ) from e


def _prepare(name):
    """Have a library imported."""
    if name == "numpy":
        return
    with contextlib.suppress(ImportError):
        backends.BACKENDS[name].convert([np.zeros(1)], ())


def _unpickled(data):
    import pickle

    try:
        return pickle.loads(data)
    except Exception as e:
        raise CannotLoad(f"The candidate cannot be taken to a process of its own: {type(e).__name__}: {e}.") from e


def _is_own(value, module):
    """Whether a module defined a function itself (ufuncs and builtins have no say in it)."""
    return getattr(value, "__module__", module.__name__) in (module.__name__, None) or not hasattr(value, "__code__")


def _encoded(result, out):
    try:
        return wire.encode(result, out)
    except (TypeError, ValueError, RecursionError):
        return {"foreign": type(result).__name__}


def _bytes(memories, out):
    for m in memories:
        out.append(m.tobytes())
    return list(range(len(out) - len(memories), len(out)))


def _apart(args, arrays):
    """Copies in place of arrays whose elements share memory with each other: nobody could write into these."""
    shared = [a for a, _, _ in arrays if any(step == 0 and n > 1 for step, n in zip(a.strides, a.shape))]
    copies = {id(a): a.copy() for a in shared}
    return [copies.get(id(a), a) for a in args], [(copies.get(id(a), a), m, wanted) for a, m, wanted in arrays]


def _leaves(result):
    if isinstance(result, np.ndarray):
        return [result]
    if isinstance(result, (list, tuple)):
        return [leaf for r in result for leaf in _leaves(r)]
    return []


def _subclasses(result):
    names = sorted({type(r).__name__ for r in _leaves(result) if type(r) is not np.ndarray})
    return [("subclass", f"returns a {n}, which is judged as the plain array that it holds") for n in names]


def _remarks(warned, calls):
    kinds = {}
    for w in warned or ():
        kinds.setdefault(w.category.__name__, _one_line(w.message))
    notes = [("warning", f"warns: {name}: {text[:120]}") for name, text in kinds.items()]
    return notes + [("library", f"calls torch's own {name}: what it returns is torch's answer") for name in sorted(calls.found)]


def _named(error):
    """The type and the text of an error; one that is no Exception, and none of Python's own, is a BaseException."""
    name, text = type(error).__name__, _one_line(error)
    plain = isinstance(error, Exception) or type(error).__module__ == "builtins"
    return (name, text) if plain else ("BaseException", f"{name}: {text}")


def _one_line(error):
    try:
        text = " ".join(str(error).split())
    except Exception as e:
        return f"(its text cannot be had: {type(e).__name__})"
    return text if len(text) <= 300 else text[:297] + "..."


def _where(error):
    """The last line of the candidate's own code that the error passed through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if os.path.dirname(f.filename) != os.path.dirname(__file__)]
    return f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""


def _flush():
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
