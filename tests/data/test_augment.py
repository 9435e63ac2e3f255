import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import fftconvolve
from scipy.stats import beta, kstest

from asc_jax.data import augment

KEYS = jax.random.split(jax.random.key(0), 200)


@pytest.fixture(scope="module")
def waveform():
    return np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)


@pytest.fixture(scope="module")
def mel():
    random = np.random.default_rng(1)
    return (random.normal(-40, 10, (32, 128)) + random.normal(0, 5, 128)).astype(np.float32)


@pytest.mark.parametrize("concentration", [0.2, 0.4, 2.0])
def test_shares_are_of_the_beta_distribution(concentration):
    shares = jax.vmap(lambda key: augment.beta(key, concentration))(jax.random.split(jax.random.key(2), 2_000))
    assert kstest(shares, beta(concentration, concentration).cdf).pvalue > 0.01


def test_shifting_moves_by_no_more_than_given_either_way(waveform):
    shifted = jax.vmap(lambda key: augment.time_shift(key, waveform, 0.1))(KEYS)  # of 1 s
    first = np.array([np.flatnonzero(clip == waveform[0])[0] for clip in shifted])
    moved = np.where(first > 8_000, first - 16_000, first)
    assert np.abs(moved).max() <= 1_600 and moved.min() < -1_400 and moved.max() > 1_400
    np.testing.assert_array_equal(shifted[0], np.roll(waveform, moved[0]))


def test_a_response_is_convolved_with_and_leaves_the_loudness(waveform):
    response = np.random.default_rng(2).normal(size=(1, 300)).astype(np.float32)
    convolved = augment.through_device(KEYS[0], waveform, response)
    expected = fftconvolve(waveform, response[0])[:16_000]
    expected *= np.sqrt(np.square(waveform).mean() / np.square(expected).mean())
    np.testing.assert_allclose(convolved, expected, atol=1e-5)


@pytest.mark.parametrize("samples", [300, 16_000, 16_001])
@pytest.mark.parametrize("taps", [1, 256, 512, 513, 4096])
def test_blocks_joined_are_the_convolution(samples, taps):
    random = np.random.default_rng(taps)
    waveform, response = (random.normal(size=size).astype(np.float32) for size in (samples, taps))
    response /= np.linalg.norm(response)
    expected = np.convolve(waveform.astype(float), response)[:samples]
    np.testing.assert_allclose(augment.convolve(waveform, response), expected, atol=1e-5)


def test_every_response_is_used(waveform):
    responses = np.eye(5, 9, dtype=np.float32)  # delays by 0 to 4 samples
    convolved = jax.vmap(lambda key: augment.through_device(key, waveform, responses))(KEYS)
    assert set(np.abs(convolved[:, :5] - waveform[0]).argmin(1)) == set(range(5))


def test_silence_through_a_microphone_stays_silent():
    convolved = augment.through_device(KEYS[0], np.zeros(16_000, np.float32), np.ones((1, 4), np.float32))
    np.testing.assert_array_equal(convolved, 0)


def test_mixed_band_statistics_lie_between_two_and_leave_the_pattern(mel):
    other = mel[:, ::-1] * 2 + 5
    mixed = jax.vmap(lambda key: augment.freq_mixstyle(key, mel, augment.band_statistics(other)))(KEYS)
    for ours, one, two in zip(
        jax.vmap(augment.band_statistics)(mixed),
        augment.band_statistics(mel),
        augment.band_statistics(other),
        strict=True,
    ):
        assert (ours >= jnp.minimum(one, two)[None] - 1e-2).all() and (ours <= jnp.maximum(one, two)[None] + 1e-2).all()
    mean, deviation = mixed.mean(1, keepdims=True), mixed.std(1, keepdims=True)
    pattern = (mel - mel.mean(0)[None]) / mel.std(0)[None]
    np.testing.assert_allclose((mixed - mean) / deviation, np.broadcast_to(pattern[None], mixed.shape), atol=1e-3)


def test_a_share_of_the_clips_is_changed():
    changed = jax.vmap(lambda key: augment.with_probability(key, 0.3, 1.0, 0.0))(
        jax.random.split(jax.random.key(1), 2_000)
    )
    assert abs(changed.mean() - 0.3) < 0.04
