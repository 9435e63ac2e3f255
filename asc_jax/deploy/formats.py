"""What was heard, as rows for people, spreadsheets and programs."""

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator

import numpy as np
from rich.table import Table

from asc_jax.deploy.classifier import Heard, confidence_of

NO_SIGNAL = "(no signal)"  # in place of a scene
SILENT = {"scene": None, "silent": True}  # of a window, in JSON


def as_json(heard: Heard) -> dict:
    """All that is told of one recording."""
    if heard.error:
        return {"file": heard.name, "error": heard.error}
    windows = [
        {"start": start} | (SILENT if cosine is None else _told(heard, cosine))
        for start, cosine in zip(heard.start, heard.cosines, strict=True)
    ]
    notes = {"notes": heard.notes} if heard.notes else {}
    return {"file": heard.name} | _told(heard, heard.cosine) | notes | {"windows": windows}


def _told(heard: Heard, cosine: np.ndarray) -> dict:
    cosines = {scene: float(each) for scene, each in zip(heard.scenes, cosine, strict=True)}
    return {"scene": heard.scene_of(cosine), "confidence": confidence_of(cosine), "cosine": cosines}


def json_text(all_heard: Iterable[Heard]) -> Iterator[str]:
    """One JSON list, an object a recording."""
    before = "["
    for heard in all_heard:
        yield before + json.dumps(as_json(heard))
        before = ",\n"
    yield "]\n" if before != "[" else "[]\n"


def jsonl_text(all_heard: Iterable[Heard]) -> Iterator[str]:
    """A line a recording."""
    for heard in all_heard:
        yield json.dumps(as_json(heard)) + "\n"


def csv_text(all_heard: Iterable[Heard]) -> Iterator[str]:
    """A row a window: file, start in seconds, scene (or NO_SIGNAL), confidence; a bad recording has none."""
    yield "file,start,scene,confidence\n"
    for heard in all_heard:
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        for start, cosine in zip(heard.start, heard.cosines, strict=True) if not heard.error else ():
            confidence = "" if cosine is None else f"{confidence_of(cosine):.4f}"
            rows.writerow([heard.name, f"{start:.10g}", _scene(heard, cosine), confidence])
        yield text.getvalue()


def table(all_heard: Iterable[Heard]) -> Table:
    """A row a recording; of a longer one also the timeline: from when on which scene was heard."""
    shown = Table("recording", "scene", "confidence", "windows", "timeline")
    for heard in all_heard:
        if not heard.error:
            confidence = f"{100 * heard.confidence:.0f} %"
            shown.add_row(heard.name, heard.scene, confidence, windows(heard), timeline(heard))
    return shown


def windows(heard: Heard) -> str:
    """How many windows there are, and how many of them hold a signal."""
    every, voted = len(heard.cosines), len(heard.voted)
    return str(every) if voted == every else f"{voted} of {every}"


def _scene(heard: Heard, cosine: np.ndarray | None) -> str:
    return NO_SIGNAL if cosine is None else heard.scene_of(cosine)


def timeline(heard: Heard) -> str:
    """0:00 bus, 3:20 park: each scene with the time it begins, where the recording has more than one window."""
    told = [_scene(heard, cosine) for cosine in heard.cosines]
    if len(told) < 2:
        return ""
    spans = itertools.groupby(zip(told, heard.start, strict=True), key=lambda each: each[0])
    return ", ".join(f"{clock(next(each)[1])} {scene}" for scene, each in spans)


def clock(seconds: float) -> str:
    """3723.5 -> 1:02:03"""
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
