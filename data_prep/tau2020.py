"""TAU Urban Acoustic Scenes 2020 Mobile, development set (doi.org/10.5281/zenodo.3819968), fold 1."""

import pathlib

from data_prep.dataset import Clip, DataSet
from data_prep.faults import Fault
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


def collect(recordings: pathlib.Path, seconds: float, fit: str) -> DataSet:
    """Lists the clips of the folder that holds audio/ and evaluation_setup/; a session is a location in a city."""
    clips, faults = [], []
    for split, name in LISTS.items():
        for row in read_table(recordings / name, ("filename", "scene_label")):
            places = pathlib.PurePosixPath(row["filename"]).stem.split("-")
            if len(places) == 5:
                _, city, location, _, device = places
                session = f"{city}-{location}"
                clips.append(Clip(row["filename"], split, row["scene_label"], True, device, city, session))
            else:
                expected = "must be <scene>-<city>-<location>-<segment>-<device>.wav"
                faults.append(Fault(row["filename"], "unknown name", expected))
    return file_dataset("tau2020", SCENES, clips, recordings, seconds, fit, "official", faults)
