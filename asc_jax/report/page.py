"""The report's page: one HTML file that needs nothing beside it, and its figures as PNG and PDF."""

import math
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import resources
from pathlib import Path

import jinja2
from matplotlib.figure import Figure

from asc_jax.evaluate.calibrate import read_fit
from asc_jax.evaluate.runs import FinishedRound, networks
from asc_jax.evaluate.tables import IN_PERCENT, score
from asc_jax.net.frontend import RATE, WINDOW
from asc_jax.report import (
    confusion,
    embedding,
    features,
    groups,
    headline,
    learning,
    progress,
    pseudolabels,
    reliability,
    scenes,
    sound,
    spectra,
)
from asc_jax.report.run import Missing, Run, filled
from asc_jax.report.style import data_uri, save, styled

FOLDER, FILE = "report", "report.html"


@dataclass(frozen=True)
class Shown:
    """A figure of the page as a data URI with its alternative text, or what is missing for it."""

    name: str
    title: str
    alt: str = ""
    image: str = ""
    missing: str = ""


def figures(run: Run) -> dict[str, tuple]:
    """Name -> (title, function that draws it, its arguments); without those that need several rounds or devices."""
    evaluation, predictions = run.evaluations[-1], run.last.predictions
    per = partial(groups.accuracy_per, evaluation)
    rounds = {"rounds": ("Accuracy of every round", progress.accuracy_of_rounds, run)}
    heat_map = {"scenes-devices": ("Accuracy per scene and device", confusion.per_scene_and_device, run.last)}
    return {
        **(rounds if len(run.rounds) > 1 else {}),
        "scenes": ("Accuracy per scene", per, "scene"),
        "devices": ("Accuracy per device", per, "device", "device in training"),
        "cities": ("Accuracy per city", per, "city", "city in training"),
        **(heat_map if len(set(predictions.details["device"])) > 1 else {}),
        "confusion-pretrain": ("Confusion after pretraining", _confusion, run, "pretrain"),
        "confusion-finetune": ("Confusion before the unlabelled data", _confusion, run, "finetune"),
        "confusion-pseudolabel": ("Confusion after the unlabelled data", _confusion, run, "pseudolabel"),
        "pseudo-labels": ("Pseudo-labels per scene", pseudolabels.per_scene, run),
        "weights": ("Weights of the pseudo-labels", pseudolabels.weights, run),
        "accuracy-by-weight": ("Are pseudo-labels of more weight right?", pseudolabels.accuracy_by_weight, run),
        "reliability": ("Confidence and accuracy", reliability.reliability, predictions, evaluation),
        "spectra": ("Average spectrum of each device", spectra.device_spectra, run.last),
        "embedding": (f"Embeddings of the test clips, {run.last.name}", embedding.projection, run.last),
        "features": (
            "What one clip looks like, and where the network looks",
            features.features_and_attention,
            run.last,
        ),
        "learning": ("Learning curves", learning.learning_curves, run),
    }


def write_report(run: Run, track: Callable[[Sequence], Iterable] = iter) -> Path:
    """Writes run.folder/report/report.html and its figures, in place of an earlier report; returns the page's path.

    `track` passes the figures on one by one, and may show how far they are.
    """
    folder = run.folder / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "figures").mkdir(parents=True)
    drawn = track(list(figures(run).items()))
    shown = {name: _shown(folder / "figures", name, *figure) for name, figure in drawn}
    trainings = [_training(each) for each in run.rounds]
    loader = jinja2.FunctionLoader(lambda name: resources.files("asc_jax.report").joinpath(name).read_text("utf-8"))
    pages = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    pages.globals.update(score=score, percent=_percent, in_percent=IN_PERCENT, rate=RATE, window=WINDOW)
    page = pages.get_template("page.html").render(
        run=run,
        networks=[asdict(network) for network in networks(run.last.settings)],
        trainings=trainings,
        columns=filled(trainings),
        training=headline.training(run.last),
        fit=read_fit(run.last.folder),
        tested=headline.tested(run.last, run.evaluations[-1]),
        scenes=scenes.per_scene(run.last.predictions),
        figures=shown,
        first_clip=sound.first_clip(run),
        wrong=sound.confidently_wrong(run),
    )
    (folder / FILE).write_text(page, encoding="utf-8")
    return folder / FILE


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f}"


def _confusion(run: Run, command: str) -> tuple[Figure, str]:
    return confusion.confusion(run.last_of(command))


def _shown(folder: Path, name: str, title: str, draw: Callable[..., tuple[Figure, str]], *arguments) -> Shown:
    try:
        figure, alt = styled(draw, *arguments)
    except Missing as missing:
        return Shown(name, title, missing=str(missing))
    return Shown(name, title, alt, data_uri("image/svg+xml", save(figure, folder, name).encode()))


def _training(round_: FinishedRound) -> dict[str, str]:
    """The page's row on how a round was trained; empty where its settings or metrics lack a value."""
    phase, metrics = round_.schedule, round_.metrics
    row = {
        "round": round_.name,
        "starts from": round_.started_from,
        "learns from": round_.trained_on,
        "epochs": f"{phase['epochs']}",
        "batch": f"{phase['batch_size']}",
        "learning rate": f"{phase['learning_rate']}",
    }
    if metrics is None or metrics.empty:
        return row | {"clips/s": "", "minutes": ""}
    clips = metrics["step"].diff().fillna(metrics["step"].iloc[0]) * phase["batch_size"]
    minutes = (clips / metrics["clips_per_second"]).sum() / 60
    return row | {"clips/s": f"{metrics['clips_per_second'].median():.0f}", "minutes": f"{minutes:.1f}"}
