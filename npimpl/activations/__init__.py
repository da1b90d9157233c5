"""Activations: the elementwise nonlinearities of a network, and the row-wise softmax family, each with its gradient."""

from npimpl.activations.exponential import *  # noqa: F403 - each submodule lists its ops in __all__
from npimpl.activations.gated import *  # noqa: F403
from npimpl.activations.rectifiers import *  # noqa: F403
from npimpl.activations.shrinkage import *  # noqa: F403
from npimpl.activations.sigmoidal import *  # noqa: F403
from npimpl.activations.simplex import *  # noqa: F403
