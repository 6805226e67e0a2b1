"""`duibiao run --engine spark` on a real local Spark: every table that of the embedded engine."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from benchmarks.on_spark import differing, frames_of
from benchmarks.on_spark import run as run_panel
from benchmarks.synthetic import FAULTS, Panel
from pipelines.cluster import Spark
from pipelines.graph import here, steps
from pipelines.run import compute
from pipelines.settings import Settings
from schemas.contract import TABLES, conform
from tests.conftest import TODAY

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def port() -> int:
    """A free port of this machine, for Spark Connect."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Spark]:
    """A Spark on this machine, which serves Spark Connect as well."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    for module in ("pyspark.sql", "grpc_status"):
        pytest.importorskip(module, reason="the spark extra is not installed")
    settings = {
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.sql.artifact.isolation.enabled": "false",  # the same workers for both
        # A few thousand rows: compiling plans would take longer than going through them.
        "spark.sql.shuffle.partitions": 2,
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }
    told = " ".join(f"--conf {name}={value}" for name, value in settings.items())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"{told} pyspark-shell")
        engine = Spark("local[2]", str(tmp_path_factory.mktemp("cluster") / "stage"), parts=2)
        session = engine.session
    yield engine
    session.stop()


def quiet(group: str, name: str, number: int, total: int) -> None:
    del group, name, number, total


@pytest.mark.slow
def test_every_table_is_the_same(published: Settings, spark: Spark, port: int) -> None:
    """Of the run of the committed data, and, by Spark Connect, of a synthetic panel with faults.

    One test, since each worker of a test run would start a Spark of its own.
    """
    theirs = compute(published, TODAY, quiet, spark)
    ours = compute(published, TODAY, quiet)
    assert ours.keys() == theirs.keys()
    for name in sorted(TABLES.keys() & ours.keys()):
        assert conform(ours[name], TABLES[name]).equals(conform(theirs[name], TABLES[name])), name

    # What went there and came back lies there as Parquet that anything reads.
    rows = pl.read_parquet(Path(spark.folder) / "in" / "observation_vintages" / "**" / "*.parquet")
    assert set(rows["observation_id"]) == set(ours["observation_vintages"]["observation_id"])
    gaps = pl.read_parquet(Path(spark.folder) / "out" / "gaps-gap_to_goal" / "*.parquet")
    assert set(gaps["target_id"]) == set(ours["gap_to_goal"]["target_id"])

    # As a client of the same Spark, with a synthetic panel that has faults in its rows.
    client = Spark(f"sc://127.0.0.1:{port}", spark.folder, parts=2)
    panel = Panel(indicators=3, years=7, cities=0, counties=79)  # a result fills several cells
    given = frames_of(panel)
    here_, there = (run_panel(engine, panel, given) for engine in (here, client))
    client.session.stop()
    assert differing(here_, there) == []
    assert set(here_["refused_synthetic"]["rule"]) == set(FAULTS)
    assert here_["gap_to_goal"]["status"].n_unique() > 5


def test_the_steps_that_touch_every_row_are_separable(published: Settings) -> None:
    divided = {step.name for step in steps(published) if step.by_indicator}
    assert {"observations", "gap_to_goal"} <= divided
    assert all(step.by_indicator for step in steps(published) if step.theme)
