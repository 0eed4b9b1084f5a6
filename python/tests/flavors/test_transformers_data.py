"""What pipelines of transformers answer as python_function, task by task (TRF rules)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

import mlmodel
from mlmodel.errors import InvalidInput
from specimens import model as trained
from specimens import transformers as small

pytestmark = pytest.mark.libraries("transformers", "torch")

ROWS = pd.DataFrame({"text": ["a good film", "the book was long"]}, index=[7, 3])
TEXTS = ROWS["text"].tolist()


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


class Both:
    """A pipeline, and the same saved and loaded."""

    def __init__(self, path, task, kind, **options):
        self.path = path
        self.pipeline = small.pipeline(task, kind, **options)
        mlmodel.transformers.save_model(self.pipeline, path)
        self.predict = mlmodel.load(path).predict


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    made = {}

    def get(task, kind, **options):
        if task not in made:
            made[task] = Both(tmp_path_factory.mktemp("task") / "m", task, kind, **options)
        return made[task]

    return get


@pytest.fixture
def classes(both):
    return both("text-classification", "BertForSequenceClassification", **small.LABELS)


@pytest.fixture
def generator(both):
    return both("text-generation", "BertLMHeadModel", is_decoder=True)


@pytest.fixture
def shot(both):
    return both("zero-shot-classification", "BertForSequenceClassification", **small.LOGIC)


@pytest.mark.parametrize("given", [
    ROWS.rename(columns={"text": "anything"}), TEXTS, tuple(TEXTS), np.array(TEXTS), pd.Series(TEXTS),
    [[one] for one in TEXTS], [{"text": one} for one in TEXTS], {"text": TEXTS},
    pd.DataFrame({"t": pd.Categorical(TEXTS)}), pd.DataFrame({"t": pd.array(TEXTS, dtype="string")}),
])  # fmt: skip
def test_one_column_of_texts_or_a_list(classes, given):
    """TRF-008: in every form of a table."""
    assert classes.predict(given).to_dict("records") == classes.pipeline(TEXTS)


@pytest.mark.parametrize(
    "given",
    ["one text", 3.0, ROWS.assign(b="x"), np.zeros((2, 2)), [["a", "b"]], np.zeros((1, 1, 1))],
)
def test_another_kind_of_data_is_refused(classes, given):
    with pytest.raises(InvalidInput, match="TRF-008"):
        classes.predict(given)


@pytest.mark.parametrize(
    "given", [["a", None], ["a", 3], pd.DataFrame({"t": [b"a", b"b"]}), [float("nan")]]
)
def test_what_is_no_text_is_refused(classes, given):
    with pytest.raises(InvalidInput, match="row.*TRF-009"):
        classes.predict(given)


def test_no_rows(both, classes):
    for given in (ROWS.head(0), [], np.array([])):
        answer = classes.predict(given)
        assert (list(answer.columns), len(answer)) == (["label", "score"], 0)
    tagger = both("token-classification", "BertForTokenClassification", num_labels=3)
    assert tagger.predict([]) == []


def test_several_labels(classes):
    """TRF-010: lists in the cells, as the pipeline gives lists."""
    answer = classes.predict(ROWS, params={"top_k": None, "function_to_apply": "sigmoid"})
    native = classes.pipeline(TEXTS, top_k=None, function_to_apply="sigmoid")
    assert answer["label"].tolist() == [[one["label"] for one in text] for text in native]
    assert answer["score"].tolist() == [[one["score"] for one in text] for text in native]
    assert answer.index.tolist() == [7, 3]


def test_more_labels_than_tensors(tmp_path):
    """TRF-007 holds their count against the widest tensor, and that of layers against the tensors."""
    many = Both(
        tmp_path / "m", "text-classification", "BertForSequenceClassification", num_labels=99
    )
    told, own = many.predict(ROWS).to_dict("records"), many.pipeline(TEXTS)
    assert [one["label"] for one in told] == [one["label"] for one in own]
    # Where its numbers lie in memory, the processor's kernels choose the last digits by.
    scores = [[one["score"] for one in both] for both in (told, own)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-5)


@pytest.mark.parametrize("params", [{}, {"aggregation_strategy": "simple"}])
def test_tokens(both, params):
    tagger = both("token-classification", "BertForTokenClassification", num_labels=3)
    answer = tagger.predict(ROWS, params=params)
    assert answer == tagger.pipeline(TEXTS, **params)
    assert {type(value) for text in answer for token in text for value in token.values()} <= {
        str, int, float, type(None),
    }  # fmt: skip
    assert tagger.predict(TEXTS[:1]) == [tagger.pipeline(TEXTS[0])]


def test_masks(both):
    filler = both("fill-mask", "BertForMaskedLM")
    texts = ["a [MASK] film", "the [MASK] was [MASK]"]
    one, two = filler.pipeline(texts)
    assert filler.predict(texts) == [one[0]["token_str"], [mask[0]["token_str"] for mask in two]]
    assert filler.predict(texts[:1]) == [one[0]["token_str"]]
    several = filler.predict(texts, params={"top_k": 2})
    assert several[0] == [found["token_str"] for found in one[:2]]
    assert several[1] == [[found["token_str"] for found in mask[:2]] for mask in two]
    aimed = filler.predict(texts[:1], params={"targets": ["good"]})
    assert aimed == ["good"]
    with pytest.raises(InvalidInput, match=r"No mask_token.*TRF-011"):
        filler.predict(["no mask"])


def test_features(both):
    """Of every text, not the first alone."""
    reader = both("feature-extraction", "BertModel")
    answer = reader.predict(ROWS)
    assert [np.shape(text) for text in answer] == [(5, 16), (6, 16)]
    assert answer == [text[0] for text in reader.pipeline(TEXTS)]


def test_generation(generator):
    plain = {"max_new_tokens": 4, "do_sample": False}
    native = [made[0]["generated_text"] for made in generator.pipeline(TEXTS, **plain)]
    assert generator.predict(ROWS, params=plain) == native
    alone = generator.predict(ROWS, params={**plain, "return_full_text": False})
    assert [text + end for text, end in zip(TEXTS, alone, strict=True)] == native
    several = generator.predict(ROWS, params={**plain, "num_beams": 3, "num_return_sequences": 2})
    assert [len(made) for made in several] == [2, 2]


@pytest.mark.parametrize(
    "params",
    [{"custom_generate": "a/b", "trust_remote_code": True}, {"assistant_model": "a/b"},
     {"generation_config": {}}, {"return_tensors": True}, {"tokenizer_encode_kwargs": {}},
     {"penalty_alpha": 0.5}, {"device": "cpu"}],
)  # fmt: skip
def test_parameters_are_a_closed_list(generator, params):
    """TRF-003, TRF-010: whoever asks cannot make the library fetch code either."""
    with pytest.raises(InvalidInput, match="TRF-010"):
        generator.predict(ROWS, params=params)


@pytest.mark.parametrize("params", [{"max_new_tokens": "x"}, {"temperature": -1.0, "do_sample": True}, {"max_new_tokens": 400}])  # fmt: skip
def test_values_that_the_pipeline_refuses(generator, params):
    """TRF-011: positions that the model does not have are among them."""
    with pytest.raises(InvalidInput, match="TRF-011"):
        generator.predict(ROWS, params=params)


def test_a_text_that_is_too_long(classes):
    with pytest.raises(InvalidInput, match="TRF-011"):
        classes.predict(["a " * 100])
    cut = classes.predict(["a " * 100], params={"truncation": True, "max_length": 20})
    assert cut.to_dict("records") == classes.pipeline(["a " * 100], truncation=True, max_length=20)


@pytest.mark.parametrize("kind", ["MemoryError", "OutOfMemoryError", "OfTheModelsOwn"])
def test_an_error_that_is_not_of_the_data_stays_what_it_is(kind):
    """TRF-011: a lack of memory (of a graphics card, which is a RuntimeError, too), or another's."""
    base = RuntimeError if kind == "OutOfMemoryError" else ArithmeticError
    lack = type(kind, (base,), {})

    class Pipeline:
        task = "text-classification"

        def __call__(self, _texts):
            raise lack("out of it")

    with pytest.raises(lack, match="^out of it$"):
        mlmodel.transformers.FLAVOR.predictor(Pipeline(), {})(TEXTS, None)


def test_the_configuration_of_python_function(generator, tmp_path):
    """TRF-010: MLflow keeps parameters there; a prediction's own come first."""
    folder = rewritten(generator.path, tmp_path, config={"max_new_tokens": 2, "do_sample": False, "device": "cpu"})  # fmt: skip
    predict = mlmodel.load(folder, trust=True).predict
    own = {"do_sample": False}
    assert predict(TEXTS) == generator.predict(TEXTS, params={**own, "max_new_tokens": 2})
    more = {"max_new_tokens": 4}
    assert predict(TEXTS, params=more) == generator.predict(TEXTS, params={**own, **more})


def test_a_template_for_prompts(generator, tmp_path):
    """TRF-013."""
    folder = rewritten(generator.path, tmp_path, metadata={"prompt_template": "the {prompt} was"})
    loaded = mlmodel.load(folder, trust=True)
    params = {"max_new_tokens": 3, "do_sample": False}
    native = generator.pipeline(
        [f"the {text} was" for text in TEXTS], return_full_text=False, **params
    )
    expected = [made[0]["generated_text"] for made in native]
    assert loaded.predict(TEXTS, params=params) == expected
    assert loaded.predict(TEXTS, params={**params, "return_full_text": True})[0].startswith("the a")
    import copy

    assert copy.deepcopy(loaded).predict(TEXTS, params=params) == expected


def rewritten(folder, to, *, config=None, metadata=None):
    import shutil

    shutil.copytree(folder, to / "m")
    path = to / "m" / "MLmodel"
    held = yaml.safe_load(path.read_text())
    if config:
        held["flavors"]["python_function"]["config"] = config
    if metadata:
        held["metadata"] = metadata
    path.write_text(yaml.safe_dump(held))
    return to / "m"


def test_zero_shot_with_labels_for_all(shot):
    params = {"candidate_labels": ["good", "bad"], "multi_label": True}
    answer = shot.predict(ROWS, params=params)
    assert answer.to_dict("records") == shot.pipeline(TEXTS, **params)
    assert answer.index.tolist() == [7, 3]
    by_commas = shot.predict(ROWS, params={**params, "candidate_labels": "good, bad"})
    assert by_commas.equals(answer)


@pytest.mark.parametrize("second", ['["film", "book"]', "film, book", ["film", "book"], np.array(["film", "book"])])  # fmt: skip
def test_zero_shot_with_labels_of_each(shot, second):
    """TRF-008: the columns that MLflow takes."""
    table = ROWS.rename(columns={"text": "sequences"}).assign(
        candidate_labels=[["good", "bad"], second], hypothesis_template=["a {}", "the {} was"]
    )
    answer = shot.predict(table)
    assert answer.iloc[0].to_dict() == shot.pipeline(TEXTS[0], ["good", "bad"], hypothesis_template="a {}")  # fmt: skip
    assert answer.iloc[1].to_dict() == shot.pipeline(TEXTS[1], ["film", "book"], hypothesis_template="the {} was")  # fmt: skip
    assert answer.index.tolist() == [7, 3]
    assert list(shot.predict(table.head(0)).columns) == ["sequence", "labels", "scores"]


def test_zero_shot_without_labels(shot):
    with pytest.raises(InvalidInput, match="candidate_labels.*TRF-008"):
        shot.predict(ROWS)
    with pytest.raises(InvalidInput, match="TRF-008"):
        shot.predict(ROWS.assign(candidate_labels="a", other="b"))


@pytest.mark.parametrize(
    "labels", [None, float("nan"), 5, ["a", None], "[null]", b"a", {"a": 1}, [["a"]]]
)
def test_zero_shot_with_what_are_no_labels(shot, labels):
    """TRF-008: with the row, and nothing is made a label of that was none."""
    table = pd.DataFrame({"text": TEXTS, "candidate_labels": ["good", labels]})
    with pytest.raises(InvalidInput, match="Row 1 of candidate_labels.*TRF-008") as caught:
        shot.predict(table)
    assert caught.value.details[0].column == "candidate_labels"


@pytest.mark.parametrize(
    "template",
    [
        None,
        3,
        "no place",
        "a {:>999999999}",
        "{0.__class__}",
        "{0!r}",
        "{name}",
        "{",
        "{1}",
        "{}{}",
        "{0} {0}",
    ],
)
def test_zero_shot_with_another_template(shot, template):
    """TRF-008: as a column and as a parameter."""
    table = pd.DataFrame({"text": TEXTS, "candidate_labels": "good"})
    for given, params in (
        (table.assign(hypothesis_template=["a {}", template]), None),
        (TEXTS, {"candidate_labels": ["good"], "hypothesis_template": template}),
    ):
        with pytest.raises(InvalidInput, match="hypothesis_template is a text with {}.*TRF-008"):
            shot.predict(given, params=params)


def test_zero_shot_with_a_column_twice(shot):
    """TRF-008."""
    table = pd.DataFrame(
        [["a", "b", "c"]], columns=["text", "candidate_labels", "candidate_labels"]
    )
    with pytest.raises(InvalidInput, match="'candidate_labels' is given more than once.*TRF-008"):
        shot.predict(table)


def test_threads_do_not_disturb_each_other(classes):
    """A tokenizer has a state, of whether it cuts."""
    from concurrent.futures import ThreadPoolExecutor

    loaded = mlmodel.load(classes.path)
    ways = [{}, {"truncation": True, "max_length": 3}] * 20
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda params: loaded.predict(TEXTS, params=params), ways))
    assert all(one.equals(found[place % 2]) for place, one in enumerate(found))


def test_texts_over_rest(classes):
    from mlmodel.scoring.invocations.protocol import handle

    engine = mlmodel.load(classes.path).engine
    body = b'{"dataframe_split": {"columns": ["text"], "data": [["a good film"]]}}'
    answer = handle("application/json", body, engine)
    assert answer.status == 200
    assert b'"label"' in answer.body
    assert trained("transformers").task == "text-classification"
