"""Run the formulas on an engine: polars by default, DuckDB where memory is short.

On Spark, pass Spark frames to the formulas themselves; they are the same.
"""

from collections.abc import Callable
from typing import Literal

import duckdb
import narwhals as nw
import polars as pl

from assets.metrics.expressions import Frame
from assets.metrics.gap import GOAL_COLUMNS, SERIES_COLUMNS

Metrics = Callable[[Frame, Frame], Frame]
Engine = Literal["polars", "duckdb"]


def compute(
    metrics: Metrics, goals: pl.DataFrame, series: pl.DataFrame, engine: Engine = "polars"
) -> pl.DataFrame:
    """The result of `gap_metrics` or `history_metrics` as a polars frame.

    Args:
        goals: at least GOAL_COLUMNS. series: at least SERIES_COLUMNS.
    """
    goals, series = goals.select(list(GOAL_COLUMNS)), series.select(list(SERIES_COLUMNS))
    if engine == "polars":
        lazy = metrics(nw.from_native(goals.lazy()), nw.from_native(series.lazy()))
        collected: pl.DataFrame = nw.to_native(lazy).collect()
        return collected
    with duckdb.connect() as connection:
        relations = (connection.from_arrow(frame.to_arrow()) for frame in (goals, series))
        result: pl.DataFrame = nw.to_native(metrics(*map(nw.from_native, relations))).pl()
        return result
