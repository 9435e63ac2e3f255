"""The records that a round was trained and tested on."""

from dataclasses import replace

from asc_jax.data.records import Clips
from asc_jax.data.splits import reopen_records
from asc_jax.errors import UserError
from asc_jax.evaluate.runs import FinishedRound


def clips_of(round_: FinishedRound, tested: bool) -> Clips:
    """The clips that a round was tested on, or those that it was trained on; UserError if they are not at hand."""
    clips, folder = round_.recordings, round_.records
    if clips is None or folder is None:
        raise UserError(
            f"{round_.folder}: its records are not at hand ({round_.config['records'] or 'imported without'})"
        )
    if tested:
        return replace(clips, table=clips.table[clips.table["id"].isin(round_.tested.details["id"])])
    records = reopen_records(folder, round_.settings["split"])
    return records.split(*round_.settings["round"]["splits"])
