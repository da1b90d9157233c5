"""Implementations as people write them, each a file that knows nothing of this project.

Right ones must be accepted, wrong ones fail.

Each file says how it is written, what it needs, where it applies (`Written for CONDITION`), and which limits it may have.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

import parity
from parity.candidate.limits import KINDS
from parity.request import validation
from parity.results import ValidationResult
from parity.validation import validate

RIGHT = sorted((Path(__file__).parent / "judged" / "right").glob("*.py"))
WRONG = sorted((Path(__file__).parent / "judged" / "wrong").glob("*.py"))
FAMILIES = 21
HAVE = {name: importlib.util.find_spec(name) is not None for name in ("jax",)}


@cache
def judged(path: Path, briefly: bool = False) -> ValidationResult:
    """The file as `parity validate` judges it."""
    text = path.read_text(encoding="utf-8")
    where = re.search(r"Written for ([^:]+):", text)
    own = f"{path}:candidate_backward" if "\ndef candidate_backward" in text else None
    request = validation(
        f"{path}:candidate", path.name.split("--")[0], backward=own, where=where[1] if where else "", seed=20261130
    )
    return validate(request, briefly=briefly)


EITHER = {"extreme range", "shared error"}
"""Beyond the range either explains what torch returns too; whether it does depends on its kernel, so on the processor."""


ANYWHERE = {"accepts"}
"""Few functions look at all that an op must refuse, so that no file needs to state it."""


def stated(path: Path) -> set[str]:
    """The kinds of limits that a file says it has."""
    found = re.search(r"Limits: ([^.]+)\.", path.read_text(encoding="utf-8"))
    kinds = set() if found is None else {kind.strip() for kind in found[1].split(",")}
    return kinds | ANYWHERE | EITHER if kinds & EITHER else kinds | ANYWHERE


@pytest.mark.parametrize("path", RIGHT, ids=lambda p: p.stem)
def test_a_right_implementation_is_accepted_with_the_limits_that_it_states(path):
    if "import jax" in path.read_text(encoding="utf-8") and not HAVE["jax"]:
        pytest.skip("needs the extra `jax`")
    result = judged(path)
    assert result.grade in ("tight", "parity", "stable"), "\n".join([repr(result), *map(str, result.failures[:3])])
    assert {limit.kind for limit, _ in result.limits} <= stated(path), repr(result)


@pytest.mark.parametrize("path", WRONG, ids=lambda p: p.stem)
def test_a_wrong_implementation_fails(path):
    assert judged(path, briefly=True).grade == "fail"


def test_every_family_has_right_ones_in_other_styles():
    families = [p.name.split(".")[0] for p in RIGHT]
    assert len(set(families)) == FAMILIES
    assert min(map(families.count, families)) >= 2
    assert len(RIGHT) >= 110


# -- what the page says ------------------------------------------------------------------------------------------------------
PAGE = Path(parity.__file__).resolve().parent.parent / "docs" / "validating.md"


def _examples() -> list[tuple[str, str, str]]:
    """Of each kind of limit on the page: the kind, the file that shows it, and the words of its line."""
    rows = re.findall(
        r"^\| ([a-z -]+) \| .* \| `([\w.-]+)`: (.*) \|$", PAGE.read_text(encoding="utf-8").split("\n## Limits\n")[1], re.M
    )
    return [(kind, name, words.replace("`", "")) for kind, name, words in rows]


@pytest.mark.skipif(not PAGE.exists(), reason="an installed copy has no documentation")
def test_the_page_has_an_example_of_every_kind_of_limit():
    assert {kind for kind, _, _ in _examples()} == set(KINDS)


@pytest.mark.skipif(not PAGE.exists(), reason="an installed copy has no documentation")
@pytest.mark.parametrize(("kind", "name", "words"), _examples() if PAGE.exists() else [])
def test_an_example_of_the_page_is_what_the_report_says(kind, name, words):
    path = RIGHT[0].parent / f"{name}.py"
    if "import jax" in path.read_text(encoding="utf-8") and not HAVE["jax"]:
        pytest.skip("needs the extra `jax`")
    sentences = [limit.sentence.replace("`", "") for limit, _ in judged(path).limits if limit.kind == kind]
    assert any(words in s for s in sentences), sentences
