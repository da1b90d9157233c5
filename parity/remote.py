"""Other processes that evaluate for us: one for each dispatch path, because libraries choose their kernels when imported.

A dispatch path is a set of environment variables.  A `Remote` is a Python process started with them; it is asked to call
functions of this package and ends when its pipe closes, so that nothing is left behind when its owner is killed.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pickle
import platform
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from parity.errors import ParityError

THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
SWITCHES = (
    "NPY_DISABLE_CPU_FEATURES", "ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR",
    "ONEDNN_MAX_CPU_ISA", "GLIBC_TUNABLES",
)  # fmt: skip
"""Every environment variable that makes one of the libraries choose other kernels."""


@cache
def dispatch_paths() -> dict[str, dict[str, str]]:
    """The dispatch paths of this machine: name -> environment variables.  Each switch is at a lower level in some of them."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return {"native": {}, "baseline": {"ATEN_CPU_CAPABILITY": "default"}}
    wide, all_ = _numpy_features()
    return {
        "native": {},
        "avx2": {"NPY_DISABLE_CPU_FEATURES": wide, "ATEN_CPU_CAPABILITY": "avx2"},
        "baseline": {"NPY_DISABLE_CPU_FEATURES": all_, "ATEN_CPU_CAPABILITY": "default"},
        "avx2_kernels": {
            "OPENBLAS_CORETYPE": "Haswell",
            "MKL_ENABLE_INSTRUCTIONS": "AVX2",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
        },
        "compatible_kernels": {
            "OPENBLAS_CORETYPE": "Nehalem",
            "MKL_CBWR": "COMPATIBLE",
            "ONEDNN_MAX_CPU_ISA": "SSE41",
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-FMA",
        },
    }


def _numpy_features() -> tuple[str, str]:
    """NumPy's dispatched instruction sets that this machine has: those beyond AVX2, and all of them.

    Those that the environment has switched off count too: the paths are the same, whatever path this process is on.
    """
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__  # pyright: ignore

    off = _features(os.environ.get("NPY_DISABLE_CPU_FEATURES", ""))
    have = [f for f in __cpu_dispatch__ if __cpu_features__.get(f) or f in off]
    wide = [f for f in have if "512" in f or f == "X86_V4"]
    return " ".join(wide), " ".join(have)


def _features(text: str) -> frozenset[str]:
    return frozenset(text.replace(",", " ").split())


class Remote:
    """A Python process on one dispatch path."""

    def __init__(self, path: str = "native"):
        self.path = path
        keep = {k: v for k, v in os.environ.items() if k not in SWITCHES}
        env = {**keep, **THREADS, **dispatch_paths()[path], "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "parity.remote"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
        )

    def ask(self, function: str, *args: Any) -> None:
        """Start `function` ("module:name" inside parity) there; `answer` waits for its result."""
        try:
            pickle.dump((function, args), self._process.stdin, protocol=5)
            self._process.stdin.flush()  # pyright: ignore[reportOptionalMemberAccess]
        except (BrokenPipeError, OSError):
            pass  # `answer` says how the process ended

    def answer(self) -> Any:
        """The result of the earliest `ask` not yet answered."""
        try:
            kind, result = pickle.load(self._process.stdout)  # pyright: ignore[reportArgumentType]
        except (EOFError, pickle.UnpicklingError, OSError):
            code = self._process.wait()
            raise ParityError(f"The process on the dispatch path {self.path!r} ended with exit code {code}.") from None
        if kind == "error":
            raise ParityError(f"On the dispatch path {self.path!r}: {result}")
        return result

    def call(self, function: str, *args: Any) -> Any:
        """`ask`, then `answer`."""
        self.ask(function, *args)
        return self.answer()

    def kill(self) -> None:
        """End the process without waiting for what it does; whoever waits for an answer is told."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()  # pyright: ignore[reportOptionalMemberAccess]
        self._process.stdout.close()  # pyright: ignore[reportOptionalMemberAccess]
        self._process.wait()


def current_path() -> str | None:
    """The name of the dispatch path that this process is on, None where its variables are those of no path."""
    here = _switched(os.environ)
    return next((name for name, variables in dispatch_paths().items() if _switched(variables) == here), None)


def _switched(variables: Mapping[str, str]) -> dict[str, object]:
    """The switches that are set; NumPy's is a set of features, in any order."""
    found: dict[str, object] = {k: v for k in SWITCHES if (v := variables.get(k))}
    if "NPY_DISABLE_CPU_FEATURES" in found:
        found["NPY_DISABLE_CPU_FEATURES"] = _features(variables["NPY_DISABLE_CPU_FEATURES"])
    return found


@cache
def names_on(path: str) -> frozenset[str]:
    """What `parity.environment.path_names` says in a process on a dispatch path."""
    if path == current_path():
        from parity.environment import path_names

        return path_names()
    remote = Remote(path)
    try:
        return remote.call("parity.environment:path_names")
    finally:
        remote.close()


def _serve(requests: io.BufferedReader, results: io.BufferedWriter) -> None:
    """Answer calls until the pipe closes."""
    while True:
        try:
            function, args = pickle.load(requests)
        except (EOFError, OSError):
            return
        module, name = function.split(":")
        try:
            found = ("result", getattr(importlib.import_module(module), name)(*args))
        except Exception as e:
            found = ("error", f"{type(e).__name__}: {e}")
        pickle.dump(found, results, protocol=5)
        results.flush()


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with its owner's pipe
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up among the results
    _serve(sys.stdin.buffer, results)


if __name__ == "__main__":
    _main()
