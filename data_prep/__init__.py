"""Recordings in, prepared records out: int16 16 kHz mono clips in ArrayRecord files (README.md describes them)."""

import pathlib
from collections.abc import Callable


class PrepareError(Exception):
    """One line: what is wrong, where, what to do."""


def prepare(
    name: str,
    recordings: str | None,
    seconds: float,
    seed: int,
    data_dir: str,
    progress: Callable[[int, int], None] | None = None,
) -> pathlib.Path:
    """Prepares a data set, unless its records are there already, and returns the folder that holds them.

    The folder is data_dir/<name>/<seconds>s-<hash>/<version>/, for `tfds.builder_from_directory`; the hash covers all
    that the records depend on, so a changed source is prepared anew. An error leaves nothing half-prepared.

    Args:
        name: scenes (made up, no recordings), clips (the user's own), tau2020 or cas2023.
        recordings: the folder (for clips also the CSV) to read; None for scenes.
        seconds: length of every prepared clip.
        seed: of scenes; the others do not use it.
        data_dir: where the records of all data sets go.
        progress: called as progress(clips done, clips in all).

    Raises:
        PrepareError: a recording, label or list is missing or wrong, or the records cannot be written.
    """
    dataset = _collect(name, recordings, seconds, seed)
    folder = pathlib.Path(data_dir).expanduser() / name / dataset.config_name / dataset.version
    if not folder.exists():
        from data_prep import records

        records.write(dataset, folder, progress or (lambda done, total: None))
    return folder


def _collect(name, recordings, seconds, seed):
    """Lists and checks the clips of a data set; decodes nothing."""
    from data_prep import cas2023, clips, scenes, tau2020

    if seconds < 0.1:
        raise PrepareError(f"seconds is {seconds:g}: give the length of a clip, at least 0.1")
    if name == "scenes":
        return scenes.collect(seconds, seed)
    sources = {"clips": clips, "tau2020": tau2020, "cas2023": cas2023}
    if name not in sources:
        raise PrepareError(f"there is no data set {name!r}: choose scenes, {', '.join(sources)}")
    if recordings is None:
        raise PrepareError(f"{name} needs recordings: say where they are")
    return sources[name].collect(pathlib.Path(recordings).expanduser(), seconds)
