"""Networks with other statistics, scales, shifts and slopes than those that they begin with."""

import jax
import numpy as np

from asc_jax.deploy.classifier import Classifier, folded
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet


def model_of(network: Network, waveform: np.ndarray) -> Classifier:
    """For three scenes, and for clips such as these, [B, samples]."""
    random = np.random.default_rng(0)

    def varied(leaf):
        moved = 0.1 * random.uniform(size=leaf.shape).astype(np.float32) if leaf.ndim == 1 else 0
        return leaf * random.uniform(0.7, 1.3, leaf.shape).astype(np.float32) + moved

    variables = jax.tree.map(varied, jax.jit(SceneNet(3, network, "xla").init)(jax.random.key(0), waveform[:1]))
    return folded(SceneNet(3, network), ("a", "b", "c"), variables, waveform.shape[1], 1)
