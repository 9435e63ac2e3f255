import jax
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from asc_jax.config import Augmentation
from asc_jax.devices import AXIS
from asc_jax.train.augmentation import mel_augmentation, waveform_augmentation

ALL = Augmentation(time_shift=0.5, dir_prob=0.6, freq_mixstyle_prob=0.7)
KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def waveform():
    return np.random.default_rng(0).normal(0, 0.1, (8, 16_000)).astype(np.float32)


@pytest.fixture(scope="module")
def mel():
    return np.random.default_rng(1).normal(-40, 10, (8, 32, 128)).astype(np.float32)


def on(devices, function, *arguments):
    """Each device has a share of every argument."""
    mesh, ours = Mesh(np.array(jax.devices()[:devices]), (AXIS,)), PartitionSpec(AXIS)
    return jax.jit(jax.shard_map(function, mesh=mesh, in_specs=ours, out_specs=ours, check_vma=False))(*arguments)


def changed(waveform, how, devices=1, key=KEY):
    responses = np.random.default_rng(2).normal(size=(4, 64)).astype(np.float32)
    return on(devices, waveform_augmentation(key, responses, how), waveform)


def test_without_augmentation_a_batch_is_what_it_was(waveform, mel):
    np.testing.assert_array_equal(changed(waveform, Augmentation()), waveform)
    np.testing.assert_array_equal(on(1, mel_augmentation(KEY, Augmentation()), mel), mel)


@pytest.mark.parametrize("name", ["time_shift", "dir_prob"])
def test_each_augmentation_alone_changes_clips_as_the_key_says(waveform, name):
    how = Augmentation(**{name: getattr(ALL, name)})
    first, again, other = (changed(waveform, how, key=jax.random.key(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and (first != waveform).any()


def test_one_device_and_two_make_the_same_of_a_batch(waveform, mel):
    one, two = (changed(waveform, ALL, devices) for devices in (1, 2))
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
    one, two = (on(devices, mel_augmentation(KEY, ALL), mel) for devices in (1, 2))
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-4)


def test_band_statistics_are_mixed_each_in_its_own_way(mel):
    changed_mel = on(1, mel_augmentation(KEY, Augmentation(freq_mixstyle_prob=1.0)), mel) - mel
    assert (np.abs(changed_mel).max((1, 2)) > 0.1).sum() > 4  # a clip may meet itself, or keep nearly all of its own
