"""FLAC files (RFC 9639), to their last frame."""

import dataclasses
import hashlib
import pathlib
import struct

import numpy as np
import soundfile

from data_prep.containers.chunks import TRAILING, contradiction
from data_prep.containers.layout import CUT, Layout, Piece, Pieces, Source, decoder
from data_prep.faults import Unusable

STREAM = 38  # bytes: the header of the first metadata block and the block, STREAMINFO
LONGEST = 1 << 21  # bytes, from the end, in which the last frame begins
RATES = (0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000)
BITS = (0, 8, 12, None, 16, 20, 24, 32)
WRONG_TOTAL = "its header counts {} samples and it holds {}; all of them are read"


@dataclasses.dataclass(frozen=True)
class Stream:
    """What STREAMINFO says; `samples` is 0 where the encoder did not know."""

    largest_block: int
    rate: int
    channels: int
    bits: int
    samples: int
    md5: bytes


@dataclasses.dataclass(frozen=True)
class Frame:
    """What a frame's header says; `number` counts samples where blocks vary, else frames."""

    varying: bool
    samples: int
    rate: int
    channels: int
    bits: int
    number: int

    def end(self, block: int) -> int:
        """The samples of the stream up to its end; each frame before has `block` of them, unless it counts samples."""
        return (self.number if self.varying else self.number * block) + self.samples


def flac(source: Source, start: int, path: pathlib.Path) -> Layout:
    """The layout of a file whose marker fLaC is at `start`."""
    stream = _stream(source, start)
    sound = _sound(source, start)
    first = frame_at(source.read(sound, 16))
    if first is None:
        raise Unusable(*CUT) if source.size - sound < 16 else contradiction("no frame follows its metadata")
    _check(stream, first)
    last, end = _last_frame(source, sound, stream, first)
    there = last.end(first.samples)
    notes = [TRAILING.format(f"{source.size - end:,}")] if end < source.size else []
    if stream.samples == there:
        return Layout(((((start, end)),),), tuple(notes)) if notes or start else Layout()
    counted = bytearray(source.need(start, 4 + STREAM)[:26])
    counted[21] = counted[21] & 0xF0 | there >> 32
    counted[22:26] = struct.pack(">I", there & 0xFFFFFFFF)
    pieces = (bytes(counted), (start + 26, end))
    if stream.samples:
        notes.append(WRONG_TOTAL.format(f"{stream.samples:,}", f"{there:,}"))
        if stream.samples > there and any(stream.md5) and _md5(path, pieces, stream.bits) != stream.md5:
            raise Unusable(*CUT)
    return Layout((pieces,), tuple(notes))


def _stream(source: Source, start: int) -> Stream:
    block = source.need(start + 4, STREAM)
    if block[0] & 127 or block[1:4] != b"\0\0\x22":
        raise contradiction("its first block does not describe the stream")
    packed = int.from_bytes(block[14:22], "big")  # 20 bits rate, 3 channels - 1, 5 bits - 1, 36 samples
    largest = int.from_bytes(block[6:8], "big")
    fields = packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1, packed & (1 << 36) - 1
    return Stream(largest, *fields, block[22:38])


def _sound(source: Source, start: int) -> int:
    """Where the metadata end."""
    position, final = start + 4, False
    while not final:
        head = source.need(position, 4)
        final = bool(head[0] & 128)
        position += 4 + int.from_bytes(head[1:4], "big")
    if position >= source.size:
        raise Unusable(*CUT)
    return position


def _check(stream: Stream, frame: Frame) -> None:
    """Unusable where the stream's header is not that of its frames."""
    for name in ("rate", "channels", "bits"):
        ours, theirs = getattr(stream, name), getattr(frame, name)
        if theirs and ours != theirs:
            raise contradiction(f"{name} {ours} in its header, {theirs} in its frames")
    if not stream.rate:
        raise contradiction("0 Hz")


def _last_frame(source: Source, sound: int, stream: Stream, first: Frame) -> tuple[Frame, int]:
    """(the last whole frame, where it ends); Unusable where no whole frame ends where the file does."""
    begin = max(sound, source.size - LONGEST)
    tail = source.read(begin, LONGEST)
    tail = tail[: -128 if tail[-128:-125] == b"TAG" else None]  # an ID3v1 tag
    sync, position, tried = b"\xff" + bytes([0xF9 if first.varying else 0xF8]), len(tail), 0
    while (position := tail.rfind(sync, 0, position + 1)) >= 0 and tried < 64:
        frame = frame_at(tail[position : position + 16])
        if frame and frame.channels == first.channels and frame.samples <= max(stream.largest_block, 16):
            ends = _ends(tail[position:])
            total = frame.end(first.samples)
            if ends and (ends[-1] == len(tail) - position or total == stream.samples):
                return frame, begin + position + ends[-1]
            tried += 1
        position -= 1
    raise Unusable(*CUT)


def _ends(data: bytes) -> list[int]:
    """Where a frame that begins the data may end: its checksum is right there."""
    value, ends = 0, []
    for count, byte in enumerate(data, 1):
        value = (value << 8 & 0xFFFF) ^ _CRC16[value >> 8 ^ byte]
        if not value and count > 8:
            ends.append(count)
    return ends


def frame_at(head: bytes) -> Frame | None:
    """The frame whose header begins these bytes (16 are enough), None if none does."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return None
    block, rate, channels, bits = head[2] >> 4, head[2] & 15, head[3] >> 4, BITS[head[3] >> 1 & 7]
    number, used = _number(head[4:])
    if not used or not block or rate == 15 or channels > 10 or bits is None:
        return None
    position = 4 + used
    more = {6: 1, 7: 2}.get(block, 0)
    samples = int.from_bytes(head[position : position + more], "big") + 1 if more else _block(block)
    position += more
    more = {12: 1, 13: 2, 14: 2}.get(rate, 0)
    value = int.from_bytes(head[position : position + more], "big") * {12: 1000, 14: 10}.get(rate, 1)
    position += more
    if position >= len(head) or _crc8(head[:position]) != head[position]:
        return None
    known = value if more else RATES[rate]
    return Frame(bool(head[1] & 1), samples, known, channels + 1 if channels < 8 else 2, bits, number)


def _block(code: int) -> int:
    return 192 if code == 1 else 576 << code - 2 if code < 6 else 256 << code - 8


def _number(data: bytes) -> tuple[int, int]:
    """(a number coded as UTF-8 codes characters, but up to 36 bits; its bytes, 0 where it is none)."""
    if not data:
        return 0, 0
    ones = f"{data[0]:08b}0".index("0")
    if ones in (1, 8) or len(data) < ones:
        return 0, 0
    if not ones:
        return data[0], 1
    value = data[0] & (1 << 7 - ones) - 1
    for byte in data[1:ones]:
        if byte & 0xC0 != 0x80:
            return 0, 0
        value = value << 6 | byte & 0x3F
    return value, ones


def _md5(path: pathlib.Path, pieces: tuple[Piece, ...], bits: int) -> bytes:
    """Of all decoded samples, as STREAMINFO has it: in as many bytes as they need, little-endian."""
    width, total = -(-bits // 8), hashlib.md5(usedforsecurity=False)
    try:
        with Pieces(path, pieces) as whole, decoder(whole) as file:
            for block in file.blocks(1 << 18, dtype="int32", always_2d=True):
                shifted = np.ascontiguousarray(np.asarray(block, np.int32) >> 32 - bits).astype("<i4")
                total.update(shifted.view(np.uint8).reshape(-1, 4)[:, :width].tobytes())
    except soundfile.LibsndfileError:
        return b""
    return total.digest()


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


def _table(polynomial: int, bits: int) -> list[int]:
    top, mask, table = 1 << bits - 1, (1 << bits) - 1, []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    return table


_CRC8, _CRC16 = _table(0x07, 8), _table(0x8005, 16)
