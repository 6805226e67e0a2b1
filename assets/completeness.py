"""Which periods are there, late or missing: for every series that is observed, aimed at or owed."""

import datetime as dt
from typing import Final

import polars as pl

from assets.record import GRAIN, known_on, value_of_record
from assets.series import annual_answers
from schemas.contract import conform, validate
from schemas.tables_watch import Completeness

SERIES: Final = ["indicator_id", "region_code"]
CELL: Final = [*SERIES, "period", "period_type"]
STEP: Final = {"annual": "1y", "quarterly": "3mo", "monthly": "1mo"}
OWED_SCHEMA: Final = {
    "indicator_id": pl.String(),
    "region_code": pl.String(),
    "period": pl.String(),
    "period_type": pl.String(),
    "due_on": pl.Date(),
}


def completeness_table(
    vintages: pl.DataFrame,
    indicators: pl.DataFrame,
    targets: pl.DataFrame,
    as_of: dt.date,
    owed: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Table `completeness`.

    Periods run from the first one observed, or from the baseline year of a live goal if that is
    earlier, to the last one that ended by the as-of day, in the indicator's frequency; what is owed
    is added as it is. `there`: a value fills the period. `not_yet_due`: owed later. `missing`: a
    later period was observed, or it is older than the indicator's stale limit. `late`: all others.

    Args:
        vintages, indicators, targets: `observation_vintages` and the tables of these names.
        owed: OWED_SCHEMA; submissions that are or will be due. None: there are none.
    """
    owed = pl.DataFrame(schema=OWED_SCHEMA) if owed is None else owed.select(list(OWED_SCHEMA))
    known = known_on(vintages, [as_of])
    goals = targets.filter(pl.col("is_goal") & pl.col("superseded_by").is_null())
    about = indicators.select("indicator_id", "measure", "frequency", "stale_after_days")
    seen = known.group_by(SERIES).agg(
        since=pl.col("period_start").min(), last_end=pl.col("period_end").max()
    )
    aimed = goals.group_by(SERIES).agg(
        since=pl.date(pl.col("baseline_year").min(), 1, 1), has_goal=pl.lit(value=True)
    )
    series = pl.concat([f.select(*SERIES, "since") for f in (seen, aimed)]).drop_nulls()
    starts = series.group_by(SERIES).agg(pl.col("since").min()).join(about, on="indicator_id")
    cells = pl.concat(
        [
            *(_periods(starts, frequency, as_of) for frequency in STEP),
            owed.select(*CELL, period_end=_end_of(pl.col("period"))),
        ]
    ).unique(CELL)
    table = (
        cells.join(about, on="indicator_id")
        .join(_filled(known, about), on=CELL, how="left")
        .join(owed.group_by(CELL).agg(pl.col("due_on").min()), on=CELL, how="left")
        .join(seen.select(*SERIES, "last_end"), on=SERIES, how="left")
        .join(aimed.select(*SERIES, "has_goal"), on=SERIES, how="left")
        .with_columns(
            has_goal=pl.col("has_goal").fill_null(value=False),
            age_days=(pl.lit(as_of) - pl.col("period_end")).dt.total_days(),
        )
    )
    is_due = (pl.col("due_on") <= as_of).fill_null(pl.col("period_end") <= as_of)
    is_hole = (pl.col("period_end") < pl.col("last_end")).fill_null(value=False)
    table = table.with_columns(
        status=pl.when(pl.col("observation_id").is_not_null())
        .then(pl.lit("there"))
        .when(~is_due)
        .then(pl.lit("not_yet_due"))
        .when(is_hole | (pl.col("age_days") > pl.col("stale_after_days")))
        .then(pl.lit("missing"))
        .otherwise(pl.lit("late"))
    )
    return validate(conform(table, Completeness), Completeness)


def _periods(starts: pl.DataFrame, frequency: str, as_of: dt.date) -> pl.DataFrame:
    """CELL and period_end of every period from `since` on that ended by the as-of day."""
    step = STEP[frequency]
    first = pl.col("since").dt.truncate(step)
    return (
        starts.filter((pl.col("frequency") == frequency) & (pl.col("since") <= as_of))
        .select(*SERIES, start=pl.date_ranges(first, pl.lit(as_of), interval=step))
        .explode("start")
        .select(
            *SERIES,
            period=_name_of(pl.col("start"), frequency),
            period_type=pl.lit(frequency),
            period_end=pl.col("start").dt.offset_by(step).dt.offset_by("-1d"),
        )
        .filter(pl.col("period_end") <= as_of)
    )


def _name_of(day: pl.Expr, frequency: str) -> pl.Expr:
    """The period that a day lies in, as ISO text."""
    if frequency == "quarterly":
        return pl.format("{}-Q{}", day.dt.year(), day.dt.quarter())
    return day.dt.to_string("%Y" if frequency == "annual" else "%Y-%m")


def _end_of(period: pl.Expr) -> pl.Expr:
    """Last day of a period, from its ISO text."""
    year, rest = period.str.slice(0, 4).cast(pl.Int32), period.str.slice(5)
    quarter = rest.str.extract("^Q([1-4])$").cast(pl.Int32) * 3
    month = pl.coalesce(quarter, rest.str.slice(0, 2).cast(pl.Int32, strict=False), pl.lit(12))
    day = rest.str.slice(3).cast(pl.Int32, strict=False)
    month_end = pl.date(year, month, 1).dt.month_end()
    return pl.when(day.is_not_null()).then(pl.date(year, month, day)).otherwise(month_end)


def _filled(known: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """CELL and observation_id: the value that fills a period.

    That is the value of record of the period itself; of a year, what would answer a target for it;
    of a quarter or month, a value at its end for a stock or rate, and for a flow the
    year-to-date figure that ends with it.
    """
    record = value_of_record(known, GRAIN)
    found = [record.select(*CELL, "observation_id")]
    years = annual_answers(known, about.filter(pl.col("frequency") == "annual").drop("frequency"))
    found.append(
        years.select(
            *SERIES,
            period=pl.col("year").cast(pl.String),
            period_type=pl.lit("annual"),
            observation_id="observation_id",
        )
    )
    for frequency in ("quarterly", "monthly"):
        rows = record.join(about.filter(pl.col("frequency") == frequency), on="indicator_id")
        period = _name_of(pl.col("period_end"), frequency)
        whole = (pl.col("period_type") == "year_to_date") & (
            _end_of(period) == pl.col("period_end")
        )
        fills = pl.when(pl.col("measure") == "flow").then(whole).otherwise(pl.lit(value=True))
        found.append(
            rows.filter(fills)
            .sort("period_end", "observation_id")
            .select(
                *SERIES,
                period=period,
                period_type=pl.lit(frequency),
                observation_id="observation_id",
            )
            .unique(CELL, keep="last", maintain_order=True)
        )
    return pl.concat(found).unique(CELL, keep="first", maintain_order=True)
