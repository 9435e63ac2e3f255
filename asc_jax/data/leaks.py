"""The leak check: what a test would measure besides the ability to recognise scenes."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Table

from asc_jax.data.duplicates import near_duplicates
from asc_jax.data.records import Clips, Records
from asc_jax.typed import AnyPath

FILE = "leak.json"


@dataclass(frozen=True)
class Leak:
    """How many clips of a tested part share something with the clips of the parts that teach.

    `look_up` is the accuracy of telling the scene that most taught clips of the same session have, or where the session
    is new, the most frequent scene: what knowing the session is worth without listening. `devices` and `cities` are
    those that teach.
    """

    split: str
    tested: str
    taught: str
    clips: int
    same_session: int
    same_audio: int
    near_duplicate: int
    look_up: float
    devices: tuple[str, ...]
    cities: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"leak check, split {self.split}: {self.same_session} of {self.clips} {self.tested} clips share a session "
            f"with {self.taught}, {self.same_audio} the same audio, {self.near_duplicate} a near-duplicate; "
            f"the session alone, without listening, scores {100 * self.look_up:.1f} %"
        )


def check(records: Records, tested: str, taught: Sequence[str]) -> Leak:
    """Compares the clips of one part with those of the parts that are learned from."""
    ours, theirs = records.part(tested), records.part(*taught)
    sessions = set(theirs.column("session")) - {""}
    return Leak(
        split=records.split,
        tested=tested,
        taught=" and ".join(taught),
        clips=len(ours),
        same_session=int(ours.table["session"].isin(sessions).sum()),
        same_audio=int(ours.table["sha256"].isin(theirs.table["sha256"]).sum()),
        near_duplicate=int(near_duplicates(ours.fingerprints, theirs.fingerprints).sum()),
        look_up=_look_up(ours, theirs),
        devices=tuple(sorted(set(theirs.column("device")) - {""})),
        cities=tuple(sorted(set(theirs.column("city")) - {""})),
    )


def write_leak(folder: AnyPath, leak: Leak) -> None:
    """Keeps a round's leak check in its folder."""
    (folder / FILE).write_text(json.dumps(asdict(leak), indent=2) + "\n")


def read_leak(folder: AnyPath) -> Leak:
    """What `write_leak` kept."""
    kept = json.loads((folder / FILE).read_text())
    return Leak(**kept | {name: tuple(kept[name]) for name in ("devices", "cities")})


def _look_up(ours: Clips, theirs: Clips) -> float:
    taught = theirs.table[theirs.table["label"].ne("")]
    known = taught[taught["session"].ne("")].groupby("session")["label"].agg(lambda scenes: scenes.mode()[0])
    otherwise = taught["label"].mode()[0]
    told = [known.get(session, otherwise) for session in ours.column("session")]
    return float(np.mean(np.array(told) == ours.column("truth")))


def leaks_table(records: Records) -> Table:
    """The leak check of every tested part, as `asc-jax data check` shows it."""
    shown = Table("tested", "taught", title=f"{records.path}, split {records.split}")
    for column in ("clips", "same session", "same audio", "near-duplicate", "session look-up in %"):
        shown.add_column(column, justify="right")
    there = set(records.parts)
    for tested in [part for part in ("validation", "test") if part in there]:
        for taught in [("train",), ("train", "unlabelled")][: 1 + ("unlabelled" in there)]:
            leak = check(records, tested, taught)
            counts = (leak.clips, leak.same_session, leak.same_audio, leak.near_duplicate)
            shown.add_row(tested, leak.taught, *map(str, counts), f"{100 * leak.look_up:.1f}")
    return shown
