"""The exported page in a browser: from its file and from a server, with recordings and with a microphone."""

import functools
import http.server
import json
import pathlib
import threading

import numpy as np
import pytest
import soundfile
import soxr
from browser import CHROMIUM, Page

from asc_jax.deploy.exporting import onnxruntime_web, web
from asc_jax.deploy.formats import timeline
from asc_jax.deploy.windows import windows
from asc_jax.evaluate.calibration import Calibration
from asc_jax.net.frontend import log_mel
from asc_jax.net.scenenet import to_waveform

SECOND = 16_000  # samples
RUNTIME = pathlib.Path(__file__).parents[3] / ".venv/onnxruntime-web"
READY = "document.getElementById('status')?.textContent == 'Ready.'"
ROWS = "[...document.querySelectorAll('#rows tr')].map(row => [...row.cells].map(cell => cell.textContent))"
PHONE = """({
  width: innerWidth, scrolled: document.documentElement.scrollWidth,
  targets: [...document.querySelectorAll('.actions > *')].map(each => each.getBoundingClientRect().height),
})"""

pytestmark = [
    pytest.mark.extra,
    pytest.mark.skipif(not CHROMIUM, reason="needs a browser: apt-get install chromium"),
    pytest.mark.skipif(not RUNTIME.exists(), reason="needs ONNX Runtime Web: make .venv/onnxruntime-web/installed"),
]


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "page"
    web.write(model, folder, onnxruntime_web.files(RUNTIME, RUNTIME))
    return folder


@pytest.fixture(scope="module")
def page(folder):
    """The page, opened as a file."""
    with Page((folder / "index.html").as_uri()) as page:
        page.wait(READY)
        yield page


@pytest.fixture
def served(folder):
    """The address of the page on a server that only sends files."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_the_model_inside_is_that_of_the_onnx_format(folder, check_export):
    check_export(web.read(folder), 1e-4)


def test_recordings_get_the_scenes_that_predict_gives(page, model, clips, predicted, tmp_path):
    for number, clip in enumerate(clips[:10]):
        soundfile.write(tmp_path / f"{number}.wav", clip, SECOND)
    page.drop([tmp_path / f"{number}.wav" for number in range(10)])
    page.wait(f"{ROWS}.length == 10")
    expected = [[f"{n}.wav", model.scenes[cosine.argmax()], ""] for n, cosine in enumerate(predicted[:10])]
    assert [[name, scene, timeline] for name, scene, _, timeline in reversed(page.evaluate(ROWS))] == expected
    cosines = page.evaluate(
        f"Promise.all({to_waveform(clips[:4]).tolist()}.map(clip => cosineOf(Float32Array.from(clip))))"
    )
    np.testing.assert_allclose(cosines, predicted[:4], rtol=0, atol=1e-4)


def test_long_and_bad_recordings(page, model, clips, tmp_path):
    audio = np.concatenate([np.tile(clips[0], 2), np.tile(clips[1], 2), clips[2][: SECOND // 2]])
    stereo = np.stack([soxr.resample(audio / 32768, SECOND, 44_100, quality="HQ")] * 2, axis=1)
    soundfile.write(tmp_path / "long.flac", stereo, 44_100)
    soundfile.write(tmp_path / "silent.wav", np.zeros(SECOND), SECOND)
    (tmp_path / "text.wav").write_text("no sound")
    before = page.evaluate(f"{ROWS}.length")
    page.choose("#files", [tmp_path / name for name in ("long.flac", "silent.wav", "text.wav")])
    page.wait(f"{ROWS}.length == {before + 3}")
    text, silent, long = page.evaluate(ROWS)[:3]
    prediction = model(stereo, 44_100)
    assert [long[0], long[1], long[3]] == ["long.flac", prediction.scene, timeline(prediction)]
    assert abs(float(long[2].removesuffix(" %")) - 100 * prediction.confidence) < 5  # the browser resamples otherwise
    assert silent == ["silent.wav", "", "", "not predicted: it is silent"]
    assert text[:3] == ["text.wav", "", ""] and text[3].startswith("not predicted: ")


def test_its_windows_and_its_picture_are_the_networks(page, clips):
    for length in (1, 999, SECOND, SECOND + 1, 2 * SECOND, 2 * SECOND + 1):
        audio = np.resize(clips[0], length)
        ours = [(start, int(window[0]), int(window[-1])) for start, window in windows([audio / 32768], SECOND, SECOND)]
        theirs = page.evaluate(f"windowsOf(Float32Array.from({audio.tolist()})).map(([at, x]) => [at, x[0], x.at(-1)])")
        assert list(map(tuple, theirs)) == ours
    waveform = to_waveform(clips[3:4])
    frames = page.evaluate(f"logMel(Float32Array.from({waveform[0].tolist()}))")
    np.testing.assert_allclose(frames, log_mel(waveform)[0], rtol=0, atol=0.05)


def test_what_is_far_from_all_scenes_is_unknown(page, model):
    cosine = np.array([0.1, 0.4, 0.0, -0.2])
    score = Calibration(temperature=2.0).score(cosine)
    asked = "Object.assign(FACTS, {{scale: 4, unknown_below: {}}}), sceneOf({})"
    try:
        assert page.evaluate(asked.format(score - 1e-9, cosine.tolist())) == model.scenes[1]
        assert page.evaluate(asked.format(score + 1e-9, cosine.tolist())) == "unknown"
    finally:
        page.evaluate("FACTS.scale = 8, delete FACTS.unknown_below")
    assert page.evaluate(f"sceneOf({cosine.tolist()})") == model.scenes[1]


def test_it_fits_a_phone_and_fetches_nothing(page, folder):
    page.resize(390, 844)
    page.wait("innerWidth == 390")
    shown = page.evaluate(PHONE)
    page.resize(1280, 900)
    assert shown["scrolled"] <= shown["width"] and min(shown["targets"]) >= 48
    assert all(each.startswith((folder.as_uri(), "blob:", "data:")) for each in page.requests)
    assert not page.messages, json.dumps(page.messages)


def test_the_microphone_is_predicted_until_it_is_stopped(served, clips, tmp_path):
    soundfile.write(tmp_path / "tone.wav", np.tile(clips[2], 4), SECOND)
    fake = f"--use-file-for-fake-audio-capture={tmp_path / 'tone.wav'}"
    with Page(served, fake, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream") as page:
        page.wait(READY)
        page.evaluate("find('microphone').click()")
        page.wait("find('note').textContent.endsWith('microphone')")
        page.wait("find('scene').textContent == 'tone'")
        page.wait("find('picture').width == 32")  # frames of a whole second; the note comes at 0.98 s
        page.evaluate("find('microphone').click()")
        page.wait("!microphone && find('microphone').textContent == 'Use the microphone'")
        assert all(each.startswith((served, "blob:", "data:")) for each in page.requests)
        assert not page.messages
