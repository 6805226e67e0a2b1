"""Gap to goal: goals and comparable series in, `gap_to_goal`, `gap_history`, `gap_by_day` out."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from assets.breaks import with_segment
from assets.metrics.engine import Engine, PastFrames, compute
from assets.metrics.evidence import with_evidence
from assets.metrics.gap import GOAL_COLUMNS, gap_metrics, history_metrics
from assets.outlook.hindcasts import hindcasts, limits
from assets.outlook.pools import pool_name, pools
from assets.record import known_on
from assets.register import register_as_of
from assets.series import annual_answers, cumulative_answers, year_end_scale
from schemas.contract import Table, conform, empty, validate
from schemas.tables_gap import GapByDay, GapHistory, GapToGoal

METHOD_VERSION = "2026.1"

Frames = Mapping[str, pl.DataFrame]

DIGITS = 12  # significant; no document prints more


@dataclass(frozen=True)
class Question:
    """What the metrics are asked: goals, their series, and what is known of each observation."""

    goals: pl.DataFrame  # GOAL_COLUMNS and the columns of targets, by goal_id
    series: pl.DataFrame  # SERIES_COLUMNS and the vintage behind each, by goal_id and t
    peers: pl.DataFrame  # indicator_id, obs_year, as_of, peer_sd, peer_count
    past: PastFrames  # of projections like those of the goals, by as-of day and kind of value


def days_of_change(register: Frames, vintages: pl.DataFrame, as_of: dt.date) -> list[dt.date]:
    """Every day up to as_of on which a goal or a value became known, or a deadline had passed."""
    targets = register["targets"]
    wanted = vintages.join(targets, on=["indicator_id", "region_code"], how="semi")
    due = targets.select(day=pl.date(pl.col("year") + 1, 1, 1)).drop_nulls()
    days = pl.concat(
        [
            register["target_sources"].select(day="published_on"),
            wanted.select(day="published_on"),
            due,
            pl.DataFrame({"day": [as_of]}, schema={"day": pl.Date}),
        ]
    )
    return sorted(day for day in days["day"].unique() if day <= as_of)


def errors_of(register: Frames, vintages: pl.DataFrame, days: list[dt.date]) -> PastFrames:
    """Errors of past projections of all series together, as they were known on each day."""
    answers = _answers(register, known_on(vintages, days))
    return pools(hindcasts(answers, limits(register["indicators"])))


def _answers(register: Frames, known: pl.DataFrame) -> pl.DataFrame:
    measures = register["indicators"].select("indicator_id", "measure", series_unit="unit")
    return with_segment(annual_answers(known, measures), register["series_breaks"])


def question_of(
    targets: pl.DataFrame, register: Frames, known: pl.DataFrame, past: PastFrames
) -> Question:
    """Goals with the series that answer them.

    Args:
        targets: table `targets` as known on each as-of day, with as_of.
        register: indicators, regions, series_breaks.
        known: vintages as known on each as-of day, with as_of (see `known_on`).
        past: errors of past projections.
    """
    targets = targets.with_row_index("goal_id")
    answers = _answers(register, known)
    series = _series(targets, answers)
    measures = register["indicators"].select("indicator_id", "measure", series_unit="unit")
    targets = targets.join(measures, on="indicator_id")
    targets = targets.join(limits(register["indicators"]), on="indicator_id")
    goals = _goals(targets, series, register["series_breaks"])
    return Question(goals, series, _peers(answers, register["regions"]), past)


def targets_by_day(register: Frames, days: list[dt.date]) -> pl.DataFrame:
    """Table `targets` as it was known on each day, with as_of."""
    return pl.concat(_targets_known_on(register, days))


def _targets_known_on(register: Frames, days: list[dt.date]) -> Iterator[pl.DataFrame]:
    # Between two publications it stays the same.
    published = pl.concat(
        [register["documents"]["issued_on"], register["target_sources"]["published_on"]]
    )
    last: dt.date | None = None
    targets = pl.DataFrame()
    for day in sorted(days):
        newest = max((known for known in published.unique() if known <= day), default=None)
        if targets.is_empty() or newest != last:
            targets, last = register_as_of(register, day)["targets"], newest
        yield targets.with_columns(as_of=pl.lit(day))


def _series(targets: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    keys = ["as_of", "indicator_id", "region_code"]
    is_sum = pl.col("value_kind") == "cumulative"
    plain = targets.filter(~is_sum).select("goal_id", *keys).join(answers, on=keys)
    sums = cumulative_answers(
        answers.filter(pl.col("measure") == "flow"),
        targets.filter(is_sum).select("goal_id", *keys, "start_year", last_year="year"),
    )
    return pl.concat([plain, sums.select(plain.columns)]).with_columns(
        pl.col("year", "segment").cast(pl.Float64)
    )


def _goals(targets: pl.DataFrame, series: pl.DataFrame, breaks: pl.DataFrame) -> pl.DataFrame:
    """The goals' columns of the metrics.

    The tolerance is the finer of the target's and the series' printed precision: a goal printed
    as 7万架 is not met by 65,500 racks. Sums over a period start from zero, in the scope of its
    first year; a figure that a document prints for the baseline year is a documented baseline.
    """
    finest = series.group_by("goal_id").agg(series_tolerance=pl.col("tolerance").min())
    kind = pl.col("value_kind")
    own = pl.when(kind.is_in(["multiple", "growth"])).then(0.0).otherwise(pl.col("tolerance"))
    is_sum = kind == "cumulative"
    starts = targets.with_columns(
        baseline_year=pl.when(is_sum)
        .then(pl.col("start_year") - 1)
        .otherwise(pl.coalesce("reference_year", "baseline_year"))
        .cast(pl.Float64)
    )
    printed = series.filter((pl.col("quality") == "document") & (pl.col("t") == pl.col("year")))
    starts = starts.join(
        printed.select(
            "goal_id",
            baseline_year="year",
            printed_baseline="value",
            printed_segment="segment",
        ),
        on=["goal_id", "baseline_year"],
        how="left",
    )
    first_years = targets.filter(is_sum).select(
        "goal_id", "indicator_id", period_end=pl.date(pl.col("start_year"), 12, 31)
    )
    first_segment = with_segment(first_years, breaks).select("goal_id", sum_segment="segment")
    starts = starts.join(first_segment, on="goal_id", how="left")
    return starts.join(finest, on="goal_id", how="left").with_columns(
        target_year=pl.col("year").cast(pl.Float64),
        baseline_value=pl.when(is_sum).then(0.0).otherwise(pl.col("printed_baseline")),
        baseline_kind=pl.when(is_sum)
        .then(pl.lit("zero_start"))
        .when(pl.col("printed_baseline").is_not_null())
        .then(pl.lit("documented")),
        baseline_segment=pl.coalesce("sum_segment", "printed_segment"),
        tolerance=pl.min_horizontal(own.fill_null(0.0), pl.col("series_tolerance").fill_null(0.0)),
        as_of_t=year_end_scale(pl.col("as_of")),
        pool=pool_name("as_of", "kind"),
        scope_matches=pl.lit(value=True),
    )


def _peers(answers: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Standard deviation across the provinces, by indicator, year and as-of day."""
    provinces = regions.filter(pl.col("level") == "province").select("region_code")
    return (
        answers.join(provinces, on="region_code", how="semi")
        .group_by("as_of", "indicator_id", obs_year=pl.col("year").cast(pl.Float64))
        .agg(peer_sd=pl.col("value").std(), peer_count=pl.len())
    )


def answer(question: Question, engine: Engine = "polars") -> pl.DataFrame:
    """Every column of `gap_to_goal` but the memory of the status, for each goal and day."""
    metrics = compute(gap_metrics, question.goals, question.series, engine, question.past)
    computed = metrics.drop([c for c in GOAL_COLUMNS if c in question.goals.columns
                             and c not in ("goal_id", "baseline_year", "baseline_value",
                                           "baseline_kind", "as_of_t")])  # fmt: skip
    goals = question.goals.drop("baseline_year", "baseline_value", "baseline_kind", "as_of_t")
    observed = question.series.select(
        "goal_id",
        "t",
        "observation_id",
        obs_period="period",
        obs_source="source_title",
        obs_quality="quality",
        obs_published_on="published_on",
    )
    due = question.series.select(
        "goal_id", target_year="t", due_quality="quality", due_bound="bound"
    )
    frame = (
        goals.join(computed, on="goal_id")
        .join(observed, on=["goal_id", "t"], how="left")
        .join(due, on=["goal_id", "target_year"], how="left")
        .with_columns(
            decisive_quality=pl.coalesce("due_quality", "obs_quality"),
            decisive_bound=pl.coalesce("due_bound", "latest_bound"),
        )
    )
    frame = frame.rename({"latest_year": "obs_year"}).join(
        question.peers, on=["as_of", "indicator_id", "obs_year"], how="left"
    )
    graded: pl.DataFrame = nw.to_native(with_evidence(nw.from_native(frame.lazy()))).collect()
    return graded.with_columns(
        unit="series_unit",
        baseline_year=pl.col("baseline_t").ceil(),
        path_kind=pl.lit("linear"),
        is_live=pl.col("is_goal") & pl.col("superseded_by").is_null(),
        method_version=pl.lit(METHOD_VERSION),
    )


def with_status_memory(rows: pl.DataFrame) -> pl.DataFrame:
    """Add status_previous and status_changed_at from the days that went before.

    Args:
        rows: target_id, as_of, status, one row a target and day.
    """
    by = "target_id"
    rows = rows.sort(by, "as_of")
    before = pl.col("status").shift(1).over(by)
    changed = before.is_null() | (before != pl.col("status"))
    return rows.with_columns(
        status_previous=pl.when(changed).then(before).forward_fill().over(by),
        status_changed_at=pl.when(changed & before.is_not_null())
        .then(pl.col("as_of"))
        .forward_fill()
        .over(by),
    )


def gap_tables(
    targets: pl.DataFrame,
    register: Frames,
    vintages: pl.DataFrame,
    as_of: dt.date,
    past: PastFrames,
) -> dict[str, pl.DataFrame]:
    """Tables `gap_to_goal`, `gap_history` and `gap_by_day`.

    Args:
        targets: see `targets_by_day`.
        register: indicators, regions, series_breaks.
        vintages: observation_vintages.
        as_of: the day of `gap_to_goal` and `gap_history`, one of those of the targets.
        past: see `errors_of`.
    """
    if targets.is_empty():
        return {
            "gap_to_goal": empty(GapToGoal),
            "gap_history": empty(GapHistory),
            "gap_by_day": empty(GapByDay),
        }
    days = targets["as_of"].unique().sort().to_list()
    question = question_of(targets, register, known_on(vintages, days), past)
    by_day = with_status_memory(answer(question))
    today = pl.col("as_of") == as_of
    return {
        "gap_to_goal": rounded_table(by_day.filter(today), GapToGoal),
        "gap_history": _history(question, as_of),
        "gap_by_day": rounded_table(by_day, GapByDay),
    }


def _history(question: Question, as_of: dt.date) -> pl.DataFrame:
    goals = question.goals.filter(pl.col("as_of") == as_of)
    series = question.series.join(goals, on="goal_id", how="semi")
    metrics = compute(history_metrics, goals, series).rename({"obs_value": "value_observed"})
    metrics = metrics.drop("value", "bound").rename({"value_observed": "value"})
    known = series.select("goal_id", "t", "bound", "observation_id", obs_period="period")
    labels = goals.select(
        "goal_id", "target_id", "indicator_id", "region_code", "as_of", unit="series_unit"
    )
    frame = metrics.join(known, on=["goal_id", "t"]).join(labels, on="goal_id")
    before = pl.col("segment").shift(1).over("goal_id", order_by="t")
    frame = frame.with_columns(is_after_break=(pl.col("segment") != before).fill_null(value=False))
    return rounded_table(frame, GapHistory)


def rounded_table(frame: pl.DataFrame, model: type[Table]) -> pl.DataFrame:
    """The frame as a table that keeps its contract, numbers at 12 significant digits."""
    # Sums run in parallel, in no fixed order: the last bits differ from run to run.
    table = conform(frame, model).with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS))
    return validate(table, model)
