"""An editor checks an MLmodel file by the bundle that its first line names."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from documents import BUNDLES, REPOSITORY

import foreign_tools

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
flavors:
  sklearn:
    pickled_model: model.pkl
    serialization_format: cloudpickle
saved_input_example_info: null
signature:
  inputs: '[{"type": "long", "name": "a"}]'
"""
WRONG = """\
flavors:
  sklearn:
    pickled_model: [1]
    serialization_format: zip
run_id: 3
saved_input_example_info:
  type: x
signature:
  inputs: []
"""


class _Server:
    """The YAML language server, which most editors ask."""

    def __init__(self, modules: Path) -> None:
        program = modules / "yaml-language-server" / "bin" / "yaml-language-server"
        self.process = subprocess.Popen(
            [foreign_tools.needed("node"), str(program), "--stdio"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self) -> Any:
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        assert length, "the language server ended"
        return json.loads(self.process.stdout.read(length))

    def said_of(self, text: str) -> list[tuple[int, str]]:
        """Return line and message of what is said of a file."""
        capabilities = {"workspace": {"configuration": True}}
        self.send(id=1, method="initialize", params={
            "processId": os.getpid(), "rootUri": None, "capabilities": capabilities,
        })  # fmt: skip
        while True:
            message = self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                found = message["params"]["diagnostics"]
                return [(one["range"]["start"]["line"], one["message"]) for one in found]
            if message.get("id") == 1 and "result" in message:
                self.send(method="initialized", params={})
                file = {
                    "uri": "file:///m/MLmodel",
                    "languageId": "yaml",
                    "version": 1,
                    "text": text,
                }
                self.send(method="textDocument/didOpen", params={"textDocument": file})
            elif "id" in message and "method" in message:
                self.send(id=message["id"], result=self.answer(message))

    def answer(self, message: Any) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        yaml = {"schemaStore": {"enable": False}, "validate": True}
        return [yaml if one.get("section") == "yaml" else {} for one in message["params"]["items"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD, []),
        (WRONG, [(3, '"string"'), (4, '"skops"'), (5, "string, null"), (6, '"artifact_path"'),
                 (9, "string, null")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_underlined(text: str, said: list[tuple[int, str]]) -> None:
    line = f"# yaml-language-server: $schema={BUNDLES / 'mlmodel.json'}\n"
    server = _Server(foreign_tools.node_modules())
    try:
        found = server.said_of(line + text)
    finally:
        server.process.kill()
        server.process.wait()
    assert [place for place, _ in found] == [place for place, _ in said]
    assert all(words in message for (_, words), (_, message) in zip(said, found, strict=True))


def test_the_page_shows_that_line() -> None:
    page = (REPOSITORY / "schemas" / "README.md").read_text()
    assert "# yaml-language-server: $schema=path/to/schemas/bundled/v1/mlmodel.json" in page
