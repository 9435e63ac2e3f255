"""Sizes of chunks of sound: those that are true, those that were never filled in, those of files that were cut."""

from data_prep.containers.layout import CUT
from data_prep.faults import Unusable

UNFINISHED = "its header was never finished; read to the end of the file"
TRAILING = "{} bytes after its sound are passed over"
TOO_LARGE = "its header counts more sound than there is by the header's own size; read to the end of the file"
COMMON_RATES = (
    8000,
    11025,
    12000,
    16000,
    22050,
    24000,
    32000,
    44100,
    48000,
    64000,
    88200,
    96000,
    176400,
    192000,
    384000,
)


def is_unknown(size: int) -> bool:
    """Whether a size stands for one that was not known: 2 GiB (SoX: 16 MiB less), 4 GiB or their 64-bit kin."""
    return any(-8192 <= size - limit <= 4096 for limit in (2**31 - 2**24, 2**31, 2**32, 2**63, 2**64))


def is_own_header(excess: int, begin: int) -> bool:
    """Whether a size exceeds the sound, which begins at `begin`, because a writer has counted the header."""
    return excess in (8, 36, 44, begin - 8, begin)


def end_of_sound(begin: int, size: int, file_size: int) -> tuple[int, str | None]:
    """(where sound that begins there ends, what is odd about it); Unusable where the file was cut.

    `size` is what its chunk says. One of 0 counts as unfinished: of an empty recording, do not ask.
    """
    there = file_size - begin
    if 0 < size <= there:
        return begin + size, None
    if size == 0 or is_unknown(size):
        return file_size, UNFINISHED
    if is_own_header(size - there, begin):
        return file_size, TOO_LARGE
    raise Unusable(*CUT)


def check_rate(rate: int, bytes_per_second: int, frame_bytes: int) -> None:
    """Unusable where a sample rate contradicts the bytes per second and nothing says which of both is right."""
    if bytes_per_second in (0, rate * frame_bytes):
        return
    if rate not in COMMON_RATES or bytes_per_second / frame_bytes in COMMON_RATES:
        raise contradiction(f"{rate} Hz and {bytes_per_second} bytes/s of {frame_bytes} bytes a frame")


def contradiction(what: str) -> Unusable:
    return Unusable("damaged", f"its header contradicts itself: {what}")
