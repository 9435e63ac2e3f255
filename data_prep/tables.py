"""Lists of clips: text of separated fields with a header line."""

import codecs
import csv
import io
import pathlib
import re
from collections.abc import Callable, Sequence

from data_prep import PrepareError
from data_prep.nearest import nearest


def read_table(
    path: pathlib.Path, required: tuple[str, ...], column: Callable[[str], str] = str
) -> list[dict[str, str]]:
    """Reads a list into one dict of stripped strings per row, whose keys are column(name) of the header's names.

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
    return _as_dicts(path, rows, required, column)


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


def _as_dicts(
    path: pathlib.Path, rows: list[tuple[int, list[str]]], required: tuple[str, ...], column: Callable[[str], str]
) -> list[dict[str, str]]:
    if not rows:
        raise PrepareError(f"{path}: the list is empty; it needs the columns {', '.join(required)}")
    (_, header), *rows = rows
    while header and not header[-1] and all(len(row) == len(header) and not row[-1] for _, row in rows):
        header, rows = header[:-1], [(line, row[:-1]) for line, row in rows]  # as spreadsheets leave them
    if len(set(header)) < len(header):
        raise PrepareError(f"{path}: a column name occurs twice: {', '.join(header)}")
    header = _known(path, header, column)
    for name in required:
        if name not in header:
            raise PrepareError(f"{path}: no column {name!r}; it has {', '.join(header)}{nearest(name, header)}")
    for line, row in rows:
        if len(row) != len(header):
            raise PrepareError(f"{path}, line {line}: {len(row)} fields where the header has {len(header)}")
    return [dict(zip(header, row, strict=True)) for _, row in rows]


def _known(path: pathlib.Path, header: list[str], column: Callable[[str], str]) -> list[str]:
    """column(name) of each name; PrepareError where two mean the same."""
    known = list(map(column, header))
    for name in known:
        if known.count(name) > 1:
            both = " and ".join(repr(each) for each in header if column(each) == name)
            raise PrepareError(f"{path}: the columns {both} both mean {name!r}: rename or delete one of them")
    return known


def with_column(path: pathlib.Path, column: str, values: Sequence[str]) -> bytes:
    """The bytes of a list whose column has other values, row by row; all else stays as it was."""
    text, encoding = decoded(path)
    delimiter, _ = separator(text)
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)
    begin = int(lines[0].removeprefix("\ufeff").startswith("sep="))
    reader = csv.reader([line.removeprefix("\ufeff") for line in lines[begin:]], delimiter=delimiter)
    place, left = None, iter(values)
    done = [*lines[:begin]]
    for fields in reader:  # of one line or, with quotes, several
        row = "".join(lines[len(done) : begin + reader.line_num])
        done += [""] * (begin + reader.line_num - len(done))
        if place is None and any(map(str.strip, fields)):
            place = [field.strip() for field in fields].index(column)
        elif place is not None and any(map(str.strip, fields)):
            fields[place] = next(left)
            content = row.rstrip("\r\n")
            row = _joined(fields, delimiter, content) + row[len(content) :]
        done[-1] = row
    return "".join(done).encode(encoding)


def _joined(fields: list[str], delimiter: str, before: str) -> str:
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if before.startswith('"') and before.endswith('"') else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, lineterminator="", quoting=quoting).writerow(fields)
    return text.getvalue()
