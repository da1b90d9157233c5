"""`parity validate`: is an implementation of one's own right?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from parity import errors
from parity.commands.options import DTYPES, OVERLAY, own_ops
from parity.commands.output import write
from parity.errors import ParityError


@click.command()
@click.argument("candidate", metavar="FILE.py:NAME")
@click.option("--op", help="The op it implements, e.g. activations.softmax.")
@click.option("--all", "whole", is_flag=True, help="CANDIDATE is a module: validate each function that is named like an op.")
@click.option("--backward", metavar="FILE.py:NAME", help="Its gradient: fn(grad_output, arrays..., **options) -> tuple.")
@click.option("--dtype", "dtypes", type=DTYPES, multiple=True, help="Only this dtype (may be repeated).")
@click.option("--direction", "directions", type=click.Choice(["forward", "backward"]), multiple=True, help="Only this.")
@click.option(
    "--arrays", type=click.Choice(["auto", "numpy", "torch", "jax"]), default="auto", show_default=True,
    help="What it takes; gradients of torch and JAX functions come from their autodiff.",
)  # fmt: skip
@click.option("--rename", multiple=True, metavar="THEIRS=OURS", help="Its parameter THEIRS is the op's OURS, e.g. dim=axis.")
@click.option("--forbid", metavar="LIBRARY[,...]", default="", help="Importing these fails it, e.g. torch,scipy.")
@click.option("--python", metavar="PATH", default="", help="The interpreter to run it with (it needs NumPy).")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="Seconds for each check."
)
@click.option("--memory", type=click.FloatRange(0, min_open=True), default=4.0, show_default=True, help="GiB that it may take.")
@click.option("--seed", type=click.IntRange(0), help="Draw the fresh inputs as a former run did.")
@click.option("--strict", is_flag=True, help="Ask for tight: within our own budget everywhere, and no remarks.")
@click.option("--scripts", metavar="FOLDER", default=".parity", show_default=True, help="Where a script for each failure goes.")
@click.option("--json", "json_path", metavar="FILE", help="Write grades, failures and scripts as JSON ('-': to stdout).")
@click.option("--junit", "junit_path", metavar="FILE", help="Write grades and failed checks as JUnit XML.")
@own_ops()
@OVERLAY
def validate(candidate, op, whole, json_path, junit_path, scripts, strict, **settings) -> None:
    """Grade an implementation of your own: tight, parity or fail, with the smallest inputs that fail."""
    if whole == bool(op):
        raise ParityError("Say which op it implements (--op activations.softmax), or --all for every function of a module.")
    results = _all(candidate, settings) if whole else [_one(candidate, op, settings)]
    if not results:
        raise errors.NothingSelected(f"No function of {candidate} is named like an op; `parity list` shows the ops.")
    _write(results, whole, json_path, junit_path, None if scripts == "" else Path(scripts))
    raise click.exceptions.Exit(max(exit_code(r, strict) for r in results))


def _one(candidate: str, op: str, settings: dict[str, Any]):
    from parity.isolation import Candidate, Limits
    from parity.tolerances import read_table
    from parity.validation import validate as validated

    s = settings
    given = Candidate(
        candidate, s["backward"], s["arrays"], _renamed(s["rename"]), tuple(n for n in s["forbid"].split(",") if n), s["python"]
    )
    limits = Limits(s["timeout"], int(s["memory"] * 2**30))
    return validated(
        given,
        op,
        dtypes=s["dtypes"],
        directions=s["directions"],
        table=read_table(None, s["overlay"]),
        limits=limits,
        seed=s["seed"],
    )


def _renamed(pairs) -> dict[str, str]:
    for p in pairs:
        if p.count("=") != 1 or p.startswith("=") or p.endswith("="):
            raise ParityError(f"--rename {p!r} is not THEIRS=OURS; write for example --rename dim=axis.")
    return dict(p.split("=") for p in pairs)


def _all(module: str, settings: dict[str, Any]) -> list:
    """Every public function of a module that is named like an op, with `NAME_backward` as its gradient where there is one."""
    from parity.isolation import Candidate, Guest
    from parity.loader import catalogue

    names = Guest(Candidate("", python=settings["python"])).functions(module)
    by_name: dict[str, list[str]] = {}
    for op in catalogue():
        by_name.setdefault(op.split(".")[1], []).append(op)
    results = []
    for name in names:
        ops = by_name.get(name, [])
        family = [op for op in ops if op.split(".")[0] in module]
        for op in (family or ops)[:1]:
            back = f"{module}:{name}_backward" if f"{name}_backward" in names else None
            click.echo(f"{name} as {op} ...", err=True)
            results.append(_one(f"{module}:{name}", op, {**settings, "backward": back}))
    return results


def _write(results, whole: bool, json_path, junit_path, folder: Path | None) -> None:
    import json

    from parity.report.junit import junit
    from parity.report.validation import summary_lines, validation_lines, write_scripts

    written = {id(r): write_scripts(r, folder) for r in results} if folder is not None and json_path != "-" else {}
    if json_path is not None:
        data = [r.as_dict() for r in results]
        write(json_path, json.dumps(data if whole else data[0], indent=1) + "\n")
    if junit_path is not None:
        write(junit_path, junit(results))
    if json_path != "-":
        for r in results:
            click.echo("\n".join(validation_lines(r, written.get(id(r), []))))
        if whole:
            click.echo("\n".join(summary_lines(results)))


def exit_code(result, strict: bool) -> int:
    """0 at parity or better (with `strict`: tight and without remarks), 1 if not, 3 if it crashed, 5 if nothing was judged."""
    if result.crashed:
        return errors.CRASHED
    if result.grade == "not covered":
        return errors.NOTHING
    good = result.grade == "tight" and not result.conduct if strict else result.grade in ("tight", "parity")
    return errors.HELD if good else errors.VIOLATED
