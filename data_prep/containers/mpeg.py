"""MP3 (MPEG-1, 2 and 2.5 layer III, and layers I and II), frame by frame."""

import dataclasses
import struct

from data_prep.containers.layout import CUT, Layout, Source
from data_prep.containers.tags import tag_at
from data_prep.faults import Unusable

LAYERS = {3: 1, 2: 2, 1: 3}
RATES = (44100, 48000, 32000)  # of MPEG-1; halved in MPEG-2, and again in 2.5
KBIT = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
WRONG_COUNT = "its header counts {} frames and it holds {}; all of them are read"
XING = (b"Xing", b"Info")
ENCODERS = (b"LAME", b"Lavf", b"Lavc")
DELAY = 529  # samples of a decoder; as many fewer of an encoder's padding are taken off at the end
LATEST = 1 << 13  # bytes, in which the first frame begins
TRAILING = "{} bytes between or after its frames are passed over"


@dataclasses.dataclass(frozen=True)
class Frame:
    """What a frame's four bytes say: its bytes, its samples, and what is alike in all frames of a file."""

    size: int
    samples: int
    kind: tuple[int, int, int, bool]  # version, layer, rate, mono
    unprotected: bool


def frame_of(head: bytes) -> Frame | None:
    """The frame that these four bytes begin, None if they begin none (or one of free format)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, LAYERS.get(head[1] >> 1 & 3)
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer is None or bitrate in (0, 15) or rate == 3:
        return None
    first = version == 3  # MPEG-1
    hertz = RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    samples = 384 if layer == 1 else 1152 if layer == 2 or first else 576
    slot = 4 if layer == 1 else 1
    size = (samples // 8 // slot * KBIT[first, layer][bitrate] * 1000 // hertz + (head[2] >> 1 & 1)) * slot
    return Frame(size, samples, (version, layer, hertz, head[3] >> 6 == 3), bool(head[1] & 1))


def mpeg(source: Source, start: int) -> Layout | None:
    """The layout of a file whose frames begin at `start`, behind its tags, or soon after; None if it has none."""
    begin = _first(source, start)
    first = frame_of(source.read(begin, 4))
    if first is None:
        return None
    spans, frames, passed_over = _walk(source, begin, first)
    passed_over += begin - start
    notes = [TRAILING.format(f"{passed_over:,}")] if passed_over else []
    if first.kind[1] != 3:
        return Layout((tuple(spans),) if notes or len(spans) > 1 else (), tuple(notes), frames * first.samples)
    header = source.read(begin, min(first.size, 200))
    place, counted, size = _count(header, first)
    frames -= place > 0
    if place and size > spans[-1][1] - begin:
        raise Unusable(*CUT)
    if place and counted not in (0, frames):
        notes.append(WRONG_COUNT.format(f"{counted:,}", f"{frames:,}"))
    lame = _lame(header, place)
    _check_signature(source.read(begin, 192), place, lame, counted == frames)
    if counted == frames and lame and len(spans) == 1 and not any(header[4:place]) and header[place:][:4] in XING:
        return Layout(() if spans[0] == (0, source.size) else (tuple(spans),), tuple(notes))
    if counted and lame:
        spans[0] = begin + len(header), spans[0][1]
        return Layout(((_corrected(header, place, lame, frames, spans), *spans),), tuple(notes))
    spans[0] = begin + (first.size if place else 0), spans[0][1]
    # Where a header counts frames, mpg123 passes over DELAY samples: a frame of silence gives it some to pass over.
    head = _info(header, frames + 1, spans)
    return Layout(((*head, *spans),), tuple(notes), skipped=first.samples - DELAY)


def _first(source: Source, start: int) -> int:
    """Where the first of three frames in a row is: a stream that was joined late begins within one."""
    for position in range(start, min(start + LATEST, source.size)):
        if source.read(position, 1) == b"\xff" and _in_a_row(source, position):
            _check_junk(source, start, position, source.read(position, 4))
            return position
    return start


def _in_a_row(source: Source, position: int) -> bool:
    """Whether frames follow each other there: three, or as many as there are."""
    kind = None
    for _ in range(3):
        if position == source.size and kind:
            return True
        frame = frame_of(source.read(position, 4))
        if frame is None or kind not in (None, frame.kind):
            return kind is not None and bool(tag_at(source, position))
        kind, position = frame.kind, position + frame.size
    return True


def _walk(source: Source, start: int, first: Frame) -> tuple[list[tuple[int, int]], int, int]:
    """(where frames are, without what lies between them; how many; bytes that are no frames, tags aside).

    Unusable where a frame is cut, or one is not where the frame before ends.
    """
    spans, frames, passed_over, position, last = [], 0, 0, start, b""
    protections = (first.unprotected, first.unprotected)
    begin = start
    while position < source.size:
        head = source.read(position, 4)
        frame = frame_of(head)
        if frame and frame.kind == first.kind:
            if protections[0] == frame.unprotected != protections[1]:
                raise Unusable("damaged", f"its frame {frames} is unlike those before and after")
            if _spans_others(source, position, frame, last):
                raise Unusable("damaged", f"its frame {frames} reaches over those that follow")
            protections = protections[1], frame.unprotected
            frames, position, last = frames + 1, position + frame.size, head
            continue
        spans.append((begin, position))
        begin = position + tag_at(source, position)
        if begin == position:
            begin = _after_junk(source, position, first, last)
            passed_over += begin - position
        position = begin
    if position > source.size:
        raise Unusable(*CUT)
    return [*spans, (begin, position)] if position > begin else spans, frames, passed_over


def _spans_others(source: Source, position: int, frame: Frame, last: bytes) -> bool:
    """Whether a frame of another bit rate than the last would hide one that stands where that bit rate puts it."""
    before = frame_of(last)
    if before is None or frame.size <= before.size + 1:
        return False
    heads = (source.read(position + before.size + shift, 4) for shift in (-1, 0, 1))
    return any(head[:2] == last[:2] and len(head) == 4 and not (head[2] ^ last[2]) & 0xFC for head in heads)


def _after_junk(source: Source, position: int, first: Frame, last: bytes) -> int:
    """Where what is no frame ends: at the next tag or the end of the file; zeros also end at the next frame."""
    here = position
    while here < source.size and source.read(here, 1) == b"\0":
        here += 1
    frame = frame_of(source.read(here, 4))
    if here == source.size or (here > position and frame and frame.kind == first.kind) or tag_at(source, here):
        return here
    for there in range(here, source.size):
        found = source.read(there, 1)
        frame = frame_of(source.read(there, 4)) if found == b"\xff" and _in_a_row(source, there) else None
        if frame and frame.kind == first.kind:
            raise Unusable("damaged", f"its frames break off at byte {position:,} and go on at byte {there:,}")
        if found in b"TAL" and tag_at(source, there):
            break
    else:
        there = source.size
    _check_junk(source, here, there, last)
    return there


def _check_junk(source: Source, start: int, stop: int, header: bytes) -> None:
    """Unusable where what would be passed over looks like a frame whose header was changed."""
    alike = sum(a == b for a, b in zip(source.read(start, 4), header, strict=False))
    frame = frame_of(header)
    signed = any(name in source.read(start, min(stop - start, 200)) for name in (*XING, *ENCODERS))
    if start < stop and (signed or alike >= 2 or (frame and abs(stop - start - frame.size) <= 1)):
        raise Unusable("damaged", f"the frame at byte {start:,} is unlike the others")


def _count(header: bytes, first: Frame) -> tuple[int, int, int]:
    """(place of an Xing, Info or VBRI header in the first frame, 0 if there is none; its frames; its bytes)."""
    if header[36:40] == b"VBRI" and len(header) >= 54:
        size, frames = struct.unpack_from(">II", header, 46)
        return 36, frames, size
    place = _place(first)
    if not (header[place : place + 4] in XING or _lame(header, place)) or len(header) < place + 16:
        return 0, 0, 0
    flags, *values = struct.unpack_from(">III", header, place + 4)
    frames = values.pop(0) if flags & 1 else 0
    return place, frames, values.pop(0) if flags & 2 else 0


def _place(first: Frame) -> int:
    """Where an Xing or Info header is: behind the side information."""
    version, _, _, mono = first.kind
    return 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))


def _lame(header: bytes, place: int) -> int:
    """Where the encoder says how many samples it has added, behind what its Xing header holds; 0 if it does not."""
    if len(header) < place + 8:
        return 0
    flags = struct.unpack_from(">I", header, place + 4)[0]
    lame = place + 8 + 4 * (flags & 1) + 2 * (flags & 2) + 25 * (flags & 4) + (flags & 8) // 2
    return lame if header[lame : lame + 4] in ENCODERS and len(header) >= lame + 24 else 0


def _check_signature(header: bytes, place: int, lame: int, counts: bool) -> None:
    """Unusable where an encoder has signed the first frame, and not what it says now (only LAME adds a checksum)."""
    if not place and any(name in header for name in ENCODERS):
        raise Unusable("damaged", "its first frame is signed by an encoder, and no longer what that one wrote")
    if counts and header[lame : lame + 4] == b"LAME" and lame == place + 120 and len(header) >= lame + 36:
        signed = header[: lame + 34]
        if header[place : place + 4] in XING and _crc16(signed) != int.from_bytes(header[lame + 34 : lame + 36], "big"):
            raise Unusable("damaged", "the checksum of its first frame is wrong")


def _crc16(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 * (value & 1)
    return value


def _corrected(header: bytes, place: int, lame: int, frames: int, spans: list[tuple[int, int]]) -> bytes:
    """The file's own header with the right frames and bytes; if those differ, no samples are taken off at the end."""
    corrected = bytearray(header[:4].ljust(place, b"\0") + b"Info" + header[place + 4 :])
    if struct.unpack_from(">I", corrected, place + 8)[0] != frames:
        corrected[lame + 22] = corrected[lame + 22] & 0xF0 | DELAY >> 8
        corrected[lame + 23] = DELAY & 0xFF
    struct.pack_into(">I", corrected, place + 8, frames)
    if corrected[place + 7] & 2:
        struct.pack_into(">I", corrected, place + 12, _bytes(spans))
    return bytes(corrected)


def _info(header: bytes, frames: int, spans: list[tuple[int, int]]) -> tuple[bytes, bytes]:
    """Two frames, one that says how many follow and one of silence, of the lowest bit rate that leaves room for it."""
    heads = (bytes([0xFF, header[1] | 1, header[2] & 0x0C | bitrate << 4, header[3]]) for bitrate in range(1, 15))
    known = ((head, frame) for head in heads if (frame := frame_of(head)))
    head, frame, place = next((head, frame, _place(frame)) for head, frame in known if frame.size >= _place(frame) + 20)
    content = head.ljust(place, b"\0") + struct.pack(">4sIII", b"Info", 15, frames, _bytes(spans) + 2 * frame.size)
    return content.ljust(frame.size, b"\0"), head.ljust(frame.size, b"\0")


def _bytes(spans: list[tuple[int, int]]) -> int:
    return sum(stop - start for start, stop in spans)
