"""Scope breaks: where a series stops being comparable with its own past.

The register records them by indicator. An observation belongs to a segment: the number of breaks
that lie at or before its end. Values of different segments are never compared with one another;
what they say of a level stays.
"""

from collections.abc import Iterator

import polars as pl

from assets.findings import Finding
from assets.register_files import Register
from pipelines.dates import period_bounds, period_type_of
from schemas.contract import conform, empty, validate
from schemas.tables_watch import SeriesBreaks
from schemas.vocabulary import PERIOD_TYPES

SERIES = ["indicator_id", "region_code"]
KIND_ORDER = {kind: place for place, kind in enumerate(PERIOD_TYPES)}


def series_breaks_frame(register: Register) -> pl.DataFrame:
    """Table `series_breaks`. A period that the register names twice is one break."""
    rows = {
        (entry.record.id, item.period): {
            "indicator_id": entry.record.id,
            "period": item.period,
            "starts_on": period_bounds(item.period, period_type_of(item.period))[0],
            "note_zh": item.note.zh,
            "note_en": item.note.en,
        }
        for entry in register.entries
        for item in entry.record.breaks
    }
    frame = pl.DataFrame(list(rows.values()), schema=empty(SeriesBreaks).schema)
    return validate(conform(frame, SeriesBreaks), SeriesBreaks)


def with_segment(frame: pl.DataFrame, breaks: pl.DataFrame) -> pl.DataFrame:
    """Add segment: how many breaks of the indicator begin on or before the period's last day.

    Args:
        frame: indicator_id, period_end; its order stays.
        breaks: table `series_breaks`.
    """
    if breaks.join(frame, on="indicator_id", how="semi").is_empty():
        return frame.with_columns(segment=pl.lit(0, pl.Int64))
    placed = (
        frame.with_row_index("_place")
        .sort("period_end")
        .join_asof(
            _numbered(breaks).select("indicator_id", "starts_on", "segment"),
            left_on="period_end",
            right_on="starts_on",
            by="indicator_id",
            check_sortedness=False,
        )
    )
    return placed.sort("_place").select(*frame.columns, pl.col("segment").fill_null(0))


def _numbered(breaks: pl.DataFrame) -> pl.DataFrame:
    """The breaks with the number of the segment that each begins; of one day they are one."""
    days = breaks.sort("starts_on", "period").unique(
        ["indicator_id", "starts_on"], keep="first", maintain_order=True
    )
    return days.with_columns(
        segment=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("indicator_id")
    )


def scope_breaks(observations: pl.DataFrame, breaks: pl.DataFrame) -> Iterator[Finding]:
    """One note for each break that a series has values on both sides of, with the jump across it.

    Values of one type of period are compared, annual ones where there are any.
    """
    alike = [*SERIES, "period_type"]
    rows = with_segment(observations, breaks).sort(*alike, "period_end", "period")
    crossings = rows.with_columns(
        before=pl.col("value").shift(1).over(alike),
        period_before=pl.col("period").shift(1).over(alike),
        is_crossing=pl.col("segment") > pl.col("segment").shift(1).over(alike),
        kind=pl.col("period_type").replace_strict(KIND_ORDER, return_dtype=pl.Int64),
    ).filter("is_crossing")
    firsts = (
        crossings.sort(*SERIES, "segment", "kind")
        .unique([*SERIES, "segment"], keep="first", maintain_order=True)
        .join(
            _numbered(breaks).select(
                "indicator_id", "segment", "note_zh", "note_en", since="period"
            ),
            on=["indicator_id", "segment"],
            maintain_order="left",
        )
    )
    for row in firsts.iter_rows(named=True):
        before, after = row["before"], row["value"]
        jump = f"{(after - before) / abs(before) * 100:+.1f}" if before else None
        pair = f"{row['period_before']} → {row['period']}: {before:g} → {after:g}"
        shown = f"{pair} ({jump} %)" if jump else pair
        yield Finding(
            "info",
            "scope_break",
            "observations",
            "|".join(str(row[name]) for name in (*SERIES, "period")),
            f"{row['since']} 起口径变动，前后不作比较：{shown}。{row['note_zh']}",
            f"scope differs from {row['since']} on, nothing is compared across it: {shown}. "
            f"{row['note_en']}",
            "Read levels only; growth and pace are computed on the newest side of the break",
        )
