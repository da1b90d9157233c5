"""Every example in a docstring runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import npimpl
import parity


def _modules():
    for package in (npimpl, parity):
        yield package.__name__
        yield from (m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + "."))


@pytest.mark.parametrize("name", sorted(set(_modules())))
def test_examples(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_there_are_examples():
    found = sum(len(t.examples) for n in _modules() for t in doctest.DocTestFinder().find(importlib.import_module(n)))
    assert found >= 100
