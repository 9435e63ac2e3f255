"""Tags that stand before, between and after sound: ID3, APE and Lyrics3."""

import struct

from data_prep.containers.layout import Source
from data_prep.faults import Unusable


def tag_at(source: Source, start: int) -> int:
    """The bytes of the tag that begins there, 0 if none does."""
    head = source.read(start, 32)
    if head[:3] == b"ID3" and len(head) >= 10 and max(head[6:10]) < 128:
        size = _syncsafe(head[6:10])
        if not head[5] & 0xC0:  # neither rewritten as a whole nor with a header of its own
            _check_id3(source.read(start + 10, size), head[3])
        return 10 + size + 10 * bool(head[5] & 16)
    if head[:3] == b"TAG":
        return 227 if head[3:4] == b"+" and source.size - start >= 227 + 128 else 128
    if head[:8] == b"APETAGEX" and len(head) == 32:
        size, _, flags = struct.unpack_from("<III", head, 12)
        return 32 + size if flags & 1 << 29 else 32
    if head[:11] == b"LYRICSBEGIN":
        rest = source.read(start, 1 << 16)
        return max(rest.find(end) + 9 for end in (b"LYRICSEND", b"LYRICS200")) if b"LYRICS" in rest[11:] else 0
    return 0


def _syncsafe(data: bytes) -> int:
    """A number of 7 bits a byte."""
    return sum(byte << 7 * place for place, byte in enumerate(reversed(data)))


def _check_id3(body: bytes, version: int) -> None:
    """Unusable where an ID3 tag is not frames and zeros behind them: its size is wrong, and sound may lie in it."""
    name, size, head = (3, slice(3, 6), 6) if version == 2 else (4, slice(4, 8), 10)
    for read in (_syncsafe, _big_endian):  # some write the latter where the former is due
        position = 0
        while position < len(body) and body[position : position + name].isalnum():
            position += head + read(body[position:][size])
        if position <= len(body) and not any(body[position:]):
            return
    raise Unusable("damaged", "the size of its ID3 tag is not that of what the tag holds")


def _big_endian(data: bytes) -> int:
    return int.from_bytes(data, "big")
