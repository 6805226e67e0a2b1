"""From goals and their observations to every metric: the one entry point of the formulas."""

from typing import Any, Final

import narwhals as nw

from assets.metrics import thresholds as th
from assets.metrics.expressions import NULL, Frame, Settle, as_is, is_true, only_when
from assets.metrics.nulls import with_null_reason
from assets.metrics.outcome import with_outcome
from assets.metrics.pace import with_required_pace
from assets.metrics.position import with_growth, with_position
from assets.metrics.projection import Past, with_outlook
from assets.metrics.targets import direction, gap, is_met, resolved_target
from assets.metrics.trend import trend
from assets.metrics.yardsticks import regression_sums, with_yardsticks

GOAL_COLUMNS: Final[dict[str, Any]] = {
    "goal_id": nw.String,  # or a whole number, by which many goals are found sooner
    "operator": nw.String,
    "value_kind": nw.String,
    "value": nw.Float64,  # figure of the target; null when not quantified
    "value_high": nw.Float64,  # upper end of a range
    "target_year": nw.Float64,  # T; null without a deadline
    "reference_year": nw.Float64,  # of multiple, growth of a level, increment
    "baseline_year": nw.Float64,  # B as wanted; the nearest observation within two years serves
    "baseline_value": nw.Float64,  # documented baseline; null: taken from the series
    "baseline_kind": nw.String,  # of a documented baseline; null: found here
    "tolerance": nw.Float64,  # reporting tolerance in the unit of the series, >= 0
    "as_of_t": nw.Float64,  # the day of judgement on the year-end scale
    "is_quantified": nw.Boolean,
    "scope_matches": nw.Boolean,
    "baseline_segment": nw.Float64,  # of a documented baseline; null: comparable with everything
    "floor": nw.Float64,  # no value lies below; null: none is known
    "cap": nw.Float64,  # no value lies above
    "ceiling": nw.Float64,  # of a bounded share, which is projected on the logit scale
    "pool": nw.String,  # past errors that its projection is judged by; null: none
}
SERIES_COLUMNS: Final[dict[str, Any]] = {
    "goal_id": nw.String,
    "t": nw.Float64,  # time on the year-end scale
    "year": nw.Float64,  # calendar year
    "value": nw.Float64,
    "bound": nw.String,
    # Scope breaks up to here. Values of different segments are never compared with one another.
    "segment": nw.Float64,
}
# Kinds that are figures only together with the value of another year.
RELATIVE_KINDS: Final = ("multiple", "increment", "growth")


def gap_metrics(
    goals: Frame, series: Frame, past: Past | None = None, settle: Settle = as_is
) -> Frame:
    """All metrics and the verdict at the latest observation: one row a goal, data or none.

    Args:
        goals: GOAL_COLUMNS, unique by goal_id.
        series: SERIES_COLUMNS, unique by goal_id and t, no null values; only what was known on
            the as-of day.
        past: errors of past projections; without them no chance and no interval is given, and an
            open goal is judged by its pace.
        settle: computes a frame that is read more than once. Engines give the same without it,
            but plan one long query slower than several short ones, and may compute parts again.

    Returns:
        One row per goal: the goal's columns, the inputs used and every computed column of
        `gap_to_goal` (units in its contract).
    """
    given, series = _typed(goals, GOAL_COLUMNS), _typed(series, SERIES_COLUMNS)
    goals = settle(prepare_goals(given, series))
    judged = judged_series(goals, series)
    judged = settle(judged.filter(nw.col("_answers") | nw.col("reference_across_break")))
    frame = goals
    for part in (
        _summary(judged),
        _observation(judged, nw.col("_t_last"), "t", "latest_value", "latest_"),
        _observation(judged, nw.col("_t_last_due"), "yard_t", "yard_value", "yard_"),
        _at_deadline(judged),
        trend(series.join(given.select("goal_id", "ceiling"), on="goal_id", how="inner")),
        regression_sums(judged.filter(nw.col("_within_plan"))),
    ):
        frame = frame.join(part, on="goal_id", how="left")
    frame = _defaults(settle(frame)).with_columns(
        is_across_break=_across(nw.col("latest_segment")) | nw.col("reference_across_break"),
        _yard_across=_across(nw.col("yard_segment")),
        # A figure that refers to an older scope is answered there, not where the series is now.
        recent_pace=only_when(nw.col("trend_segment") == nw.col("latest_segment"), nw.col("pace")),
    )
    frame = with_growth(with_position(frame))
    frame = settle(with_outlook(settle(with_required_pace(frame)), past))
    frame = with_yardsticks(with_outcome(frame))
    return with_null_reason(frame)


def history_metrics(goals: Frame, series: Frame, settle: Settle = as_is) -> Frame:
    """The position at every observation: one row a goal and observation (for trends)."""
    series = _typed(series, SERIES_COLUMNS)
    judged = judged_series(settle(prepare_goals(goals, series)), series)
    frame = judged.with_columns(
        latest_value=nw.col("obs_value"),
        is_across_break=_across(nw.col("segment")) | ~nw.col("_answers"),
    )
    return with_growth(with_position(frame))


def _across(segment: nw.Expr) -> nw.Expr:
    """Whether the scope changed between the baseline and an observation of this segment."""
    return is_true(segment != nw.col("baseline_segment"))


def prepare_goals(goals: Frame, series: Frame) -> Frame:
    """Resolve target and baseline: adds resolved_target, baseline_t, baseline_met, direction.

    And reference_across_break: the goal refers to a year of another scope than that of the value
    that answers it, so that it has no figure.
    """
    goals = _typed(goals, GOAL_COLUMNS)
    goals = goals.join(_reference(goals, series), on="goal_id", how="left").with_columns(
        reference_across_break=is_true(nw.col("_answering_segment") != nw.col("_reference_segment"))
    )
    goals = goals.with_columns(
        resolved_target=only_when(~nw.col("reference_across_break"), resolved_target())
    )
    goals = _with_baseline(goals, series)
    goals = goals.with_columns(direction=direction())
    return goals.with_columns(
        baseline_met=~nw.col("baseline_value").is_null()
        & is_met(nw.col("baseline_value"), nw.lit("exact"), nw.col("tolerance"))
    )


def _reference(goals: Frame, series: Frame) -> Frame:
    """What a relative figure refers to, and the scope of what answers it.

    Returns:
        goal_id, reference_value, _reference_segment (of relative kinds only), _answering_segment:
        that of the last observation up to the deadline, or of the last one if all lie later.
    """
    wanted = goals.select("goal_id", "reference_year", "value_kind", _due="target_year")
    rows = series.join(wanted, on="goal_id", how="inner")
    is_reference = is_true(nw.col("t") == nw.col("reference_year"))
    relative = nw.col("value_kind").is_in(RELATIVE_KINDS)
    in_time = nw.col("_due").is_null() | is_true(nw.col("t") <= nw.col("_due"))
    # One row at most is the reference, and segments grow with time: the highest is the last.
    found = rows.with_columns(
        _value=only_when(is_reference, nw.col("value")),
        _segment=only_when(is_reference & relative, nw.col("segment")),
        _in_time=only_when(in_time, nw.col("segment")),
    )
    ends = found.group_by("goal_id").agg(
        reference_value=nw.col("_value").max(),
        _reference_segment=nw.col("_segment").max(),
        _in_time=nw.col("_in_time").max(),
        _at_all=nw.col("segment").max(),
    )
    return ends.select(
        "goal_id",
        "reference_value",
        "_reference_segment",
        _answering_segment=nw.coalesce(nw.col("_in_time"), nw.col("_at_all")),
    )


def _with_baseline(goals: Frame, series: Frame) -> Frame:
    """Documented baseline, else the observation nearest to the year, the earlier of two.

    Within two years before or after; its own year becomes the baseline's.
    """
    wanted = goals.filter(
        nw.col("baseline_value").is_null() & ~nw.col("baseline_year").is_null()
    ).select("goal_id", _wanted=nw.col("baseline_year"))
    near = series.select("goal_id", "t", "value", "segment").join(wanted, on="goal_id", how="inner")
    distance = nw.col("t") - nw.col("_wanted")
    # A hair is added to later observations, so that of two equally near the earlier is taken.
    near = near.with_columns(
        _distance=nw.when(distance > 0.0).then(distance + 1e-6).otherwise(-distance)
    ).filter(nw.col("_distance") <= th.BASELINE_WINDOW_YEARS + 1e-5)
    nearest = near.group_by("goal_id").agg(_distance=nw.col("_distance").min())
    found = near.join(nearest, on=["goal_id", "_distance"], how="inner").select(
        "goal_id",
        _found_t=nw.col("t"),
        _found_value=nw.col("value"),
        _found_segment=nw.col("segment"),
    )
    goals = goals.join(found, on="goal_id", how="left")
    given, observed = ~nw.col("baseline_value").is_null(), ~nw.col("_found_value").is_null()
    return goals.with_columns(
        baseline_kind=nw.when(given)
        .then(nw.coalesce(nw.col("baseline_kind"), nw.lit("documented")))
        .when(observed & (nw.col("_found_t") == nw.col("baseline_year")))
        .then(nw.lit("observed_at_plan_start"))
        .when(observed)
        .then(nw.lit("nearest_observed"))
        .otherwise(nw.lit("none")),
        baseline_t=nw.when(given)
        .then(nw.col("baseline_year"))
        .when(observed)
        .then(nw.col("_found_t"))
        .otherwise(NULL),
        baseline_value=nw.coalesce(nw.col("baseline_value"), nw.col("_found_value")),
        # Left empty where the baseline was given with its segment, or with none.
        baseline_segment=nw.coalesce(nw.col("baseline_segment"), nw.col("_found_segment")),
    )


def judged_series(goals: Frame, series: Frame) -> Frame:
    """Each observation with its goal's columns and whether it meets the goal.

    Adds is_met (at the printed precision), is_met_exactly, and the flags of its place in the
    plan: _counts (from the baseline on), _within_plan (baseline to deadline), _answers (of the
    scope that the target's figure refers to; true of every figure that refers to none). An
    observation that does not answer has no resolved_target.
    """
    rows = series.select(
        "goal_id",
        "t",
        nw.col("year").alias("obs_year"),
        nw.col("value").alias("obs_value"),
        "bound",
        "segment",
    ).join(goals, on="goal_id", how="inner")
    rows = rows.with_columns(
        _answers=nw.col("_reference_segment").is_null()
        | is_true(nw.col("_reference_segment") == nw.col("segment"))
    )
    rows = rows.with_columns(
        resolved_target=only_when(nw.col("_answers"), nw.col("resolved_target"))
    )
    value, due = nw.col("obs_value"), nw.col("target_year")
    counts = nw.col("baseline_t").is_null() | is_true(nw.col("t") >= nw.col("baseline_t"))
    return rows.with_columns(
        is_met=is_met(value, nw.col("bound"), nw.col("tolerance")),
        is_met_exactly=is_met(value, nw.col("bound"), nw.lit(0.0)),
        _counts=counts,
        _within_plan=counts & (due.is_null() | is_true(nw.col("t") <= due)),
    )


def _summary(judged: Frame) -> Frame:
    """Counts, the ends of the series, and when it was met, per goal."""
    t, due = nw.col("t"), nw.col("target_year")
    met = nw.col("is_met") & nw.col("_counts")
    rows = judged.with_columns(
        _met_year=only_when(met, nw.col("obs_year")),
        _met_before=nw.when(met & (due.is_null() | is_true(t < due))).then(1.0).otherwise(0.0),
        _met_at=nw.when(met & is_true(t == due)).then(1.0).otherwise(0.0),
        _met_after=nw.when(met & is_true(t > due)).then(1.0).otherwise(0.0),
        _seen_at=nw.when(is_true(t == due)).then(1.0).otherwise(0.0),
        _seen_after=nw.when(is_true(t > due)).then(1.0).otherwise(0.0),
        _t_due=only_when(due.is_null() | is_true(t <= due), t),
    )
    return rows.group_by("goal_id").agg(
        n_obs=nw.len(),
        _t_last=nw.col("t").max(),
        _t_last_due=nw.col("_t_due").max(),
        first_met_year=nw.col("_met_year").min(),
        _met_before=nw.col("_met_before").max(),
        _met_at=nw.col("_met_at").max(),
        _met_after=nw.col("_met_after").max(),
        _seen_at=nw.col("_seen_at").max(),
        _seen_after=nw.col("_seen_after").max(),
    )


def _observation(judged: Frame, when: nw.Expr, t_name: str, value_name: str, prefix: str) -> Frame:
    """The observation at a moment of the summary: its time, value, and whether it meets."""
    ends = _summary(judged).select("goal_id", _when=when)
    rows = judged.join(ends, on="goal_id", how="inner").filter(nw.col("t") == nw.col("_when"))
    return rows.select(
        "goal_id",
        nw.col("t").alias(t_name),
        nw.col("obs_value").alias(value_name),
        nw.col("obs_year").alias(f"{prefix}year"),
        nw.col("bound").alias(f"{prefix}bound"),
        nw.col("segment").alias(f"{prefix}segment"),
        nw.col("is_met").alias(f"{prefix}met"),
        nw.col("is_met_exactly").alias(f"{prefix}met_exactly"),
    )


def _at_deadline(judged: Frame) -> Frame:
    """value_at_deadline and shortfall_at_deadline = s(Y_T - A at T), where T is observed."""
    rows = judged.filter(is_true(nw.col("t") == nw.col("target_year")))
    return rows.select(
        "goal_id", value_at_deadline="obs_value", shortfall_at_deadline=gap(nw.col("obs_value"))
    )


def _defaults(frame: Frame) -> Frame:
    """Goals without data: counts are zero and flags are false, so that no verdict is null."""

    def flag(name: str) -> nw.Expr:
        return is_true(nw.col(name) > 0.0)

    baseline_counts = nw.col("baseline_met") & is_true(
        nw.col("target_year").is_null() | (nw.col("baseline_t") < nw.col("target_year"))
    )
    return frame.with_columns(
        n_obs=nw.coalesce(nw.col("n_obs").cast(nw.Int64), nw.lit(0)),
        met_latest=is_true(nw.col("latest_met_exactly")),
        met_within_tolerance=is_true(nw.col("latest_met")),
        yard_met=is_true(nw.col("yard_met")),
        met_before=flag("_met_before") | baseline_counts,
        met_at=flag("_met_at"),
        met_after=flag("_met_after"),
        seen_at=flag("_seen_at"),
        seen_after=flag("_seen_after"),
    )


def _typed(frame: Frame, columns: dict[str, Any]) -> Frame:
    # The names of goals stay as they came: any type serves that is the same in both frames.
    return frame.select(
        "goal_id", *(nw.col(n).cast(dtype) for n, dtype in columns.items() if n != "goal_id")
    )
