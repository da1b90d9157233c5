"""The judge catches random mutants of right implementations; a mutant that changes nothing is no mutant.

PARITY_MUTANTS_SEED=2026-01-31 draws the mutants of another day again.
"""

from __future__ import annotations

import datetime
import json
import os
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from parity.tolerances import Table
from parity_tests.judged_mutants import Endless, Ground, Outcome, limited, outcome, units
from parity_tests.mutants import RULES, Source, draw, sources

PARTS, EACH = 8, 25
MISSED = 0.03
"""The share of mutants that the judge may accept."""
DRAWS = 20
"""So many draws for each mutant that counts, at most."""


def seed() -> str:
    """The day, or what the environment says."""
    return os.environ.get("PARITY_MUTANTS_SEED") or datetime.datetime.now(datetime.UTC).date().isoformat()


# -- drawing -------------------------------------------------------------------------------------------------------------------
def drawn(part: int, table: Table) -> list[Outcome]:
    """Mutants of one part of the ops until EACH of them count; those of one op are judged one after the other."""
    rng = random.Random(f"{seed()}/{part}")
    mine = [s for s in sources()[0] if s.op in _ops_of(part)]
    grounds: dict[str, Ground] = {}
    known: set[tuple[Source, str]] = set()
    found: list[Outcome] = []
    while (lacking := EACH - sum(o.kind in COUNTED for o in found)) and len(found) < DRAWS * EACH:
        batch = []
        while len(batch) < lacking:
            source, mutation = draw(rng, mine)
            if (source, str(mutation)) not in known:
                known.add((source, str(mutation)))
                batch.append((source, mutation))
        for source, mutation in sorted(batch, key=lambda b: b[0].op):
            number = random.Random(f"{seed()}/{source.op}").randrange(1 << 31)
            ground = grounds.setdefault(source.op, Ground(source.op, table, number))
            found.append(outcome(ground, source, mutation))
    return found


COUNTED = ("caught", "missed")


def _ops_of(part: int) -> list[str]:
    """The ops of one part: dealt out by the seed, family by family, so that each part has ops of all kinds."""
    ops = sorted({s.op for s in sources()[0]})
    random.Random(seed()).shuffle(ops)
    return sorted(ops, key=lambda op: op.split(".")[0])[part::PARTS]


# -- the test ------------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "mutants"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("part", range(PARTS))
def test_mutants_are_caught(part, table, results, record_property):
    """The misses of the parts that are done add up: whichever part ends last has seen them all."""
    found = drawn(part, table)
    missed, void = ([str(o) for o in found if o.kind == kind] for kind in ("missed", "void"))
    print(f"PARITY_MUTANTS_SEED={seed()}, part {part}: {dict(Counter(o.kind for o in found))}", *missed, *void, sep="\n")
    record_property("missed", "\n".join(missed))
    assert sum(o.kind in COUNTED for o in found) == EACH
    (results / f"{part}.json").write_text(json.dumps(missed))
    together = [m for file in sorted(results.glob("*.json")) for m in json.loads(file.read_text())]
    assert len(together) <= MISSED * PARTS * EACH, "\n".join([f"PARITY_MUTANTS_SEED={seed()}", *together])


def test_every_rule_applies_somewhere():
    used, left_out = sources()
    print(*left_out, sep="\n")
    applied = {rule for source in used for rule in source.mutations()}
    assert applied == {rule.__name__.replace("_", " ") for rule in RULES}


def test_a_small_difference_is_measured_in_quanta():
    a, b = np.array([1.0, 0.0, np.finfo(np.float64).max]), np.array([1.0 + 2.0**-52, 5e-324, np.finfo(np.float64).max])
    assert units(a, b, np.abs(a), "float64").tolist() == [2.0, 2.0, 0.0]


def test_an_endless_call_ends():
    def endless(x):
        while True:
            x = x + 1

    with pytest.raises(Endless):
        limited(endless)(1)
