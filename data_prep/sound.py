"""Files of sound, opened to be read to their real end."""

import contextlib
import errno
import os
import pathlib
import stat
from collections.abc import Iterator

import numpy as np
import soundfile

from data_prep.containers import CONVERT, layout_of
from data_prep.containers.chunks import COMMON_RATES
from data_prep.containers.layout import Layout, Piece, Pieces, decoder
from data_prep.faults import Unusable
from data_prep.ffmpeg import Track
from data_prep.samples import HIGHEST_RATE, LOWEST_RATE

LONGEST_NAME = 500  # bytes, for libsndfile


class Sound:
    """An open file: its rate in Hz, channels, frames (samples of a channel) and what is odd about it."""

    def __init__(self, path: pathlib.Path, layout: Layout, stack: contextlib.ExitStack):
        self._path, self._layout, self._stack = path, layout, stack
        self._waiting = list(layout.files) or [None]
        formats, self.frames = set(), 0
        for pieces in self._waiting[1:]:  # links of a chain
            with contextlib.ExitStack() as briefly, self._opened(pieces, briefly) as file:
                formats.add((file.samplerate, file.channels))
                self.frames += file.frames - layout.skipped
        self._file = self._next()
        self.rate, self.channels = self._file.samplerate, self._file.channels
        self.frames = layout.frames or self.frames + self._file.frames - layout.skipped
        unusual = () if self.rate in COMMON_RATES else (f"its rate of {self.rate} Hz is unusual",)
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise Unusable("damaged", f"its header says {self.rate:,} Hz")
        self.notes = (*layout.notes, *unusual)
        if formats - {(self.rate, self.channels)}:
            raise Unusable("unreadable", "its parts differ in rate or channels; split it")

    def read(self, out: np.ndarray) -> int:
        """Fills float32 [N, channels] with what comes next, and returns how many frames that was."""
        done = 0
        while done < len(out):
            read = len(self._file.read(out=out[done:]))
            if not read and not self._waiting:
                break
            if not read:
                self._file = self._next()
            done += read
        return done

    def _next(self) -> soundfile.SoundFile:
        file = self._opened(self._waiting.pop(0), self._stack)
        self._stack.push(file)
        if self._layout.skipped:
            file.read(self._layout.skipped)
        return file

    def _opened(self, pieces: tuple[Piece, ...] | None, stack: contextlib.ExitStack) -> soundfile.SoundFile:
        try:
            name = os.fsencode(self._path)  # as text it would have to be UTF-8
            if pieces is None and len(name) < LONGEST_NAME:
                return decoder(name)
            return decoder(stack.enter_context(Pieces(self._path, pieces or ((0, self._path.stat().st_size),))))
        except soundfile.LibsndfileError as error:
            words = error.error_string.strip().removeprefix("Error : ")
            raise Unusable("unreadable", f"its codec is not one that is read here ({words}); {CONVERT}") from error


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[Sound | Track]:
    """A file of sound. Unusable if there is none, if it was cut or is damaged, or its format is not known."""
    try:
        mode = path.stat().st_mode
    except ValueError as error:  # a null character in the name
        raise Unusable("missing", "there is no such file") from error
    except OSError as error:
        missing = error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
        reason = ("missing", "there is no such file") if missing else ("unreadable", error.strerror or str(error))
        raise Unusable(*reason) from error
    if not stat.S_ISREG(mode):
        raise Unusable("unreadable", "is not a file")
    try:
        with contextlib.ExitStack() as stack:
            layout = layout_of(path)
            yield Track(path, layout.demuxer, stack) if layout.demuxer else Sound(path, layout, stack)
    except OSError as error:
        raise Unusable("unreadable", error.strerror or str(error)) from error
    except soundfile.LibsndfileError as error:
        raise Unusable("damaged", f"libsndfile says: {error.error_string.strip()}") from error
