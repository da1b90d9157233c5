"""What a call changed that it should have left alone, and what it did that a kernel has no business doing.

NumPy's functions, builtins and the rest of a process's shared state are compared with a snapshot from before the candidate
was loaded, and put back.  Python's audit events tell of processes that it starts; a finder refuses forbidden imports.
"""

from __future__ import annotations

import _signal
import inspect
import operator
import os
import random
import re
import signal
import sys
import sysconfig
import threading
import traceback
import warnings

import numpy as np

JUDGE = ("definitions", "oracle", "evaluate", "runner", "grading", "judging", "loader", "references", "real")
"""Modules of the engine that know the answers."""
PATCHED = ("numpy", "numpy.linalg", "numpy.random", "math", "builtins", "torch", "torch.nn.functional", "scipy.special")
LIBRARIES = ("<", *(sysconfig.get_path(n) for n in ("stdlib", "platstdlib", "purelib", "platlib")), os.path.dirname(__file__))
"""Where code lies that is not the candidate's."""
STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn"}


def _np_state():
    state = np.random.get_state()
    return state[1].tobytes(), state[2:]


def _environment():
    return dict(getattr(os.environ, "_data", os.environb))  # as bytes: to decode them takes longer than most calls


SIGNALS = tuple(map(int, signal.valid_signals()))


def _handlers():
    return [*map(_signal.getsignal, SIGNALS)]  # without an enumeration of each, for every call


def _handled(old):
    for number, handler in zip(SIGNALS, old):
        if handler is not None and _signal.getsignal(number) is not handler:
            signal.signal(number, handler)


def quieten():
    """Let NumPy's floating-point errors pass unheard, in a way that no candidate would choose: whatever it sets is seen."""
    np.seterrcall(_unheard)
    np.seterr(all="call")


def _unheard(kind, flag):
    """Hostile inputs overflow all the time."""


SHARED = {
    "NumPy's error handling (np.seterr)": (
        lambda: (np.geterr(), np.geterrcall()), lambda old: (np.seterr(**old[0]), np.seterrcall(old[1])),
    ),
    "NumPy's global random state (np.random)": (_np_state, None),
    "Python's global random state (random)": (random.getstate, random.setstate),
    "the current folder (os.chdir)": (os.getcwd, os.chdir),
    "the environment (os.environ)": (_environment, lambda old: (os.environb.clear(), os.environb.update(old))),
    "the recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "the signal handlers (signal)": (_handlers, _handled),
    "NumPy's print options": (np.get_printoptions, lambda old: np.set_printoptions(**old)),
}  # fmt: skip
"""Shared state: how to read it, and how to put it back."""


def _torch_shared():
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_default_dtype"):
        return {}
    return {
        "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
        "torch's grad mode": (torch.is_grad_enabled, torch.set_grad_enabled),
        "torch's deterministic mode": (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    }


class Watch:
    """Compares the process before and after each call."""

    def __init__(self, forbid=(), libraries=("torch", "scipy", "jax", "tensorflow")):
        self.forbid, self.libraries = tuple(forbid), tuple(libraries)
        self.notes = []
        """(kind, sentence) of what was done since the last look; kinds are "forbidden", "state" and remarks."""
        self.names, self.modules = {}, {}
        self.shared = {}
        self.unchanged = False
        """Whether all is as it was at the snapshot."""
        self.calling = False
        """Whether the candidate is running now."""
        self.threads = set(threading.enumerate())
        self.known = {n for n in self.libraries if n in sys.modules}
        sys.meta_path.insert(0, self)
        sys.addaudithook(self._event)
        self.snapshot()

    # -- imports and processes -------------------------------------------------------------------------------------------------
    def find_spec(self, name, path=None, target=None):
        """Refuse what is forbidden (an import finder that never finds anything)."""
        root, _, rest = name.partition(".")
        if root in self.forbid:
            self.notes.append(("forbidden", f"imports {name}, which --forbid {root} does not allow"))
            raise ModuleNotFoundError(f"No module named {name!r} (forbidden)", name=name)
        if root == "parity" and rest.split(".")[0] in JUDGE:
            self.notes.append(("forbidden", f"imports {name}, which knows the answers"))
            raise ModuleNotFoundError(f"No module named {name!r} (the judge is not to be asked)", name=name)

    def _event(self, name, args):
        if name == "import":  # whatever becomes of the finder
            self.find_spec(str(args[0]))
        elif name == "sys._getframe" and self.calling and _asks_for_callers():
            self.notes.append(("stack", "looks at who calls it: it may do otherwise elsewhere"))
        elif name in STARTS:
            what = str(args[0]) if args and args[0] else name
            self.notes.append(("forbidden" if self.forbid else "process", f"starts another process ({what[:60]})"))

    # -- state -----------------------------------------------------------------------------------------------------------------
    def snapshot(self):
        """Remember the state of modules that were not seen before, and all shared state."""
        self.calling = True
        new = any(m in sys.modules and m not in self.names for m in PATCHED)
        if self.unchanged and not new:
            return
        for module in PATCHED:
            if module in sys.modules and module not in self.names:
                self.modules[module] = sys.modules[module]
                self.names[module] = dict(vars(sys.modules[module]))
        self.shared = {k: (get(), get, put) for k, (get, put) in {**SHARED, **_torch_shared()}.items()}
        self.random_state = np.random.get_state()

    def look(self):
        """What was changed since the snapshot, as sentences; everything is put back."""
        self.calling = False
        changed = [*self._patched(), *self._changed()]
        self.unchanged = not changed
        found, self.notes = list(dict.fromkeys(self.notes)) + [("state", f"changes {c}") for c in changed], []
        return found + self._libraries() + self._threads()

    def _patched(self):
        for module, before in self.names.items():
            if sys.modules.get(module) is not self.modules[module]:
                sys.modules[module] = self.modules[module]
                yield f"sys.modules[{module!r}]"
            now = vars(self.modules[module])
            if all(map(operator.is_, map(now.get, before), before.values())):
                continue
            for name, value in before.items():
                if now.get(name) is not value and _is_kept(name, value):
                    now[name] = value
                    yield f"{module}.{name} (monkeypatched)"

    def _changed(self):
        for what, (old, get, put) in self.shared.items():
            try:
                same = get() == old
            except OSError:  # the current folder is gone
                same = False
            if not same:
                put(old) if put is not None else np.random.set_state(self.random_state)
                yield what

    def _libraries(self):
        new = [n for n in self.libraries if n in sys.modules and n not in self.known]
        self.known.update(new)
        return [("library", f"imports {n}: what it returns may be {n}'s answer, not its own") for n in new]

    def _threads(self):
        new = set(threading.enumerate()) - self.threads
        self.threads |= new
        return [("thread", f"leaves a thread running ({_numberless(t.name)})") for t in new]


def _asks_for_callers():
    """Whether the frame that is being asked for is asked for by a candidate's own code (libraries do it all the time)."""
    frame = sys._current_frames()[threading.get_ident()].f_back.f_back
    while frame is not None and frame.f_code.co_filename in (inspect.__file__, traceback.__file__):
        frame = frame.f_back
    return frame is not None and not frame.f_code.co_filename.startswith(LIBRARIES)


def _is_kept(name, value):
    """Whether a module's attribute is to stay what it was: its functions, classes and constants."""
    return name not in ("__warningregistry__", "_") and (
        callable(value) or (isinstance(value, (int, float)) and not name.startswith("_"))
    )


def _numberless(name):
    """The name of a thread's function, without the number that makes each thread another."""
    return re.sub(r"^Thread-\d+( \((.*)\))?$", lambda m: m[2] or "Thread", name)


def _root(module):
    return (module or "").partition(".")[0]


class LibraryCalls:
    """Which functions of a library's own name were called: the op itself, asked of the library."""

    def __init__(self, names):
        self.names, self.found = frozenset(names), set()

    def __enter__(self):
        sys.setprofile(self._event)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def _event(self, frame, event, arg):
        if event == "c_call" and getattr(arg, "__name__", "") in self.names:
            owner = type(getattr(arg, "__self__", None)).__module__ or ""
            if "torch" in (_root(owner), _root(getattr(arg, "__module__", None))):
                self.found.add(arg.__name__)
        elif event == "call" and frame.f_code.co_name in self.names and _root(frame.f_globals.get("__name__")) == "torch":
            self.found.add(frame.f_code.co_name)


def caught_warnings():
    """Record warnings instead of showing them."""
    return warnings.catch_warnings(record=True)
