"""The built-in demo: ten made-up scenes, rendered by data_prep.synthesis."""

import hashlib
import pathlib

from data_prep import synthesis
from data_prep.dataset import SAMPLE_RATE, DataSet, Recording


def collect(seconds: float, seed: int) -> DataSet:
    """Plans the demo's clips; the same seed gives the same clips, and changed synthesis code another config name."""
    code = sorted(pathlib.Path(synthesis.__file__).parent.glob("*.py"))
    source = tuple((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in code)

    def load(clip: synthesis.Clip) -> Recording:
        return Recording(synthesis.render(clip, seconds), seconds=seconds, rate=SAMPLE_RATE, channels=1)

    return DataSet("scenes", tuple(synthesis.SCENES), tuple(synthesis.plan(seed)), seconds, load, source, "domains")
