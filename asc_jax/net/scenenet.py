"""The whole network: waveform -> cosine to every scene, and the intermediates."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from asc_jax.net.arcface import ArcFace
from asc_jax.net.attention import Attention
from asc_jax.net.backend import kernels_for
from asc_jax.net.channels import along_channels
from asc_jax.net.frontend import Wavegram, log_mel, normalise, residual_normalise
from asc_jax.net.layers import Mode
from asc_jax.net.mobilefacenet import MobileFaceNet
from asc_jax.net.options import Network


class Outputs(NamedTuple):
    """B clips, F bands, T frames; channel 0 is the log-mel, channel 1 the Wavegram."""

    cosine: jax.Array  # [B, scenes]
    embedding: jax.Array  # [B, 128 as released]
    features: jax.Array  # [B, F, T, 2], before normalisation
    attention: jax.Array  # [B, F, T, 2]


class SceneNet(nn.Module):
    """Waveform [B, N] in [-1, 1] at 16 kHz -> Outputs; N of 0.1 s or more, the same for all clips of a model.

    With `bfloat16` attention and trunk compute in it; parameters, front end, statistics and head stay float32. The
    default is the released network; see "Semi-supervised acoustic scene classification under domain
    shift using an attention module and angular loss" (Neri and Carli, ICME 2024 Grand Challenge).
    """

    scenes: int
    network: Network = Network()
    backend: str | None = None  # "cpu", "tpu", "portable" (other runtimes), else XLA's operations; None: JAX's platform
    axis_name: str | None = None  # mesh axis over which a batch is sharded and BatchNorm averages its statistics
    folded: bool = False  # for variables of `fold`

    @nn.compact
    def __call__(
        self, waveform: jax.Array, train: bool = False, augment_mel: Callable[[jax.Array], jax.Array] = lambda mel: mel
    ) -> Outputs:
        """`augment_mel` augments the log-mel [B, T, F]."""
        mode, chosen = Mode(train, self.folded, self.axis_name, kernels_for(self.backend, train)), self.network
        with jax.default_matmul_precision("highest"):  # a TPU would multiply in bfloat16
            mel = log_mel(waveform, chosen.magnitude_mel, mode.kernels, chosen.bands, chosen.hop)  # [B, T, F]
            mel = augment_mel(self._adapted(mel))
            wavegram = Wavegram(chosen.wavegram_filters, mode, chosen.bands, chosen.hop, name="wavegram")(waveform)
        features = jnp.stack((mel, wavegram), axis=-1).swapaxes(1, 2)  # [B, F, T, 2]
        x = jnp.stack((self._normalised(mel), normalise(wavegram)), axis=-1).swapaxes(1, 2)
        x = x.astype(jnp.bfloat16 if chosen.bfloat16 else x.dtype)
        attention = Attention(chosen.plain_projection, mode, chosen.width, name="attention")(x)
        trunk = MobileFaceNet(mode, chosen.mean_over_time, chosen.width, chosen.depth, name="trunk")
        embedding = trunk(x * attention)
        embedding = embedding.astype(features.dtype)
        cosine = ArcFace(self.scenes, name="head")(embedding)
        return Outputs(cosine, embedding, features, attention.astype(features.dtype))

    def _normalised(self, mel: jax.Array) -> jax.Array:
        share = self.network.residual_normalisation
        return residual_normalise(mel, share) if share else normalise(mel)

    def _adapted(self, mel: jax.Array) -> jax.Array:
        """Scaled and shifted by the optional variables `bands`, [F], that adapt to a device (deploy/bands.py)."""
        if not self.has_variable("bands", "scale"):
            return mel
        scale, shift = (along_channels(mel, self.get_variable("bands", name)) for name in ("scale", "shift"))
        return mel * scale + shift


def outputs_of(net: nn.Module, variables: Mapping[str, Any], waveform: jax.Array) -> Outputs:
    """The network's outputs in evaluation mode; `variables` are those of `net.apply`."""
    return cast(Outputs, net.apply(variables, waveform))  # a tuple with changed variables only where some are mutable


def to_waveform(audio: jax.Array | np.ndarray) -> jax.Array:
    """int16 samples -> float32 in [-1, 1)."""
    return jnp.asarray(audio, jnp.float32) / 32768
