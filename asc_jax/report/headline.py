"""The report's first sentence: what was trained on what, and what it was tested on."""

from asc_jax.evaluate.evaluation import SEEN, Evaluation, seen
from asc_jax.evaluate.runs import FinishedRound, ancestors

DATA = {
    "scenes": "the built-in scenes",
    "clips": "own recordings",
    "tau2020": "TAU 2020 Mobile",
    "tau2022": "TAU 2022 Mobile",
    "cas2023": "CAS 2023",
}
VERBS = {
    "pretrain": "pretrained on",
    "scratch": "trained from scratch on",
    "finetune": "finetuned on",
    "pseudolabel": "trained with pseudo-labels on",
}


def training(round_: FinishedRound) -> str:
    """Such as: The network was pretrained on the built-in scenes (split source) and finetuned on the split train"""
    rounds = [each for each in ancestors(round_)[::-1] if "members" not in each.settings] or [round_]
    different = list({(each.command, _data(each), each.trained_on): each for each in rounds}.values())
    before = [None, *(_data(each) for each in different[:-1])]
    steps = [_step(each, data) for each, data in zip(different, before, strict=True)]
    members = round_.settings.get("members")
    subject = f"The ensemble of {len(members)} networks" if members else "The network"
    return f"{subject} was {', '.join(steps[:-1])}{' and ' if steps[1:] else ''}{steps[-1]}"


def tested(round_: FinishedRound, evaluation: Evaluation) -> str:
    """Such as: 600 test clips from 120 recording sessions, 7 devices (3 of them unseen in training) and 6 cities"""
    details = round_.predictions.details
    known = [_several(evaluation.sessions, "recording session")] if any(details["session"]) else []
    for kind, plural in SEEN.items():
        names = set(details[kind]) - {""}
        if names:
            trained_on = seen(round_, kind)
            unseen = len(names - trained_on) if trained_on else 0
            known.append(_several(len(names), kind, plural) + (f" ({unseen} unseen in training)" if unseen else ""))
    clips = _several(evaluation.clips, "test clip")
    return f"{clips} from {', '.join(known[:-1])}{' and ' if known[1:] else ''}{known[-1]}" if known else clips


def _data(round_: FinishedRound) -> str | None:
    """The data set that a round was trained on; None if it was no recordings, or not here."""
    elsewhere = round_.settings.get("imported") or round_.trained_on == "synthesised sounds"
    name = round_.settings["data"].split("/")[0]
    return None if elsewhere else DATA.get(name, name or "unknown recordings")


def _step(round_: FinishedRound, before: str | None) -> str:
    """What a round did; a data set is not named again where it is that of the round before."""
    if round_.settings.get("imported"):
        return "imported from a PyTorch checkpoint"
    verb, data = VERBS[round_.command], _data(round_)
    if data is None:
        return f"{verb} synthesised sounds"
    splits = f"split{'s' if ' and ' in round_.trained_on else ''} {round_.trained_on}"
    return f"{verb} the {splits}" if data == before else f"{verb} {data} ({splits})"


def _several(count: int, name: str, plural: str | None = None) -> str:
    return f"{count:,} {name if count == 1 else plural or name + 's'}"
