"""A trained network on a stream that need not end: window by window, as they come, in constant memory."""

import queue
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np

from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.windows import windows
from asc_jax.net.frontend import RATE
from data_prep.samples import has_signal

RECENT = 10_000  # windows whose latency is kept
PATIENCE = 0.2  # seconds for the reading thread to end, which it cannot do while nothing comes

Arrived = tuple[float, int, np.ndarray]  # when its last sample came, its first sample, int16 [samples]


@dataclass
class Performance:
    """How a stream is kept up with: counts of windows, and their latency in seconds, of the last `RECENT` ones.

    The latency is from the arrival of a window's last sample to the request for the next window.
    """

    predicted: int = 0
    silent: int = 0
    lost: int = 0
    latency: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    began: float = field(default_factory=time.monotonic)
    computed: float = field(default_factory=time.process_time)

    def __str__(self) -> str:
        median, late = 1e3 * np.quantile(self.latency or [np.nan], (0.5, 0.99))
        share = (time.process_time() - self.computed) / (time.monotonic() - self.began)
        return (
            f"{self.predicted:,} windows predicted, {self.silent:,} without a signal, {self.lost:,} lost; "
            f"latency {median:.1f} ms (median), {late:.1f} ms (99 %); {100 * share:.1f} % of a core"
        )


def listen(
    model: Classifier, blocks: Iterable[np.ndarray], hop: int, smooth: int, live: bool, performance: Performance
) -> Generator[tuple[float, np.ndarray | None], None, None]:
    """(start in seconds, cosines [scenes]) of each window of a stream, float blocks at 16 kHz, as soon as it is there.

    Cosines are means over the window and those with a signal that began less than `smooth` hops before; None for a
    window without a signal. Where the network is too slow, `live` decides whether windows are lost or the stream waits.
    """
    recent = deque(maxlen=smooth)  # start, cosines
    for came, start, audio in _arriving(blocks, model.samples, hop, live, performance):
        cosine = model.compute(audio[None])[0][0] if has_signal(audio) else None
        performance.predicted += cosine is not None
        performance.silent += cosine is None
        recent.append((start, cosine))
        used = [each for began, each in recent if each is not None and began > start - smooth * hop]
        yield start / RATE, None if cosine is None else np.mean(used, axis=0)
        performance.latency.append(time.monotonic() - came)


def _arriving(
    blocks: Iterable[np.ndarray], samples: int, hop: int, live: bool, performance: Performance
) -> Iterator[Arrived]:
    """The windows of a stream, which a thread of its own reads; those of a second wait, at least one."""
    waiting, closed = queue.Queue(max(1, RATE // hop)), threading.Event()
    found = windows(takewhile(lambda _: not closed.is_set(), blocks), samples, hop)
    reader = threading.Thread(target=_read, args=(found, waiting, closed, live, performance), daemon=True)
    reader.start()
    try:
        while isinstance(arrived := waiting.get(), tuple):
            yield arrived
        if arrived is not None:
            raise arrived
    finally:
        closed.set()
        until = time.monotonic() + PATIENCE
        while reader.is_alive() and time.monotonic() < until:
            with suppress(queue.Empty):
                waiting.get_nowait()  # the reader may wait for room
            reader.join(PATIENCE / 20)


def _read(
    found: Iterable[tuple[int, np.ndarray]],
    waiting: queue.Queue[Arrived | Exception | None],
    closed: threading.Event,
    live: bool,
    performance: Performance,
) -> None:
    """Puts the windows into `waiting`, and after the last one None, or the error with which the stream ends.

    Where there is no room, the reader waits, and with it the stream; if it is `live`, the oldest window is lost.
    """
    end = None
    try:
        for start, audio in found:
            if closed.is_set():
                return
            if live and waiting.full():
                with suppress(queue.Empty):
                    waiting.get_nowait()
                    performance.lost += 1
            waiting.put((time.monotonic(), start, audio))
    except Exception as error:
        end = error
    waiting.put(end)
