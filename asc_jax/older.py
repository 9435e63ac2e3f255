"""Runs that an earlier version trained: their settings under today's names."""

from typing import Any

NAMES = {
    "final_learning_rate": "min_learning_rate",
    "shift": "time_shift",
    "response": "dir_prob",
    "microphones": "impulse_responses",
    "style": "freq_mixstyle_prob",
    "taught": "trained_on",
    "parts": "splits",
    "source_part": "source_split",
    "look_up": "session_baseline",
}
DROPPED = ("roll",)  # the time shift in seconds


def renamed(kept: Any) -> Any:
    """What a JSON file of a run keeps, with each old name replaced."""
    if not isinstance(kept, dict):
        return kept
    return {NAMES.get(name, name): renamed(value) for name, value in kept.items() if name not in DROPPED}
