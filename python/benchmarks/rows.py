# ruff: noqa: RUF001 - the table is for people, with the signs that they know
"""The rows of the table, in order: what is measured, and what is aimed at.

``{big}`` in a title is the number of rows of the big frames (a million; less with --quick).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Literal

import aims

if TYPE_CHECKING:
    from aims import Aim

Unit = Literal["ms", "req/s", "MiB"]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    ``group`` names the module that measures it (run.GROUPS); ``extra`` is a second figure
    of each sample, (key, unit), shown beside the first; rates are better when greater,
    everything else when less. ``peer`` is who stands in MLflow's place.
    """

    id: str
    group: Literal["command", "inprocess", "server", "rest", "infer", "r", "spark", "jvm", "size"]
    title: str
    unit: Unit = "ms"
    aim: Aim | None = None
    rounds: int = 5
    quick_rounds: int = 2
    extra: tuple[str, str] | None = None
    peer: str | None = None

    @property
    def greater_is_better(self) -> bool:
        return self.unit == "req/s"


_P50 = ("p50", "ms p50")
_REQUEST = "decode + enforce + no-op + encode in process, "

ROWS: tuple[Row, ...] = (
    Row(
        "import", "command", "`import` with pandas and numpy installed",
        aim=aims.both(
            aims.above_floor(10, "ms"), aims.none("third-party module", "foreign")
        ),
        rounds=7, extra=("modules", "modules"),
    ),
    Row("help", "command", "`--help`", aim=aims.at_most(100, "ms")),
    Row("validate-shell", "command", "`validate` one model from the shell",
        aim=aims.at_most(250, "ms"), rounds=7),
    Row("fmt-wide", "command",
        "`fmt --check` of 20,000 columns from the shell (floor: `validate`)",
        aim=aims.times_floor(2)),
    Row("fmt-comments", "command",
        "`fmt --check` of 40,000 comments from the shell (floor: `validate`)",
        aim=aims.times_floor(2)),
    Row("predict-shell", "command", "`predict` from the shell (scikit-learn, CSV file)",
        aim=aims.times_floor(1.3), rounds=3, quick_rounds=1),
    Row("read-small", "inprocess", "read + validate one small MLmodel",
        aim=aims.at_most(1.5, "ms")),
    Row("read-wide", "inprocess", "read + validate 1,800 columns", aim=aims.at_most(8, "ms")),
    Row("save-wide", "inprocess", "save a model of 20,000 columns, signature given",
        aim=aims.at_most(400, "ms"), rounds=3, quick_rounds=1),
    Row("save-example", "inprocess", "the same with an input example of two rows",
        aim=aims.faster_than_mlflow(), rounds=3, quick_rounds=1),
    Row("enforce-1", "inprocess", "enforce 1 row × 20, types match",
        aim=aims.at_most(0.03, "ms")),
    Row("enforce-big", "inprocess", "enforce {big} × 20, types match",
        aim=aims.at_most(0.3, "ms")),
    Row("infer-doubles", "inprocess", "`infer_signature`, {big} × 20 doubles",
        aim=aims.at_most(50, "ms"), rounds=3, quick_rounds=1),
    Row("infer-strings", "inprocess", "`infer_signature`, {big} × 20 strings",
        aim=aims.at_most(500, "ms"), rounds=3, quick_rounds=1),
    Row("infer-moments", "inprocess", "`infer_signature`, {big} datetime objects",
        aim=aims.faster_than_mlflow(), rounds=3, quick_rounds=1),
    Row("enforce-moments", "inprocess", "enforce {big} datetime objects",
        aim=aims.faster_than_mlflow(), rounds=3, quick_rounds=1),
    Row("infer-gaps", "inprocess", "`infer_signature`, {big} texts with gaps, as objects",
        aim=aims.faster_than_mlflow(), rounds=3, quick_rounds=1),
    # MLflow hands these on without a look at a cell.
    Row("enforce-gaps", "inprocess", "enforce {big} texts with gaps, as objects",
        aim=aims.at_most(40, "ms"), rounds=3, quick_rounds=1),
    Row("infer-lists", "inprocess", "`infer_signature`, lists of 8 doubles, a tenth of {big} rows",
        aim=aims.faster_than_mlflow(), rounds=3, quick_rounds=1),
    Row("enforce-lists", "inprocess", "enforce lists of 8 doubles, a tenth of {big} rows",
        aim=aims.faster_than_mlflow(), rounds=3, quick_rounds=1),
    # Three opcodes a word; 160 MB of doubles. The floor loads them, unchecked.
    Row("check-words", "inprocess", "check the pickle of a vocabulary of {big} words",
        aim=aims.at_most(1000, "ms"), rounds=3, quick_rounds=1),
    Row("check-doubles", "inprocess", "check the pickle of an array, {big} × 20 doubles",
        aim=aims.at_most(160, "ms"), rounds=3),
    Row("check-small", "inprocess", "check the pickle of a small model",
        aim=aims.at_most(1, "ms")),
    Row("request-1", "inprocess", _REQUEST + "split, 1 × 20 doubles",
        aim=aims.at_most(0.05, "ms")),
    Row("request-1-mixed", "inprocess", _REQUEST + "split, 1 × 20 mixed",
        aim=aims.at_most(0.2, "ms")),
    Row("request-10k", "inprocess", _REQUEST + "split, 10,000 × 20 doubles",
        aim=aims.at_most(20, "ms"), rounds=3),
    Row("request-10k-echo", "inprocess", _REQUEST + "the same, all values answered",
        aim=aims.at_most(20, "ms"), rounds=3),
    Row("request-10k-mixed", "inprocess", _REQUEST + "split, 10,000 × 20 mixed", rounds=3),
    Row("decode-instances", "inprocess", "decode `instances`, 10,000 rows of 20 named doubles",
        aim=aims.at_most(35, "ms"), rounds=3),
    Row("decode-csv", "inprocess", "decode CSV, 100,000 × 4 doubles (floor: `read_csv`)",
        aim=aims.times_floor(1.5), rounds=3),
    Row("decode-csv-mixed", "inprocess", "decode CSV, 100,000 × 20 mixed (floor: `read_csv`)",
        aim=aims.times_floor(1.5), rounds=3),
    Row("decode-wide", "inprocess", "decode `inputs`, 1 × 20,000 doubles (floor: orjson)",
        rounds=3),
    Row("decode-wide-csv", "inprocess", "decode CSV, 1 × 20,000 doubles", rounds=3),
    # 160 MB come in, and eight of them go out.
    Row("request-arrow", "inprocess",
        "decode + enforce + no-op + encode in process, Arrow, {big} × 20 doubles "
        "(floor: the no-op on a copy in memory)",
        aim=aims.times_floor(3), rounds=3),
    Row("answer-moments", "inprocess", "encode an answer of {big} datetime objects",
        aim=aims.faster_than_mlflow(), rounds=3, quick_rounds=1),
    Row("server-ready", "server", "server ready (scikit-learn): start to first 200 of `/ping`",
        aim=aims.times_floor(1.3), rounds=3, quick_rounds=1),
    Row("rest-1-c1", "rest", "REST, 1 row × 4 doubles, no-op, 1 connection", "req/s",
        aims.both(aims.share_of_floor(0.75), aims.at_most(0.2, "ms", "p50", "p50")),
        rounds=3, quick_rounds=1, extra=_P50),
    Row("rest-1-c16", "rest", "REST, 1 row × 4 doubles, no-op, 16 connections", "req/s",
        aims.both(aims.times_peer(40), aims.share_of_floor(0.75)),
        rounds=3, quick_rounds=1, extra=_P50),
    Row("rest-1000-c1", "rest", "REST, 1,000 rows × 4 doubles, no-op, 1 connection", "req/s",
        rounds=3, quick_rounds=1, extra=_P50),
    Row("rest-1000-c16", "rest", "REST, 1,000 rows × 4 doubles, no-op, 16 connections", "req/s",
        aims.at_least(1000, "req/s"), rounds=3, quick_rounds=1, extra=_P50),
    Row("rest-mixed-c1", "rest", "REST, 1 row × 20 mixed, no-op, 1 connection", "req/s",
        aims.times_peer(10), rounds=3, quick_rounds=1, extra=_P50),
    Row("rest-mixed-c16", "rest", "REST, 1 row × 20 mixed, no-op, 16 connections", "req/s",
        aims.times_peer(10), rounds=3, quick_rounds=1, extra=_P50),
    Row("rest-1000-mixed-c1", "rest", "REST, 1,000 rows × 20 mixed, no-op, 1 connection", "req/s",
        rounds=3, quick_rounds=1, extra=_P50),
    Row("rest-1000-mixed-c16", "rest", "REST, 1,000 rows × 20 mixed, no-op, 16 connections",
        "req/s", rounds=3, quick_rounds=1, extra=_P50),
    Row("rest-iris-c16", "rest", "REST, 1 row, scikit-learn iris, 16 connections", "req/s",
        aims.share_of_floor(0.7), rounds=3, quick_rounds=1, extra=_P50),
    Row("walled-iris-c16", "rest",
        "the same behind the second wall (floor: without it)", "req/s",
        aims.share_of_floor(0.95), rounds=3, quick_rounds=1, extra=_P50),
    Row("batched-forest-c16", "rest",
        "REST, 1 row, forest of 100 trees, 16 connections, put together (floor: one by one)",
        "req/s", aim=aims.share_of_floor(3), extra=_P50),
    Row("doubled-forest-c16", "rest",
        "REST, 1 row, forest of 100 trees, 16 connections, 2 workers (floor: one)",
        "req/s", aim=aims.share_of_floor(1.6), extra=_P50),
    # The peer is MLServer: MLflow has no such protocol.
    Row("infer-http-c1", "infer", "V2 over HTTP, 1 row × 4 doubles, no-op, 1 connection", "req/s",
        rounds=3, quick_rounds=1, extra=_P50, peer="MLServer"),
    Row("infer-http-c16", "infer", "V2 over HTTP, 1 row × 4 doubles, no-op, 16 connections",
        "req/s", rounds=3, quick_rounds=1, extra=_P50, peer="MLServer"),
    Row("infer-grpc-c1", "infer", "V2 over gRPC, 1 row × 4 doubles, no-op, 1 connection", "req/s",
        rounds=3, quick_rounds=1, extra=_P50, peer="MLServer"),
    Row("infer-grpc-c16", "infer", "V2 over gRPC, 1 row × 4 doubles, no-op, 16 connections",
        "req/s", aims.both(aims.times_peer(5, "MLServer"), aims.share_of_floor(0.7)),
        rounds=3, quick_rounds=1, extra=_P50, peer="MLServer"),
    # The peer is rpy2 with pandas2ri: MLflow loads no function of R in Python.
    Row("crate-1", "r", "function of R, 1 row × 10 doubles, ms p50",
        aim=aims.at_most(1, "ms"), rounds=3, quick_rounds=1, peer="rpy2"),
    Row("crate-100k", "r", "function of R, 100,000 rows × 10 doubles",
        aim=aims.at_most(50, "ms"), rounds=3, quick_rounds=1, peer="rpy2"),
    Row("spark-udf", "spark",
        "Spark, 10 million rows × 4 doubles, scikit-learn (floor: without Spark)",
        rounds=3, quick_rounds=1),
    Row("jvm-start", "jvm", "JVM up and a first row answered by a bundle of MLeap (floor: Spark)",
        aim=aims.at_most(4000, "ms"), rounds=3, quick_rounds=1),
    Row("jvm-1", "jvm", "bundle of MLeap, 1 row × 4, ms p50 (floor: Spark's transform)",
        aim=aims.at_most(0.3, "ms"), rounds=3, quick_rounds=1),
    # 400,000 rows a second.
    Row("jvm-100k", "jvm", "bundle of MLeap, 100,000 rows × 4 (floor: Spark's transform)",
        aim=aims.at_most(250, "ms"), rounds=3, quick_rounds=1),
    Row("walled-ready", "server", "server ready behind the second wall (floor: without it)",
        aim=aims.times_floor(1.3), rounds=3, quick_rounds=1),
    Row("idle-memory", "server", "memory when idle, one worker (scikit-learn)", "MiB",
        aims.at_most(220, "MiB"), rounds=3, quick_rounds=1, extra=("processes", "processes")),
    Row("size-base", "size", "installed: what validates a model", "MiB", rounds=1,
        quick_rounds=1, extra=("packages", "packages")),
    Row("size-serve", "size", "installed: what serves a scikit-learn model", "MiB", rounds=1,
        quick_rounds=1, extra=("packages", "packages")),
)  # fmt: skip


def select(pattern: str | None) -> list[Row]:
    """Return the row of that id, else those whose id matches a shell pattern or contains it."""
    if pattern is None:
        return list(ROWS)
    exact = [row for row in ROWS if row.id == pattern]
    return exact or [row for row in ROWS if fnmatch(row.id, pattern) or pattern in row.id]
