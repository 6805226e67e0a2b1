"""The outlook tables: `projections`, `outlook`, `hindcasts`, `projection_skill`."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

import narwhals as nw
import polars as pl

from assets.breaks import with_segment
from assets.findings import Finding
from assets.metrics.projection import with_projections, with_spread
from assets.metrics.thresholds import (
    COVER80_BAND,
    DRIFT_MARGIN,
    HIGH_ASSURANCE,
    MODERATE_ASSURANCE,
    PROJECTION_MIN_POINTS,
    PROJECTION_YEARS,
)
from assets.metrics.trend import trend
from assets.outlook.hindcasts import hindcasts, limits
from assets.outlook.pools import pool_name, pools
from assets.outlook.sentences import goal_sentences, projection_sentences
from assets.outlook.skill import CHOSEN, skill, with_intervals
from assets.record import known_on
from assets.series import annual_answers
from schemas.contract import Table, conform, empty, validate
from schemas.tables_outlook import Hindcasts, Outlook, Projections, ProjectionSkill

DIGITS: Final = 12
SERIES: Final = ["indicator_id", "region_code"]


def outlook_tables(
    frames: Mapping[str, pl.DataFrame], as_of: dt.date
) -> tuple[dict[str, pl.DataFrame], list[Finding]]:
    """The four tables as of a day, and what speaks against the methods of late.

    Args:
        frames: observation_vintages, indicators, regions, series_breaks, gap_to_goal.
    """
    indicators = frames["indicators"]
    measures = indicators.select("indicator_id", "measure")
    answers = with_segment(
        annual_answers(known_on(frames["observation_vintages"], [as_of]), measures),
        frames["series_breaks"],
    )
    bounds = limits(indicators)
    units = indicators.select("indicator_id", "unit")
    past = hindcasts(answers, bounds)
    record = skill(past) if past.height else empty(ProjectionSkill)
    record = record.with_columns(as_of=pl.lit(as_of))
    ends = _ends(answers, bounds)
    paths = _paths(ends, past, record, frames["gap_to_goal"], as_of)
    names = _names(indicators, frames["regions"])
    paths = projection_sentences(paths.join(units, on="indicator_id"), names)
    goals = goal_sentences(
        _newest_goals(ends.join(units, on="indicator_id"), frames["gap_to_goal"]), names
    )
    checked = with_intervals(past).join(units, on="indicator_id").rename({"kind": "series_kind"})
    return {
        "projections": _table(paths, Projections),
        "outlook": _table(goals.with_columns(as_of=pl.lit(as_of)), Outlook),
        "hindcasts": _table(checked, Hindcasts),
        "projection_skill": _table(record, ProjectionSkill),
    }, list(skill_findings(record))


def _ends(answers: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """The movement of every series with three points or more: columns of `trend` and bounds."""
    rows = answers.select(
        goal_id=pl.format("{}|{}", *SERIES), **{c: c for c in SERIES},
        t="t", year="year", value="value", segment=pl.col("segment").cast(pl.Float64),
    ).join(bounds, on="indicator_id")  # fmt: skip
    inputs = rows.select("goal_id", "t", "value", "segment", "ceiling")
    moved: pl.DataFrame = nw.to_native(trend(nw.from_native(inputs.lazy()))).collect()
    last = rows.sort("t").group_by("goal_id").last().select(
        "goal_id", *SERIES, "kind", "floor", "cap", "ceiling", origin_year="year"
    )  # fmt: skip
    return (
        moved.filter(pl.col("points") >= PROJECTION_MIN_POINTS)
        .join(last, on="goal_id")
        .with_columns(first_year=pl.col("first_t").ceil().cast(pl.Int64), n_points="points")
    )


def _paths(
    ends: pl.DataFrame,
    past: pl.DataFrame,
    record: pl.DataFrame,
    gaps: pl.DataFrame,
    as_of: dt.date,
) -> pl.DataFrame:
    """Five years ahead, or up to the last deadline where that lies further (ten at most)."""
    deadlines = (
        gaps.filter(pl.col("is_live")).group_by(SERIES).agg(_due=pl.col("target_year").max())
    )
    rows = ends.join(deadlines, on=SERIES, how="left").with_columns(
        as_of=pl.lit(as_of),
        # The end of the origin's own year, where the last value is of a day before it.
        _first=(pl.col("origin_t") + 1e-9).ceil().cast(pl.Int64),
    )
    reach = pl.max_horizontal(pl.col("origin_year") + PROJECTION_YEARS, pl.col("_due").fill_null(0))
    last = pl.min_horizontal(reach, pl.col("origin_year") + 2 * PROJECTION_YEARS)
    rows = rows.with_columns(year=pl.int_ranges("_first", last + 1)).explode("year")
    rows = rows.with_columns(
        horizon=pl.col("year") - pl.col("origin_t"), pool=pool_name("as_of", "kind")
    )
    frame = with_projections(nw.from_native(rows.lazy()), "horizon")
    quantiles = nw.from_native(pools(past).quantiles.lazy())
    made: pl.DataFrame = nw.to_native(with_spread(frame, quantiles, "horizon")).collect()
    known = record.filter("is_chosen").select(
        kind="series_kind", _ahead=pl.col("horizon").cast(pl.Float64), past_errors="n",
        past_median_ape_pct="median_ape_pct", past_cover80_pct="cover80_pct",
    )  # fmt: skip
    made = made.with_columns(_ahead=pl.col("horizon").ceil()).join(
        known, on=["kind", "_ahead"], how="left"
    )
    width = (pl.col("hi80") - pl.col("lo80")) / 2 / pl.col("projected_value").abs()
    is_pooled = (pl.col("interval_method") == "pooled_errors").fill_null(value=False)
    return made.with_columns(
        projected_alt="ensemble",
        series_kind="kind",
        projection_method=pl.col("kind").replace_strict(CHOSEN, return_dtype=pl.String),
        assurance=pl.when(is_pooled & (width <= HIGH_ASSURANCE))
        .then(pl.lit("high"))
        .when(is_pooled & (width <= MODERATE_ASSURANCE))
        .then(pl.lit("moderate"))
        .otherwise(pl.lit("low")),
    ).sort(*SERIES, "year")


def _newest_goals(ends: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """Each series with the live goal of the latest deadline; documented before reported.

    Not sums over a period: no value of a year stands for them.
    """
    goals = gaps.filter(
        pl.col("is_live")
        & (pl.col("value_kind") != "cumulative")
        & pl.col("resolved_target").is_not_null()
        & pl.col("target_year").is_not_null()
    ).sort(
        "target_year",
        pl.col("standing") == "documented",
        "target_id",
        descending=[True, True, False],
    )
    newest = goals.unique(SERIES, keep="first", maintain_order=True).select(
        *SERIES, "target_id", "target_year", "resolved_target", "operator", "value_high",
        "p_on_time", "eta_year", "met_within_tolerance", "deadline_passed", "projected_value",
        "lo80", "hi80", "recent_pace", "gap_abs",
        is_never=pl.col("null_reason").str.contains("eta_year=never").fill_null(value=False),
    )  # fmt: skip
    rows = ends.join(newest, on=SERIES, how="left")
    return rows.with_columns(
        outlook=pl.when(pl.col("target_id").is_null())
        .then(pl.lit("no_goal"))
        .when(pl.col("met_within_tolerance"))
        .then(pl.lit("met"))
        .when(pl.col("deadline_passed") & (pl.col("origin_t") < pl.col("target_year")))
        .then(pl.lit("unobserved"))
        .when(pl.col("deadline_passed"))
        .then(pl.lit("overdue"))
        .when(pl.col("projected_value").is_not_null())
        .then(pl.lit("open"))
        .otherwise(pl.lit("unknown"))
    ).sort(SERIES)


def _names(indicators: pl.DataFrame, regions: pl.DataFrame) -> dict[str, tuple[str, str]]:
    """Names of indicators and regions by id, in both languages."""
    known = indicators.select("indicator_id", "name_zh", "name_en").rows()
    known += regions.select("region_code", "name_zh", "name_en").rows()
    return {key: (zh, en) for key, zh, en in known}


def skill_findings(record: pl.DataFrame) -> list[Finding]:
    """What the record of the chosen methods says against them."""
    found = []
    for row in record.filter("is_chosen").iter_rows(named=True):
        key = f"{row['method']}|{row['series_kind']}|{row['horizon']}"
        cover, ratio = row["cover80_pct"], row["ratio_to_drift"]
        low, high = COVER80_BAND
        if cover is not None and not low <= cover <= high:
            found.append(Finding(
                "warning", "interval_coverage", "projection_skill", key,
                f"80%区间的历史覆盖率为{cover:.1f}%，不在{low:.0f}%—{high:.0f}%之内",
                f"the 80 % interval held in {cover:.1f} % of past projections",
                "Read intervals of this horizon with care; look for a shock common to all regions",
            ))  # fmt: skip
        if ratio is not None and ratio > 1 + DRIFT_MARGIN:
            found.append(Finding(
                "warning", "projection_worse_than_drift", "projection_skill", key,
                f"所用方法的误差中位数是首末点直线的{ratio:.2f}倍",
                f"the method's median error is {ratio:.2f} times that of the straight line",
                "Compare the methods in projection_skill before quoting projections of this kind",
            ))  # fmt: skip
    return found


def _table(frame: pl.DataFrame, model: type[Table]) -> pl.DataFrame:
    # Sums run in parallel, in no fixed order: the last bits differ from run to run.
    table = conform(frame, model).with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS))
    return validate(table, model)
