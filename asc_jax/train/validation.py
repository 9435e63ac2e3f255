"""Loss and accuracy on the validation clips, after every epoch."""

from dataclasses import replace

import numpy as np
import optax

from asc_jax.config import VALIDATION, Round
from asc_jax.data.records import Clips, Records
from asc_jax.evaluate.predict import compute
from asc_jax.net.arcface import margin_logits
from asc_jax.net.ensemble import Net


def validation_clips(round_: Round, records: Records) -> Clips | None:
    """The validation clips of known scene; None where there are none, or where the round has no scenes to learn.

    A round that trains on the validation split is not scored on it.
    """
    untrained = round_.synthesis or round_.shipped
    if untrained or VALIDATION in round_.splits or not (records.splits == VALIDATION).any():
        return None
    clips = records.split(VALIDATION)
    known = clips.table["truth"].ne("")
    return replace(clips, table=clips.table[known]) if known.any() else None


def validate(net: Net, variables: dict, clips: Clips, batch_size: int) -> dict[str, float]:
    """{validation_loss, validation_accuracy}: the loss of training, with its margin, and the margin-free accuracy.

    Every clip has weight 1. `variables` are {params, batch_stats}; all processes take part.
    """
    cosine, _ = compute(net, variables, clips, batch_size)
    truth = clips.class_ids("truth")
    loss = optax.softmax_cross_entropy_with_integer_labels(margin_logits(cosine, truth), truth)
    return {
        "validation_loss": float(np.mean(np.asarray(loss, np.float64))),
        "validation_accuracy": float(np.mean(cosine.argmax(1) == truth)),
    }
