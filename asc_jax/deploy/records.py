"""The records that a round was trained and tested on."""

from dataclasses import replace
from pathlib import Path

from asc_jax.data.records import Clips
from asc_jax.data.splits import reopen_records
from asc_jax.errors import UserError
from asc_jax.evaluate.runs import FinishedRound


def clips_of(each: FinishedRound, tested: bool) -> Clips:
    """The clips that a round was tested on, or those that it was trained on; UserError if they are not at hand."""
    if (clips := each.recordings) is None:
        raise UserError(f"{each.folder}: its records are not at hand ({each.config['records'] or 'imported without'})")
    if tested:
        return replace(clips, table=clips.table[clips.table["id"].isin(each.tested.details["id"])])
    records = reopen_records(Path(each.config["records"]), each.settings["split"])
    return records.part(*each.settings["round"]["parts"])
