"""TAU Urban Acoustic Scenes 2022 Mobile, development set (doi.org/10.5281/zenodo.6337421), with DCASE's splits."""

import collections
import pathlib

from data_prep import PrepareError
from data_prep.dataset import Clip, DataSet
from data_prep.faults import Fault
from data_prep.files import file_dataset
from data_prep.tables import read_table
from data_prep.tau2020 import SCENES

SECONDS = 1.0  # of every clip
SHARES = ("5", "10", "25", "50", "100")  # % of the training clips that a split trains on
TEST = "test.csv"


def collect(recordings: pathlib.Path, seconds: float, fit: str, split_lists: pathlib.Path | None = None) -> DataSet:
    """Lists the clips of the folder that holds audio/ and meta.csv; a session is a location in a city.

    `split_lists` is the folder of test.csv and of those of split5.csv to split100.csv that are there (default: beside
    meta.csv). Each is a column of the records, 25 for split25.csv; the largest is the data set's own split.
    """
    if seconds > SECONDS and fit in ("start", "exact"):
        raise PrepareError(f"tau2022: its clips are of {SECONDS:g} s, not of {seconds:g}: use --seconds {SECONDS:g}")
    rows = read_table(recordings / "meta.csv", ("filename", "scene_label", "identifier", "source_label"))
    splits, faults = _splits(split_lists or recordings, {row["filename"]: row["scene_label"] for row in rows})
    *smaller, largest = splits
    clips = []
    for row in rows:
        name, places = row["filename"], pathlib.PurePosixPath(row["filename"]).stem.split("-")
        if len(places) == 6:
            columns = tuple((share, splits[share][name]) for share in smaller)
            place = row["source_label"], places[1], row["identifier"]
            clips.append(Clip(name, splits[largest][name], row["scene_label"], True, *place, columns))
        else:
            expected = "must be <scene>-<city>-<location>-<recording>-<second>-<device>.wav"
            faults.append(Fault(name, "unknown name", expected))
    return file_dataset("tau2022", SCENES, clips, recordings, seconds, fit, largest, faults)


def _splits(folder: pathlib.Path, scenes: dict[str, str]) -> tuple[dict[str, dict[str, str]], list[Fault]]:
    """({share: {filename: train, test or nothing}} in the order of SHARES, what is wrong with the lists).

    `scenes` are those that meta.csv gives, by filename.
    """
    shares = [share for share in SHARES if (folder / _list_of(share)).exists()]
    if not shares or not (folder / TEST).exists():
        missing = TEST if shares else f"none of {', '.join(map(_list_of, SHARES))}"
        raise PrepareError(
            f"{folder}: {'no ' if shares else ''}{missing}: download DCASE's lists (github.com/CPJKU/"
            "dcase2024_task1_baseline), and put them there or name their folder with --split-lists"
        )
    lists = {file: _scenes_of(folder / file) for file in (TEST, *map(_list_of, shares))}
    splits = {}
    for share in shares:
        training, testing = dict.fromkeys(lists[_list_of(share)], "train"), dict.fromkeys(lists[TEST], "test")
        splits[share] = collections.defaultdict(str, training | testing)
    return splits, _faults(lists, scenes)


def _list_of(share: str) -> str:
    return f"split{share}.csv"


def _scenes_of(path: pathlib.Path) -> dict[str, str]:
    """The scene of each clip of a list, by filename; nothing where the list has no column of scenes."""
    rows = read_table(path, ("filename",))
    if not rows:
        raise PrepareError(f"{path}: names no clip, only columns: download it anew, or delete it")
    return {row["filename"]: row.get("scene_label", "") for row in rows}


def _faults(lists: dict[str, dict[str, str]], scenes: dict[str, str]) -> list[Fault]:
    """Names that meta.csv lacks or gives another scene, and those that are both trained on and tested."""
    faults = []
    for file, scene_of in lists.items():
        for name, scene in scene_of.items():
            if name not in scenes:
                faults.append(Fault(name, "unknown name", f"{file} names it, meta.csv does not"))
            elif scene and scene != scenes[name]:
                faults.append(Fault(name, "contradiction", f"{scene} in {file}, {scenes[name]} in meta.csv"))
            if file != TEST and name in lists[TEST]:
                faults.append(Fault(name, "contradiction", f"{file} trains on it, {TEST} tests it"))
    return faults
