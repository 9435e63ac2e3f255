"""Predictions and embeddings as tables, and files of them."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas

from asc_jax.deploy.prediction import Prediction
from asc_jax.errors import UserError

EMBEDDING = "embedding "  # and a number: the name of a column

Of = tuple[dict, np.ndarray | None, np.ndarray | None]  # the first columns of a row, its cosine, its embedding


def predictions(found: list[Prediction], windows: bool) -> pandas.DataFrame:
    """A row for each recording, or window: file, start of the window, scene, confidence, and "cosine SCENE" each.

    Where the scene may be unknown, the nearest one follows it.
    """
    values = ["scene", "confidence"] if found[0].calibration.threshold is None else ["scene", "nearest", "confidence"]
    rows = []
    for each in found:
        for first, cosine, _ in _rows(each, windows):
            rows.append(first | ({} if cosine is None else _values(each, cosine)))
    names = [f"cosine {scene}" for scene in found[0].scenes]
    return pandas.DataFrame(rows, columns=[*_first(windows), *values, *names])


def _values(each: Prediction, cosine: np.ndarray) -> dict[str, str | float]:
    cosines = {f"cosine {scene}": value for scene, value in zip(each.scenes, cosine.tolist(), strict=True)}
    found = {"scene": each.scene_of(cosine), "nearest": each.nearest_of(cosine)}
    return found | {"confidence": each.confidence_of(cosine)} | cosines


def embeddings(found: list[Prediction], windows: bool) -> pandas.DataFrame:
    """A row for each recording, or window: file, start of the window, and "embedding 0" to "embedding 127", float32."""
    rows = [(first, embedding) for each in found for first, _, embedding in _rows(each, windows)]
    size = next(len(embedding) for _, embedding in rows if embedding is not None)
    missing = np.full(size, np.nan)
    values = np.array([missing if embedding is None else embedding for _, embedding in rows], np.float32)
    table = pandas.DataFrame(values, columns=[f"{EMBEDDING}{number}" for number in range(size)])
    return pandas.concat([pandas.DataFrame([first for first, _ in rows], columns=_first(windows)), table], axis=1)


def _first(windows: bool) -> list[str]:
    return ["file", "start"] if windows else ["file"]


def _rows(each: Prediction, windows: bool) -> Iterator[Of]:
    """Of the recording, or of each of its windows; a bad recording has one row without values either way."""
    if each.error:
        yield {"file": each.name}, None, None
    elif not windows:
        yield {"file": each.name}, each.cosine, each.embedding
    else:
        for start, cosine, embedding in zip(each.start, each.cosines, each.embeddings, strict=True):
            yield {"file": each.name, "start": start}, cosine, embedding


def writer(file: Path) -> Callable[[pandas.DataFrame], None]:
    """The function that writes a table of embeddings as the file's ending says; UserError for another ending."""
    if file.suffix not in ENCODERS:
        raise UserError(f"{file}: its ending must be one of {', '.join(ENCODERS)}")

    def write(table: pandas.DataFrame) -> None:
        partial = file.with_name(f"{file.name}.partial")
        try:
            partial.write_bytes(ENCODERS[file.suffix](table))
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)

    return write


def _npz(table: pandas.DataFrame) -> bytes:
    """The arrays files [M], start [M] where the rows are windows, and embedding float32 [M, 128]."""
    content = io.BytesIO()
    start = {"start": table["start"].to_numpy()} if "start" in table else {}
    files, vectors = table["file"].to_numpy().astype(str), table.filter(like=EMBEDDING).to_numpy()
    np.savez(content, files=files, **start, embedding=vectors)
    return content.getvalue()


ENCODERS = {
    ".parquet": lambda table: table.to_parquet(index=False),
    ".csv": lambda table: table.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode(),
    ".npz": _npz,
}
