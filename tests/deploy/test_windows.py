import operator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from asc_jax.deploy.windows import windows


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(1, 12), st.integers(1, 15))
def test_windows_are_those_of_the_whole_recording(lengths, samples, hop):
    whole = np.arange(sum(lengths), dtype=np.float32) / 32768
    blocks = np.split(whole, np.cumsum(lengths)[:-1]) if lengths else []
    found = [(start, audio.tolist()) for start, audio in windows(blocks, samples, hop)]
    if len(whole) < samples:
        assert found == ([(0, np.resize(np.arange(len(whole)), samples).tolist())] if len(whole) else [])
        return
    starts = list(range(0, len(whole) - samples + 1, hop))
    starts += [len(whole) - samples] * (starts[-1] + samples < len(whole))
    assert found == [(start, list(range(start, start + samples))) for start in starts]


def test_a_window_comes_with_its_last_sample():
    blocks = iter(np.zeros((10, 1), np.float32))
    found = windows(blocks, 4, 3)
    assert [(next(found)[0], operator.length_hint(blocks)) for _ in range(3)] == [(0, 6), (3, 3), (6, 0)]
