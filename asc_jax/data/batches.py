"""Records -> batches, in an order that is a function of (seed, step) alone."""

from collections.abc import Iterator, Mapping, Sequence

import grain
import numpy as np

READ = grain.ReadOptions(num_threads=2, prefetch_buffer_size=8)


def labelled(records: Sequence) -> grain.MapDataset:
    """Training examples {audio int16 [N], label, weight} from labelled records, each of weight 1."""
    return grain.MapDataset.source(records).map(lambda record: _example(record, record["label"], 1))


def pseudo_labelled(records: Sequence, labels: Mapping[str, tuple[int, float]]) -> grain.MapDataset:
    """The same from unlabelled records, with `labels`: id -> (label, weight)."""
    return grain.MapDataset.source(records).map(lambda record: _example(record, *labels[text(record["id"])]))


def _example(record, label, weight):
    return {"audio": record["audio"], "label": np.int32(label), "weight": np.float32(weight)}


def training_batches(examples: grain.MapDataset, batch_size: int, epochs: int, seed: int, step: int) -> Iterator[dict]:
    """The whole batches of all epochs from `step` on: {audio [B, N], label [B], weight [B]}.

    Every epoch has its own order and drops its incomplete last batch.
    """
    whole = len(examples) // batch_size * batch_size
    batches = examples.shuffle(seed)[:whole].repeat(epochs).batch(batch_size).to_iter_dataset(READ)
    iterator = iter(batches)
    iterator.set_state({"next_index": step})
    return iterator


def evaluation_batches(records: Sequence, batch_size: int) -> Iterator[tuple[np.ndarray, list[dict]]]:
    """All records in file order: (audio [B, N], their records); the last batch is filled up with its first clip."""
    batches = grain.MapDataset.source(records).to_iter_dataset(READ).batch(batch_size, batch_fn=list)
    for group in batches:
        audio = [record["audio"] for record in group]
        audio += audio[:1] * (batch_size - len(group))
        yield np.stack(audio), group


def text(value) -> str:
    """A record's text feature, which is read as bytes."""
    return value.decode()
