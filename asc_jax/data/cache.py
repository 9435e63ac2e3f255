"""Where a round's audio waits between epochs: on the disk, in memory or on the accelerator."""

from collections.abc import Callable

import jax
import numpy as np

from asc_jax.data.batches import evaluation_batches
from asc_jax.data.records import Clips
from asc_jax.devices import on_every_device
from asc_jax.errors import UserError
from asc_jax.memory import host_memory

CHUNK = 64  # clips read at a time
LARGEST = 0.8  # of a memory; training needs the rest


Read = Callable[[np.ndarray], dict]  # clip numbers [B] -> the audio of a batch, as `audio_of` takes it


def reader(clips: Clips, cache: str) -> Read:
    """Clip numbers [B] -> the audio of a batch, as `audio_of` takes it.

    cache: "none" reads the records anew each time, "host" keeps all clips in memory, "device" on the accelerator,
    where the training step gathers its batch. UserError if they do not fit.
    """
    if cache == "none":
        return lambda numbers: {"audio": clips.audio(numbers)}
    everything = _in_memory(clips)
    if cache == "host":
        return lambda numbers: {"audio": everything.take(numbers, axis=0)}
    on_device = _on_device(everything)
    return lambda numbers: {"clips": on_device, "numbers": numbers}


def audio_of(batch: dict) -> jax.Array:
    """The int16 audio [B, N] of a batch, inside a jitted step."""
    return batch["audio"] if "audio" in batch else batch["clips"][batch["numbers"]]


def _in_memory(clips: Clips) -> np.ndarray:
    """The audio of all clips, int16 [M, N]."""
    _check_size(2 * len(clips) * clips.samples, host_memory(), "none")
    everything = np.empty((len(clips), clips.samples), np.int16)
    for chunk, audio in enumerate(evaluation_batches(clips, CHUNK)):
        some = everything[CHUNK * chunk :][:CHUNK]
        some[:] = audio[: len(some)]
    return everything


def _on_device(everything: np.ndarray) -> jax.Array:
    there = (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit", np.inf)
    _check_size(everything.nbytes, there, "host")
    return on_every_device(everything)


def _check_size(needed: float, there: float, smaller: str) -> None:
    if needed > LARGEST * there:
        sizes = f"the clips are {needed / 1e9:.1f} GB, too much for a memory of {there / 1e9:.1f} GB"
        raise UserError(f"{sizes}: use --cache {smaller}")
