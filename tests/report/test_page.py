import base64
import html.parser
import io
import json

import numpy as np
import pandas
import pytest
import soundfile
from PIL import Image
from scipy.special import softmax
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, log_loss

from asc_jax.data.records import read_clips
from asc_jax.evaluate.calibrate import calibrate, write_fit
from asc_jax.evaluate.predict import Predictions
from asc_jax.report.learning import learning_curves
from asc_jax.report.page import figures, write_report
from asc_jax.report.run import open_run


class Page(html.parser.HTMLParser):
    """The attributes of all elements of a page, by tag, and its text."""

    def __init__(self, file):
        super().__init__()
        self.elements, self.text = {}, ""
        self.feed(file.read_text())

    def handle_starttag(self, tag, attributes):
        self.elements.setdefault(tag, []).append(dict(attributes))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def page(complete):
    return Page(write_report(open_run(complete)))


def test_numbers_are_those_of_scikit_learn(page, complete):
    shown = {(each["data-round"], each["data-score"]): each for each in page.elements["td"] if "data-score" in each}
    table = pandas.read_csv(complete / "finetune-1" / "predictions.csv")
    truth, predicted = table["truth"], table["scene"]
    probability = softmax(8 * table.filter(like="cosine ").to_numpy(), axis=1)
    expected = {
        "accuracy": accuracy_score(truth, predicted),
        "macro accuracy": balanced_accuracy_score(truth, predicted),
        "log loss": log_loss(truth, probability),
    }
    for name, value in expected.items():
        assert float(shown["finetune-1", name]["data-value"]) == pytest.approx(value, rel=1e-6)
    assert f"{100 * expected['accuracy']:.1f} [" in page.text
    assert len(shown) == 4 * 4  # rounds and scores


def test_alternative_texts_tell_the_counts_of_scikit_learn(page, complete):
    table = pandas.read_csv(complete / "pretrain" / "predictions.csv")
    scenes = ["bus", "park", "tram"]
    counts = confusion_matrix(table["truth"], table["scene"], labels=scenes)
    alt = next(each["alt"] for each in page.elements["img"] if each["alt"].startswith("Confusion matrix of pretrain"))
    for number, scene in enumerate(scenes):
        assert f"{scene} {counts[number, number]} of {counts[number].sum()}" in alt
    labels = pandas.read_csv(complete / "pseudolabel" / "pseudo_labels.csv")["scene"].value_counts()
    alt = next(each["alt"] for each in page.elements["img"] if each["alt"].startswith("Pseudo-labels per scene"))
    assert all(f"{scene} {count}" in alt for scene, count in labels.items())


def test_validation_is_drawn_beside_training_where_a_round_was_scored_on_it(page, complete):
    figure, alt = learning_curves(open_run(complete))
    for axes, last in zip(figure.axes, (2.5, 60), strict=True):
        dashed = [line.get_ydata()[-1] for line in axes.lines if line.get_linestyle() == "--" and len(line.get_ydata())]
        assert dashed == [last] and len(axes.lines) - len(dashed) >= 4
    assert "pretrain 90 %, scratch 90 %" in alt and "pseudolabel 90 % (validation 60 %)" in alt
    assert [text.get_text() for text in figure.legends[0].texts][-1] == "validation"
    assert "of 7 validation clips" in page.text


def test_every_figure_is_shown_and_kept(page, complete):
    names = set(figures(open_run(complete)))
    assert "missing" not in [each.get("class") for each in page.elements["p"]]
    assert {each["id"] for each in page.elements["figure"]} == names
    drawn = [each for each in page.elements["img"] if each["src"].startswith("data:image/svg+xml;base64,")]
    assert len(drawn) == len(names) and all(len(each["alt"]) > 20 for each in page.elements["img"])
    for name in names:
        kept = [(complete / "report" / "figures" / f"{name}.{ending}").read_bytes() for ending in ("png", "pdf")]
        assert kept[0][:4] == b"\x89PNG" and kept[1][:4] == b"%PDF"


def test_a_spectrogram_stands_beside_each_wrong_clip(page):
    shown = [each for each in page.elements["img"] if each.get("class") == "spectrogram"]
    wrong = [each["aria-label"] for each in page.elements["audio"][:-1]]
    assert [each["alt"] for each in shown] == [f"Log-mel spectrogram of {name}" for name in wrong]
    image = Image.open(io.BytesIO(base64.b64decode(shown[0]["src"].removeprefix("data:image/webp;base64,"))))
    assert image.size[0] > 400 and len(image.convert("RGB").getcolors(maxcolors=10**6)) > 100


def test_the_page_needs_nothing_beside_it(page):
    for elements in page.elements.values():
        for each in elements:
            assert each.get("src", "data:").startswith("data:") and each.get("href", "data:").startswith("data:")
    assert "script" not in page.elements and "url(" not in page.text and "@import" not in page.text


def test_players_play_the_clips_that_are_named(page, complete, records):
    clips = read_clips(records)[0]
    players = page.elements["audio"]
    names = clips.column("id")
    for player in players:
        file = io.BytesIO(base64.b64decode(player["src"].removeprefix("data:audio/flac;base64,")))
        audio, rate = soundfile.read(file, dtype="int16")
        assert rate == 16_000
        np.testing.assert_array_equal(audio, clips.audio([names.index(player["aria-label"])])[0])
    table = pandas.read_csv(complete / "pseudolabel" / "predictions.csv")
    table["probability"] = softmax(8 * table.filter(like="cosine ").to_numpy(), axis=1).max(1)
    wrong = table[table["truth"] != table["scene"]].sort_values("probability", ascending=False)["id"][:8]
    assert [each["aria-label"] for each in players[:-1]] == wrong.tolist()


@pytest.fixture
def undrawn(monkeypatch):
    """Leaves the figures' files out, which take most of the time: for tests of what the page says."""
    monkeypatch.setattr("asc_jax.report.page.save", lambda figure, folder, name: "<svg/>")
    monkeypatch.setattr("asc_jax.report.sound.styled", lambda draw, audio: (None, ""))
    monkeypatch.setattr("asc_jax.report.sound.webp", lambda figure: b"")


def text_of(run):
    return Page(write_report(open_run(run))).text


@pytest.mark.usefixtures("undrawn")
def test_missing_files_are_named(changeable):
    for file in ("pseudolabel/pseudo_labels.csv", "pseudolabel/intermediates.npz"):
        (changeable / file).unlink()
    for file in changeable.glob("*/metrics.csv"):
        file.unlink()
    config = json.loads((changeable / "pseudolabel" / "config.json").read_text())
    (changeable / "pseudolabel" / "config.json").write_text(json.dumps(config | {"records": "/nowhere"}))
    text = text_of(changeable)
    for reason in ("no pseudo_labels.csv", "no intermediates.npz", "no round has a metrics.csv", "not at /nowhere"):
        assert reason in text
    assert "learning rate" in text and "clips/s" not in text and "minutes" not in text.lower()  # no empty columns


@pytest.mark.usefixtures("undrawn")
def test_a_single_round_is_a_run(changeable):
    text = text_of(changeable / "scratch")
    for command in ("pretrain", "finetune", "pseudolabel"):
        assert f"no {command} round has finished; 'make {command}' runs it" in text
    assert "Accuracy of every round" not in text


@pytest.mark.usefixtures("undrawn")
def test_one_device_has_no_heat_map(fill_run, made_up, tmp_path):
    predictions = made_up()
    of_one = predictions.subset(np.array(predictions.details["device"]) == "b")
    folder = fill_run(tmp_path / "run", of_one)
    assert "scenes-devices" not in figures(open_run(folder)) and "per scene and device" not in text_of(folder)


@pytest.mark.usefixtures("undrawn")
def test_what_the_test_set_lacks_is_named(fill_run, made_up, tmp_path):
    predictions = made_up()
    nothing = {name: [""] * 60 for name in ("device", "city", "session")}
    folder = fill_run(
        tmp_path / "run",
        Predictions(predictions.scenes, predictions.cosine, predictions.truth, predictions.details | nothing),
    )
    text = text_of(folder)
    assert "the device of no tested clip is known" in text and "the city of no tested clip is known" in text
    assert "of 60 test clips." in text


@pytest.mark.usefixtures("undrawn")
def test_an_absent_scene_is_an_empty_row(fill_run, made_up, tmp_path):
    predictions = made_up()
    page = Page(write_report(open_run(fill_run(tmp_path / "run", predictions.subset(predictions.truth != 1)))))
    assert any("park 0 of 0" in each["alt"] for each in page.elements["img"])


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("right", [True, False])
def test_a_single_clip_is_reported(fill_run, made_up, tmp_path, right):
    predictions = made_up()
    chosen = np.flatnonzero((predictions.label == predictions.truth) == right)[:1]
    text = text_of(fill_run(tmp_path / "run", predictions.subset(chosen)))
    assert "1 tested clips are too few for a projection" in text and "there is none here" in text
    assert ("Every test clip is right" in text) == right


@pytest.mark.usefixtures("undrawn")
def test_unknown_truths_among_the_pseudo_labels(changeable):
    file = changeable / "pseudolabel" / "pseudo_labels.csv"
    pandas.read_csv(file).assign(truth="").to_csv(file, index=False)
    assert "the true scene of no unlabelled clip is known" in text_of(changeable)


def test_a_second_report_takes_the_place_of_the_first(page, complete):
    file = complete / "report" / "report.html"
    first = file.read_bytes()
    (complete / "report" / "figures" / "old.png").touch()
    assert write_report(open_run(complete)).read_bytes() == first
    assert not (complete / "report" / "figures" / "old.png").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_calibrated_run_says_what_it_was_fitted_to(changeable):
    last = open_run(changeable).last
    fit = calibrate(last.predictions, 0.05, "the split validation")
    write_fit(last.folder, fit)
    text = " ".join(text_of(changeable).split())
    clips = f"fitted to {fit.clips} clips of {fit.sessions} sessions (the split validation)"
    assert f"That of pseudolabel has a temperature of {fit.temperature:.2f}, {clips}" in text
    assert f"below {fit.threshold:.2f} is called unknown, as {100 * fit.called_unknown:.1f} % of these" in text


@pytest.mark.usefixtures("undrawn")
def test_names_are_escaped(fill_run, made_up, tmp_path):
    predictions = made_up()
    scenes = ("<b>bus</b>", "park & ride", "tram")
    folder = fill_run(
        tmp_path / "<i>run", Predictions(scenes, predictions.cosine, predictions.truth, predictions.details)
    )
    page = Page(write_report(open_run(folder)))
    assert "b" not in page.elements and "i" not in page.elements and "<b>bus</b>" in page.text
