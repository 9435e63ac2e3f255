"""The report's page: one HTML file that needs nothing beside it, and its figures as PNG and PDF."""

import base64
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import resources
from pathlib import Path

import jinja2
from matplotlib.figure import Figure

from asc_jax.evaluate.runs import FinishedRound, networks
from asc_jax.evaluate.tables import IN_PERCENT, score
from asc_jax.net.frontend import RATE
from asc_jax.report import confusion, embedding, features, groups, learning, pseudolabels, sound
from asc_jax.report.run import Missing, Run
from asc_jax.report.style import save, styled

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
    """Name -> (title, function that draws it, its arguments)."""
    evaluation = run.evaluations[-1]
    per = partial(groups.accuracy_per, evaluation)
    return {
        "scenes": ("Accuracy per scene", per, "scene"),
        "devices": ("Accuracy per device", per, "device", "device in training"),
        "cities": ("Accuracy per city", per, "city", "city in training"),
        "confusion-pretrain": ("Confusion after pretraining", _confusion, run, "pretrain"),
        "confusion-finetune": ("Confusion before the unlabelled data", _confusion, run, "finetune"),
        "confusion-pseudolabel": ("Confusion after the unlabelled data", _confusion, run, "pseudolabel"),
        "pseudo-labels": ("Pseudo-labels per scene", pseudolabels.per_scene, run),
        "confidences": ("Confidence in the pseudo-labels", pseudolabels.confidences, run),
        "accuracy-by-confidence": ("Are confident pseudo-labels right?", pseudolabels.accuracy_by_confidence, run),
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
    loader = jinja2.FunctionLoader(lambda name: resources.files("asc_jax.report").joinpath(name).read_text("utf-8"))
    pages = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    pages.globals.update(score=score, in_percent=IN_PERCENT, rate=RATE)
    page = pages.get_template("page.html").render(
        run=run,
        networks=[asdict(network) for network in networks(run.last.settings)],
        trainings=[_training(each) for each in run.rounds],
        figures=shown,
        first_clip=sound.first_clip(run),
        wrong=sound.confidently_wrong(run),
    )
    (folder / FILE).write_text(page, encoding="utf-8")
    return folder / FILE


def _confusion(run: Run, command: str) -> tuple[Figure, str]:
    return confusion.confusion(run.last_of(command))


def _shown(folder: Path, name: str, title: str, draw: Callable[..., tuple[Figure, str]], *arguments) -> Shown:
    try:
        figure, alt = styled(draw, *arguments)
    except Missing as missing:
        return Shown(name, title, missing=str(missing))
    image = base64.b64encode(save(figure, folder, name).encode()).decode()
    return Shown(name, title, alt, f"data:image/svg+xml;base64,{image}")


def _training(round_: FinishedRound) -> dict:
    """The page's row on how a round was trained; empty where its metrics lack a value."""
    phase, metrics = round_.schedule, round_.metrics
    row = {
        "name": round_.name,
        "start": round_.started_from,
        "splits": round_.trained_on,
        "epochs": phase["epochs"],
        "batch_size": phase["batch_size"],
        "learning_rate": phase["learning_rate"],
    }
    if metrics is None or metrics.empty:
        return row | {"clips_per_second": "", "minutes": ""}
    clips = metrics["step"].diff().fillna(metrics["step"].iloc[0]) * phase["batch_size"]
    minutes = (clips / metrics["clips_per_second"]).sum() / 60
    return row | {"clips_per_second": f"{metrics['clips_per_second'].median():.0f}", "minutes": f"{minutes:.1f}"}
