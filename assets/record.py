"""From everything ever published to one value of record, as it was known on a day."""

import datetime as dt
from collections.abc import Iterable

import polars as pl

from schemas.contract import conform, empty, validate
from schemas.tables_core import Observations
from schemas.vocabulary import QUALITIES

GRAIN = ["indicator_id", "region_code", "period", "period_type"]
# What a beaten vintage is compared by, told apart by and shown with.
COMPARED = [
    "observation_id", "value", "value_printed", "bound", "tolerance", "quality", "published_on",
    "retrieved_at", "source_id", "source_row",
]  # fmt: skip
QUALITY_RANK = {quality: rank for rank, quality in enumerate(QUALITIES)}


def known_on(vintages: pl.DataFrame, days: Iterable[dt.date]) -> pl.DataFrame:
    """The vintages published by each day: the vintages' columns plus as_of, one block a day."""
    calendar = pl.DataFrame({"as_of": list(days)}, schema={"as_of": pl.Date})
    if calendar.height == 1:  # a filter, since the join would move every row
        (day,) = calendar["as_of"]
        return vintages.filter(pl.col("published_on") <= day).with_columns(as_of=pl.lit(day))
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


def grain_number(rows: pl.DataFrame, grain: list[str]) -> pl.Series:
    """One whole number a grain, in the order of the grain: numbers are compared faster than text.

    Args:
        grain: columns of text, days or whole numbers, none of them null.
    """
    distinct = rows.select(pl.col(grain).unique().sort().implode())
    number = pl.lit(0, pl.Int64)
    for name in grain:
        values = distinct[name][0]
        if len(values) <= 1:
            continue
        if values.dtype == pl.String:
            place = pl.col(name).cast(pl.Enum(values)).to_physical()
        else:
            place = pl.lit(values).search_sorted(pl.col(name))
        number = number * len(values) + place.cast(pl.Int64)
    return rows.with_columns(_grain=number)["_grain"]


def first_of(rows: pl.DataFrame, grain: list[str], order: list[pl.Expr]) -> pl.DataFrame:
    """The first row of each grain in an order, sorted by the grain.

    Args:
        grain: see `grain_number`.
        order: keys, none of them null. Rows that are alike in all of them stay as they came.
    """
    return rows[_firsts(rows, grain_number(rows, grain), order)]


def _firsts(rows: pl.DataFrame, number: pl.Series, order: list[pl.Expr]) -> pl.Series:
    """The place of the first row of each number, by number.

    Few rows share their grain with another one: key by key, only those still in question are
    looked at.
    """
    by_number = number.arg_sort()
    is_new = number[by_number].diff().ne_missing(0)
    firsts = by_number.filter(is_new)
    is_shared = ~(is_new & is_new.shift(-1, fill_value=True))
    left = pl.DataFrame({"_row": by_number, "_at": is_new.cum_sum() - 1}).filter(is_shared)
    left = left.sort("_row")
    settled: list[pl.DataFrame] = []
    for key in order:
        if left.is_empty():
            break
        asked = rows.select(key.meta.root_names())[left["_row"]]
        left = left.with_columns(asked.select(key.alias("_key")).to_series())
        left = left.filter(pl.col("_key") == pl.col("_key").min().over("_at")).drop("_key")
        is_alone = ~left["_at"].is_duplicated()
        settled.append(left.filter(is_alone))
        left = left.filter(~is_alone)
    settled.append(left.unique("_at", keep="first", maintain_order=True))
    chosen = pl.concat(settled)
    return firsts.scatter(chosen["_at"], chosen["_row"])


def observations_table(vintages: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Table `observations`: the value of record of each period known on the day, and what it beat.

    A beaten value conflicts when it differs beyond the printed precision of both; a bound
    conflicts only when the other value lies on its wrong side.
    """
    known = known_on(vintages, [as_of])
    number = grain_number(known, GRAIN)
    places = _firsts(known, number, by_trust())
    shown = [name for name in empty(Observations).columns if name in known.columns]
    record, grains = known.select(shown)[places], number[places]
    is_beaten = pl.Series([True]).new_from_index(0, known.height).scatter(places, False)
    rest = known.select(*COMPARED, number.alias("_grain")).filter(is_beaten)
    against = record.select(pl.col("value", "bound", "tolerance").name.prefix("record_"))
    rest = rest.hstack(against[grains.search_sorted(rest["_grain"])])
    rest = rest.with_columns(
        difference_pct=(pl.col("value") - pl.col("record_value")).abs()
        / pl.col("record_value").replace(0.0, None).abs()
        * 100,
        is_conflict=_conflicts(),
    )
    beaten = (
        rest.sort("_grain", *by_trust())
        .with_columns(
            beaten=pl.format(
                "{} = {} ({}, {})",
                pl.col("value_printed"),
                pl.col("value"),
                pl.col("quality"),
                pl.col("published_on").cast(pl.String),
            )
        )
        .group_by("_grain", maintain_order=True)
        .agg(
            vintages_beaten=pl.len(),
            first_beaten=pl.col("published_on").min(),
            max_difference_pct=pl.col("difference_pct").max(),
            is_conflict=pl.col("is_conflict").any(),
            beaten=pl.col("beaten"),
        )
        .with_columns(pl.col("beaten").list.join("; "))
    )
    table = record.hstack(
        grains.to_frame("_grain").join(beaten, on="_grain", how="left", maintain_order="left")
    ).with_columns(
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
