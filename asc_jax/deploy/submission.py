"""The file that a challenge asks for: its own list of recordings, with the scenes filled in."""

import csv
import io
from pathlib import PurePath

from asc_jax.errors import UserError

NAME, SCENE = "filename", "scene_label"  # of ICME2024_ASC_eval.csv; names are without ending


def fill_in(rows: list[dict[str, str]], scenes: dict[str, str | None]) -> str:
    """The list with the scene of every row, from recording -> scene; UserError names the rows that have none."""
    by_name = {PurePath(recording).stem: scene for recording, scene in scenes.items() if scene}
    missing = [row[NAME] for row in rows if row[NAME] not in by_name]
    if missing:
        raise UserError(f"{len(missing)} of {len(rows)} clips of the list were not heard: {', '.join(missing[:5])}")
    text = io.StringIO()
    written = csv.DictWriter(text, list(rows[0]))
    written.writeheader()
    written.writerows(row | {SCENE: by_name[row[NAME]]} for row in rows)
    return text.getvalue()
