"""The three levels, province, city and county: sums of the parts against the whole."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from assets.findings import Finding
from assets.record import GRAIN
from assets.table_checks import ADDITIVE, PARTS_TOLERANCE
from schemas.contract import conform, validate
from schemas.tables_watch import Rollups

# Level by which a region is summed up. A county has no parts, and a special area is none.
PARTS_OF: Final = {"country": "province", "province": "prefecture", "prefecture": "county"}
# Amounts. A speed a household gets, a share, a rank or an index is no amount, whatever its measure.
SUMMED_UNITS: Final = (
    "count", "subscriptions", "households", "persons", "parcels", "racks", "CNY", "km", "GB",
    "Gbit/s", "PFLOPS",
)  # fmt: skip
NAMED_PARTS: Final = 5  # missing parts that are named; the others are counted
CELL: Final = ["period", "period_type", "period_end"]


def rollups_table(
    observations: pl.DataFrame, indicators: pl.DataFrame, regions: pl.DataFrame
) -> pl.DataFrame:
    """Table `rollups`: every whole of which at least one part has a value of record.

    Parts are the regions that statistics list one level below, by `reports_as`, and whose code was
    valid on the last day of the period. So Jiyuan counts among the cities of Henan; counties
    that are administered by the province stay within their cities and are not added beside them;
    functional zones and special areas overlap what they lie in and are never added; a county that
    another code followed counts under one of the two. A figure printed as a bound is one here too:
    `agrees` means that all the figures can be true together.
    """
    values = _additive(observations, indicators)
    keys = ["indicator_id", *CELL]
    parts = _parts(regions)
    found = values.join(parts, on="region_code").filter(_is_valid())
    sums = found.group_by(*keys, "parent_code").agg(
        parts_found=pl.len(),
        parts_sum=pl.col("value").sum(),
        parts_slack=pl.col("tolerance").sum(),
        parts_low=_low().sum(),
        parts_high=_high().sum(),
    )
    expected = _expected(sums.select(*keys, "parent_code"), parts, found, keys)
    whole = values.select(
        *keys,
        parent_code="region_code",
        whole_value="value",
        whole_slack="tolerance",
        whole_low=_low(),
        whole_high=_high(),
    )
    table = (
        sums.join(expected, on=[*keys, "parent_code"])
        .join(whole, on=[*keys, "parent_code"], how="left")
        .rename({"parent_code": "region_code"})
    )
    rounding = PARTS_TOLERANCE * pl.col("whole_value").abs().fill_null(0.0)
    difference = pl.col("parts_sum") - pl.col("whole_value")
    table = table.with_columns(
        difference=difference,
        difference_pct=difference / pl.col("whole_value").replace(0.0, None).abs() * 100,
        tolerance=pl.col("parts_slack") + pl.col("whole_slack").fill_null(0.0) + rounding,
        status=pl.when(pl.col("whole_value").is_null())
        .then(pl.lit("no_whole"))
        .when(pl.col("parts_low") > pl.col("whole_high") + rounding)
        .then(pl.lit("exceeds"))
        .when(pl.col("parts_found") < pl.col("parts_expected"))
        .then(pl.lit("incomplete_below"))
        .when(pl.col("parts_high") < pl.col("whole_low") - rounding)
        .then(pl.lit("differs"))
        .otherwise(pl.lit("agrees")),
    )
    return validate(conform(table, Rollups), Rollups)


def _additive(observations: pl.DataFrame, indicators: pl.DataFrame) -> pl.DataFrame:
    amounts = indicators.filter(
        pl.col("measure").is_in(ADDITIVE) & pl.col("unit").is_in(SUMMED_UNITS)
    )
    return observations.join(amounts, on="indicator_id", how="semi")


def _parts(regions: pl.DataFrame) -> pl.DataFrame:
    """Every region that is a part of its parent: region_code, parent_code, name, validity."""
    parents = regions.select(
        parent_code="region_code",
        part_level=pl.col("reports_as").replace_strict(
            PARTS_OF, default=None, return_dtype=pl.String
        ),
    )
    return regions.join(parents, on="parent_code").filter(
        pl.col("reports_as") == pl.col("part_level")
    ).select("region_code", "parent_code", "name_zh", "valid_from", "valid_to")  # fmt: skip


def _is_valid() -> pl.Expr:
    day = pl.col("period_end")
    begun = (pl.col("valid_from") <= day).fill_null(value=True)
    return begun & (pl.col("valid_to") >= day).fill_null(value=True)


def _expected(
    wholes: pl.DataFrame, parts: pl.DataFrame, found: pl.DataFrame, keys: list[str]
) -> pl.DataFrame:
    """How many parts each whole has in its period, and the names of those that are missing."""
    due = wholes.join(parts, on="parent_code").filter(_is_valid())
    has = found.select(*keys, "region_code", is_found=pl.lit(value=True))
    label = pl.format("{} {}", "region_code", "name_zh").filter(pl.col("is_found").is_null())
    counted = (
        due.join(has, on=[*keys, "region_code"], how="left")
        .sort("region_code")
        .group_by(*keys, "parent_code", maintain_order=True)
        .agg(parts_expected=pl.len(), named=label.head(NAMED_PARTS), missing=label.len())
    )
    named = pl.col("named").list.join("、")
    return counted.select(
        *keys,
        "parent_code",
        "parts_expected",
        parts_missing=pl.when(pl.col("missing") > NAMED_PARTS)
        .then(pl.format("{} 等{}个", named, "missing"))
        .when(pl.col("missing") > 0)
        .then(named),
    )


def _low() -> pl.Expr:
    """Least that a printed amount can be."""
    floor = pl.when(pl.col("bound") == "at_most").then(pl.lit(float("-inf")))
    return floor.otherwise(pl.col("value") - pl.col("tolerance"))


def _high() -> pl.Expr:
    """Most that a printed amount can be."""
    ceiling = pl.when(pl.col("bound") == "at_least").then(pl.lit(float("inf")))
    return ceiling.otherwise(pl.col("value") + pl.col("tolerance"))


def rollup_findings(rollups: pl.DataFrame) -> Iterator[Finding]:
    """Sums that contradict the whole. Warnings: both are published, and neither is changed here."""
    off = rollups.filter(pl.col("status").is_in(["differs", "exceeds"]))
    for row in off.iter_rows(named=True):
        key = "|".join(row[k] for k in GRAIN)
        share = f"{row['difference_pct']:+.2f} %" if row["difference_pct"] is not None else "-"
        found = f"{row['parts_found']}/{row['parts_expected']}"
        yield Finding(
            "warning",
            f"rollup_{row['status']}",
            "rollups",
            key,
            f"下级地区（{found}）之和 {row['parts_sum']:g}，本级 {row['whole_value']:g}，"
            f"相差 {share}",
            f"the parts ({found}) add up to {row['parts_sum']:g}, the whole is "
            f"{row['whole_value']:g} ({share})",
            "Check unit and scope of the whole and of its parts; a part may be counted twice there",
        )
