import json

import numpy as np
import pandas
import pytest
import soundfile
from commands import error_of

from asc_jax.cli import main
from asc_jax.deploy import classifier
from asc_jax.deploy.classifier import Classifier
from asc_jax.evaluate import scores
from asc_jax.evaluate.runs import FinishedRound


@pytest.fixture
def run(write_round, made_up, tmp_path):
    predictions = made_up(clips=120)
    write_round(tmp_path / "others" / "fold", "finetune-1", predictions.subset(np.arange(60)))
    write_round(tmp_path / "mine", "finetune-1", predictions.subset(np.arange(60, 120)))
    return tmp_path / "mine"


def test_a_run_is_calibrated_on_other_clips(run, tmp_path, capsys):
    main(["calibrate", str(run), "--on", str(tmp_path / "others"), "--false-unknown", "0.1"])
    line = capsys.readouterr().out
    kept = json.loads((run / "finetune-1" / "calibration.json").read_text())
    assert (kept["clips"], kept["sessions"], kept["false_unknown"]) == (60, 15, 0.1)
    assert f"temperature {kept['temperature']:.2f}, fitted on 60 clips of 15 sessions (the tests of {tmp_path}" in line
    assert f"an energy score below {kept['threshold']:.2f}: {100 * kept['called_unknown']:.1f} % of them are" in line
    main(["evaluate", str(run)])
    (found,) = json.loads((run / "scores.json").read_text())
    table = pandas.read_csv(run / "finetune-1" / "predictions.csv")
    right = table["scene"] == table["truth"]
    bins = np.minimum((15 * table["confidence"]).astype(int), 14)
    expected = (right - table["confidence"]).groupby(bins).sum().abs().sum() / 60
    assert found["scores"]["calibration error"] == {"value": pytest.approx(expected), "low": None, "high": None}


def test_of_few_clips_there_is_a_temperature_alone(run, tmp_path, capsys):
    main(["calibrate", str(run), "--on", str(tmp_path / "others"), "--false-unknown", "0.01"])
    assert "too few to call only 1 % of known clips unknown: none is" in capsys.readouterr().out
    assert FinishedRound(run / "finetune-1").calibration.threshold is None


def test_the_test_is_never_fitted_to(run, capsys):
    assert "to which nothing may be fitted" in error_of(capsys, "calibrate", str(run), "--on", str(run))
    assert not (run / "finetune-1" / "calibration.json").exists()


@pytest.mark.parametrize("share", ["0", "1", "-0.1"])
def test_impossible_rates_are_refused(run, share, capsys):
    message = error_of(capsys, "calibrate", str(run), f"--false-unknown={share}")
    assert f"--false-unknown {share}: must be more than 0 and less than 1" in message


@pytest.fixture
def network(monkeypatch):
    """Windows of 0.5 s; the louder one is, the farther it is from the first of three scenes."""

    def predictor(net, count):
        def predict(variables, audio):
            loud = np.asarray(audio, float).std(1) / 32768
            cosine = np.stack([-loud, 0 * loud - 0.2, 0 * loud], 1)
            return cosine, cosine

        return predict

    monkeypatch.setattr(classifier, "predictor", predictor)
    monkeypatch.setattr(scores, "RESAMPLES", 20)
    monkeypatch.setattr(
        classifier, "load", lambda run, batch: Classifier(None, ("bus", "park", "tram"), 8_000, batch, None)
    )


def test_recordings_of_other_places_are_told_from_the_test_clips(run, network, tmp_path, capsys):
    random = np.random.default_rng(0)
    for name, seconds, loud in (("a/1.wav", 1.2, 0.2), ("a/2.wav", 0.5, 0.3), ("b.wav", 0.5, 0.2)):
        (tmp_path / "elsewhere" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "elsewhere" / name, random.normal(0, loud, int(16_000 * seconds)), 16_000)
    main(["evaluate", str(run), "--unknown", str(tmp_path / "elsewhere")])
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.startswith("│ 60"))
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    assert cells[:2] == ["60", "5"] and cells[2].startswith("100.0") and cells[3].startswith("0.0")


def test_what_is_no_folder_of_recordings_is_refused(run, network, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for place, message in (("nowhere", "is no folder"), ("empty", "no recordings there")):
        with pytest.raises(SystemExit):
            main(["evaluate", str(run), "--unknown", str(tmp_path / place)])
        assert message in capsys.readouterr().err
