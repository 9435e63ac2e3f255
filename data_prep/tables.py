"""Lists of clips: text of separated fields with a header line."""

import codecs
import csv
import io
import pathlib
import re
from collections.abc import Sequence

from data_prep import PrepareError


def read_table(path: pathlib.Path, required: tuple[str, ...]) -> list[dict[str, str]]:
    """Reads a list into one dict of stripped strings per row.

    Fields are separated by whichever of tab, semicolon and comma stands first in the header, or as a line "sep=;" above
    it says. UTF-8 and (with its byte-order mark) UTF-16, any line ends and empty lines are ordinary. PrepareError names
    the file, and the line where there is one, if it cannot be read, lacks a required column, repeats one, or has a row
    of another width.
    """
    text, _ = decoded(path)
    delimiter, text = separator(text)
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, [field.strip() for field in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise PrepareError(f"{path}, line {reader.line_num}: {error}") from error
    return _as_dicts(path, rows, required)


def decoded(path: pathlib.Path) -> tuple[str, str]:
    """(the text of a list, with its byte-order mark if it has one, and its encoding)."""
    try:
        content = path.read_bytes()
        encoding = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(content[:2], "utf-8")
        return content.decode(encoding), encoding
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise PrepareError(f"{path}: cannot read the list: {reason}") from error


def separator(text: str) -> tuple[str, str]:
    """(what separates fields, the text without byte-order mark and without a line that names it, as Excel's do)."""
    text = text.removeprefix("\ufeff")
    if named := re.match(r"sep=(.)(\r\n|\r|\n)", text):
        return named[1], named[2] + text[named.end() :]
    return next(
        (mark for mark in re.split(r"[\r\n]", text.lstrip("\r\n "), maxsplit=1)[0] if mark in "\t;,"), ","
    ), text


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


def with_column(path: pathlib.Path, column: str, values: Sequence[str]) -> bytes:
    """The bytes of a list whose column has other values, row by row; all else stays as it was."""
    text, encoding = decoded(path)
    delimiter, _ = separator(text)
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)
    place, left = None, iter(values)
    for number, line in enumerate(lines):
        content = line.rstrip("\r\n")
        fields = next(csv.reader([content.removeprefix("\ufeff")], delimiter=delimiter), [])
        if not any(map(str.strip, fields)) or (place is None and content.removeprefix("\ufeff").startswith("sep=")):
            continue
        if place is None:
            place = [field.strip() for field in fields].index(column)
        else:
            fields[place] = next(left)
            lines[number] = _joined(fields, delimiter, content) + line[len(content) :]
    return "".join(lines).encode(encoding)


def _joined(fields: list[str], delimiter: str, before: str) -> str:
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if before.startswith('"') and before.endswith('"') else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, lineterminator="", quoting=quoting).writerow(fields)
    return text.getvalue()
