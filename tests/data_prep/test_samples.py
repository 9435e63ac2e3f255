import numpy as np

from data_prep.samples import to_int16


def test_samples_are_rounded_halves_to_even_and_clipped():
    assert to_int16(np.array([0, 0.5 / 32768, 1.5 / 32768, 1, -1, 2])).tolist() == [0, 0, 2, 32767, -32768, 32767]
