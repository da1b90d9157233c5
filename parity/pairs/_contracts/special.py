"""What the special functions must refuse."""

from parity.pair import Contract, with_options
from parity.pairs._contracts._rows import NAN, UNCHECKED, each

_EPS = each("an eps outside of [0, 1/2]", "eps", -0.1, 0.6, -5e-324, 0.5000000000000001, NAN)
CONTRACTS = {
    "logsumexp": Contract(accepts={"dy_*": UNCHECKED}),
    "logcumsumexp": Contract(accepts={"dy_*": UNCHECKED, "axis=True": "True counts as 1."}),
    "logit": Contract(_EPS, allows=(with_options(eps=0.0),)),
}
