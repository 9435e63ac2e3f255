"""An entry to DCASE's task 1: the functions that the challenge's scripts call.

They are evaluate_submission.py and test_complexity.py of github.com/CPJKU/dcase2025_task1_inference, where this folder
is put.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from torch import Tensor, nn

from .network import SceneNet, load

AT_ONCE = 256  # clips


class Entry(nn.Module):
    """Holds the network as `model`, of which evaluate_submission.py saves the weights."""

    def __init__(self, model: SceneNet):
        super().__init__()
        self.model = model

    def forward(self, waveform: Tensor) -> Tensor:
        return self.model(waveform)


def predict(
    file_paths: list[str], device_ids: list[str], model_file_path: str | None = None, use_cuda: bool = True
) -> tuple[list[Tensor], list[str]]:
    """(logits [scenes] of each file, the scenes' names in this order)."""
    device = torch.device("cuda" if use_cuda and torch.cuda.is_available() else "cpu")
    model = load_model(model_file_path).to(device)
    logits = []
    with torch.inference_mode():
        for first in range(0, len(file_paths), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            inputs = load_inputs(file_paths[part], device_ids[part], model)
            logits += list(model(torch.cat(inputs).to(device)).cpu())
    return logits, model.model.facts["scenes"]


def load_model(model_file_path: str | None = None) -> Entry:
    """The network of that file, or of this package."""
    return Entry(load(model_file_path or str(Path(__file__).with_name("ckpts") / "network.ckpt")))


def load_inputs(file_paths: list[str], device_ids: list[str], model: Entry) -> list[Tensor]:
    """The waveform of each file, [1, samples]: mono, 16 kHz, 16 bits."""
    return [_waveform(file, model.model.facts) for file in file_paths]


def get_model_for_device(model: Entry, device_id: str) -> SceneNet:
    """The same network for every device."""
    return model.model


def _waveform(file: str, facts: dict) -> Tensor:
    """The file's first second; shorter ones start over."""
    audio, rate = soundfile.read(file, dtype="float32", always_2d=True)
    audio = soxr.resample(audio.mean(1), rate, facts["sampling_rate"])
    audio = np.clip(np.rint(audio * facts["full_scale"]), -32768, 32767) / facts["full_scale"]
    return torch.from_numpy(np.resize(audio[: facts["samples"]], facts["samples"]).astype(np.float32))[None]
