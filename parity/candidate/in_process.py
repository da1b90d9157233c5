"""A candidate that is called in this process: quick, and trusted not to crash or cheat."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from parity.cases import Case
from parity.evaluate import Evaluation, Implementation, Party, ask
from parity.guest.constants import constants_of
from parity.pair import Pair
from parity.placing import missing_option, settings_of, with_meaning

Parameters = Mapping[str, inspect.Parameter]


class InProcess:
    """A function of NumPy arrays; it is given every array, and every option that it has no value for."""

    def __init__(self, forward: Callable[..., Any] | None, backward: Callable[..., Any] | None):
        self.candidate = Implementation(forward, backward)
        self.directions = tuple(d for d, f in (("forward", forward), ("backward", backward)) if f is not None)
        self.constants = constants_of(forward)

    def lacks(self, pair: Pair, case: Case, direction: str) -> str:
        """The option of this case that the candidate has no parameter for, if any."""
        parameters = _parameters(self.candidate.forward if direction == "forward" else self.candidate.backward)
        if pair.has_own_call or parameters is None:
            return ""
        return missing_option(case.options, {n: p.kind.name for n, p in parameters.items()})

    def lacking(self, direction: str) -> tuple[str, ...]:
        """A function in this process is given every argument."""
        return ()

    def ask(self, e: Evaluation) -> Party:
        """What the function returns."""
        given = Implementation(*(_explicit(f, e) for f in (self.candidate.forward, self.candidate.backward)))
        party = ask(e, given)
        return replace(party, error=party.error.partition(": ")[2]) if party.error_type == "NoOption" else party

    def tired(self, dtype: str, direction: str) -> str:
        """A function in this process never dies alone."""
        return ""

    def function(self, direction: str) -> Callable[..., Any]:
        """The function itself."""
        fn = self.candidate.forward if direction == "forward" else self.candidate.backward
        assert fn is not None
        return fn


class NoOption(Exception):
    """The function has no parameter for an option that its adapter passes."""


def _parameters(fn: Callable[..., Any] | None) -> Parameters | None:
    try:
        return {} if fn is None else inspect.signature(fn).parameters
    except (TypeError, ValueError):  # written in C, it does not say
        return None


def _explicit(fn: Callable[..., Any] | None, e: Evaluation) -> Callable[..., Any] | None:
    """The function with the op's own values of the options that a call leaves out, where it has parameters without a value."""
    parameters = _parameters(fn)
    if fn is None or not parameters or any(p.kind is p.VAR_POSITIONAL for p in parameters.values()):
        return fn
    silent = {n for n, p in parameters.items() if p.default is None or p.default is p.empty}
    usual = {k: v for k, v in with_meaning(e.pair, settings_of(e.pair), e.dtype).items() if k in silent and v is not ...}

    def called(*args: Any, **options: Any) -> Any:
        lacks = missing_option(options, {n: p.kind.name for n, p in parameters.items()})
        if lacks:
            raise NoOption(lacks)
        taken = list(parameters)[: len(args)]
        given = {k: v for k, v in usual.items() if k not in taken and k not in options}
        return fn(*args, **given, **with_meaning(e.pair, options, e.dtype))

    return called
