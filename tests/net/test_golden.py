"""The network, its gradients and AdamW against the arrays of the released network; test_oracle.py has whole steps.

Both sides are float32 on a CPU, so they differ by the order of summation: about 1e-5 relative in activations. Gradients
of single small tensors differ by up to 3e-2 relative L2 from float64 on either side, which sets their tolerance.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.traverse_util import flatten_dict
from golden import FILE, needed, variables

from asc_jax.config import Phase
from asc_jax.evaluate.predict import Predictions
from asc_jax.net.arcface import margin_logits
from asc_jax.net.folding import fold
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet, to_waveform
from asc_jax.train import pseudolabels
from asc_jax.train.step import learning_rate, loss

pytestmark = [needed, pytest.mark.long]
NET = SceneNet(10)


@pytest.fixture(scope="module")
def arrays():
    return np.load(FILE)


@pytest.fixture(scope="module")
def state(arrays):
    return jax.tree.map(jnp.asarray, variables(arrays, "state"))


@pytest.fixture(scope="module")
def batch(arrays):
    label, weight = arrays["labels"].astype(np.int32), arrays["weights"].astype(np.float32)
    return {"audio": arrays["audio_int16"], "label": label, "weight": weight}


@pytest.fixture(scope="module")
def outputs(state, batch):
    return jax.device_get(jax.jit(NET.apply)(state, to_waveform(batch["audio"])))


def test_features_and_attention(arrays, outputs):
    features = np.moveaxis(outputs.features[:2], -1, 0)
    # decibels down to -80; quiet bands lose digits in the logarithm
    np.testing.assert_allclose(features[0], arrays["eval/log_mel"], atol=2e-3)
    np.testing.assert_allclose(features[1], arrays["eval/wavegram"], atol=5e-6)
    np.testing.assert_allclose(np.moveaxis(outputs.attention[:2], -1, 1), arrays["eval/attention"], atol=5e-6)


def test_embedding_and_logits(arrays, outputs, batch):
    np.testing.assert_allclose(outputs.embedding, arrays["eval/embedding"], atol=2e-6)
    np.testing.assert_allclose(outputs.cosine, arrays["eval/cosine"], atol=2e-6)
    logits = margin_logits(outputs.cosine, batch["label"])
    np.testing.assert_allclose(logits, arrays["eval/margin_logits"], atol=2e-5)  # 8 times the cosine's


def test_bfloat16_and_the_folded_network(arrays, state, batch):
    exact = jax.jit(NET.clone(folded=True).apply)(jax.jit(fold)(state), to_waveform(batch["audio"]))
    np.testing.assert_allclose(exact.cosine, arrays["eval/cosine"], atol=5e-6)
    rough = jax.jit(SceneNet(10, Network(bfloat16=True)).apply)(state, to_waveform(batch["audio"]))
    assert rough.features.dtype == rough.embedding.dtype == rough.cosine.dtype == jnp.float32
    np.testing.assert_allclose(rough.cosine, arrays["eval/cosine"], atol=5e-3)


def test_pseudo_labels(arrays):
    predictions = Predictions(tuple("abcdefghij"), arrays["eval/cosine"], arrays["labels"], {})
    np.testing.assert_array_equal(predictions.label, arrays["pseudo/label"])
    np.testing.assert_allclose(predictions.released_confidence, arrays["pseudo/raw_confidence"], rtol=1e-6)
    # from the released confidences: of eight untrained clips they span 40 float32 steps, which scaling would magnify
    np.testing.assert_allclose(
        pseudolabels.weights(arrays["pseudo/raw_confidence"]), arrays["pseudo/weight"], atol=1e-6
    )


@pytest.fixture(scope="module")
def first_step(state, batch):
    gradient = jax.jit(jax.value_and_grad(loss, has_aux=True), static_argnums=2)
    outcome = jax.device_get(gradient(state["params"], state["batch_stats"], NET, batch))
    (value, (batch_stats, cosine)), gradients = outcome
    return value, cosine, flatten_dict(gradients, sep="/"), batch_stats


def test_loss_and_logits_in_training(arrays, batch, first_step):
    value, cosine, *_ = first_step
    np.testing.assert_allclose(value, arrays["train/losses"][0], rtol=1e-6)
    np.testing.assert_allclose(margin_logits(cosine, batch["label"]), arrays["train/logits"], atol=3e-5)


def test_every_gradient(arrays, first_step):
    ours = first_step[2]
    released = flatten_dict(variables(arrays, "grad")["params"], sep="/")
    assert ours.keys() == released.keys()
    whole = np.sqrt(sum(np.square(each).sum() for each in released.values()))
    for name, gradient in released.items():
        difference = np.linalg.norm(ours[name] - gradient)
        # a bias before another BatchNorm has no gradient: both sides show their rounding, 4e-5 of the whole at most
        allowed = 1e-4 * whole if np.linalg.norm(gradient) < 4e-5 * whole else 0.04 * np.linalg.norm(gradient)
        assert difference <= allowed, name


def test_running_statistics_after_a_step(arrays, first_step):
    ours, released = (
        flatten_dict(tree, sep="/") for tree in (first_step[3], variables(arrays, "after_step")["batch_stats"])
    )
    assert ours.keys() == released.keys()
    for name, theirs in released.items():
        np.testing.assert_allclose(ours[name], theirs, atol=1e-4 * np.abs(theirs).max() + 1e-6, err_msg=name)


def test_adamw_on_the_released_gradients(arrays, state):
    gradients, after = (variables(arrays, prefix)["params"] for prefix in ("grad", "after_step"))
    adam = optax.scale_by_adam()
    direction = jax.jit(lambda gradients: adam.update(gradients, adam.init(gradients))[0])(gradients)
    stepped = jax.tree.map(lambda p, d: p - 1e-3 * (d + 0.01 * p), *map(jax.device_get, (state["params"], direction)))
    # gradients of 1e-8 and less stand beside epsilon, where rounding shows: 1 % of a step
    jax.tree.map(lambda ours, released: np.testing.assert_allclose(ours, released, atol=1e-5), stepped, after)


def test_learning_rate_of_every_epoch(arrays):
    rates = [learning_rate(Phase(), epoch) for epoch in range(100)]
    np.testing.assert_allclose(rates, arrays["schedule/lr_per_epoch"], rtol=2e-6)
