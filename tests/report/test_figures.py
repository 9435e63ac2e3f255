"""Every text of every figure is inside it, and none covers another."""

import itertools

import pytest
from matplotlib.text import Text

from asc_jax.evaluate.predict import Predictions
from asc_jax.report.page import figures
from asc_jax.report.run import Missing, open_run
from asc_jax.report.style import styled

NAMES = ("construction_site", "street_pedestrian_zone", "x")


@pytest.fixture(scope="module")
def run(fill_run, made_up, tmp_path_factory):
    """Scenes and devices with long names."""
    predictions = made_up()
    details = predictions.details | {"device": [NAMES[number % 3] for number in range(60)]}
    return open_run(
        fill_run(tmp_path_factory.mktemp("run"), Predictions(NAMES, predictions.cosine, predictions.truth, details))
    )


@pytest.mark.parametrize(
    "name",
    [
        *("rounds", "reliability", "scenes", "devices", "cities", "scenes-devices", "spectra"),
        *("confusion-pretrain", "confusion-finetune", "confusion-pseudolabel"),
        *("pseudo-labels", "weights", "accuracy-by-weight", "embedding", "features", "learning"),
    ],
)
def test_texts_are_inside_and_apart(run, name, monkeypatch):
    figure, _ = styled(*figures(run)[name][1:])
    drawn, draw = [], Text.draw
    monkeypatch.setattr(Text, "draw", lambda text, renderer: (drawn.append(text), draw(text, renderer)))
    figure.draw_without_rendering()
    shown = [text for text in drawn if text.get_visible() and text.get_text().strip()]
    assert len(shown) > 5
    boxes = [text.get_window_extent() for text in shown]
    width, height = figure.bbox.size
    for text, box in zip(shown, boxes, strict=True):
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        assert inside, (text.get_text(), box)
    for (first, one), (second, other) in itertools.combinations(zip(shown, boxes, strict=True), 2):
        across = min(one.x1, other.x1) - max(one.x0, other.x0)
        along = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert across <= 1 or along <= 1, (first.get_text(), second.get_text())


def test_a_missing_piece_is_no_figure(run):
    with pytest.raises(Missing, match="no magic round"):
        run.last_of("magic")
