from functools import partial

import jax
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from asc_jax.config import Augmentation
from asc_jax.devices import AXIS
from asc_jax.train.lesson import augmented, change_of_mel, lesson

ALL = Augmentation(roll=0.5, response=0.6, noise=0.5, style=0.7, masked_bands=24, mixup=0.3)


@pytest.fixture(scope="module")
def batch():
    random = np.random.default_rng(0)
    audio = random.normal(0, 3_000, (8, 16_000)).astype(np.int16)
    return {"audio": audio, "label": np.arange(8), "weight": np.linspace(0.5, 1.5, 8, dtype=np.float32)}


@pytest.fixture(scope="module")
def mel():
    return np.random.default_rng(1).normal(-40, 10, (8, 32, 128)).astype(np.float32)


def on(devices, function, *arguments):
    """Each device has a share of every argument."""
    mesh, ours = Mesh(np.array(jax.devices()[:devices]), (AXIS,)), PartitionSpec(AXIS)
    return jax.jit(jax.shard_map(function, mesh=mesh, in_specs=ours, out_specs=ours, check_vma=False))(*arguments)


def taught(batch, how, devices=1, seed=0):
    responses = np.random.default_rng(2).normal(size=(4, 64)).astype(np.float32)

    def both(batch):
        return augmented(jax.random.key(seed), lesson(batch), responses, how)

    return on(devices, both, batch)


def test_without_augmentation_a_batch_is_what_it_was(batch, mel):
    told = taught(batch, Augmentation())
    np.testing.assert_array_equal(told.waveform, batch["audio"] / np.float32(32768))
    np.testing.assert_array_equal(told.labels[:, 0], batch["label"])
    np.testing.assert_array_equal(told.weights[:, 0], batch["weight"])
    np.testing.assert_array_equal(on(1, change_of_mel(jax.random.key(0), Augmentation()), mel), mel)


@pytest.mark.parametrize("name", ["roll", "response", "noise", "mixup"])
def test_each_augmentation_alone_changes_clips(batch, name):
    how = Augmentation(**{name: getattr(ALL, name)})
    first, again, other = (taught(batch, how, seed=seed).waveform for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and (first != batch["audio"] / 32768).any()


def test_one_device_and_two_make_the_same_of_a_batch(batch, mel):
    one, two = (taught(batch, ALL, devices) for devices in (1, 2))
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6), one, two)
    one, two = (on(devices, change_of_mel(jax.random.key(0), ALL), mel) for devices in (1, 2))
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-4)


def test_mixed_clips_are_told_as_both_by_the_shares_they_have(batch):
    told = taught(batch, Augmentation(mixup=0.5))
    clean, weight = batch["audio"] / 32768, batch["weight"]
    own, other = (told.weights / weight[told.labels]).T  # labels number the clips here
    np.testing.assert_allclose(own + other, 1, rtol=1e-5)
    assert (own >= 0.5).all() and (own < 0.999).any()
    np.testing.assert_array_equal(told.labels[:, 0], batch["label"])
    expected = own[:, None] * clean[told.labels[:, 0]] + other[:, None] * clean[told.labels[:, 1]]
    np.testing.assert_allclose(told.waveform, expected, atol=1e-6)


def test_log_mels_are_masked_or_restyled_each_in_its_own_way(mel):
    masked = on(1, change_of_mel(jax.random.key(0), Augmentation(masked_bands=24)), mel) != mel
    assert len({tuple(each.any(0).tolist()) for each in masked}) > 4
    restyled = on(1, change_of_mel(jax.random.key(0), Augmentation(style=1.0)), mel) - mel
    assert (np.abs(restyled).max((1, 2)) > 0.1).sum() > 4  # a clip may meet itself, or keep nearly all of its style
