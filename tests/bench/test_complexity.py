import pytest

from asc_jax.bench.complexity import layers, layers_table, totals_table
from asc_jax.config import PAPER
from asc_jax.net.scenenet import SceneNet


def total(costs, what):
    return sum(getattr(each, what) for each in costs)


@pytest.mark.parametrize(("seconds", "millions"), [(10, 755.3), (5, 380.5), (2, 152.5)])
def test_the_released_network_as_published(seconds, millions):
    costs = layers(SceneNet(10), seconds * 16_000)
    assert round(total(costs, "multiply_accumulates") / 1e6, 1) == millions
    if seconds == 10:
        assert total(costs, "parameters") == 875_119
        assert next(each.parameters for each in costs if each.name == "head") == 1280


def test_a_layer_by_its_formula():
    costs = {each.name: each for each in layers(SceneNet(10), 160_000)}
    stem = costs["trunk/stem"]  # 3x3 from 2 to 64 channels, with scale, bias and slope of each
    assert stem.parameters == 9 * 2 * 64 + 3 * 64
    assert stem.multiply_accumulates == 64 * 157 * 9 * 2 * 64
    assert stem.memory == 128 * 313 * 2 + 64 * 157 * 64
    projection = costs["attention/projection/depthwise"]  # kernel, bias, scale and bias of 64 channels
    assert (projection.parameters, projection.multiply_accumulates) == (4 * 64, 128 * 313 * 64)


def test_the_networks_of_the_paper_and_of_other_scenes_are_counted():
    paper = layers(SceneNet(10, PAPER), 160_000)
    assert "attention/projection" in [each.name for each in paper]
    assert total(layers(SceneNet(13), 16_000), "parameters") - total(layers(SceneNet(10), 16_000), "parameters") == 384


def test_the_tables_hold_every_layer_and_the_totals():
    costs = layers(SceneNet(10), 160_000)
    assert layers_table(costs).row_count == len(costs)
    shown = dict(zip(*(column.cells for column in totals_table(costs, 10, 0.006).columns[:2]), strict=True))
    assert shown["parameters"] == "875,119 (873,839 without the head)"
    assert shown["weights in float16"] == "1,750 kB"
    assert shown["largest maps at once, float32"] == "20.5 MB"
    assert shown["latency of one clip here"] == "6.0 ms"
