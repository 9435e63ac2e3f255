"""Records -> batches, in an order that is a function of (seed, step) alone."""

from collections.abc import Callable, Iterator, Mapping

import grain
import numpy as np
import pandas

from asc_jax.data.records import Clips
from asc_jax.errors import UserError

READ = grain.ReadOptions(num_threads=2, prefetch_buffer_size=4)  # batches
SHOWN = 5  # clips with a bad weight that are named
Labels = Mapping[str, tuple[int, float]]  # clip id -> (label, weight)


def targets(clips: Clips, pseudo_labels: Labels) -> dict[str, np.ndarray]:
    """The clips' targets: {label int32 [M], weight float32 [M]}.

    A labelled clip has weight 1; the others get what `pseudo_labels`, joined by id, says of them. Both are multiplied
    by the column `weight` of the clips' table, if it has one. UserError if that is not a number of at least 0.
    """
    pairs = [
        (label, 1) if label >= 0 else pseudo_labels[name]
        for label, name in zip(clips.class_ids("label"), clips.column("id"), strict=True)
    ]
    labels, weights = zip(*pairs, strict=True)
    return {"label": np.array(labels, np.int32), "weight": np.array(weights, np.float32) * listed_weights(clips)}


def listed_weights(clips: Clips) -> np.ndarray:
    """The column `weight` of the clips' table, 1 where it is empty or missing: float32 [M]."""
    listed = clips.table.get("weight", pandas.Series("", clips.table.index)).replace("", "1")
    weights = pandas.to_numeric(listed, errors="coerce")
    wrong = ~(weights >= 0) | np.isinf(weights)
    if wrong.any():
        named = [f"{clip} has {weight!r}" for clip, weight in zip(clips.table["id"][wrong], listed[wrong], strict=True)]
        shown = ", ".join(named[:SHOWN]) + (", ..." if len(named) > SHOWN else "")
        raise UserError(f"the weights of {len(named)} clips are not numbers of at least 0: {shown}; correct the list")
    return weights.to_numpy(np.float32)


def order(clips: int, batch_size: int, epochs: int, seed: int) -> grain.MapDataset:
    """The numbers of the clips of every step; each epoch has its own order and drops its incomplete last batch."""
    shuffled = grain.MapDataset.range(clips).shuffle(seed)
    return shuffled[: clips // batch_size * batch_size].repeat(epochs).batch(batch_size)


def training_batches(
    read: Callable[[np.ndarray], dict],
    targets: dict[str, np.ndarray],
    batch_size: int,
    epochs: int,
    seed: int,
    step: int,
    host: int = 0,
    hosts: int = 1,
) -> Iterator[dict]:
    """The whole batches of all epochs from `step` on: audio as `read` gives it, label [B], weight [B].

    Of several hosts each gets its slice of every batch: B = batch_size / hosts clips; concatenated in the order of the
    hosts they are the batch of a single host.
    """
    if batch_size % hosts:
        raise UserError(f"{hosts} hosts cannot share a batch of {batch_size} clips: choose a multiple of {hosts}")
    share = slice(host * batch_size // hosts, (host + 1) * batch_size // hosts)
    clips = len(targets["label"])

    def batch(numbers: np.ndarray) -> dict:
        numbers = np.asarray(numbers)[share]
        return read(numbers) | {name: values[numbers] for name, values in targets.items()}

    iterator = iter(order(clips, batch_size, epochs, seed).map(batch).to_iter_dataset(READ))
    iterator.set_state({"next_index": step})
    return iterator


def evaluation_batches(clips: Clips, batch_size: int, host: int = 0, hosts: int = 1) -> Iterator[np.ndarray]:
    """All clips in order, audio [B, N]; the last batch is filled up with the first clips. Hosts share each batch."""
    batches = -(-len(clips) // batch_size)
    numbers = np.resize(np.arange(len(clips)), (batches, hosts, batch_size // hosts))[:, host]
    return iter(grain.MapDataset.source(list(numbers)).map(clips.audio).to_iter_dataset(READ))
