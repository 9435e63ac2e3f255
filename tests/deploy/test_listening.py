import threading
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from asc_jax.deploy.listening import Performance, listen
from asc_jax.deploy.windows import windows
from asc_jax.errors import UserError


def loudness(audio):
    """int16 [W, samples] -> cosines [W, 2], of which the second is the first sample over 10,000."""
    loud = audio[:, 0] / 10_000
    return np.stack([1 - loud, loud], 1)


def model(samples=4, cosines=loudness):
    return SimpleNamespace(samples=samples, compute=lambda audio: (cosines(audio), None))


def stream(*levels):
    """A block of each level: four samples of that and its negative in turn."""
    return (np.array([1, -1, 1, -1]) * level * 10_000 / 32768 for level in levels)


def loud(scored):
    return [(start, cosine if cosine is None else round(float(cosine[1]), 3)) for start, cosine in scored]


@pytest.mark.parametrize(("samples", "hop"), [(4, 4), (4, 3), (6, 2), (4, 9), (100, 100)])
@pytest.mark.parametrize("cut", [1, 7, 64])
def test_without_smoothing_windows_are_those_of_a_recording(samples, hop, cut):
    audio = np.random.default_rng(0).normal(0, 0.1, 64).astype(np.float32)
    blocks = np.split(audio, range(cut, 64, cut))
    performance = Performance()
    scored = list(listen(model(samples), blocks, hop, 1, False, performance))
    expected = [(start / 16_000, loudness(window[None])[0]) for start, window in windows([audio], samples, hop)]
    assert [start for start, _ in scored] == [start for start, _ in expected]
    np.testing.assert_array_equal([cosine for _, cosine in scored], [cosine for _, cosine in expected])
    assert (performance.predicted, performance.lost) == (len(expected), 0)
    assert len(performance.latency) == len(expected)


def test_scores_are_means_of_the_newest_windows_with_a_signal():
    performance = Performance()
    scored = loud(listen(model(), stream(0.1, 0.2, 0.6, 0, 0.9, 0, 0, 0, 0.5), 4, 3, False, performance))
    expected = [0.1, 0.15, 0.3, None, 0.75, None, None, None, 0.5]
    assert scored == [(4 * number / 16_000, level) for number, level in enumerate(expected)]
    assert (performance.predicted, performance.silent) == (5, 4)
    assert "5 windows predicted, 4 without a signal, 0 lost" in str(performance)


def slow(blocks, window):
    """(blocks, model) of a network that computes its first window until the last block is read."""
    taken, ended = threading.Event(), threading.Event()

    def paced():
        for number, block in enumerate(blocks):
            if number == 1:
                taken.wait()
            yield block
        ended.set()

    def cosines(audio):
        taken.set()
        ended.wait()
        return loudness(audio)

    return paced(), model(window, cosines)


def test_a_live_stream_does_not_wait_and_loses_the_oldest_windows():
    blocks, network = slow([np.resize([level, -level], 8_000) for level in np.arange(1, 21) / 40], 8_000)
    performance = Performance()
    scored = listen(network, blocks, 8_000, 3, True, performance)
    starts = [start for start, _ in scored]
    assert starts == [0, 9, 9.5] and performance.lost == 17  # of a second two wait
    assert performance.predicted + performance.lost == 20


def test_windows_before_a_gap_do_not_smooth_what_comes_after_it():
    levels = [0.1, *[0.2] * 9, 0.3]
    blocks, network = slow([np.resize(each, 16_000) for each in stream(*levels)], 16_000)
    assert loud(listen(network, blocks, 16_000, 3, True, Performance())) == [(0, 0.1), (10, 0.3)]


def test_a_stream_that_waits_is_read_a_little_ahead_until_it_is_closed():
    read, threads = [], {*threading.enumerate()}

    def blocks():
        for number in range(100):
            read.append(number)
            yield np.resize([0.1, -0.1], 16_000)

    scored = listen(model(16_000), blocks(), 16_000, 1, False, Performance())
    next(scored)
    scored.close()
    for reader in {*threading.enumerate()} - threads:
        reader.join()
    assert len(read) <= 4  # one is taken, one waits, one waits for room, and one is read as the stream is closed


def test_what_is_wrong_with_a_stream_is_raised_where_it_is_listened_to():
    def breaks():
        yield from stream(0.1, 0.2)
        raise UserError("not raw")

    scored = listen(model(), breaks(), 4, 1, False, Performance())
    assert loud([next(scored), next(scored)]) == [(0, 0.1), (4 / 16_000, 0.2)]
    with pytest.raises(UserError, match="not raw"):
        next(scored)


def test_memory_does_not_grow_with_the_stream():
    def peak(seconds):
        block = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
        tracemalloc.start()
        for _ in listen(model(8_000), (block for _ in range(seconds)), 8_000, 3, False, Performance()):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(1_000) < 2 * peak(50) < 2e6
