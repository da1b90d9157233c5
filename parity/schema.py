"""The shape of `tolerances.yaml`, as a JSON Schema; the meaning of each key is in `docs/tolerances.md`."""

from __future__ import annotations

DTYPES = ["float64", "float32", "float16", "bfloat16"]
DIRECTIONS = ["forward", "backward"]


def _object(properties: dict, required=(), **more) -> dict:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False, **more}


def _by(names, value: dict) -> dict:
    return _object({n: value for n in names}, minProperties=1)


SENTENCE = {"type": "string", "minLength": 12}
UNITS = {"type": "number", "minimum": 0, "maximum": 1e9}
BUDGET = _by(DIRECTIONS, _by(DTYPES, UNITS))
PAIR_OF_TOLERANCES = _object(
    {"rtol": {"type": "number", "minimum": 0, "maximum": 1}, "atol": {"type": "number", "minimum": 0}}, ["rtol", "atol"]
)
HAZARDS = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
REGION = _object(
    {
        "input": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        "direction": {"enum": DIRECTIONS},
        "dtypes": {"type": "array", "items": {"enum": DTYPES}, "minItems": 1},
        "who": {"enum": ["ours", "torch", "scipy"]},
        "units": UNITS,
        "floor": {"type": "number", "minimum": 0},
        "why": SENTENCE,
    },
    ["input", "direction", "dtypes", "units", "why"],
)
DIFFERENCE = _object(
    {
        "reference": {"enum": ["torch", "scipy", "ours"]},
        "where": _by(DIRECTIONS, _by(DTYPES, HAZARDS)),
        "paths": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "returns": {"type": "string"},
        "right": {"enum": ["truth", "convention"]},
        "why": SENTENCE,
        "since": {"type": "string"},
        "issue": {"type": "string"},
    },
    ["reference", "where", "returns", "right", "why", "since"],
)
DEFECT = _object(
    {
        "library": {"enum": ["torch", "scipy", "jax"]},
        "where": _by(DIRECTIONS, _by(DTYPES, HAZARDS)),
        "why": SENTENCE,
        "since": {"type": "string"},
    },
    ["library", "where", "why", "since"],
)
BEHIND = _object(
    {
        "direction": {"enum": DIRECTIONS},
        "dtypes": {"type": "array", "items": {"enum": DTYPES}, "minItems": 1, "uniqueItems": True},
        "why": SENTENCE,
    },
    ["direction", "dtypes", "why"],
)
STABLE = _object(
    {
        "C": {"type": "number", "minimum": 1, "maximum": 1e12},
        "narrow": {"type": "number", "minimum": 0, "maximum": 64},
        "normwise": {"type": "boolean"},
        "why": SENTENCE,
        "witness": {"type": "string"},
    },
    ["why", "witness"],
)
STATISTICAL = _object(
    {
        "test": {"enum": ["chi_square"]},
        "samples": {"type": "integer", "minimum": 100},
        "false_alarm": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.01},
        "why": SENTENCE,
    },
    ["test", "samples", "false_alarm", "why"],
)
ROW = _object(
    {
        "scale": {"type": "string", "minLength": 1},
        "why": SENTENCE,
        "source": {"type": "string"},
        "budget": BUDGET,
        "reference": _by(["torch", "scipy"], BUDGET),
        "allclose": _by(DTYPES, PAIR_OF_TOLERANCES),
        "regions": {"type": "array", "items": REGION},
        "differs": {"type": "array", "items": DIFFERENCE},
        "behind": {"type": "array", "items": BEHIND},
        "defects": {"type": "array", "items": DEFECT},
        "statistical": STATISTICAL,
        "stable": STABLE,
    },
    ["scale", "why", "budget"],
)
CERTIFIED = {"type": "object", "additionalProperties": {"type": "string"}}
TABLE = {
    "type": "object",
    "properties": {"certified": CERTIFIED},
    "patternProperties": {r"^[a-z_]+\.[a-z0-9_]+$": ROW},
    "additionalProperties": False,
}
