"""Kernels that misbehave, each in its own way: relu, right but for what its name says.

Those made by `at_infinities` misbehave only where the input holds an infinity, so that everything else can be seen to be
graded as usual; the others always do.  Only NumPy and what the mischief itself needs is imported.
"""

import builtins
import ctypes
import functools
import itertools
import math
import os
import random
import re
import signal
import sys
import threading
import time
import warnings

import numpy as np


def relu(x):
    """What all of them should return."""
    return np.maximum(x, x.dtype.type(0))


def at_infinities(trick):
    """A relu that does `trick(x)` where x holds an infinity, and returns what that returns."""

    @functools.wraps(trick)
    def candidate(x):
        return trick(x) if np.isinf(x).any() else relu(x)

    return candidate


# -- ends its process ----------------------------------------------------------------------------------------------------------
@at_infinities
def segfaults(x):
    ctypes.string_at(8)


@at_infinities
def aborts(x):
    os.abort()


@at_infinities
def exits_at_once(x):
    os._exit(7)


@at_infinities
def overflows_the_c_stack(x):
    @ctypes.CFUNCTYPE(None)
    def again():
        again()

    sys.setrecursionlimit(10**7)
    again()


@at_infinities
def is_terminated(x):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)


@at_infinities
def closes_all_descriptors(x):
    os.closerange(3, 1000)
    return relu(x)


@at_infinities
def writes_junk_into_all_descriptors(x):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    return relu(x)


# -- does not come back --------------------------------------------------------------------------------------------------------
@at_infinities
def loops_in_python(x):
    while True:
        pass


@at_infinities
def loops_in_c(x):
    return sum(itertools.repeat(0))


@at_infinities
def backtracks(x):
    return re.match(r"(a+)+$", "a" * 60 + "b")


@at_infinities
def stops_itself(x):
    os.kill(os.getpid(), signal.SIGSTOP)


@at_infinities
def ignores_all_signals_and_sleeps(x):
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    time.sleep(600)


# -- raises --------------------------------------------------------------------------------------------------------------------
class Strange(BaseException):
    """Not an Exception."""


class Speechless(Exception):
    """Cannot be shown."""

    def __str__(self):
        raise RuntimeError("no")


def _raising(name, make):
    def candidate(x):
        if np.isinf(x).any():
            raise make()
        return relu(x)

    candidate.__name__ = candidate.__qualname__ = name
    return candidate


exits = _raising("exits", lambda: SystemExit(0))
interrupts = _raising("interrupts", KeyboardInterrupt)
raises_a_base_exception = _raising("raises_a_base_exception", lambda: Strange("odd"))
raises_without_words = _raising("raises_without_words", Speechless)
raises_at_length = _raising("raises_at_length", lambda: ValueError("word " * 10**6))
raises_in_other_letters = _raising("raises_in_other_letters", lambda: ValueError("größer als \N{SNOWMAN}"))
raises_unprintably = _raising("raises_unprintably", lambda: ValueError("half \ud800, bell \a, escape \x1b[2J"))


@at_infinities
def recurses(x):
    return recurses(x)


TIMES = [0]


@at_infinities
def raises_when_called_again(x):
    TIMES[0] += 1
    if TIMES[0] % 2 == 0:
        raise LookupError("used up")
    return relu(x)


@at_infinities
def allocates_100_gigabytes(x):
    return np.ones(100 << 27)


LEAK = []


def leaks(x):
    LEAK.append(np.ones(64 << 17))
    return relu(x)


# -- returns what it should not ------------------------------------------------------------------------------------------------
def _returning(name, make):
    make.__name__ = make.__qualname__ = name
    return at_infinities(make)


returns_a_list = _returning("returns_a_list", lambda x: relu(x).tolist())
returns_none = _returning("returns_none", lambda x: None)
returns_a_string = _returning("returns_a_string", lambda x: "relu")
returns_a_dict = _returning("returns_a_dict", lambda x: {"array": relu(x)})
returns_objects = _returning("returns_objects", lambda x: relu(x).astype(object))
returns_records = _returning("returns_records", lambda x: np.rec.fromarrays([relu(x), x]))
returns_texts = _returning("returns_texts", lambda x: relu(x).astype(str))
returns_dates = _returning("returns_dates", lambda x: np.zeros(x.shape, "M8[s]"))
returns_swapped_bytes = _returning("returns_swapped_bytes", lambda x: relu(x).astype(x.dtype.newbyteorder()))
returns_two = _returning("returns_two", lambda x: (relu(x), relu(x)))
returns_a_huge_integer = _returning("returns_a_huge_integer", lambda x: 10**5000)
returns_billions = _returning("returns_billions", lambda x: np.broadcast_to(np.float32(1), (10**6, 10**6)))
returns_400_megabytes = _returning("returns_400_megabytes", lambda x: np.zeros(10**8, np.float32))
returns_a_matrix = _returning("returns_a_matrix", lambda x: np.matrix(relu(x)))
returns_a_view = _returning("returns_a_view", lambda x: x[::-1][::-1])


@at_infinities
def returns_a_generator(x):
    yield from relu(x)


@at_infinities
def returns_a_deep_list(x):
    found = []
    for _ in range(5000):
        found = [found]
    return found


@at_infinities
def returns_a_deep_list_just_encodable(x):
    found = []
    for _ in range(300):
        found = [found]
    return found


def returns_masked(x):
    return np.ma.masked_array(relu(x))


@at_infinities
def returns_its_input(x):
    np.maximum(x, 0)
    return x


# -- its input -----------------------------------------------------------------------------------------------------------------
@at_infinities
def writes_into_a_locked_input(x):
    np.maximum(x, 0, out=x)
    return x.copy()


def writes_where_it_may(x):
    found = relu(x)
    if x.flags.writeable:
        x[...] = 0
    return found


@at_infinities
def writes_behind_the_lock(x):
    found = relu(x)
    ctypes.memset(x.ctypes.data, 0, x.nbytes)
    return found


# -- talks, and leaves things behind -------------------------------------------------------------------------------------------
@at_infinities
def prints_megabytes(x):
    print("x" * (3 << 20))
    return relu(x)


@at_infinities
def prints_megabytes_as_errors(x):
    print("y" * (3 << 20), file=sys.stderr)
    return relu(x)


@at_infinities
def writes_megabytes_to_descriptor_1(x):
    for _ in range(48):
        os.write(1, b"z" * (1 << 16))
    return relu(x)


def warns(x):
    warnings.warn("relu is going away", FutureWarning, stacklevel=2)
    return relu(x)


def warns_of_each_value(x):
    warnings.warn(f"the sum is {np.nansum(x)} at {time.perf_counter_ns()}", RuntimeWarning, stacklevel=2)
    return relu(x)


@at_infinities
def leaves_a_thread(x):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return relu(x)


@at_infinities
def forks_a_child_that_lives_on(x):
    if os.fork() == 0:
        time.sleep(600)
    return relu(x)


@at_infinities
def forks_a_child_in_a_session_of_its_own(x):
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    return relu(x)


@at_infinities
def forks_and_both_return(x):
    os.fork()
    return relu(x)


@at_infinities
def forks_and_dies(x):
    if os.fork() == 0:
        time.sleep(600)
    os._exit(9)


def differs_each_time(x):
    """The sigmoid with a noise below its rounding errors."""
    noise = np.random.Generator(np.random.PCG64()).uniform(-2e-8, 2e-8, x.shape)
    return np.asarray((1 + noise) / (1 + np.exp(-x.astype(np.float64)))).astype(x.dtype)


@at_infinities
def leaves_many_threads(x):
    for i in range(20):
        threading.Thread(target=time.sleep, args=(60,), daemon=True, name=f"worker {i}").start()
    return relu(x)


# -- changes what others share -------------------------------------------------------------------------------------------------
def _after(name, act):
    def candidate(x):
        act()
        return relu(x)

    candidate.__name__ = candidate.__qualname__ = name
    return candidate


seeds_numpy = _after("seeds_numpy", lambda: np.random.seed(0))  # noqa: NPY002
seeds_python = _after("seeds_python", lambda: random.seed(0))
patches_builtins = _after("patches_builtins", lambda: setattr(builtins, "sum", max))
patches_exp = _after("patches_exp", lambda: setattr(np, "exp", np.negative))
patches_pi = _after("patches_pi", lambda: setattr(math, "pi", 3.0))
changes_folder = _after("changes_folder", lambda: os.chdir("/"))
changes_the_environment = _after("changes_the_environment", lambda: os.environ.update(OMP_NUM_THREADS="8"))
changes_the_recursion_limit = _after("changes_the_recursion_limit", lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 1))
changes_the_print_options = _after("changes_the_print_options", lambda: np.set_printoptions(precision=3))
changes_signal_handlers = _after("changes_signal_handlers", lambda: signal.signal(signal.SIGUSR2, lambda *_: None))


def sets_numpys_errors(x):
    np.seterr(all="raise")
    with np.errstate(all="ignore"):
        return relu(x)


def forgets_numpy(x):
    del sys.modules["numpy"]
    return relu(x)


@at_infinities
def closes_its_streams(x):
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.close()
    sys.stdout = sys.stderr = None
    return relu(x)


# -- in the middle of nothing --------------------------------------------------------------------------------------------------
@at_infinities
def dies_a_moment_later(x):
    threading.Timer(0.05, os._exit, (5,)).start()
    time.sleep(30)
