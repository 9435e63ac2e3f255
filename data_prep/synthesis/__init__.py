"""The demo data set: ten acoustic scenes synthesised from a seed, with a shift of cities and devices."""

from data_prep.synthesis.plan import SCENES, Clip, plan
from data_prep.synthesis.render import render

__all__ = ["SCENES", "Clip", "plan", "render"]
