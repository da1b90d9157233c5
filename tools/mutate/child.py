"""One mutant in a process of its own: the changed module in place of the real one, with a limit of time and memory.

The process is a fork of one that holds the inputs and what the library returns for them.  It sends what differs, and goes on
when it is told to.  It ends itself: by the timer of its own processor time, or with its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tools.mutate.graph import PACKAGE
from tools.mutate.planting import ROOT, Mutant

MEMORY = 2 << 30
"""What a mutant may add to the memory of the process, in bytes."""
SILENT_FOR = 300.0
"""Seconds without a word after which a process is given up (it waits for nothing that could last)."""
DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""
Body = Callable[[Connection], None]


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a file of the library: the changed one from its tree, any other from the code that the parent has compiled."""

    def __init__(self, name: str, path: str, mutant: Mutant | None):
        super().__init__(name, path)
        self.mutant = mutant

    def get_code(self, fullname: str) -> types.CodeType:
        """The code of the module."""
        if self.mutant is None:
            return codes()[self.path]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(self.mutant.tree(), self.path, "exec", dont_inherit=True)


class _Finder:
    """Finds the modules of the library."""

    def __init__(self, mutant: Mutant | None):
        self.changed = None if mutant is None else str(ROOT / mutant.file)
        self.mutant = mutant

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """The specification of a module of the library, None for others."""
        if name.split(".")[0] != PACKAGE:
            return None
        file = ROOT.joinpath(*name.split("."))
        file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        if str(file) not in codes():
            return None
        loader = _Loader(name, str(file), self.mutant if str(file) == self.changed else None)
        return importlib.util.spec_from_file_location(name, file, loader=loader)


@cache
def codes() -> dict[str, types.CodeType]:
    """The code of every file of the library, compiled once for all children."""
    return {str(p): compile(p.read_bytes(), str(p), "exec", dont_inherit=True) for p in (ROOT / PACKAGE).rglob("*.py")}


def unload() -> None:
    """Forget the library, so that it is imported anew."""
    for name in [n for n in sys.modules if n == PACKAGE or n.startswith(PACKAGE + ".")]:
        del sys.modules[name]


def put_in_place(mutant: Mutant | None) -> None:
    """From now on this process imports the library with the change (None: with none)."""
    unload()
    sys.meta_path.insert(0, _Finder(mutant))  # type: ignore[arg-type]


class Child:
    """A fork of this process that runs `body(connection)`; use it as a context."""

    def __init__(self, body: Body, seconds: float):
        self.connection, theirs = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads, none of which the child needs
            self.pid = os.fork()
        if self.pid == 0:
            _live(self.connection, theirs, body, seconds)
        theirs.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def receive(self) -> tuple[Any, ...]:
        """The next message; ("died", why) where none comes."""
        try:
            if self.connection.poll(SILENT_FOR):
                return self.connection.recv()
            return ("died", "timeout")
        except (EOFError, ConnectionResetError):
            _, status = os.waitpid(self.pid, 0)
            self.pid = 0
            return ("died", _why(status))

    def send(self, message: Any) -> None:
        """An answer."""
        with contextlib.suppress(BrokenPipeError):
            self.connection.send(message)


def _why(status: int) -> str:
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGPROF:
        return "timeout"
    return f"crash: signal {signal.Signals(number).name}" if number else f"crash: exit code {os.WEXITSTATUS(status)}"


def _live(parents: Connection, mine: Connection, body: Body, seconds: float) -> None:
    """The whole life of the child; it never returns."""
    try:
        parents.close()
        _limit(seconds)
        warnings.simplefilter("ignore")
        body(mine)
    except BaseException:
        with contextlib.suppress(BaseException):
            mine.send(("failed", traceback.format_exc()))
    finally:
        os._exit(0)


def _limit(seconds: float) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    faulthandler.disable()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (_in_use() + MEMORY, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _in_use() -> int:
    """The size of this process in bytes."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
