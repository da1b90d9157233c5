"""Asks a candidate in a process of its own, on behalf of the grading, and keeps a record of its conduct."""

from __future__ import annotations

from ast import literal_eval
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from parity.cases import Case
from parity.conduct import SHOWN_REMARKS, Conduct
from parity.earlier import KEPT, earlier_question
from parity.errors import CandidateCrashed, CandidateError
from parity.evaluate import ALIAS, Evaluation, Party, call, may_share, prepare
from parity.formats import DTYPES
from parity.isolation import Guest
from parity.loader import is_elementwise
from parity.pair import Pair
from parity.placing import (
    Placing,
    optional,
    other_value,
    placing,
    refuse_unknown,
    settings_of,
    unknown_needs,
    with_fixed,
    with_meaning,
    with_own_defaults,
    without,
)
from parity.replies import Reply, outputs
from parity.results import Remark

__all__ = ["PATIENCE", "SHOWN_REMARKS", "Isolated", "Raised", "Unasked"]

PATIENCE = {"crash": 8, "exit": 8, "timeout": 3, "memory": 3}
"""Deaths of a kind, and answers that memory does not suffice, after which nothing more is asked."""
SAID = {"crash": "crashed", "exit": "ended its process", "timeout": "not returned in time", "memory": "run out of memory"}
OURS = ("NoOption", "mutation", "alias", "kept", "structure", "missing", "again", *PATIENCE)
"""Types of errors that mean something to the grading; a candidate's exception of such a name does not."""
NOISE = ("noise", "u", "uniform", "normal", "eps", "offsets")
"""What a parameter is called that is the noise itself (`--rename noise=rng`)."""
LEFT = ...
"""As what None means for an option: it is left to the implementation, and None is not passed."""


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
        refuse_unknown(pair, guest.candidate.fixed, guest.candidate.rename, about["names"])
        self.guest, self.pair = guest, with_own_defaults(pair, about["parameters"]["forward"])
        self.fixed = guest.candidate.fixed
        self._conduct = Conduct()
        self._deaths: Counter[str] = Counter()
        self._conduct.note(about["notes"], "loading")
        self._defaults = settings_of(pair)
        self._conduct.note(_other_defaults(about["defaults"]["forward"], self._defaults), "loading")
        self._wants_defaults, self._surplus = False, ""
        self._numbers = is_elementwise(pair.op) or (len(pair.arrays) == 1 and pair.arrays[0].role == "int")
        self._placing = {"forward": self._placed("forward")}
        self.directions: tuple[str, ...] = ("forward",)
        self._first_calls()
        if guest.about["backward"] and pair.differentiable:
            self.directions = ("forward", "backward")
            self._placing["backward"] = self._placed("backward")

    # -- what it can be asked --------------------------------------------------------------------------------------------------
    def _placed(self, direction: str) -> Placing:
        about, own = self.guest.about, direction == "backward" and self._has_own_gradient
        by_name = own or about["kind"] == "function" or (about["kind"] in ("class", "object") and not self.pair.has_own_call)
        called = about["called"][direction]
        found = placing(
            self.pair, direction, called if by_name else None, about["parameters"][direction], not own, called
        )  # fmt: skip
        for _ in range(0 if own else self.guest.left_out):
            found = found.with_fewer() or found
        return found

    def _first_calls(self) -> None:
        """Call it on an ordinary input, to see which arrays it takes; leave out those that an object cannot take."""
        about = self.guest.about
        if self.guest.tried or (about["settled"] and about["kind"] in ("function", "autograd")):
            return
        self.guest.tried = True
        lacking = unknown_needs(self.pair, about["needs"])
        error = None if lacking else self._first_call()
        while error is not None and error.error_type == "Refused" and optional(self.pair):
            if self._placing["forward"].with_fewer() is None:
                self.guest.left_out = 0
                break
            self.guest.left_out += 1
            self._placing["forward"] = self._placed("forward")
            error = self._first_call()
        self._placing["forward"] = self._placed("forward")
        if lacking or (error is not None and error.error_type == "Incomplete"):
            what = error.error if error is not None else f"its constructor needs {' and '.join(lacking)}"
            raise CandidateError(
                f"The candidate cannot be made: {what}, which {self.pair.op} says nothing of; "
                "give an instance or a factory (a function without parameters that returns one)."
            )

    def _first_call(self) -> Reply | None:
        """What the candidate raises at an ordinary input; None where it returns, or does something else."""
        dtype = "float32" if "float32" in self.pair.dtypes else self.pair.dtypes[0]
        e = prepare(self.pair, self.fitted(Case("ordinary"), "forward"), dtype, "forward")
        replies: list[Reply] = []
        try:
            call(e, self.function("forward", e, replies, twice=False), self._adapter)
        except Raised as raised:
            return raised.reply
        except Exception:  # it does something else that is wrong, which is found out when it is judged
            return None
        finally:
            seen = [n for r in replies for n in r.notes if n[0] == "library"]
            self._conduct.note(seen, f"{self.pair.op}-{dtype}-forward-truth-ordinary")
        return None

    @property
    def constants(self) -> list[float]:
        """The numbers that it is written with."""
        found = self.guest.about.get("constants", [])
        return [float(n) for n in found if isinstance(n, (int, float)) and 0 < n < 1e300]

    @property
    def takes_noise(self) -> bool:
        """Whether the user says that a parameter of the candidate is the noise itself, in place of the generator."""
        return any(theirs in NOISE and ours == "rng" for theirs, ours in self.guest.candidate.rename.items())

    @property
    def _has_own_gradient(self) -> bool:
        return self.guest.candidate.backward is not None

    def lacking(self, direction: str) -> tuple[str, ...]:
        """The arrays that the candidate has no parameter for."""
        return self._placing[direction].lacking

    def given(self, direction: str) -> tuple[str | None, ...]:
        """For each argument "" (by position), the name that it is given by, or None."""
        return tuple(self._placing[direction].places.values())

    def fitted(self, case: Case, direction: str) -> Case:
        """The case without arrays that the candidate cannot be given, and with the options that it has fixed."""
        return self.rewritten(without(self.pair, case, self.lacking(direction)) or case)

    def rewritten(self, case: Case) -> Case:
        """The case with the options that the candidate has fixed, where it does not set them itself."""
        return with_fixed(self.pair, case, self.fixed)

    def lacks(self, pair: Pair, case: Case, direction: str) -> str:
        """The option or array that the candidate has no parameter for, if any, or the value that it does not implement."""
        other = self._surplus or other_value(pair, case, self.fixed)
        absent = [n for n in self.lacking(direction) if n not in case.absent]
        if other or absent:
            return other or f"has no parameter `{absent[0]}`"
        held = next((n for n in case.absent if n in self._held(direction)), "")
        if held:
            return f"always has `{held}`"
        asked = [k for k in case.options if k not in self.fixed]
        return "" if pair.has_own_call else self._placing[direction].missing_option(asked)

    def _held(self, direction: str) -> tuple[str, ...]:
        """The arrays that an object keeps as its parameters: each call sets them, and none of them can be absent."""
        held = self.guest.about["held"]
        if held is None or (direction == "backward" and self._has_own_gradient):
            return ()
        places = [n for n, p in self._placing["forward"].places.items() if p == ""]
        return tuple(places[held["takes"] :][: len(held["names"])])

    def tired(self, dtype: str, direction: str) -> str:
        """Why no further check of this dtype and direction is asked; "" where they go on."""
        for kind, most in PATIENCE.items():
            if self._deaths[kind] >= most:
                return f"not asked, since the candidate had {SAID[kind]} {most} times"
        if self.guest.spent >= self.guest.limits.total:
            return f"not asked, since all checks together may take {self.guest.limits.total:g} s"
        return self._no_such_dtype(dtype)

    def _no_such_dtype(self, dtype: str) -> str:
        if dtype == "bfloat16" and not self.guest.about["bfloat16"]:
            return "its interpreter has no bfloat16; install ml_dtypes there"
        return ""

    def explicit(self, direction: str, dtype: str = "") -> dict[str, Any]:
        """The op's defaults for parameters that the candidate has, unless it has the very same default.

        A None that means a number is this number, where the dtype is given.  A function whose parameters nobody knows
        (written in C) is given all of them once it has asked for one.
        """
        about = self.guest.about
        parameters, own = about["parameters"][direction], about["defaults"][direction]
        if parameters is None:
            return {k: v for k, v in self._defaults.items() if v is not None} if self._wants_defaults else {}
        found = {n: v for n, v in self._defaults.items() if n in parameters and n not in self.fixed}
        told = with_meaning(self.pair, found, dtype)
        return {n: v for n, v in told.items() if own.get(n) != repr(v) and v is not LEFT}

    # -- asking ----------------------------------------------------------------------------------------------------------------
    def ask(self, e: Evaluation) -> Party:
        """The candidate's answer to one input."""
        reason = self._no_such_dtype(e.dtype)
        if reason:
            return Party(error=reason, error_type="NoOption")
        with self.guest.turn:
            return self._asked(e)

    def _asked(self, e: Evaluation) -> Party:
        at = f"{e.pair.op}-{e.dtype}-{e.direction}-truth-{e.case.name}"
        replies: list[Reply] = []
        try:
            result = call(e, self.function(e.direction, e, replies), self._adapter)
        except CandidateCrashed as crash:
            self._deaths[crash.death.kind] += 1
            return Party(error=crash.death.text + _at(crash.death.stack), error_type=crash.death.kind)
        except Unasked as lack:
            return Party(error=str(lack), error_type="NoOption")
        except Raised as raised:
            if self._asks_for_more(e.direction, raised.reply):
                self._wants_defaults = True
                return self._asked(e)
            self._conduct.note(_notes(e, raised.reply), at)
            return self._raised(e, raised.reply)
        except Exception as error:  # the pair's own adapter met something that it did not expect
            return Party(error=f"returned what the call cannot use ({type(error).__name__}: {error})", error_type="structure")
        for reply in replies:
            self._conduct.note(_notes(e, reply), at)
        return self._party(e, result, replies, at)

    @property
    def _adapter(self) -> Callable[..., Any]:
        """How the candidate's process is called: it takes all steps of an optimizer itself."""
        return _with_state if self.pair.steps else self.pair.call

    def _asks_for_more(self, direction: str, reply: Reply) -> bool:
        unknown = self.guest.about["parameters"][direction] is None and bool(self._defaults)
        return unknown and not self._wants_defaults and reply.error_type == "TypeError" and "missing" in reply.error

    def function(
        self, direction: str, e: Evaluation | None = None, replies: list[Reply] | None = None, twice: bool = True
    ) -> Callable[..., Any]:  # fmt: skip
        """The candidate as a Python function that calls into its process."""

        def proxy(*args: Any, **options: Any) -> Any:
            before = None if e is None else self._before(e)
            args, given = self._arguments(direction, args, options, "" if e is None else e.dtype)
            reply = self.guest.call(
                direction, args, given, places=self.given(direction)[: len(args)],
                wanted=_with_gradient(e, args[direction == "backward" :]),
                writable=e is not None and e.case.name == "ordinary",
                watched=self._watched(), twice=twice and replies is not None,
                numbers=self._numbers and not self.pair.has_own_call, steps=self.pair.steps, before=before,
            )  # fmt: skip
            for old, new in zip([v for v in (*args, *options.values()) if _is_generator(v)], reply.generators, strict=False):
                old.bit_generator.state = new.bit_generator.state
            if replies is not None:
                replies.append(reply)
            else:
                self._conduct.note(reply.notes, f"{self.pair.op}-{direction}, its distribution")
            if reply.status == "raised":
                raise Raised(reply)
            return reply.result

        return proxy

    def _before(self, e: Evaluation) -> tuple[Any, ...] | None:
        """Arguments, options and arrays with a gradient of the question that is asked before `e`, where there is one."""
        earlier, found = earlier_question(e, prepare), []
        if earlier is None:
            return None

        def recorded(*args: Any, **options: Any) -> None:
            found.append((*self._arguments(e.direction, args, options, e.dtype), args[e.direction == "backward" :]))

        with suppress(Exception):  # the adapter uses the result, which is none
            call(earlier, recorded, self._adapter)
        return (*found[0][:2], _with_gradient(earlier, found[0][2])) if found else None

    def _arguments(self, direction: str, args: tuple[Any, ...], options: dict[str, Any], dtype: str) -> tuple[tuple, dict]:
        """The arguments of a call, and every option of the op that the candidate has and has not fixed."""
        bound = self._placing[direction]
        args = bound.padded(args)
        taken, self._surplus = bound.taken(args), bound.surplus(args)
        told = with_meaning(self.pair, {k: v for k, v in options.items() if k not in self.fixed}, dtype)
        given = {k: v for k, v in self.explicit(direction, dtype).items() if k not in taken and k not in options}
        given |= {k: v for k, v in told.items() if v is not LEFT}
        lacking = self._surplus or bound.missing_option(given)
        if lacking:
            raise Unasked(lacking)
        return args, given

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
        self._deaths["memory"] += reply.error_type == "MemoryError"
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
        if any(r.changed_earlier for r in replies):
            return Party(error=KEPT, error_type="kept")
        for kind, text in (r.second_error for r in replies):
            self._deaths["memory"] += kind == "MemoryError"
            if kind:
                return Party(error=f"raised when called again with the same input: {kind}: {text}", error_type="again")
        found = outputs(result)
        for a in found:
            if isinstance(a, np.ndarray) and a.nbytes > self.guest.limits.memory:  # broadcast: it has no such memory
                text = f"returned an array of shape {a.shape}, {a.nbytes / 2**30:.3g} GiB"
                return Party(error=text, error_type="structure")
        again = None
        for r in replies:
            if r.differs:
                self._conduct.differs(r.result, r.second, at)
        if len(replies) == 1 and replies[0].differs and not self.pair.has_own_call:
            again = outputs(replies[0].second)
        return Party(found, again=again)

    def conduct(self) -> tuple[Remark, ...]:
        """What the candidate did besides returning numbers, what fails it first."""
        self.guest.settle()
        self._conduct.printed(self.guest.printed, self.guest.output)
        return self._conduct.remarks()


def _with_state(fn, grad, arrays, options):
    return fn(*grad, *arrays, None, **options)


def _other_defaults(theirs: Mapping[str, str], ours: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Options whose default is another than the op's; the candidate is asked with the op's."""
    for name, text in theirs.items():
        wanted = ours.get(name)
        with suppress(ValueError, SyntaxError):
            if wanted is not None and literal_eval(text) not in (wanted, None):
                yield "default", f"has {text} as the default of `{name}`, where the op has {wanted!r}: it is asked with that"


def _with_gradient(e: Evaluation | None, args: tuple[Any, ...]) -> list[np.ndarray]:
    """The arrays among the arguments of a call that a gradient is wanted for."""
    kinds = [] if e is None else zip(e.built.kinds, e.built.arrays, strict=True)
    return [*(a for k, a in kinds if k.differentiable and isinstance(a, np.ndarray)), *_made(args, e)]


def _made(args: tuple[Any, ...], e: Evaluation | None) -> list[np.ndarray]:
    """Floating arrays that the pair's adapter made itself (of two masks one): a gradient is wanted for these too."""
    built = [] if e is None else [a for a in e.built.arrays if isinstance(a, np.ndarray)]
    arrays = [a for a in args if isinstance(a, np.ndarray) and a.dtype.name in DTYPES]
    return [a for a in arrays if not any(a is b for b in built)]


def _is_generator(value: Any) -> bool:
    return isinstance(value, np.random.Generator)


def _notes(e: Evaluation, reply: Reply) -> list[Any]:
    """What a reply says of conduct; a function may warn of what it should refuse."""
    return [n for n in reply.notes if not (e.case.refused and n[0] == "warning")]


def _at(stack: str) -> str:
    """The innermost line of a stack, and the innermost one that is not of a library."""
    lines = stack.splitlines()
    own = [line for line in lines if "/lib/python" not in line]
    shown = dict.fromkeys([*lines[:1], *own[:1]])
    return f" (at {', called from '.join(shown)})" if shown else ""
