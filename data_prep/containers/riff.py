"""WAV files: RIFF, RIFX, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088), and Sony's W64."""

import struct

from data_prep.containers.chunks import TRAILING, UNFINISHED, check_rate, contradiction, end_of_sound
from data_prep.containers.layout import CUT, Layout, Source
from data_prep.containers.mpeg import mpeg
from data_prep.faults import Unusable

PCM, ADPCM, FLOAT, ALAW, ULAW, IMA, EXTENSIBLE = 1, 2, 3, 6, 7, 0x11, 0xFFFE
MPEG = (0x50, 0x55)
BITS = {ADPCM: (4,), FLOAT: (32, 64), ALAW: (8,), ULAW: (8,), IMA: (4,)}
LONG = 4096  # bytes of header; of much longer ones libsndfile finds no end
WRAPPED = "its size has wrapped around at 4 GiB; read to the end of its sound"
TOO_SMALL = "its header counts less sound than there is; read to the end of the file"
SIZE_IS_IN_DS64 = 2**32 - 1
W64_HEADER, W64_CHUNK = 40, 24  # bytes
W64_TAIL = {  # of the GUIDs, behind their first four letters
    b"riff": bytes.fromhex("912ecf11a5d628db04c10000"),
    b"wave": bytes.fromhex("f3acd3118cd100c04f8edb8a"),
}


def riff(source: Source, start: int) -> Layout:
    """The layout of a file whose RIFF header is at `start`."""
    magic, form = source.need(start, 12)[:4], source.need(start + 8, 4)
    if form != b"WAVE":
        raise Unusable("unreadable", f"a RIFF file, but of {form.decode(errors='replace')}, not WAVE")
    order = ">" if magic == b"RIFX" else "<"
    size_of_data, format_, position = None, b"", start + 12
    while True:
        kind, size = struct.unpack(f"{order}4sI", source.need(position, 8))
        if kind == b"data":
            break
        if kind == b"ds64":
            size_of_data = struct.unpack("<Q", source.need(position + 16, 8))[0]
        if kind == b"fmt ":
            format_ = source.need(position + 8, size)
        position = _after(source, position + 8 + size, size)
        if position >= source.size:
            raise Unusable(*CUT)
    check_format(format_, order)
    begin = position + 8
    if size == SIZE_IS_IN_DS64 and size_of_data is not None:
        size = size_of_data
    if struct.unpack_from(f"{order}H", format_)[0] in MPEG:
        layout = mpeg(source.until(end_of_sound(begin, size, source.size)[0]), begin)
        if layout is None:
            raise contradiction("it says MPEG, and no frame of that follows")
        return layout if layout.files else Layout((((begin, source.size),),), layout.notes, layout.frames)
    limit = start + 8 + struct.unpack(f"{order}I", source.need(start + 4, 4))[0]
    end, note = _end(source, begin, size, limit)
    if note is None and start == 0 and begin < LONG:
        return Layout()
    return Layout(((_header(format_, end - begin, order), (begin, end)),), (note,) if note else ())


def _end(source: Source, begin: int, size: int, limit: int) -> tuple[int, str | None]:
    """(where the sound ends, what is odd about it); `limit` is the end of the file as its first chunk has it."""
    if size == 0 and _chunks_follow(source, begin):
        return begin, None
    end, note = end_of_sound(begin, size, source.size)
    if note is None and source.read(end + (end & 1), 4) in (b"RIFF", b"RF64"):  # another file was appended
        return end, TRAILING.format(f"{source.size - end:,}")
    if note or _chunks_follow(source, end):
        return end, note
    wrapped = range(end + 2**32, source.size + 1, 2**32)
    if found := next((position for position in wrapped if _chunks_follow(source, position)), None):
        return found, WRAPPED
    if wrapped:
        return source.size, WRAPPED
    return (limit, TOO_SMALL) if end < limit <= source.size else (end, TRAILING.format(f"{source.size - end:,}"))


def _after(source: Source, end: int, size: int) -> int:
    """Where the chunk after one of an odd size is: behind a byte of padding, which some writers forget."""
    return end + (size & 1 and not (_is_name(source.read(end, 4)) and not _is_name(source.read(end + 1, 4))))


def _chunks_follow(source: Source, position: int) -> bool:
    """Whether from there on chunks, of any name, go on to the end of the file; also at its end."""
    while position < source.size - 8:
        kind, size = struct.unpack("<4sI", source.need(position, 8))
        if not _is_name(kind):
            return False
        position = _after(source, position + 8 + size, size)
    return position <= source.size + 1


def _is_name(kind: bytes) -> bool:
    return len(kind) == 4 and kind.isascii() and kind.decode().isprintable() and kind.strip() != b""


def check_format(format_: bytes, order: str = "<") -> None:
    """Unusable where the fields of a fmt chunk contradict each other, as those of a damaged header do."""
    if len(format_) < 16:
        raise contradiction(f"its format takes {len(format_)} bytes")
    tag, channels, rate, per_second, frame_bytes, bits = struct.unpack_from(f"{order}HHIIHH", format_)
    if tag == EXTENSIBLE and len(format_) >= 26:
        (tag,) = struct.unpack_from(f"{order}H", format_, 24)
    if not channels or not rate:
        raise contradiction(f"{channels} channels at {rate} Hz")
    if bits not in BITS.get(tag, (bits,)):
        raise contradiction(f"{bits} bits in a format {tag:#x}")
    if tag in (PCM, FLOAT, ALAW, ULAW):
        width = -(-bits // 8)
        if not bits or frame_bytes not in (channels * width, channels * (4 if width == 3 else width)):
            raise contradiction(f"{channels} channels of {bits} bits in {frame_bytes} bytes a frame")
        check_rate(rate, per_second, frame_bytes)


def _header(format_: bytes, size: int, order: str) -> bytes:
    """A header for so many bytes of sound that any reader understands."""
    body = b"fmt " + struct.pack(f"{order}I", len(format_)) + format_ + bytes(len(format_) & 1)
    if size + len(body) + 12 < 2**32:
        magic = b"RIFX" if order == ">" else b"RIFF"
        return (
            (magic + struct.pack(f"{order}I", size + len(body) + 12) + b"WAVE" + body)
            + b"data"
            + struct.pack(f"{order}I", size)
        )
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, size + len(body) + 48, size, 0, 0)
    unknown = struct.pack("<I", SIZE_IS_IN_DS64)
    return b"RF64" + unknown + b"WAVE" + sizes + body + b"data" + unknown


def w64(source: Source, start: int) -> Layout:
    """The layout of a file whose W64 header is at `start`."""
    position, format_ = start + W64_HEADER, b""
    while True:
        head = source.need(position, W64_CHUNK)
        kind, size = head[:4], struct.unpack("<Q", head[16:])[0]
        if kind == b"data":
            break
        if kind == b"fmt ":
            format_ = source.need(position + W64_CHUNK, size - W64_CHUNK)
        if size < W64_CHUNK:
            raise contradiction(f"a chunk of {size} bytes")
        position += -(-size // 8) * 8
    check_format(format_)
    begin = position + W64_CHUNK
    if size in (0, W64_CHUNK):
        end, note = source.size, UNFINISHED if source.size > begin else None
    else:
        end, note = end_of_sound(begin, size - W64_CHUNK, source.size)
    if note is None and source.size - end >= 8:  # libsndfile would read on
        note = None if _is_name(source.read(end + -end % 8, 4)) else TRAILING.format(f"{source.size - end:,}")
    elif note is None and start == 0:
        return Layout()
    return Layout(((_header(format_, end - begin, "<"), (begin, end)),), (note,) if note else ())
