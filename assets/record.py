"""From everything ever published to one value of record, as it was known on a day."""

import datetime as dt
from collections.abc import Iterable

import polars as pl

from schemas.contract import conform, validate
from schemas.tables_core import Observations
from schemas.vocabulary import QUALITIES

GRAIN = ["indicator_id", "region_code", "period", "period_type"]
QUALITY_RANK = {quality: rank for rank, quality in enumerate(QUALITIES)}


def known_on(vintages: pl.DataFrame, days: Iterable[dt.date]) -> pl.DataFrame:
    """The vintages published by each day: the vintages' columns plus as_of, one block a day."""
    calendar = pl.DataFrame({"as_of": list(days)}, schema={"as_of": pl.Date})
    return vintages.join_where(calendar, pl.col("published_on") <= pl.col("as_of"))


def by_trust() -> list[pl.Expr]:
    """Sort keys that put the value of record first.

    Quality, then the latest publication; what is left is decided by source, within a source by the
    moment of retrieval, the last one first (a submission that was handed in again the same day),
    by line and by content, so that the same input always gives the same record.
    """
    rank = pl.col("quality").replace_strict(QUALITY_RANK, return_dtype=pl.Int8)
    days_back = -pl.col("published_on").cast(pl.Int32)
    moments_back = -pl.col("retrieved_at").cast(pl.Datetime("us")).cast(pl.Int64)
    last = [pl.col("source_row"), pl.col("observation_id")]
    return [rank, days_back, pl.col("source_id"), moments_back, *last]


def value_of_record(known: pl.DataFrame, grain: list[str]) -> pl.DataFrame:
    """The most trusted vintage of each grain: the columns of `known`, one row a grain."""
    return first_of(known, grain, by_trust())


def first_of(rows: pl.DataFrame, grain: list[str], order: list[pl.Expr]) -> pl.DataFrame:
    """The first row of each grain in an order, sorted by the grain.

    Only rows that share their grain with another are put in order, and only their keys are moved.
    """
    names = [f"_{number}" for number in range(len(order))]
    keys = rows.select(
        *grain, *(key.alias(name) for key, name in zip(order, names, strict=True))
    ).with_row_index("_row")
    is_alone = ~pl.struct(grain).is_duplicated()
    alone = keys.filter(is_alone).select("_row", *grain)
    contested = keys.filter(~is_alone).sort(*grain, *names, "_row")
    firsts = contested.unique(grain, keep="first", maintain_order=True).select("_row", *grain)
    return rows[pl.concat([alone, firsts]).sort(grain)["_row"]]


def observations_table(vintages: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Table `observations`: the value of record of each period known on the day, and what it beat.

    A beaten value conflicts when it differs beyond the printed precision of both; a bound
    conflicts only when the other value lies on its wrong side.
    """
    known = known_on(vintages, [as_of])
    record = value_of_record(known, GRAIN)
    rest = known.join(
        record.select(
            *GRAIN,
            record_id="observation_id",
            record_value="value",
            record_bound="bound",
            record_tolerance="tolerance",
        ),
        on=GRAIN,
    ).filter(pl.col("observation_id") != pl.col("record_id"))
    rest = rest.with_columns(
        difference_pct=(pl.col("value") - pl.col("record_value")).abs()
        / pl.col("record_value").replace(0.0, None).abs()
        * 100,
        is_conflict=_conflicts(),
    )
    beaten = (
        rest.sort(*GRAIN, *by_trust())
        .group_by(GRAIN, maintain_order=True)
        .agg(
            vintages_beaten=pl.len(),
            first_beaten=pl.col("published_on").min(),
            max_difference_pct=pl.col("difference_pct").max(),
            is_conflict=pl.col("is_conflict").any(),
            beaten=pl.format(
                "{} = {} ({}, {})",
                pl.col("value_printed"),
                pl.col("value"),
                pl.col("quality"),
                pl.col("published_on").cast(pl.String),
            ).str.join("; "),
        )
    )
    table = record.join(beaten, on=GRAIN, how="left").with_columns(
        vintage_count=1 + pl.col("vintages_beaten").fill_null(0).cast(pl.Int64),
        first_published_on=pl.min_horizontal("published_on", "first_beaten"),
        is_conflict=pl.col("is_conflict").fill_null(value=False),
    )
    return validate(conform(table, Observations), Observations)


def _conflicts() -> pl.Expr:
    slack = pl.col("tolerance") + pl.col("record_tolerance") + 1e-9 * pl.col("value").abs()
    value, record = pl.col("value"), pl.col("record_value")
    bound, record_bound = pl.col("bound"), pl.col("record_bound")
    above_only = (bound == "at_least") | (record_bound == "at_most")
    below_only = (bound == "at_most") | (record_bound == "at_least")
    return (
        pl.when(above_only & ~below_only)
        .then(value > record + slack)
        .when(below_only & ~above_only)
        .then(value < record - slack)
        .when(above_only & below_only)
        .then(pl.lit(value=False))
        .otherwise((value - record).abs() > slack)
    )
