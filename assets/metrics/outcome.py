"""The verdict: one status a goal, in a fixed order of precedence (methods, section 6)."""

import narwhals as nw

from assets.metrics.expressions import Frame, at_least, case, divide, is_true, larger, only_when
from assets.metrics.thresholds import (
    AT_RISK_PACE,
    EVEN,
    LIKELY,
    MOVING_AWAY_PCT,
    ON_TRACK_PACE,
)


def deadline_passed() -> nw.Expr:
    """T <= t (something at or after the deadline is observed) or the as-of day lies after T."""
    due = nw.col("target_year")
    return is_true((due <= nw.col("t")) | (nw.col("as_of_t") > due))


def is_moving_away() -> nw.Expr:
    """Progress below -1 % of the distance, and by more than the reporting tolerance."""
    distance = (nw.col("resolved_target") - nw.col("baseline_value")).abs()
    noise_pct = divide(nw.col("tolerance"), distance) * 100.0
    limit = larger(noise_pct, nw.lit(-MOVING_AWAY_PCT))
    return is_true(nw.col("progress_pct") < -limit)


def with_outcome(frame: Frame) -> Frame:
    """Add deadline_passed, status, status_reason, decided_by, trend_flag, late_years.

    Needs, beside the position columns: n_obs, is_quantified, scope_matches, met_latest,
    met_within_tolerance, met_before, met_at, met_after, seen_at, seen_after (flags, never null),
    first_met_year, is_across_break, reference_across_break, p_on_time (null: judged by the pace).
    """
    frame = frame.with_columns(deadline_passed=deadline_passed())
    col = nw.col
    closed, has_data = col("deadline_passed"), col("n_obs") > 0
    at, before, after = col("met_at"), col("met_before"), col("met_after")
    seen_at = col("seen_at")
    seen_at_or_after = seen_at | col("seen_after")
    met_now = col("met_within_tolerance")
    unjudgeable = col("baseline_t").is_null() | is_true(col("t") <= col("baseline_t"))
    pace, chance = col("pace_ratio"), col("p_on_time")

    status_and_reason: list[tuple[nw.Expr, str, str, str]] = [
        (~col("is_quantified"), "not_quantified", "no_figure", "definition"),
        (~col("scope_matches"), "scope_mismatch", "scope_differs", "definition"),
        (~has_data, "no_data", "no_observation", "evidence"),
        (col("reference_across_break"), "insufficient_data", "reference_across_break", "evidence"),
        (col("resolved_target").is_null(), "insufficient_data", "reference_unknown", "evidence"),
        (closed & at & before, "achieved_early", "met_before_and_at_deadline", "deadline"),
        (closed & at, "achieved_on_time", "met_at_deadline", "deadline"),
        (closed & seen_at & before, "achieved_then_lost", "met_before_not_at_deadline", "deadline"),
        (closed & seen_at & after, "achieved_late", "met_after_deadline", "deadline"),
        (closed & seen_at, "missed", "not_met_at_deadline", "deadline"),
        (closed & after, "achieved_date_unknown", "no_value_at_deadline_met_later", "deadline"),
        (closed & seen_at_or_after, "missed", "not_met_after_deadline", "deadline"),
        (closed, "expired_unverified", "no_value_at_or_after_deadline", "evidence"),
        (met_now, "achieved", "latest_value_meets", "latest_value"),
        (before, "achieved_then_lost", "met_once_not_now", "latest_value"),
        (unjudgeable, "insufficient_data", "no_baseline_before_latest", "evidence"),
        (col("is_across_break"), "insufficient_data", "baseline_across_break", "evidence"),
        (is_moving_away(), "moving_away", "away_from_target", "progress"),
        (at_least(chance, LIKELY), "on_track", "chance_high", "p_on_time"),
        (at_least(chance, EVEN), "at_risk", "chance_even", "p_on_time"),
        (~chance.is_null(), "off_track", "chance_low", "p_on_time"),
        (pace.is_null(), "insufficient_data", "no_schedule", "evidence"),
        (at_least(pace, ON_TRACK_PACE), "on_track", "pace_sufficient", "pace_ratio"),
        (at_least(pace, AT_RISK_PACE), "at_risk", "pace_short", "pace_ratio"),
        (~pace.is_null(), "off_track", "pace_far_short", "pace_ratio"),
    ]
    frame = frame.with_columns(
        status=case(*((c, status) for c, status, _, _ in status_and_reason)),
        status_reason=case(*((c, reason) for c, _, reason, _ in status_and_reason)),
        decided_by=case(*((c, by) for c, _, _, by in status_and_reason)),
    )
    leads_away = is_true(nw.col("direction") * nw.col("recent_pace") < 0.0)
    return frame.with_columns(
        trend_flag=case(((col("status") == "achieved") & leads_away, "eroding")),
        late_years=only_when(closed & seen_at, col("first_met_year") - col("target_year")),
    )
