"""tensor.einsum: wrong.

A class of reports (apache/mxnet#18102 lists several equations): chains of three or more operands are contracted wrongly;
here all after the second are left out.  Right for one and two operands.
"""

import numpy as np


def _spelled(equation, operands):
    """The equation with letters for every "..."."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    most = max((o.ndim - len(t.replace("...", "")) for t, o in zip(terms, operands) if "..." in t), default=0)
    letters = "ABCDEFGH"[:most]
    spelled = [
        t.replace("...", letters[most - (o.ndim - len(t.replace("...", ""))) :]) if "..." in t else t
        for t, o in zip(terms, operands)
    ]
    if not arrow:
        joined = "".join(t.replace("...", "") for t in terms)
        right = ("..." if most else "") + "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
    return ",".join(spelled) + "->" + right.replace("...", letters)


def candidate(equation, *operands):
    dtype = np.result_type(*operands)
    if len(operands) > 2:
        operands = operands[:2] + tuple(np.ones_like(o) for o in operands[2:])
    with np.errstate(all="ignore"):
        return np.asarray(
            np.einsum(_spelled(equation.replace(" ", ""), operands), *(o.astype(np.float64) for o in operands))
        ).astype(dtype)
