"""Public names where MLflow's users look for them (``mlflow.models``); imported when used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.pyfunc.from_code import ModelConfig, set_model
    from mlmodel.pyfunc.requirements import infer_pip_requirements
    from mlmodel.pyfunc.retrievers import set_retriever_schema
    from mlmodel.pyfunc.scoring import (
        convert_input_example_to_serving_input,
        predict,
        validate_serving_input,
    )
    from mlmodel.signature.infer.from_data import infer_signature
    from mlmodel.signature.infer.hints import infer_signature_from_type_hints
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.store.description import Model, ModelInfo, get_model_info
    from mlmodel.store.new_signature import set_signature

__all__ = [
    "Model",
    "ModelConfig",
    "ModelInfo",
    "ModelSignature",
    "convert_input_example_to_serving_input",
    "get_model_info",
    "infer_pip_requirements",
    "infer_signature",
    "infer_signature_from_type_hints",
    "predict",
    "set_model",
    "set_retriever_schema",
    "set_signature",
    "validate_serving_input",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Model": "mlmodel.store.description",
        "ModelConfig": "mlmodel.pyfunc.from_code",
        "ModelInfo": "mlmodel.store.description",
        "ModelSignature": "mlmodel.signature.model_signature",
        "convert_input_example_to_serving_input": "mlmodel.pyfunc.scoring",
        "get_model_info": "mlmodel.store.description",
        "infer_pip_requirements": "mlmodel.pyfunc.requirements",
        "infer_signature": "mlmodel.signature.infer.from_data",
        "infer_signature_from_type_hints": "mlmodel.signature.infer.hints",
        "predict": "mlmodel.pyfunc.scoring",
        "set_model": "mlmodel.pyfunc.from_code",
        "set_retriever_schema": "mlmodel.pyfunc.retrievers",
        "set_signature": "mlmodel.store.new_signature",
        "validate_serving_input": "mlmodel.pyfunc.scoring",
    },
    modules=("auth_policy", "model", "resources", "signature"),
)
