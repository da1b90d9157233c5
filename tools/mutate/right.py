"""Mutants of the right implementations of `parity_tests/right`: the judge of candidates must find them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from multiprocessing.connection import Connection

from parity.tolerances import Table
from parity_tests import judged_mutants
from parity_tests.mutants import Source, sources
from parity_tests.mutation import Mutation, Path_
from tools.mutate.child import Child
from tools.mutate.ground import Outcome
from tools.mutate.planting import RIGHT, ROOT, Mutant, mutants_of, parsed

SECONDS = 120.0
"""Processor time of one mutant."""
KINDS = {"caught": "killed", "missed": "alive", "equivalent": "equivalent"}


@cache
def right_mutants() -> tuple[Mutant, ...]:
    """Every mutant of a right implementation; what several share belongs to the first of them."""
    return tuple(_found())


def _found() -> Iterator[Mutant]:
    users = _users()
    for file in sorted({file for file, _ in users}):
        for m in mutants_of(file, parsed(file), frozenset()):
            source = users.get((file, m.path))
            if source is not None:
                yield replace(m, owner=source.op, ops=(source.op,), lines=None)


@cache
def _users() -> dict[tuple[str, Path_], Source]:
    found: dict[tuple[str, Path_], Source] = {}
    for source in sources()[0]:
        file = source.file.relative_to(ROOT).as_posix()
        if file.startswith(RIGHT):
            for path, _ in source._reached():
                found.setdefault((file, path), source)
    return found


class RightGround:
    """The judge with the inputs and truths of one op."""

    def __init__(self, op: str, table: Table):
        self.ground = judged_mutants.Ground(op, table, zlib.crc32(op.encode()))

    def save(self) -> None:
        """Keep the truths that were found."""
        self.ground.kept.save()

    def outcome(self, mutant: Mutant) -> Outcome:
        """Whether the judge finds the mutant, or whether it changes nothing."""
        source = _users()[mutant.file, mutant.path]
        if self.ground.original(source) is None:
            return Outcome("void", message="the implementation without the change is not right, as it is called here")
        with Child(lambda connection: self._judge(connection, source, mutant), SECONDS) as child:
            word, *rest = child.receive()
        if word == "died":
            return Outcome("killed", rest[0])
        if word == "failed":
            raise RuntimeError(f"The process of {mutant.id} failed:\n{rest[0]}")
        kind, text = rest
        return Outcome("killed", "import") if kind == "void" else Outcome(KINDS[kind], "the judge", text)

    def _judge(self, connection: Connection, source: Source, mutant: Mutant) -> None:
        mutation = Mutation(mutant.operator, mutant.line, mutant.change(), mutant.path, mutant.node)
        found = judged_mutants.outcome(self.ground, source, mutation)
        connection.send(("judged", found.kind, f"{found.grades}; {found.change.where}" if found.kind == "missed" else ""))
