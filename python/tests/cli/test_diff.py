"""mlmodel diff and mlmodel signature: what a person and another program are told."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from mlmodel.cli import diff, inspect, main, signature

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

OLD = {
    "inputs": [{"type": "long", "name": "age"}, {"type": "datetime", "name": "since"}],
    "outputs": [{"type": "double", "name": "score"}],
}
NEW = {
    "inputs": [
        {"type": "long", "name": "age"},
        {"type": "string", "name": "since"},
        {"type": "string", "name": "city", "required": False},
    ],
    "outputs": [{"type": "double", "name": "score"}],
}

SINCE = "datetime becomes string: columns of datetime are refused (typed callers) (SIG-054)"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return a model folder with the old signature, and a JSON file with the new one."""
    model = tmp_path / "model"
    model.mkdir()
    texts = {part: json.dumps(specs) for part, specs in OLD.items()}
    (model / "MLmodel").write_text(f"flavors: {{a: {{}}}}\nsignature: {json.dumps(texts)}\n")
    (tmp_path / "new.json").write_text(json.dumps(NEW))
    return model, tmp_path / "new.json"


def run(command: Any, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_signatures_as_text(files: tuple[Path, Path]) -> None:
    done = run(signature.command, "diff", *files)
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "inputs",
        f"  BREAKS  since  {SINCE}",
        "  ok      city   string (optional) is added and may be left out (SIG-052)",
        "2 changes: 1 breaks typed callers.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        ([["typed", "untyped"]], "1 change, which breaks typed and untyped callers."),
        ([["untyped"]], "1 change, which breaks untyped callers."),
        ([[]], "1 change: no caller breaks."),
        (
            [["typed"], ["typed", "untyped"], []],
            "3 changes: 2 break typed callers, 1 breaks untyped callers.",
        ),
        ([["typed"], ["untyped"]], "2 changes: 1 breaks typed callers, 1 breaks untyped callers."),
        ([["typed", "untyped"], []], "2 changes: 1 breaks typed and untyped callers."),
    ],
)
def test_the_sentence_of_a_comparison(breaks: list[list[str]], sentence: str) -> None:
    changes = [{"breaks": who} for who in breaks]
    assert signature.verdict(changes, ("typed", "untyped")) == sentence


def test_callers_that_count(files: tuple[Path, Path]) -> None:
    assert run(signature.command, "diff", *files, "--callers", "typed").exit_code == 1
    done = run(signature.command, "diff", *files, "--callers", "untyped")
    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == "2 changes: no caller breaks."
    done = run(signature.command, "diff", files[0], files[0])
    assert (done.exit_code, done.output) == (0, "The signatures are the same.\n")


def test_signatures_as_json(files: tuple[Path, Path]) -> None:
    done = run(signature.command, "diff", *files, "--format", "json")
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert (found["compatible"], found["breaks"]) == (False, ["typed"])
    assert [change["name"] for change in found["changes"]] == ["since", "city"]


def test_show_gives_what_diff_reads(files: tuple[Path, Path], tmp_path: Path) -> None:
    done = run(signature.command, "show", files[0])
    assert done.exit_code == 0
    (tmp_path / "shown.json").write_text(done.output)
    assert run(signature.command, "diff", files[0], tmp_path / "shown.json").exit_code == 0
    (files[0] / "MLmodel").write_text("flavors: {a: {}}\n")
    done = run(signature.command, "show", files[0])
    assert (done.exit_code, done.output) == (1, "The model has no signature.\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "INVALID_ARGUMENT"),
        ('{"a": 1}', "INVALID_ARGUMENT"),
        ('{"signature": []}', "INVALID_ARGUMENT"),
        ('{"inputs": [{"type": "float64"}]}', "INVALID_MODEL"),
        ('{"inputs": "["}', "INVALID_MODEL"),
        ("[]", "INVALID_MODEL"),
        ("flavors: {a: {}}\nsignature: text\n", "INVALID_MODEL"),
        ("\x00", "INVALID_MODEL"),
    ],
)
def test_files_without_a_signature(
    files: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    code: str,
) -> None:
    (tmp_path / "odd").write_text(text)
    with pytest.raises(SystemExit) as ended:
        main(["signature", "diff", str(files[0]), str(tmp_path / "odd")])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(f"mlmodel: {code}: ")


def test_positions_and_many_changes(tmp_path: Path) -> None:
    for name, kind in (("old", "long"), ("new", "double")):
        specs = [{"type": kind}] * 300
        (tmp_path / name).write_text(json.dumps({"inputs": specs}))
    lines = run(signature.command, "diff", tmp_path / "old", tmp_path / "new").output.splitlines()
    assert lines[1].startswith("  BREAKS  #0 ")
    assert lines[-2:] == [
        "  and 100 more (--format json shows all)",
        "300 changes: 300 break typed and untyped callers.",
    ]


def test_models_as_text(files: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    texts = {part: json.dumps(specs) for part, specs in NEW.items()}
    (other / "MLmodel").write_text(
        f"flavors: {{a: {{k: {'x' * 200}}}, b: {{}}}}\nrun_id: r\nown: [1]\nmetadata: {{t: 1}}\n"
        f"signature: {json.dumps(texts)}\n"
    )
    (other / "requirements.txt").write_text("numpy==2.0\n")
    digest = hashlib.sha256(b"numpy==2.0\n").hexdigest()
    done = run(diff.command, files[0], other)
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        f"A  {files[0]}",
        f"B  {other}",
        "attributes",
        "  + own  [1]",
        "flavors",
        f"  + a.k  {'x' * 99}…",
        "  + b    {}",
        "signature",
        "  inputs",
        f"    BREAKS  since  {SINCE}",
        "    ok      city   string (optional) is added and may be left out (SIG-052)",
        "  2 changes: 1 breaks typed callers.",
        "environment",
        "  + numpy  numpy==2.0",
        "metadata",
        "  + t  1",
        "files",
        f"  + requirements.txt  11 bytes ({digest[:8]})",
        "when and where they were saved",
        "  + run_id  r",
    ]  # fmt: skip


def test_models_that_are_the_same(files: tuple[Path, Path], tmp_path: Path) -> None:
    done = run(diff.command, files[0], files[0])
    assert done.exit_code == 0
    assert done.output.endswith("The models are the same.\n")
    other = tmp_path / "other"
    other.mkdir()
    (other / "MLmodel").write_text((files[0] / "MLmodel").read_text() + "run_id: x\n")
    done = run(diff.command, files[0], other / "MLmodel")
    assert done.output.splitlines()[-1] == (
        "The models are the same except for when and where they were saved."
    )


def test_a_model_that_cannot_be_read_is_no_difference(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    """ERR-011: 1 is the answer that models differ."""
    (tmp_path / "MLmodel").write_bytes(b"\xff")
    done = run(diff.command, files[0], tmp_path)
    assert done.exit_code == 2
    assert done.stderr.startswith("mlmodel: INVALID_MODEL: ")


def test_models_as_json(files: tuple[Path, Path]) -> None:
    done = run(diff.command, files[0], files[0], "--format", "json")
    assert json.loads(done.output)["same"]


def test_nothing_of_a_model_moves_the_cursor(files: tuple[Path, Path], tmp_path: Path) -> None:
    """ERR-011."""
    other = tmp_path / "other"
    other.mkdir()
    escape = "\\e[2K\\n"
    specs = json.dumps([{"type": "long", "name": "\x1b[2K\nx"}])
    (other / "MLmodel").write_text(
        f'flavors: {{a: {{"{escape}": "{escape}"}}}}\nsignature: {json.dumps({"inputs": specs})}\n'
    )
    for done in (
        run(diff.command, files[0], other),
        run(signature.command, "diff", files[0], other),
    ):
        assert "\x1b" not in done.output
        assert "\\x1b[2K" in done.output


@pytest.mark.parametrize("long", ["n" * 100_000, "n" * 150])
def test_a_long_name_does_not_make_every_line_as_long(long: str, tmp_path: Path) -> None:
    """MLM-038."""
    paths = []
    for number, kind in enumerate(("long", "string")):
        specs = [{"type": kind, "name": name} for name in (long, *map(str, range(300)))]
        folder = tmp_path / str(number)
        folder.mkdir()
        text = json.dumps({"inputs": json.dumps(specs)})
        (folder / "MLmodel").write_text(
            f"signature: {text}\nflavors: {{python_function: {{loader_module: mlflow.sklearn}}}}\n"
        )
        paths.append(str(folder))
    for result in (
        run(signature.command, "diff", *paths),
        run(diff.command, *paths),
        run(inspect.command, paths[0]),
    ):
        assert max(map(len, result.output.splitlines())) < 500
        assert len(result.output) < 60_000


def test_files_of_one_content_are_matched_in_order(tmp_path: Path) -> None:
    """DIR-013: and of many the first are shown."""
    for letter in "ab":
        folder = tmp_path / letter
        folder.mkdir()
        (folder / "MLmodel").write_text("flavors: {}\n")
        for number in range(200):
            (folder / f"{letter}{number:03}").write_text("x")
    paths = [str(tmp_path / letter) for letter in "ab"]
    found = json.loads(run(diff.command, "--format", "json", *paths).output)
    pairs = [(one["path"], one["to"]) for one in found["files"]]
    assert pairs == [(f"a{number:03}", f"b{number:03}") for number in range(200)]
    assert len(run(diff.command, *paths).output.splitlines()) < 60
