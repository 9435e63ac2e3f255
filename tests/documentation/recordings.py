"""Small recordings where the documentation has large ones: 80 clips of 10 s of ten scenes, in each layout."""

import shutil
from pathlib import Path

import numpy as np
import soundfile

from data_prep import cas2023, tau2020

RATE = 16_000
CLIPS = 8  # of a scene; each is a session
CITIES, CAS_CITIES = ("lyon", "oslo"), ("Hefei", "Xi'an")
DEVICES = ("a", "s4")
# of the clips of each scene in a list; a clip without a label has no split
SPLITS = ("train", "train", "train", "", "", "test", "test", "test")


def write_all(folder: Path) -> None:
    """Writes every recording and list that a command in the documentation names."""
    _write_lists(folder)
    _write_tau2020(folder / "tau2020", folder / "recordings/audio")
    _write_tau2022(folder / "tau2022", folder / "recordings/audio")
    _write_cas2023(folder / "cas2023", folder / "recordings/audio")
    noise = np.random.default_rng(1).normal(0, 0.1, 3 * RATE)
    for name in (
        "recording.mp3",
        "day.wav",
        "clip.wav",
        "folder/1.wav",
        "night/1.flac",
        "phone2/1.wav",
        "other/1.wav",
        "elsewhere/1.wav",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        soundfile.write(folder / name, noise, RATE)
    (folder / "stream.raw").write_bytes((8_000 * noise).astype("<i2").tobytes())


def _write_lists(folder):
    """recordings/clips.csv with its recordings, and the same list in the other places."""
    audio = folder / "recordings/audio"
    audio.mkdir(parents=True)
    rows = ["filename,scene_label,split,device,city,session"]
    for number, (scene, clip) in enumerate(_clips()):
        noise = np.random.default_rng(number).normal(0, 0.1, 10 * RATE)
        tone = 0.1 * np.sin(np.arange(10 * RATE) * (tau2020.SCENES.index(scene) + 1) / 20)
        soundfile.write(audio / f"{number}.wav", noise + tone, RATE)
        split = SPLITS[clip]
        label = scene if split else ""
        rows.append(f"audio/{number}.wav,{label},{split},{DEVICES[clip % 2]},{CITIES[clip % 2]},s{number}")
    (folder / "recordings/clips.csv").write_text("\n".join(rows) + "\n")
    for name in ("recordings.csv", "data/esc10_shift/clips.csv", "LIST.csv", *(f"FOLD{n}.csv" for n in range(1, 6))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "recordings/clips.csv", folder / name)
        if not (folder / name).with_name("audio").exists():
            (folder / name).with_name("audio").symlink_to(audio)


def _write_tau2020(folder, audio):
    """The folder of TAU Urban Acoustic Scenes 2020 Mobile, whose last clips of each scene are for the test."""
    (folder / "audio").mkdir(parents=True)
    (folder / "evaluation_setup").mkdir()
    rows = {name: ["filename\tscene_label"] for name in tau2020.LISTS.values()}
    for number, (scene, clip) in enumerate(_clips()):
        name = f"{scene}-{CITIES[clip % 2]}-{number}-0-{DEVICES[clip % 2]}.wav"
        (folder / "audio" / name).symlink_to(audio / f"{number}.wav")
        rows[tau2020.LISTS["train" if clip < 5 else "test"]].append(f"audio/{name}\t{scene}")
    for name, lines in rows.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def _write_tau2022(folder, audio):
    """The folder of TAU Urban Acoustic Scenes 2022 Mobile with the lists of its 25 % split."""
    (folder / "audio").mkdir(parents=True)
    rows = {"meta": ["filename\tscene_label\tidentifier\tsource_label"], "split25": ["filename"], "test": ["filename"]}
    for number, (scene, clip) in enumerate(_clips()):
        city, device = CITIES[clip % 2], DEVICES[clip % 2]
        name = f"{scene}-{city}-{number}-0-0-{device}.wav"
        (folder / "audio" / name).symlink_to(audio / f"{number}.wav")
        rows["meta"].append(f"audio/{name}\t{scene}\t{city}-{number}\t{device}")
        rows["split25" if clip < 5 else "test"].append(f"audio/{name}")
    for name, lines in rows.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


def _write_cas2023(folder, audio):
    """The folder of CAS 2023 with its evaluation set, whose list lies beside the folder, too; 70 clips have labels."""
    labels, evaluated, places = ["filename,scene_label"], ["filename,scene_label"], ["filename,location,record_time"]
    for number, (scene, clip) in enumerate(_clips()):
        unlabelled = clip == CLIPS - 1
        part, rows = ("eval", evaluated) if unlabelled and number // CLIPS % 2 else ("dev", labels)
        (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / part / f"{number}.wav").symlink_to(audio / f"{number}.wav")
        rows.append(f"{number},{'' if unlabelled else cas2023.SCENES[tau2020.SCENES.index(scene)]}")
        places.append(f"{number},{CAS_CITIES[clip % 2]},2023-06-{clip + 1:02} 12:00:{number // CLIPS:02}")
    for name, lines in ((cas2023.LABELS, labels), (cas2023.EVALUATION, evaluated)):
        (folder / name).write_text("\n".join(lines) + "\n")
    for part in ("dev", "eval"):
        (folder / cas2023.METADATA.format(part)).write_text("\n".join(places) + "\n")
    shutil.copy(folder / cas2023.EVALUATION, folder.parent)


def _clips():
    """(scene, number of the clip in it) of each clip."""
    return [(scene, clip) for scene in tau2020.SCENES for clip in range(CLIPS)]
