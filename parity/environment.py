"""The versions and dispatch paths that numbers depend on: what is certified, and where we are."""

from __future__ import annotations

import ctypes
import os
import platform
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from parity.remote import current_path

CERTIFIED = {"torch": "2.13.0", "scipy": "1.17.1"}
"""Versions whose known differences were confirmed; there a difference that no longer occurs is a failure."""


@cache
def dispatch_path() -> str:
    """torch's CPU dispatch path: DEFAULT, AVX2 or AVX512."""
    import torch

    return torch.backends.cpu.get_cpu_capability()


# -- the processor -------------------------------------------------------------------------------------------------------------
class Processor(NamedTuple):
    """What Linux says of the processor; the sets are empty elsewhere."""

    maker: str
    name: str
    flags: frozenset[str]


@cache
def processor() -> Processor:
    """The processor of this machine."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return Processor("", platform.processor() or platform.machine(), frozenset())

    def field(pattern: str, default: str = "") -> str:
        found = re.search(rf"(?:{pattern})[ \t]*:[ \t]*(.*)", text)
        return found.group(1) if found else default

    flags = field("flags|Features").split()
    return Processor(field("vendor_id"), field("model name", platform.machine()), frozenset(flags))


MAKERS = {"GenuineIntel": "INTEL", "AuthenticAMD": "AMD"}
OPENBLAS_CORES = ("Katmai", "Nehalem", "Sandybridge", "Haswell", "SkylakeX")
"""The kernels for x86 in NumPy's own OpenBLAS, in rising order; from Sandybridge on they use AVX."""
MKL_FOR_ALL = {"COMPATIBLE", "SSE2", "SSE3", "SSSE3", "SSE4_1", "SSE4_2", "AVX"}
"""Values of MKL's switches with which it has the same kernels for every maker's processors; from AVX2 on it has not."""
ONEDNN_SETS = {
    "AVX512_CORE": ("avx512bw", "avx512dq", "avx512vl"),
    "AVX512_CORE_BF16": ("avx512_bf16",),
    "AVX512_CORE_FP16": ("avx512_fp16",),
    "AVX512_CORE_AMX": ("amx_bf16",),
}
"""The instruction sets that oneDNN has kernels of its own for, as its switch names them, in rising order; Linux's names."""
ONEDNN_LIMITS = {
    **dict.fromkeys(("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2"), 0),
    "AVX512_CORE": 1, "AVX512_CORE_VNNI": 1, "AVX512_CORE_BF16": 2, "AVX512_CORE_FP16": 3, "AVX10_1_512": 3,
}  # fmt: skip
"""How many of these sets each value of ONEDNN_MAX_CPU_ISA leaves on; every other value leaves all of them on."""


@cache
def path_names() -> frozenset[str]:
    """Every name that holds in this process: what `paths` in the table and `only` in the evidence may say.

    A name is torch's capability (AVX512), a dispatch path of `parity certify` (avx2_kernels), an instruction set that oneDNN
    uses (AVX512_CORE_AMX), the kernels that NumPy's OpenBLAS took (Haswell), or the processor's maker where MKL chooses its
    kernels by it (INTEL).
    """
    return frozenset({dispatch_path(), current_path() or "", *_onednn_sets(), _openblas_core(), _maker()} - {""})


def _onednn_sets() -> list[str]:
    """The instruction sets that oneDNN uses here, as far as its switch leaves them on."""
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    left_on = list(ONEDNN_SETS)[: ONEDNN_LIMITS.get(limit, len(ONEDNN_SETS))]
    return [name for name in left_on if processor().flags.issuperset(ONEDNN_SETS[name])]


def _openblas_core() -> str:
    """The kernels that NumPy's own OpenBLAS chose, as OPENBLAS_CORETYPE spells them; empty where NumPy has another BLAS."""
    import numpy

    for library in (Path(numpy.__file__).parents[1] / "numpy.libs").glob("libscipy_openblas64_*"):
        core = getattr(ctypes.CDLL(str(library)), "scipy_openblas_get_corename64_", None)
        if core is not None:
            core.restype = ctypes.c_char_p
            return core().decode()
    return ""


def _maker() -> str:
    """The maker of the processor, empty where MKL's switches make it treat all processors alike."""
    switches = (os.environ.get(name, "").upper().split(",")[0] for name in ("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS"))
    return "" if MKL_FOR_ALL & set(switches) else MAKERS.get(processor().maker, "")


# -- versions ------------------------------------------------------------------------------------------------------------------
@cache
def is_certified() -> bool:
    """Whether the installed references are the certified versions (a local suffix such as +cpu does not count)."""
    return all(_installed(name) == wanted for name, wanted in CERTIFIED.items())


def _installed(name: str) -> str:
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError:
        return ""


def versions() -> dict[str, str]:
    """The versions of everything that numbers depend on."""
    names = ("numpy", "torch", "scipy", "python-flint", "ml_dtypes")
    return {name: _installed(name) for name in names}
