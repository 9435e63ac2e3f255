import subprocess
import sys
import zlib
from dataclasses import replace

import numpy as np
import pytest

from data_prep.synthesis import SCENES, plan, render

CLIPS = plan(3)


def checksum(clip, seconds):
    return zlib.crc32(render(clip, seconds).tobytes())


def test_same_samples_in_any_order():
    some = CLIPS[::240]
    forwards = [checksum(c, 1.0) for c in some]
    backwards = [checksum(c, 1.0) for c in reversed(some)]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == len(some)


def test_same_samples_in_another_process():
    code = (
        "import zlib; from data_prep.synthesis import plan, render;"
        "print(zlib.crc32(render(plan(3)[1234], 1.0).tobytes()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) == checksum(CLIPS[1234], 1.0)


@pytest.mark.parametrize("seconds", [1.0, 1.23456, 2.0, 5.0, 10.0])
def test_shape_and_type(seconds):
    for clip in CLIPS[::300]:
        samples = render(clip, seconds)
        assert samples.shape == (round(seconds * 16_000),)
        assert samples.dtype == np.int16
        assert samples.std() > 10
        assert np.mean(np.abs(samples.astype(int)) >= 32767) < 0.001


def test_clips_differ_by_seed_scene_device_and_city():
    clip = CLIPS[0]
    others = [
        replace(clip, seed=4),
        replace(clip, scene="park"),
        replace(clip, device="s1" if clip.device != "s1" else "s2"),
        replace(clip, city="ulmen"),
    ]
    assert len({checksum(c, 1.0) for c in (clip, *others)}) == 5


def test_sound_runs_on_from_the_first_sample_to_the_last():
    edges = []
    for clip in CLIPS[::60]:
        power = np.square(render(clip, 1.0).astype(float))
        edges.append(np.mean(power[:800]) / np.mean(power))
    assert 0.6 < np.median(edges) < 1.6


def test_loudness_tells_nothing_of_the_scene():
    levels = {scene: [] for scene in SCENES}
    for clip in CLIPS[::12]:
        samples = render(clip, 1.0).astype(float)
        levels[clip.scene].append(10 * np.log10(np.mean(samples**2)))
    groups = list(levels.values())
    everything = np.concatenate(groups)
    between = sum(len(g) * (np.mean(g) - everything.mean()) ** 2 for g in groups)
    assert everything.std() > 4
    # Share of the variance between scenes: 9 / 199 is expected of no relation at all.
    assert between / np.sum((everything - everything.mean()) ** 2) < 0.12


def test_scenes_differ_in_their_spectra():
    spectra = {"bus": [], "park": []}
    for clip in [c for c in CLIPS if c.scene in spectra and c.device == "a"][::5]:
        power = np.abs(np.fft.rfft(render(clip, 1.0).astype(float))) ** 2
        spectra[clip.scene].append(np.log10(power[50:500].sum() / power[2000:6000].sum()))
    assert np.mean(spectra["bus"]) > np.mean(spectra["park"]) + 0.5
