"""Vintages of one source: what only repeats the last one, and what a publisher changed."""

from collections.abc import Iterator

import polars as pl

from assets.findings import Finding
from schemas.contract import conform, validate
from schemas.tables_watch import Revisions

CELL = ["source_id", "indicator_id", "region_code", "period", "period_type"]
NOTABLE_PCT = 5.0  # a change of a figure from which on somebody should look at it


def new_vintages(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split rows into new vintages and those that only confirm the last one of their source.

    A cell is confirmed where a landing says of it what the publication before said: the same
    values with the same bounds and precisions. Publications follow one another by day, then by
    moment of retrieval, then in the order of landing, so that A, B, A are three vintages. Rows of
    one landing never confirm one another: what is there twice is for the row checks.

    Args:
        rows: columns of `observation_vintages` plus raw, of one source or several, in the order
            of landing.

    Returns:
        (kept, confirmed): every row is in exactly one of them, in the order given.
    """
    placed = rows.with_row_index("_place").with_columns(_landing=pl.col("landing_sha256").rle_id())
    publication = [*CELL, "published_on", "_landing"]
    said = pl.format("{} {} {}", "value", "bound", "tolerance").unique().sort().str.join("; ")
    statements = (
        placed.group_by(publication)
        .agg(said=said, retrieved=pl.col("retrieved_at").min(), place=pl.col("_place").min())
        .sort(*CELL, "published_on", "retrieved", "place")
    )
    confirmed = statements.filter(
        (pl.col("said") == pl.col("said").shift(1).over(CELL))
        & (pl.col("_landing") != pl.col("_landing").shift(1).over(CELL))
    )
    again = placed.join(confirmed, on=publication, how="semi")["_place"].implode()
    is_again = pl.col("_place").is_in(again)
    return (
        placed.filter(~is_again).sort("_place").select(rows.columns),
        placed.filter(is_again).sort("_place").select(rows.columns),
    )


def revisions_table(vintages: pl.DataFrame) -> pl.DataFrame:
    """Table `revisions`: where a publisher's next vintage of a cell has another value or bound.

    Two figures in one publication contradict each other; neither revises the other, and the first
    one stands for the publication. A compiled file holds many publishers: only one's own figures
    are compared, and only figures of one quality (a derived one revises nothing).

    Args:
        vintages: table `observation_vintages`.
    """
    series = [*CELL, "source_publisher", "quality"]
    moment = ["published_on", "retrieved_at"]
    publications = vintages.sort(*series, *moment, "landing_sha256", "source_row").unique(
        [*series, *moment, "landing_sha256"], keep="first", maintain_order=True
    )

    def before(name: str) -> pl.Expr:
        return pl.col(name).shift(1).over(series)

    pairs = publications.with_columns(
        old_value=before("value"),
        old_value_printed=before("value_printed"),
        old_observation_id=before("observation_id"),
        old_published_on=before("published_on"),
        is_other=(pl.col("value") != before("value")) | (pl.col("bound") != before("bound")),
    ).filter(pl.col("is_other").fill_null(value=False))
    old, new = pl.col("old_value"), pl.col("value")
    table = pairs.with_columns(
        new_value=new,
        new_value_printed=pl.col("value_printed"),
        new_observation_id=pl.col("observation_id"),
        new_published_on=pl.col("published_on"),
        change_pct=(new - old) / old.replace(0.0, None).abs() * 100,
        days_between=(pl.col("published_on") - pl.col("old_published_on")).dt.total_days(),
    )
    return validate(conform(table, Revisions), Revisions)


def revised(revisions: pl.DataFrame, targets: pl.DataFrame) -> Iterator[Finding]:
    """Each revision of a series with a goal; of the others one summary a source and release."""
    goals = targets.filter("is_goal").select("indicator_id", "region_code").unique()
    keys = ["indicator_id", "region_code"]
    for row in revisions.join(goals, on=keys, how="semi").iter_rows(named=True):
        change = _percent(row["change_pct"])
        yield Finding(
            "info" if _is_small(row["change_pct"]) else "warning",
            "revised",
            "revisions",
            row["new_observation_id"],
            f"{row['indicator_id']} {row['region_code']} {row['period']} 由 "
            f"{row['old_value_printed']} 修订为 {row['new_value_printed']}（{change}，"
            f"{row['source_id']}，{row['new_published_on']}）",
            f"{row['indicator_id']} {row['region_code']} {row['period']}: {row['source_id']} "
            f"changed {row['old_value']:g} to {row['new_value']:g} on {row['new_published_on']} "
            f"({change})",
            "See whether the scope changed; if so, record it under `breaks` of the indicator",
        )
    releases = (
        revisions.join(goals, on=keys, how="anti")
        .group_by("source_id", "indicator_id", "new_published_on")
        .agg(
            count=pl.len(),
            low=pl.col("change_pct").min(),
            high=pl.col("change_pct").max(),
            largest=pl.col("change_pct").abs().max(),
        )
        .sort("source_id", "indicator_id", "new_published_on")
    )
    for row in releases.iter_rows(named=True):
        low, high = _percent(row["low"]), _percent(row["high"])
        yield Finding(
            "info" if _is_small(row["largest"]) else "warning",
            "revised",
            "revisions",
            "|".join(str(row[k]) for k in ("source_id", "indicator_id", "new_published_on")),
            f"{row['source_id']} 于 {row['new_published_on']} 修订 {row['indicator_id']} 的 "
            f"{row['count']} 个数，幅度 {low} 至 {high}",
            f"{row['source_id']} changed {row['count']} figure(s) of {row['indicator_id']} on "
            f"{row['new_published_on']}, by {low} to {high}",
            "See table revisions; if the scope changed, record it under `breaks` of the indicator",
        )


def _is_small(change_pct: float | None) -> bool:
    return change_pct is not None and abs(change_pct) < NOTABLE_PCT


def _percent(change_pct: float | None) -> str:
    return "-" if change_pct is None else f"{change_pct:+.2f} %"
