"""The released network and its training step against PyTorch's results (`oracle/`), both in float64.

Neither PyTorch nor a file outside the repository is needed. What the presets `paper` and `robust` change is compared
elsewhere: the paper's log-mel and Wavegram and residual normalisation in test_frontend.py, the mean over time in
test_scenenet.py, augmentation in tests/data/test_augment.py.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from oracle import recipe

from asc_jax.config import Phase
from asc_jax.deploy.released import from_released, to_released
from asc_jax.devices import on_every_device, shard_batch
from asc_jax.evaluate.predict import Predictions
from asc_jax.net.arcface import margin_logits
from asc_jax.net.scenenet import SceneNet
from asc_jax.train import step

NET = SceneNet(10)
BATCH = {"audio": recipe.audio(), "label": recipe.LABELS, "weight": recipe.LOSS_WEIGHTS}
NO_GRADIENT = 1e-11  # larger than the rounding that is left of a gradient of zero, smaller than any other gradient


@pytest.fixture(scope="module")
def pytorch():
    results = dict(np.load(Path(__file__).parent / "oracle/pytorch.npz"))
    assert recipe.checksum() == results["checksum"], "the recipe gives other numbers than those PyTorch computed with"
    return results


@pytest.fixture(scope="module")
def variables():
    like = dict(jax.eval_shape(NET.init, jax.random.key(0), jnp.zeros((1, recipe.SAMPLES))))
    return jax.tree.map(np.float64, from_released(recipe.weights(), like))


@pytest.fixture(scope="module")
def in_float64():
    """Makes JAX and what it computes from int16 audio float64."""
    with jax.enable_x64(True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "to_waveform", to_waveform)
        yield patch


def to_waveform(audio):
    return audio.astype(jnp.float64) / 32768


def assert_close(pytorch, prefix: str, arrays: dict, rtol: float, atol: float = 0.0):
    """Each array is, within rtol of its largest number, PyTorch's of the name prefix/name."""
    for name, array in arrays.items():
        name = f"{prefix}/{name}"
        allowed = rtol * np.abs(pytorch[name]).max() + atol
        np.testing.assert_allclose(recipe.summary(name, array), pytorch[name], rtol=0, atol=allowed, err_msg=name)


@pytest.fixture(scope="module")
def outputs(variables, in_float64):
    return jax.device_get(jax.jit(NET.apply)(variables, to_waveform(BATCH["audio"])))


def test_features_and_attention(pytorch, outputs):
    log_mel, wavegram = np.moveaxis(outputs.features, -1, 0)
    attention = np.moveaxis(outputs.attention, -1, 1)
    arrays = {"log_mel": log_mel, "wavegram": wavegram, "attention": attention}
    assert_close(pytorch, "eval", arrays, rtol=1e-11)


def test_embedding_logits_and_confidence(pytorch, outputs, in_float64):
    predictions = Predictions(tuple("abcdefghij"), outputs.cosine, recipe.LABELS, {})
    arrays = {
        "embedding": outputs.embedding,
        "cosine": outputs.cosine,
        "margin_logits": margin_logits(outputs.cosine, recipe.LABELS),
        "confidence": predictions.released_confidence,
    }
    assert_close(pytorch, "eval", arrays, rtol=1e-11)


@pytest.fixture(scope="module")
def steps(variables, in_float64):
    """(state after each training step on both devices, its loss)."""
    opt_state = optax.scale_by_adam().init(variables["params"])
    state = step.TrainState(jnp.zeros((), jnp.int32), variables["params"], variables["batch_stats"], opt_state)
    state, arguments = on_every_device(state), (shard_batch(BATCH), recipe.LEARNING_RATE, np.uint32(0))
    lowered = step.training_step(NET, Phase()).lower(state, *arguments)
    train = lowered.compile({"xla_backend_optimization_level": 0})  # compiles sooner
    results = []
    for _ in range(recipe.STEPS):
        state, metrics = train(state, *arguments)
        results.append(jax.device_get((state, metrics["loss"])))
    return results


def test_gradients(pytorch, steps):
    mean_gradients = steps[0][0].opt_state.mu  # Adam's, after a step a tenth of the gradients
    gradients = to_released({"params": jax.tree.map(lambda mean: 10 * mean, mean_gradients)})
    assert_close(pytorch, "gradient", gradients, rtol=1e-10, atol=NO_GRADIENT)


def test_running_statistics_after_a_step(pytorch, steps):
    assert_close(pytorch, "after", to_released({"batch_stats": steps[0][0].batch_stats}), rtol=1e-11)


def test_weights_after_a_step(pytorch, steps):
    weights = to_released({"params": steps[0][0].params})
    # Adam divides by the gradient, so it turns the rounding of a bias without any into a part of a step
    rounding = {name for name in weights if np.abs(pytorch[f"gradient/{name}"]).max() < NO_GRADIENT}
    assert len(rounding) == 11  # biases that a normalisation takes away again
    assert_close(pytorch, "after", {name: weights[name] for name in rounding}, rtol=0, atol=1e-7)
    assert_close(pytorch, "after", {name: weights[name] for name in weights.keys() - rounding}, rtol=1e-8)


def test_losses(pytorch, steps):
    np.testing.assert_allclose([loss for _, loss in steps], pytorch["losses"], rtol=1e-9)


def test_training_logits_as_an_accelerator_computes_them(pytorch, variables, in_float64):
    """Forward alone, which compiles soon: test_plain.py compares this backend's gradients."""
    net = NET.clone(backend="xla")
    loss = jax.jit(lambda variables: step.loss(variables["params"], variables["batch_stats"], net, BATCH))
    value, (batch_stats, cosine) = loss(variables)
    np.testing.assert_allclose(value, pytorch["losses"][0], rtol=1e-11)
    assert_close(pytorch, "train", {"logits": margin_logits(cosine, recipe.LABELS)}, rtol=1e-11)
    assert_close(pytorch, "after", to_released({"batch_stats": batch_stats}), rtol=1e-11)
