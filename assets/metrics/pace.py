"""How fast it has gone of late, and how fast it must go."""

import narwhals as nw

from assets.metrics.expressions import NULL, Frame, divide, only_when, power
from assets.metrics.thresholds import RECENT_PACE_DECAY


def recent_pace(series: Frame) -> Frame:
    """Weighted mean of the yearly changes between successive observations.

    Weight 0.6^age, age in years from the end of a change to the latest observation. Only
    observations of the latest one's segment count: no change is measured across a scope break.

    Args:
        series: goal_id, t, value, segment; one row per observation.

    Returns:
        goal_id, recent_pace (unit of the series a year), _pace_segment; goals with fewer than two
        such observations have no row.
    """
    # Segments are numbered in the order of time: the latest one has the highest number.
    last = series.group_by("goal_id").agg(
        _t_last=nw.col("t").max(), _segment_last=nw.col("segment").max()
    )
    rows = series.join(last, on="goal_id", how="inner").filter(
        nw.col("segment") == nw.col("_segment_last")
    )
    steps = rows.with_columns(
        _value_before=nw.col("value").shift(1).over("goal_id", order_by="t"),
        _t_before=nw.col("t").shift(1).over("goal_id", order_by="t"),
    ).filter(~nw.col("_t_before").is_null())
    steps = steps.with_columns(
        _change=divide(
            nw.col("value") - nw.col("_value_before"), nw.col("t") - nw.col("_t_before")
        ),
        _weight=power(nw.lit(RECENT_PACE_DECAY), nw.col("_t_last") - nw.col("t")),
    )
    weighted = steps.with_columns(_weighted=nw.col("_change") * nw.col("_weight"))
    sums = weighted.group_by("goal_id").agg(
        _sum=nw.col("_weighted").sum(),
        _weights=nw.col("_weight").sum(),
        _pace_segment=nw.col("segment").max(),
    )
    return sums.select(
        "goal_id", "_pace_segment", recent_pace=divide(nw.col("_sum"), nw.col("_weights"))
    )


def with_required_pace(frame: Frame) -> Frame:
    """Add required_pace, required_cagr and accel_factor.

    required_pace = s max(0, s(Y_T - A)) / (T - t), unit a year; null for t >= T and for a range.
    accel_factor = required / recent; 0 once met; null where the recent pace is zero or leads away.
    """
    s, target, value = nw.col("direction"), nw.col("resolved_target"), nw.col("latest_value")
    years = only_when(nw.col("t") < nw.col("target_year"), nw.col("target_year") - nw.col("t"))
    missing = s * (target - value)
    is_open = ~years.is_null() & (nw.col("operator") != "range") & ~missing.is_null()
    still = nw.when(missing > 0.0).then(missing).otherwise(nw.lit(0.0))
    growth = power(divide(target, only_when(value > 0.0, value)), divide(nw.lit(1.0), years)) - 1.0
    frame = frame.with_columns(
        required_pace=only_when(is_open, divide(s * still, years)),
        required_cagr=nw.when(is_open & (missing <= 0.0) & (value > 0.0) & (target > 0.0))
        .then(nw.lit(0.0))
        .when(is_open)
        .then(growth)
        .otherwise(NULL),
    )
    required, recent = nw.col("required_pace"), nw.col("recent_pace")
    return frame.with_columns(
        accel_factor=nw.when(~required.is_null() & nw.col("met_within_tolerance"))
        .then(nw.lit(0.0))
        .when(s * recent > 0.0)
        .then(divide(required, recent))
        .otherwise(NULL)
    )
