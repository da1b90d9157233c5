"""`parity validate`: is an implementation of one's own right?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
@click.option(
    "--backward", metavar="[FILE.py:]NAME", help="Its gradient: fn(grad_output, arrays..., **options) -> tuple."
)  # fmt: skip
@click.option("--dtype", "dtypes", type=DTYPES, multiple=True, help="Only this dtype (may be repeated).")
@click.option("--direction", "directions", type=click.Choice(["forward", "backward"]), multiple=True, help="Only this.")
@click.option(
    "--where", metavar="EXPR", default="", help="The domain it was written for, e.g. 'x.ndim == 4' (ndim, shape, dtype)."
)
@click.option("--skip", metavar="HAZARD", multiple=True, help="Leave this hazard out (may be repeated).")
@click.option(
    "--strict", is_flag=False, flag_value="tight", default="", type=click.Choice(["", "tight", "parity", "stable"]),
    metavar="[tight|parity|stable]", help="Ask for this grade (alone: tight) without any limit or remark.",
)  # fmt: skip
@click.option(
    "--arrays", type=click.Choice(["auto", "numpy", "torch", "jax"]), default="auto", show_default=True,
    help="What it takes; gradients of torch and JAX functions come from their autodiff.",
)  # fmt: skip
@click.option("--rename", multiple=True, metavar="THEIRS=OURS", help="Its parameter THEIRS is the op's OURS, e.g. dim=axis.")
@click.option(
    "--option", multiple=True, metavar="NAME=VALUE", help="It implements this value of an option, e.g. approximate=tanh."
)
@click.option("--inplace", is_flag=True, help="It writes its result into its first array.")
@click.option("--forbid", metavar="LIBRARY[,...]", default="", help="Importing these fails it, e.g. torch,scipy.")
@click.option("--python", metavar="PATH", default="", help="The interpreter to run it with (it needs NumPy).")
@click.option("--timeout", type=float, default=10.0, show_default=True, help="Seconds for each check.")
@click.option("--total", type=float, default=300.0, show_default=True, help="Seconds for all checks.")
@click.option("--memory", type=float, default=4.0, show_default=True, help="GiB that it may take.")
@click.option("--seed", type=click.IntRange(0), help="Draw the fresh inputs as a former run did.")
@click.option("--scripts", metavar="FOLDER", default=".parity", show_default=True, help="Where a script for each bug goes.")
@click.option("--json", "json_path", metavar="FILE", help="Write grades, limits, bugs and scripts as JSON ('-': to stdout).")
@click.option("--junit", "junit_path", metavar="FILE", help="Write every check as JUnit XML.")
@click.option("--quiet", "-q", is_flag=True, help="No progress bar.")
@own_ops()
@OVERLAY
def validate(candidate, op, whole, json_path, junit_path, scripts, quiet, rename, option, forbid, **settings) -> None:
    """Judge an implementation of your own: tight, parity, stable or wrong, with the smallest inputs that fail."""
    if whole == bool(op):
        raise ParityError("Say which op it implements (--op activations.softmax), or --all for every function of a module.")
    settings |= {
        "rename": dict(_pairs("--rename", rename, "THEIRS=OURS", "dim=axis")),
        "option": {k: _value(v) for k, v in _pairs("--option", option, "NAME=VALUE", "approximate=tanh")},
        "forbid": tuple(n for n in forbid.split(",") if n),
    }
    results = _all(candidate, settings, quiet) if whole else [_one(candidate, op, settings, quiet)]
    if not results:
        raise errors.NothingSelected(f"No function of {candidate} is named like an op; `parity list` shows the ops.")
    _write(results, whole, json_path, junit_path, None if scripts == "" else Path(scripts))
    raise click.exceptions.Exit(max(map(exit_code, results)))


def _one(candidate: str, op: str, settings: dict[str, Any], quiet: bool):
    from parity.request import validation
    from parity.validation import validate as validated

    own = settings["backward"]
    if own is not None and ":" not in own:
        settings = {**settings, "backward": f"{candidate.rpartition(':')[0]}:{own}"}
    request = validation(candidate, op, **settings)
    with _progress(request.op, quiet) as advance:
        return validated(request, progress=advance)


@contextmanager
def _progress(op: str, quiet: bool) -> Iterator[Any]:
    """A bar on a terminal, of checks that are made."""
    from parity.report.progress import counted

    with counted(op, quiet) as advance:
        yield advance


def _pairs(option: str, given, form: str, example: str) -> Iterator[tuple[str, str]]:
    for p in given:
        name, equals, value = p.partition("=")
        if not (equals and name and value) or (form == "THEIRS=OURS" and "=" in value):
            raise ParityError(f"{option} {p!r} is not {form}; write for example {option} {example}.")
        yield name, value


def _value(text: str) -> Any:
    """A number, a boolean or None as Python writes it; any other word as it is."""
    import ast

    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _all(module: str, settings: dict[str, Any], quiet: bool) -> list:
    """Every public function of a module that is named like an op, with `NAME_backward` as its gradient where there is one."""
    from parity.isolation import Candidate, Guest
    from parity.loader import catalogue

    names = Guest(Candidate("", python=settings["python"])).functions(module)
    by_name: dict[str, list[str]] = {}
    for op in catalogue():
        by_name.setdefault(op.split(".")[1], []).append(op)
    results = []
    for name in sorted(names):
        ops = by_name.get(name, [])
        family = [op for op in ops if op.split(".")[0] in module]
        for op in (family or ops)[:1]:
            back = f"{module}:{name}_backward" if f"{name}_backward" in names else None
            click.echo(f"{name} as {op} ...", err=True)
            results.append(_one(f"{module}:{name}", op, {**settings, "backward": back}, quiet))
    return results


def _write(results, whole: bool, json_path, junit_path, folder: Path | None) -> None:
    import json

    from parity.report.junit import junit
    from parity.report.validation import summary_lines, validation_lines

    written = {id(r): _scripts(r, folder) for r in results} if folder is not None and json_path != "-" else {}
    if json_path != "-":
        for r in results:
            click.echo("\n".join(validation_lines(r, written.get(id(r), []))))
        if whole:
            click.echo("\n".join(summary_lines(results)))
    if json_path is not None:
        data = [r.as_dict() for r in results]
        write(json_path, json.dumps(data if whole else data[0], indent=1) + "\n")
    if junit_path is not None:
        write(junit_path, junit(results))


def _scripts(result, folder: Path) -> list[str]:
    """The paths of the scripts; a folder that cannot be written to costs the scripts, not the report."""
    from parity.report.validation import write_scripts

    try:
        return write_scripts(result, folder)
    except OSError as e:
        click.echo(
            f"no scripts: {str(folder)!r} cannot be written ({e.strerror}); give another folder with --scripts.", err=True
        )
        return []


def exit_code(result) -> int:
    """0 if it is right (with `strict`: as right as was asked for), 1 if not, 3 if it crashed, 5 if nothing was judged."""
    if result.crashed:
        return errors.CRASHED
    if result.grade == "not covered":
        return errors.NOTHING
    return errors.HELD if result.holds else errors.VIOLATED
