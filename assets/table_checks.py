"""Checks that publish a finding: disagreements, jumps, parts and wholes, coverage, staleness."""

import datetime as dt
from collections.abc import Iterator

import polars as pl

from assets.breaks import with_segment
from assets.findings import Finding
from schemas.contract import conform, validate
from schemas.tables_meta import Freshness

SERIES = ["indicator_id", "region_code"]
PARTS_TOLERANCE = 0.005  # parts may differ from the whole by rounding: half a percent
PANEL_REGIONS = 20  # a year that so many regions have is expected of all
ADDITIVE = ("stock", "flow")


def freshness_table(
    observations: pl.DataFrame, indicators: pl.DataFrame, as_of: dt.date
) -> pl.DataFrame:
    """Table `meta.freshness`: age of each series by the end of its latest period (days)."""
    limits = indicators.select("indicator_id", "stale_after_days")
    latest = (
        observations.sort("period_end")
        .group_by(SERIES)
        .agg(
            latest_period=pl.col("period").last(),
            latest_period_end=pl.col("period_end").last(),
            latest_published_on=pl.col("published_on").max(),
            observation_count=pl.len().cast(pl.Int64),
        )
        .join(limits, on="indicator_id")
    )
    age = (pl.lit(as_of) - pl.col("latest_period_end")).dt.total_days()
    table = latest.with_columns(age_days=age, is_stale=age > pl.col("stale_after_days"))
    return validate(conform(table, Freshness), Freshness)


def refused(rejected_rows: pl.DataFrame) -> Iterator[Finding]:
    """A refused row is an error."""
    for row in rejected_rows.iter_rows(named=True):
        where = f"{row['file']} line {row['source_row']}"
        field = f"{row['field']}={row['field_value']}: " if row["field"] else ""
        yield Finding(
            "error",
            row["rule"],
            "rejected_rows",
            where,
            f"{row['file']} 第{row['source_row']}行被拒绝：{field}{row['message_zh']}",
            f"{where} refused: {field}{row['message_en']}",
            row["remedy"],
        )


def disagreements(observations: pl.DataFrame) -> Iterator[Finding]:
    """Sources that differ beyond the printed precision; above all what a document printed."""
    for row in observations.filter("is_conflict").iter_rows(named=True):
        documented = "document" in (row["beaten"] or "") or row["quality"] == "document"
        rule = "printed_as_reached" if documented else "sources_disagree"
        key = "|".join(str(row[k]) for k in (*SERIES, "period", "period_type"))
        pct = row["max_difference_pct"] or 0.0
        yield Finding(
            "warning",
            rule,
            "observations",
            key,
            f"采用 {row['value']:g}（{row['quality']}），与 {row['beaten']} 相差 {pct:.2f}%",
            f"{row['value']:g} ({row['quality']}) is used; {row['beaten']} differs by {pct:.2f} %",
            "Look at the sources; the values differ beyond what is printed",
        )


def jumps(
    observations: pl.DataFrame, indicators: pl.DataFrame, breaks: pl.DataFrame
) -> Iterator[Finding]:
    """Changes between neighbouring years beyond the indicator's `max_step_pct` a year.

    Across a scope break nothing is compared (see `breaks.scope_breaks`); a jump where no break is
    on record may be one.
    """
    annual = observations.filter(pl.col("period_type") == "annual").join(
        indicators.select("indicator_id", "max_step_pct"), on="indicator_id"
    )
    annual = with_segment(annual, breaks)
    year = pl.col("period_end").dt.year()
    alike = [*SERIES, "segment"]
    steps = annual.sort(*alike, "period_end").with_columns(
        before=pl.col("value").shift(1).over(alike), years=year - year.shift(1).over(alike)
    )
    change = (pl.col("value") - pl.col("before")) / pl.col("before").abs() * 100
    steps = steps.filter((pl.col("years") == 1) & (pl.col("before") != 0)).with_columns(
        change=change
    )
    for row in steps.filter(pl.col("change").abs() > pl.col("max_step_pct")).iter_rows(named=True):
        yield Finding(
            "warning",
            "jump",
            "observations",
            _key(row, "period"),
            f"一年变动 {row['change']:+.1f}%，超过 {row['max_step_pct']:g}%",
            f"changed by {row['change']:+.1f} % in a year, more than {row['max_step_pct']:g} %",
            "No scope break is on record here. Check scope and unit; if the scope changed, record "
            f"it under `breaks` of {row['indicator_id']} in data/register",
        )


def parts_and_wholes(observations: pl.DataFrame, indicators: pl.DataFrame) -> Iterator[Finding]:
    """Urban + rural = total, for indicators that name their parts."""
    wholes = indicators.drop_nulls("whole_of").select(
        "indicator_id", pl.col("whole_of").str.split(",")
    )
    keys = ["region_code", "period", "period_type"]
    for whole, parts in wholes.iter_rows():
        of_parts = (
            observations.filter(pl.col("indicator_id").is_in(parts))
            .group_by(keys)
            .agg(parts_sum=pl.col("value").sum(), slack=pl.col("tolerance").sum(), found=pl.len())
        )
        of_whole = observations.filter(pl.col("indicator_id") == whole).join(of_parts, on=keys)
        off = (pl.col("value") - pl.col("parts_sum")).abs()
        allowed = pl.col("slack") + pl.col("tolerance") + PARTS_TOLERANCE * pl.col("value").abs()
        wrong = of_whole.filter((pl.col("found") == len(parts)) & (off > allowed))
        for row in wrong.iter_rows(named=True):
            yield Finding(
                "warning",
                "parts_differ_from_whole",
                "observations",
                _key(row, "period"),
                f"分项之和 {row['parts_sum']:g} ≠ 合计 {row['value']:g}",
                f"the parts add up to {row['parts_sum']:g}, the whole is {row['value']:g}",
                "Check the parts: " + ", ".join(parts),
            )


def regions_within_regions(
    observations: pl.DataFrame, indicators: pl.DataFrame, regions: pl.DataFrame
) -> Iterator[Finding]:
    """A county is no larger than its city, a city no larger than its province (stocks, flows)."""
    additive = indicators.filter(pl.col("measure").is_in(ADDITIVE)).select("indicator_id")
    values = observations.join(additive, on="indicator_id", how="semi")
    keys = ["indicator_id", "period", "period_type"]
    inner = values.join(regions.select("region_code", "parent_code"), on="region_code")
    outer = values.select(*keys, parent_code="region_code", whole="value", slack="tolerance")
    pairs = inner.join(outer, on=[*keys, "parent_code"])
    wrong = pairs.filter(pl.col("value") > pl.col("whole") + pl.col("slack") + pl.col("tolerance"))
    for row in wrong.iter_rows(named=True):
        yield Finding(
            "warning",
            "part_exceeds_whole",
            "observations",
            _key(row, "period"),
            f"下级地区 {row['value']:g} 大于上级 {row['parent_code']} 的 {row['whole']:g}",
            f"{row['value']:g} exceeds {row['whole']:g} of {row['parent_code']}",
            "Check unit and scope of both",
        )


def missing_years(observations: pl.DataFrame) -> Iterator[Finding]:
    """Years that most regions of a panel have and one has not: one finding a series."""
    annual = observations.filter(pl.col("period_type") == "annual").select(
        *SERIES, year=pl.col("period_end").dt.year()
    )
    regions = pl.col("region_code").n_unique()
    years = (
        annual.group_by("indicator_id", "year")
        .agg(regions)
        .filter(pl.col("region_code") >= PANEL_REGIONS)
    )
    expected = years.select("indicator_id", "year").join(
        annual.select(SERIES).unique(), on="indicator_id"
    )
    lost = expected.join(annual, on=[*SERIES, "year"], how="anti")
    lost = lost.group_by(SERIES).agg(years=pl.col("year").sort()).sort(SERIES)
    for indicator, region, missing in lost.iter_rows():
        text = ", ".join(str(y) for y in missing)
        yield Finding("info", "missing_periods", "observations", f"{indicator}|{region}",
                      f"缺少年份：{text}", f"years missing: {text}",
                      "Nothing is imputed; load the figures when they are published")  # fmt: skip


def stale(freshness: pl.DataFrame, targets: pl.DataFrame) -> Iterator[Finding]:
    """Series with a goal whose latest period ended too long ago."""
    wanted = targets.filter(pl.col("is_goal")).select(SERIES).unique()
    for row in (
        freshness.filter("is_stale").join(wanted, on=SERIES, how="semi").iter_rows(named=True)
    ):
        yield Finding(
            "warning",
            "stale",
            "observations",
            _key(row),
            f"最新数据为 {row['latest_period']}，距今 {row['age_days']} 天",
            f"the latest period is {row['latest_period']}, {row['age_days']} days old "
            f"(limit {row['stale_after_days']})",
            "Look for a newer publication",
        )


def unanswered(gap_to_goal: pl.DataFrame) -> Iterator[Finding]:
    """Live goals without any comparable observation."""
    empty_rows = gap_to_goal.filter(pl.col("is_live") & (pl.col("status") == "no_data"))
    for row in empty_rows.iter_rows(named=True):
        yield Finding(
            "info",
            "no_observation",
            "gap_to_goal",
            row["target_id"],
            "没有可比的观测值，无法判断",
            "no comparable observation: nothing can be said",
            f"Find a published figure for {row['indicator_id']}",
        )


def _key(row: dict[str, object], *more: str) -> str:
    return "|".join(str(row[name]) for name in (*SERIES, *more))
