"""Where a command writes what it found."""

from __future__ import annotations

from pathlib import Path

import click

from parity.errors import ParityError


def write(path: str | None, text: str) -> None:
    """Write text to a file (whole or not at all), through a link, or to stdout for '-'; None writes nothing."""
    if path == "-":
        click.echo(text, nl=False)
    elif path is not None:
        from parity.files import replace_file

        target = Path(path)
        try:
            if target.is_symlink() or (target.exists() and not target.is_file()):  # e.g. /dev/stdout: not to be replaced
                target.write_text(text, encoding="utf-8")
            else:
                replace_file(target, text)
        except OSError as e:
            raise ParityError(f"{path!r} cannot be written ({e.strerror}); give a path in an existing folder.") from None
