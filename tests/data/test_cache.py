"""Wherever the audio is kept, a batch holds the same."""

import jax
import numpy as np
import pytest

from asc_jax.data import cache
from asc_jax.data.cache import audio_of, reader
from asc_jax.errors import UserError


@pytest.fixture
def clips(make_records):
    audio = np.random.default_rng(0).integers(-(2**15), 2**15, (9, 40)).astype(np.int16)
    rows = [{"id": f"{n}", "split": "train" if n % 3 else "test"} for n in range(9)]
    return make_records(rows, audio, ("bus", "park")).split("train")


@pytest.mark.parametrize("where", ["none", "host", "device"])
def test_a_batch_holds_the_clips_asked_for(clips, where):
    numbers = np.array([4, 0, 0, 5])
    audio = jax.jit(audio_of)(reader(clips, where)(numbers))
    np.testing.assert_array_equal(audio, clips.audio(numbers))
    assert audio.dtype == np.int16


@pytest.mark.parametrize("where", ["host", "device"])
def test_memory_is_read_once(clips, where, monkeypatch):
    read = reader(clips, where)
    monkeypatch.setattr(type(clips), "audio", lambda *args: pytest.fail("read again"))
    assert audio_of(read(np.array([1]))).shape == (1, 40)


def test_every_clip_is_in_memory_if_they_are_no_multiple_of_a_chunk(clips, monkeypatch):
    monkeypatch.setattr(cache, "CHUNK", 4)
    everything = reader(clips, "host")(np.arange(6))["audio"]
    np.testing.assert_array_equal(everything, clips.audio(np.arange(6)))


def test_what_does_not_fit_is_refused(clips, monkeypatch):
    monkeypatch.setattr(cache, "LARGEST", 1e-12)
    with pytest.raises(UserError, match="use --cache none"):
        reader(clips, "host")
