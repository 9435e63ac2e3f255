"""Chromium without a window, driven over its DevTools protocol, which needs no package: messages through two pipes."""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time

CHROMIUM = shutil.which("chromium")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run")
PATIENCE = 60  # seconds


class Page:
    """A page, until its `with` ends."""

    def __init__(self, address, *options, width=1280, height=900):
        read, self._write = os.pipe()
        self._read, write = os.pipe()
        command = [CHROMIUM, *OPTIONS, *options, "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{read} 4>&{write} 2>/dev/null', "bash", *command], pass_fds=(read, write)
        )
        os.close(read), os.close(write)
        self._numbers, self._received, self._session = itertools.count(1), b"", None
        self.requests, self.messages = [], []
        try:
            target = self.send("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Network", "DOM", "Log"):
                self.send(f"{domain}.enable")
            self.resize(width, height)
            self.send("Page.navigate", url=address)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.kill()
        self._process.wait()
        os.close(self._write), os.close(self._read)

    def resize(self, width, height):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", **metrics)

    def send(self, method, **parameters):
        """The result of a command."""
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        message = {"id": number, "method": method, "params": parameters} | session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        for received in self._messages():
            if received.get("id") == number:
                assert "error" not in received, received
                return received["result"]

    def _messages(self):
        """The browser's answers; requests and what the console shows are kept."""
        end = time.monotonic() + PATIENCE
        while True:
            while b"\0" in self._received:
                text, _, self._received = self._received.partition(b"\0")
                message = json.loads(text)
                if message.get("method") == "Network.requestWillBeSent":
                    self.requests.append(message["params"]["request"]["url"])
                elif message.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                    self.messages.append(json.dumps(message["params"])[:2000])
                yield message
            ready, _, _ = select.select([self._read], [], [], max(0, end - time.monotonic()))
            assert ready, f"the browser does not answer; {self.messages}"
            self._received += os.read(self._read, 1 << 20)

    def evaluate(self, code):
        """The value of JavaScript, or what its promise becomes."""
        done = self.send("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def wait(self, code):
        """Waits until JavaScript is true, and returns its value."""
        end = time.monotonic() + PATIENCE
        while not (value := self.evaluate(code)):
            shown = self.evaluate("document.body?.innerText")
            assert time.monotonic() < end, f"{code} is not true: {shown} {self.messages}"
            time.sleep(0.05)
        return value

    def choose(self, selector, files):
        """Files into an input, as from its dialog."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def drop(self, files):
        """Files onto the middle of the page."""
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.send("Input.dispatchDragEvent", type=kind, x=200, y=200, data=data)

    def screenshot(self, file):
        image = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        file.write_bytes(base64.b64decode(image))
