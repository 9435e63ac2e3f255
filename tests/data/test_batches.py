from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc_jax.data.batches import evaluation_batches, labelled, pseudo_labelled, training_batches


def records(count):
    """Clips that hold their own number."""
    return [
        {"audio": np.full(8, number, np.int16), "label": number % 3, "id": f"clip-{number}".encode()}
        for number in range(count)
    ]


def clip_numbers(batches, count):
    return [batch["audio"][:, 0].tolist() for batch in islice(batches, count)]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_an_epoch_sees_each_clip_at_most_once_in_whole_batches(clips, batch_size, seed):
    steps = clips // batch_size
    batches = (
        clip_numbers(training_batches(labelled(records(clips)), batch_size, 2, seed, 0), 9 * steps) if steps else []
    )
    assert len(batches) == 2 * steps
    for epoch in (batches[:steps], batches[steps:]):
        seen = sum(epoch, [])
        assert len(seen) == len(set(seen)) == steps * batch_size
        assert set(seen) <= set(range(clips))


def test_epochs_and_seeds_have_orders_of_their_own():
    first, second = clip_numbers(training_batches(labelled(records(40)), 40, 2, 1, 0), 2)
    (other,) = clip_numbers(training_batches(labelled(records(40)), 40, 2, 77, 0), 1)
    assert sorted(first) == sorted(second) == sorted(other)
    assert first != second != other != first


@pytest.mark.parametrize("step", [1, 5, 12])
def test_batches_from_a_step_on_are_those_of_an_undisturbed_run(step):
    undisturbed = clip_numbers(training_batches(labelled(records(17)), 4, 5, 3, 0), 20)
    assert clip_numbers(training_batches(labelled(records(17)), 4, 5, 3, step), 20 - step) == undisturbed[step:]


def test_pseudo_labels_are_joined_by_id():
    told = {"clip-1": (2, 0.25), "clip-0": (1, 0.75)}
    examples = list(pseudo_labelled(records(2), told))
    assert [(each["label"], each["weight"]) for each in examples] == [(1, 0.75), (2, 0.25)]


def test_evaluation_keeps_file_order_and_fills_the_last_batch_with_its_own_first_clip():
    batches = list(evaluation_batches(records(5), 3))
    assert [audio[:, 0].tolist() for audio, _ in batches] == [[0, 1, 2], [3, 4, 3]]
    assert [[record["id"] for record in group] for _, group in batches] == [
        [b"clip-0", b"clip-1", b"clip-2"],
        [b"clip-3", b"clip-4"],
    ]
