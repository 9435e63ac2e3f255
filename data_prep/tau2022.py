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
    splits, faults = _splits(split_lists or recordings, {row["filename"] for row in rows})
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


def _splits(folder: pathlib.Path, known: set[str]) -> tuple[dict[str, dict[str, str]], list[Fault]]:
    """({share: {filename: train, test or nothing}} in the order of SHARES, what is wrong with the lists' names)"""
    shares = [share for share in SHARES if (folder / _list_of(share)).exists()]
    if not shares or not (folder / TEST).exists():
        missing = TEST if shares else f"none of {', '.join(map(_list_of, SHARES))}"
        raise PrepareError(
            f"{folder}: {'no ' if shares else ''}{missing}: download DCASE's lists (github.com/CPJKU/"
            "dcase2024_task1_baseline), and put them there or name their folder with --split-lists"
        )
    tested = _names(folder / TEST)
    trained = {share: _names(folder / _list_of(share)) for share in shares}
    faults = _faults({TEST: tested} | {_list_of(share): names for share, names in trained.items()}, known)
    splits = {share: collections.defaultdict(str, dict.fromkeys(names, "train")) for share, names in trained.items()}
    for split in splits.values():
        split.update(dict.fromkeys(tested, "test"))
    return dict(splits), faults


def _list_of(share: str) -> str:
    return f"split{share}.csv"


def _names(path: pathlib.Path) -> set[str]:
    return {row["filename"] for row in read_table(path, ("filename",))}


def _faults(lists: dict[str, set[str]], known: set[str]) -> list[Fault]:
    """Names that meta.csv lacks, and those that are both trained on and tested."""
    unknown = [(name, file) for file, names in lists.items() for name in sorted(names - known)]
    both = [(name, file) for file, names in lists.items() if file != TEST for name in sorted(names & lists[TEST])]
    faults = [Fault(name, "unknown name", f"{file} names it, meta.csv does not") for name, file in unknown]
    return faults + [Fault(name, "contradiction", f"{file} trains on it, {TEST} tests it") for name, file in both]
