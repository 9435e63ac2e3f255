"""Recordings in, prepared records out: int16 16 kHz mono clips in ArrayRecord files (README.md describes them)."""

import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_prep.dataset import DataSet

FITS = ("start", "repeat", "pad", "exact")


class PrepareError(Exception):
    """What is wrong, where, what to do: in one line, under which a list of recordings may follow."""


def prepare(
    name: str,
    recordings: str | None = None,
    *,
    seconds: float = 10.0,
    fit: str = "start",
    skip_bad: bool = False,
    split_lists: str | None = None,
    seed: int = 0,
    data_dir: str = "prepared",
    progress: Callable[[int, int, int], None] = lambda done, total, read: None,
) -> pathlib.Path:
    """Prepares a data set, unless its records are there already, and returns the folder that holds them.

    The folder is data_dir/<name>/<seconds>s-<hash>/<version>/, for `tfds.builder_from_directory`; the hash covers all
    that the records depend on, so a changed source is prepared anew. An error leaves nothing half-prepared.

    Args:
        name: scenes (made up, no recordings), clips (the user's own), tau2020, tau2022 or cas2023.
        recordings: the folder (for clips also the list) to read, or a folder that this function returned before.
        seconds: length of every prepared clip.
        fit: what becomes of recordings of another length. start: the first `seconds` are taken, a shorter one is bad;
            repeat: as start, but a shorter one starts over; pad: as start, but silence follows a shorter one; exact:
            a longer one is bad, too.
        skip_bad: leaves bad recordings out, and lists them in the records' metadata.json.
        split_lists: folder of DCASE's lists of splits of tau2022, if they are not in its own; the others have none.
        seed: of scenes; the others do not use it.
        data_dir: where the records of all data sets go.
        progress: called as progress(clips done, clips in all, bytes read of the recordings).

    Raises:
        PrepareError: recordings are bad (all of them are named), a list is wrong, or the records cannot be written.
    """
    if seed < 0:
        raise PrepareError(f"seed is {seed}: give 0 or more")
    if recordings and (pathlib.Path(recordings).expanduser() / "dataset_info.json").exists():
        folder = pathlib.Path(recordings).expanduser()
    else:
        dataset = _collect(name, recordings, seconds, fit, split_lists, seed)
        folder = pathlib.Path(data_dir).expanduser() / name / dataset.config_name / dataset.version
        if not folder.exists():
            from data_prep import records

            records.write(dataset, folder, skip_bad, progress)
    _refuse_left_out(folder, skip_bad)
    return folder


def _collect(
    name: str, recordings: str | None, seconds: float, fit: str, split_lists: str | None, seed: int
) -> "DataSet":
    """Lists and checks the clips of a data set; decodes nothing."""
    from data_prep import cas2023, clips, scenes, tau2020, tau2022
    from data_prep.nearest import nearest

    if not 0.1 <= seconds < float("inf"):
        raise PrepareError(f"seconds is {seconds:g}: give the length of a clip, at least 0.1")
    if fit not in FITS:
        raise PrepareError(f"fit is {fit!r}: choose {', '.join(FITS)}")
    if name == "scenes":
        return scenes.collect(seconds, seed)
    sources = {"clips": clips, "tau2020": tau2020, "tau2022": tau2022, "cas2023": cas2023}
    if name not in sources:
        raise PrepareError(
            f"there is no data set {name!r}: choose scenes, {', '.join(sources)}{nearest(name, sources)}"
        )
    if recordings is None:
        raise PrepareError(f"{name} needs recordings: name their folder (for clips also a list)")
    folder = pathlib.Path(recordings).expanduser()
    if name == "tau2022" and split_lists:
        return tau2022.collect(folder, seconds, fit, pathlib.Path(split_lists).expanduser())
    return sources[name].collect(folder, seconds, fit)


def _refuse_left_out(folder: pathlib.Path, skip_bad: bool) -> None:
    """Records that lack bad recordings serve only whoever asked for that."""
    from data_prep.faults import left_out, refuse

    faults = left_out(folder)
    if faults and not skip_bad:
        refuse(faults)
