import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.deploy.bands import matching, statistics
from asc_jax.errors import UserError
from asc_jax.net.folding import fold
from asc_jax.net.frontend import log_mel
from asc_jax.net.scenenet import SceneNet, to_waveform
from asc_jax.train.step import create_state

NET = SceneNet(3)


@pytest.fixture(scope="module")
def clips():
    """Noise whose spectrum and level differ from clip to clip."""
    random = np.random.default_rng(0)
    white = random.normal(0, 2000, (6, 16_001)) * random.uniform(0.2, 2, (6, 1))
    return np.rint(white[:, 1:] + random.uniform(0, 0.9, (6, 1)) * white[:, :-1]).astype(np.int16)


def through_device(clips):
    """A device that swallows high bands and is quieter."""
    return np.rint(0.25 * (clips + np.roll(clips, 1, 1))).astype(np.int16)


def test_statistics_are_those_of_all_frames_at_once(clips):
    mel = np.asarray(log_mel(to_waveform(jnp.asarray(clips))), np.float64).reshape(-1, 128)
    found = statistics(NET, clips)
    np.testing.assert_allclose(found.mean, mel.mean(0), atol=1e-3)
    np.testing.assert_allclose(found.deviation, mel.std(0), atol=1e-3)


def test_matched_bands_have_the_statistics_of_training(clips):
    target, source = statistics(NET, through_device(clips)), statistics(NET, clips)
    bands = matching(target, source)
    mel = np.asarray(log_mel(to_waveform(jnp.asarray(through_device(clips))))).reshape(-1, 128)
    mapped = mel * bands["scale"] + bands["shift"]
    np.testing.assert_allclose(mapped.mean(0), source.mean, atol=1e-2)
    np.testing.assert_allclose(mapped.std(0), source.deviation, atol=1e-2)


def test_the_network_takes_what_matching_gives(clips, quick_to_compile):
    variables = create_state(NET, 16_000, jax.random.key(0)).variables
    bands = matching(statistics(NET, through_device(clips)), statistics(NET, clips))

    def features(variables, clips, net=NET):
        return jax.jit(net.apply)(variables, to_waveform(clips)).features

    plain, recorded = (features(variables, each) for each in (clips, through_device(clips)))
    matched = features(jax.jit(fold)(variables | {"bands": bands}), through_device(clips), NET.clone(folded=True))
    of_mel = [np.abs(each[..., 0] - plain[..., 0]).mean() for each in (recorded, matched)]
    assert of_mel[1] < of_mel[0] / 3
    np.testing.assert_allclose(matched[..., 1], recorded[..., 1], atol=1e-5)  # the Wavegram has no bands to match


def test_nothing_heard_is_an_error():
    with pytest.raises(UserError, match="no recording could be used"):
        statistics(NET, [])
