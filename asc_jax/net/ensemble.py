"""Several networks as one: the mean of their cosines."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from asc_jax.net.arcface import unit
from asc_jax.net.options import Network
from asc_jax.net.scenenet import Outputs, SceneNet


class Ensemble(nn.Module):
    """Waveform [B, N] -> Outputs of networks that know the same scenes, for evaluation.

    The cosines are averaged, the embeddings stand beside each other, each of length 1; features and attention are the
    first network's. `backend` and `folded` are those of `SceneNet`.
    """

    scenes: int
    networks: tuple[Network, ...]
    backend: str | None = None
    folded: bool = False

    @nn.compact
    def __call__(self, waveform: jax.Array) -> Outputs:
        outputs = [
            SceneNet(self.scenes, network, self.backend, folded=self.folded, name=member(number))(waveform)
            for number, network in enumerate(self.networks)
        ]
        cosine = jnp.stack([each.cosine for each in outputs]).mean(0)
        embedding = jnp.concatenate([unit(each.embedding) for each in outputs], -1)
        return outputs[0]._replace(cosine=cosine, embedding=embedding)


Net = SceneNet | Ensemble


def member(number: int) -> str:
    """The name of a network of an ensemble, and of its variables."""
    return f"member_{number}"


def network_of(scenes: int, networks: Sequence[Network]) -> Net:
    """The network with these settings, or the ensemble where they are several."""
    return SceneNet(scenes, networks[0]) if len(networks) == 1 else Ensemble(scenes, tuple(networks))


def settings_of(net: Net) -> tuple[Network, ...]:
    """The settings of the network, or of each in the ensemble."""
    return net.networks if isinstance(net, Ensemble) else (net.network,)


def in_float32(net: Net) -> Net:
    """The same without bfloat16."""
    return network_of(net.scenes, [replace(each, bfloat16=False) for each in settings_of(net)]).clone(folded=net.folded)


def for_each_network(net: Net, variables: dict[str, Any]) -> dict[str, Any]:
    """Variables of one network as the ensemble has them, the same in each."""
    return (
        {member(number): variables for number in range(len(net.networks))} if isinstance(net, Ensemble) else variables
    )
