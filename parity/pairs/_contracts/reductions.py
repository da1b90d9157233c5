"""What the reductions must refuse."""

from parity.pair import Contract
from parity.pairs._contracts._rows import FORWARD, INF, NAN, each, options, shapes

EMPTY, AXES = "no entries to choose from", "more than two axes"
MISSING, INTEGER = "an axis that is not there", "an axis that is no integer"
_ONE = options(INTEGER, axis=True)
_CORRECTION = each("a correction that is no finite number", "correction", INF, NAN, "unknown", (1, 2))
_NONE = (shapes(EMPTY, x=(3, 0)), shapes(EMPTY, x=(0,)))
_CHOOSE = (
    *(shapes(EMPTY, settings, x=shape, directions=FORWARD) for settings, shape in ((None, (3, 0)), ({"axis": 0}, (0, 3)))),
    shapes(EMPTY, {"axis": None}, x=(0, 3)),
)
_ALL = (*_NONE, shapes(EMPTY, {"axis": 0}, x=(0, 3)), shapes(EMPTY, {"axis": None}, x=(0, 3)))
_ALONG = Contract((_ONE,))
_MODULO = ("axis=unknown", "axis=(0,1)", "axis=None")
MANY = shapes(AXES, x=(2, 3, 4))
CONTRACTS = {
    "var": Contract(_CORRECTION),
    "std": Contract(_CORRECTION),
    "prod": Contract(accepts={"axis=(0,1)": "Its first axis is taken.", "axis=True": "True counts as 1."}),
    "amax": Contract(_CHOOSE),
    "amin": Contract(_CHOOSE),
    "argmax": Contract((_ONE, *_ALL)),
    "argmin": Contract((_ONE, *_ALL)),
    "norm": Contract(
        (
            *each("an order that is no number", "ord", "fro", None, NAN, (1, 2)),
            *(shapes(EMPTY, {"ord": p}, x=(3, 0), directions=FORWARD) for p in (-1, -INF, INF, -0.5)),
        )
    ),
    "cumsum": _ALONG,
    "cumprod": _ALONG,
    "cummax": Contract((_ONE,), delegated=_MODULO),
    "median": Contract((_ONE, *_NONE), delegated=_MODULO),
    "quantile": Contract(
        (
            _ONE,
            *_ALL,
            *each("a q outside of [0, 1]", "q", -0.1, 1.1, -5e-324, 1.0000000000000002, NAN, (0.5, 1.5), ((0.5, 0.25),)),
        )
    ),
    "topk": Contract(
        (
            _ONE,
            *each("a k that is no integer", "k", True, 1.5, "2"),
            *each("a k beyond the entries", "k", -1, 9),
            options("a k beyond the entries", k=4, axis=0),
            shapes("a k beyond the entries", {"k": 2}, x=()),
            *each(MISSING, "axis", 2, -3),
            *each(INTEGER, "axis", 0.5),
        ),
        accepts={"axis=*": "See its own."},
        delegated=_MODULO,
    ),
    "sort": _ALONG,
    "argsort": _ALONG,
    "histogram": Contract(
        (
            *each("bins that are no integer", "bins", True, 2.5, "auto", None),
            *each("no bins", "bins", 0, -1),
            *each(
                "a range that is not two finite numbers in order",
                "range",
                (1.0, 0.0),
                (0.0, INF),
                (-INF, 0.0),
                (NAN, 1.0),
                (0.0,),
                (0.0, 1.0, 2.0),
                1.0,
            ),
        )
    ),
    "cov": Contract((*_CORRECTION, MANY)),
    "corrcoef": Contract((MANY,)),
}
