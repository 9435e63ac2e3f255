"""TAU Urban Acoustic Scenes 2020 Mobile, development set (doi.org/10.5281/zenodo.3819968), fold 1."""

import pathlib

from data_prep import PrepareError
from data_prep.audio import exactly
from data_prep.dataset import Clip, DataSet
from data_prep.files import file_dataset
from data_prep.tables import read_table

SCENES = (
    "airport",
    "shopping_mall",
    "metro_station",
    "street_pedestrian",
    "public_square",
    "street_traffic",
    "tram",
    "bus",
    "metro",
    "park",
)
LISTS = {"train": "evaluation_setup/fold1_train.csv", "test": "evaluation_setup/fold1_evaluate.csv"}


def collect(recordings: pathlib.Path, seconds: float) -> DataSet:
    """Lists the clips of the folder that holds audio/ and evaluation_setup/; a session is a location in a city."""
    clips = [
        _clip(row, split)
        for split, name in LISTS.items()
        for row in read_table(recordings / name, ("filename", "scene_label"))
    ]
    return file_dataset("tau2020", SCENES, clips, seconds, lambda clip: recordings / clip.id, exactly)


def _clip(row, split):
    """A row of a list; names are audio/<scene>-<city>-<location>-<segment>-<device>.wav."""
    parts = pathlib.PurePosixPath(row["filename"]).stem.split("-")
    if len(parts) != 5:
        raise PrepareError(f"{row['filename']}: not named <scene>-<city>-<location>-<segment>-<device>.wav")
    _, city, location, _, device = parts
    return Clip(row["filename"], split, row["scene_label"], True, device, city, f"{city}-{location}")
