"""Steps on Spark: what is separable by indicator is computed where the rows are.

A step that says so (`Step.by_indicator`) gets the rows of some indicators at a time, with all other
frames whole. The very functions of the embedded engine run in the executors, which need this
project installed; so every rule, value and status is the same by construction. Rows go to the
cluster and come back as Parquet below a folder that all of its machines reach.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from pipelines.graph import Context, Frames, Step, here
from schemas.contract import TABLES, Table, conform, empty, info_of
from schemas.tables_core import ObservationVintages, RejectedRows

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyspark.sql import DataFrame, SparkSession

BY: Final = "indicator_id"
ORDER: Final = "_order"  # of the rows as they were: the same input order gives the same result
PART: Final = "part"
PARTS: Final = 32
PACKED_ROWS: Final = 20_000  # in one cell: Java holds several copies of a cell at once
FILE_ROWS: Final = 100_000  # of a file that comes back
READ_BYTES: Final = 8 * 2**20  # of a task that reads files
LOCAL_MEMORY: Final = "4g"  # of driver and executors in one, unless PYSPARK_SUBMIT_ARGS says
OF_ONE: Final = {"indicators", "targets_by_day"}  # no part answers for what is another's
MADE: Final = "step string, frame int, data binary"
SPARK_TYPES: Final[dict[Any, str]] = {
    pl.String: "string", pl.Float64: "double", pl.Int64: "bigint", pl.Boolean: "boolean",
    pl.Date: "date", pl.Datetime: "timestamp_ntz", pl.Int32: "int",
}  # fmt: skip


class ClusterError(RuntimeError):
    """Spark cannot be had, or a step cannot run there; the message says what to do."""


def connect(master: str | None) -> "SparkSession":
    """A session on a cluster: `spark://…`, `yarn`, `k8s://…`, `local[*]`, or `sc://…` for Connect.

    Args:
        master: None: all cores of this machine.

    Raises:
        ClusterError: the extra or Java is missing, or nobody answers.
    """
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise ClusterError(
            "没有安装Spark / Spark is not installed: .venv/bin/python -m pip install -e '.[spark]'"
        ) from error
    try:
        session = _session(master)
    except Exception as error:  # Java's own errors come as many types
        first = str(error).strip().partition("\n")[0]
        raise ClusterError(
            f"连接不上Spark / no Spark at {master or 'local[*]'}: {first} "
            "(Java 17 or later is needed; see docs/scale.md)"
        ) from error
    # Moments are wall-clock times in Shanghai, and stay as they are written.
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.conf.set("spark.sql.timestampType", "TIMESTAMP_NTZ")
    # A task that hands results to the driver holds all that it has read.
    session.conf.set("spark.sql.files.maxPartitionBytes", READ_BYTES)
    return session


def _session(master: str | None) -> "SparkSession":
    if master and master.startswith("sc://"):
        from pyspark.sql.connect.session import SparkSession as Client

        client: Any = Client.builder.appName("duibiao").remote(master).getOrCreate()
        session: SparkSession = client  # the same methods; needs no Java on this machine
        return session
    from pyspark.sql import SparkSession as Driver

    builder = Driver.builder.appName("duibiao").master(master or "local[*]")
    builder = builder.config("spark.ui.enabled", "false")
    if (master or "local").startswith("local"):
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
        builder = builder.config("spark.driver.host", "127.0.0.1")
        builder = builder.config("spark.driver.memory", LOCAL_MEMORY)
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # of the executors, here
    return builder.getOrCreate()


class Spark:
    """Runs separable steps on Spark and all others here.

    Args:
        master: see `connect`; asked for with the first step that goes there.
        folder: where rows go to the cluster and come back, reached by driver and executors.
        parts: how many parts the indicators are divided into: a few times the cores. A part is
            computed in the memory of one executor.
    """

    def __init__(self, master: str | None, folder: str, parts: int = PARTS) -> None:
        self.master, self.folder, self.parts = master, folder.rstrip("/"), parts
        self._lies: dict[str, pl.DataFrame] = {}

    @cached_property
    def session(self) -> "SparkSession":
        """The session on the cluster."""
        session = connect(self.master)
        # An empty partition costs a task of its own in every step.
        session.conf.set("spark.sql.shuffle.partitions", self.parts)
        return session

    def __call__(
        self, group: Sequence[Step], context: Context, frames: Frames
    ) -> dict[str, pl.DataFrame]:
        """The frames of one step, or of all theme steps together."""
        divided = group[0].by_indicator
        if divided is None:
            return here(group, context, frames)
        of_part = frames["indicators"].select(BY).sort(BY).with_row_index(PART)
        of_part = of_part.select(BY, (pl.col(PART) % self.parts).cast(pl.Int32))
        rows = self._staged(divided, frames[divided], of_part)
        keys = self.session.createDataFrame(of_part.to_arrow())
        task = _task(group, context, frames)
        made = keys.groupBy(PART).cogroup(rows.groupBy(PART)).applyInArrow(task, MADE).persist()
        try:
            return self._read_back(group, made)
        finally:
            made.unpersist()

    def _staged(self, name: str, frame: pl.DataFrame, of_part: pl.DataFrame) -> "DataFrame":
        """The rows as partitioned Parquet, as Spark reads them back."""
        place = f"{self.folder}/in/{name}"
        if self._lies.get(name) is not frame:
            self._write(frame, place, of_part)
            self._lies[name] = frame  # the next step that reads it finds it there
        return self.session.read.parquet(place)

    def _write(self, frame: pl.DataFrame, place: str, of_part: pl.DataFrame) -> None:
        frame = frame.join(of_part, on=BY, maintain_order="left")
        ordered = frame.with_row_index(ORDER).with_columns(pl.col(ORDER).cast(pl.Int64))
        rows = self.session.createDataFrame(ordered.to_arrow()).repartition(PART)
        rows.write.mode("overwrite").partitionBy(PART).parquet(place)

    def _read_back(self, group: Sequence[Step], made: "DataFrame") -> dict[str, pl.DataFrame]:
        """The results, which Spark writes as Parquet, one folder a kind of frame."""
        found: dict[str, pl.DataFrame] = {}
        for number, name in enumerate(group[0].writes):
            model = _model(name)
            schema = empty(model).schema
            place = f"{self.folder}/out/{group[0].group}-{info_of(model).name}"
            ddl = ", ".join(["_step string", *(f"`{c}` {_spark(t)}" for c, t in schema.items())])
            rows = made.where(f"frame = {number}").select("step", "data")
            table = rows.mapInArrow(_unpack, ddl)
            table.write.mode("overwrite").option("maxRecordsPerFile", FILE_ROWS).parquet(place)
            arrow = self.session.read.schema(ddl).parquet(place).toArrow()
            whole = pl.DataFrame(arrow, schema_overrides=schema)
            for step in group:
                ours = whole.filter(pl.col("_step") == step.name)
                found[step.writes[number]] = conform(ours, model)
        return found


def _model(name: str) -> type[Table]:
    """The contract of what a separable step writes."""
    parts = {"vintages": ObservationVintages, "refused": RejectedRows}
    return TABLES.get(name) or parts[name.partition("_")[0]]


def _spark(dtype: pl.DataType) -> str:
    return next(name for kind, name in SPARK_TYPES.items() if dtype == kind)


def _task(
    group: Sequence[Step], context: Context, frames: Frames
) -> Callable[["pa.Table", "pa.Table"], "pa.Table"]:
    """What an executor does with one part: the steps, on its rows and all other frames."""
    divided = group[0].by_indicator
    assert divided is not None
    schema = frames[divided].schema
    named = {name for step in group for name in step.reads} - {divided}
    packed = {name: _pack(frames[name]) for name in sorted(named)}

    def task(keys: "pa.Table", rows: "pa.Table") -> "pa.Table":
        import pyarrow as pa

        given = {name: _frame(data) for name, data in packed.items()}
        ours = pl.col(BY).is_in(pl.DataFrame(keys)[BY].cast(pl.String).implode())
        one = {n: f.filter(ours) if n in OF_ONE else f for n, f in given.items()}
        mine = pl.DataFrame(rows).sort(ORDER)
        one[divided] = mine.select(pl.col(n).cast(t) for n, t in schema.items())
        result = here(group, context, one)
        made = [
            {"step": step.name, "frame": number, "data": _pack(some)}
            for step in group
            for number, name in enumerate(step.writes)
            for some in result[name].iter_slices(PACKED_ROWS)
        ]
        kinds = {"step": pa.string(), "frame": pa.int32(), "data": pa.binary()}
        return pa.Table.from_pylist(made, schema=pa.schema(kinds))

    return task


def _unpack(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    """Frames out of their packing, each row with its step."""
    import pyarrow as pa

    for batch in batches:
        for row in batch.to_pylist():
            frame = _frame(row["data"])
            named = frame.select(pl.lit(row["step"]).alias("_step"), pl.all())
            yield from _plain(named.to_arrow(), pa).to_batches()


def _plain(table: "pa.Table", pa: Any) -> "pa.Table":
    """With the types that Spark's Arrow has: no large or viewed strings."""
    fields = [
        pa.field(f.name, pa.string() if pa.types.is_large_string(f.type)
                 or pa.types.is_string_view(f.type) else f.type)
        for f in table.schema
    ]  # fmt: skip
    return table.cast(pa.schema(fields))


def _pack(frame: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.write_ipc(stream, compression="lz4")
    return stream.getvalue()


@lru_cache(maxsize=16)  # an executor gets the same frames for one indicator after the other
def _frame(data: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(data))
