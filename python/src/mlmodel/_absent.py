"""Names of MLflow that are not here (yet): each says so, and what to do instead.

One table says for every name of MLflow's public interface that users bring along what the way
is. A package's ``__getattr__`` ends in :func:`absent_name`, the import system in
:func:`absent_module`; a name that stands in no row is simply unknown.
"""

from __future__ import annotations

from mlmodel.errors import MissingDependency, UnsupportedModel

__all__ = ["absent_module", "absent_name", "absent_names"]


class _AbsentName(UnsupportedModel, AttributeError):
    """A name that this library does not have; ``hasattr`` answers no."""


class _AbsentModule(MissingDependency, ModuleNotFoundError):
    """A module that this library does not have."""


_TRACKING = (
    "mlmodel records no runs yet. Go on calling mlflow for that; a model that mlmodel saved to a "
    'folder goes into a run by mlflow.log_artifacts(folder, "model")'
)
_LOG_MODEL = (
    "There is no run to log into yet. Save the model to a folder with save_model(model, path); "
    'mlflow.log_artifacts(path, "model") puts it into a run, from which MLflow loads it'
)
_LOG_SAVED = (
    "There is no run to log into yet. save_model(model, path) makes a model folder of what is "
    "saved, which is loaded first or, for a SavedModel, given as its folder; "
    'mlflow.log_artifacts(path, "model") puts that into a run, from which MLflow loads it'
)
_LOG_STATE = (
    "There is no run to log into yet. Save it to a folder with save_state_dict(state_dict, path); "
    "mlflow.log_artifacts(path, artifact_path) puts it into a run"
)
_REGISTRY = (
    "mlmodel has no model registry yet. A model is known by its folder or its URI (s3://, "
    "https://, ...), which load_model and every command take"
)
_AUTOLOG = (
    "Nothing is recorded by itself yet. autolog of a flavor (mlmodel.sklearn.autolog) passes on to "
    "MLflow where it is installed; else call save_model(model, path, input_example=X) after "
    "training"
)
_EVALUATE = (
    "mlmodel does not evaluate models yet. Load the model with mlmodel.pyfunc.load_model, predict, "
    "and hand the predictions to your metrics (sklearn.metrics, ...)"
)
_TRACING = (
    "mlmodel records no traces. Write mlflow.trace and mlflow.start_span in the model's own file: "
    "where MLflow is not installed they do nothing, and the model loads (PYF-011)"
)
_PROMPTS = "mlmodel keeps no prompts; the URIs in the key prompts of an MLmodel file are kept"
_CHAT = (
    "Derive the model from mlmodel.pyfunc.PythonModel, with a signature or type hints that say "
    "what it takes"
)
_SERVING = "Serve the model with the command mlmodel serve -m MODEL"
_ENVIRONMENTS = (
    "mlmodel makes no environments yet. mlmodel.pyfunc.get_model_dependencies(model) is the file "
    "from which pip or conda makes one"
)
_FLAVOR = (
    "There is no flavor of this library yet. Wrap the model in a mlmodel.pyfunc.PythonModel; a "
    "folder that MLflow saved is read, checked and described (mlmodel inspect), and not loaded"
)
_PLUGINS = (
    "Flavors of other distributions are known by the entry point mlmodel.flavors; "
    "mlmodel.flavors.register makes one known to a program"
)

#: Names -> what to do instead. A name has the places of the key: modules of this package, ``""``
#: the package itself, ``*`` every flavor.
_TABLE: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("",),
        (
            "MlflowClient active_run add_exit create_experiment delete_experiment delete_run "
            "delete_tag end_run get_active_model_id get_artifact_uri get_experiment "
            "get_experiment_by_name get_parent_run get_registry_uri get_run get_tracking_uri "
            "is_tracking_uri_set last_active_run last_logged_model_id load_table log_artifact "
            "log_artifacts log_dict log_figure log_image log_input log_inputs log_metric "
            "log_metrics "
            "log_outputs log_param log_params log_stream log_table log_text search_experiments "
            "search_logged_models search_runs set_active_model clear_active_model "
            "set_experiment set_experiment_tag set_experiment_tags set_registry_uri "
            "set_system_metrics_samples_interval set_tag set_tags set_tracking_uri start_run "
            "enable_system_metrics_logging disable_system_metrics_logging create_external_model "
            "finalize_logged_model get_logged_model initialize_logged_model "
            "delete_logged_model_tag "
            "set_logged_model_tags log_model_params flush_artifact_async_logging "
            "artifacts data entities projects run tracking system_metrics server"
        ),
        _TRACKING,
    ),
    (("",), "delete_model_version register_model register_logged_model", _REGISTRY),
    (("",), "autolog", _AUTOLOG),
    (("*", "pyfunc", ""), "log_model", _LOG_MODEL),
    (("*",), "log_saved_model", _LOG_SAVED),
    (("*",), "log_state_dict", _LOG_STATE),
    (("models.Model",), "log", _LOG_MODEL),
    (
        ("", "models"),
        (
            "evaluate EvaluationMetric EvaluationResult EvaluationArtifact MetricThreshold "
            "make_metric list_evaluators validate_evaluation_results metrics evaluation genai"
        ),
        _EVALUATE,
    ),
    (
        ("",),
        (
            "trace start_span start_span_no_context tracing get_trace get_current_active_span "
            "get_last_active_trace_id search_traces update_current_trace add_trace "
            "delete_trace_tag "
            "set_trace_tag log_trace log_feedback log_expectation log_assessment delete_assessment "
            "get_assessment update_assessment override_feedback"
        ),
        _TRACING,
    ),
    (
        ("",),
        "load_prompt register_prompt search_prompts set_prompt_alias delete_prompt_alias",
        _PROMPTS,
    ),
    (
        ("pyfunc",),
        (
            "ChatAgent ChatModel ResponsesAgent ResponsesAgentRequest ResponsesAgentResponse "
            "ResponsesAgentStreamEvent"
        ),
        _CHAT,
    ),
    (("types",), "agent chat llm responses", _CHAT),
    (("pyfunc",), "scoring_server backend mlserver dbconnect_artifact_cache", _SERVING),
    (("pyfunc", "models"), "build_docker", "Build an image from a file of your own for now"),
    (("",), "deployments sagemaker azureml gateway", _SERVING),
    (("models",), "add_libraries_to_model", _ENVIRONMENTS),
    (("models", ""), "ModelInputExample rag_signatures", "Any of the forms of an example is taken"),
    (("",), "flavor plugins", _PLUGINS),
    # MLflow's modules of libraries. The import system knows those that have come before it asks.
    (
        ("",),
        (
            "ag2 agno anthropic autogen bedrock catboost crewai diviner dspy fastai gemini gluon "
            "groq "
            "h2o haystack johnsnowlabs keras keras_core langchain lightgbm litellm llama_index "
            "mistral "
            "mleap mxnet onnx openai paddle paddlepaddle pmdarima promptflow prophet pydantic_ai "
            "pyspark pytorch sentence_transformers shap sklearn smolagents spacy spark statsmodels "
            "strands tensorflow transformers xgboost"
        ),
        _FLAVOR,
    ),
)


def absent_names(place: str) -> dict[str, str]:
    """Return the names that users look for in a place, and what to do instead."""
    return {name: way for places, names, way in _TABLE if place in places for name in names.split()}


def absent_name(module: str, name: str, place: str | None = None) -> AttributeError:
    """Return the error for a name that a module does not have.

    Args:
        module: the module that was asked, from the top.
        name: the name.
        place: the row of the table; that of the module itself, if absent.

    """
    below = module.removeprefix("mlmodel").removeprefix(".")
    way = absent_names(below if place is None else place).get(name)
    if way is None:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    return _AbsentName(f"{module}.{name} is a name of MLflow that mlmodel does not have. {way}.")


def absent_module(fullname: str) -> MissingDependency | None:
    """Return the error for importing a module, or None where no row has it."""
    parent, _, name = fullname.rpartition(".")
    way = absent_names(parent.removeprefix("mlmodel").removeprefix(".")).get(name)
    if way is None:
        return None
    return _AbsentModule(f"{fullname} is a name of MLflow that mlmodel does not have. {way}.")
