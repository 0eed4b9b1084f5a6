"""A harness that knows the answers, and is wrong on purpose where it is told to be.

``python oracle.py VECTORS [MODE [NUMBER]]``: it answers every case of a folder of vectors with what
is expected, but that with this number, with which it does what ``MODE`` names. It needs
nothing but Python.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

FOREVER = 3600


def expected(folder):
    """Return what each case expects, by operation and input."""
    files = [json.loads(path.read_text()) for path in sorted(Path(folder).rglob("*.json"))]
    return {
        (file["operation"], json.dumps(case["input"], sort_keys=True)): case["expected"]
        for file in files
        for case in file["cases"]
    }


def say(text, end="\n"):
    sys.stdout.write(text + end)
    sys.stdout.flush()


def hang(**_):
    time.sleep(FOREVER)


def hang_with_a_child(**_):
    """The child holds the pipes open, and writes down its number."""
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({FOREVER})"])
    Path(os.environ["ORACLE_NOTES"]).write_text(str(child.pid))
    time.sleep(FOREVER)


def hang_deaf(**_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(FOREVER)


def crash(**_):
    sys.stderr.write("out of luck\n")
    sys.exit(3)


def killed(**_):
    os.kill(os.getpid(), signal.SIGKILL)


def half_a_line(number, **_):
    say(f'{{"id": {number}, "res', end="")
    sys.exit(0)


def close_and_stay(**_):
    os.close(1)
    time.sleep(FOREVER)


def flood(**_):
    while True:
        say("x" * 65536, end="")


def flood_of_lines(**_):
    while True:
        say("all is well\n" * 1000)


def chatter_on_stderr(number, result, **_):
    sys.stderr.write("chatter " * 2**17)
    say(json.dumps({"id": number, "result": result}))


def two_lines(number, result, **_):
    say((json.dumps({"id": number, "result": result}) + "\n") * 2, end="")


def line(make):
    return lambda number, result: say(make(number, result))


def reply(make):
    return lambda number, result: say(json.dumps(make(number, result)))


MODES = {
    "right": reply(lambda number, result: {"id": number, "result": result}),
    "more-keys": reply(lambda number, result: {"id": number, "result": result, "took": 1}),
    "hang": hang,
    "hang-with-a-child": hang_with_a_child,
    "hang-deaf": hang_deaf,
    "crash": crash,
    "killed": killed,
    "half-a-line": half_a_line,
    "close-and-stay": close_and_stay,
    "flood": flood,
    "flood-of-lines": flood_of_lines,
    "chatter-on-stderr": chatter_on_stderr,
    "two-lines": two_lines,
    "garbage": line(lambda *_: "Segmentation fault"),
    "not-utf-8": lambda *_, **__: (sys.stdout.buffer.write(b"\xff\n"), sys.stdout.flush()),
    "nan": line(lambda number, _: f'{{"id": {number}, "result": {{"a": NaN}}}}'),
    "deep": line(lambda number, _: f'{{"id": {number}, "result": {"[" * 10**5}'),
    "a-list": reply(lambda number, result: [number, result]),
    "earlier-id": reply(lambda number, result: {"id": number - 1, "result": result}),
    "text-id": reply(lambda number, result: {"id": str(number), "result": result}),
    "no-id": reply(lambda _, result: {"result": result}),
    "nothing": reply(lambda number, _: {"id": number}),
    "two-kinds": reply(lambda number, result: {"id": number, "result": result, "skip": "no"}),
    "result-is-a-list": reply(lambda number, result: {"id": number, "result": [result]}),
    "skip-without-reason": reply(lambda number, _: {"id": number, "skip": True}),
    "error": reply(lambda number, _: {"id": number, "error": "KeyError: 'a'"}),
    "skip": reply(lambda number, _: {"id": number, "skip": "no datetimes yet"}),
    "half-a-pair": reply(lambda number, _: {"id": number, "result": {"error": "\ud800"}}),
    "skip-half-a-pair": reply(lambda number, _: {"id": number, "skip": "no \ud800 yet"}),
    "empty-result": reply(lambda number, _: {"id": number, "result": {}}),
    "error-for-answer": reply(
        lambda number, result: {"id": number, "result": {**result, "error": "INTERNAL_ERROR"}}
    ),
    "null-for-answer": reply(
        lambda number, result: {"id": number, "result": dict.fromkeys(result)}
    ),
}
ABOUT = {
    "implementation": "oracle",
    "version": "1",
    "language": f"Python {sys.version_info[0]}",
    "operations": ["check-model", "enforce", "score"],
}


def main(folder, mode="right", wanted="0"):
    answers, number = expected(folder), 0
    notes = os.environ.get("ORACLE_LINES")
    for text in sys.stdin:
        if notes:
            with Path(notes).open("a") as file:
                file.write(text)
        message = json.loads(text)
        if message.get("cmd") == "start":
            say(json.dumps({**ABOUT, **json.loads(os.environ.get("ORACLE_ABOUT", "{}"))}))
        elif message.get("cmd") == "stop":
            return
        else:
            key = (message["operation"], json.dumps(message["input"], sort_keys=True))
            number = list(answers).index(key) + 1
            act = MODES[mode if number == int(wanted) else "right"]
            act(number=message["id"], result=answers[key])


if __name__ == "__main__":
    main(*sys.argv[1:])
