"""The command line; the longer commands are in `commands/`.  Results on stdout, progress on stderr."""

from __future__ import annotations

from typing import Any

import click

from parity import errors
from parity.commands.options import DTYPES, OVERLAY, own_ops
from parity.commands.output import write
from parity.errors import ParityError


class Parity(click.Group):
    """Turns errors into one sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a `ParityError` is the user's, anything else is ours (exit code 4)."""
        try:
            return super().invoke(ctx)
        except ParityError as e:
            click.echo(str(e), err=True)
            ctx.exit(e.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as e:
            import traceback

            traceback.print_exc()
            click.echo(
                f"internal error: {type(e).__name__}: {e}. This is a bug of parity; the lines above say where.", err=True
            )
            ctx.exit(errors.INTERNAL)


@click.group(cls=Parity, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="npimpl", message="parity %(version)s")
def main() -> None:
    """NumPy implementations judged against PyTorch, SciPy and the truth.

    \b
    Exit codes: 0 held, 1 a tolerance violated, 2 usage or table invalid,
    3 the candidate crashed, 4 internal error, 5 nothing selected.
    """


@main.command()
@click.argument("names", nargs=-1, metavar="[OP|FAMILY ...]")
@click.option("--dtype", "dtypes", type=DTYPES, multiple=True, help="Only this dtype (may be repeated).")
@click.option(
    "--reference", "references", type=click.Choice(["truth", "torch", "scipy"]), multiple=True, help="Only against this one."
)
@click.option(
    "--direction", "directions", type=click.Choice(["forward", "backward", "distribution"]), multiple=True, help="Only this."
)
@click.option("--hazard", "hazards", multiple=True, help="Only this hazard, e.g. one_inf or weight.one_inf.")
@click.option(
    "--json", "json_path", metavar="FILE", help="Write every verdict as JSON ('-': to stdout, instead of the report)."
)
@click.option("--jobs", "-j", type=click.IntRange(1), help="Worker processes (default: one per core).")
@click.option("--quiet", "-q", is_flag=True, help="No progress bar.")
@own_ops(default=True)
@OVERLAY
def run(names, dtypes, references, directions, hazards, json_path, jobs, quiet, overlay, own) -> None:
    """Check ours against PyTorch, SciPy and the truth, at ordinary and hostile inputs."""
    from parity import api
    from parity.parallel import count_checks
    from parity.report.progress import progress
    from parity.report.terminal import run_lines
    from parity.request import selection

    wanted = selection(names or own, dtypes=dtypes, references=references, directions=directions, hazards=hazards)
    with progress(count_checks(wanted), "checks", quiet) as advance:
        result = api.run_selection(wanted, overlay=overlay, jobs=jobs or api.cores(), progress=advance)
    if json_path is not None:
        write(json_path, result.to_json())
    if json_path != "-":
        click.echo("\n".join(run_lines(result, overlay)))
    raise click.exceptions.Exit(errors.HELD if result.holds else errors.VIOLATED)


@main.command()
@click.argument("names", nargs=-1, metavar="[OP|FAMILY ...]")
@click.option(
    "--format", "style", type=click.Choice(["text", "markdown", "json", "csv", "html"]), default="text", show_default=True
)
@click.option("--file", "path", metavar="FILE", help="Another table than the project's own.")
@own_ops(default=True)
@OVERLAY
def table(names, style, path, overlay, own) -> None:
    """Show the tolerance table: what may differ by how much, why, and who is right."""
    from parity import api
    from parity.report.table import render

    click.echo(render(api.table(*(names or own), path=path, overlay=overlay).table, style), nl=False)


@main.command()
@click.argument("op")
@click.option("--no-measure", is_flag=True, help="Leave out the worst errors, which are measured anew.")
@own_ops()
@OVERLAY
def explain(op, no_measure, overlay) -> None:
    """Everything about one op: equation, gradient, references, hazards, budgets with reasons, worst error measured."""
    from parity import loader
    from parity.report.explain import explain_lines
    from parity.tolerances import read_table

    chosen = loader.select([op])
    if len(chosen) > 1:
        raise ParityError(f"{op!r} is a family of {len(chosen)} ops; name one of them: {', '.join(chosen)}.")
    for line in explain_lines(chosen[0], read_table(None, overlay), measure=not no_measure):
        click.echo(line)


@main.command()
@click.argument("check_id", metavar="CHECK-ID")
@own_ops()
@OVERLAY
def replay(check_id, overlay) -> None:
    """One check again, in full: the inputs, what every party returned, the truth."""
    from parity.report.explain import replay_lines
    from parity.tolerances import read_table

    lines = list(replay_lines(check_id, read_table(None, overlay), overlay))
    click.echo("\n".join(lines))
    raise click.exceptions.Exit(errors.VIOLATED if ": violated," in lines[0] else errors.HELD)


@main.command("list")
@click.argument("names", nargs=-1, metavar="[OP|FAMILY ...]")
@click.option("--checks", is_flag=True, help="List every check id.")
@own_ops(default=True)
def list_(names, checks, own) -> None:
    """List the ops (or every check id) and count them."""
    from parity import loader, runner

    total = 0
    ops = loader.select(names or own)
    for op in ops:
        found = runner.checks_of(op)
        total += len(found)
        click.echo("\n".join(c.id for c in found) if checks else f"{op:44s} {len(found):5d} checks")
    click.echo(f"{len(ops)} ops, {total} checks.")


def _register() -> None:
    """The commands that have a module each."""
    from parity.commands.audit import audit
    from parity.commands.certify import certify
    from parity.commands.diff import diff
    from parity.commands.search import search
    from parity.commands.sweep import sweep
    from parity.commands.validate import validate

    for command in (audit, certify, diff, search, sweep, validate):
        main.add_command(command)


_register()
