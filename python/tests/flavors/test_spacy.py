"""The spaCy flavor (SPA rules)."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    ModelNotFound,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.trust.describe import look_into
from mlmodel.trust.spacy_models import refused_in
from specimens import model as trained
from specimens import specimen

pytestmark = pytest.mark.libraries("spacy")

ROWS = pd.DataFrame({"text": ["what a lovely day", "I hate rude people"]}, index=[7, 3])


@pytest.fixture(scope="module")
def classifier():
    return trained("spacy")


@pytest.fixture
def saved(classifier, tmp_path, monkeypatch):
    """A model that somebody else saved."""
    mlmodel.spacy.save_model(classifier, tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    return tmp_path / "m"


def changed(folder, old, new, file="model.spacy/config.cfg"):
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return folder


def test_a_classifier_is_saved_and_loaded(classifier, saved):
    """SPA-001, SPA-002, SPA-003."""
    flavors = document.read(saved / "MLmodel").data["flavors"]
    import spacy

    assert flavors["spacy"] == {
        "code": None,
        "data": "model.spacy",
        "spacy_version": spacy.__version__,
    }
    assert flavors["python_function"]["loader_module"] == "mlflow.spacy"
    assert flavors["python_function"]["data"] == "model.spacy"
    assert f"spacy=={spacy.__version__}" in (saved / "requirements.txt").read_text()
    assert mlmodel.validate(saved).violations == ()
    assert look_into(saved) == []
    native = mlmodel.spacy.load_model(saved)
    assert type(native) is type(classifier)
    answer = mlmodel.load(saved).predict(ROWS)
    assert answer.index.tolist() == [7, 3]
    assert answer["predictions"].tolist() == [dict(classifier(text).cats) for text in ROWS["text"]]


@pytest.mark.parametrize("given", [
    ROWS.rename(columns={"text": "anything"}), ["a", "b"], ("a", "b"), np.array(["a", "b"]), pd.Series(["a", "b"]),
    np.array([["a"], ["b"]]), [["a"], ["b"]], [{"text": "a"}, {"text": "b"}], {"text": ["a", "b"]},
    pd.DataFrame({"t": pd.Categorical(["a", "b"])}), pd.DataFrame({"t": pd.array(["a", "b"], dtype="string")}),
])  # fmt: skip
def test_one_column_of_texts_or_a_list(saved, classifier, given):
    """SPA-008: in every form of a table."""
    texts = ROWS["text"] if isinstance(given, pd.DataFrame) and "anything" in given else ["a", "b"]
    answer = mlmodel.load(saved).predict(given)
    assert answer["predictions"].tolist() == [dict(classifier(text).cats) for text in texts]


def test_no_rows(saved):
    for given in (ROWS.head(0), [], np.array([])):
        answer = mlmodel.load(saved).predict(given)
        assert (list(answer.columns), len(answer)) == (["predictions"], 0)


@pytest.mark.parametrize(
    "given",
    ["one text", 3.0, ROWS.assign(b="x"), np.zeros((2, 2)), [["a", "b"]], np.zeros((1, 1, 1))],
)
def test_another_kind_of_data_is_refused(saved, given):
    with pytest.raises(InvalidInput, match="SPA-008"):
        mlmodel.load(saved).predict(given)


@pytest.mark.parametrize(
    "given", [["a", None], ["a", 3], pd.DataFrame({"t": [b"a", b"b"]}), [float("nan")]]
)
def test_what_is_no_text_is_refused(saved, given):
    with pytest.raises(InvalidInput, match="row.*SPA-009"):
        mlmodel.load(saved).predict(given)


def test_parameters_have_no_effect(saved):
    with pytest.warns(UserWarning, match="has no parameters"):
        mlmodel.load(saved).predict(ROWS, params={"a": 1})


def test_a_pipeline_without_a_classifier(tmp_path):
    """SPA-005: is saved for native loading."""
    import spacy

    blank = spacy.blank("de")
    blank.add_pipe("sentencizer")
    with pytest.warns(UserWarning, match="SPA-005"):
        mlmodel.spacy.save_model(blank, tmp_path / "m")
    assert "python_function" not in document.read(tmp_path / "m").data["flavors"]
    assert len(list(mlmodel.spacy.load_model(tmp_path / "m")("Eins. Zwei.").sents)) == 2
    with pytest.raises(UnsupportedModel, match=r"mlmodel\.spacy\.load_model"):
        mlmodel.load(tmp_path / "m")
    (tmp_path / "m" / "MLmodel").write_text(
        "flavors:\n  python_function: {loader_module: mlflow.spacy, data: model.spacy}\n"
    )
    with pytest.raises(UnsupportedModel, match="no text classifier.*SPA-005"):
        mlmodel.load(tmp_path / "m")


def test_a_component_that_is_called_like_a_classifier_is_none():
    """SPA-005: by its class, and that is spaCy's."""
    part = type("TextCategorizer", (), {})()
    pipeline = SimpleNamespace(pipeline=[("theirs", part)], pipe_names=["theirs"])
    with pytest.raises(UnsupportedModel, match=r"classifier \(theirs\).*SPA-005"):
        mlmodel.spacy.FLAVOR.predictor(pipeline, {})


def test_another_object_is_not_saved(classifier, tmp_path):
    with pytest.raises(InvalidArgument, match=r"pipelines of spaCy.*not builtins\.dict"):
        mlmodel.spacy.save_model({}, tmp_path / "m")
    with pytest.raises(InvalidArgument, match="pipelines of spaCy"):
        mlmodel.spacy.save_model(classifier("a text"), tmp_path / "m")
    with pytest.raises(InvalidArgument, match="give an instance"):
        mlmodel.spacy.save_model(type(classifier), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_pipeline_that_cannot_be_written(tmp_path):
    """SPA-004."""
    import spacy

    pipeline = spacy.blank("en")
    pipeline.meta["held"] = object()
    with pytest.raises(InvalidArgument, match="pipeline cannot be saved: .*SPA-004"):
        mlmodel.spacy.save_model(pipeline, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("version", ["99.0.0", "3.0.1"])
def test_another_version_is_named_with_the_installed_one(saved, version):
    """ENV-021: where the file cannot be read."""
    import spacy

    changed(saved, f"spacy_version: {spacy.__version__}", f"spacy_version: {version}", "MLmodel")
    changed(saved, 'factory = "textcat"', 'factory = "textcat"\nno_such = 3')
    with pytest.raises(
        MissingDependency,
        match=rf"(?s){version}.*{spacy.__version__}|{spacy.__version__}.*{version}",
    ):
        mlmodel.spacy.load_model(saved)


@pytest.mark.parametrize(
    "file",
    ["config.cfg", "meta.json", "tokenizer", "textcat/model", "vocab/strings.json", "textcat/cfg"],
)
# spaCy 3.7 has the whole pipeline in the first half of config.cfg.
@pytest.mark.parametrize("share", [0, 0.25])
def test_a_file_that_is_cut_off(saved, file, share):
    """SPA-004: where spaCy does not take it for a whole one."""
    path = saved / "model.spacy" / file
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises((InvalidModel, UntrustedModel)):
        mlmodel.load(saved)
    with pytest.raises(InvalidModel):
        mlmodel.load(saved, trust=True)


@pytest.mark.parametrize("file", ["config.cfg", "textcat/model", "tokenizer"])
def test_a_file_that_is_missing(saved, file):
    (saved / "model.spacy" / file).unlink()
    with pytest.raises((InvalidModel, UnsupportedModel)):
        mlmodel.load(saved)


def test_a_folder_of_something_else(saved):
    """SPA-004: it is not one of spaCy 2 either."""
    for file in ("config.cfg", "meta.json"):
        (saved / "model.spacy" / file).unlink()
    with pytest.raises((InvalidModel, ModelNotFound), match=r"config\.cfg"):
        mlmodel.load(saved)


def test_the_folder_is_missing_or_a_file(saved):
    (saved / "model.spacy").rename(saved / "elsewhere")
    with pytest.raises(InvalidModel, match="DIR-003"):
        mlmodel.load(saved)
    (saved / "model.spacy").write_text("a file")
    with pytest.raises(InvalidModel, match="DIR-009"):
        mlmodel.load(saved)


def test_a_pipeline_of_spacy_2(saved):
    (saved / "model.spacy" / "config.cfg").unlink()
    with pytest.raises(UnsupportedModel, match="spaCy 2 or older.*SPA-004"):
        mlmodel.spacy.load_model(saved)


@pytest.mark.parametrize("link", ["textcat/model", "vocab"])
def test_a_link_out_of_the_folder(saved, link):
    """SPA-003, DIR-004."""
    path = saved / "model.spacy" / link
    path.rename(saved.parent / "outside")
    path.symlink_to(saved.parent / "outside")
    with pytest.raises(InvalidModel, match="DIR-004"):
        mlmodel.load(saved, trust=True)


#: What a configuration may not say without trust: by what it is found, and how it is put there.
HOSTILE = {
    "a function of spaCy's that loads": ('"spacy.Tokenizer.v1"', '"spacy.KBFromFile.v1"'),
    "another registry": ('@tokenizers = "spacy.Tokenizer.v1"', '@misc = "spacy.LookupsDataLoader.v1"'),
    "one of a package": ('"spacy.TextCatEnsemble.v2"', '"evil.v1"'),
    "PyTorch": ('"spacy.MaxoutWindowEncoder.v2"', '"spacy.TorchBiLSTMEncoder.v1"'),
    "a component": ('factory = "textcat"', 'factory = "entity_linker"'),
    "another model": ('factory = "textcat"', 'source = "en_core_web_sm"'),
    "a callback": ("before_creation = null", 'before_creation = {"@callbacks": "spacy.copy_from_base_model.v1"}'),
    "a callback that is escaped": ("after_creation = null", 'after_creation = {"\\u0040callbacks": "evil.v1"}'),
    "a callback in a section": ("[nlp.tokenizer]", '[nlp.before_creation]\n@callbacks = "evil.v1"\n\n[nlp.tokenizer]'),
    "a callback by reference": ("after_creation = null", "after_creation = ${training.before_update}"),
    "a language": ('lang = "en"', 'lang = "en.punctuation"'),
    "a block by reference": ("threshold = 0.0", "threshold = ${nlp.tokenizer}"),
    "within a list": ("disabled = []", 'disabled = [{"@misc": "evil.v1"}]'),
    "behind a path": ("train = null", 'train = {"@misc": "evil.v1"}'),
}  # fmt: skip


def with_a_section(text):
    """Give the tokenizer the section that spaCy 3.8 writes; 3.7 has it in a line."""
    line = 'tokenizer = {"@tokenizers":"spacy.Tokenizer.v1"}\n'
    section = '\n[nlp.tokenizer]\n@tokenizers = "spacy.Tokenizer.v1"\n'
    return text.replace(line, "") + section if line in text else text


@pytest.mark.parametrize("how", HOSTILE)
def test_what_a_configuration_may_not_name(saved, how):
    """SPA-006: it is not called, asks for trust, and is told by ``inspect``."""
    old, new = HOSTILE[how]
    config = saved / "model.spacy" / "config.cfg"
    text = with_a_section(config.read_text())
    assert old in text
    config.write_text(
        text.replace(old, new, 1)
        if how != "a callback in a section"
        else text.replace("before_creation = null\n", "", 1).replace(old, new, 1)
    )
    looks = look_into(saved)
    assert [look.file for look in looks] == ["model.spacy/config.cfg"]
    assert looks[0].needs_trust
    with pytest.raises((UntrustedModel, InvalidModel)) as caught:
        mlmodel.load(saved)
    if isinstance(caught.value, UntrustedModel):
        assert "SPA-006" in caught.value.message
        assert caught.value.details[0].file == "model.spacy/config.cfg"


@pytest.mark.parametrize(
    "how", ["one of a package", "a component", "another model", "a callback", "a language"]
)
def test_what_spacy_itself_reads_is_looked_at_too(saved, how, monkeypatch):
    """SPA-006: a name that the first look read otherwise than spaCy is refused by the second."""
    from mlmodel.trust import spacy_models

    monkeypatch.setattr(spacy_models, "refused_in", lambda data: [])
    config = saved / "model.spacy" / "config.cfg"
    config.write_text(with_a_section(config.read_text()).replace(*HOSTILE[how], 1))
    with pytest.raises(UntrustedModel, match="the configuration of spaCy .*SPA-006"):
        mlmodel.load(saved)


def test_a_component_with_a_reader_of_its_own_loads_in_trust(tmp_path, monkeypatch):
    """SPA-006."""
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "Acme"}])
    with pytest.warns(UserWarning, match="SPA-005"):
        mlmodel.spacy.save_model(pipeline, tmp_path / "m")
    assert mlmodel.spacy.load_model(tmp_path / "m")("Acme").ents[0].label_ == "X"
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    with pytest.raises(UntrustedModel, match="a component of entity_ruler"):
        mlmodel.spacy.load_model(tmp_path / "m")
    assert mlmodel.spacy.load_model(tmp_path / "m", trust=True)("Acme").ents[0].label_ == "X"


@pytest.mark.parametrize(
    "data", [b"\xff", b"[nlp\n", b"lang = 1\n", b"[a]\nb = 1\n[a]\nb = 2\n", b"[a]\nb = 1\nb = 2\n"]
)
def test_a_configuration_that_cannot_be_read_asks(data):
    assert refused_in(data) == ["cannot be read as a configuration of spaCy"]


def test_an_honest_configuration_asks_for_nothing(classifier):
    """SPA-006: those of spaCy's own text classifiers."""
    assert refused_in(classifier.config.to_bytes()) == []
    import spacy

    for factory in ("textcat", "textcat_multilabel"):
        for architecture in (
            None,
            "spacy.TextCatBOW.v3",
            "spacy.TextCatReduce.v1",
            "spacy.TextCatParametricAttention.v1",
        ):
            pipeline = spacy.blank("en")
            config = {}
            if architecture == "spacy.TextCatBOW.v3":
                config = {
                    "model": {
                        "@architectures": architecture,
                        "exclusive_classes": True,
                        "ngram_size": 2,
                        "no_output_layer": False,
                    }
                }
            elif architecture:
                config = {"model": {"@architectures": architecture, "exclusive_classes": True, "tok2vec": {
                    "@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 16, "depth": 1,
                    "embed_size": 100, "window_size": 1, "maxout_pieces": 2, "subword_features": True}}}  # fmt: skip
                if "Reduce" in architecture:
                    config["model"] |= {
                        "use_reduce_first": True,
                        "use_reduce_last": True,
                        "use_reduce_max": True,
                        "use_reduce_mean": True,
                    }
            pipeline.add_pipe(factory, config=config)
            assert refused_in(pipeline.config.to_bytes()) == [], (factory, architecture)


def resized(folder, change):
    """Change the layers of the classifier's file, as whoever writes the file can."""
    import srsly

    path = folder / "model.spacy" / "textcat" / "model"
    held = srsly.msgpack_loads(path.read_bytes())
    place = next(at for at, node in enumerate(held["nodes"]) if node["name"] == "sparse_linear")
    change(held, place)
    path.write_bytes(srsly.msgpack_dumps(held))


def _window(held, _):
    import srsly

    for attrs in held["attrs"]:
        if "window_size" in attrs:
            attrs["window_size"] = srsly.msgpack_dumps(2**30)


ATTACKS = {
    "few weights": lambda held, at: held["params"][at].update(W=np.zeros(8, dtype="f")),
    "another type": lambda held, at: held["params"][at].update(W=held["params"][at]["W"].astype("u1")),
    "another shape": lambda held, at: held["params"][at].update(W=held["params"][at]["W"].reshape(2, -1)),
    "a long length": lambda held, at: held["nodes"][at]["dims"].update(length=2**30),
    "many outputs": lambda held, at: held["nodes"][at]["dims"].update(nO=2**20),
    "one bias": lambda held, at: held["params"][at].update(b=np.zeros(1, dtype="f")),
    "another name": lambda held, at: (held["nodes"][at].update(name="x"), held["params"][at].update(W=np.zeros(8, dtype="f"))),
    "a wide window": _window,
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_numbers_that_compiled_code_follows_are_checked(saved, attack):
    """SPA-007: in a trusted folder too."""
    resized(saved, ATTACKS[attack])
    for trust in (False, True):
        with pytest.raises(InvalidModel, match="SPA-00[47]"):
            mlmodel.load(saved, trust=trust)


def test_the_flavor_under_its_early_name(classifier, tmp_path):
    """SPA-001, PYF-045 (EDITIONS row 35)."""
    specimen("spacy").layouts["2.x"](classifier, tmp_path)
    assert mlmodel.validate(tmp_path).valid
    assert [one.rule for one in mlmodel.validate(tmp_path).violations] == []
    assert mlmodel.spacy.load_model(tmp_path).pipe_names == ["textcat"]


def test_texts_over_rest(saved, classifier):
    """RST: the body of the editions for a frame."""
    from mlmodel.scoring.invocations.protocol import handle

    engine = mlmodel.load(saved).engine
    body = b'{"dataframe_split": {"columns": ["text"], "data": [["what a lovely day"]]}}'
    answer = handle("application/json", body, engine)
    assert answer.status == 200
    assert b'"good"' in answer.body
