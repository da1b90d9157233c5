"""What the initializers must refuse."""

from parity.pair import Contract, Refusal
from parity.pairs._contracts._rows import options

_FEW = tuple(
    Refusal(f"shape_of_{len(shape)}", "a weight of fewer than two axes", arrays={"shape": lambda s, f, r, shape=shape: shape})
    for shape in ((5,), ())
)
_NO_FLOAT = options("a dtype that is no float", dtype="int64")
CONTRACTS = {"kaiming_normal": Contract((*_FEW, _NO_FLOAT)), "orthogonal": Contract((*_FEW, _NO_FLOAT))}
