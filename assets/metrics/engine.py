"""Run the formulas on an engine: polars by default, DuckDB where memory is short.

On Spark, pass Spark frames to the formulas themselves; they are the same.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import duckdb
import narwhals as nw
import polars as pl

from assets.metrics.expressions import Frame
from assets.metrics.gap import GOAL_COLUMNS, SERIES_COLUMNS
from assets.metrics.projection import Past

Metrics = Callable[..., Frame]
Engine = Literal["polars", "duckdb"]


class PastFrames(NamedTuple):
    """Errors of past projections: frames of ERROR_COLUMNS and QUANTILE_COLUMNS."""

    errors: pl.DataFrame
    quantiles: pl.DataFrame


def compute(
    metrics: Metrics,
    goals: pl.DataFrame,
    series: pl.DataFrame,
    engine: Engine = "polars",
    past: PastFrames | None = None,
) -> pl.DataFrame:
    """The result of `gap_metrics` or `history_metrics` as a polars frame.

    Args:
        goals: at least GOAL_COLUMNS. series: at least SERIES_COLUMNS.
        past: for `gap_metrics`: what chances and intervals are read from.
    """
    goals, series = goals.select(list(GOAL_COLUMNS)), series.select(list(SERIES_COLUMNS))
    if engine == "polars":
        collected: pl.DataFrame = nw.to_native(
            _on(metrics, past, goals, series, lambda frame: frame.lazy())
        ).collect()
        return collected
    with duckdb.connect() as connection:
        result: pl.DataFrame = nw.to_native(
            _on(metrics, past, goals, series, lambda f: connection.from_arrow(f.to_arrow()))
        ).pl()
        return result


def _on(
    metrics: Metrics,
    past: PastFrames | None,
    goals: pl.DataFrame,
    series: pl.DataFrame,
    native: Callable[[pl.DataFrame], Any],
) -> Frame:
    if past is not None:
        metrics = partial(metrics, past=Past(*(nw.from_native(native(f)) for f in past)))
    return metrics(nw.from_native(native(goals)), nw.from_native(native(series)))
