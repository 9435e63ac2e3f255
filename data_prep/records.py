"""The TFDS builder: writes a data set's clips as ArrayRecord files, and what is known of them as a table."""

import contextlib
import csv
import dataclasses
import functools
import hashlib
import itertools
import logging
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator

import filelock
import numpy as np
import tensorflow_datasets as tfds
from array_record.python import array_record_module  # pyright: ignore[reportAttributeAccessIssue]  compiled
from tensorflow_datasets.proto import tf_example_pb2

import asc_jax.owners  # noqa: F401  TFDS looks at files through etils
from data_prep import PrepareError, measures
from data_prep.audio import ordered_map
from data_prep.dataset import Clip, DataSet, Recording
from data_prep.faults import Fault, Unusable, refuse

SHARD_BYTES = 128 * 2**20  # of samples; TFDS keeps one shard in memory while writing it
BYTES_BESIDE = 2000  # at most, per clip: texts, fingerprint, framing
LOCK = ".lock"
TABLE, FINGERPRINTS = "clips.csv", "fingerprints.npy"

Progress = Callable[[int, int, int], None]
Loaded = tuple[Recording, dict, np.ndarray]  # a clip's samples, its row of the table, its fingerprint


def write(dataset: DataSet, folder: pathlib.Path, skip_bad: bool, progress: Progress) -> None:
    """Writes the records to `folder` (data_dir/name/config/version), which appears once all of them are written.

    Another process that prepares the same data set is waited for. PrepareError if recordings are bad (unless
    `skip_bad`, and some are left), or if the disk is too small or refuses the files.
    """
    home = folder.parent.parent
    try:
        with _only_process_in(home):
            for abandoned in home.glob("*/incomplete.*"):  # by a process that was killed: nobody else is at work here
                shutil.rmtree(abandoned)
            if not folder.exists():
                _check_space(dataset, home)
                _build(dataset, home.parent, skip_bad, progress)
    except (OSError, RuntimeError) as error:  # ArrayRecord reports a full disk as RuntimeError
        raise PrepareError(f"{folder}: the records cannot be written: {error}") from error


def _check_space(dataset: DataSet, home: pathlib.Path) -> None:
    needed, free = len(dataset.clips) * (2 * dataset.samples + BYTES_BESIDE), shutil.disk_usage(home).free
    if needed > free:
        raise PrepareError(
            f"{home}: {len(dataset.clips):,} clips need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free; "
            "make room or choose another --data-dir"
        )


def _build(dataset: DataSet, data_dir: pathlib.Path, skip_bad: bool, progress: Progress) -> None:
    logger = logging.getLogger("absl")
    logger.addFilter(_not_of_tfds)
    try:
        with tempfile.TemporaryDirectory() as downloads:  # stays empty; by default it would stay in data_dir
            builder = RecordsBuilder(dataset, data_dir, skip_bad, progress)
            builder.download_and_prepare(download_dir=downloads)
    finally:
        logger.removeFilter(_not_of_tfds)


def _not_of_tfds(record: logging.LogRecord) -> bool:
    """TFDS warns of every config that is not part of its catalogue."""
    return record.levelno >= logging.ERROR or "tensorflow_datasets" not in record.pathname


@contextlib.contextmanager
def _only_process_in(folder: pathlib.Path) -> Iterator[None]:
    """Waits until no other process prepares into a folder, which is made; the lock goes with the process.

    It is of a file: NFS passes that on to its server; where a file system has no locks, filelock makes do with a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / LOCK):
        try:
            yield
        finally:
            for made in folder.iterdir():
                with contextlib.suppress(OSError):  # holds records, or is the lock
                    made.rmdir()


class RecordsBuilder(tfds.core.ShardBasedBuilder, skip_registration=True):
    """Writes a DataSet in the order of its clips, all in one TFDS split.

    Shard by shard, because TFDS's GeneratorBasedBuilder gathers a split in memory and needs TensorFlow from 1 GiB on.
    """

    def __init__(self, dataset: DataSet, data_dir: pathlib.Path, skip_bad: bool, progress: Progress):
        self.name = dataset.name  # pyright: ignore[reportAttributeAccessIssue]  TFDS has a class for each data set
        self.VERSION = tfds.core.Version(dataset.version)
        self._dataset, self._skip_bad, self._progress = dataset, skip_bad, progress
        self._faults = list(dataset.faults)
        self._rows, self._fingerprints = [], []
        self._odd = [{"id": "", "detail": note} for note in dataset.notes]
        self._done = self._read = 0
        config = tfds.core.BuilderConfig(name=dataset.config_name, version=dataset.version)
        super().__init__(data_dir=data_dir, config=config, file_format="array_record")

    def _info(self):
        features = {
            "audio": tfds.features.Tensor(shape=(self._dataset.samples,), dtype=np.int16, encoding="bytes"),
            "label": tfds.features.ClassLabel(names=self._dataset.scenes),
            "truth": tfds.features.ClassLabel(names=self._dataset.scenes),
        } | {name: tfds.features.Text() for name in ("id", "device", "city", "session")}
        metadata = tfds.core.MetadataDict({"split": self._dataset.split, "left_out": [], "odd": []})
        return _Info(builder=self, features=tfds.features.FeaturesDict(features), metadata=metadata)

    def _download_and_prepare(self, dl_manager, download_config=None):
        if self._dataset.clips:
            super()._download_and_prepare(dl_manager, download_config)
        if self._faults and not (self._skip_bad and self._rows):
            refuse(self._faults)
        if not self._rows:
            raise PrepareError(f"{self._dataset.name}: there is no clip")
        metadata = self.info.metadata
        assert metadata is not None  # `_info` gives some
        metadata["left_out"] = [dataclasses.asdict(fault) for fault in self._faults]
        metadata["odd"] = self._odd
        np.save(self.data_path / FINGERPRINTS, np.stack(self._fingerprints))
        with open(self.data_path / TABLE, "w", newline="", encoding="utf-8") as file:
            rows = csv.DictWriter(file, self._rows[0].keys(), lineterminator="\n")
            rows.writeheader()
            rows.writerows(self._rows)

    def _shard_iterators_per_split(self, dl_manager):
        clips, step = self._dataset.clips, max(1, SHARD_BYTES // (2 * self._dataset.samples))
        loaded = zip(clips, ordered_map(self._load, clips), strict=True)  # of all shards: threads do not wait for one
        shards = [functools.partial(self._examples, loaded, step) for _ in range(0, len(clips), step)]
        return {"clips": shards}

    def _examples(self, loaded: Iterator[tuple[Clip, Fault | Loaded]], count: int) -> Iterator[tuple[str, dict]]:
        for clip, result in itertools.islice(loaded, count):
            self._done += 1
            if isinstance(result, Fault):
                self._faults.append(result)
            else:
                recording, row, fingerprint = result
                self._read += recording.bytes
                self._rows.append(row)
                self._fingerprints.append(fingerprint)
                self._odd += [{"id": clip.id, "detail": note} for note in recording.notes]
                yield clip.id, self._example(clip, recording.audio)
            self._progress(self._done, len(self._dataset.clips), self._read)

    def _load(self, clip: Clip) -> Fault | Loaded:
        try:
            recording = self._dataset.load(clip)
        except Unusable as bad:
            return Fault(clip.id, bad.reason, bad.detail)
        return recording, self._row(clip, recording), measures.fingerprint(recording.audio)

    def _row(self, clip: Clip, recording: Recording) -> dict:
        """What clips.csv says of a clip."""
        known = {"id": clip.id, "label": clip.scene if clip.labelled else "", "truth": clip.scene}
        known |= {name: getattr(clip, name) for name in ("device", "city", "session")}
        known |= {self._dataset.split: clip.split} if self._dataset.split else {}
        known |= {name: getattr(recording, name) for name in ("bytes", "rate", "channels")}
        known |= {"seconds": f"{recording.seconds:.3f}", "sha256": hashlib.sha256(recording.audio.data).hexdigest()}
        known |= measures.statistics(recording.audio)
        own = {f"list_{name}" if name in known else name: value for name, value in getattr(clip, "columns", ())}
        return {**own, **known}

    def _example(self, clip: Clip, audio: np.ndarray) -> dict:
        truth = self._dataset.scenes.index(clip.scene) if clip.scene else -1
        text = {"id": clip.id, "device": clip.device, "city": clip.city, "session": clip.session}
        return {"audio": audio, "label": truth if clip.labelled else -1, "truth": truth} | text

    def _example_writer(self):
        return _Writer(tfds.core.FileFormat.ARRAY_RECORD)

    def _log_download_bytes(self):
        """Prints nothing: nothing is downloaded."""

    _log_download_done = _log_download_bytes


class _Info(tfds.core.DatasetInfo):
    def initialize_from_bucket(self):
        """Does nothing: TFDS would look for a published data set of this name and leave an empty folder in /tmp."""


class _Writer(tfds.core.ExampleWriter):
    """Writes the same records as TFDS does, but the same bytes each time, and without compression.

    TFDS leaves the order of a record's features to chance. Compressing saves a tenth of the size of recordings, and
    costs three times the time to write and to read.
    """

    def write(self, path, examples):
        writer = array_record_module.ArrayRecordWriter(os.fspath(path), "group_size:1,uncompressed")
        parse = tf_example_pb2.Example.FromString  # pyright: ignore[reportAttributeAccessIssue]  made as it is imported
        for _, serialized in examples:
            writer.write(parse(serialized).SerializeToString(deterministic=True))
        writer.close()
