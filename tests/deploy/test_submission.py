import csv
import io

import numpy as np
import pytest

from asc_jax.deploy.prediction import Prediction
from asc_jax.deploy.submission import output_text, recordings_of
from asc_jax.errors import UserError
from asc_jax.evaluate.calibration import Calibration

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


def test_dcases_table_has_the_lists_names_and_never_an_unknown_scene():
    far = Calibration(temperature=1.0, threshold=np.inf)
    cosines = {"x/0.wav": np.array([0.1, 0.3]), "x/1.wav": np.array([0.2, -0.1])}
    predictions = [Prediction(name, ("bus", "tram"), [0.0], [each], calibration=far) for name, each in cosines.items()]
    assert [each.scene for each in predictions] == ["unknown"] * 2
    text = "".join(output_text(["audio/0.wav", "audio/1.wav"], predictions))
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    assert list(rows[0]) == ["filename", "scene_label", "bus", "tram"]
    assert [(row["filename"], row["scene_label"]) for row in rows] == [("audio/0.wav", "tram"), ("audio/1.wav", "bus")]
    for row, cosine in zip(rows, cosines.values(), strict=True):
        shares = [float(row[scene]) for scene in ("bus", "tram")]
        np.testing.assert_allclose(shares, far.probabilities(cosine), atol=1e-6)
