"""How long a validation takes: `python -m benchmarks.validation [OP ...]`.

Every op's own functions of npimpl are validated as a user validates theirs, in a process of their own, in all dtypes and both
directions: once with an empty cache and once again.  Importing torch, which the references need, is done before.  Prints
seconds, slowest first.
"""

from __future__ import annotations

import os
import sys
import tempfile
from time import perf_counter

WHERE = {"forward": "npimpl.{}", "backward": "npimpl.{}_backward"}


def _names(op: str) -> tuple[str, str | None]:
    from parity.loader import catalogue

    pair = catalogue()[op]
    own = pair.ours or f"npimpl.{op}"
    back = pair.ours_backward or f"npimpl.{op}_backward" if pair.differentiable else None
    return tuple(None if n is None else ":".join(n.rsplit(".", 1)) for n in (own, back))


def seconds(op: str) -> tuple[float, float, str]:
    """The first and the second validation of an op, and the verdict."""
    from parity.request import validation
    from parity.validation import validate

    forward, backward = _names(op)
    found = []
    for seed in (1, 2):
        started = perf_counter()
        result = validate(validation(forward, op, backward=backward, seed=seed))
        found.append(perf_counter() - started)
    return found[0], found[1], result.verdict()


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as empty:
        os.environ["XDG_CACHE_HOME"] = empty
        import torch  # noqa: F401 - what is timed is beyond this

        from parity.loader import select

        rows = []
        for op in select(sys.argv[1:]):
            rows.append((op, *seconds(op)))
            print(f"{rows[-1][0]:45} {rows[-1][1]:6.2f} {rows[-1][2]:6.2f}  {rows[-1][3]}", file=sys.stderr, flush=True)
    print(f"{'op':45} {'first':>6} {'again':>6}")
    for op, first, again, verdict in sorted(rows, key=lambda r: -r[1]):
        print(f"{op:45} {first:6.2f} {again:6.2f}  {verdict}")


if __name__ == "__main__":
    main()
