"""Which observations may answer a target, and where they lie on the time scale of the metrics.

A year has one answer. Stocks, rates, coverages, indices and ranks are answered by the latest
value of the year; flows only by a whole year: a year-to-date figure never answers an annual
target, unless it runs to 31 December.
"""

import polars as pl

from assets.record import by_trust, first_of, grain_number

SERIES_KEY = ["as_of", "indicator_id", "region_code", "year"]


def year_end_scale(day: pl.Expr) -> pl.Expr:
    """A day on the scale on which 31 December of a year is that year's number (2020.0)."""
    start = day.dt.truncate("1y")
    days = (day - start).dt.total_days() + 1
    length = pl.when(day.dt.is_leap_year()).then(366).otherwise(365)
    return day.dt.year() - 1 + days / length


def annual_answers(known: pl.DataFrame, measures: pl.DataFrame) -> pl.DataFrame:
    """One observation a calendar year.

    Args:
        known: vintages with an as_of column (see `known_on`).
        measures: indicator_id, measure.

    Returns:
        The vintages' columns plus year and t, unique by as_of, indicator, region and year.
    """
    keys = ["as_of", "indicator_id", "region_code", "period_type", "period_start", "period_end"]
    # Which rows answer is found out by their keys; only those are moved that do.
    rows = (
        known.select(keys).with_row_index("_row").with_columns(year=pl.col("period_end").dt.year())
    )
    whole_year = (
        (pl.col("period_start").dt.ordinal_day() == 1)
        & (pl.col("period_end").dt.month() == 12)
        & (pl.col("period_end").dt.day() == 31)
        & (pl.col("period_start").dt.year() == pl.col("period_end").dt.year())
    )
    flows = measures.filter(pl.col("measure") == "flow")["indicator_id"]
    is_flow = pl.col("indicator_id").is_in(flows.implode())
    is_partial = pl.col("period_type") == "year_to_date"
    rows = rows.filter(whole_year | ~(is_flow | is_partial))
    rows = rows.with_columns(grain_number(rows, SERIES_KEY))
    rows = rows.filter(pl.col("period_end") == pl.col("period_end").max().over("_grain"))
    answers = (
        known[rows["_row"]]
        .join(measures, on="indicator_id")
        .with_columns(year=pl.col("period_end").dt.year(), t=year_end_scale(pl.col("period_end")))
    )
    quality, *rest = by_trust()
    # Of one quality the figure of the year itself, not the sum of its quarters or months.
    not_annual = pl.col("period_type") != "annual"
    return first_of(answers, SERIES_KEY, [quality, not_annual, *rest])


def cumulative_answers(answers: pl.DataFrame, start_years: pl.DataFrame) -> pl.DataFrame:
    """Sums of annual flows over a target's period, as long as no year is missing.

    What is built or invested within a period is answered by the years of that period alone: a
    good year after it does not make up for it.

    Args:
        answers: annual answers of flows.
        start_years: goal_id, as_of, indicator_id, region_code, start_year, last_year.

    Returns:
        The answers' columns plus goal_id; value and tolerance are running sums.
    """
    rows = start_years.join(answers, on=["as_of", "indicator_id", "region_code"]).filter(
        pl.col("year").is_between("start_year", "last_year")
    )
    rows = rows.sort("goal_id", "year").with_columns(
        position=pl.int_range(pl.len()).over("goal_id"),
        value=pl.col("value").cum_sum().over("goal_id"),
        tolerance=pl.col("tolerance").cum_sum().over("goal_id"),
    )
    return rows.filter(pl.col("year") == pl.col("start_year") + pl.col("position")).drop(
        "position", "start_year", "last_year"
    )
