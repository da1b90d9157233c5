"""tensor.einsum: wrong.

Kind: structure.
Passed before: yes.
Operands are contracted from left to right, two at a time; a letter is kept for the result and for the next operand, but not
for those that follow.
"""

import string

import numpy as np


def _spelled(equation, ranks):
    """The letters of each operand and of the result, "..." and a missing "->" written out."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    spare = [c for c in string.ascii_letters if c not in equation]
    dots = [n - len(t.replace("...", "")) if "..." in t else 0 for t, n in zip(terms, ranks)]
    shared = "".join(spare[: max(dots)])
    if not arrow:
        named = left.replace("...", "").replace(",", "")
        right = "..." + "".join(sorted(c for c in set(named) if named.count(c) == 1))
    full = [t.replace("...", shared[len(shared) - n :]) for t, n in zip(terms, dots)]
    return full, right.replace("...", shared)


def candidate(equation, *operands):
    terms, result = _spelled(equation, [x.ndim for x in operands])
    letters, y = terms[0], operands[0].astype(np.float64)
    with np.errstate(all="ignore"):
        for k in range(1, len(operands)):
            needed = result + "".join(terms[k + 1 : k + 2])
            kept = "".join(dict.fromkeys(c for c in letters + terms[k] if c in needed))
            y = np.einsum(f"{letters},{terms[k]}->{kept}", y, operands[k].astype(np.float64))
            letters = kept
        y = np.einsum(f"{letters}->{result}", y)
    return np.array(y).astype(np.result_type(*operands))
