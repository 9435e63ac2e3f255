"""Sound that FFmpeg decodes, through PyAV: AAC, ALAC, WMA, AMR, and the sound of video files."""

import contextlib
import functools
import importlib
import importlib.util
import math
import pathlib
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from data_prep.containers.layout import CUT
from data_prep.faults import Unusable
from data_prep.samples import HIGHEST_RATE, LOWEST_RATE

SUFFIXES = (
    *(".m4a", ".m4b", ".mp4", ".m4v", ".mov", ".3gp", ".aac", ".amr", ".wma", ".wmv", ".asf", ".mka", ".mkv", ".webm"),
    *(".avi", ".mpg", ".mpeg", ".mts", ".m2ts"),
)
EXTRA = "in need of the extra [av]", "in asc_jax's folder: pip install -e '.[av]'"
WITHOUT_HEADER = ("aac", "amr")  # whose length FFmpeg estimates by the bit rate
MISSING = 0.5  # seconds; what lacks more of the length that a header says was cut


class Track:
    """The best sound track of an open file, with what `Sound` says of one: rate, channels, frames, notes.

    The frames are counted by decoding all of it: no header has them, as each encoder puts silence before the sound, of
    which FFmpeg leaves out what the file says. Of the end, what exceeds the track's own length is left out.
    """

    notes = ()

    def __init__(self, path: pathlib.Path, demuxer: str, stack: contextlib.ExitStack):
        if not installed():
            raise Unusable(*EXTRA)
        with contextlib.closing(_decoded(path, demuxer)) as blocks:
            first = next(blocks, None)
            if first is None:
                raise Unusable("empty", "holds no samples")
            (self.rate, self.channels, length), counted = first[0], len(first[1])
            counted += sum(len(audio) for _, audio in blocks)
        self.frames = min(counted, length or counted)
        self._blocks = stack.enter_context(contextlib.closing(_decoded(path, demuxer)))
        self._rest = np.zeros((0, self.channels), np.float32)

    def read(self, out: np.ndarray) -> int:
        """Fills float32 [N, channels] with what comes next, and returns how many frames that was."""
        done = 0
        while done < len(out):
            if not len(self._rest):
                _, self._rest = next(self._blocks, (None, self._rest))
            some = self._rest[: len(out) - done]
            if not len(some):
                break
            out[done : done + len(some)] = some
            self._rest, done = self._rest[len(some) :], done + len(some)
        return done


@functools.cache
def installed() -> bool:
    """Whether PyAV is."""
    return importlib.util.find_spec("av") is not None


def _decoded(path: pathlib.Path, demuxer: str) -> Generator[tuple[tuple[int, int, int], np.ndarray], None, None]:
    """((rate, channels, frames that the track's header says or 0), float32 [N, channels]), block by block."""
    av: Any = importlib.import_module("av")
    with open(path, "rb") as file, _one_line(av), av.open(file, format=demuxer, metadata_errors="replace") as container:
        track = container.streams.best("audio")
        if track is None or track.codec_context is None:
            raise Unusable("unreadable", "holds no sound that FFmpeg can decode")
        track.codec_context.options = {"err_detect": "crccheck+explode"}
        resampler, known, end = av.AudioResampler(format="flt"), None, 0.0
        for packet in container.demux():  # of every track, as the longest says how far the file goes
            if packet.pts is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream is track and packet.is_corrupt:
                raise Unusable("damaged", "FFmpeg says: a packet is corrupt")
            for frame in packet.decode() if packet.stream is track else ():
                known = known or (frame.sample_rate, frame.layout.nb_channels, _length(track, frame.sample_rate))
                _check(frame, known)
                for same in resampler.resample(frame):
                    yield known, same.to_ndarray().reshape(-1, known[1])
        if container.duration and demuxer not in WITHOUT_HEADER and container.duration / av.time_base - end > MISSING:
            raise Unusable(*CUT)


def _length(track: Any, rate: int) -> int:
    """The frames of a track by its own header, 0 if that does not say."""
    return math.ceil(track.duration * track.time_base * rate) if track.duration else 0


def _check(frame: Any, known: tuple[int, int, int]) -> None:
    if not LOWEST_RATE <= frame.sample_rate <= HIGHEST_RATE:
        raise Unusable("damaged", f"its header says {frame.sample_rate:,} Hz")
    if (frame.sample_rate, frame.layout.nb_channels) != known[:2]:
        raise Unusable("unreadable", "its parts differ in rate or channels; split it")


@contextlib.contextmanager
def _one_line(av: Any) -> Iterator[None]:
    """Turns what FFmpeg says of a damaged file into Unusable."""
    try:
        yield
    except av.error.FFmpegError as error:
        raise Unusable("damaged", f"FFmpeg says: {error.strerror}") from error
