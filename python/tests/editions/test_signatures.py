"""What the editions show of signatures and input examples."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn import datasets

import mlmodel
from mlmodel.errors import InvalidInput
from mlmodel.models import Model, ModelSignature

IRIS = datasets.load_iris()
FRAME = pd.DataFrame(IRIS.data, columns=IRIS.feature_names)
#: Writes the signature that a block made.
TOLD = "import json; print(json.dumps(signature.to_dict()))"
#: The digits that scikit-learn has, drawn larger: MNIST itself is in the network.
DIGITS = """
import keras, numpy
from sklearn.datasets import load_digits
def load_data():
    digits = load_digits()
    images = numpy.pad(digits.images.repeat(3, 1).repeat(3, 2), [(0, 0), (2, 2), (2, 2)])
    images = images.astype("uint8")
    return (images[:300], digits.target[:300]), (images[300:340], digits.target[300:340])
keras.datasets.mnist.load_data = load_data
"""
#: A network of what the example's inputs are, which the block takes for granted.
NETWORK = """
import keras, mlmodel.keras, numpy as np
model = keras.Sequential([keras.Input((4, 4)), keras.layers.Flatten(), keras.layers.Dense(2)])
"""
FOREST = """
import mlmodel.sklearn, pandas
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
iris = datasets.load_iris()
model = RandomForestClassifier(max_depth=7, random_state=0).fit(
    pandas.DataFrame(iris.data, columns=iris.feature_names), iris.target
)
"""


def told(done):
    return json.loads(done.stdout.splitlines()[-1])


def test_columns_as_the_file_has_them(printed):
    """SIG-001: four named columns of doubles, and an answer without a name."""
    signature = ModelSignature.from_dict(yaml.safe_load(printed("L217"))["signature"])
    assert signature.inputs.input_names() == IRIS.feature_names
    assert [str(one.type) for one in signature.inputs] == ["double"] * 4
    [output] = signature.outputs
    assert (output.name, str(output.type)) == (None, "integer")
    assert ModelSignature.from_dict(signature.to_dict()) == signature


def test_tensors_as_the_file_has_them(printed):
    """Row 3: the flat form, of which this implementation writes the other."""
    signature = ModelSignature.from_dict(yaml.safe_load(printed("L239"))["signature"])
    [images] = signature.inputs
    assert (images.name, images.type, images.shape) == (
        "images",
        np.dtype("uint8"),
        (-1, 28, 28, 1),
    )
    [answer] = signature.outputs
    assert (answer.type, answer.shape) == (np.dtype("float32"), (-1, 10))
    assert ModelSignature.from_dict(signature.to_dict()) == signature


@pytest.mark.slow
def test_columns_inferred_and_by_hand(run_printed, tmp_path):
    """Row 12: one signature, but that an array of classes is a tensor, and no column of longs."""
    repairs = {"mlflow.sklearn.log_model(": "mlflow.sklearn.save_model("}
    inferred = told(run_printed("L310", repairs=repairs, then=TOLD))
    by_hand = told(run_printed("L328", then=TOLD))
    assert inferred["inputs"] == by_hand["inputs"]
    [output] = ModelSignature.from_dict(inferred).outputs
    assert (output.type, output.shape) == (np.dtype("int64"), (-1,))
    assert [str(one.type) for one in ModelSignature.from_dict(by_hand).outputs] == ["long"]
    model = mlmodel.load(tmp_path / "iris_rf")
    assert model.signature.to_dict() == inferred
    assert (model.predict(FRAME) == IRIS.target).mean() > 0.95
    with pytest.raises(InvalidInput, match="sepal length"):
        model.predict(FRAME.drop(columns="sepal length (cm)"))


@pytest.mark.slow
@pytest.mark.libraries("keras", "tensorflow", "h5py")
def test_tensors_inferred_and_by_hand(run_printed, tmp_path):
    """Rows 13 and 33: the network of MNIST, its signature with a batch of any size."""
    repairs = {
        "SGD(lr=0.01": "SGD(learning_rate=0.01",  # the name that it has since Keras 2.3
        "mlflow.keras.log_model(": "mlflow.keras.save_model(",
    }
    native = "numpy.save('answer.npy', model.predict(testX[:5]))"
    inferred = told(run_printed("L347", repairs=repairs, before=DIGITS, then=f"{native}\n{TOLD}"))
    assert inferred == told(run_printed("L379", then=TOLD))
    model = mlmodel.load(tmp_path / "mnist_cnn")
    assert model.signature.to_dict() == inferred
    images = datasets.load_digits().images[300:305].repeat(3, 1).repeat(3, 2)
    images = np.pad(images, [(0, 0), (2, 2), (2, 2)])[..., None]
    answer = model.predict(images.astype("uint8"))
    np.testing.assert_allclose(answer, np.load(tmp_path / "answer.npy"), rtol=1e-5)
    with pytest.raises(InvalidInput, match="uint8"):
        model.predict(images)


@pytest.mark.slow
def test_an_example_of_columns(run_printed, tmp_path):
    """Row 21: a mapping of scalars is one row."""
    repairs = {"mlflow.sklearn.log_model(...,": 'mlflow.sklearn.save_model(model, "my_model",'}
    run_printed("L411", repairs=repairs, before=FOREST)
    model = mlmodel.load(tmp_path / "my_model")
    assert model.input_example.to_dict("records") == [
        dict(zip(IRIS.feature_names, [5.1, 3.5, 1.4, 0.2], strict=True))
    ]
    assert model.predict(model.input_example).tolist() == [0]
    assert model.signature.inputs.input_names() == IRIS.feature_names


@pytest.mark.slow
@pytest.mark.libraries("keras", "tensorflow", "h5py")
def test_an_example_of_a_tensor(run_printed, tmp_path):
    """Row 22: dtype and shape come back, and the first axis is the batch."""
    repairs = {"mlflow.keras.log_model(...,": 'mlflow.keras.save_model(model, "my_model",'}
    run_printed("L428", repairs=repairs, before=NETWORK)
    model = mlmodel.load(tmp_path / "my_model")
    example = model.input_example
    assert (example.dtype, example.shape) == (np.dtype("uint8"), (2, 4, 4))
    assert example[1, 3].tolist() == [33, 44, 11, 82]
    assert model.predict(example).shape == (2, 2)
    [spec] = Model.load(tmp_path / "my_model").signature.inputs
    assert (spec.type, spec.shape) == (np.dtype("uint8"), (-1, 4, 4))
