"""Asks a candidate in a process of its own, on behalf of the grading, and keeps a record of its conduct."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.cases import Case
from parity.errors import CandidateCrashed
from parity.evaluate import ALIAS, Evaluation, Party, call, may_share, prepare
from parity.guest.wire import Foreign
from parity.isolation import Guest
from parity.loader import implementation
from parity.pair import Pair
from parity.placing import Placing, optional, placing, with_own_defaults, without
from parity.replies import Reply
from parity.results import Remark
from parity.rounding import DTYPES

PATIENCE = {"crash": 8, "exit": 8, "timeout": 2}
"""Deaths in one dtype and direction after which the rest of its checks are not asked any more."""


OURS = ("NoOption", "mutation", "alias", "structure", "missing", "again", *PATIENCE)
"""Types of errors that mean something to the grading; a candidate's exception of such a name does not."""
SHOWN_REMARKS = 12
"""Different remarks of one kind that are kept; a text may be another in each call."""
NONDETERMINISTIC = "returns other bits when called again with the same input"


class Raised(Exception):
    """The candidate raised; carries the reply."""

    def __init__(self, reply: Reply):
        self.told = f"{reply.error_type}: {reply.error}"
        super().__init__(self.told)
        self.reply = reply


class Unasked(Exception):
    """The candidate has no parameter for an option; carries the sentence."""


class Isolated:
    """A candidate in a process of its own (an `Asker` of the grading)."""

    def __init__(self, guest: Guest, pair: Pair):
        about = guest.about if guest.running else guest.start()
        self.guest, self.pair = guest, with_own_defaults(pair, about["parameters"]["forward"])
        self.directions = ("forward", "backward") if about["backward"] and pair.differentiable else ("forward",)
        self._remarks: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], str] = {}
        self._spread = 0.0
        self._deaths: Counter[tuple[str, str, str]] = Counter()
        self._note(about["notes"], "loading")
        self._placing = {d: self._placed(d) for d in self.directions}
        signature = inspect.signature(implementation(pair)).parameters.values()
        self._defaults = {p.name: p.default for p in signature if p.default is not p.empty and p.default is not None}
        self._wants_defaults = False
        if about["kind"] != "function" and optional(pair):
            self._fit()

    # -- what it can be asked --------------------------------------------------------------------------------------------------
    def _placed(self, direction: str) -> Placing:
        about, own = self.guest.about, direction == "backward" and self._has_own_gradient
        by_name = own or about["kind"] == "function" or (about["kind"] in ("class", "object") and not self.pair.has_own_call)
        called = about["called"][direction] if by_name else None
        return placing(self.pair, direction, called, about["parameters"][direction], differentiates=not own)

    def _fit(self) -> None:
        """Leave out arrays that an object cannot take; what it takes shows when it is called."""
        dtype = "float32" if "float32" in self.pair.dtypes else self.pair.dtypes[0]
        while self._refuses(dtype):
            fewer = {d: p.with_fewer() for d, p in self._placing.items() if d == "forward" or not self._has_own_gradient}
            if fewer["forward"] is None:
                self._placing = {d: self._placed(d) for d in self.directions}
                return
            self._placing |= {d: p for d, p in fewer.items() if p is not None}

    def _refuses(self, dtype: str) -> bool:
        """Whether an object says that it cannot take so many arrays."""
        case = without(self.pair, Case("ordinary"), self.lacking("forward")) or Case("ordinary")
        e = prepare(self.pair, case, dtype, "forward")
        try:
            call(e, self.function("forward", e, []))
        except Raised as raised:
            return raised.reply.error_type == "Refused"
        except Exception:  # it does something else that is wrong, which is found out when it is judged
            return False
        return False

    @property
    def _has_own_gradient(self) -> bool:
        return self.guest.candidate.backward is not None

    def lacking(self, direction: str) -> tuple[str, ...]:
        """The arrays that the candidate has no parameter for."""
        return self._placing[direction].lacking

    def given(self, direction: str) -> tuple[str | None, ...]:
        """For each argument "" (by position), the name that it is given by, or None."""
        return tuple(self._placing[direction].places.values())

    def lacks(self, pair: Pair, case: Case, direction: str) -> str:
        """The option or array that the candidate has no parameter for, if any."""
        absent = [n for n in self.lacking(direction) if n not in case.absent]
        if absent:
            return f"has no parameter `{absent[0]}`"
        return "" if pair.has_own_call else self._placing[direction].missing_option(case.options)

    def tired(self, dtype: str, direction: str) -> str:
        """Why no further check of this dtype and direction is asked; "" where they go on."""
        for kind, most in PATIENCE.items():
            if self._deaths[dtype, direction, kind] >= most:
                return f"not asked, since the candidate had died {most} times in {dtype} {direction} ({kind})"
        return ""

    def explicit(self, direction: str) -> dict[str, Any]:
        """The op's defaults for parameters that the candidate has, but without a value of their own.

        A function whose parameters nobody knows (written in C) is given all of them once it has asked for one.
        """
        parameters = self.guest.about["parameters"][direction]
        if parameters is None:
            return self._defaults if self._wants_defaults else {}
        silent = [n for n, (_, state) in parameters.items() if state in ("required", "none")]
        return {n: self._defaults[n] for n in silent if n in self._defaults and n not in {k.name for k in self.pair.arrays}}

    # -- asking ----------------------------------------------------------------------------------------------------------------
    def ask(self, e: Evaluation) -> Party:
        """The candidate's answer to one input."""
        at = f"{e.pair.op}-{e.dtype}-{e.direction}-truth-{e.case.name}"
        replies: list[Reply] = []
        try:
            result = call(e, self.function(e.direction, e, replies))
        except CandidateCrashed as crash:
            self._deaths[e.dtype, e.direction, crash.death.kind] += 1
            return Party(error=crash.death.text + _at(crash.death.stack), error_type=crash.death.kind)
        except Unasked as lack:
            return Party(error=str(lack), error_type="NoOption")
        except Raised as raised:
            if self._asks_for_more(e.direction, raised.reply):
                self._wants_defaults = True
                return self.ask(e)
            self._note(raised.reply.notes, at)
            return self._raised(e, raised.reply)
        except Exception as error:  # the pair's own adapter met something that it did not expect
            return Party(error=f"returned what the call cannot use ({type(error).__name__}: {error})", error_type="structure")
        for reply in replies:
            self._note(reply.notes, at)
        return self._party(e, result, replies, at)

    def _asks_for_more(self, direction: str, reply: Reply) -> bool:
        unknown = self.guest.about["parameters"][direction] is None and bool(self._defaults)
        return unknown and not self._wants_defaults and reply.error_type == "TypeError" and "missing" in reply.error

    def function(
        self, direction: str, e: Evaluation | None = None, replies: list[Reply] | None = None
    ) -> Callable[..., Any]:  # fmt: skip
        """The candidate as a Python function that calls into its process."""
        kinds = [] if e is None else zip(e.built.kinds, e.built.arrays, strict=True)
        wanted = [a for k, a in kinds if k.differentiable and isinstance(a, np.ndarray)]

        def proxy(*args: Any, **options: Any) -> Any:
            given = {**self.explicit(direction), **options} if not self.pair.has_own_call else options
            absent = self._placing[direction].missing_option(given)
            if absent:
                raise Unasked(absent)
            args = self._placing[direction].padded(args)
            reply = self.guest.call(
                direction, args, given, places=self.given(direction)[: len(args)],
                wanted=[*wanted, *_made(args[direction == "backward" :], e)],
                writable=e is not None and e.case.name == "ordinary",
                watched=self._watched(), twice=replies is not None,
            )  # fmt: skip
            for old, new in zip([v for v in (*args, *options.values()) if _is_generator(v)], reply.generators, strict=False):
                old.bit_generator.state = new.bit_generator.state
            if replies is not None:
                replies.append(reply)
            else:
                self._note(reply.notes, f"{self.pair.op}-{direction}, its distribution")
            if reply.status == "raised":
                raise Raised(reply)
            return reply.result

        return proxy

    def _watched(self) -> list[str]:
        """Names of torch's own function for this op, where the candidate is written in torch."""
        if self.guest.about["arrays"] != "torch":
            return []
        theirs = self.pair.torch.rpartition(".")[2] if isinstance(self.pair.torch, str) else ""
        return sorted({self.pair.op.split(".")[1], theirs} - {""})

    # -- what came back --------------------------------------------------------------------------------------------------------
    def _raised(self, e: Evaluation, reply: Reply) -> Party:
        if e.case.options and self.guest.about["parameters"][e.direction] is None and reply.error_type == "TypeError":
            return Party(error=f"does not take these options ({reply.error})", error_type="NoOption")
        needed = [n for n in self._placing[e.direction].needed if n in e.case.absent]
        if needed and "None" in reply.error and reply.error_type in ("TypeError", "AttributeError"):
            return Party(error=f"requires `{needed[0]}` ({reply.error})", error_type="NoOption")
        what = "writes into its input" if "read-only" in reply.error else "raised"
        limit = f"; it may use {self.guest.limits.memory / 2**30:.3g} GiB" if reply.error_type == "MemoryError" else ""
        where = f" ({reply.where})" if reply.where else ""
        named = "Exception" if reply.error_type in OURS else reply.error_type
        return Party(error=f"{what} {reply.error_type}: {reply.error}{limit}{where}", error_type=named)

    def _party(self, e: Evaluation, result: Any, replies: list[Reply], at: str) -> Party:
        if any(r.changed_inputs for r in replies):
            return Party(error="changed its input; work on a copy", error_type="mutation")
        if any(r.aliases for r in replies) and not may_share(self.pair):
            return Party(error=ALIAS, error_type="alias")
        for kind, text in (r.second_error for r in replies):
            if kind:
                return Party(error=f"raised when called again with the same input: {kind}: {text}", error_type="again")
        outputs = _outputs(result)
        for a in outputs:
            if isinstance(a, np.ndarray) and a.nbytes > self.guest.limits.memory:  # broadcast: it has no such memory
                text = f"returned an array of shape {a.shape}, {a.nbytes / 2**30:.3g} GiB"
                return Party(error=text, error_type="structure")
        again = None
        if any(r.differs for r in replies):
            self._note([("nondeterministic", NONDETERMINISTIC)], at)
            self._spread = max([self._spread, *(_spread(r.result, r.second) for r in replies)])
            if len(replies) == 1 and not self.pair.has_own_call:
                again = _outputs(replies[0].second)
        return Party(outputs, again=again)

    # -- conduct ---------------------------------------------------------------------------------------------------------------
    def _note(self, notes, at: str) -> None:
        for kind, text in notes:
            if (kind, text) not in self._remarks and sum(k == kind for k, _ in self._remarks) >= SHOWN_REMARKS:
                text = f"gives rise to further remarks of this kind ({kind})"
            self._remarks[kind, text] += 1
            self._first.setdefault((kind, text), at)

    def conduct(self) -> tuple[Remark, ...]:
        """What the candidate did besides returning numbers, what fails it first."""
        self.guest.settle()
        if self.guest.printed:
            text = f"prints {_size(self.guest.printed)}, beginning {self.guest.output.strip()[:60]!r}"
            self._note([("output", text)], "loading")
        spread = f"; the largest difference is {self._spread:.3g}"
        remarks = [
            Remark(kind, text + (spread if text == NONDETERMINISTIC else ""), n, self._first[kind, text])
            for (kind, text), n in self._remarks.items()
        ]
        return tuple(sorted(remarks, key=lambda r: not r.fails))


def _made(args: tuple[Any, ...], e: Evaluation | None) -> list[np.ndarray]:
    """Floating arrays that the pair's adapter made itself (of two masks one): a gradient is wanted for these too."""
    built = [] if e is None else [a for a in e.built.arrays if isinstance(a, np.ndarray)]
    arrays = [a for a in args if isinstance(a, np.ndarray) and a.dtype.name in DTYPES]
    return [a for a in arrays if not any(a is b for b in built)]


def _is_generator(value: Any) -> bool:
    return isinstance(value, np.random.Generator)


def _outputs(result: Any) -> tuple[Any, ...]:
    if isinstance(result, list) and all(isinstance(r, (bool, int, float, list)) for r in result):
        return (_Other("list"),)  # numbers, where an array of them was expected
    result = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    return tuple(_Other(r.name) if isinstance(r, Foreign) else r for r in result)


class _Other:
    """Stands for an output that is no array; the comparison names its type."""

    def __new__(cls, name: str):
        return object.__new__(type(name, (), {}))


def _size(n: int) -> str:
    return f"{n / 2**20:.1f} MB" if n >= 2**20 else f"{n} bytes"


@np.errstate(all="ignore")
def _spread(a: Any, b: Any) -> float:
    """The largest difference between two results; infinite where they are not of the same kind."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b):
        return max((_spread(x, y) for x, y in zip(a, b, strict=True)), default=0.0)
    try:
        one, two = np.asarray(a, np.float64), np.asarray(b, np.float64)
        same = (one == two) | (np.isnan(one) & np.isnan(two))
        return float(np.where(same, 0.0, np.nan_to_num(np.abs(one - two), nan=np.inf)).max(initial=0.0))
    except (TypeError, ValueError, RecursionError):
        return 0.0 if a is b else np.inf


def _at(stack: str) -> str:
    """The innermost line of a stack, and the innermost one that is not of a library."""
    lines = stack.splitlines()
    own = [line for line in lines if "/lib/python" not in line]
    shown = dict.fromkeys([*lines[:1], *own[:1]])
    return f" (at {', called from '.join(shown)})" if shown else ""
