"""The file that a challenge asks for: its own list of recordings with the scenes filled in, or a table as DCASE's."""

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from asc_jax.deploy.formats import probabilities_text
from asc_jax.deploy.prediction import Prediction
from asc_jax.errors import UserError

ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
NAME, SCENE = "filename", "scene_label"  # of ICME2024_ASC_eval.csv; names are without ending


def recordings_of(names: Sequence[str], recordings: Iterable[str]) -> list[str]:
    """The recording that each name of the list means; UserError for names that mean none, or several.

    A name may have folders and an ending, or not; what it has must agree, unless it fits no recording that way: then
    the last part alone is compared, without ending.
    """
    by_stem = defaultdict(list)
    for recording in dict.fromkeys(recordings):
        by_stem[_stem(_plain(recording))].append(recording)
    meant = {name: _fitting(_plain(name), by_stem) for name in names}
    if not meant:
        raise UserError("the list has no clips; it needs a row for each recording")
    for count, wrong in ((0, "are not among the recordings"), (2, "are each the name of several recordings")):
        bad = [name for name, fitting in meant.items() if min(len(fitting), 2) == count]
        if bad:
            raise UserError(f"{len(bad)} of {len(meant)} clips of the list {wrong}: {', '.join(bad[:5])}")
    return [meant[name][0] for name in names]


def output_text(names: Sequence[str], predictions: Sequence[Prediction]) -> Iterator[str]:
    """DCASE's output.csv, tab-separated: the list's name of each recording, its scene, every scene's probability.

    No scene is "unknown". The columns are those that evaluate_submission.py writes, of DCASE 2025
    (github.com/CPJKU/dcase2025_task1_inference).
    """
    named = (
        replace(each, name=name, calibration=replace(each.calibration, threshold=None))
        for name, each in zip(names, predictions, strict=True)
    )
    return probabilities_text(named, (NAME, SCENE), separator="\t")


def _fitting(name: str, by_stem: dict[str, list[str]]) -> list[str]:
    """The recordings that a name may mean: those that end with all of it, else those of its stem."""
    same = by_stem.get(_stem(name), [])
    return [recording for recording in same if _ends_with(_plain(recording), name)] or same


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", posixpath.normpath(name.replace("\\", "/")))


def _stem(name: str) -> str:
    """The last part of a path without its ending, if that looks like one: not the .1 of "a.1"."""
    return ENDING.sub("", posixpath.basename(name))


def _ends_with(recording: str, name: str) -> bool:
    """Whether a recording's path ends with the name, whole folders and with the ending if the name has one."""
    return any(f"/{path}".endswith(f"/{name}") for path in (recording, ENDING.sub("", recording)))
