import numpy as np
import pytest
import soundfile

from data_prep.lengths import lengths


def test_lengths_of_a_folder_are_sorted_and_leave_out_what_cannot_be_opened(tmp_path):
    for name, rate, seconds in (("a/1.wav", 16_000, 2.5), ("a/2.flac", 44_100, 1.0), ("b/3.ogg", 8_000, 4.0)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, np.zeros(round(seconds * rate)), rate)
    (tmp_path / "b" / "4.wav").write_bytes(b"no sound")
    assert lengths(str(tmp_path)) == pytest.approx([1.0, 2.5, 4.0])
