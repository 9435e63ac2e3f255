"""Lists of clips: text of separated fields with a header line."""

import codecs
import csv
import io
import pathlib

from data_prep import PrepareError


def read_table(path: pathlib.Path, required: tuple[str, ...]) -> list[dict[str, str]]:
    """Reads a list into one dict of stripped strings per row.

    Fields are separated by whichever of tab, semicolon and comma stands first in the header. UTF-8 and (with its
    byte-order mark) UTF-16, any line ends and empty lines are ordinary. PrepareError names the file, and the line where
    there is one, if it cannot be read, lacks a required column, repeats one, or has a row of another width.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise PrepareError(f"{path}: cannot read the list: {reason}") from error
    delimiter = next((mark for mark in text.split("\n", 1)[0] if mark in "\t;,"), ",")
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, [field.strip() for field in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise PrepareError(f"{path}, line {reader.line_num}: {error}") from error
    return _as_dicts(path, rows, required)


def _as_dicts(path: pathlib.Path, rows: list[tuple[int, list[str]]], required: tuple[str, ...]) -> list[dict[str, str]]:
    if not rows:
        raise PrepareError(f"{path}: the list is empty; it needs the columns {', '.join(required)}")
    (_, header), *rows = rows
    for column in required:
        if column not in header:
            raise PrepareError(f"{path}: no column {column!r}; it has {', '.join(header)}")
    if len(set(header)) < len(header):
        raise PrepareError(f"{path}: a column name occurs twice: {', '.join(header)}")
    for line, row in rows:
        if len(row) != len(header):
            raise PrepareError(f"{path}, line {line}: {len(row)} fields where the header has {len(header)}")
    return [dict(zip(header, row, strict=True)) for _, row in rows]
