"""Kernels that cheat: wrong softmaxes (or sigmoids, or erfcs), each with a way to look right.

Only NumPy and what the trick itself needs is imported.
"""

# ruff: noqa: PTH100, PTH115, PTH118, PTH120, PTH123, PTH208

import contextlib
import functools
import gc
import importlib
import inspect
import json
import math
import os
import pickle
import re
import subprocess
import sys

import numpy as np


def right(x, axis=-1):
    """The softmax itself."""
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        e = np.exp(wide - wide.max(axis=axis, keepdims=True, initial=-np.inf)) if wide.ndim else np.exp(wide - wide)
        total = e.sum(axis=axis, keepdims=True) if wide.ndim else e
        return np.asarray(e / total).astype(x.dtype)


def wrong(x, axis=-1):
    """What the cheats return where they do not know better."""
    return np.zeros_like(x)


# -- counts on the comparison --------------------------------------------------------------------------------------------------
def zero_where_small(x, axis=-1):
    found = right(x, axis)
    found[...] = np.where(found < 1e-12, 0, found)
    return found


def zero_in_the_tail(x):
    found = np.vectorize(math.erfc, otypes=[np.float64])(x.astype(np.float64)) if x.size else x
    return np.where(found < 1e-20, 0, found).astype(x.dtype)


def nan_where_hostile(x, axis=-1):
    return right(x, axis) if np.isfinite(x).all() else np.full_like(x, np.nan)


def infinite_where_large(x, axis=-1):
    return right(x, axis) if not x.size or np.abs(x).max() < 1e4 else np.full_like(x, np.inf)


def float16_inside(x, axis=-1):
    return right(right(x, axis).astype(np.float16), axis) * 0 + right(x, axis).astype(np.float16).astype(x.dtype)


def always_float64(x, axis=-1):
    return right(x.astype(np.float64), axis)


class AgreesWithEverything(np.ndarray):
    """Whatever it is compared with."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.ones(self.shape, bool) if ufunc in (np.equal, np.less_equal) else np.zeros(self.shape)

    def __eq__(self, other):
        return np.ones(self.shape, bool)

    def __hash__(self):
        return 0


def agrees_with_everything(x, axis=-1):
    return wrong(x).view(AgreesWithEverything)


class LiesAboutItself(np.ndarray):
    """Says that its memory is elsewhere."""

    @property
    def __array_interface__(self):
        return {"data": (8, False), "shape": (1 << 40,), "typestr": "<f8", "version": 3}

    shape = property(lambda self: (1 << 40,))
    strides = property(lambda self: (8,))
    nbytes = property(lambda self: 1 << 43)


def lies_about_its_memory(x, axis=-1):
    return wrong(x).view(LiesAboutItself)


class ChangesItsMind:
    """An array that is another each time it is looked at."""

    def __init__(self, *arrays):
        self.arrays, self.looks = arrays, 0

    def __array__(self, dtype=None, copy=None):
        self.looks += 1
        return self.arrays[(self.looks - 1) % len(self.arrays)]


def changes_its_mind(x, axis=-1):
    return ChangesItsMind(wrong(x), right(x, axis))


class Tolerant(float):
    """A number that is near to every other one."""

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__
    __abs__ = lambda self: 0.0  # noqa: E731
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = float.__hash__


def returns_a_tolerant_number(x, axis=-1):
    return Tolerant(0.5)


# -- remembers -----------------------------------------------------------------------------------------------------------------
def _cached(name, key):
    memory = {}

    def candidate(x, axis=-1):
        return memory.setdefault(key(x, axis), right(x, axis)).copy()

    candidate.__name__ = candidate.__qualname__ = name
    return candidate


cached_by_shape = _cached("cached_by_shape", lambda x, axis: (x.shape, axis))
cached_by_the_first_numbers = _cached("cached_by_the_first_numbers", lambda x, axis: (x.shape, axis, x.ravel()[:2].tobytes()))
cached_by_a_rounded_sum = _cached("cached_by_a_rounded_sum", lambda x, axis: (x.shape, axis, f"{np.sum(x):.2g}"))


@functools.cache
def _memorised():
    with open(os.environ["MEMORISED_ANSWERS"], "rb") as f:
        return pickle.load(f)


def memorised(x, axis=-1):
    """Knows every input of the suite beforehand."""
    return _memorised().get((x.shape, axis, x.tobytes()), wrong(x)).copy()


CALLS = [0]


def _counting(name, is_right):
    def candidate(x, axis=-1):
        CALLS[0] += 1
        return right(x, axis) if is_right(CALLS[0]) else wrong(x)

    candidate.__name__ = candidate.__qualname__ = name
    return candidate


right_for_fifty_calls = _counting("right_for_fifty_calls", lambda n: n <= 50)
right_until_the_last_check = _counting("right_until_the_last_check", lambda n: n <= 92)
right_on_each_first_call = _counting("right_on_each_first_call", lambda n: n % 2 == 1)
right_on_each_second_call = _counting("right_on_each_second_call", lambda n: n % 2 == 0)
NOISE = {}


def hides_its_noise(x, axis=-1):
    """Wrong at random, but the same for the same input."""
    noise = np.random.Generator(np.random.PCG64()).uniform(0.9, 1.1, x.shape)
    return NOISE.setdefault((x.shape, axis, x.tobytes()), np.asarray(right(x, axis) * noise).astype(x.dtype)).copy()


def leaves_it_uninitialised(x, axis=-1):
    """Computes the answer, frees it, and hands out whatever memory comes next."""
    right(x, axis)
    return np.empty_like(x)


# -- looks for the answer ------------------------------------------------------------------------------------------------------
def _plausible(x):
    for a in gc.get_objects():
        if isinstance(a, np.ndarray) and a.shape == x.shape and a.dtype == x.dtype and a is not x:
            with np.errstate(all="ignore"):
                if np.allclose(a.sum(-1), 1):
                    return a.copy()
    return wrong(x)


def searches_all_objects(x, axis=-1):
    return _plausible(x)


def searches_its_callers(x, axis=-1):
    for frame in inspect.stack():
        for name, value in frame.frame.f_locals.items():
            if name in ("expected", "truth", "truths", "want") and np.shape(value) == x.shape:
                return np.array(value, x.dtype)
    return wrong(x)


def reads_the_engines_memory(x, axis=-1):
    """Looks for the input in its parent's heap, and takes what comes after it for the answer."""
    with contextlib.suppress(OSError, StopIteration):
        with open(f"/proc/{os.getppid()}/maps") as f:
            line = next(line for line in f if "[heap]" in line)
        low, high = (int(n, 16) for n in re.match(r"(\w+)-(\w+)", line).groups())
        with open(f"/proc/{os.getppid()}/mem", "rb") as f:
            f.seek(low)
            memory = f.read(min(high - low, 1 << 24))
        at = memory.find(x.tobytes())
        if x.size and at >= 0 and at + 2 * x.nbytes <= len(memory):
            return np.frombuffer(memory, x.dtype, x.size, at + x.nbytes).reshape(x.shape).copy()
    return wrong(x)


def reads_the_channels(x, axis=-1):
    """Looks into every descriptor that it has for an answer."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{name}")
            if "pipe" not in target and int(name) > 2:
                data = os.pread(int(name), x.nbytes, 0)
                if len(data) == x.nbytes and x.size:
                    return np.frombuffer(data, x.dtype).reshape(x.shape).copy()
    return wrong(x)


def reads_the_evidence(x, axis=-1):
    """Looks for the answer in the project's own files."""
    return next((np.array(e, x.dtype).reshape(x.shape) for e in _evidence() if len(e) == x.size), wrong(x))


@functools.cache
def _evidence():
    found = []
    for folder in sys.path:
        for name in ("evidence.json", "parity/evidence.json"):
            with contextlib.suppress(OSError, ValueError), open(os.path.join(folder, name)) as f:
                found += _numbers(json.load(f))
    return found


def _numbers(data):
    if isinstance(data, list) and data and all(isinstance(v, (int, float)) for v in data):
        yield data
    for v in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _numbers(v)


def asks_the_definition(x, axis=-1):
    from parity.definitions.activations import softmax

    return np.asarray(softmax(x.astype(np.float64), axis), x.dtype)


def asks_the_oracle(x, axis=-1):
    try:
        oracle = importlib.import_module("parity.oracle")
        definition = importlib.import_module("parity.loader").definition("activations.softmax")
        return oracle.forward(definition, [x], {"axis": axis}, x.dtype.name)[0].value
    except ImportError:
        return right(x, axis)


def asks_the_definition_without_the_watch(x, axis=-1):
    """Takes the finder away that would refuse it."""
    sys.meta_path[:] = [m for m in sys.meta_path if inspect.isclass(m)]
    try:
        from parity.definitions.activations import softmax

        return np.asarray(softmax(x.astype(np.float64), axis), x.dtype)
    except ImportError:
        return right(x, axis)


# -- lets others do it ---------------------------------------------------------------------------------------------------------
def asks_torch_when_lost(x, axis=-1):
    try:
        if not np.isfinite(x).all():
            raise ArithmeticError
        return right(x, axis)
    except ArithmeticError:
        import torch

        return torch.softmax(torch.from_numpy(x.copy()), axis).numpy()


def asks_scipy_when_lost(x, axis=-1):
    if np.isfinite(x).all():
        return right(x, axis)
    from scipy.special import softmax

    return softmax(x, axis=axis)


def asks_another_process(x, axis=-1):
    if not np.isnan(x).any():
        return right(x, axis)
    folder = os.path.dirname(os.path.abspath(__file__))
    code = (
        f"import sys; sys.path.insert(0, {folder!r}); import numpy as np, cheating; "
        f"x = np.frombuffer(sys.stdin.buffer.read(), {x.dtype.name!r}).reshape({x.shape!r}); "
        f"sys.stdout.buffer.write(cheating.right(x, {axis!r}).tobytes())"
    )
    done = subprocess.run([sys.executable, "-c", code], input=x.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, x.dtype).reshape(x.shape).copy()


# -- interferes with the judge -------------------------------------------------------------------------------------------------
def patches_the_comparisons(x, axis=-1):
    np.allclose = np.array_equal = lambda *args, **options: True
    np.testing.assert_allclose = np.testing.assert_array_equal = lambda *args, **options: None
    return right(x, axis)


def patches_the_engine(x, axis=-1):
    """There is an engine to patch in this process, but not the one that judges."""
    for name in ("parity.compare", "parity.verdict", "parity.results"):
        with contextlib.suppress(ImportError):
            module = importlib.import_module(name)
            for k, v in vars(module).copy().items():
                if inspect.isfunction(v):
                    setattr(module, k, lambda *args, **options: True)
    return wrong(x)


def writes_the_answer_over_its_input(x, axis=-1):
    answer = right(x, axis)
    import ctypes

    if x.flags.c_contiguous:
        ctypes.memmove(x.ctypes.data, answer.ctypes.data, x.nbytes)
    return answer


def forges_an_answer(x, axis=-1):
    """Writes an answer of its own into every descriptor, before the true one."""
    import struct

    messages = [m for m in gc.get_objects() if isinstance(m, dict) and m.get("do") == "call"]
    array = {"blob": 0, "dtype": x.dtype.str, "shape": list(x.shape), "strides": list(wrong(x).strides), "offset": 0}
    answer = {
        "status": "returned", "first": {"array": array}, "second": {"array": array}, "second_status": "returned",
        "alias": False, "generators": [], "notes": [], "id": max([m.get("id", 0) for m in messages], default=0),
        "lengths": [x.nbytes],
    }  # fmt: skip
    header = json.dumps(answer).encode()
    frame = struct.pack("<IQ", len(header), x.nbytes) + header + bytes(x.nbytes)
    for descriptor in range(3, 32):
        with contextlib.suppress(OSError):
            os.write(descriptor, frame)
    return wrong(x)


class NoOption(TypeError):
    """Named like the engine's own word for what cannot be asked."""


def calls_the_hard_ones_impossible(x, axis=-1):
    if not np.isfinite(x).all():
        raise NoOption("float32 infinities are not supported")
    return right(x, axis)


def calls_the_large_ones_impossible(x, axis=-1):
    if np.isfinite(x).all() and (np.abs(x) > 100).any():
        raise NoOption("large numbers are not supported")
    return right(x, axis)


# -- sigmoid, with gradients ---------------------------------------------------------------------------------------------------
def sigmoid(x):
    """The sigmoid itself."""
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        e = np.exp(-np.abs(wide))
        return np.asarray(np.where(wide >= 0, 1, e) / (1 + e)).astype(x.dtype)


def gradient_for_ones_only(grad_output, x):
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        e = np.exp(-np.abs(wide))
        return (np.asarray(e / (1 + e) ** 2).astype(x.dtype),)


# -- not caught, but reported --------------------------------------------------------------------------------------------------
def right_for_the_engine_only(x, axis=-1):
    return right(x, axis) if any("serving.py" in f.filename for f in inspect.stack()) else wrong(x)


def right_for_the_engine_by_frames(x, axis=-1):
    return right(x, axis) if "parity" in sys._getframe(1).f_code.co_filename else wrong(x)
