"""The page in a real browser, at the width of a desktop and of a phone."""

import html
import json
import re
import shutil
import subprocess

import pytest

from asc_jax.report.page import write_report
from asc_jax.report.run import open_run

CHROMIUM = shutil.which("chromium")
MEASURE = """<script>
addEventListener("load", () => setTimeout(() => {
  const shown = [...document.querySelectorAll("h1,h2,h3,p,img,audio,li,td,th,dt,dd")]
    .filter(each => each.getClientRects().length);
  const box = each => each.getBoundingClientRect();
  const name = each => each.tagName + " " + (each.alt || each.textContent).slice(0, 40);
  const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const pairs = shown.flatMap((one, number) => shown.slice(number + 1)
    .filter(other => !one.contains(other) && overlap(box(one), box(other))).map(other => [name(one), name(other)]));
  parent.postMessage(JSON.stringify({
    shown: shown.length,
    width: innerWidth,
    scrolled: document.documentElement.scrollWidth,
    outside: shown.filter(each => box(each).left < 0 || box(each).right > innerWidth).map(name),
    cut: shown.filter(each => each.tagName != "AUDIO" && each.scrollWidth > each.clientWidth + 1
      && getComputedStyle(each).display != "inline").map(name),
    overlapping: pairs,
    broken: [...document.images].filter(each => !each.naturalWidth).length,
    silent: [...document.querySelectorAll("audio")].filter(each => !(each.duration > 0)).length,
  }), "*");
}, 300));
</script></body>"""
FRAME = """<iframe src="measuring.html" style="border: 0; width: {width}px; height: 900px"></iframe><pre></pre>
<script>onmessage = event => document.querySelector("pre").textContent = event.data;</script>"""  # a window has 500 px


def browse(file, width, *options):
    """Chromium's standard output and its standard error, which has the console's messages."""
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000"]
    command += [f"--window-size={width},900", "--enable-logging=stderr", *options, file.absolute().as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stdout, done.stderr


@pytest.mark.extra
@pytest.mark.skipif(not CHROMIUM, reason="needs a browser: apt-get install chromium")
@pytest.mark.parametrize("width", [1280, 375])
def test_nothing_is_cut_off_covered_or_fetched(complete, width, tmp_path):
    page = write_report(open_run(complete))
    _, log = browse(page, width, f"--screenshot={tmp_path / 'page.png'}")
    assert (tmp_path / "page.png").stat().st_size > 10_000
    assert not re.search("CONSOLE|Refused|ERR_", log), log  # its content security policy refuses to fetch anything
    measuring = tmp_path / "measuring.html"
    text = re.sub("<meta http-equiv=[^>]*>", "", page.read_text())
    measuring.write_text(text.replace("</body>", MEASURE))
    (tmp_path / "frame.html").write_text(FRAME.format(width=width))
    page, _ = browse(tmp_path / "frame.html", 1400, "--dump-dom")
    measured = json.loads(html.unescape(re.search("<pre>(.*?)</pre>", page, re.DOTALL)[1]))
    assert measured.pop("shown") > 50 and measured.pop("width") == width
    assert measured.pop("scrolled") <= width
    assert measured == {"outside": [], "cut": [], "overlapping": [], "broken": 0, "silent": 0}
