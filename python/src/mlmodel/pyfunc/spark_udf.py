"""Models as functions of Spark: ``spark_udf``, by which a model outgrows one machine.

Specification: spec/spark-udf.md. Here is what the driver does: the model is loaded, so that what
keeps it from that is said before a job starts, and shipped. ``spark_shipped.py`` is what workers
do, ``spark_results.py`` how answers become the type that is asked for.
"""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any

from mlmodel._base.deprecated import warn_once
from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument, UnsupportedModel, shown
from mlmodel.flavors._registry import all_flavors, answering
from mlmodel.pyfunc import config as configs
from mlmodel.pyfunc.loading import load_folder
from mlmodel.pyfunc.spark_results import inferred, require_possible, result_of
from mlmodel.pyfunc.spark_shipped import Scoring, require_row_wise, ship
from mlmodel.store.folder import open_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mlmodel.document.paths import PathLike
    from mlmodel.pyfunc.model import PyFuncModel
    from mlmodel.signature.types.schema import Schema
    from mlmodel.store.folder import ModelFolder

__all__ = ["spark_udf"]

#: MLflow's names; the first is what there is.
_ENVIRONMENTS = ("local", "conda", "virtualenv", "uv")

#: Up to here columns by themselves cost Spark less than a struct of them: of 4 a quarter less of
#: the time of all processes, while 600 cost a fifth more (Spark 4.1).
_FEW = 50


def spark_udf(
    spark: Any,
    model_uri: PathLike | None = None,
    result_type: Any = "double",
    env_manager: str | None = "local",
    params: Mapping[str, Any] | None = None,
    *,
    model_config: Mapping[str, Any] | PathLike | None = None,
    trust: bool = False,
    allow: Iterable[str] = (),
) -> Callable[..., Any]:
    """Return a function of Spark that scores columns with a model (spec/spark-udf.md).

    ::

        predict = mlmodel.pyfunc.spark_udf(spark, "wine")
        table.withColumn("prediction", predict())  # the columns that the signature names
        table.withColumn("prediction", predict(struct("alcohol", "hue")))  # these columns, by name
        table.withColumn("prediction", predict("alcohol", "hue"))  # by position

    The model is loaded here, shipped once to each executor and loaded once in each of Spark's
    Python processes; in any of them ``predict.shipped.load()`` gives it (UDF-021).

    Args:
        spark: the session.
        model_uri: the model's folder, or a URI of one.
        result_type: what each row is answered with: ``"int"``, ``"long"``, ``"float"``,
            ``"double"``, ``"string"``, ``"boolean"``, an array of one of them, or a struct of such
            fields, as DDL or as a type of ``pyspark.sql.types``. None is what the signature
            says of the outputs, and ``double`` where it says nothing.
        env_manager: ``"local"``: the packages of the executors' own Python, mlmodel among them.
        params: parameters of every prediction.
        model_config: other values for keys of the model's configuration (PYF-012).
        trust: run whatever the model's files contain (TRU-004), here and on the executors.
        allow: classes, by exact qualified name, that may be loaded beside the known ones.

    Raises:
        InvalidArgument: no session, an unknown result type or one that the model cannot answer
            with (UDF-010, UDF-018), or another environment manager.
        InvalidInput: the parameters contradict the signature.
        UnsupportedModel: Spark itself answers for the model (UDF-022), or as for ``load_model``;
            when the function is called, the model does not answer row by row (UDF-023).
        ModelNotFound, InvalidModel, UntrustedModel, MissingDependency: as for :func:`load_model`;
            nothing was shipped.

    """
    session, model_uri = _session(spark, model_uri)
    _require_local(env_manager)
    folder = open_folder(model_uri, trust=trust, allow=allow)
    _require_workers(folder)
    model = load_folder(folder, model_config, warn=True)
    outputs = None if model.signature is None else model.signature.outputs
    kind = _spark_type(inferred(outputs) if result_type is None else result_type)
    result = result_of(kind.jsonValue())
    require_possible(result, outputs)
    given = None if params is None else dict(params)
    model.engine.params(given)
    shipped = ship(session, folder, configs.read(model_config) if model_config else None)
    scoring = Scoring(shipped, result, given, session.conf.get("spark.sql.session.timeZone"))
    return _called(_function(scoring, kind), scoring, model)


def _session(spark: Any, model_uri: PathLike | None) -> tuple[Any, PathLike]:
    """Return the session and the model, of which the early edition gave the second alone."""
    sql = require("pyspark.sql", _extra())
    if isinstance(spark, str | os.PathLike) and model_uri is None:
        warn_once("spark_udf(path)", "spark_udf(spark, path)")
        model_uri, spark = spark, sql.SparkSession.getActiveSession()
        if spark is None:
            raise InvalidArgument(
                "There is no active Spark session; give one: spark_udf(spark, path) (UDF-001)"
            )
    if not hasattr(spark, "sparkContext"):
        raise InvalidArgument(
            "The first argument is the Spark session that scores, and the second one the model, "
            f"not {shown(spark)} (UDF-001)"
        )
    if model_uri is None:
        raise InvalidArgument("Give the model, too: spark_udf(spark, path) (UDF-001)")
    return spark, model_uri


def _extra() -> str:
    """Return the extra that brings Spark."""
    bringing = (
        flavor.name
        for flavor in all_flavors().values()
        if any(line.startswith("pyspark") for line in flavor.extra)
    )
    return next(bringing, "all")


def _require_local(env_manager: str | None) -> None:
    if env_manager in (None, _ENVIRONMENTS[0]):
        return
    if env_manager in _ENVIRONMENTS:
        raise UnsupportedModel(
            f"env_manager={env_manager!r} would make an environment on every executor, which "
            "mlmodel does not. Install what mlmodel.pyfunc.get_model_dependencies(model) lists "
            'where the executors run, and use env_manager="local" (UDF-009)'
        )
    raise InvalidArgument(
        f"env_manager is one of {', '.join(_ENVIRONMENTS)}, not {shown(env_manager)} (UDF-009)"
    )


def _require_workers(folder: ModelFolder) -> None:
    """Go on where the processes of executors can run a model (UDF-022).

    Raises:
        UnsupportedModel: they cannot.

    """
    flavor = answering(folder.document.data["flavors"])
    if flavor is not None and flavor.no_workers:
        raise UnsupportedModel(
            f"{folder.root}: Python's processes on Spark's executors cannot run models of the "
            f"flavor {flavor.name}: {flavor.no_workers} (UDF-022)"
        )


def _spark_type(result_type: Any) -> Any:
    """Return a type of Spark, of one or of its DDL; MLflow's short names count."""
    if hasattr(result_type, "jsonValue"):
        return result_type
    if not isinstance(result_type, str):
        raise InvalidArgument(
            f"result_type is a text such as 'double', or a type of pyspark.sql.types, not "
            f"{shown(result_type)} (UDF-010)"
        )
    spark_types = require("pyspark.sql.types", _extra())
    text = "boolean" if result_type.strip().lower() == "bool" else result_type
    try:
        return spark_types._parse_datatype_string(text)  # noqa: SLF001 - DDL has no other reader in 3.5
    except Exception as error:
        raise InvalidArgument(
            f"result_type {shown(result_type)} is not a type of Spark (UDF-010); int, long, float, "
            "double, string, boolean, array<…> of one of them, or 'name type, …'"
        ) from error


def _function(scoring: Scoring, kind: Any) -> Any:
    """Return the function as Spark takes it: of Arrow arrays, before 4.1 of series of pandas."""
    functions = require("pyspark.sql.functions", _extra())
    make = getattr(functions, "arrow_udf", None)
    answer: Callable[[Sequence[Any]], Any]
    if make is not None:
        import pyarrow as pa

        answer, of, answers = scoring.arrow, pa.Array, pa.Array
    else:
        import pandas as pd

        make, answer, of = functions.pandas_udf, scoring.pandas, pd.Series
        answers = pd.DataFrame if scoring.result.is_struct else pd.Series

    def score(*columns: Any) -> Any:
        return answer(columns)

    # Spark goes by these, and they are known now alone. It asks all functions of this form in one
    # go, and each that takes an iterator of batches by itself.
    score.__annotations__ = {"columns": of, "return": answers}
    return make(score, kind)


def _called(function: Any, scoring: Scoring, model: PyFuncModel) -> Callable[..., Any]:
    """Return the function with what is special of its calls; it can be registered for SQL, too."""
    inputs = None if model.signature is None else model.signature.inputs
    metadata = model.metadata  # without the model itself, of which workers have their own

    @wraps(function)
    def score(*columns: Any) -> Any:
        require_row_wise(metadata)
        if not columns:
            return function(*_named_by(inputs))
        required = 0 if inputs is None else len(inputs.required_input_names())
        if 1 < len(columns) < required:
            raise _too_few(len(columns), inputs)
        return function(*columns)

    score.shipped = scoring.shipped  # type: ignore[attr-defined]
    return score


def _named_by(inputs: Schema | None) -> list[Any]:
    """Return the columns that a signature names, or a struct of them: what Spark does faster."""
    from pyspark.sql import functions

    if inputs is None or not inputs.has_input_names():
        why = "the model has no signature" if inputs is None else "its inputs have no names"
        raise InvalidArgument(
            f"Give the columns: predict(struct('a', 'b')) or predict('a', 'b'); {why} (UDF-004)"
        )
    names = ("`" + str(name).replace("`", "``") + "`" for name in inputs.input_names())
    columns = [functions.col(name) for name in names]
    # One column may be a struct itself, which would be taken for the table (UDF-005).
    return columns if 1 < len(columns) <= _FEW else [functions.struct(*columns)]


def _too_few(count: int, inputs: Any) -> InvalidArgument:
    missing = [str(name) for name in inputs.input_names()[count:]
               if name in inputs.required_input_names()]  # fmt: skip
    return InvalidArgument(
        f"The {count} columns are taken by position, and the model has more inputs: "
        f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing (UDF-006)"
    )
