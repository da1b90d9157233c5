"""`parity diff OLD.json NEW.json`: what an upgrade changed."""

from __future__ import annotations

import click

from parity import errors
from parity.commands.output import write


@click.command()
@click.argument("old", metavar="OLD.json")
@click.argument("new", metavar="NEW.json")
@click.option(
    "--threshold", type=float, default=0.01, show_default=True, help="Show worst errors that moved by more than this share."
)
@click.option(
    "--json", "json_path", metavar="FILE", help="Write the comparison as JSON ('-': to stdout, instead of the report)."
)
@click.option("--markdown", is_flag=True, help="The report as Markdown, for a comment on a pull request.")
def diff(old, new, threshold, json_path, markdown) -> None:
    """Show what changed between two runs, written by `parity run --json FILE` before and after an upgrade.

    \b
    Exit codes: 0 nothing got worse, 1 a check violates that did not before,
    2 a file that is missing, torn or no run of the suite.
    """
    from parity.diff import compare_files

    found = compare_files(old, new, threshold)
    if json_path is not None:
        write(json_path, found.to_json())
    if json_path != "-":
        click.echo(found.to_markdown() if markdown else found.to_text(), nl=False)
    raise click.exceptions.Exit(errors.VIOLATED if found.worse else errors.HELD)
