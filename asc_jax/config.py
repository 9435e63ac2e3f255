"""The settings of an experiment: frozen dataclasses, which the command line fills in and each run stores."""

import itertools
import os
from dataclasses import dataclass, replace
from typing import Annotated, Literal, TypeVar

import tyro
from etils import epath

from asc_jax.net.options import Network

Value = TypeVar("Value")
Hidden = Annotated[Value, tyro.conf.Fixed, tyro.conf.Suppress]  # stated by the experiment, not by an option
DataSetName = Literal["scenes", "clips", "tau2020", "tau2022", "cas2023"]
Fit = Literal["start", "repeat", "pad", "exact"]
Cache = Literal["none", "host", "device"]
COMMANDS = ("pretrain", "scratch", "finetune", "pseudolabel")  # in the order of the paper's table 1
SYNTHESIS_EPOCH = 20  # steps, after which the learning rate changes
UNLABELLED = "unlabelled"  # the split whose clips get pseudo-labels
VALIDATION = "validation"  # the split that is scored after every epoch, and calibrates the confidence
# A round's output files, beside its checkpoints; the predictions are written last.
CONFIG, METRICS, INTERMEDIATES, PREDICTIONS = "config.json", "metrics.csv", "intermediates.npz", "predictions.csv"
PSEUDO_LABELS, RELABELLED = "pseudo_labels.csv", "pseudo_labels_after.csv"  # before the round, and after it
SOFT_LABELS = "soft_labels.csv"  # by teachers
CALIBRATION = "calibration.json"  # of the predictions, by `asc-jax calibrate`


RELEASED = Network()
PAPER = Network(wavegram_filters=128, magnitude_mel=True, plain_projection=True)


@dataclass(frozen=True)
class Augmentation:
    """The augmentations of a training step; the defaults change nothing."""

    time_shift: float = 0.0
    """Largest circular shift in time, as a share of the clip, either way."""
    dir_prob: float = 0.0
    """Share of the clips that are convolved with a device impulse response (DIR augmentation)."""
    impulse_responses: str | None = None
    """Folder with impulse responses of devices, a file each (default: synthesised ones)."""
    freq_mixstyle_prob: float = 0.0
    """Share of the clips whose mean and deviation of each band are mixed with another clip's (Freq-MixStyle)."""


NOT_AUGMENTED = Augmentation()


@dataclass(frozen=True)
class Phase:
    """The schedule of one phase; the defaults are the released one."""

    epochs: int = 100
    """Times every clip is seen (in each round)."""
    steps: int = 0
    """Least number of steps of a round: with few clips it takes more epochs."""
    batch_size: int = 64
    """Clips per step; an epoch's incomplete last batch is dropped."""
    learning_rate: float = 1e-3
    """Learning rate of the first epoch."""
    min_learning_rate: float = 1e-4
    """Learning rate that the cosine schedule would reach after the last epoch."""
    weight_decay: float = 0.01
    """AdamW's decay, on every parameter."""
    checkpoint_every: int = 1
    """Epochs between checkpoints; the last epoch is always kept."""
    augmentation: Annotated[Augmentation, tyro.conf.OmitArgPrefixes] = NOT_AUGMENTED


@dataclass(frozen=True)
class Synthesis:
    """Contrastive pretraining on synthesised sounds (data/synthesiser.py), before a source data set or alone."""

    steps: Annotated[int, tyro.conf.arg(name="synthesis-steps")] = 0
    """Training steps, rounded up to a multiple of 20; 0 leaves this round out."""
    pairs: Annotated[int, tyro.conf.arg(name="synthesis-pairs")] = 96
    """Pairs of sounds per step: a sound and a perturbed one, which must be distinguished from all others."""
    seconds: Annotated[float, tyro.conf.arg(name="synthesis-seconds")] = 1.0
    """Length of a sound."""
    temperature: Annotated[float, tyro.conf.arg(name="synthesis-temperature")] = 0.15
    """What cosines are divided by in the loss (NT-Xent)."""
    learning_rate: Annotated[float, tyro.conf.arg(name="synthesis-learning-rate")] = 2e-3
    """Learning rate of the first steps; a cosine leads to a tenth of it."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How recordings become records (data_prep/README.md)."""

    seconds: float = 10.0
    """Length of every clip; one trained network knows one length."""
    fit: Fit = "start"
    """Recordings of another length: take the first seconds, and refuse shorter ones (start), let them start over \
    (repeat) or be followed by silence (pad), or refuse longer ones, too (exact)."""
    skip_bad: bool = False
    """Leave bad recordings out; without it they are reported, and nothing is prepared."""
    split_lists: str | None = None
    """Folder of DCASE's split5.csv ... split100.csv and test.csv of tau2022 (default: beside its meta.csv)."""
    scenes_seed: int = 0
    """Seed of the synthesised data set `scenes`."""
    data_dir: str = "prepared"
    """Where prepared records are kept, for all experiments."""


@dataclass(frozen=True, kw_only=True)
class Experiment(Preparation):
    """Data, network and phases of one chain: pretrain, finetune, pseudolabel, and the from-scratch comparison."""

    name: Hidden[str]
    source: DataSetName | Literal["synthesis", "shipped"]
    """Data set of the pretraining, or synthesised sounds alone (--synthesis-steps), or the shipped weights."""
    target: DataSetName
    """Data set of finetuning, pseudo-labels and test."""
    pretrain: Hidden[Phase]
    finetune: Hidden[Phase]
    pseudolabel: Hidden[Phase]
    scratch: Hidden[Phase]
    synthesis: Synthesis = Synthesis()
    start: str | None = None
    """Your own run, or one of its rounds, that what follows pretraining starts from in place of this run's own."""
    finetune_rounds: int = 3
    """Finetunings in a row, each with a fresh head, optimiser and schedule on the trunk of the one before."""
    source_split: str = "train"
    """Split of the source data set that pretraining trains on."""
    source_clips: str | None = None
    """Other recordings of your own to pretrain on in place of the source data set, as --clips has them."""
    clips: str | None = None
    """Your own recordings: a list or a folder with one sub-folder per scene, or what 'asc-jax prepare' printed."""
    tau2020: str | None = None
    """Folder of TAU Urban Acoustic Scenes 2020 Mobile, development set, or what 'asc-jax prepare' printed."""
    tau2022: str | None = None
    """Folder of TAU Urban Acoustic Scenes 2022 Mobile, development set, or what 'asc-jax prepare' printed."""
    cas2023: str | None = None
    """Folder of CAS 2023 (ICME 2024 Grand Challenge), or what 'asc-jax prepare' printed."""
    split: str | None = None
    """Split of the target data set: session, city, device or a column of its table (default: the data set's own)."""
    test_fold: str | None = None
    """What the split keeps for the test: the number of a fold of sessions, a city or a device."""
    teachers: tuple[str, ...] = ()
    """Runs or tables (id, SCENE, SCENE, ...) whose mean distribution over the scenes all but pretrain learn, too."""
    teacher_temperature: float = 1.0
    """What the teachers' logits are divided by: below 1 they are more certain than they say."""
    teacher_weight: float = 1.0
    """Weight of the cross-entropy to the teachers' distribution beside that of labels and pseudo-labels."""
    cache: Cache = "none"
    """Where the training clips are kept between epochs: on the disk (none), in memory (host) or on the accelerator."""
    network: Network = RELEASED
    seed: int = 0
    """Seed of initialisation, data order and augmentation."""
    debug_nans: bool = False
    """Stop where the first NaN is computed, with a traceback; slow."""
    workdir: str | None = None
    """Where checkpoints, metrics and predictions go, a folder or gs://BUCKET/... (default: runs/NAME)."""

    @property
    def folder(self) -> epath.Path:
        return epath.Path(self.workdir or f"runs/{self.name}")

    @property
    def pretrained_on(self) -> str:
        """The source, or the recordings that take its place."""
        return "clips" if self.source_clips else self.source

    def predictions(self, round_name: str) -> epath.Path:
        """The table of a round's test predictions; a round has finished where it exists."""
        return self.folder / round_name / PREDICTIONS


@dataclass(frozen=True)
class Round:
    """One training: a fresh head and optimiser on the trunk of `start`, or on fresh weights where there is none."""

    name: str
    command: str
    phase: Phase
    data: str
    splits: tuple[str, ...]
    """Of the data set; the network of `start` labels the clips of UNLABELLED."""
    start: str | None = None
    synthesis: Synthesis | None = None
    """What it trains on in place of the clips; then its head is set to their class means."""
    shipped: bool = False
    """Takes the shipped weights and trains nothing; its head is set to the clips' class means."""

    @property
    def uses_teachers(self) -> bool:
        """Whether it learns from the experiment's teachers: pretraining knows other clips and scenes."""
        return self.command != "pretrain"


def _elsewhere(start: str) -> str:
    """A path that no name of a round can be."""
    return start if "://" in start else os.path.abspath(start)


def _pretraining(experiment: Experiment) -> list[Round]:
    """On synthesised sounds, on the source, or on one after the other; or the shipped weights."""
    source, of_target = experiment.pretrained_on, (experiment.target, ("train",))
    if source == "shipped":
        nothing = replace(experiment.pretrain, epochs=0, steps=0)
        return [Round("pretrain", "pretrain", nothing, *of_target, shipped=True)]
    of_source = (source, ("train",) if experiment.source_clips else (experiment.source_split,))
    found, start = [], None
    if experiment.synthesis.steps:
        start, phase = "synthesis", _contrastive(experiment)
        tested = of_target if source == "synthesis" else of_source
        found.append(Round(start, "pretrain", phase, *tested, synthesis=experiment.synthesis))
    if source != "synthesis":
        found.append(Round("pretrain", "pretrain", experiment.pretrain, *of_source, start=start))
    return found


def _contrastive(experiment: Experiment) -> Phase:
    """The schedule of the round on synthesised sounds; an epoch is of SYNTHESIS_EPOCH steps."""
    how = experiment.synthesis
    return replace(
        experiment.pretrain,
        epochs=-(-how.steps // SYNTHESIS_EPOCH),
        steps=0,
        batch_size=2 * how.pairs,
        learning_rate=how.learning_rate,
        min_learning_rate=how.learning_rate / 10,
    )


def rounds(experiment: Experiment, command: str) -> list[Round]:
    """The rounds of one command, in order; each names the round it starts from."""
    own = "synthesis" if experiment.pretrained_on == "synthesis" else "pretrain"
    first = _elsewhere(experiment.start) if experiment.start else own
    chain = [first] + [f"finetune-{number + 1}" for number in range(experiment.finetune_rounds)]
    match command:
        case "pretrain":
            return _pretraining(experiment)
        case "finetune":
            return [
                Round(name, command, experiment.finetune, experiment.target, ("train",), start)
                for start, name in itertools.pairwise(chain)
            ]
        case "pseudolabel":
            splits = ("train", UNLABELLED)
            return [Round(command, command, experiment.pseudolabel, experiment.target, splits, start=chain[-1])]
        case "scratch":
            return [Round(command, command, experiment.scratch, experiment.target, ("train",))]
    raise ValueError(command)


def all_rounds(experiment: Experiment) -> list[Round]:
    """Every round of the experiment, in the order of COMMANDS."""
    return [each for command in COMMANDS for each in rounds(experiment, command)]
