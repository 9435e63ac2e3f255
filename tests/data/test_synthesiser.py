import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.data.synthesiser import LEVEL, PARAMETERS, scaled, sound, sounds
from asc_jax.net.frontend import log_mel

SAMPLES = 8000


@pytest.fixture(scope="module")
def some():
    return np.asarray(jax.jit(sounds, static_argnums=2)(jnp.arange(64, dtype=jnp.uint32), np.uint32(1), SAMPLES))


def test_a_sound_is_a_function_of_seed_and_number_alone(some):
    again = jax.jit(sounds, static_argnums=2)
    np.testing.assert_allclose(again(jnp.array([7, 0], jnp.uint32), np.uint32(1), SAMPLES), some[[7, 0]], atol=1e-4)
    assert not np.allclose(again(jnp.array([7], jnp.uint32), np.uint32(2), SAMPLES), some[[7]], atol=1e-2)


def test_sounds_are_finite_and_within_their_levels(some):
    assert some.shape == (64, SAMPLES) and np.isfinite(some).all() and np.abs(some).max() <= 1
    level = 10 * np.log10(np.square(some).mean(1))
    assert level.min() > LEVEL[0] - 1 and level.max() < LEVEL[1] + 1 and np.ptp(level) > 20


def test_a_sound_is_more_like_its_partner_than_like_others(some):
    mel = np.asarray(log_mel(jnp.asarray(some))).mean(1)  # [B, F]
    mel -= mel.mean(1, keepdims=True)
    distance = np.linalg.norm(mel[:, None] - mel[None], axis=2) + 1e9 * np.eye(64)
    of_partner = distance[np.arange(64), np.arange(64) ^ 1]
    assert np.mean(of_partner < np.median(distance, 1)) > 0.8
    assert of_partner.min() > 1  # no sound comes twice


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_every_parameter_at_its_limits_gives_a_sound(share):
    parameters = scaled(jnp.full(len(PARAMETERS), share))
    waveform = sound(jax.random.key(0), parameters, SAMPLES)
    assert np.isfinite(waveform).all() and np.abs(waveform).max() > 0


def test_a_pitch_is_what_is_recorded():
    middle = scaled(jnp.full(len(PARAMETERS), 0.5))
    silent = {"level": jnp.array(-200.0)}
    steady = {"level": jnp.array(0.0), "steady": jnp.array(1.0), "depth": jnp.array(0.0), "onset": jnp.array(0.0)}
    tone = {"pitch": jnp.array(1000.0), "glide": jnp.array(0.0), "index": jnp.array(0.0), "bright": jnp.array(0.0)}
    parameters = middle | {name: middle[name] | silent for name in ("tone 2", "noise 1", "noise 2")}
    parameters["tone 1"] = middle["tone 1"] | steady | tone | {"wide": jnp.array(0.0)}
    spectrum = np.abs(np.fft.rfft(np.asarray(sound(jax.random.key(3), parameters, 16_000))))
    assert abs(int(spectrum.argmax()) - 1000) <= 1
