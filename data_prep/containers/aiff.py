"""AIFF and AIFF-C files."""

import struct

from data_prep.containers.chunks import contradiction, end_of_sound
from data_prep.containers.layout import CUT, Layout, Source
from data_prep.faults import Unusable

ONE_BYTE = (b"ulaw", b"ULAW", b"alaw", b"ALAW")  # a sample
LINEAR = (b"NONE", b"twos", b"sowt", b"raw ", b"in24", b"in32", b"fl32", b"FL32", b"fl64", b"FL64", *ONE_BYTE)


def aiff(source: Source, start: int) -> Layout:
    """The layout of a file whose FORM header is at `start`."""
    form = source.need(start, 12)[8:]
    if form not in (b"AIFF", b"AIFC"):
        raise Unusable("unreadable", f"an IFF file, but of {form.decode(errors='replace')}, not AIFF")
    compressed = form == b"AIFC"
    common, sound, position = None, None, start + 12
    while position + 8 <= source.size and not (common and sound):
        kind, size = struct.unpack(">4sI", source.need(position, 8))
        if kind == b"COMM":
            common = position
        if kind == b"SSND":
            sound = position, size
        position += 8 + size + (size & 1)
    if common is None or sound is None:
        raise Unusable(*CUT)
    position, size = sound
    (offset,) = struct.unpack(">I", source.need(position + 8, 4))
    begin = position + 16 + offset
    if begin > source.size:
        raise Unusable(*CUT)
    frames, width = _frames(source, common, compressed)
    if frames == 0 and size == 8 and source.size <= begin + 64:
        return Layout()
    end, note = end_of_sound(begin, max(0, size - 8 - offset), source.size)
    if width and note is None and frames and not 0 <= end - begin - frames * width < max(width, 2):
        raise contradiction(f"{frames} frames of {width} bytes in {end - begin} bytes of sound")
    # A header of what matters, because libsndfile also reads, and may stumble over, other chunks.
    frames = (end - begin) // width if width else frames
    (size,) = struct.unpack(">I", source.need(common + 4, 4))
    first = source.need(start, 12) + source.need(common, 8 + size + (size & 1))
    count, chunk = struct.pack(">I", frames), struct.pack(">I", min(end - position - 8, 2**32 - 1))
    form = struct.pack(">4sI", b"FORM", min(len(first) + end - position, 2**32 - 1))
    head = form + first[8:22] + count + first[26:] + b"SSND" + chunk
    return Layout(((head, (position + 8, end)),), (note,) if note else ())


def _frames(source: Source, common: int, compressed: bool) -> tuple[int, int]:
    """(the frames that the header counts, their bytes each; 0 where a codec's vary)."""
    (size,) = struct.unpack(">I", source.need(common + 4, 4))
    if size < 18:
        raise contradiction(f"its format takes {size} bytes")
    channels, frames, bits = struct.unpack(">HIH", source.need(common + 8, 8))
    codec = source.need(common + 26, 4) if compressed and size >= 22 else b"NONE"
    if not channels or not 1 <= bits <= 64:
        raise contradiction(f"{channels} channels of {bits} bits")
    width = 1 if codec in ONE_BYTE else -(-bits // 8)
    return frames, channels * width if codec in LINEAR else 0
