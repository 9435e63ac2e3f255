import pytest

from asc_jax.deploy.submission import recordings_of
from asc_jax.errors import UserError

RECORDINGS = ["eval/a.1.wav", "eval/b_2.wav", "eval/c.flac", "other/c.flac", "caf\u00e9.wav"]


@pytest.mark.parametrize(
    ("name", "recording"),
    [
        ("b_2", "eval/b_2.wav"),
        ("b_2.wav", "eval/b_2.wav"),
        ("b_2.mp3", "eval/b_2.wav"),  # a list of other endings
        ("audio/b_2.wav", "eval/b_2.wav"),  # and of other folders
        ("a.1", "eval/a.1.wav"),
        ("a.1.wav", "eval/a.1.wav"),
        ("./other/c", "other/c.flac"),
        ("eval\\c.flac", "eval/c.flac"),
        ("cafe\u0301", "caf\u00e9.wav"),
    ],
)
def test_names_with_and_without_folders_and_endings(name, recording):
    assert recordings_of([name, "b_2"], RECORDINGS) == [recording, "eval/b_2.wav"]


def test_what_cannot_be_matched_is_named():
    with pytest.raises(UserError, match=r"1 of 2 clips of the list are not among the recordings: a$"):
        recordings_of(["b_2", "a"], RECORDINGS)
    with pytest.raises(UserError, match=r"1 of 2 .* name of several recordings: c$"):
        recordings_of(["c", "b_2"], RECORDINGS)
    with pytest.raises(UserError, match="no clips"):
        recordings_of([], RECORDINGS)
