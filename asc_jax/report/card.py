"""The model card: what a trained network is, where it comes from, what it scores and where that ends, in Markdown."""

from dataclasses import asdict
from importlib import resources
from pathlib import Path

import jinja2

from asc_jax.evaluate.calibrate import read_fit
from asc_jax.evaluate.runs import FinishedRound, ancestors, networks
from asc_jax.evaluate.tables import IN_PERCENT, score
from asc_jax.net.frontend import RATE
from asc_jax.report.run import Run, filled

FILE = "card.md"
LICENCES = {
    "scenes": "made up by this software, free of rights.",
    "clips": "your own recordings: say here under which licence they are.",
    "tau2020": "TAU Urban Acoustic Scenes 2020 Mobile, Tampere University: non-commercial, academic use only.",
    "tau2022": "TAU Urban Acoustic Scenes 2022 Mobile, Tampere University: non-commercial, academic use only.",
    "cas2023": "CAS 2023, published for the IEEE ICME 2024 Grand Challenge: on its authors' terms, which came with it.",
}


def write_card(run: Run) -> Path:
    """Writes run.folder/card.md about the run's last round, and returns its path."""
    rounds = ancestors(run.last)[::-1]
    trainings = [_training(each) for each in rounds]
    loader = jinja2.FunctionLoader(lambda name: resources.files("asc_jax.report").joinpath(name).read_text("utf-8"))
    cards = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True)
    card = cards.get_template(FILE).render(
        run=run,
        last=run.last,
        fit=read_fit(run.last.folder),
        trainings=trainings,
        columns=filled(trainings),
        networks=[asdict(network) for network in networks(run.last.settings)],
        evaluation=run.evaluations[-1],
        data=sorted({each.settings["data"].split("/")[0] for each in rounds} - {""}),
        seconds=f"{run.last.settings['samples'] / RATE:g}",
        versions=", ".join(f"{name} {version}" for name, version in run.last.config["versions"].items()),
        licences=LICENCES,
        score=score,
        in_percent=IN_PERCENT,
        rate=RATE,
    )
    (run.folder / FILE).write_text(card, encoding="utf-8")
    return run.folder / FILE


def _training(round_: FinishedRound) -> dict[str, str]:
    """A row of the card on how a round was trained; empty where its settings lack a value."""
    return {
        "round": round_.name,
        "data": round_.settings["data"] or "unknown",
        "trained on": round_.trained_on,
        "weights from": _origin(round_),
        "epochs": f"{round_.schedule['epochs']}",
        "batch": f"{round_.schedule['batch_size']}",
        "learning rate": f"{round_.schedule['learning_rate']}",
    }


def _origin(round_: FinishedRound) -> str:
    if tensors := round_.settings.get("imported"):
        return f"a PyTorch checkpoint (tensors {tensors}); the rest of this row is the published schedule"
    return round_.started_from
