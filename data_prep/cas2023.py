"""CAS 2023, the data of the IEEE ICME 2024 Grand Challenge, with the split of the released system."""

import pathlib

from data_prep import PrepareError
from data_prep.dataset import Clip, DataSet
from data_prep.files import file_dataset
from data_prep.tables import read_table

SCENES = (
    "Bus",
    "Airport",
    "Metro",
    "Restaurant",
    "Shopping mall",
    "Public square",
    "Urban park",
    "Traffic street",
    "Construction site",
    "Bar",
)
LABELS = "ICME2024_ASC_dev_label.csv"
EVALUATION = "ICME2024_ASC_eval.csv"
METADATA = "APSIPA2025_GC_ASC_{}_metadata.csv"  # a later challenge gives the city and the time of each recording


def collect(recordings: pathlib.Path, seconds: float, fit: str) -> DataSet:
    """Lists the clips of the folder with dev/ and its labels, and of eval/ and its list where both are there.

    With METADATA beside them, city and session are known; a session is a city and a start time. The random split of
    the released system cuts through sessions: its test accuracy says little of new recordings.
    """
    rows = read_table(recordings / LABELS, ("filename", "scene_label"))
    splits = _released_split([row["filename"] for row in rows if row["scene_label"]])
    places = _places(recordings / METADATA.format("dev"))
    clips = [_clip(row, splits.get(row["filename"], "unlabelled"), bool(row["scene_label"]), places) for row in rows]
    if (recordings / EVALUATION).exists() and (recordings / "eval").is_dir():
        places = _places(recordings / METADATA.format("eval"))
        rows = read_table(recordings / EVALUATION, ("filename", "scene_label"))
        clips += [_clip(row, "evaluation", False, places) for row in rows]
    return file_dataset("cas2023", SCENES, clips, recordings, seconds, fit, "released", path_of=_path)


def _path(clip: Clip) -> str:
    return f"{'eval' if clip.split == 'evaluation' else 'dev'}/{clip.id}"


def _places(path: pathlib.Path) -> dict[str, tuple[str, str]]:
    """Returns {filename: (city, session)}, empty without the list."""
    if not path.exists():
        return {}
    rows = read_table(path, ("filename", "location", "record_time"))
    return {row["filename"]: (row["location"], f"{row['location']} {row['record_time']}") for row in rows}


def _released_split(labelled: list[str]) -> dict[str, str]:
    """Returns {filename: split}: a tenth for test, then a tenth of the rest for validation."""
    from sklearn.model_selection import train_test_split

    if len(labelled) < 3:
        raise PrepareError(f"{LABELS}: {len(labelled)} labelled clips; the released split needs at least 3")
    rest, test = train_test_split(labelled, test_size=0.1, random_state=200)
    train, validation = train_test_split(rest, test_size=0.1, random_state=200)
    splits = {"train": train, "validation": validation, "test": test}
    return {name: split for split, names in splits.items() for name in names}


def _clip(row: dict[str, str], split: str, labelled: bool, places: dict[str, tuple[str, str]]) -> Clip:
    city, session = places.get(row["filename"], ("", ""))
    return Clip(row["filename"], split, row["scene_label"], labelled, city=city, session=session)
