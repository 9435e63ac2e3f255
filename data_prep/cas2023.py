"""CAS 2023, the development set of the IEEE ICME 2024 Grand Challenge, with the split of the released system."""

import pathlib

from data_prep import PrepareError
from data_prep.audio import exactly
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
METADATA = "APSIPA2025_GC_ASC_dev_metadata.csv"  # a later challenge tells the city and the time of each recording


def collect(recordings: pathlib.Path, seconds: float) -> DataSet:
    """Lists the clips of the folder with dev/ and the label list; with METADATA beside it, city and session too.

    A session is a city and a start time. The random split of the released system cuts through sessions: its test
    accuracy says little of new recordings.
    """
    rows = read_table(recordings / LABELS, ("filename", "scene_label"))
    places = _places(recordings / METADATA)
    split = _released_split([row["filename"] for row in rows if row["scene_label"]])
    clips = [_clip(row, split, places) for row in rows]
    return file_dataset("cas2023", SCENES, clips, seconds, lambda clip: recordings / "dev" / f"{clip.id}.wav", exactly)


def _places(path):
    """Returns {filename: (city, session)}, empty without the list."""
    if not path.exists():
        return {}
    rows = read_table(path, ("filename", "location", "record_time"))
    return {row["filename"]: (row["location"], f"{row['location']} {row['record_time']}") for row in rows}


def _released_split(labelled):
    """Returns {filename: split}: a tenth for test, then a tenth of the rest for validation."""
    from sklearn.model_selection import train_test_split

    if len(labelled) < 3:
        raise PrepareError(f"{LABELS}: {len(labelled)} labelled clips; the split needs at least 3")
    rest, test = train_test_split(labelled, test_size=0.1, random_state=200)
    train, validation = train_test_split(rest, test_size=0.1, random_state=200)
    splits = {"train": train, "validation": validation, "test": test}
    return {name: split for split, names in splits.items() for name in names}


def _clip(row, split, places):
    city, session = places.get(row["filename"], ("", ""))
    labelled = bool(row["scene_label"])
    return Clip(
        id=row["filename"],
        split=split[row["filename"]] if labelled else "unlabelled",
        scene=row["scene_label"],
        labelled=labelled,
        city=city,
        session=session,
    )
