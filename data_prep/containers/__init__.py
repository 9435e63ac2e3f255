"""Files of sound, judged by their own structure: how long they are, whether they were cut, what of them is sound.

A header alone says neither: recorders that crash leave it unfinished, pipes cannot fill it in, and 32 bits overflow.
"""

import pathlib
import struct

from data_prep.containers.aiff import aiff
from data_prep.containers.au import au, caf
from data_prep.containers.chunks import contradiction
from data_prep.containers.ffmpeg import HEAD, demuxer_of
from data_prep.containers.flac import flac
from data_prep.containers.layout import CUT, Layout, Source
from data_prep.containers.mpeg import mpeg
from data_prep.containers.ogg import ogg
from data_prep.containers.riff import riff, w64
from data_prep.containers.tags import tag_at
from data_prep.faults import Unusable

READERS = {
    b"RIFF": riff,
    b"RIFX": riff,
    b"RF64": riff,
    b"BW64": riff,
    b"riff": w64,
    b"FORM": aiff,
    b".snd": au,
    b"dns.": au,
    b"caff": caf,
    b"OggS": ogg,
}
MAGIC = (*READERS, b"fLaC")  # what most files begin with
CONVERT = "convert it, such as with ffmpeg"
KNOWN = f"WAV, RF64, W64, AIFF, AU, CAF, FLAC, Ogg (Vorbis, Opus), MP3, M4A, WMA and MP4 are; {CONVERT}"


def layout_of(path: pathlib.Path) -> Layout:
    """Where the sound of a file lies. Unusable if it was cut, its structure is damaged, or none is known here."""
    with open(path, "rb") as file:
        try:
            return _layout(Source(file), path)
        except (struct.error, OverflowError) as error:  # numbers that no true header has
            raise contradiction(str(error)) from error


def _layout(source: Source, path: pathlib.Path) -> Layout:
    if not source.size:
        raise Unusable("empty", "holds no bytes")
    start = 0
    while size := tag_at(source, start):
        start += size
    magic = source.read(start, 4)
    if not magic:
        raise Unusable(*CUT)
    if demuxer := demuxer_of(source.read(start, HEAD)):
        if demuxer == "avi" and 8 + struct.unpack("<I", source.need(start + 4, 4))[0] > source.size:
            raise Unusable(*CUT)
        return Layout(demuxer=demuxer)
    if magic in READERS:
        return READERS[magic](source, start)
    if magic == b"fLaC":
        return flac(source, start, path)
    if magic[:1] == b"\xff" or magic == bytes(4) or path.suffix.lower() in (".mp3", ".mp2", ".mpga"):
        if layout := mpeg(source, start):
            return layout
    raise Unusable("unreadable", f"its format is not one that is read here: {KNOWN}")
