"""The leak check: what a test would measure besides the ability to recognise scenes."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Table

from asc_jax.data.duplicates import GAP, near_duplicates
from asc_jax.data.records import Clips, Records
from asc_jax.older import renamed
from asc_jax.typed import AnyPath

FILES = {"test": "leak.json", "validation": "leak_validation.json"}  # in a round's folder, by what is compared


@dataclass(frozen=True)
class Leak:
    """How many clips of a tested split share something with the clips of the splits that are trained on.

    `session_baseline` is the accuracy, over the clips that are scored, of predicting the scene that most training clips
    of the same session have, or where the session is new, the most frequent scene: what knowing the session is worth
    without listening. `devices` and `cities` are those of the training clips. What cannot be known is None: sessions
    that no list names, and near-duplicates of clips that are too short for fingerprints.
    """

    split: str
    tested: str
    trained_on: str
    clips: int
    same_session: int | None
    same_audio: int
    near_duplicate: int | None
    session_baseline: float | None
    devices: tuple[str, ...]
    cities: tuple[str, ...]

    def __str__(self) -> str:
        session = "no session is known, so whether any is shared is not known"
        if self.same_session is not None:
            session = f"{self.same_session} of {self.clips} {self.tested} clips share a session with {self.trained_on}"
        copies = "they are too short to find near-duplicates"
        if self.near_duplicate is not None:
            copies = f"{self.near_duplicate} a near-duplicate"
        audio = f"{self.same_audio} of {self.clips} share the same audio"
        line = f"leak check, split {self.split}: {session}; {audio}, {copies}"
        if self.session_baseline is None or self.same_session is None:
            return line
        return f"{line}; the session alone, without listening, scores {100 * self.session_baseline:.1f} %"


def check(records: Records, tested: str, trained_on: Sequence[str]) -> Leak:
    """Compares the clips of one split with those of the splits that are trained on."""
    ours, theirs = records.split(tested), records.split(*trained_on)
    sessions = set(theirs.column("session")) - {""}
    known = sessions and ours.table["session"].ne("").any()
    long_enough = ours.all_fingerprints.shape[1] > GAP
    return Leak(
        split=records.split_by,
        tested=tested,
        trained_on=" and ".join(trained_on),
        clips=len(ours),
        same_session=int(ours.table["session"].isin(sessions).sum()) if known else None,
        same_audio=int(ours.table["sha256"].isin(theirs.table["sha256"]).sum()),
        near_duplicate=int(near_duplicates(ours.fingerprints, theirs.fingerprints).sum()) if long_enough else None,
        session_baseline=_session_baseline(ours, theirs) if known else None,
        devices=tuple(sorted(set(theirs.column("device")) - {""})),
        cities=tuple(sorted(set(theirs.column("city")) - {""})),
    )


def write_leak(folder: AnyPath, leak: Leak) -> None:
    """Keeps a round's leak check, of its test or validation clips, in its folder."""
    (folder / FILES[leak.tested]).write_text(json.dumps(asdict(leak), indent=2) + "\n")


def read_leak(folder: AnyPath, tested: str = "test") -> Leak:
    """What `write_leak` kept of the test or validation clips."""
    kept = renamed(json.loads((folder / FILES[tested]).read_text()))
    return Leak(**kept | {name: tuple(kept[name]) for name in ("devices", "cities")})


def _session_baseline(ours: Clips, theirs: Clips) -> float | None:
    scored = ours.table[ours.table["truth"].ne("")]
    if scored.empty:
        return None
    labelled = theirs.table[theirs.table["label"].ne("")]
    known = labelled[labelled["session"].ne("")].groupby("session")["label"].agg(lambda scenes: scenes.mode()[0])
    otherwise = labelled["label"].mode()[0]
    predicted = [known.get(session, otherwise) for session in scored["session"]]
    return float(np.mean(np.array(predicted) == scored["truth"].to_numpy()))


def leaks_table(records: Records) -> Table:
    """The leak check of every tested split, as `asc-jax data check` shows it."""
    shown = Table("tested", "trained on", title=f"{records.path}, split {records.split_by}")
    for column in ("clips", "same session", "same audio", "near-duplicate", "session alone in %"):
        shown.add_column(column, justify="right")
    there = set(records.splits)
    for tested in [split for split in reversed(FILES) if split in there]:
        for trained_on in [("train",), ("train", "unlabelled")][: 1 + ("unlabelled" in there)]:
            leak = check(records, tested, trained_on)
            session_baseline = None if leak.session_baseline is None else round(100 * leak.session_baseline, 1)
            counts = (leak.clips, leak.same_session, leak.same_audio, leak.near_duplicate)
            shown.add_row(tested, leak.trained_on, *map(_known, counts), _known(session_baseline))
    return shown


def _known(value: float | None) -> str:
    return "not known" if value is None else str(value)
