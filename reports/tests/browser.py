"""A headless Chromium, driven over its debugging pipe: no driver, no port, no network."""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")


def program() -> str | None:
    """SVMQ_CHROMIUM, or the first of the usual names."""
    return os.environ.get("SVMQ_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="svmq-browser-")
        commands, self._write = os.pipe()
        self._read, answers = os.pipe()

        def descriptors():  # 3: commands to the browser, 4: its answers
            a, b = os.dup(commands), os.dup(answers)
            os.dup2(a, 3), os.dup2(b, 4)

        self._process = subprocess.Popen(
            [program(), "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--hide-scrollbars", f"--user-data-dir={self._folder.name}"],
            close_fds=False, preexec_fn=descriptors, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(commands), os.close(answers)
        self._buffer, self._next, self.events = b"", 1, []

    def close(self):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._write), os.close(self._read)
        deadline = time.monotonic() + 10
        while True:  # processes of the group, killed with it but not our children, may write until they are gone
            try:
                return self._folder.cleanup()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def page(self) -> "Page":
        target = self.command("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.command("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        return Page(self, session)

    def command(self, method: str, parameters: dict | None = None, session: str | None = None, patience: float = 120):
        number, self._next = self._next, self._next + 1
        message = {"id": number, "method": method, "params": parameters or {}, **({"sessionId": session} if session else {})}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            answer = self._receive(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)
        raise TimeoutError(method)

    def _receive(self, deadline: float) -> dict:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("the browser is silent")
            data = os.read(self._read, 1 << 20)
            if not data:
                raise RuntimeError("the browser has ended")
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


class Page:
    """One tab. `problems`: what the console complained of, and every request but that for the page itself."""

    def __init__(self, browser: Browser, session: str):
        self._browser, self._session = browser, session
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            self._command(f"{domain}.enable")

    def open(self, address: str, width: int = 1280, height: int = 900, dark: bool = False):
        self._browser.events.clear()
        self._address = address
        self.resize(width, height)
        self._command("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme",
                                                                   "value": "dark" if dark else "light"}]})
        self._command("Page.navigate", {"url": address})
        self.until("document.readyState === 'complete'")

    def resize(self, width: int, height: int):
        self._command("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1,
                                                             "mobile": width < 500})

    def media(self, name: str):
        """As on "screen" or in "print"."""
        self._command("Emulation.setEmulatedMedia", {"media": name})

    def evaluate(self, expression: str):
        result = self._command("Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True})
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get("description", str(result)))
        return result["result"].get("value")

    def until(self, condition: str, patience: float = 120, explain=lambda: ""):
        """Waits until the condition holds in the page; fails if it never does."""
        deadline = time.monotonic() + patience
        while not self.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < deadline, explain() or f"never became true: {condition}"
            time.sleep(0.02)

    def key(self, key: str, code: int):
        for kind in ("keyDown", "keyUp"):
            self._command("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code,
                                                     **({"text": "\r"} if key == "Enter" and kind == "keyDown" else {})})

    def screenshot(self, file, whole: bool = False):
        data = self._command("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})["data"]
        with open(file, "wb") as image:
            image.write(base64.b64decode(data))

    def print(self, file):
        with open(file, "wb") as paper:
            paper.write(base64.b64decode(self._command("Page.printToPDF", {"printBackground": True})["data"]))

    @property
    def processor_seconds(self) -> float:
        """What the tab's process has used, which does not depend on what else the machine does."""
        metrics = self._command("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "ProcessTime")

    @property
    def problems(self) -> list[str]:
        self.evaluate("1")  # so that everything sent before has come
        found = []
        for event in self._browser.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(parameters["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
                found.append(str(parameters["args"]))
            elif method == "Log.entryAdded":
                found.append(str(parameters["entry"]))
            elif method == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if url.split("#")[0] != self._address.split("#")[0]:
                    found.append(f"request for {url}")
        return found

    def _command(self, method: str, parameters: dict | None = None):
        return self._browser.command(method, parameters, self._session)
