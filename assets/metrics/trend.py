"""What a series says of its own movement, up to its last observation: the inputs of projections.

A series here is the last segment of its goal: nothing is compared across a scope break.
"""

import narwhals as nw

from assets.metrics.expressions import Frame, at_least, divide, only_when
from assets.metrics.pace import recent_pace
from assets.metrics.thresholds import LOGIT_EDGE
from assets.metrics.yardsticks import regression_sums

# A variance below this share of the squared changes: less than a millionth of the movement.
ROUNDING = 1e-12


def trend(series: Frame) -> Frame:
    """The movement of each series.

    Args:
        series: goal_id, t, value, segment, and ceiling (of bounded shares, else null); one row an
            observation.

    Returns:
        By goal_id, of the last segment: origin_t and origin_value (its last observation),
        first_t, first_value, points; pace (weights 0.6^age, unit a year), log_pace (of the
        logarithm, null where a value is not positive), logit_pace (of value / ceiling), drift_pace
        and slope (unit a year: from end to end, and of a regression whose weights grow with time),
        step (mean absolute change a year) and jitter (standard deviation of yearly changes).
        Nothing is null with three points or more, but for the logarithms.
    """
    rows = _last_segment(series)
    ends = rows.group_by("goal_id").agg(
        _t_last=nw.col("t").max(),
        first_t=nw.col("t").min(),
        points=nw.len(),
        _lowest=nw.col("value").min(),
    )
    rows = rows.join(ends, on="goal_id", how="inner")
    last = rows.filter(nw.col("t") == nw.col("_t_last")).select(
        "goal_id", origin_t="t", origin_value="value"
    )
    first = rows.filter(nw.col("t") == nw.col("first_t")).select("goal_id", first_value="value")
    positive = rows.filter(nw.col("_lowest") > 0.0).with_columns(value=nw.col("value").log())
    bounded = rows.filter(~nw.col("ceiling").is_null()).with_columns(
        value=logit(divide(nw.col("value"), nw.col("ceiling")))
    )
    frame = ends.select("goal_id", "first_t", "points")
    for part in (
        last,
        first,
        recent_pace(rows).select("goal_id", pace="recent_pace"),
        recent_pace(positive).select("goal_id", log_pace="recent_pace"),
        recent_pace(bounded).select("goal_id", logit_pace="recent_pace"),
        _slope(rows),
        _steps(rows),
    ):
        frame = frame.join(part, on="goal_id", how="left")
    span = nw.col("origin_t") - nw.col("first_t")
    frame = frame.with_columns(
        drift_pace=divide(nw.col("origin_value") - nw.col("first_value"), span)
    ).with_columns(
        # Random walk with drift in continuous time: changes over dt have variance jitter^2 dt.
        _variance=divide(
            nw.col("_squares") - nw.col("drift_pace") * nw.col("drift_pace") * span,
            (nw.col("points") - 2).cast(nw.Float64),
        )
    )
    # Of a series that moved by the same step every year, what is left is rounding.
    has_jitter = nw.col("_variance") > ROUNDING * nw.col("_squares")
    jitter = nw.when(has_jitter).then(nw.col("_variance")).otherwise(nw.lit(0.0)) ** 0.5
    return frame.with_columns(jitter=jitter).drop("_variance", "_squares")


def logit(share: nw.Expr) -> nw.Expr:
    """log(p / (1 - p)) of a share that is kept 0.25 % away from 0 and 1."""
    kept = nw.when(at_least(share, 1.0 - LOGIT_EDGE)).then(nw.lit(1.0 - LOGIT_EDGE)).otherwise(
        nw.when(share <= LOGIT_EDGE).then(nw.lit(LOGIT_EDGE)).otherwise(share)
    )  # fmt: skip
    kept = only_when(~share.is_null(), kept)
    return (kept / (1.0 - kept)).log()


def _last_segment(series: Frame) -> Frame:
    # Segments are numbered in the order of time.
    last = series.group_by("goal_id").agg(_segment_last=nw.col("segment").max())
    return series.join(last, on="goal_id", how="inner").filter(
        nw.col("segment") == nw.col("_segment_last")
    ).drop("_segment_last")  # fmt: skip


def _slope(rows: Frame) -> Frame:
    sums = regression_sums(
        rows.with_columns(obs_value=nw.col("value"), target_year=nw.col("_t_last"))
    )
    w, x, y, xx, xy = (nw.col(f"_{c}") for c in ("w", "wx", "wy", "wxx", "wxy"))
    return sums.select("goal_id", slope=divide(w * xy - x * y, w * xx - x * x))


def _steps(rows: Frame) -> Frame:
    """step: mean of |change a year|; _squares: sum of change^2 / dt."""
    steps = rows.with_columns(
        _before=nw.col("value").shift(1).over("goal_id", order_by="t"),
        _t_before=nw.col("t").shift(1).over("goal_id", order_by="t"),
    ).filter(~nw.col("_t_before").is_null())
    change, years = nw.col("value") - nw.col("_before"), nw.col("t") - nw.col("_t_before")
    steps = steps.with_columns(
        _a_year=divide(change, years).abs(), _square=divide(change * change, years)
    )
    return steps.group_by("goal_id").agg(
        step=nw.col("_a_year").mean(), _squares=nw.col("_square").sum()
    )
