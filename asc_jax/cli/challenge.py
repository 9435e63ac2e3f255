"""The list of recordings that a challenge hands out, and what it wants back."""

import dataclasses
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.deploy.prediction import Prediction


@dataclasses.dataclass(frozen=True)
class ChallengeList:
    """A challenge's list: the name in each row, and whether it has a column of scenes that is not filled in yet."""

    file: Path
    names: list[str]
    has_scenes: bool

    def recordings(self, recordings: list[str]) -> list[str]:
        """The recording that each row means, all of which must be among those that are predicted."""
        from asc_jax.deploy.submission import recordings_of

        try:
            return recordings_of(self.names, recordings)
        except UserError as error:
            raise UserError(f"{self.file}: {error}") from error


def read_list(file: Path, out: Path | None) -> ChallengeList:
    """Reads the list; without a column of scenes to fill in, the predictions need a file `out` of their own."""
    from asc_jax.deploy.submission import NAME, SCENE
    from data_prep.tables import read_table

    rows = read_table(file, (NAME,))
    has_scenes = not rows or (SCENE in rows[0] and not all(row[SCENE] for row in rows))
    if not has_scenes and not out:
        problem = (
            f"its column {SCENE} is filled in already" if SCENE in rows[0] else f"has no column {SCENE} to fill in"
        )
        raise UserError(f"{file}: {problem}; name the file to write with --out")
    return ChallengeList(file, [row[NAME] for row in rows], has_scenes)


def submit(listed: ChallengeList, meant: list[str], predictions: "dict[str, Prediction]", out: Path | None) -> None:
    """Fills the list in, or writes the table that DCASE asks for; where a clip has no scene, nothing is written."""
    if bad := [name for name in meant if predictions[name].error]:
        raise UserError(f"{listed.file}: left as it is: {len(bad)} of its clips have no scene: {', '.join(bad[:5])}")
    if listed.has_scenes:
        _fill_in(listed.file, [predictions[name].nearest for name in meant])
    elif out:
        from asc_jax.deploy.submission import output_text

        out.write_text("".join(output_text(listed.names, [predictions[name] for name in meant])))
        print(out, file=sys.stderr)


def _fill_in(file: Path, scenes: list[str]) -> None:
    from asc_jax.deploy.submission import SCENE
    from data_prep.tables import with_column

    file = file.resolve()  # of a link, what it leads to
    content = with_column(file, SCENE, scenes)
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.write_bytes(content)
        shutil.copymode(file, partial)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    print(file, file=sys.stderr)
