"""Chromium without a window, spoken to through pipes in the DevTools protocol. It needs no library."""
import base64
import fcntl
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time

SECONDS = 120


class Browser:
    """One tab. `problems()` has what its console said since the last `open`."""

    def __init__(self, program="chromium"):
        self.profile = tempfile.TemporaryDirectory()
        inward, self.out = os.pipe()
        self.back, outward = os.pipe()

        def place():
            # The browser reads commands from 3 and answers on 4.
            commands, answers = fcntl.fcntl(inward, fcntl.F_DUPFD, 20), fcntl.fcntl(outward, fcntl.F_DUPFD, 20)
            os.dup2(commands, 3)
            os.dup2(answers, 4)

        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--no-first-run", "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "about:blank"]
        self.process = subprocess.Popen([program] + arguments, preexec_fn=place, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(inward)
        os.close(outward)
        self.pending, self.events, self.number, self.session = b"", [], 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def message(self):
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self.pending:
            ready, _, _ = select.select([self.back], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self.back, 1 << 20) if ready else b""
            if not piece:
                raise RuntimeError("chromium does not answer")
            self.pending += piece
        message, _, self.pending = self.pending.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, name):
        while True:
            for index, event in enumerate(self.events):
                if event.get("method") == name:
                    return self.events.pop(index)
            self.events.append(self.message())

    def open(self, path, width, dark=False, script=True, media=""):
        """Loads a page; returns the seconds until it was loaded and drawn."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.events.clear()
        begin = time.monotonic()
        self.call("Page.navigate", url=pathlib.Path(path).absolute().as_uri())
        self.wait("Page.loadEventFired")
        if script:
            self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return time.monotonic() - begin

    def run(self, text):
        """The value of a JavaScript expression in the page. It runs past the page's policy, as an inspector does."""
        answer = self.call("Runtime.evaluate", expression=text, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"].get("exception", answer)))
        return answer["result"].get("value")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      text="\r" if key == "Enter" and kind == "keyDown" else "")

    def screenshot(self, path, most=6000):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], most), "scale": 1}
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def requests(self):
        """What the page asked the network for, itself left out."""
        sent = [event["params"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in sent if one.get("type") != "Document"]

    def problems(self):
        found = []
        for event in self.events:
            name, values = event.get("method"), event.get("params", {})
            if name == "Runtime.exceptionThrown":
                details = values["exceptionDetails"]
                found.append(details.get("exception", {}).get("description") or details["text"])
            elif name == "Log.entryAdded":
                found.append(values["entry"]["text"])
            elif name == "Runtime.consoleAPICalled":
                found.append(str(values["args"]))
            elif name == "Page.javascriptDialogOpening":
                found.append("a dialog: " + values["message"])
        return found

    def close(self):
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        self.process.wait(30)
        self.profile.cleanup()
