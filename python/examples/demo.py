"""The main job on real input: train, save, validate, serve, score, and see what is refused.

Run by ``make demo``; it ends by itself. Everything happens in a temporary folder, and the
server listens on loopback only.
"""

from __future__ import annotations

import http.client
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlmodel
from mlmodel.errors import UntrustedModel

COMMAND = [sys.executable, "-m", "mlmodel"]


def main() -> None:
    """Go through the whole, step by step."""
    with tempfile.TemporaryDirectory(prefix="mlmodel-demo-") as folder:
        # The demo's own trust store: the user's is not touched.
        os.environ["MLMODEL_TRUST_STORE"] = str(Path(folder) / "trust")
        model_path = Path(folder) / "wine"
        with step("train a classifier on scikit-learn's wine data (178 wines, 13 columns)"):
            model, test, truth = train()
            print(f"    accuracy on {len(test)} wines kept back: {model.score(test, truth):.3f}")
        with step("save it with an example; the signature is inferred"):
            mlmodel.save(model, model_path, example=test.head(2))
            print(*(f"    {p.name}" for p in sorted(model_path.iterdir())), sep="\n")
        with step("validate it, as a linter in CI would (no pandas, nothing of the model run)"):
            run("validate", str(model_path))
        with step("load it and compare with the model in memory"):
            loaded = mlmodel.load(model_path)
            same = (loaded.predict(test) == model.predict(test)).all()
            print(f"    predictions equal: {bool(same)}")
        with serving(model_path) as port:
            score_each_form(port, test, model.predict(test.head(3)).tolist())
            refuse_request(port, test)
        compare(Path(folder), model, test)
        refuse_model(Path(folder), model_path)
    print("\nAll done.")


def train() -> tuple:
    """Return a fitted pipeline, the rows kept back, and their true classes."""
    data, target = load_wine(return_X_y=True, as_frame=True)
    train_x, test_x, train_y, test_y = train_test_split(data, target, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train_x, train_y)
    return model, test_x, test_y


def score_each_form(port: int, test, expected: list) -> None:
    """Send the same three rows in every form of request."""
    rows = test.head(3)
    split = {"columns": list(rows.columns), "data": rows.to_numpy().tolist()}
    bodies = {
        "dataframe_split": ("application/json", json.dumps({"dataframe_split": split})),
        "dataframe_records": (
            "application/json",
            json.dumps({"dataframe_records": rows.to_dict("records")}),
        ),
        "instances": ("application/json", json.dumps({"instances": rows.to_dict("records")})),
        "inputs": ("application/json", json.dumps({"inputs": rows.to_dict("list")})),
        "text/csv": ("text/csv", rows.to_csv(index=False)),
    }
    for form, (content_type, body) in bodies.items():
        score(port, form, content_type, body, {"predictions": expected})
    old = {"split": split, "records": rows.to_dict("records")}
    for form, body in old.items():
        content_type = f"application/json; format=pandas-{form}"
        score(port, f"{content_type} (MLflow 1.x)", content_type, json.dumps(body), expected)


def score(port: int, form: str, content_type: str, body: str, expected: object) -> None:
    """Send one body and hold the answer against what the model says."""
    with step(f"score three wines over HTTP as {form}"):
        status, answer = post(port, content_type, body)
        print(f"    {status} {answer}")
        if json.loads(answer) != expected:
            sys.exit(f"the server answered something else than the model: {expected}")


def refuse_request(port: int, test) -> None:
    """Send a text where a number belongs."""
    record = test.head(1).to_dict("records")[0] | {"alcohol": "strong"}
    with step("send a text for the column alcohol: refused, and told why"):
        status, answer = post(port, "application/json", json.dumps({"dataframe_records": [record]}))
        print(f"    {status}", json.dumps(json.loads(answer), indent=2).replace("\n", "\n    "))
        if status != http.HTTPStatus.BAD_REQUEST:
            sys.exit("the request was not refused")


def compare(folder: Path, model, test) -> None:
    """Check a file without loading the model, and compare with a stricter new version."""
    test.to_csv(folder / "wines.csv", index=False)
    with step("check a CSV file against the model, without loading it"):
        run("validate-input", "-m", str(folder / "wine"), "-i", str(folder / "wines.csv"))
    mlmodel.save(model, folder / "wine2", example=test.head(2).astype({"proline": "int64"}))
    with step("ask whether a new version, which wants whole numbers, breaks callers: it does"):
        run("signature", "diff", str(folder / "wine"), str(folder / "wine2"), code=1)


class Hostile:
    """Pickles to a call of the shell, as an attacker's model would."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.marker}",)


def refuse_model(folder: Path, honest: Path) -> None:
    """Put a pickle that runs a command into a copy of the model, and load that."""
    marker, hostile = folder / "it-ran", folder / "hostile"
    subprocess.run(["cp", "-r", honest, hostile], check=True)
    (hostile / "model.pkl").write_bytes(pickle.dumps(Hostile(marker)))
    with step("load a copy whose pickle runs a shell command: refused, nothing ran"):
        try:
            mlmodel.load(hostile)
        except UntrustedModel as error:
            print("    " + str(error).replace("\n", "\n    "))
        else:
            sys.exit("the hostile model was loaded")
        if marker.exists():
            sys.exit("the hostile model's command ran")


@contextmanager
def serving(model_path: Path):
    """Start the server on a free port of loopback, wait until it is ready, end it."""
    with step("serve it: ready when the line says so"):
        server = subprocess.Popen(
            [*COMMAND, "serve", "-m", str(model_path), "-p", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = server.stdout.readline().strip()
        print(f"    {line}")
    try:
        if not line:
            sys.exit(f"the server did not start (exit code {server.wait()})")
        yield int(line.rpartition(":")[2].split("/")[0].split()[0])
    finally:
        server.terminate()
        server.wait(timeout=60)


def post(port: int, content_type: str, body: str) -> tuple[int, str]:
    """Return status and body of one request to /invocations."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/invocations", body.encode(), {"Content-Type": content_type})
    response = connection.getresponse()
    answer = response.read().decode()
    connection.close()
    return response.status, answer


def run(*args: str, code: int = 0) -> None:
    """Run a command of mlmodel, which is to end with ``code``, and show what it prints."""
    done = subprocess.run([*COMMAND, *args], check=False, capture_output=True, text=True)
    print("    " + (done.stdout + done.stderr).strip().replace("\n", "\n    "))
    if done.returncode != code:
        sys.exit(f"mlmodel {args[0]} ended with {done.returncode}, not with {code}")


@contextmanager
def step(title: str):
    """Say what is done and how long it took."""
    print(f"\n== {title}", flush=True)
    start = time.perf_counter()
    yield
    print(f"    [{(time.perf_counter() - start) * 1000:.1f} ms]", flush=True)


if __name__ == "__main__":
    main()
