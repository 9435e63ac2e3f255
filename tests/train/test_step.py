import jax
import numpy as np
import optax
import pytest
from scipy.special import softmax

from asc_jax.config import Augmentation, Phase
from asc_jax.devices import check_batch, on_every_device, shard_batch
from asc_jax.errors import UserError
from asc_jax.net.arcface import margin_logits
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import create_state, learning_rate, loss, training_step

pytestmark = pytest.mark.usefixtures("quick_to_compile")
NET = SceneNet(3)


@pytest.fixture(scope="module")
def state(quick_to_compile):
    return create_state(NET, 16_000, jax.random.key(0))


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    audio = rng.integers(-9_000, 9_000, (4, 16_000)).astype(np.int16)
    return {"audio": audio, "label": np.array([0, 1, 2, 1]), "weight": np.array([1, 0.5, 0, 2], np.float32)}


def test_loss_is_the_mean_over_clips_of_weight_times_cross_entropy(state, batch):
    value, (_, cosine) = jax.jit(loss, static_argnums=2)(state.params, state.batch_stats, NET, batch)
    logits = margin_logits(cosine, batch["label"])
    expected = np.mean(batch["weight"] * optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"]))
    np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_soft_labels_add_their_weighted_cross_entropy(state, batch):
    soft = np.array([[0.5, 0.25, 0.25], [0, 0, 0], [0, 0, 2], [0, 1, 0]], np.float32)
    hard, _ = jax.jit(loss, static_argnums=2)(state.params, state.batch_stats, NET, batch)
    value, (_, cosine) = jax.jit(loss, static_argnums=2)(
        state.params, state.batch_stats, NET, batch | {"soft_label": soft}
    )
    added = -np.mean(np.sum(soft * np.log(softmax(8 * np.asarray(cosine), 1)), 1))
    np.testing.assert_allclose(value, hard + added, rtol=1e-5)


def test_schedule_falls_from_the_first_rate_towards_the_floor():
    phase = Phase(epochs=10, learning_rate=0.02, min_learning_rate=0.002)
    rates = [learning_rate(phase, epoch) for epoch in range(10)]
    np.testing.assert_allclose(rates, 0.002 + 0.018 * (1 + np.cos(np.pi * np.arange(10) / 10)) / 2, rtol=1e-6)


def test_decay_alone_changes_what_has_no_gradient(state, batch):
    """Clips without weight have no gradient, however they are augmented."""
    still = shard_batch(
        batch | {"weight": np.zeros(4, np.float32), "responses": on_every_device(np.eye(2, 4, dtype="f"))}
    )
    phase = Phase(weight_decay=0.5, augmentation=Augmentation(time_shift=0.1, dir_prob=0.5, freq_mixstyle_prob=0.5))
    now, metrics = training_step(NET, phase)(on_every_device(jax.tree.map(np.copy, state)), still, 0.1, 0)
    assert metrics["loss"] == 0
    jax.tree.map(lambda old, new: np.testing.assert_allclose(new, 0.95 * old, rtol=1e-6), state.params, now.params)


@pytest.mark.long
def test_two_devices_are_one(state, batch):
    """Statistics, loss and gradients of a batch that is shared out are those of the whole."""
    assert jax.device_count() == 2
    (value, (batch_stats, cosine)), gradients = jax.jit(jax.value_and_grad(loss, has_aux=True), static_argnums=2)(
        state.params, state.batch_stats, NET, batch
    )
    now, metrics = training_step(NET, Phase())(
        on_every_device(jax.tree.map(np.copy, state)), shard_batch(batch), 1e-3, 0
    )
    np.testing.assert_allclose(metrics["loss"], value, rtol=1e-5)
    np.testing.assert_allclose(metrics["accuracy"], np.mean(cosine.argmax(1) == batch["label"]), rtol=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), now.batch_stats, batch_stats)
    whole = np.sqrt(sum(np.square(leaf).sum() for leaf in jax.tree.leaves(gradients)))
    moved = jax.tree.map(lambda first, gradient: np.linalg.norm(10 * first - gradient), now.opt_state.mu, gradients)
    assert max(jax.tree.leaves(moved)) < 1e-3 * whole


def test_a_batch_that_the_devices_cannot_share_is_refused_with_one_they_can():
    check_batch(4)
    with pytest.raises(UserError, match="2 devices cannot share a batch of 5 clips: use --batch-size 6"):
        check_batch(5)
