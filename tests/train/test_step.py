import jax
import numpy as np
import optax
import pytest

from asc_jax.config import Phase
from asc_jax.net.arcface import margin_logits
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import create_state, learning_rate, loss

NET = SceneNet(3)


@pytest.fixture(scope="module")
def state():
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


def test_schedule_falls_from_the_first_rate_towards_the_floor():
    phase = Phase(epochs=10, learning_rate=0.02, final_learning_rate=0.002)
    rates = [learning_rate(phase, epoch) for epoch in range(10)]
    np.testing.assert_allclose(rates, 0.002 + 0.018 * (1 + np.cos(np.pi * np.arange(10) / 10)) / 2, rtol=1e-6)
