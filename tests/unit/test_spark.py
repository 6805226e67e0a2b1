"""The formulas of a position as Spark's own plan: equal to the embedded engine.

`duibiao run --engine spark` does not need it (tests/pipeline/test_cluster.py): it shows that the
expressions hold nothing that only one engine has. The whole of `gap_metrics` is the same kind of
expressions; as one plan it takes Spark longer to compile than all of them take to compute.
"""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.metrics.engine import compute
from assets.metrics.gap import GOAL_COLUMNS, SERIES_COLUMNS, history_metrics

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark() -> Iterator["SparkSession"]:
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    sql = pytest.importorskip("pyspark.sql", reason="the spark extra is not installed")
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        # A few hundred rows: compiling the plan would take longer than going through it.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.adaptive.enabled", "false")
        .getOrCreate()
    )
    yield session
    session.stop()


def goals_and_series() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Synthetic goals of every operator and kind over series with gaps, zeros and sign changes."""
    operators = ["ge", "gt", "le", "lt", "eq", "range", "approx"]
    shapes: dict[str, list[float | None]] = {
        "rising": [10.0, 12.0, None, 30.0, 45.0, 80.0],
        "falling": [90.0, 70.0, 60.0, None, 20.0, 5.0],
        "flat": [50.0, 50.0, 50.0, 50.0, 50.0, 50.0],
        "signs": [-5.0, 0.0, 3.0, -2.0, 8.0, None],
        "once": [None, None, 55.0, None, None, None],
        "never": [],
    }
    goals, series = [], []
    for operator in operators:
        for shape, values in shapes.items():
            for due in (2018.0, 2020.0, 2025.0, None):
                goal_id = f"{operator}-{shape}-{due}"
                goals.append(
                    {"goal_id": goal_id, "operator": operator, "value_kind": "level",
                     "value": 50.0, "value_high": 60.0 if operator == "range" else None,
                     "target_year": due, "reference_year": None, "baseline_year": 2015.0,
                     "baseline_value": None, "baseline_kind": None, "tolerance": 0.5,
                     "as_of_t": 2021.0, "is_quantified": shape != "flat" or due is not None,
                     "scope_matches": True, "baseline_segment": None,
                     # Some are bounded shares, some have past errors of their kind.
                     "floor": 0.0 if shape != "signs" else None,
                     "cap": 100.0 if shape == "rising" else None,
                     "ceiling": 100.0 if shape == "rising" else None,
                     "pool": "errors" if operator in ("ge", "le", "range") else None}
                )  # fmt: skip
                series += [
                    {"goal_id": goal_id, "t": year, "year": year, "value": value,
                     "bound": "at_least" if shape == "rising" else "exact",
                     # The scope of half of the series changes on the way.
                     "segment": float(shape in ("falling", "signs") and year >= 2018)}
                    for year, value in zip(range(2015, 2021), values, strict=False)
                    if value is not None
                ]  # fmt: skip
    floats = ["value_high", "target_year", "reference_year", "baseline_year", "baseline_value",
              "baseline_segment", "floor", "cap", "ceiling"]  # fmt: skip
    goal_frame = pl.DataFrame(goals, infer_schema_length=None).with_columns(
        pl.col(floats).cast(pl.Float64), pl.col("baseline_kind").cast(pl.String)
    )
    series_frame = pl.DataFrame(series).with_columns(pl.col("t", "year").cast(pl.Float64))
    return goal_frame.select(list(GOAL_COLUMNS)), series_frame.select(list(SERIES_COLUMNS))


@pytest.mark.slow
def test_spark_gives_the_same(spark: "SparkSession") -> None:
    goals, series = goals_and_series()
    on_spark = [nw.from_native(spark.createDataFrame(f.to_arrow())) for f in (goals, series)]
    ours = compute(history_metrics, goals, series)
    theirs = pl.from_arrow(nw.to_native(history_metrics(*on_spark)).toArrow())
    assert isinstance(theirs, pl.DataFrame)
    key = ["goal_id", "t"]
    assert_frame_equal(
        ours.sort(key), theirs.select(ours.columns).sort(key), check_dtypes=False,
        rel_tol=1e-9, abs_tol=1e-9,
    )  # fmt: skip
