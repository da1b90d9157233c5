"""The lines of a script that define `candidate`: a function of NumPy arrays, whatever the user's object takes."""

from __future__ import annotations

import base64
import importlib.util
import sys
import sysconfig
import textwrap
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from parity.report import adapters
from parity.report.literals import plain

LARGEST = 1 << 16
"""Bytes of a pickle that a script may hold."""
LIBRARIES = tuple(sysconfig.get_path(n) for n in ("stdlib", "platstdlib", "purelib", "platlib", "scripts"))
METHODS = {"class": adapters.METHOD, "object": adapters.METHOD.replace("made(given, options)", "theirs, given, options")}
NO_SOURCE = "the {} that was given from Python has no source to load"


class NoSource(ValueError):
    """Why a script cannot load a candidate."""


def loading_lines(
    given: Any, direction: str, *, arrays: str = "numpy", kind: str = "function", own_gradient: bool = True,
    rename: Mapping[str, str] | None = None, defaults: Mapping[str, Any] | None = None, places: Sequence[str | None] = (),
    fixed: Collection[str] = (), inplace: bool = False, by_element: bool = False,
) -> str:  # fmt: skip
    """Lines that define `candidate`; with `own_gradient` it is a gradient itself, else its library differentiates it.

    `places` says of each argument whether it is given by position (""), by a name, or not at all (None).  The options `fixed`
    are not passed; with `inplace` the result is written into the first array; with `by_element` it takes numbers alone.
    """
    changed = rename or defaults or fixed or inplace or by_element or any(p != "" for p in places)
    direct = arrays == "numpy" and kind == "function" and not changed
    try:
        load = _load(given, "candidate" if direct else "theirs")
    except NoSource as why:
        return _without(str(why))
    if direct:
        return load
    autodiff = direction == "backward" and not own_gradient
    own = kind == "function" or (direction == "backward" and own_gradient)
    settled = _settled(places, rename or {}, defaults or {}, fixed)
    called = _settled(places[1:] if autodiff else places, rename or {}, defaults or {}, fixed)
    parts = [adapters.LIBRARY[arrays], load, "" if own else adapters.FACTORY]
    parts += _called("function" if own else kind, called, len(places) - autodiff, inplace, by_element)
    parts += _candidate(direction, arrays, kind, autodiff)
    text = "\n\n\n".join(part.replace("{settled}", settled).strip() for part in parts if part)
    for wide, short in adapters.PLAIN if arrays == "numpy" else adapters.PLAIN[:1] if arrays == "jax" else ():
        text = text.replace(wide, short)
    return f"import inspect\n{'' if text.startswith('import ') else chr(10)}{text}" if "inspect." in text else text


def _called(kind: str, settled: str, n: int, inplace: bool, by_element: bool) -> list[str]:
    """The lines that define `call`; a function is given None for absent arrays that it requires."""
    text, before = adapters.CALLS[kind], []
    if kind == "function" and n > 1:
        settled, before = f"    given = padded(given, {n})\n{settled}", [adapters.PADDED]
    if by_element:
        text, before = (
            text.replace("theirs(*given, **options)", "by_element(theirs, given, options)"),
            [*before, adapters.BY_ELEMENT],
        )
    text = text.replace("{settled}", settled)
    return [*before, text.replace("def call(", "def direct("), adapters.IN_PLACE] if inplace else [*before, text]


def _candidate(direction: str, arrays: str, kind: str, autodiff: bool) -> list[str]:
    """The lines that define `candidate` by `call`."""
    if not autodiff:
        return [adapters.OWN_GRADIENT if direction == "backward" else adapters.FORWARD]
    if arrays == "numpy":
        return [METHODS[kind]]
    methods = [METHODS[kind]] if kind in METHODS else []
    return [adapters.AUTODIFF[arrays], *methods, adapters.CHOSEN if methods else "candidate = by_autodiff"]


def _settled(
    places: Sequence[str | None], rename: Mapping[str, str], defaults: Mapping[str, Any], fixed: Collection[str]
) -> str:
    """Lines that put each argument in its place, and give the options under the candidate's names."""
    lines = []
    if defaults:
        given = ", ".join(f'"{k}": {_text(v)}' for k, v in defaults.items())
        lines.append(f"options = {{**{{{given}}}, **options}}")
    if fixed:
        lines.append(f"options = {{k: v for k, v in options.items() if k not in {tuple(fixed)!r}}}")
    if any(p != "" for p in places):
        lines += [
            f"places = {tuple(places)!r}  # by position, by name, or not at all",
            "options = {**{p: a for p, a in zip(places, given) if p}, **options}",
            'given = [a for p, a in zip(places, given) if p == ""] + list(given[len(places) :])',
        ]
    if rename:
        theirs = {ours: name for name, ours in rename.items()}
        lines.append(f"options = {{{theirs!r}.get(k, k): v for k, v in options.items()}}")
    return "".join(f"    {line}\n" for line in lines)


def _text(value: Any) -> str:
    try:
        return plain(value)
    except TypeError:
        return repr(value)


# -- loading -------------------------------------------------------------------------------------------------------------------
def _load(given: Any, name: str) -> str:
    """Lines that define `name`, in whatever folder the script is run."""
    if isinstance(given, str):
        place, _, found = given.rpartition(":")
        return _from_file(place, found, name) if place.endswith(".py") else _from_module(place, found, name)
    module, found = getattr(given, "__module__", None), getattr(given, "__qualname__", None)
    if isinstance(module, str) and isinstance(found, str) and module != "__main__" and _is_found(module, found, given):
        return _from_module(module, found, name)
    return _from_pickle(given, name)


def _from_file(place: str, found: str, name: str) -> str:
    """The module in a file, whose folder is on the path, as in the candidate's process."""
    path = Path(place).resolve()
    return (
        f"import importlib.util\n\nsys.path.insert(0, {str(path.parent)!r})\n"
        f"spec = importlib.util.spec_from_file_location({path.stem!r}, {str(path)!r})\n"
        "module = importlib.util.module_from_spec(spec)\nsys.modules.setdefault(module.__name__, module)\n"
        f"spec.loader.exec_module(module)\n{name} = module.{found}"
    )


def _from_module(module: str, found: str, name: str) -> str:
    """A module that is imported, with its folder on the path where that is none of Python's own."""
    folder = _folder_of(module)
    path = f"sys.path.insert(0, {folder!r})\n" if folder else ""
    return f"import importlib\n\n{path}{name} = importlib.import_module({module!r}).{found}"


def _folder_of(module: str) -> str:
    """The folder that must be on the path for a module to be found; "" where Python finds it anyway."""
    root = module.partition(".")[0]
    for folder in _folders("", *sys.path):
        if PathFinder.find_spec(root, [folder]) is not None:
            return "" if folder.startswith(LIBRARIES) else folder
    return ""


def _folders(*paths: str) -> list[str]:
    return [p for p in dict.fromkeys(str(Path(p).absolute()) for p in paths) if Path(p).is_dir()]


def _is_found(module: str, found: str, given: Any) -> bool:
    """Whether an object can be had again by its module and its name."""
    value: Any = sys.modules.get(module)
    for part in found.split("."):
        value = getattr(value, part, None)
    return value is given and importlib.util.find_spec(module.partition(".")[0]) is not None


def _from_pickle(given: Any, name: str) -> str:
    """An object without a source of its own, by value; raises NoSource."""
    data = _pickled(given)
    if len(data) > LARGEST:
        raise NoSource(f"{NO_SOURCE.format(type(given).__name__)}, and its pickle of {len(data)} bytes is too large")
    rows = "\n".join(f'    "{row}"' for row in textwrap.wrap(base64.b64encode(data).decode(), 110))
    folders = [p for p in _folders(*filter(None, sys.path)) if not p.startswith(LIBRARIES)]
    path = f"sys.path[:0] = {folders!r}\n" if folders else ""
    about = f"# It was given from Python ({type(given).__name__}) and has no source to load: this is its pickle."
    return f"import base64\nimport pickle\n\n{path}{about}\n{name} = pickle.loads(base64.b64decode(\n{rows}\n))"


def _pickled(given: Any) -> bytes:
    import cloudpickle

    modules = {sys.modules.get(getattr(x, "__module__", None) or "") for x in (given, type(given))}
    hidden = [m for m in modules if m is not None and not _is_importable(m)]
    try:
        for m in hidden:
            cloudpickle.register_pickle_by_value(m)
        return cloudpickle.dumps(given)
    except Exception as e:
        why = f"{NO_SOURCE.format(type(given).__name__)}, and no pickle ({type(e).__name__}: {e})"
        raise NoSource(why) from None
    finally:
        for m in hidden:
            with suppress(ValueError):
                cloudpickle.unregister_pickle_by_value(m)


def _is_importable(module: Any) -> bool:
    """Whether another process with the same path finds a module by its name."""
    root = module.__name__.partition(".")[0]
    return root in ("__main__", *sys.builtin_module_names) or any(f.find_spec(root, None) is not None for f in sys.meta_path)


def _without(why: str) -> str:
    """Lines of a script that can tell nothing."""
    text = " ".join(why.split())
    return (
        f"print({f'This program cannot show the failure: {text}.'!r})\n"
        "sys.exit(2)  # take these two lines away once `candidate` is what you gave\ncandidate = None"
    )
