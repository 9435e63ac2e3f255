"""Batches are a function of (seed, step), whoever reads them."""

import dataclasses
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc_jax.data.batches import evaluation_batches, targets, training_batches
from asc_jax.errors import UserError


def numbers_read(clips, batch_size, epochs, seed, step, **hosts):
    """The numbers of the clips in each batch."""
    of_clips = {"label": np.zeros(clips, np.int32)}
    batches = training_batches(lambda numbers: {"audio": numbers}, of_clips, batch_size, epochs, seed, step, **hosts)
    return [batch["audio"].tolist() for batch in batches]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_an_epoch_sees_each_clip_at_most_once_in_whole_batches(clips, batch_size, seed):
    steps = clips // batch_size
    batches = numbers_read(clips, batch_size, 2, seed, 0) if steps else []
    assert len(batches) == 2 * steps
    for epoch in (batches[:steps], batches[steps:]):
        seen = sum(epoch, [])
        assert len(seen) == len(set(seen)) == steps * batch_size
        assert set(seen) <= set(range(clips))


def test_epochs_and_seeds_have_orders_of_their_own():
    first, second = numbers_read(40, 40, 2, 1, 0)
    (other,) = numbers_read(40, 40, 1, 77, 0)
    assert sorted(first) == sorted(second) == sorted(other)
    assert first != second != other != first


@pytest.mark.parametrize("step", [1, 5, 12])
def test_batches_from_a_step_on_are_those_of_an_undisturbed_run(step):
    assert numbers_read(17, 4, 5, 3, step) == numbers_read(17, 4, 5, 3, 0)[step:]


@pytest.mark.parametrize("hosts", [1, 2, 4])
@pytest.mark.parametrize("step", [0, 3])
def test_the_slices_of_several_hosts_are_the_batches_of_one(hosts, step):
    slices = [numbers_read(30, 8, 3, 5, step, host=host, hosts=hosts) for host in range(hosts)]
    joined = [sum(parts, []) for parts in zip(*slices, strict=True)]
    assert joined == numbers_read(30, 8, 3, 5, step)


def test_a_batch_that_hosts_cannot_share_is_refused():
    with pytest.raises(UserError, match="3 hosts cannot share a batch of 8 clips: choose a multiple of 3"):
        numbers_read(30, 8, 1, 0, 0, host=0, hosts=3)


@pytest.fixture
def records(make_records):
    """Five clips that hold their own number; the last two are not labelled."""
    rows = [{"id": f"clip-{n}", "split": "train", "label": "bus" if n % 2 else "park"} for n in range(3)]
    rows += [{"id": f"clip-{n}", "split": "unlabelled"} for n in (3, 4)]
    return make_records(rows, np.arange(5, dtype=np.int16)[:, None] * np.ones((1, 8), np.int16), ("bus", "park"))


def test_pseudo_labels_are_joined_by_id(records):
    labels = {"clip-4": (0, 0.25), "clip-3": (1, 0.75)}
    both = targets(records.split("train", "unlabelled"), labels)
    assert both["label"].tolist() == [1, 0, 1, 1, 0]
    assert both["weight"].tolist() == [1, 1, 1, 0.75, 0.25]
    assert (both["label"].dtype, both["weight"].dtype) == (np.int32, np.float32)
    assert targets(records.split("train"), {})["label"].tolist() == [1, 0, 1]


def with_weights(clips, weights):
    return dataclasses.replace(clips, table=clips.table.assign(weight=weights))


def test_listed_weights_multiply_those_of_labels_and_pseudo_labels(records):
    clips = with_weights(records.split("train", "unlabelled"), ["2", "", "0", "0.5", "1e1"])
    labels = {"clip-4": (0, 0.25), "clip-3": (1, 0.75)}
    assert targets(clips, labels)["weight"].tolist() == [2, 1, 0, 0.375, 2.5]


@pytest.mark.parametrize("wrong", ["-1", "inf", "nan", "much"])
def test_a_listed_weight_that_is_none_is_refused(records, wrong):
    clips = with_weights(records.split("train"), ["1", wrong, wrong])
    both = f"the weights of 2 clips are not .*: clip-1 has '{wrong}', clip-2 has '{wrong}'; correct the list"
    with pytest.raises(UserError, match=both):
        targets(clips, {})


def test_labels_and_weights_go_with_their_audio(records):
    clips = records.split("train", "unlabelled")
    chosen = targets(clips, {"clip-4": (0, 0.25), "clip-3": (1, 0.75)})
    for batch in training_batches(lambda numbers: {"audio": clips.audio(numbers)}, chosen, 2, 3, 0, 0):
        numbers = batch["audio"][:, 0]
        assert batch["label"].tolist() == chosen["label"][numbers].tolist()
        assert batch["weight"].tolist() == chosen["weight"][numbers].tolist()


def test_evaluation_keeps_the_order_and_fills_the_last_batch_with_the_first_clips(records):
    batches = islice(evaluation_batches(records.clips, 3), 9)
    assert [audio[:, 0].tolist() for audio in batches] == [[0, 1, 2], [3, 4, 0]]


def test_the_hosts_shares_of_an_evaluation_make_up_its_batches(records):
    shares = [islice(evaluation_batches(records.clips, 4, host, 2), 9) for host in range(2)]
    together = [np.concatenate(both)[:, 0].tolist() for both in zip(*shares, strict=True)]
    assert together == [[0, 1, 2, 3], [4, 0, 1, 2]]
