"""An absent package is named with the extra that brings it, wherever it is met."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from mlmodel._base.origin import install_command

pytestmark = pytest.mark.slow

BLOCKED = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from mlmodel.errors import MissingDependency
try:
    {use}
except MissingDependency as error:
    print(error)
"""

PREDICT = ["numpy", "pandas", "orjson", "cloudpickle"]
#: What scikit-learn's flavor takes without its library: an int is refused before that is asked for.
SAVE = (
    "import mlmodel; model = type('Own', (), {'get_params': dict})(); "
    "mlmodel.sklearn.save_model(model, 'm')"
)


@pytest.mark.parametrize(
    ("absent", "use", "extra"),
    [
        (PREDICT, "import mlmodel; mlmodel.load", "predict"),
        (PREDICT, "import mlmodel; mlmodel.save", "predict"),
        (PREDICT, "import mlmodel; mlmodel.infer_signature", "predict"),
        (PREDICT, "import mlmodel.pyfunc", "predict"),
        (PREDICT, "from mlmodel.models import infer_signature", "predict"),
        (
            PREDICT,
            (
                "from mlmodel.types import Schema, ColSpec; from mlmodel.models import ModelSignature; "
                "ModelSignature(Schema([ColSpec('long')])).enforce([1])"
            ),
            "predict",
        ),
        (["sklearn"], SAVE, "sklearn"),
    ],
)
def test_the_extra_is_named(absent, use, extra):
    script = BLOCKED.format(absent=absent, use=use)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert install_command(extra) in done.stdout


@pytest.mark.parametrize("command", [["predict", "-m", "x"], ["serve", "-m", "x"]])
def test_commands_name_the_extra(command, tmp_path):
    script = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'numpy', 'pandas', 'httptools', 'flask', 'orjson'}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from mlmodel.cli import main\n"
        f"main({command!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, input="{}"
    )
    assert done.returncode == 2, done.stderr
    assert re.search(r"pip install (-e )?'.*\[(predict|serve)\]'", done.stderr)
    assert "Traceback" not in done.stderr


def test_the_package_is_named_as_it_is_installed():
    script = BLOCKED.format(absent=["sklearn"], use=SAVE)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "The package 'scikit-learn' is not installed" in done.stdout, done.stderr
