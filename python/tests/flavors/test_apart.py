"""A flavor is its own module, schema, page and vectors; no other file names it (rule 4 of the design).

Flavors have names of everyday words too (a `crate`, a `spark`), so a file *names* a flavor where its
name stands for the flavor, and not wherever the word is:

- in Python, a text that is the name and nothing else (`name = "…"`, a key or a member of a registry);
- an import of it, and in any file its module or loader module: `flavors.…`, `mlmodel.…`, `mlflow.…`;
- in JSON and in MLmodel files that any text shows, a key of a mapping `flavors`, and in JSON the value
  of `flavor`, or of `const` or `enum`;
- in prose, "the … flavor".

Left out are

- generated files: the copies of the schemas, their bundles and what of them was released, the index
  of the rules, the extras of pyproject.toml;
- `trust/`, which is knowingly a list of libraries: their names in pickles, the checks of their files;
- vectors and attacks of the trust area, which hold such pickles.

The flavor `sklearn` is named in examples of the format's other pages and vectors, which show whole
MLmodel files; so are `mlflow.sklearn` and the words of docstrings that explain by it.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCE = REPOSITORY / "python" / "src" / "mlmodel"
FLAVORS = sorted(path.stem for path in (SOURCE / "flavors").glob("[!_]*.py"))
#: The flavor by which the pages explain the format.
EXAMPLE = "sklearn"

LEFT_OUT = (
    "python/src/mlmodel/_schemas/", "python/src/mlmodel/reports/_rules.json",
    "schemas/bundled/", "schemas/baseline/",
    "python/src/mlmodel/trust/", "conformance/vectors/v1/trust/", "conformance/attacks/",
)  # fmt: skip


def own_files(flavor):
    return {
        f"python/src/mlmodel/flavors/{flavor}.py", f"schemas/v1/flavors/{flavor}.json",
        f"spec/flavors/{flavor}.md", f"conformance/vectors/v1/flavors/{flavor}.json",
    }  # fmt: skip


def is_own(file, flavor):
    """A part of a flavor that is a thing of its own stands beside its module, as `_<flavor>_<part>.py`."""
    return file in own_files(flavor) or file.startswith(f"python/src/mlmodel/flavors/_{flavor}_")


#: A mapping `flavors` of an MLmodel file, in block or flow style, however deep it stands in a text.
_FLAVORS_OF_A_FILE = re.compile(
    r"""^(?P<indent>[ ]*)(?:-[ ])?["']?flavors["']?:(?:[ ]*\n(?P<block>(?:(?P=indent)[ ]+\S.*(?:\n|$))+)"""
    r"""|[ ]*(?P<flow>\{.*))""",
    re.MULTILINE,
)


# Every flavor asks every file, so each is read once.


@cache
def nodes_of(text):
    nodes = ast.walk(ast.parse(text))
    return [
        node for node in nodes
        if isinstance(node, ast.ImportFrom)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    ]  # fmt: skip


value_of = cache(json.loads)


@cache
def words_of(file, text):
    """Return the words of a file, those of texts in code too: no other flavor can be named in it."""
    texts = [text]
    if file.endswith(".py"):
        texts += [node.value for node in nodes_of(text) if isinstance(node, ast.Constant)]
    return {word for one in texts for word in re.findall(r"\w+", one.lower())}


@cache
def flavors_in(text):
    """Return the mappings `flavors` in a text."""
    return [found["block"] or found["flow"] for found in _FLAVORS_OF_A_FILE.finditer(text)]


class Named:
    """Whether a text names one flavor."""

    def __init__(self, flavor):
        word = re.escape(flavor)
        self.flavor = flavor
        self.module = re.compile(rf"\b(?:flavors|mlmodel|mlflow)[./]{word}(?![\w-])")
        self.prose = re.compile(rf"(?<![\w-])[`'\"]?{word}[`'\"]? flavors?\b", re.IGNORECASE)
        self.key = re.compile(rf"""(?:^|[\s{{,])["']?{word}["']?\s*:""", re.MULTILINE)

    def by(self, file, text):
        if self.flavor not in words_of(file, text):
            return False
        if self.module.search(text) or self.prose.search(text):
            return True
        if file.endswith(".py"):
            return any(map(self.in_python, nodes_of(text)))
        if file.endswith(".json"):
            return self.in_json(value_of(text))
        return self.shown(text)

    def in_python(self, node):
        if isinstance(node, ast.ImportFrom) and node.module in {"mlmodel", "mlmodel.flavors"}:
            return self.flavor in {alias.name for alias in node.names}
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value == self.flavor or self.shown(node.value)
        return False

    def shown(self, text):
        """Whether an MLmodel file in the text has the flavor."""
        return any(map(self.key.search, flavors_in(text)))

    def in_json(self, value, key=None):
        if isinstance(value, str):
            return (key in {"flavor", "const", "enum"} and value == self.flavor) or self.shown(
                value
            )
        if isinstance(value, list):
            return any(self.in_json(one, key) for one in value)
        if not isinstance(value, dict):
            return False
        if key == "flavors" and (
            self.flavor in value or self.flavor in value.get("properties", ())
        ):
            return True
        return any(self.in_json(one, name) for name, one in value.items())


@cache
def texts():
    found = []
    for top in ("python/src/mlmodel", "spec", "schemas", "conformance"):
        for path in sorted((REPOSITORY / top).rglob("*")):
            name = path.relative_to(REPOSITORY).as_posix()
            if path.suffix in {".py", ".json", ".md", ".tsv"} and not name.startswith(LEFT_OUT):
                found.append((name, path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("flavor", [name for name in FLAVORS if name != EXAMPLE])
def test_no_other_file_names_a_flavor(flavor):
    named = Named(flavor)
    naming = [name for name, text in texts() if not is_own(name, flavor) and named.by(name, text)]
    assert naming == []


@pytest.mark.parametrize("flavor", FLAVORS)
def test_a_flavor_names_itself_in_its_own_files(flavor):
    """So that what looks for names is seen to find them in all four."""
    files = own_files(flavor)
    named = Named(flavor)
    assert {name for name, text in texts() if name in files and named.by(name, text)} == files


NAMING = [
    ("a.py", 'name = "spark"'), ("a.py", 'FLAVORS = {"spark": 3}'), ("a.py", 'ORDER = ("spark",)'),
    ("a.py", 'folder.attributes("spark")'), ("a.py", "if flavor == 'spark': pass"),
    ("a.py", "import mlmodel.flavors.spark"), ("a.py", "from mlmodel.flavors.spark import FLAVOR"),
    ("a.py", "from mlmodel.flavors import onnx, spark"), ("a.py", "from mlmodel import spark"),
    ("a.py", "from mlmodel.flavors import (\n    onnx,\n    spark as native,\n)"),
    ("a.py", "import mlmodel\nmlmodel.spark.save_model"), ("a.py", "# loader: mlflow.spark"),
    ("a.py", '"""Unless it is of the Spark flavor."""'), ("a.py", 'open(f"{root}/flavors/spark.py")'),
    ("a.py", '"""Shows a file::\n\n    flavors:\n      spark: {}\n"""'),
    ("a.md", "```yaml\nflavors:\n  python_function:\n    env: a\n  spark:\n    data: b\n```"),
    ("a.md", "  flavors: {python_function: {}, spark: {}}"), ("a.md", "see flavors/spark.md"),
    ("a.md", "| row | the `spark` flavor of a model |"), ("a.md", "as `mlflow.spark` is"),
    ("a.json", '{"flavors": {"spark": {}}}'), ("a.json", '{"flavors": {"properties": {"spark": {}}}}'),
    ("a.json", '{"tests": [{"MLmodel": "flavors:\\n  spark:\\n    data: a\\n"}]}'),
    ("a.json", '{"flavor": "spark"}'), ("a.json", '{"$ref": "flavors/spark.json"}'),
    ("a.json", '{"loader_module": {"const": "mlflow.spark"}}'), ("a.json", '{"enum": ["a", "spark"]}'),
    ("a.tsv", "a\tmlflow.spark\n"),
]  # fmt: skip
NOT_NAMING = [
    ("a.py", '"""A Spark DataFrame, a spark of hope."""\nspark = schema(spark)'),
    ("a.py", "from mlmodel.signature.infer.spark import spark_schema"),
    ("a.py", "from mlmodel.pyfunc import spark_udf"), ("a.py", "import pyspark.sql"),
    ("a.py", 'VECTOR = "org.apache.spark.ml"\nMODULES = ("pyspark", "spark_udf")'),
    ("a.py", '"""By python_function, else spark, else mleap."""\nmlflow.pyfunc.spark_udf'),
    ("a.md", "- **RST-087** served by `crate`; by `spark` if it has neither"),
    ("a.md", "```yaml\nflavors:\n  own: {}\nmetadata:\n  spark: 3\n```"),
    ("a.md", "a vector of Spark ML; sparks of many flavors; the pyspark flavor"),
    ("a.json", '{"channels": ["spark"], "conda": "dependencies: [spark]"}'),
    ("a.json", '{"id": "vector-of-spark", "description": "a vector of Spark ML", "spark": 1}'),
    ("a.json", '{"flavors": {"own": {"data": "spark"}}}'), ("a.tsv", "spark\torg.apache.spark"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text"), NAMING)
def test_what_names_a_flavor_is_found(file, text):
    assert Named("spark").by(file, text)


@pytest.mark.parametrize(("file", "text"), NOT_NAMING)
def test_everyday_words_name_no_flavor(file, text):
    assert not Named("spark").by(file, text)


@pytest.mark.parametrize("flavor", FLAVORS)
def test_a_flavor_has_its_four_files(flavor):
    missing = [name for name in own_files(flavor) if not (REPOSITORY / name).is_file()]
    assert missing == []


def test_there_are_flavors_to_look_at():
    assert len(FLAVORS) > 1
