"""Runs a candidate in a process of its own: with limits of time and memory, restarted when it dies, never believed.

The process (`parity/guest`) gets inputs and returns outputs; it never holds an expected value.  Whether inputs were changed
is decided here, from the bytes that came back.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from parity.errors import CandidateCrashed, CandidateError, ParityError
from parity.given import Candidate, Death, Limits
from parity.guest import wire
from parity.processes import kill_marked, standard_streams
from parity.replies import Reply, plain, reply_of

BOOTSTRAP = """
import importlib.util as u, sys
sys.path[:] = [p for p in sys.path if p]
s = u.spec_from_file_location("_parity_guest", {init!r}, submodule_search_locations=[{folder!r}])
m = sys.modules["_parity_guest"] = u.module_from_spec(s)
s.loader.exec_module(m)
from _parity_guest.serving import main
main({requests}, {results}, {stacks}, {parent}, {at_once})
"""
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1",
    "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu", "MALLOC_PERTURB_": "165", "PYTHONDONTWRITEBYTECODE": "1",
}  # fmt: skip
"""One thread, so that sums have one order; JAX with float64; freed memory filled with garbage."""
SHOWN_OUTPUT = 200
"""Characters of what a candidate prints that are kept."""
LOADING = 60.0
"""Seconds that loading may take: importing torch on a busy machine takes several."""


GLANCE = 0.25
"""Seconds between two looks whether the process is still there."""
MARK = "PARITY_GUEST"
"""In the environment of a candidate's process and of all that it starts, so that they can be found."""


class Guest:
    """The candidate's process.  `call` starts it where it is not running."""

    def __init__(self, candidate: Candidate, limits: Limits | None = None):
        if os.name != "posix":
            raise ParityError("Isolation needs a POSIX system; on others call parity.validate(…, isolate=False).")
        self.candidate, self.limits = candidate, limits or Limits()
        self.about: dict[str, Any] = {}
        self.deaths = 0
        self.spent = 0.0
        """Seconds that its calls took."""
        self.tried = False
        """Whether a first call was made, to see how it is to be called."""
        self.left_out = 0
        """Arrays that it cannot take, of those that the op can do without."""
        self.turn = threading.RLock()
        """Held by whoever asks; several threads may."""
        self._known: dict[str, Any] = {}
        self.printed = 0
        self.output = self._last = ""
        self._process: subprocess.Popen | None = None
        self._asked = 0

    # -- life ------------------------------------------------------------------------------------------------------------------
    def start(self) -> dict[str, Any]:
        """Start the process and load the candidate; what it says about itself."""
        self._launch()
        blobs: list[bytes] = []
        given = {n: _given(getattr(self.candidate, n), blobs) for n in ("forward", "backward")}
        message = {
            "do": "load", "path": [p for p in sys.path if p] if not self.candidate.python else [], **given,
            "arrays": self.candidate.arrays, "rename": self.candidate.rename, "forbid": list(self.candidate.forbid),
            "memory": self.limits.memory, "inplace": self.candidate.inplace, "by_element": False,
            "libraries": list(self.candidate.libraries), **self._known,
        }  # fmt: skip
        answer, _ = self._exchange(message, blobs, max(LOADING, self.limits.seconds), "while it was loaded")
        if answer["status"] != "loaded":
            self.close()
            raise CandidateError(plain(str(answer.get("message", "The candidate cannot be loaded."))))
        self.about = answer
        return answer

    def functions(self, module: str) -> list[str]:
        """The public functions of a module, found out in the process."""
        self._launch()
        path = [p for p in sys.path if p] if not self.candidate.python else []
        answer, _ = self._exchange({"do": "list", "module": module, "path": path}, [], LOADING, "while it was loaded")
        self.close()
        if answer["status"] != "listed":
            raise CandidateError(plain(str(answer.get("message", "The module cannot be loaded."))))
        return [str(n) for n in answer["names"]]

    def _launch(self) -> None:
        folder = Path(wire.__file__).parent
        self._mark, self._last = secrets.token_hex(16), ""
        with standard_streams():
            process = self._process = self._started(folder)
        self._drain = threading.Thread(target=self._read_output, args=(process.stdout,), daemon=True)
        self._drain.start()

    def _started(self, folder: Path) -> subprocess.Popen:
        theirs, ours = os.pipe()
        results, results_end = os.pipe()
        self._stacks = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        code = BOOTSTRAP.format(
            init=str(folder / "__init__.py"),
            folder=str(folder),
            requests=theirs,
            results=results_end,
            stacks=self._stacks.fileno(),
            parent=os.getpid(),
            at_once=threading.current_thread() is threading.main_thread(),
        )
        try:
            process = subprocess.Popen(
                [self.candidate.python or sys.executable, "-c", code],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                pass_fds=(theirs, results_end, self._stacks.fileno()), start_new_session=True,
                env={**os.environ, **ENVIRONMENT, MARK: self._mark},
            )  # fmt: skip
        except OSError as e:
            for d in (theirs, ours, results, results_end):
                os.close(d)
            self._stacks.close()
            raise ParityError(
                f"{self.candidate.python!r} cannot be started ({e.strerror}); give a Python interpreter."
            ) from None
        os.close(theirs)
        os.close(results_end)
        self._requests, self._results = ours, results
        return process

    def _read_output(self, stream) -> None:
        """Count what the candidate prints, and keep its beginning."""
        with contextlib.suppress(OSError, ValueError):
            while part := os.read(stream.fileno(), 1 << 16):
                self.printed += len(part)
                self._last = (self._last + part[-1000:].decode("utf-8", "replace"))[-1000:]
                if len(self.output) < SHOWN_OUTPUT:
                    self.output += part.decode("utf-8", "replace")[: SHOWN_OUTPUT - len(self.output)]

    def settle(self) -> None:
        """Wait until everything that was printed has been read."""
        stream = None if self._process is None else self._process.stdout
        for _ in range(100):
            time.sleep(0.002)
            if stream is None or not select.select([stream], [], [], 0)[0]:
                return

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None

    def close(self) -> None:
        """End the process and everything it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        kill_marked(f"{MARK}={self._mark}".encode())
        self._drain.join(timeout=1.0)
        for close in (lambda: os.close(self._requests), lambda: os.close(self._results), self._stacks.close):
            with contextlib.suppress(OSError):
                close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- calls -----------------------------------------------------------------------------------------------------------------
    def call(
        self, direction: str, args: Sequence[Any], options: dict[str, Any], *,
        places: Sequence[str | None] = (), wanted: Sequence[Any] = (), writable: bool = False, watched: Sequence[str] = (),
        twice: bool = True, numbers: bool = False, steps: bool = False, before: tuple[Any, ...] | None = None,
    ) -> Reply:  # fmt: skip
        """Call the candidate; `wanted` are the arrays (by identity) that a gradient is wanted for.

        `places` says of each argument whether it is given by position (""), by a name, or not at all (None); with `numbers`
        a function that takes no arrays is called for each element, with `steps` a step of an optimizer for each gradient.
        `before` are the arguments, options and wanted arrays of a question that is asked first, in the same memory.

        Raises CandidateCrashed, with the `Death`, where the process does not survive it; the next call starts another.
        """
        with self.turn:
            if not self.running:
                self.start()
            blobs: list[bytes] = []
            message: dict[str, Any] = {
                "do": "call", "direction": direction, "writable": writable, "watched": list(watched), "twice": twice,
                "places": list(places), "numbers": numbers, "steps": steps, "overdue": 2 * self.limits.seconds + 1,
                **_question(args, options, wanted, blobs),
            }  # fmt: skip
            message["before"] = None if before is None else _question(*before, blobs)
            begin = time.monotonic()
            try:
                answer, back = self._exchange(message, blobs, self.limits.seconds, "")
            finally:
                self.spent += time.monotonic() - begin
            return self._reply(answer, back, blobs)

    def _reply(self, answer: dict[str, Any], back: list[bytes], sent: list[bytes]) -> Reply:
        try:
            reply = reply_of(answer, back, sent)
            if reply.status == "returned" and "arrays" in answer:  # how it was called this time is how it is called
                self._known = {k: answer[k] for k in ("arrays", "by_element")}
                self.about |= {k: answer[k] for k in ("arrays", "by_element", "backward")}
            return reply
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RecursionError, MemoryError) as e:
            raise self._died(Death("crash", f"sent something that is no answer ({type(e).__name__}: {e})")) from None

    def _exchange(self, message, blobs, seconds: float, when: str):
        end = time.monotonic() + seconds
        self._asked += 1
        try:
            wire.send(self._requests, {**message, "id": self._asked}, blobs)
        except OSError:
            raise self._died(self._how_it_ended(when)) from None
        return self._receive(end, seconds, when)

    def _receive(self, end: float, seconds: float, when: str):
        try:
            answer, back = wire.receive(self._reader(end))
            if answer.get("id") != self._asked:
                raise wire.NoMessage("another answer than was asked for")
            return answer, back
        except TimeoutError:
            text = f"did not return within {seconds:g} s{' ' + when if when else ''}"
            raise self._died(Death("timeout", text, self._stack(signal.SIGUSR1))) from None
        except wire.NoMessage:
            raise self._died(Death("crash", "wrote something else into its channel to the engine")) from None
        except (wire.Closed, OSError):
            raise self._died(self._how_it_ended(when)) from None

    def _reader(self, end: float) -> Callable[[int], bytes]:
        def read(n: int) -> bytes:
            parts = []
            while n:
                left = end - time.monotonic()
                if not select.select([self._results], [], [], max(0.0, min(left, GLANCE)))[0]:
                    if self._process is None or self._process.poll() is not None:  # its children may hold the channel open
                        raise wire.Closed("the process is gone")
                    if left <= GLANCE:
                        raise TimeoutError
                    continue
                part = os.read(self._results, min(n, 1 << 20))
                if not part:
                    raise wire.Closed("the channel is closed")
                parts.append(part)
                n -= len(part)
            return b"".join(parts)

        return read

    def _died(self, death: Death) -> CandidateCrashed:
        self.deaths += 1
        self.close()
        return CandidateCrashed(death)

    def _stack(self, number: int = 0) -> str:
        """Where the process was, by its own fault handler."""
        process = self._process
        if number and process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                process.send_signal(number)
            time.sleep(0.2)
        with contextlib.suppress(OSError, ValueError):
            self._stacks.seek(0)
            return _candidates_part(self._stacks.read().decode("utf-8", "replace"))
        return ""

    def _how_it_ended(self, when: str) -> Death:
        assert self._process is not None
        try:
            code = self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            return Death("crash", "closed its channel to the engine")
        if code == wire.NO_CHANNEL:
            return Death("crash", "closed its channel to the engine")
        stack, when = self._stack(), " " + when if when else ""
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            why = " (out of memory?)" if name == "SIGKILL" else ""
            said = self._last_words() if name == "SIGABRT" else ""
            return Death("crash", f"was ended by {name}{why}{when}{said}", stack)
        return Death("exit", f"ended its process with exit code {code}{when}{self._last_words()}", stack)

    def _last_words(self) -> str:
        self._drain.join(timeout=0.5)
        lines = plain("\n".join(self._last.splitlines()[-1:]))
        return f"; its last words: {lines.strip()[-150:]!r}" if lines.strip() else ""


def _question(args: Sequence[Any], options: dict[str, Any], wanted: Sequence[Any], blobs: list[bytes]) -> dict[str, Any]:
    return {
        "args": {"list": [wire.encode(a, blobs, pickled, wanted) for a in args]},
        "options": {"dict": {k: wire.encode(v, blobs, pickled, wanted) for k, v in options.items()}},
    }


def _given(what: Any, blobs: list[bytes]) -> Any:
    if what is None:
        return None
    if isinstance(what, str):
        return {"spec": what}
    blobs.append(pickled(what))
    return {"pickle": len(blobs) - 1}


def pickled(value: Any) -> bytes:
    """The object by value, closures and notebook cells included."""
    import cloudpickle

    try:
        return cloudpickle.dumps(value)
    except Exception as e:
        raise CandidateError(
            f"{value!r:.80} cannot be taken to a process of its own ({type(e).__name__}: {e}); "
            "write it into a file and name it as FILE.py:FUNCTION, or call parity.validate(…, isolate=False)."
        ) from None


def _candidates_part(stack: str) -> str:
    """The lines of a stack that are not the guest's own, innermost first."""
    own = str(Path(wire.__file__).parent)
    lines = [
        line for line in stack.splitlines() if line.strip().startswith("File") and own not in line and "<string>" not in line
    ]
    return "\n".join(line.strip() for line in lines[:5])
