import pandas
import pytest
from sklearn.metrics import confusion_matrix

from asc_jax.report.confusion import confusion, per_scene_and_device
from asc_jax.report.run import open_run
from asc_jax.report.style import styled

SCENES = ["bus", "park", "tram"]


@pytest.fixture(scope="module")
def last(complete):
    return open_run(complete).last


def texts(axes):
    """(row, column) -> the text in that cell."""
    return {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axes.texts}


def test_a_confusion_matrix_is_in_per_cent_of_each_row(last):
    figure, _ = styled(confusion, last)
    share = confusion_matrix(last.predictions.truth, last.predictions.label, normalize="true")
    shown = texts(figure.axes[0])
    assert shown == {(r, c): f"{100 * share[r, c]:.0f}" if share[r, c] else "" for r in range(3) for c in range(3)}
    counts = [f"{scene} ({(last.predictions.truth == number).sum()})" for number, scene in enumerate(SCENES)]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == counts


def test_accuracy_per_scene_and_device_is_that_of_a_pivot_table(last):
    table = pandas.read_csv(last.folder / "predictions.csv")
    table["right"] = table["truth"] == table["scene"]
    groups = table.groupby(["truth", "device"])["right"].agg(["mean", "size"])
    shown = texts(styled(per_scene_and_device, last)[0].axes[0])
    for (truth, device), row in groups.iterrows():
        cell = shown.pop((SCENES.index(truth), "abc".index(device)))
        assert cell == f"{100 * row['mean']:.0f}\n({row['size']:.0f})"
    assert set(shown.values()) == {""}  # of pairs that no clip is of
