"""Writes a data set's clips as ArrayRecord files for TFDS, and what is known of them as a table."""

import contextlib
import dataclasses
import hashlib
import itertools
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator

import filelock
import numpy as np
import pandas
import tensorflow_datasets as tfds
from array_record.python import array_record_module  # pyright: ignore[reportAttributeAccessIssue]  compiled
from etils import epath
from tensorflow_datasets.proto import tf_example_pb2

import asc_jax.owners  # noqa: F401  TFDS looks at files through etils
from data_prep import PrepareError, measures
from data_prep.audio import ordered_map
from data_prep.dataset import Clip, DataSet, Recording
from data_prep.faults import Fault, Unusable, refuse

SHARD_BYTES = 128 * 2**20  # of samples
BYTES_BESIDE = 2000  # at most, per clip: texts and framing
FINGERPRINT = 1 / 250  # bytes a sample
LOCK = ".lock"
TABLE, FINGERPRINTS = "clips.csv", "fingerprints.npy"
SHARDS = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_INDEX}"
TEXTS = ("id", "device", "city", "session")

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
                folder.parent.mkdir(exist_ok=True)
                with tempfile.TemporaryDirectory(prefix="incomplete.", dir=folder.parent) as incomplete:
                    made = pathlib.Path(incomplete) / folder.name
                    made.mkdir()
                    _Records(dataset, made, progress).write(skip_bad)
                    made.rename(folder)
    except (OSError, RuntimeError) as error:  # ArrayRecord reports a full disk as RuntimeError
        raise PrepareError(f"{folder}: the records cannot be written: {error}") from error


def _check_space(dataset: DataSet, home: pathlib.Path) -> None:
    needed, free = (
        len(dataset.clips) * ((2 + FINGERPRINT) * dataset.samples + BYTES_BESIDE),
        shutil.disk_usage(home).free,
    )
    if needed > free:
        raise PrepareError(
            f"{home}: {len(dataset.clips):,} clips need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free; "
            "make room or choose another --data-dir"
        )


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


class _Records:
    """The records of a data set, in the order of its clips and in one TFDS split, as they are written to a folder."""

    def __init__(self, dataset: DataSet, folder: pathlib.Path, progress: Progress):
        self.dataset, self.folder, self.progress = dataset, folder, progress
        self.faults = list(dataset.faults)
        self.rows, self.fingerprints = [], []
        self.odd = [{"id": "", "detail": note} for note in dataset.notes]
        classes = tfds.features.ClassLabel(names=dataset.scenes)
        audio = tfds.features.Tensor(shape=(dataset.samples,), dtype=np.int16, encoding="bytes")
        texts = {name: tfds.features.Text() for name in TEXTS}
        self.features = tfds.features.FeaturesDict({"audio": audio, "label": classes, "truth": classes} | texts)

    def write(self, skip_bad: bool) -> None:
        template = tfds.core.ShardedFileTemplate(
            dataset_name=self.dataset.name,
            data_dir=epath.Path(self.folder),
            split="clips",
            filetype_suffix="array_record",
            template=SHARDS,
        )
        examples, lengths, size = self._examples(), [], 0
        while shard := list(itertools.islice(examples, max(1, SHARD_BYTES // (2 * self.dataset.samples)))):
            _write_shard(template.sharded_filepath(shard_index=len(lengths), num_shards=None), shard)
            lengths.append(len(shard))
            size += sum(map(len, shard))
        if self.faults and not (skip_bad and self.rows):
            refuse(self.faults)
        if not self.rows:
            raise PrepareError(f"{self.dataset.name}: there is no clip")
        pandas.DataFrame(self.rows).to_csv(self.folder / TABLE, index=False)
        np.save(self.folder / FINGERPRINTS, np.stack(self.fingerprints))
        left_out = [dataclasses.asdict(fault) for fault in self.faults]
        tfds.folder_dataset.write_metadata(
            data_dir=self.folder,
            features=self.features,
            split_infos=[tfds.core.SplitInfo("clips", lengths, size, template)],
            version=self.dataset.version,
            filename_template=template,
            check_data=False,
            metadata=tfds.core.MetadataDict({"split": self.dataset.split, "left_out": left_out, "odd": self.odd}),
        )

    def _examples(self) -> Iterator[bytes]:
        """The serialised examples of all clips that can be read; what is known of each is kept beside."""
        clips, read = self.dataset.clips, 0
        for done, (clip, result) in enumerate(zip(clips, ordered_map(self._load, clips), strict=True), 1):
            if isinstance(result, Fault):
                self.faults.append(result)
            else:
                recording, row, fingerprint = result
                read += recording.bytes
                self.rows.append(row)
                self.fingerprints.append(fingerprint)
                self.odd += [{"id": clip.id, "detail": note} for note in recording.notes]
                scenes = {name: row[name] or -1 for name in ("label", "truth")}
                yield self.features.serialize_example(
                    {"audio": recording.audio} | scenes | {name: row[name] for name in TEXTS}
                )
            self.progress(done, len(clips), read)

    def _load(self, clip: Clip) -> Fault | Loaded:
        try:
            recording = self.dataset.load(clip)
        except Unusable as bad:
            return Fault(clip.id, bad.reason, bad.detail)
        return recording, self._row(clip, recording), measures.fingerprint(recording.audio)

    def _row(self, clip: Clip, recording: Recording) -> dict:
        """What clips.csv says of a clip."""
        known = {"id": clip.id, "label": clip.scene if clip.labelled else "", "truth": clip.scene}
        known |= {name: getattr(clip, name) for name in ("device", "city", "session")}
        known |= {self.dataset.split: clip.split} if self.dataset.split else {}
        known |= {name: getattr(recording, name) for name in ("bytes", "rate", "channels")}
        known |= {"seconds": f"{recording.seconds:.3f}", "sha256": hashlib.sha256(recording.audio.data).hexdigest()}
        known |= measures.statistics(recording.audio)
        own = {f"list_{name}" if name in known else name: value for name, value in getattr(clip, "columns", ())}
        return {**own, **known}


def _write_shard(path: os.PathLike, examples: list[bytes]) -> None:
    """Writes serialised examples, the same bytes each time and without compression, which `SequentialWriter` does not.

    TFDS leaves the order of an example's features to chance. Compressing saves a tenth of the size of recordings, and
    costs three times the time to write and to read.
    """
    writer = array_record_module.ArrayRecordWriter(os.fspath(path), "group_size:1,uncompressed")
    parse = tf_example_pb2.Example.FromString  # pyright: ignore[reportAttributeAccessIssue]  made as it is imported
    for example in examples:
        writer.write(parse(example).SerializeToString(deterministic=True))
    writer.close()
