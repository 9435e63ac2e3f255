"""ArcFace: scenes as directions, and a margin in angle while training (Deng et al., 2019)."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

SCALE = 8.0
MARGIN = 0.2  # radians


def unit(x: jax.Array) -> jax.Array:
    """Scales the last axis to length 1; a zero vector stays zero."""
    return x * lax.rsqrt(jnp.maximum(jnp.square(x).sum(-1, keepdims=True), 1e-24))


class ArcFace(nn.Module):
    """Embedding [B, D] -> cosine [B, scenes] to each scene's learned direction."""

    scenes: int

    @nn.compact
    def __call__(self, embedding: jax.Array) -> jax.Array:
        init = nn.initializers.xavier_uniform(in_axis=1, out_axis=0)
        directions = self.param("directions", init, (self.scenes, embedding.shape[-1]))
        return unit(embedding) @ unit(directions).T


def margin_logits(
    cosine: jax.Array | np.ndarray, label: jax.Array | np.ndarray, scale: float = SCALE, margin: float = MARGIN
) -> jax.Array:
    """Training logits [B, scenes]: the true scene's angle grows by the margin, everything is scaled.

    Beyond pi - margin, where the cosine would rise again, the published linear continuation stands in its place.
    The sine has a floor, because the square root's gradient is infinite at |cosine| = 1.
    """
    sine = jnp.sqrt(jnp.maximum(1 - jnp.square(cosine), 1e-7))
    widened = cosine * np.cos(margin) - sine * np.sin(margin)
    beyond = cosine - margin * np.sin(np.pi - margin)
    true_scene = jnp.where(cosine > np.cos(np.pi - margin), widened, beyond)
    is_true = label[:, None] == jnp.arange(cosine.shape[1])[None]
    return scale * jnp.where(is_true, true_scene, cosine)
