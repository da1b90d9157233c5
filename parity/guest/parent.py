"""A candidate's process ends when the engine's does, whatever it is doing then."""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
GLANCE = 0.5
"""Seconds between two looks whether the engine is still there."""


def end_with(parent, at_once):
    """End this process and its group when the process `parent` is gone.

    With `at_once` the kernel does it (on Linux), even where the candidate never lets another thread run.  It acts when the
    thread ends that has started this process, so this is for the engine's main thread only.
    """
    if at_once and sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _thread.start_new_thread(_watch, (parent, time.sleep, os.getppid, os.killpg))  # not one that a candidate can list


def _watch(parent, sleep, getppid, killpg):
    """The functions are those from before the candidate was loaded, which may replace them."""
    while getppid() == parent:
        sleep(GLANCE)
    killpg(0, signal.SIGKILL)
