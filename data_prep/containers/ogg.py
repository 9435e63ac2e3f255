"""Ogg files (RFC 3533), Vorbis, Opus and FLAC in them: chains of streams, to their last page."""

import dataclasses
import struct
import zlib

from data_prep.containers.layout import CUT, Layout, Piece, Source
from data_prep.faults import Unusable

HEADER = 27  # bytes of a page before its segment table
FIRST, LAST, CONTINUED = 2, 4, 1
NO_END = "its last page is not marked as the last"
TRAILING = "{} bytes between or after its pages are passed over"
FLAC = b"\x7fFLAC"
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclasses.dataclass(frozen=True)
class Page:
    """One page: where it is, whose it is, and whether its last packet goes on in the next."""

    start: int
    body: int
    stop: int
    flags: int
    position: int
    serial: int
    number: int
    unfinished: bool


def ogg(source: Source, start: int) -> Layout:
    """The layout of a file whose first page is at `start`: a file for each link of the chain."""
    pages, passed_over, number = [], 0, start
    while (page := _page(source, number)) is not None or (number := _next(source, number + 1)) is not None:
        if page is None:
            continue
        passed_over += page.start - (pages[-1].stop if pages else start)
        pages.append(page)
        number = page.stop
    end = pages[-1].stop if pages else start
    if not pages or pages[-1].unfinished or _begins_page(source, end):
        raise Unusable(*CUT)
    passed_over += source.size - end
    _check_order(pages)
    links = _links(pages)
    notes = [TRAILING.format(passed_over)] if passed_over else []
    if not pages[-1].flags & LAST:
        notes.append(NO_END)
    is_flac = source.read(pages[0].body, 5) == FLAC
    ended = all(link[-1].flags & LAST for link in links)
    if len(links) == 1 and ended and not passed_over and start == 0 and not is_flac:
        return Layout((), tuple(notes))
    unwrapped = (_flac(source, link) if is_flac else _pieces(source, link) for link in links)
    return Layout(tuple(unwrapped), tuple(notes))


def _page(source: Source, start: int) -> Page | None:
    """The page there, None if none is; Unusable where one is that was changed or cut."""
    head = source.read(start, HEADER)
    if head[:5] != b"OggS\0":
        return None
    if len(head) < HEADER:
        raise Unusable(*CUT)
    flags, position, serial, number, checksum, segments = struct.unpack("<BqIIIB", head[5:])
    table = source.need(start + HEADER, segments)
    size = HEADER + segments + sum(table)
    data = source.need(start, size)
    if _checksum(data[:22] + bytes(4) + data[26:]) != checksum:
        raise Unusable("damaged", f"the checksum of its page {number} is wrong")
    unfinished = bool(segments) and table[-1] == 255
    return Page(start, start + HEADER + segments, start + size, flags, position, serial, number, unfinished)


def _checksum(data: bytes) -> int:
    """CRC-32 with Ogg's order of bits and start, by that of zlib."""
    mirrored = zlib.crc32(data.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _next(source: Source, start: int) -> int | None:
    """Where the next page begins."""
    while start < source.size:
        found = source.read(start, 1 << 16).find(b"OggS\0")
        if found >= 0:
            return start + found
        start += (1 << 16) - 4
    return None


def _begins_page(source: Source, end: int) -> bool:
    """Whether the file ends within the first bytes of a page."""
    rest = source.read(end, 5)
    return 0 < len(rest) < 5 and b"OggS\0".startswith(rest)


def _check_order(pages: list[Page]) -> None:
    """Unusable where a page is missing. Of a stream that was joined late, the first pages after its headers are."""
    last, started = {}, set()
    for page in pages:
        if page.flags & FIRST:
            last.pop(page.serial, None)
            started.discard(page.serial)
        expected = last.get(page.serial, page.number - 1) + 1
        if page.number != expected and page.serial in started:
            raise Unusable("damaged", f"its pages {expected} to {page.number - 1} are missing")
        if page.position > 0:
            started.add(page.serial)
        last[page.serial] = page.number


def _links(pages: list[Page]) -> list[list[Page]]:
    """The pages of each link: it begins with pages that are first, one a stream."""
    links = [[]]
    for page in pages:
        if page.flags & FIRST and links[-1] and not links[-1][-1].flags & FIRST:
            links.append([])
        links[-1].append(page)
    return links


def _pieces(source: Source, link: list[Page]) -> tuple[Piece, ...]:
    """The bytes of its pages, those that adjoin in one piece, the last marked as such: libsndfile insists on that."""
    pieces, last = [], link[-1]
    for page in link[:-1]:
        if pieces and pieces[-1][1] == page.start:
            pieces[-1] = pieces[-1][0], page.stop
        else:
            pieces.append((page.start, page.stop))
    marked = bytearray(source.need(last.start, last.stop - last.start))
    marked[5] |= LAST
    marked[22:26] = bytes(4)
    marked[22:26] = struct.pack("<I", _checksum(bytes(marked)))
    return (*pieces, bytes(marked))


def _flac(source: Source, link: list[Page]) -> tuple[Piece, ...]:
    """The FLAC file that its packets are, which libsndfile does not find in pages; the last page counts the samples."""
    head = bytearray(source.need(link[0].body + 9, 42))
    samples = link[-1].position
    head[21] = head[21] & 0xF0 | samples >> 32 & 0x0F
    head[22:26] = struct.pack(">I", samples & 0xFFFFFFFF)
    return (bytes(head), *((page.body, page.stop) for page in link[1:]))
