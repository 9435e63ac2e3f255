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

    Above pi - margin, where cos(angle + margin) would rise again, ArcFace's linear fallback replaces it.
    The sine has a floor, because the square root's gradient is infinite at |cosine| = 1.
    """
    sine = jnp.sqrt(jnp.maximum(1 - jnp.square(cosine), 1e-7))
    with_margin = cosine * np.cos(margin) - sine * np.sin(margin)
    fallback = cosine - margin * np.sin(np.pi - margin)
    of_true_scene = jnp.where(cosine > np.cos(np.pi - margin), with_margin, fallback)
    is_true = label[:, None] == jnp.arange(cosine.shape[1])[None]
    return scale * jnp.where(is_true, of_true_scene, cosine)
