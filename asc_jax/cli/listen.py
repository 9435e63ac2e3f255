"""The command on a stream: PROGRAM | asc-jax listen RUN."""

import contextlib
import dataclasses
import functools
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from asc_jax.cli.printing import check_output
from asc_jax.errors import UserError

if TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True)
class ListenOptions:
    """A trained network, and what comes on standard input: raw PCM, signed, 16 bits, little-endian."""

    run: tyro.conf.Positional[Path]
    """Folder of a run (its last finished round is taken), or of a round."""
    rate: int = 16_000
    """Samples per second of each channel."""
    channels: int = 1
    """Channels, whose samples come in turn; their mean is taken."""
    hop: float | None = None
    """Seconds from one window to the next (default: as long as a window, which is as long as a training clip)."""
    smooth: int = 3
    """Windows over which cosines are averaged, the newest and those before it (1: none before it)."""
    live: bool = False
    """The stream does not wait, as of a microphone: windows for which the network is too slow are lost, and counted."""
    report: int | None = None
    """Report latency, load and lost windows every so many windows, on standard error (default: only at the end)."""


def listen(options: ListenOptions) -> None:
    """Predict the scene of a stream such as a microphone's, a line of JSON for each window as it comes."""
    _check(options)
    check_output()
    from asc_jax.deploy.windows import hop_of

    hop = hop_of(options.hop)
    with _interruptible():
        import numpy as np

        from asc_jax.cli.training import use_compilation_cache
        from asc_jax.devices import use_cores

        use_compilation_cache()
        from asc_jax.deploy.classifier import load
        from asc_jax.deploy.formats import window_as_json
        from asc_jax.deploy.listening import Performance, listen

        use_cores(1)
        model = load(options.run)
        model.compute(np.zeros((1, model.samples), np.int16))  # compiles before the stream is read
        performance = Performance()
        scored = listen(model, _blocks(options), hop or model.samples, options.smooth, options.live, performance)
        quiet = False
        try:
            for number, (start, cosine) in enumerate(scored, start=1):
                print(json.dumps(window_as_json(model.scenes, model.calibration, start, cosine)), flush=True)
                if options.report and number % options.report == 0:
                    print(f"asc-jax: {performance}", file=sys.stderr)
        except BrokenPipeError:  # whoever read the scenes has had enough
            quiet = not (options.report or performance.lost)
            raise
        finally:
            scored.close()
            if not quiet and (performance.predicted or performance.silent):
                print(f"asc-jax: {performance}", file=sys.stderr)


def _check(options: ListenOptions) -> None:
    from data_prep.samples import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS

    for name, lowest, highest in (
        ("rate", LOWEST_RATE, HIGHEST_RATE),
        ("channels", 1, MOST_CHANNELS),
        ("smooth", 1, sys.maxsize),
        ("report", 1, sys.maxsize),
    ):
        value = getattr(options, name)
        if value is not None and not lowest <= value <= highest:
            limits = f"from {lowest} to {highest}" if highest < sys.maxsize else f"at least {lowest}"
            raise UserError(f"--{name} {value}: must be {limits}")
    if sys.stdin is None or sys.stdin.buffer.isatty():
        raise UserError("nothing comes on standard input: pipe a recorder into it, such as arecord -t raw -f S16_LE")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ends what is inside, and no more, at Ctrl-C and SIGTERM."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _blocks(options: ListenOptions) -> "Iterator[np.ndarray]":
    """Standard input at 16 kHz, piece by piece, without waiting for whole ones."""
    from asc_jax.deploy.recordings import usable
    from data_prep.streaming import raw_stream

    read = functools.partial(os.read, sys.stdin.buffer.fileno())
    with usable():
        yield from raw_stream(read, options.rate, options.channels)
