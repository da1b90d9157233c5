"""Options that several commands share."""

from __future__ import annotations

from typing import Any

import click

DTYPES = click.Choice(["float64", "float32", "float16", "bfloat16"])

OVERLAY = click.option(
    "--tolerances", "overlay", metavar="FILE", help="A table of your own, laid over the project's key by key."
)


def _load_ops(ctx: click.Context, param: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Register the ops of the files; their names."""
    if not paths:
        return ()
    from parity.own import load_ops

    return load_ops(paths)


def own_ops(*, default: bool = False) -> Any:
    """The option `--ops`; with `default` the command gets their names as `own`, to take them where none is named."""
    text = "Ops of your own: a Python file with a list OPS (may be repeated; see docs/own_ops.md)."
    return click.option(
        "--ops", "own", multiple=True, metavar="FILE.py", is_eager=True, callback=_load_ops, expose_value=default, help=text
    )  # fmt: skip
