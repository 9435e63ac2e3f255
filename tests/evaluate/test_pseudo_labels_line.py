from types import SimpleNamespace

import pandas

from asc_jax.evaluate.tables import pseudo_labels_line


def labelled(scenes, truths):
    return pandas.DataFrame({"scene": scenes, "truth": truths})


def test_pseudo_labels_are_counted_before_and_after_where_the_truth_is_known():
    truths = ["bus", "park", "", "tram"]
    before, after = labelled(["bus", "tram", "tram", "bus"], truths), labelled(["bus", "park", "bus", "bus"], truths)
    line = pseudo_labels_line(SimpleNamespace(name="pseudolabel", pseudo_labels=before, relabelled=after))
    assert line == "pseudolabel: 33.3 % of 3 pseudo-labels are right before it, 66.7 % after it"


def test_nothing_is_said_of_pseudo_labels_that_nobody_can_judge():
    unknown = labelled(["bus"], [""])
    assert pseudo_labels_line(SimpleNamespace(name="x", pseudo_labels=unknown, relabelled=unknown)) is None
    assert pseudo_labels_line(SimpleNamespace(name="x", pseudo_labels=None, relabelled=None)) is None
