"""Trajectories: what the way to each goal, or through several goals, asks for year by year.

Ends, units and directions are those of `gap_to_goal`, observations those of `gap_history`; nothing
of either is judged again here.
"""

from typing import Final

import narwhals as nw
import polars as pl

from assets.gaps import DIGITS
from assets.metrics.paths import CEILING, may_be_geometric, may_be_logistic, path_time, path_value
from assets.metrics.position import endpoint, path_sign
from assets.series import year_end_scale
from schemas.contract import conform, validate
from schemas.tables_paths import Trajectories

PATH: Final = ["path_id", "path_kind"]
LEG: Final = [
    *PATH, "is_main", "indicator_id", "region_code", "target_id", "as_of", "unit", "sign",
    "start_t", "start_value", "end_t", "end_value", "from_baseline",
]  # fmt: skip
# Goals of one indicator that can be points of one path.
TOGETHER: Final = ["indicator_id", "region_code", "standing", "direction"]
NO_SUMS: Final = pl.col("value_kind") != "cumulative"  # each of them starts from its own zero
TIME_DIGITS: Final = 8  # decimals of a year


def trajectories_table(
    gaps: pl.DataFrame,
    history: pl.DataFrame,
    targets: pl.DataFrame,
    indicators: pl.DataFrame,
    vintages: pl.DataFrame,
    breaks: pl.DataFrame,
) -> pl.DataFrame:
    """Table `trajectories`.

    Args:
        gaps, history: tables `gap_to_goal` and `gap_history`.
        targets, indicators, vintages, breaks: reference years; ceilings; days of the
            observations; table `series_breaks`.
    """
    ends = vintages.select(
        "observation_id", observed_t=_rounded(year_end_scale(pl.col("period_end")))
    )
    seen = history.join(ends, on="observation_id")
    of_goals, of_milestones = goal_legs(gaps, targets, indicators), milestone_legs(gaps)
    rows = pl.concat(
        [
            _rows(of_goals, _seen_of_goals(seen)),
            _rows(of_milestones, _seen_of_milestones(of_milestones, seen, gaps, breaks)),
        ]
    )
    table = conform(rows, Trajectories).with_columns(_rounded(pl.col(pl.Float64)))
    return validate(table, Trajectories)


def _rounded(value: pl.Expr) -> pl.Expr:
    return value.round_sig_figs(DIGITS)


# --- legs -------------------------------------------------------------------------------------


def goal_legs(gaps: pl.DataFrame, targets: pl.DataFrame, indicators: pl.DataFrame) -> pl.DataFrame:
    """One leg a goal and kind: from its baseline to its deadline."""
    known = gaps.join(targets.select("target_id", "reference_year"), on="target_id").join(
        indicators.select("indicator_id", "plausible_max"), on="indicator_id"
    )
    legs = _with_ends(known).filter(_leads_somewhere())
    kinds: pl.DataFrame = nw.to_native(
        nw.from_native(legs.lazy()).with_columns(
            is_positive=may_be_geometric(), is_share=may_be_logistic()
        )
    ).collect()
    # A rate of growth in % has no ceiling: that of the indicator must be on record.
    is_bounded = (pl.col("value_kind") == "coverage") | (
        (pl.col("unit") == "percent") & (pl.col("plausible_max") == CEILING)
    )
    grows = (
        (pl.col("value_kind") == "growth")
        & pl.col("reference_year").is_not_null()
        & pl.col("is_positive")
    )
    found = [
        kinds.filter(allowed).with_columns(path_kind=pl.lit(kind), is_main=is_main)
        for kind, allowed, is_main in (
            ("linear", pl.lit(value=True), ~grows),
            ("geometric", pl.col("is_positive"), grows),
            ("logistic", pl.col("is_share") & is_bounded, pl.lit(value=False)),
        )
    ]
    return (
        pl.concat(found)
        .with_columns(path_id="target_id", from_baseline=pl.lit(value=True))
        .select(LEG)
    )


def milestone_legs(gaps: pl.DataFrame) -> pl.DataFrame:
    """The legs from goal to goal, where an indicator has live goals for several years.

    Goals of one standing and direction. Of a year's goals the most demanding counts. The first leg
    begins at the baseline of the first goal; without one the path begins at that goal.
    """
    wanted = gaps.filter(
        NO_SUMS,
        pl.col("is_live"),
        pl.col("direction") != 0,
        pl.col("target_year").is_not_null(),
        pl.col("resolved_target").is_not_null(),
    )
    demand = pl.col("direction") * pl.col("resolved_target")
    points = (
        wanted.sort(*TOGETHER, "target_year", -demand, "target_id")
        .unique([*TOGETHER, "target_year"], keep="first", maintain_order=True)
        .filter(pl.len().over(TOGETHER) > 1)
    )
    legs = _with_ends(points).with_columns(
        path_id=pl.format(
            "{}:{}:milestones:{}:{}",
            "indicator_id",
            "region_code",
            "standing",
            pl.when(pl.col("direction") > 0).then(pl.lit("more")).otherwise(pl.lit("less")),
        ),
        path_kind=pl.lit("milestones"),
        is_main=pl.lit(value=True),
    )
    is_first = pl.int_range(pl.len()).over(TOGETHER) == 0
    before = pl.col("end_t", "end_value").shift(1).over(TOGETHER)
    goes_on = legs.with_columns(
        before.name.prefix("last_"), from_baseline=is_first & _leads_somewhere()
    )
    # A first goal without a way to it is a leg of no length: a point to start from.
    return goes_on.with_columns(
        pl.when("from_baseline")
        .then(f"start_{name}")
        .otherwise(pl.coalesce(f"last_end_{name}", f"end_{name}"))
        .alias(f"start_{name}")
        for name in ("t", "value")
    ).select(LEG)


def _with_ends(gaps: pl.DataFrame) -> pl.DataFrame:
    lazy = nw.from_native(gaps.lazy()).with_columns(
        sign=path_sign().cast(nw.Float64),
        start_t=nw.col("baseline_t"),
        start_value=nw.col("baseline_value"),
        end_t=nw.col("target_year").cast(nw.Float64),
        end_value=endpoint(),
    )
    ends: pl.DataFrame = nw.to_native(lazy).collect()
    return ends


def _leads_somewhere() -> pl.Expr:
    """There is a baseline before the deadline that does not meet the goal."""
    return (
        (pl.col("start_t") < pl.col("end_t"))
        & (pl.col("start_value") != pl.col("end_value"))
        & ~pl.col("baseline_met")
    ).fill_null(value=False)


# --- observations -----------------------------------------------------------------------------


def _seen_of_goals(seen: pl.DataFrame) -> pl.DataFrame:
    """The observations of each goal; `gap_history` says which of them its path may be held to."""
    return _observed(
        seen, path_id="target_id", is_comparable=pl.col("expected_value").is_not_null()
    )


def _seen_of_milestones(
    legs: pl.DataFrame, seen: pl.DataFrame, gaps: pl.DataFrame, breaks: pl.DataFrame
) -> pl.DataFrame:
    """The observations of the series, comparable from the start of the path to the next break."""
    starts = legs.group_by("path_id", "indicator_id", "region_code").agg(pl.col("start_t").min())
    begun = breaks.select("indicator_id", break_t=year_end_scale(pl.col("starts_on")))
    scopes = (
        starts.join(begun, on="indicator_id", how="left")
        .group_by("path_id", "indicator_id", "region_code", "start_t")
        .agg(scope=(pl.col("break_t") <= pl.col("start_t")).sum().cast(pl.Int64))
    )
    levels = seen.join(gaps.filter(NO_SUMS).select("target_id"), on="target_id")
    series = levels.unique(["indicator_id", "region_code", "obs_year"], keep="first")
    in_scope = (pl.col("segment") == pl.col("scope")) & (
        pl.col("observed_t") >= pl.col("start_t") - 10**-TIME_DIGITS
    )
    return _observed(
        series.join(scopes, on=["indicator_id", "region_code"]), path_id="path_id",
        is_comparable=in_scope,
    )  # fmt: skip


def _observed(seen: pl.DataFrame, path_id: str, is_comparable: pl.Expr) -> pl.DataFrame:
    return seen.select(
        "observed_t",
        "observation_id",
        path_id=path_id,
        year="obs_year",
        observed_period="obs_period",
        observed_value="value",
        observed_bound="bound",
        is_comparable=is_comparable,
    )


# --- rows -------------------------------------------------------------------------------------


def _rows(legs: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """A row for each year end from the start of a path to its last goal."""
    start, end = pl.col("start_t"), pl.col("end_t")
    # The year in which a leg begins belongs to the leg before, if there is one.
    first = pl.when("from_baseline").then(start.ceil()).otherwise(pl.min_horizontal(start + 1, end))
    years = pl.int_ranges(first.cast(pl.Int64), end.cast(pl.Int64) + 1)
    rows = legs.with_columns(first_year=first, year=years).explode("year")
    rows = rows.join(seen, on=["path_id", "year"], how="left")
    followed: pl.DataFrame = nw.to_native(
        nw.from_native(rows.lazy()).with_columns(
            expected_value=_value(nw.col("year").cast(nw.Float64)),
            expected_at_observed=nw.when(nw.col("is_comparable")).then(
                _value(nw.col("observed_t"))
            ),
        )
    ).collect()
    return followed.join(_times(legs, followed), on=[*PATH, "year"], how="left").with_columns(
        expected_gap=pl.col("sign") * (pl.col("observed_value") - pl.col("expected_at_observed")),
        lead_years=pl.col("path_t") - pl.col("observed_t"),
        is_baseline=pl.col("from_baseline") & (pl.col("year") == pl.col("first_year")),
        is_target=pl.col("year") == end,
    )


def _value(t: nw.Expr) -> nw.Expr:
    is_point = nw.col("start_t") == nw.col("end_t")
    return nw.when(is_point).then(nw.col("end_value")).otherwise(path_value(t))


def _times(legs: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """When the path is at each observed value, where that is one time only."""
    asked = rows.filter("is_comparable").select(*PATH, "year", "observed_value")
    ends = legs.select(*PATH, "start_t", "start_value", "end_t", "end_value")
    timed: pl.DataFrame = nw.to_native(
        nw.from_native(asked.join(ends, on=PATH).lazy()).with_columns(
            path_t=path_time(nw.col("observed_value"))
        )
    ).collect()
    # On a level leg a value is held for years; goals where two legs meet are one time.
    stays = (
        (pl.col("start_t") < pl.col("end_t"))
        & (pl.col("start_value") == pl.col("end_value"))
        & (pl.col("observed_value") == pl.col("end_value"))
    )
    times = pl.col("path_t").drop_nulls()
    return (
        timed.group_by(*PATH, "year")
        .agg(path_t=times.first(), times=times.round(TIME_DIGITS).n_unique(), stays=stays.any())
        .filter(pl.col("times") == 1, ~pl.col("stays"))
        .select(*PATH, "year", "path_t")
    )
