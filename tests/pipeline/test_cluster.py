"""`duibiao run --engine spark` on a real local Spark: every table that of the embedded engine."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from pipelines.cluster import ClusterError, Spark, connect
from pipelines.graph import steps
from pipelines.run import compute
from pipelines.settings import Settings
from schemas.contract import TABLES, conform
from tests.conftest import TODAY

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark_is_there() -> None:
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    pytest.importorskip("pyspark.sql", reason="the spark extra is not installed")


def quiet(group: str, name: str, number: int, total: int) -> None:
    del group, name, number, total


@pytest.mark.slow
@pytest.mark.usefixtures("spark_is_there")
def test_every_table_of_a_run_is_the_same(published: Settings, tmp_path: Path) -> None:
    engine = Spark("local[2]", str(tmp_path / "stage"), parts=4)
    engine.session.conf.set("spark.sql.shuffle.partitions", "4")
    try:
        theirs = compute(published, TODAY, quiet, engine)
    finally:
        engine.session.stop()
    ours = compute(published, TODAY, quiet)
    assert ours.keys() == theirs.keys()
    for name in sorted(TABLES.keys() & ours.keys()):
        assert conform(ours[name], TABLES[name]).equals(conform(theirs[name], TABLES[name])), name

    # What went there and came back lies there as Parquet that anything reads.
    rows = pl.read_parquet(tmp_path / "stage" / "in" / "observation_vintages" / "**" / "*.parquet")
    assert set(rows["observation_id"]) == set(ours["observation_vintages"]["observation_id"])
    gaps = pl.read_parquet(tmp_path / "stage" / "out" / "gaps-gap_to_goal" / "*.parquet")
    assert set(gaps["target_id"]) == set(ours["gap_to_goal"]["target_id"])


@pytest.mark.usefixtures("spark_is_there")
def test_where_nobody_answers_it_says_so() -> None:
    with pytest.raises(ClusterError, match=r"sc://127\.0\.0\.1:9.*docs/scale\.md"):
        connect("sc://127.0.0.1:9")


def test_the_steps_that_touch_every_row_are_separable(published: Settings) -> None:
    divided = {step.name for step in steps(published) if step.by_indicator}
    assert {"observations", "gap_to_goal"} <= divided
    assert all(step.by_indicator for step in steps(published) if step.theme)
