"""Batch normalisation folded into the convolution before it, for inference."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from asc_jax.net.channels import along_channels
from asc_jax.net.layers import EPSILON


def fold(variables: dict) -> dict:
    """{params, batch_stats} of a `SceneNet` -> variables with which its outputs are the same in evaluation mode.

    The scale of NAME_norm goes into the kernel of NAME, the rest into the bias of NAME_norm; other norms stay.
    """
    params, stats = _fold(variables["params"], variables["batch_stats"])
    return variables | {"params": params, "batch_stats": stats}


def affine_of(norm: Mapping, stats: Mapping) -> tuple[jax.Array, jax.Array]:
    """(scale [C], shift [C]) of a norm that stays, in evaluation mode."""
    scale = norm["scale"] * jax.lax.rsqrt(stats["var"] + EPSILON)
    return scale, norm["bias"] - stats["mean"] * scale


def _fold(params: Mapping, stats: Mapping) -> tuple[dict, dict]:
    params, stats = dict(params), dict(stats)
    for name in list(stats):
        before = name.removesuffix("_norm")
        if "mean" not in stats[name]:
            params[name], stats[name] = _fold(params[name], stats[name])
        elif before != name and before in params:
            params[before], params[name] = _merge(params[before], params[name], stats.pop(name))
    return params, stats


def _merge(convolution: Mapping, norm: Mapping, stats: Mapping) -> tuple[dict, dict]:
    """The out channels are the last axis of every kernel."""
    convolution, norm = dict(convolution), dict(norm)
    scale = norm.pop("scale") * jax.lax.rsqrt(stats["var"] + EPSILON)
    norm["bias"] += (convolution.get("bias", 0) - stats["mean"]) * scale
    if "bias" in convolution:
        convolution["bias"] = jnp.zeros_like(convolution["bias"])
    convolution["kernel"] *= along_channels(convolution["kernel"], scale)
    return convolution, norm
