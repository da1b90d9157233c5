"""Where the chunks of a sweep run: worker processes of this machine, or a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context

from parity.errors import ParityError
from parity.parallel import start_worker

SCHEMES = ("tcp://", "tls://", "ws://", "wss://", "ucx://", "inproc://")
SECONDS = 10
"""How long to look for a Dask scheduler."""


@contextlib.contextmanager
def open_executor(where: str) -> Iterator[Executor]:
    """The executor that `where` means: a number of worker processes, or the address of a Dask scheduler."""
    if where.isdecimal() and int(where) > 0:
        with _processes(int(where)) as executor:
            yield executor
    elif where.startswith(SCHEMES):
        with _dask(where) as executor:
            yield executor
    else:
        raise ParityError(
            f"{where!r} is no executor; give a number of worker processes, or a Dask scheduler's tcp://HOST:PORT."
        )


@contextlib.contextmanager
def _processes(count: int) -> Iterator[Executor]:
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=start_worker)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _dask(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise ParityError(
            f"{address!r} needs Dask, which is not installed: pip install 'npimpl[dask]', or give a number."
        ) from None
    try:
        client = Client(address, timeout=SECONDS)
    except (OSError, ValueError) as e:
        raise ParityError(
            f"No Dask scheduler answers at {address!r} ({type(e).__name__}); start one with `dask scheduler`."
        ) from None
    with client, client.get_executor(pure=False) as executor:
        yield executor
