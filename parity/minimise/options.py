"""Fewer and simpler options: each one of the case dropped, the layout dropped, numbers replaced by 1."""

from __future__ import annotations

from typing import Any

from parity.minimise.trial import Trial


def simplify_options(trial: Trial) -> None:
    """Drop the layout and every option that is not needed; make the numbers of the others 1."""
    if trial.case.layout:
        trial.attempt(layout="")
    if len(trial.case.options) > 1:
        trial.attempt(options={})
    for name in list(trial.case.options):
        trial.attempt(options={k: v for k, v in trial.case.options.items() if k != name})
    for name, value in trial.seen.evaluation.built.options.items():
        if (simple := _ones(value)) != value:
            trial.attempt(options={**trial.case.options, name: simple})


def _ones(value: Any) -> Any:
    """The value with every integer above 1 replaced by 1."""
    if isinstance(value, tuple):
        return tuple(map(_ones, value))
    return 1 if isinstance(value, int) and not isinstance(value, bool) and value > 1 else value


def exchanged(value: Any, old: int, new: int) -> Any:
    """The value with the length `old` replaced by `new` wherever it stands."""
    if isinstance(value, tuple):
        return tuple(exchanged(v, old, new) for v in value)
    return new if isinstance(value, int) and not isinstance(value, bool) and value == old else value
