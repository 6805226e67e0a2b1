"""How fast it must go, beside how fast it has gone of late."""

import narwhals as nw

from assets.metrics.expressions import NULL, Frame, divide, only_when, power


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
