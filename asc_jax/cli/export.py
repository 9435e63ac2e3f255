"""The command for other runtimes: asc-jax export RUN --format FORMAT"""

import dataclasses
import functools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from asc_jax.cli.printing import print_tables
from asc_jax.cli.recordings import files
from asc_jax.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from asc_jax.deploy.classifier import Classifier
    from asc_jax.deploy.exporting.checked import Read, Write
    from asc_jax.deploy.recordings import Recording

NAMES = {
    "stablehlo": "stablehlo.zip",
    "onnx": "onnx",
    "tflite": "tflite",
    "savedmodel": "savedmodel",
    "micro": "micro",
    "web": "web",
}
ALWAYS_INT8 = ("micro", "dcase")
CLIPS = 500  # enough to tell 99 % from 97 %


@dataclasses.dataclass(frozen=True)
class Export:
    """A trained network, and how it is to be written."""

    run: tyro.conf.Positional[Path]
    """Folder of a run (its last finished round is taken), or of a round."""
    format: Literal["stablehlo", "onnx", "tflite", "savedmodel", "micro", "web", "dcase"]
    """stablehlo runs in JAX alone; onnx, tflite and savedmodel need the extra of that name to be written, web (a page
    for a browser) that of onnx, micro (8-bit integers and C++ for a microcontroller) that of tflite, dcase (an entry to
    DCASE's task 1 in PyTorch) that of torch."""
    out: Path | None = None
    """File to write, for savedmodel, micro, web and dcase a folder, whose name is that of the entry's package for
    dcase (default of the others: RUN/model.FORMAT, RUN/model-PRECISION.tflite)."""
    precision: Literal["float32", "float16", "int8"] = "float32"
    """Of the weights, in a tflite; micro and dcase are always int8."""
    check: tuple[str, ...] = ()
    """Recordings to compare on: files, folders or patterns (default: clips that the run was tested on). \
    For micro they also tell the ranges of integers (default: clips that the run was trained on)."""
    onnxruntime_web: Path | None = None
    """Folder of the unpacked npm package, for web (default: the user's cache, into which it is downloaded once)."""


def export(options: Export) -> None:
    """Write a trained network for other runtimes, once its predictions there are the same."""
    from asc_jax.cli.training import use_compilation_cache

    if options.precision != "float32" and options.format != "tflite":
        always = "int8" if options.format in ALWAYS_INT8 else "float32"
        raise UserError(f"--precision is for --format tflite; {options.format} is always {always}")
    if options.onnxruntime_web and options.format != "web":
        raise UserError(f"--onnxruntime-web is for --format web; {options.format} runs elsewhere")
    out = options.out or _default_out(options)
    if out.exists():
        raise UserError(f"{out} exists: remove it, or choose another --out")
    use_compilation_cache()
    from asc_jax.deploy.classifier import load
    from asc_jax.deploy.exporting import checked, micro

    model = load(options.run)
    named = _windows(options.check, model.samples) if options.check else None
    clips = _clips(options.run, CLIPS, tested=True) if named is None else named
    if options.format == "micro":
        examples = _clips(options.run, micro.EXAMPLES, tested=False) if named is None else named
        write, read = _micro(model, examples)
        precision, file, enough = "int8", out / micro.FILE, checked.ENOUGH_IN_INTEGERS
    elif options.format == "dcase":
        write, read = _dcase(options.run, model, out)
        precision, file, enough = "int8", out, checked.ENOUGH
    else:
        write, read = _functions(options)
        precision, file, enough = options.precision, out, checked.ENOUGH
    check = checked.write_checked(write, read, model, out, clips, enough)
    print_tables(checked.table(options.format, precision, file, check))
    if not check.proves:
        agreement = f"{100 * check.control:.0f} % of the decisions agree even between different clips"
        print(f"asc-jax: the check proves nothing: {agreement}; --check recordings of several scenes", file=sys.stderr)
    if options.format == "dcase":
        _tell_limits(out, model.samples)
    print(out)


def _default_out(options: Export) -> Path:
    if options.format == "dcase":
        raise UserError("--format dcase needs --out: a folder with the name of the entry, such as Schmid_CPJKU_task1")
    name = "model" if options.precision == "float32" else f"model-{options.precision}"
    return options.run / f"{name}.{NAMES[options.format]}"


def _micro(model: "Classifier", examples: "np.ndarray") -> "tuple[Write, Read]":
    """(write, read) of that format, with clips int16 [M, samples] that tell the ranges of integers."""
    from asc_jax.deploy.exporting import micro

    features = micro.features_of(model)
    write = functools.partial(micro.write, features=features, examples=examples)
    read = functools.partial(micro.read, features=features)
    return write, read


def _dcase(run: Path, model: "Classifier", out: Path) -> "tuple[Write, Read]":
    """(write, read) of that format."""
    from asc_jax.deploy.exporting import dcase
    from asc_jax.evaluate.evaluation import evaluate
    from asc_jax.evaluate.runs import read_run

    dcase.check_entry(model, out)
    last = read_run(run)[-1]
    evaluation = evaluate(last) if (last.tested.truth >= 0).any() else None
    return functools.partial(dcase.write, evaluation=evaluation), dcase.read


def _tell_limits(out: Path, samples: int) -> None:
    from asc_jax.bench.rules import limits, limits_table
    from asc_jax.deploy.exporting.dcase import complexity

    cost = complexity(out, samples)
    compared = limits(cost["bytes"], cost["multiply_accumulates"])
    print_tables(limits_table(compared))
    for broken in (each for each in compared if not each.kept):
        most = f"{broken.most:,} {broken.unit}"
        print(f"asc-jax: {out} is no valid entry: {broken.name} are more than {most}; train `small`", file=sys.stderr)


def _functions(options: Export) -> "tuple[Write, Read]":
    """(write, read) of another format."""
    from asc_jax.cli.training import cache
    from asc_jax.deploy.exporting import onnx, onnxruntime_web, savedmodel, stablehlo, tflite, web

    if options.format == "tflite":
        return functools.partial(tflite.write, precision=options.precision), tflite.read
    if options.format == "web":
        runtime = onnxruntime_web.files(options.onnxruntime_web, cache(f"onnxruntime-web-{onnxruntime_web.VERSION}"))
        return functools.partial(web.write, runtime=runtime), web.read
    module = {"stablehlo": stablehlo, "onnx": onnx, "savedmodel": savedmodel}[options.format]
    return module.write, module.read


def _windows(paths: tuple[str, ...], samples: int) -> "np.ndarray":
    """The recordings' windows, int16 [M, samples]."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        recordings = files(paths, Path(folder))
        clips = [audio for recording in recordings for audio in _windows_of(recording, samples)]
    if not clips:
        raise UserError(f"--check {' '.join(paths)}: no samples there; name other recordings")
    return np.stack(clips)


def _windows_of(recording: "Recording", samples: int) -> "Iterator[np.ndarray]":
    from asc_jax.deploy.windows import windows

    try:
        yield from (audio for _, audio in windows(recording.blocks(), samples, samples))
    except UserError as error:
        raise UserError(f"--check {recording.name}: {error}; leave it out") from error


def _clips(run: Path, most: int, tested: bool) -> "np.ndarray":
    """Clips that a run was tested on, or trained on, which it knows too well for a check: int16 [M, samples]."""
    import numpy as np

    from asc_jax.deploy.records import clips_of
    from asc_jax.evaluate.runs import read_run

    try:
        clips = clips_of(read_run(run)[-1], tested=tested)
    except UserError as error:
        raise UserError(f"{error}; name recordings to compare on with --check") from error
    return clips.audio(np.linspace(0, len(clips) - 1, min(len(clips), most)).round().astype(int))
