"""Where the sound of a file lies, and the file as a decoder should read it."""

import bisect
import dataclasses
import io
import os
import pathlib
from typing import BinaryIO

import soundfile

from data_prep.faults import Unusable

Piece = bytes | tuple[int, int]  # bytes, or a range of a file's own
CUT = ("truncated", "ends before its structure does; fetch or export it again")
WINDOW = 1 << 18  # bytes read at once


@dataclasses.dataclass(frozen=True)
class Layout:
    """Files that a decoder reads one after the other, each of pieces.

    No files means: the file as it is. `notes` say what is odd about it. `frames`, if not 0, counts the samples of a
    channel where a decoder estimates them; `skipped` are those, at the beginning of each, that are no sound. `demuxer`
    is FFmpeg's for a file that libsndfile does not read.
    """

    files: tuple[tuple[Piece, ...], ...] = ()
    notes: tuple[str, ...] = ()
    frames: int = 0
    skipped: int = 0
    demuxer: str = ""


class Source:
    """The bytes of an open file, which are read as they are asked for."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        self._start, self._window = 0, b""

    def until(self, stop: int) -> "Source":
        """The same bytes, as if the file ended there."""
        source = Source(self._file)
        source.size = stop
        return source

    def read(self, start: int, count: int) -> bytes:
        """Up to `count` bytes from `start` on; fewer where the file ends."""
        stop = min(start + count, self.size)
        if start >= stop:
            return b""
        if start < self._start or stop > self._start + len(self._window):
            self._start, self._window = start, self._at(start, max(stop - start, WINDOW))
        return self._window[start - self._start : stop - self._start]

    def need(self, start: int, count: int) -> bytes:
        """As `read`, but Unusable as truncated where the file ends."""
        found = self.read(start, count)
        if len(found) < count:
            raise Unusable(*CUT)
        return found

    def _at(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        return self._file.read(count)


class Pieces(io.RawIOBase):
    """A file that consists of pieces, as `Layout` has them, of another."""

    def __init__(self, path: pathlib.Path, pieces: tuple[Piece, ...]):
        super().__init__()
        self._file = open(path, "rb")
        self._pieces = pieces
        self._starts, self._size, self._position = [], 0, 0
        for piece in pieces:
            self._starts.append(self._size)
            self._size += len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]

    def close(self) -> None:
        self._file.close()
        super().close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer) -> int:
        """Fills the buffer across pieces."""
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and self._position < self._size:
            some = self._some(len(view) - done)
            if not some:
                break
            view[done : done + len(some)] = some
            done += len(some)
            self._position += len(some)
        return done

    def _some(self, count: int) -> bytes:
        """The bytes from the present position on that lie in one piece."""
        number = bisect.bisect_right(self._starts, self._position) - 1
        piece, inside = self._pieces[number], self._position - self._starts[number]
        if isinstance(piece, bytes):
            return piece[inside : inside + count]
        self._file.seek(piece[0] + inside)
        return self._file.read(min(count, piece[1] - piece[0] - inside))


def decoder(source: Pieces | bytes) -> soundfile.SoundFile:
    """What libsndfile reads of pieces, or of the file of a name."""
    return soundfile.SoundFile(source)  # pyright: ignore[reportArgumentType]  it takes bytes, and what has read and seek
