"""What is said of the outcomes: a summary for the terminal, and docs/mutation.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from parity.files import replace_file
from tools.mutate.ground import Outcome
from tools.mutate.operators import ERROR_CHECK, NAMES
from tools.mutate.planting import ROOT, Mutant

REPORT, ALIVE = ROOT / "docs" / "mutation.md", ROOT / "docs" / "mutation.json"
COLUMNS = ("killed", "equivalent", "alive")


@dataclass
class Results:
    """The outcomes of the mutants that were asked for."""

    outcomes: dict[Mutant, Outcome] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    """Of the listed equivalent ones."""
    known: frozenset[str] = frozenset()
    """Those of which it is known that they are alive."""

    def add(self, mutant: Mutant, outcome: Outcome) -> None:
        """One more; a mutant that is listed as equivalent is one unless it was killed."""
        self.outcomes[mutant] = outcome

    def kind(self, mutant: Mutant) -> str:
        """killed, alive, equivalent or void."""
        found = self.outcomes[mutant].kind
        return "equivalent" if found == "alive" and mutant.id in self.reasons else found

    def count(self, kind: str) -> int:
        """How many there are of a kind."""
        return sum(self.kind(m) == kind for m in self.outcomes)

    @property
    def score(self) -> float:
        """The percentage of those that change something that was killed; those known to be alive do not count."""
        killed, alive = self.count("killed"), sum(m.id not in self.known for m in self.survivors())
        return 100.0 * killed / (killed + alive) if killed + alive else 100.0

    def survivors(self) -> list[Mutant]:
        """Those alive, by file and line."""
        alive = [m for m in self.outcomes if self.kind(m) == "alive"]
        return sorted(alive, key=lambda m: (m.file, m.line, m.operator, m.ordinal))

    def contradicted(self) -> list[Mutant]:
        """Those that are listed as equivalent, and were killed."""
        return [m for m in self.outcomes if m.id in self.reasons and self.outcomes[m].kind == "killed"]


def evidence(outcome: Outcome) -> str:
    """What is known of a survivor."""
    if outcome.message:
        return outcome.message
    if not outcome.ran:
        return "no check runs it"
    if not outcome.changed:
        return f"all {outcome.ran} checks that run it see the same bits"
    return f"{outcome.changed} of the {outcome.ran} checks that run it see other numbers, all within the budget"


# -- the terminal --------------------------------------------------------------------------------------------------------------
def lines(results: Results) -> Iterable[str]:
    """The survivors, and one line of figures."""
    for m in results.survivors():
        yield f"{'alive, as is known,' if m.id in results.known else 'alive'} {m.id} (line {m.line})"
        yield f"      {m.change()}"
        yield f"      {evidence(results.outcomes[m])}"
    for m in results.contradicted():
        yield f"listed as equivalent, but killed by {results.outcomes[m].by}: {m.id}"
    counts = ", ".join(f"{results.count(kind)} {kind}" for kind in COLUMNS)
    yield f"{len(results.outcomes)} mutants: {counts}; {results.score:.1f} % of those that change something are found."


# -- the page ------------------------------------------------------------------------------------------------------------------
def write(results: Results, about: str, tree: str) -> None:
    """Write docs/mutation.md and docs/mutation.json anew."""
    replace_file(REPORT, "\n".join(page(results, about)) + "\n")
    replace_file(ALIVE, _data(results, tree))


def _data(results: Results, tree: str) -> str:
    """The counts, and the names of those alive: what comes before the operator, then operators and numbers."""
    alive: dict[str, list[str]] = {}
    for m in results.survivors():
        place, operator, ordinal = m.id.rsplit(" ", 2)
        alive.setdefault(place, []).append(f"{operator} {ordinal}")
    counts = {"tree": tree[:16], "mutants": len(results.outcomes), **{kind: results.count(kind) for kind in COLUMNS}}
    rows = ",\n".join(f"  {json.dumps(place)}: {json.dumps(', '.join(names))}" for place, names in sorted(alive.items()))
    return "\n".join([f'{{"about": {json.dumps(counts)},', f'"alive": {{\n{rows}\n}}}}', ""])


def known_alive(path: Path | None = None) -> frozenset[str]:
    """The names of those that were alive when the page was written."""
    try:
        alive = json.loads((path or ALIVE).read_text(encoding="utf-8"))["alive"]
    except FileNotFoundError:
        return frozenset()
    return frozenset(f"{place} {name}" for place, names in alive.items() for name in names.split(", "))


def page(results: Results, about: str) -> Iterable[str]:
    """The lines of docs/mutation.md."""
    yield "# Mutation testing"
    yield ""
    yield "`python -m tools.mutate` plants small changes in the library, one at a time, and runs the checks of the op on each,"
    yield "against the truth. A change that no check finds is alive: an input is missing, or the change is none."
    yield f"`python -m tools.mutate --write` writes this page. {about}"
    yield ""
    for title, key in (("family", lambda m: m.family), ("operator", lambda m: m.operator)):
        yield from _table(results, title, key)
        yield ""
    yield f"`{ERROR_CHECK}` weakens the refusal of wrong arguments; `table` changes a number in a table of coefficients;"
    yield "`shared` is what ops of several families use, of which the nearest eight are asked."
    yield ""
    yield from _killers(results)
    yield from _alive(results)
    yield from _equivalent(results)


def _table(results: Results, title: str, key: Callable[[Mutant], str]) -> Iterable[str]:
    counts: dict[str, Counter[str]] = {}
    for m in results.outcomes:
        counts.setdefault(key(m), Counter())[results.kind(m)] += 1
    order = NAMES if title == "operator" else sorted(counts)
    yield f"| {title} | mutants | killed | equivalent | alive | found |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    total: Counter[str] = sum(counts.values(), Counter())
    for name in [n for n in order if n in counts] + ["all"]:
        c = total if name == "all" else counts[name]
        real = c["killed"] + c["alive"]
        share = f"{100 * c['killed'] / real:.1f} %" if real else ""
        yield f"| {name} | {sum(c.values())} | {c['killed']} | {c['equivalent']} | {c['alive']} | {share} |"


def _killers(results: Results) -> Iterable[str]:
    """How many mutants were found by what is no check."""
    by = Counter("a check" if "-truth-" in o.by else o.by for o in results.outcomes.values() if o.kind == "killed")
    yield "Killed by: " + ", ".join(f"{name} {n}" for name, n in by.most_common()) + "."
    yield ""


def _alive(results: Results) -> Iterable[str]:
    yield "## Alive"
    yield ""
    yield "Each change with its line. The checks that run the line see the same bits with it and without it; with `*` some"
    yield "see other numbers, within the budget; with `!` no check runs the line."
    for file, mine in groupby(results.survivors(), key=lambda m: m.file):
        yield from ("", f"### {file}", "")
        for (line, function), here in groupby(mine, key=lambda m: (m.line, m.function)):
            yield f"- {line} `{function}`: {_changes(list(here), results)}"
    yield ""


def _changes(mutants: Sequence[Mutant], results: Results) -> str:
    """The changes in one line; of a table only how many."""
    if all(m.operator == "table" for m in mutants):
        return f"{len(mutants)} of the numbers"
    return "; ".join(f"`{_code(m.change())}`{_mark(results.outcomes[m])}" for m in mutants)


def _mark(outcome: Outcome) -> str:
    return " !" if not outcome.ran else " *" if outcome.changed else ""


def _equivalent(results: Results) -> Iterable[str]:
    yield "## Equivalent"
    yield ""
    groups: dict[str, list[Mutant]] = {}
    for m in results.outcomes:
        if results.kind(m) == "equivalent":
            groups.setdefault(results.reasons.get(m.id, "The judge of candidates measures no change."), []).append(m)
    for reason, mine in sorted(groups.items(), key=lambda g: -len(g[1])):
        yield f"- {len(mine)}: {reason}"
    if not groups:
        yield "None."


def _code(text: str) -> str:
    return text.replace("`", "'")


def summary(mutants: Sequence[Mutant]) -> Iterable[str]:
    """One line for each planted change."""
    for m in mutants:
        yield f"{m.id}  line {m.line}: {m.change()}"
