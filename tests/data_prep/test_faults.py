"""What is bad is counted and named; very many are not all named."""

import pytest

from data_prep import PrepareError
from data_prep.faults import SHOWN, Fault, left_out, refuse


def test_many_are_counted_and_the_first_are_named():
    faults = [Fault(f"{number}.wav", "missing") for number in range(SHOWN + 1234)] + [Fault("x.wav", "silent", "zero")]
    with pytest.raises(PrepareError) as error:
        refuse(faults)
    lines = str(error.value).splitlines()
    assert "1,334 missing, 1 silent" in lines[0] and lines[0].startswith("1,335 bad recordings")
    assert lines[1:3] == ["  missing:", "    0.wav"]
    assert lines[-3:] == ["    ... and 1,234 more", "  silent:", "    x.wav: zero"]


def test_a_folder_of_no_records_is_named(tmp_path):
    with pytest.raises(PrepareError, match="delete the folder"):
        left_out(tmp_path)
