"""The row of the catalogue: one op, ours and theirs, and the kinds of arrays it is judged on.  Data, no behaviour."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from parity.formats import NAMES

if TYPE_CHECKING:
    from parity.samplers import Sampler

CONDITIONS = (
    "empty arrays", "0-d arrays", "no batch axis", "several batch axes", "other ranks", "broadcasting", "an absent array",
    "negative strides", "zero strides", "Fortran order", "strided", "nan or inf among the inputs", "another integer type",
    "lists", "the ends of what is allowed",
)  # fmt: skip
"""The calling conditions that an implementation may refuse; one value of an option (`axis=None`) may be another."""
TWO_BYTES = 65_537
"""A length at which places no longer fit into two bytes."""
BOUNDS = "the ends of what is allowed"
"""The condition of cases just inside of an op's bounds."""
UNPROMISED = ("lists",)
"""Conditions that no implementation of arrays need know of: to refuse them is not even a limit."""
_VALUE_OF_AN_OPTION = re.compile(r"[A-Za-z_]\w*=\S.*")


@dataclass(frozen=True)
class Variant:
    """One setting of the options, with shapes of its own where the options need them.

    `name` is part of the check's id; by default it is spelled from the options (`axis=0,keepdims=True`).
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    name: str = ""
    condition: str = ""
    """The calling condition that this case is about, which an implementation may refuse with an exception: one of
    CONDITIONS, or one value of an option, such as `axis=None`; empty for what every implementation must take."""

    def __post_init__(self):
        spelled = ",".join(f"{k}={v}" for k, v in self.options.items())
        object.__setattr__(self, "name", (self.name or spelled).replace(" ", "").replace("'", ""))
        if not self.name:
            raise ValueError("A Variant without options needs a name: Variant(shapes=..., name='empty').")
        if self.condition and self.condition not in CONDITIONS and not _VALUE_OF_AN_OPTION.fullmatch(self.condition):
            raise ValueError(
                f"The variant {self.name!r} has the condition {self.condition!r}; write one value of an option, such as "
                f"'axis=None', or one of: {', '.join(CONDITIONS)}."
            )

    def if_taken(self, condition: str) -> Variant:
        """This variant, which an implementation may refuse because of this calling condition."""
        return replace(self, condition=condition)


def with_options(**options) -> Variant:
    """The variant with these options and the pair's own shapes."""
    return Variant(options)


def with_shapes(name: str, options: Mapping[str, Any] | None = None, *, condition: str = "", **shapes) -> Variant:
    """The variant `name`, with these shapes by array name (and options, if any); no array may be called `condition`."""
    return Variant(options or {}, shapes, name, condition)


def as_tuple(result) -> tuple:
    """The results of a function of one result or several."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def _plain_call(fn, grad, arrays, options):
    return fn(*grad, *arrays, **options)


@dataclass(frozen=True)
class Axis:
    """An axis of any length n: the shapes of the arrays, in which "n", "n+2" or "4n" stand for lengths."""

    shapes: Mapping[str, tuple[int | str, ...]]
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of these cases; a tuple among them may hold lengths too."""
    absent: tuple[str, ...] = ()
    longest: int | None = None
    """The greatest n (None: the pair's)."""


@dataclass(frozen=True)
class Refusal:
    """A question that the op must refuse with an exception, whichever; an answer is wrong."""

    name: str
    """Part of the check's id."""
    why: str
    """What is wrong with the question, as in "accepts an axis that is not there"."""
    options: Mapping[str, Any] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    arrays: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Makers of arrays; what they make is given as it is, whatever its dtype."""
    absent: tuple[str, ...] = ()
    cotangent: str = "few_bits"
    directions: tuple[str, ...] = ()
    """Only these directions (empty: every one)."""
    delegated: bool = False
    """Whether npimpl leaves it to a function of NumPy to raise the error."""
    usual: Variant | None = None
    """The setting that this one is a wrong copy of, if it is not the ordinary one: its cotangent is given."""


@dataclass(frozen=True)
class Contract:
    """What an op must refuse by its docstring, beside what `parity.inputs.refusals` makes for every op.

    Of the latter, which are named or matched by a pattern of names:
    """

    refusals: tuple[Refusal, ...] = ()
    accepts: Mapping[str, str] = field(default_factory=dict)
    """those that this op does not owe -> why;"""
    delegated: tuple[str, ...] = ()
    """those whose error is left to a function of NumPy."""
    allows: tuple[Variant, ...] = ()
    """What is just inside of the bounds, and answered; asked in float64 alone."""


@dataclass(frozen=True)
class Structure:
    """How many arrays there are, and of which shapes: one of many such cases, each asked in one dtype, by the truth alone."""

    name: str
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    condition: str = ""
    """As of a Variant."""


def along(longest: int | None = None, **shapes) -> Axis:
    """An axis by the shapes of the arrays."""
    return Axis(shapes, longest=longest)


@dataclass(frozen=True)
class Law:
    """How a stochastic op is judged in distribution: draw n category numbers, and their exact probabilities."""

    draw: Callable[..., Any]
    """`draw(op, rng, n)` -> n integers in 0 … k-1, where `op` is the implementation under test."""
    probabilities: tuple[float, ...]
    """The probability of each of the k categories."""


@dataclass(frozen=True)
class Pair:
    """One op: what it is judged on and against what.

    The implementation is `npimpl.<op>` and `npimpl.<op>_backward` unless `ours` / `ours_backward` name another
    ("numpy.flip").  `torch` and `scipy` are a dotted name (options `axis` and `keepdims` are then renamed for torch to
    `dim` and `keepdim`) or a function that imports the library inside and takes tensors (for scipy: arrays).
    """

    op: str
    arrays: tuple[Any, ...]
    torch: str | Callable[..., Any] | None
    scipy: str | Callable[..., Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of every case (those without a default)."""
    variants: tuple[Variant, ...] = ()
    """Further settings: every option at non-default values, further shapes (empty, 0-d, length one)."""
    knots: tuple[float, ...] = ()
    """For elementwise ops: points where something changes (kinks, thresholds, roots); each is tried with neighbours."""
    dtypes: tuple[str, ...] = NAMES
    differentiable: bool = True
    ours: str | None = None
    ours_backward: str | None = None
    call: Callable[..., Any] = _plain_call
    """`call(fn, grad, arrays, options)`, where grad is () or (grad_output,): how ours (or a candidate) is called."""
    canonical: Callable[..., Any] | None = None
    """Applied to every party's forward result where the answer is unique only up to, say, signs."""
    without: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    """Known gaps: (reference, dtype or "*", direction or "*") -> reason. Counted as skipped; checked to be real gaps."""
    view: bool = False
    """Whether the result may share memory with an input (its docstring then says that it is a view)."""
    laws: Mapping[str, Law] = field(default_factory=dict)
    """For stochastic ops: named laws that samples must follow."""
    sampler: Sampler | None = None
    """For stochastic ops: how the samples of a candidate are read, which may draw in its own way."""
    spans_range: bool = False
    """Whether the op exists to keep results in range where plain formulas leave it: at extreme magnitudes a wrong number is
    a failure, not a limit."""
    meaning: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    """What None means for an option, where it is a number that depends on the dtype (given by its name): a candidate gets
    this number in place of None."""

    axes: tuple[Axis, ...] | None = None
    """The axes that the op works along; None where they follow from the usual shapes (see `parity.inputs.lengths`)."""
    longest: int = 1025
    """The greatest length of an axis at which the truth is quick."""
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Further values of options, on both sides of the op's thresholds; any two of them meet (`parity.inputs.options`)."""
    together: Callable[[Mapping[str, Any]], bool] | None = None
    """Which options are allowed together (None: all)."""
    crosses: bool = True
    """Whether each setting of the options meets every hazard (not where a setting is another question altogether)."""
    structures: tuple[Structure, ...] = ()
    """Further numbers of arrays, ranks and equations."""
    steps: bool = False
    """Whether the function is a step of an optimizer, whose `call` takes many of them."""

    owes: Contract = Contract()
    """What the op must refuse."""

    @property
    def has_own_call(self) -> bool:
        """Whether `call` does more than to pass the arrays and the options on."""
        return self.call is not _plain_call
