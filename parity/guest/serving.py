"""The loop of the candidate's process: load, then answer calls until the channel closes."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import signal
import sys
import traceback

import numpy as np

from . import backends, wire
from .calling import Candidate
from .loading import CannotLoad, from_file, from_import, load
from .watching import LibraryCalls, Watch, caught_warnings

POISON = (0xA5, 0x5A)
"""Bytes that freed memory is filled with before the first and the second call (as floats: numbers that no one expects)."""
KEPT = 64
"""Blocks of each size that are poisoned: more than NumPy keeps for reuse."""


def main(requests, results, stacks):
    """Serve; the three arguments are file descriptors."""
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
        server.answer(message, blobs)


class Server:
    """Holds the candidate between the calls."""

    def __init__(self, results):
        self.results, self.process = results, os.getpid()
        self.watch = self.candidate = None
        self.memory = None
        self.held = {}
        """Values that cannot cross (states of an optimizer), by number, until a call that gets none of them."""
        self.calls = 0

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
        np.seterr(all="ignore")  # hostile inputs overflow; whatever the candidate sets instead is seen
        self.watch = Watch(message["forbid"])
        found = _object(message["forward"], blobs)
        backward = None if message["backward"] is None else _object(message["backward"], blobs)
        self.candidate = c = Candidate(found, backward, message["arrays"], message["rename"])
        if c.backend.name != "numpy":
            c.backend.convert([np.zeros(1)], ())  # so that the library is there before memory is limited
        notes = [("loading" if _may_change(*n) else n[0], n[1]) for n in self.watch.look()]
        self.watch.snapshot()
        limit_memory(self.memory)
        return {
            "status": "loaded", "kind": c.kind, "arrays": c.backend.name, "backward": c.backward_kind(), "notes": notes,
            "rename": {theirs: ours for ours, theirs in c.rename.items()},
            "parameters": {d: c.parameters(d) for d in ("forward", "backward")},
            "called": {d: c.parameters(d, called=True) for d in ("forward", "backward")},
        }  # fmt: skip

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
        first = self._once(message, blobs, POISON[0], ())
        if self.calls == 0 and self.candidate.guessed and first["status"] == "raised":
            first = self._other_backends(message, blobs, first)
        self.calls += 1
        notes, result, memories = first.pop("notes"), first.pop("result", None), first.pop("memories")
        if '"held"' not in json.dumps([message["args"], message["options"]]):
            self.held.clear()
        answer = {**first, "first": _encoded(result, out, self._hold), "inputs": _bytes(memories, out)}
        if first["status"] == "returned" and message["twice"]:
            second = self._once(message, blobs, POISON[1], message["watched"])
            notes += [n for n in second["notes"] if n not in notes]
            answer["second"] = _encoded(second.get("result"), out)
            answer["second_status"] = second["status"]
            if second["status"] == "raised":
                answer["second_error"] = [second["type"], second["message"]]
        return {**answer, "notes": notes}

    def _hold(self, value):
        self.held[len(self.held)] = value
        return len(self.held) - 1

    def _once(self, message, blobs, poison, watched):
        arrays = []
        args = wire.decode(message["args"], blobs, _unpickled, arrays, self.held)
        options = wire.decode(message["options"], blobs, _unpickled, arrays, self.held)
        marked = [a for a, _, wanted in arrays if wanted]
        for a, _, _ in arrays:
            a.flags.writeable = message["writable"]
        _poison(poison, [k * memory.nbytes for _, memory, _ in arrays for k in (1, 2, 4)])
        self.watch.snapshot()
        with caught_warnings() as warned, LibraryCalls(watched) if watched else _Nothing() as calls:
            self.candidate.places = message["places"]
            found = self._called(message["direction"], args, options, marked)
        found["notes"] = self.watch.look() + _remarks(warned, calls)
        found["memories"] = [memory for _, memory, _ in arrays]
        given = [a for a, _, _ in arrays if a.size]
        found["notes"] += _subclasses(found.get("result"))
        found["alias"] = any(np.shares_memory(r, a) for r in _leaves(found.get("result")) for a in given)
        generators = [v for v in [*args, *options.values()] if isinstance(v, np.random.Generator)]
        found["generators"] = [wire.encode(g, []) for g in generators]
        return found

    def _called(self, direction, args, options, marked):
        try:
            result = getattr(self.candidate, direction)(args, options, marked)
            return {"status": "returned", "result": backends.to_numpy(result)}
        except BaseException as e:  # SystemExit, KeyboardInterrupt and the candidate's own
            return {"status": "raised", "type": type(e).__name__, "message": _one_line(e), "where": _where(e)}
        finally:
            _flush()

    def _other_backends(self, message, blobs, first):
        """The candidate may want other arrays than guessed: the first call tells."""
        guessed = self.candidate.backend
        if first["type"] in ("TypeError", "AttributeError", "TracerArrayConversionError"):
            for backend in backends.others(guessed):
                self.candidate.backend = backend
                found = self._once(message, blobs, POISON[0], ())
                if found["status"] == "returned":
                    return {**found, "arrays": backend.name}
        self.candidate.backend = guessed
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


def _unpickled(data):
    import pickle

    try:
        return pickle.loads(data)
    except Exception as e:
        raise CannotLoad(f"The candidate cannot be taken to a process of its own: {type(e).__name__}: {e}.") from e


def _is_own(value, module):
    """Whether a module defined a function itself (ufuncs and builtins have no say in it)."""
    return getattr(value, "__module__", module.__name__) in (module.__name__, None) or not hasattr(value, "__code__")


def _encoded(result, out, hold=None):
    try:
        return wire.encode(result, out, hold=hold)
    except (TypeError, ValueError, RecursionError):
        return {"foreign": type(result).__name__}


def _bytes(memories, out):
    for m in memories:
        out.append(m.tobytes())
    return list(range(len(out) - len(memories), len(out)))


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


def _poison(byte, sizes):
    """Fill memory that the next allocations will get, so that a result left uninitialised shows."""
    for size in {s for s in sizes if 0 < s <= 1 << 22}:
        blocks = [np.empty(size, np.uint8) for _ in range(KEPT if size <= 4096 else 4)]
        for b in blocks:
            b.fill(byte)


def limit_memory(more):
    """Allow this process so many bytes more than it has now (where the system keeps such limits)."""
    try:
        with open("/proc/self/statm") as f:
            now = int(f.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = now + more
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    except (OSError, ValueError):
        return
