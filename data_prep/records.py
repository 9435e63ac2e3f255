"""The TFDS builder: writes a data set's clips as ArrayRecord files."""

import contextlib
import fcntl
import functools
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable

import absl.logging
import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.proto import tf_example_pb2

from data_prep import PrepareError
from data_prep.audio import ordered_map
from data_prep.dataset import SPLITS, DataSet

SHARD_BYTES = 128 * 2**20  # of samples; TFDS keeps one shard in memory while writing it


def write(dataset: DataSet, folder: pathlib.Path, progress: Callable[[int, int], None]):
    """Writes the records to `folder` (data_dir/name/config/version), which appears once all of them are written.

    Another process that prepares the same data set is waited for. PrepareError as `load` raises it, or if the disk
    refuses the files.
    """
    home = folder.parent.parent
    try:
        with _only_process_in(home):
            for abandoned in home.glob("*/incomplete.*"):  # by a process that was killed: nobody else is at work here
                shutil.rmtree(abandoned)
            if not folder.exists():
                _build(dataset, home.parent, progress)
    except (OSError, RuntimeError) as error:  # ArrayRecord reports a full disk as RuntimeError
        raise PrepareError(f"{folder}: the records cannot be written: {error}") from error


def _build(dataset, data_dir, progress):
    verbosity = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.ERROR)  # TFDS warns of every config that is not part of its catalogue
    try:
        with tempfile.TemporaryDirectory() as downloads:  # stays empty; by default it would stay in data_dir
            RecordsBuilder(dataset, data_dir, progress).download_and_prepare(download_dir=downloads)
    finally:
        absl.logging.set_verbosity(verbosity)


@contextlib.contextmanager
def _only_process_in(folder):
    """Locks a folder; the lock goes with the process, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)  # a process forked meanwhile still has the handle: closing is not enough
        os.close(handle)


class RecordsBuilder(tfds.core.ShardBasedBuilder, skip_registration=True):
    """Writes a DataSet in the order of its clips.

    Shard by shard, because TFDS's GeneratorBasedBuilder gathers a split in memory and needs TensorFlow from 1 GiB on.
    """

    def __init__(self, dataset: DataSet, data_dir: pathlib.Path, progress: Callable[[int, int], None]):
        self.name, self.VERSION = dataset.name, tfds.core.Version(dataset.version)
        self._dataset, self._progress, self._done = dataset, progress, 0
        config = tfds.core.BuilderConfig(name=dataset.config_name, version=dataset.version)
        super().__init__(data_dir=data_dir, config=config, file_format="array_record")

    def _info(self):
        features = {
            "audio": tfds.features.Tensor(shape=(self._dataset.samples,), dtype=np.int16, encoding="bytes"),
            "label": tfds.features.ClassLabel(names=self._dataset.scenes),
            "truth": tfds.features.ClassLabel(names=self._dataset.scenes),
        } | {name: tfds.features.Text() for name in ("id", "device", "city", "session")}
        return _Info(builder=self, features=tfds.features.FeaturesDict(features))

    def _shard_iterators_per_split(self, dl_manager):
        step = max(1, SHARD_BYTES // (2 * self._dataset.samples))
        shards = {}
        for split in SPLITS:
            clips = [clip for clip in self._dataset.clips if clip.split == split]
            if clips:
                starts = range(0, len(clips), step)
                shards[split] = [functools.partial(self._examples, clips[start : start + step]) for start in starts]
        return shards

    def _examples(self, clips):
        for clip, audio in zip(clips, ordered_map(self._dataset.load, clips), strict=True):
            yield clip.id, self._example(clip, audio)
            self._done += 1
            self._progress(self._done, len(self._dataset.clips))

    def _example(self, clip, audio):
        truth = self._dataset.scenes.index(clip.scene) if clip.scene else -1
        text = {"id": clip.id, "device": clip.device, "city": clip.city, "session": clip.session}
        return {"audio": audio, "label": truth if clip.labelled else -1, "truth": truth} | text

    def _example_writer(self):
        return _DeterministicWriter(self.info.file_format)

    def _log_download_bytes(self):
        """Prints nothing: nothing is downloaded."""

    _log_download_done = _log_download_bytes


class _Info(tfds.core.DatasetInfo):
    def initialize_from_bucket(self):
        """Does nothing: TFDS would look for a published data set of this name and leave an empty folder in /tmp."""


class _DeterministicWriter(tfds.core.ExampleWriter):
    """Sorts the features of each record: TFDS leaves their order, and so the bytes of the files, to chance."""

    def write(self, path, examples):
        return super().write(path, ((key, self._sorted(example)) for key, example in examples))

    @staticmethod
    def _sorted(example):
        return tf_example_pb2.Example.FromString(example).SerializeToString(deterministic=True)
