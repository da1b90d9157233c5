"""Errors a user can cause, each one clear sentence, and the exit codes of the command line."""

from __future__ import annotations

import difflib

HELD, VIOLATED, USAGE, CRASHED, INTERNAL, NOTHING = range(6)
"""0 held, 1 a tolerance violated, 2 usage or table invalid, 3 the candidate crashed, 4 internal error, 5 nothing selected."""


class ParityError(Exception):
    """Something the user gave cannot be used; the message says what was given, what is allowed and what to do."""

    exit_code = USAGE


class UnknownOp(ParityError):
    """A name that is no op, family or reference name."""

    def __init__(self, name: str, known):
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        bare = [
            k
            for k in known
            if k.rsplit(".", 1)[-1] in difflib.get_close_matches(name, [k.rsplit(".", 1)[-1] for k in known], n=3)
        ]
        nearest = list(dict.fromkeys(close + bare))[:3]
        hint = f"the nearest names are {', '.join(nearest)}" if nearest else "no name is near it"
        super().__init__(f"{name!r} is no op or family; {hint}. `parity list` shows them all.")


class AmbiguousOp(ParityError):
    """A bare name that several families have."""

    def __init__(self, name: str, found):
        super().__init__(f"{name!r} could be {' or '.join(found)}; write the family too.")


class TableError(ParityError):
    """The tolerance table is malformed; `problems` lists every error as (line, sentence)."""

    def __init__(self, path, problems):
        self.path, self.problems = path, sorted(problems)
        super().__init__("\n".join(f"{path}:{line}: {text}" for line, text in self.problems))


class NothingSelected(ParityError):
    """The selection is empty: a run of nothing must not look like success."""

    exit_code = NOTHING


class CandidateError(ParityError):
    """The candidate could not be loaded or called at all."""

    exit_code = USAGE


class CandidateCrashed(ParityError):
    """The candidate's process died; `death` says how."""

    exit_code = CRASHED

    def __init__(self, death):
        self.death = death
        where = f" (at {death.stack.splitlines()[0]})" if death.stack else ""
        super().__init__(f"The candidate {death.text}{where}.")
