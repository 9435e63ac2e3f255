"""A training step of the network against that of the plain one: loss, outputs, gradients, running statistics."""

import functools
import math
from dataclasses import replace

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.traverse_util import flatten_dict, unflatten_dict
from numpy.linalg import norm
from optax.tree_utils import tree_norm, tree_vdot
from plain import PlainNet

from asc_jax.config import PAPER, RELEASED
from asc_jax.net.arcface import margin_logits
from asc_jax.net.scenenet import SceneNet
from experiments.robust import experiment as robust
from experiments.small import experiment as small

pytestmark = [pytest.mark.usefixtures("quick_to_compile"), pytest.mark.long]
NETWORKS = {"released": RELEASED, "paper": PAPER, "robust": robust.network, "small": small.network}
LABEL = jnp.arange(3)
WAVEFORM = np.random.default_rng(0).normal(0, 0.1, (3, 8_200))


def plain_name(path):
    """Where `PlainNet` has a variable of `SceneNet`."""
    *modules, leaf = path
    top = modules[:1] if modules[0] in ("attention", "trunk") else []
    if leaf.startswith("depthwise_"):  # of the projection
        modules, leaf = [*modules, "depthwise"], leaf.removeprefix("depthwise_")
    name = "_".join(modules[len(top) :])
    if leaf == "slope":
        return (*top, name.replace("_norm", "_slope"))
    return (*top, name) if name in ("head", "global_depthwise") else (*top, name, leaf)


def plain_variables(variables, like):
    """{params, batch_stats} of a `SceneNet` as those of `PlainNet`."""
    return {
        kind: unflatten_dict(
            {
                plain_name(path): np.reshape(leaf, flatten_dict(like[kind])[plain_name(path)].shape)
                for path, leaf in flatten_dict(tree).items()
            }
        )
        for kind, tree in variables.items()
    }


def step(net, variables, waveform, gradients=True, **options):
    """(loss, cosine, gradients or None, new running statistics)"""

    def loss(params, stats):
        variables = {"params": params, "batch_stats": stats}
        outputs, changed = net.apply(variables, waveform, mutable=["batch_stats"], **options)
        cosine = outputs.cosine if net.name == "ours" else outputs
        per_clip = optax.softmax_cross_entropy_with_integer_labels(margin_logits(cosine, LABEL), LABEL)
        return per_clip.mean(), (cosine, changed["batch_stats"])

    arguments = variables["params"], variables["batch_stats"]
    if not gradients:
        value, (cosine, stats) = jax.jit(loss)(*arguments)
        return value, cosine, None, stats
    (value, (cosine, stats)), gradients = jax.jit(jax.value_and_grad(loss, has_aux=True))(*arguments)
    return value, cosine, gradients, stats


def unbiased(stats, plain, variables, waveform):
    """Linen's running statistics with PyTorch's variance, which is larger by n / (n - 1)."""

    def outputs_of_norms(variables):
        norms = {"capture_intermediates": lambda module, _: isinstance(module, nn.BatchNorm)}
        return plain.apply(variables, waveform, mutable=["batch_stats", "intermediates"], **norms)[1]["intermediates"]

    shapes = flatten_dict(jax.eval_shape(outputs_of_norms, variables))
    flat, before = flatten_dict(stats), flatten_dict(variables["batch_stats"])
    for path in flat:
        if path[-1] == "var":
            n = math.prod(shapes[(*path[:-1], "__call__")][0].shape[:-1])
            flat[path] = 0.9 * before[path] + (flat[path] - 0.9 * before[path]) * n / (n - 1)
    return unflatten_dict(flat)


def random_leaf(path, leaf):
    """Kernels as wide as He's for their number of inputs, positive scales, slopes and variances, small biases."""
    random, name = np.random.default_rng(leaf.size), path[-1].key
    if name in ("scale", "slope", "var"):
        return random.uniform(0.5, 1.5, leaf.shape) * (0.25 if name == "slope" else 1)
    if "bias" in name or name == "mean":
        return random.normal(0, 0.1, leaf.shape)
    return random.normal(0, np.sqrt(2 / max(leaf.size // leaf.shape[-1], 9)), leaf.shape)


@functools.cache  # compiling it takes longest
def plain_step(network):
    """Random {params, batch_stats} of a `SceneNet` in float64, and what the plain network makes of them."""
    with jax.enable_x64(True):
        waveform = jnp.asarray(WAVEFORM)
        shapes = jax.eval_shape(SceneNet(3, network).init, jax.random.key(0), waveform)
        variables = jax.tree_util.tree_map_with_path(random_leaf, shapes)
        plain = PlainNet(3, network)
        like = jax.eval_shape(plain.init, jax.random.key(0), waveform)
        in_plain = plain_variables(variables, like)
        *outcome, stats = jax.device_get(step(plain, in_plain, waveform))
        return variables, like, (*outcome, unbiased(stats, plain, in_plain, waveform))


def compare(network, dtype, tolerance, backend, gradients=True):
    """Asserts that all but the gradients are close, and returns these: (found, expected)."""
    variables, like, (loss, cosine, expected, stats) = plain_step(network)
    net = SceneNet(3, replace(network, bfloat16=dtype == jnp.float32), backend, name="ours")
    variables = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), variables)
    found = jax.device_get(step(net, variables, jnp.asarray(WAVEFORM, dtype), gradients, train=True))
    assert_close({"loss": found[0], "cosine": found[1]}, {"loss": loss, "cosine": cosine}, tolerance, 0)
    changed = plain_variables({"params": found[2] or {}, "batch_stats": found[3]}, like)
    assert_close(changed["batch_stats"], stats, tolerance, tolerance / 10)
    return changed["params"], expected


def assert_close(found, expected, share, rounding):
    """Each array differs by no more than that share of its norm."""
    found = flatten_dict(found)
    for path, array in flatten_dict(expected).items():
        assert norm(found[path] - array) <= share * norm(array) + rounding, path


def in_float64(network, backend):
    with jax.enable_x64(True):
        gradients, expected = compare(network, jnp.float64, 1e-9, backend)
    # biases before a normalisation have a gradient of zero, of which rounding remains
    assert_close(gradients, expected, 1e-9, 1e-9 * tree_norm(expected))


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_training_step_in_float64(network):
    in_float64(network, "cpu")


@pytest.mark.parametrize("backend", ["xla", "tpu"])
def test_a_training_step_for_accelerators(backend):
    in_float64(RELEASED, backend)


@pytest.mark.parametrize("network", [RELEASED, PAPER], ids=["released", "paper"])
def test_outputs_and_statistics_in_bfloat16(network):
    compare(network, jnp.float32, 0.15, "cpu", gradients=False)


def test_a_training_step_in_bfloat16():
    """Its gradient is too coarse to compare parameter by parameter: 8 bits, and few positions to normalise over."""
    gradients, expected = compare(robust.network, jnp.float32, 0.15, "cpu")
    assert tree_vdot(gradients, expected) > 0.75 * tree_norm(gradients) * tree_norm(expected)
    assert 0.8 < tree_norm(gradients) / tree_norm(expected) < 1.25
