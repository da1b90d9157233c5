"""Exhaustive sweeps: an elementwise op at every bit pattern of a dtype, the worst confirmed by ball arithmetic.

A fast float64 reference (`parity/pairs/_wide.py`), independent of our implementations, looks at every value; ball
arithmetic judges the worst of every binade, every rounding that the reference calls wrong or cannot decide, and a random
sample, which also certifies the reference.  Chunks run on any `concurrent.futures.Executor` and are kept in a journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from typing import Any

from parity.errors import ParityError
from parity.journal import Journal
from parity.loader import catalogue, is_elementwise, select, wide
from parity.runner import SCIPY_DTYPES
from parity.sweeping.chunk import Task, run_chunk
from parity.sweeping.identity import conditions
from parity.sweeping.patterns import SWEPT, Ruler
from parity.sweeping.summary import summary

PARTIES = ("ours", "torch", "scipy")
CHUNKS = {"float32": 256, "float16": 16, "bfloat16": 16}
"""Into how many chunks a dtype is cut: a second of work each for float32, so that a kill loses little."""

Span = tuple[int, int]
Progress = Callable[[int, bool], None]


def layout(dtype: str) -> list[Span]:
    """All bit patterns of a dtype as chunks (first pattern, count)."""
    patterns = Ruler(dtype).patterns
    size = patterns // CHUNKS[dtype]
    return [(start, size) for start in range(0, patterns, size)]


def task(op: str, dtype: str, who: str = "ours") -> Task:
    """The sweep of an op in a dtype; a `ParityError` says why there is none."""
    if dtype not in SWEPT:
        raise ParityError(f"{dtype!r} cannot be swept; allowed: {', '.join(SWEPT)} (float64 has 2^64 values).")
    if who not in PARTIES:
        raise ParityError(f"{who!r} is no party; allowed: {', '.join(PARTIES)}.")
    chosen = select([op])
    if len(chosen) > 1:
        raise ParityError(f"{op!r} is a family of {len(chosen)} ops; name one of them, e.g. {chosen[0]}.")
    _check(chosen[0], dtype, who)
    return Task(chosen[0], dtype, who)


def _check(op: str, dtype: str, who: str) -> None:
    pair = catalogue()[op]
    if not is_elementwise(op):
        raise ParityError(f"{op} is not elementwise, so its inputs cannot be enumerated; judge it with `parity run {op}`.")
    if wide(op) is None:
        raise ParityError(f"{op} has no float64 form to sweep it with; add one of a few ulp to WIDE in parity/pairs/_wide.py.")
    if who != "ours" and getattr(pair, who) is None:
        raise ParityError(f"{who} has no {op}; sweep another party with --who ({', '.join(p for p in PARTIES if p != who)}).")
    if who == "scipy" and dtype not in SCIPY_DTYPES:
        raise ParityError(f"SciPy has no {dtype}; sweep float32, or another party.")
    gap = next((why for (w, d, _), why in pair.without.items() if w == who and d in (dtype, "*")), None)
    if gap is not None:
        raise ParityError(f"{op} in {dtype} cannot be swept for {who}: {gap.rstrip('.')}; sweep float32, or another party.")


def sweep(
    op: str,
    dtype: str,
    executor: Executor,
    *,
    who: str = "ours",
    chunks: Sequence[Span] | None = None,
    journal: Journal | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The record of `who`'s `op` over every bit pattern of `dtype`, or over `chunks` of them (first pattern, count).

    Chunks begin at a multiple of 16384 (or of a binade of the dtype, if that is smaller), and so do their lengths.
    What is in the `journal` is not done again.  `progress(values, resumed)` is called for each chunk.
    """
    what = task(op, dtype, who)
    spans = layout(dtype) if chunks is None else list(chunks)
    _check_spans(spans, Ruler(dtype))
    results = _run(what, spans, executor, journal, progress or (lambda values, resumed: None))
    found = wide(what.op)
    assert found is not None
    head = {"op": what.op, "dtype": dtype, "who": who, "options": dict(catalogue()[what.op].options)}
    return head | summary(Ruler(dtype), results, found[1]) | conditions(what)


def _check_spans(spans: Sequence[Span], ruler: Ruler) -> None:
    size = ruler.block
    for start, count in spans:
        if start % size or count % size or count <= 0 or not 0 <= start <= ruler.patterns - count:
            raise ParityError(
                f"The chunk ({start}, {count}) cannot be swept; give multiples of {size} that end by {ruler.patterns}."
            )
    if not spans:
        raise ParityError("There are no chunks to sweep; give at least one (first pattern, count), or None for all.")


def _run(what: Task, spans, executor: Executor, journal: Journal | None, progress: Progress) -> list[dict[str, Any]]:
    """The results of all chunks, in order: from the journal, or from the executor and into the journal."""
    names = [f"{start}+{count}" for start, count in spans]
    done = dict(journal.parts) if journal is not None else {}
    for name in names:
        if name in done:
            progress(done[name]["count"], True)
    missing = [(name, span) for name, span in zip(names, spans, strict=True) if name not in done]
    futures: dict[Future, str] = {executor.submit(run_chunk, what, *span): name for name, span in missing}
    try:
        for future in as_completed(futures):
            name = futures[future]
            done[name] = future.result()
            if journal is not None:
                journal.add(name, done[name])
            progress(done[name]["count"], False)
    except BrokenExecutor:
        kept = "what is finished is kept: start the same command again" if journal is not None else "start it again"
        raise ParityError(f"A worker ended in the middle of its work (out of memory?); {kept}, with fewer workers.") from None
    finally:
        for future in futures:
            future.cancel()
    return [done[name] for name in names]
