"""A real Chromium without a window, told what to do by the DevTools protocol over two pipes."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["CHROMIUM", "Chromium"]

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)

#: The browser reads commands from descriptor 3 and writes to 4.
_START = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_FLAGS = (
    *("--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--no-first-run"),
    *("--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-proxy-server", "--lang=en-US", "--force-color-profile=srgb"),
)
_KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "Home": ("Home", 36, ""),
    "End": ("End", 35, ""),
    " ": ("Space", 32, " "),
}
_SECONDS = 120


class Chromium:
    """A browser with one page; to be used with ``with``.

    Attributes:
        said: what was written to the console or went wrong in the page, as texts.
        asked: the addresses that were asked for.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.said: list[str] = []
        self.asked: list[str] = []
        self._numbers = itertools.count(1)
        self._buffer = b""
        self._session = ""

    def __enter__(self) -> Self:
        theirs_read, ours_write = os.pipe()
        ours_read, theirs_write = os.pipe()
        command = [CHROMIUM, *_FLAGS, f"--user-data-dir={self._folder}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, str(theirs_read), str(theirs_write), *command],
            pass_fds=(theirs_read, theirs_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_read)
        os.close(theirs_write)
        self._read, self._write = ours_read, ours_write
        found = self.tell("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in found if one["type"] == "page")
        attached = self.tell("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.tell(f"{domain}.enable")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._write)  # it ends when nobody can tell it anything any more
        try:
            self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def tell(self, method: str, **params: Any) -> Any:
        """Give a command of the protocol, and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            got = self._next()
            if got.get("id") == number:
                assert "error" not in got, got
                return got["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], _SECONDS)
            part = os.read(self._read, 2**20) if ready else b""
            assert part, "the browser does not answer"
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        got: dict[str, Any] = json.loads(line)
        if got.get("method") == "Runtime.exceptionThrown":
            self.said.append(json.dumps(got["params"]["exceptionDetails"]))
        elif got.get("method") == "Log.entryAdded":
            self.said.append(got["params"]["entry"]["text"])
        elif got.get("method") == "Page.javascriptDialogOpening":
            self.said.append(got["params"]["message"])
        elif got.get("method") == "Network.requestWillBeSent":
            self.asked.append(got["params"]["request"]["url"])
        elif got.get("method") == "Runtime.consoleAPICalled":
            self.said.append(json.dumps(got["params"]["args"]))
        return got

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page; promises are waited for."""
        result = self.tell(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
            allowUnsafeEvalBlockedByCSP=False,
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, condition: str) -> Any:
        """Wait until an expression in the page is true, and return its value."""
        end = time.monotonic() + _SECONDS
        while not (found := self.run(condition)):
            assert time.monotonic() < end, f"{condition}: {self.run('document.body.innerText')}"
            time.sleep(0.02)
        return found

    def go(self, url: str, ready: str = "document.querySelector('h1') !== null") -> None:
        """Open a page and wait until it is there."""
        self.tell("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")
        self.wait(ready)

    def key(self, name: str, *, control: bool = False, shift: bool = False) -> None:
        """Press a key and let it go."""
        code, number, text = _KEYS[name]
        modifiers = 2 * control + 8 * shift
        of_key = {"key": name, "code": code, "windowsVirtualKeyCode": number}
        down = {"text": text} if text and not control else {}
        self.tell("Input.dispatchKeyEvent", type="keyDown", modifiers=modifiers, **of_key, **down)
        self.tell("Input.dispatchKeyEvent", type="keyUp", modifiers=modifiers, **of_key)

    def type(self, text: str) -> None:
        """Type a text where the focus is, in the place of what stands there."""
        self.run("document.activeElement.select && document.activeElement.select()")
        self.tell("Input.insertText", text=text)

    def look(self, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        """Set the size of the window, and the colours that the user likes."""
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write a picture of the page."""
        got = self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(got["data"]))
