"""Mutation testing: small changes are planted in the library, and the checks of the op must find them.

    python -m tools.mutate losses              the mutants of a family (an op, a module such as _axes; default: all)
    python -m tools.mutate --sample 60         some at random, by a seed that the tree decides
    python -m tools.mutate --write             all of them, and docs/mutation.md anew

`operators` says what is planted, `planting` where, `graph` which ops a place belongs to.  `ground` holds the checks of one op,
`child` runs them on one mutant in a process of its own, `pool` deals the mutants out.  What changes nothing is listed in
`equivalent.json`, with reasons.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy is loaded: processes are forked
    os.environ.setdefault(_name, "1")
