"""`parity audit`: the league table of ours, torch and SciPy, from the evidence."""

from __future__ import annotations

import click

from parity.commands.options import DTYPES
from parity.commands.output import write
from parity.schema import DIRECTIONS


@click.command()
@click.argument("names", nargs=-1, metavar="[torch|scipy|ours] [OP|FAMILY ...]")
@click.option("--dtype", "dtypes", type=DTYPES, multiple=True, help="Only this dtype (may be repeated).")
@click.option("--direction", "directions", type=click.Choice(DIRECTIONS), multiple=True, help="Only this.")
@click.option("--json", "json_path", metavar="FILE", help="Write every cell as JSON ('-': to stdout, instead of the report).")
@click.option("--all", "everything", is_flag=True, help="Show every cell, not the first 20.")
def audit(names, dtypes, directions, json_path, everything) -> None:
    """Show who is most accurate: the worst errors of ours, torch and SciPy that `parity certify` has measured.

    \b
    parity audit torch   where torch is worst, at which input, and why
    parity audit ours    where ours is less accurate than a reference, and why
    parity audit         the standing of the three
    """
    from parity.audit import league, split_names
    from parity.evidence import read_evidence
    from parity.report.audit import audit_lines
    from parity.tolerances import read_table

    party, rest = split_names(names)
    found = league(read_evidence(), read_table(), rest, dtypes, directions)
    if json_path is not None:
        write(json_path, found.to_json(party))
    if json_path != "-":
        click.echo("\n".join(audit_lines(found, party, everything=everything)))
