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
        return _on(metrics, goals, series, past, _to_polars, _from_polars)
    with duckdb.connect() as connection:

        def to_duckdb(frame: pl.DataFrame) -> Any:
            return connection.from_arrow(frame.to_arrow())

        return _on(metrics, goals, series, past, to_duckdb, _from_duckdb)


def _on(
    metrics: Metrics,
    goals: pl.DataFrame,
    series: pl.DataFrame,
    past: PastFrames | None,
    to: Callable[[pl.DataFrame], Any],
    back: Callable[[Any], pl.DataFrame],
) -> pl.DataFrame:
    def given(frame: pl.DataFrame) -> Frame:
        made: Frame = nw.from_native(to(frame))
        return made

    def settled(frame: Frame) -> Frame:
        return given(back(nw.to_native(frame)))

    if past is not None:
        metrics = partial(metrics, past=Past(*map(given, past)))
    return back(nw.to_native(metrics(given(goals), given(series), settle=settled)))


def _to_polars(frame: pl.DataFrame) -> pl.LazyFrame:
    return frame.lazy()


def _from_polars(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect()


def _from_duckdb(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    frame: pl.DataFrame = relation.pl()
    return frame
