"""Sun's AU files and Apple's CAF files, whose headers are a few numbers."""

import struct

from data_prep.containers.chunks import COMMON_RATES, TRAILING, UNFINISHED, contradiction, end_of_sound
from data_prep.containers.layout import Layout, Source
from data_prep.faults import Unusable

UNKNOWN = 2**32 - 1  # bytes of sound, which AU allows
AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}  # encoding -> bytes a sample


def au(source: Source, start: int) -> Layout:
    """The layout of a file whose .snd header is at `start`."""
    order = ">" if source.need(start, 24)[:4] == b".snd" else "<"
    offset, size, encoding, rate, channels = struct.unpack(f"{order}5I", source.need(start + 4, 20))
    if not channels or channels > 1024 or not rate or offset < 24:
        raise contradiction(f"{channels} channels at {rate} Hz from byte {offset} on")
    if channels > 2 or rate not in COMMON_RATES:  # nothing else in the file could confirm it
        raise Unusable("damaged", f"its header says {channels} channels at {rate} Hz; if so, convert it to WAV")
    begin = start + offset
    if size == UNKNOWN or (size == 0 and begin == source.size):
        end, note = source.size, None
    else:
        end, note = end_of_sound(begin, size, source.size)
    if size not in (0, UNKNOWN) and note is None and size % (channels * AU_BYTES.get(encoding, 1)):
        raise contradiction(f"{size} bytes of {channels} channels in encoding {encoding}")
    if note is None and end < source.size:
        note = TRAILING.format(f"{source.size - end:,}")
    if note is None and start == 0:
        return Layout()
    head = source.need(start, 8)[:8] + struct.pack(f"{order}I", min(end - begin, UNKNOWN))
    return Layout(((head, (start + 12, end)),), (note,) if note else ())


def caf(source: Source, start: int) -> Layout:
    """The layout of a file whose caff header is at `start`."""
    position, described = start + 8, b""
    while True:
        kind, size = struct.unpack(">4sq", source.need(position, 12))
        if kind == b"data":
            break
        if kind == b"desc":
            described = source.need(position + 12, 32)
        if size < 0:
            raise contradiction(f"a chunk of {size} bytes")
        position += 12 + size
    _check_description(described)
    begin = position + 16  # behind a counter of edits
    if size == -1:
        end, note = source.size, None  # which the format allows, and libsndfile does not always read
    elif size in (0, 4):
        end, note = source.size, UNFINISHED if source.size > begin else None
    else:
        end, note = end_of_sound(begin, size - 4, source.size)
    if note is None and start == 0 and size != -1:
        return Layout()
    corrected = struct.pack(">q", end - position - 12)
    return Layout((((start, position + 4), corrected, (position + 12, end)),), (note,) if note else ())


def _check_description(described: bytes) -> None:
    if not described:
        raise contradiction("it has no description before its sound")
    rate, codec, _, packet, frames, channels, bits = struct.unpack(">d4s5I", described)
    if not channels or not 0 < rate < 1e7:
        raise contradiction(f"{channels} channels at {rate:g} Hz")
    if codec == b"lpcm" and packet != frames * channels * -(-bits // 8):
        raise contradiction(f"{channels} channels of {bits} bits in {packet} bytes a packet")
