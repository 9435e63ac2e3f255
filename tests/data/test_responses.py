import numpy as np
import pytest
import soundfile

from asc_jax.data.responses import LONGEST, recorded, synthesised
from asc_jax.errors import UserError


def test_synthesised_responses_are_of_the_seed_alone_and_of_unit_energy():
    responses = synthesised(3)
    np.testing.assert_array_equal(responses, synthesised(3))
    assert (responses[0] != synthesised(4)[0]).any()
    np.testing.assert_allclose(np.square(responses).sum(1), 1, rtol=1e-5)


def test_synthesised_responses_are_of_minimum_phase():
    """All zeros are inside the unit circle, but for what cutting them off has moved."""
    for response in synthesised(0)[:8]:
        assert np.abs(np.roots(response)).max() < 1.01 < np.abs(np.roots(response[::-1])).max()


def test_synthesised_responses_differ_as_microphones_do():
    decibels = 20 * np.log10(np.abs(np.fft.rfft(synthesised(0), 512)) + 1e-6)
    assert 3 < (decibels - decibels.mean(1, keepdims=True)).std(0).mean() < 15


def test_recorded_responses_are_resampled_cut_and_of_unit_energy(tmp_path):
    random = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", random.normal(0, 0.1, (8_000, 2)), 8_000)
    soundfile.write(tmp_path / "b.WAV", random.normal(0, 0.1, 100), 16_000)
    (tmp_path / "readme.txt").write_text("no sound")
    responses = recorded(tmp_path)
    assert responses.shape == (2, LONGEST) and responses.dtype == np.float32
    np.testing.assert_allclose(np.square(responses).sum(1), 1, rtol=1e-5)
    assert not responses[1, 100:].any()


@pytest.mark.parametrize("message", ["no impulse responses there", "a.wav: silent", "b.wav: Format not recognised"])
def test_a_folder_that_cannot_serve_is_refused(tmp_path, message):
    if "a.wav" in message:
        soundfile.write(tmp_path / "a.wav", np.zeros(100), 16_000)
    if "b.wav" in message:
        (tmp_path / "b.wav").write_text("no sound")
    with pytest.raises(UserError, match=message):
        recorded(tmp_path)
