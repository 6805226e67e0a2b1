"""How a series moves, up to its last observation: the recent pace, and what projections start from.

Only its last segment counts: nothing is compared across a scope break.
"""

import narwhals as nw

from assets.metrics.expressions import Frame, at_least, divide, only_when, power
from assets.metrics.thresholds import LOGIT_EDGE, RECENT_PACE_DECAY

# A variance below this share of the squared changes: less than a millionth of the movement.
ROUNDING = 1e-12


def trend(series: Frame) -> Frame:
    """The movement of each series.

    Args:
        series: goal_id, t, value, segment, and ceiling (of bounded shares, else null); one row an
            observation.

    Returns:
        By goal_id: origin_t and origin_value (its last observation), first_t, first_value, points
        and trend_segment; then, null below two points: pace (mean of the changes a year, weight
        0.6^age, age in years from the end of a change to the last observation; unit a year),
        log_pace and logit_pace (the same of the logarithm, null where a value is not positive,
        and of the logit of value / ceiling), drift_pace (from end to end), slope (regression in
        which recent years weigh more: years since the first, plus one), step (mean absolute
        change a year); and below three: jitter (standard deviation of the yearly changes).
    """
    t, value = nw.col("t"), nw.col("value")
    # Segments are numbered in the order of time: the latest one has the highest number.
    last = series.group_by("goal_id").agg(_segment_last=nw.col("segment").max())
    rows = series.join(last, on="goal_id", how="inner").filter(
        nw.col("segment") == nw.col("_segment_last")
    )
    ends = rows.group_by("goal_id").agg(
        origin_t=t.max(), first_t=t.min(), points=nw.len(), _lowest=value.min(),
        trend_segment=nw.col("segment").max(),
    )  # fmt: skip
    rows = rows.join(ends, on="goal_id", how="inner")
    positive = only_when((nw.col("_lowest") > 0.0) & (value > 0.0), value)
    rows = rows.with_columns(_log=positive.log(), _logit=logit(divide(value, nw.col("ceiling"))))
    moves = rows.with_columns(
        **{
            f"_before_{name}": nw.col(name).shift(1).over("goal_id", order_by="t")
            for name in ("t", "value", "_log", "_logit")
        }
    )
    years = t - nw.col("_before_t")
    moves = moves.with_columns(
        _years=years,
        _change=value - nw.col("_before_value"),
        _age_weight=only_when(
            ~nw.col("_before_t").is_null(),
            power(nw.lit(RECENT_PACE_DECAY), nw.col("origin_t") - t),
        ),
        _w=t - nw.col("first_t") + 1.0,
        _x=t - nw.col("origin_t"),
    )
    a_year = {
        "pace": divide(nw.col("_change"), nw.col("_years")),
        "log_pace": divide(nw.col("_log") - nw.col("_before__log"), nw.col("_years")),
        "logit_pace": divide(nw.col("_logit") - nw.col("_before__logit"), nw.col("_years")),
    }
    moves = moves.with_columns(**{f"_{name}": change for name, change in a_year.items()})
    w, x = nw.col("_w"), nw.col("_x")
    terms = {
        **{f"_sum_{name}": nw.col(f"_{name}") * nw.col("_age_weight") for name in a_year},
        "_weights": nw.col("_age_weight"),
        "_squares": divide(nw.col("_change") * nw.col("_change"), nw.col("_years")),
        "_sw": w, "_swx": w * x, "_swy": w * value, "_swxx": w * x * x, "_swxy": w * x * value,
    }  # fmt: skip
    moves = moves.with_columns(
        **terms,
        _at_origin=only_when(t == nw.col("origin_t"), value),
        _at_first=only_when(t == nw.col("first_t"), value),
    )
    sums = moves.group_by("goal_id").agg(
        **{name: nw.col(name).sum() for name in terms},
        origin_value=nw.col("_at_origin").max(),
        first_value=nw.col("_at_first").max(),
        step=nw.col("_pace").abs().mean(),
        _ceiling=nw.col("ceiling").max(),
    )
    return _measures(ends.join(sums, on="goal_id", how="inner"))


def _measures(frame: Frame) -> Frame:
    col = nw.col
    moves = col("points") >= 2
    w, x, y, xx, xy = (col(name) for name in ("_sw", "_swx", "_swy", "_swxx", "_swxy"))
    span = col("origin_t") - col("first_t")
    frame = frame.with_columns(
        pace=divide(col("_sum_pace"), col("_weights")),
        log_pace=only_when(col("_lowest") > 0.0, divide(col("_sum_log_pace"), col("_weights"))),
        logit_pace=only_when(
            ~col("_ceiling").is_null(), divide(col("_sum_logit_pace"), col("_weights"))
        ),
        drift_pace=divide(col("origin_value") - col("first_value"), span),
        slope=only_when(moves, divide(w * xy - x * y, w * xx - x * x)),
    )
    # Random walk with drift in continuous time: changes over dt have variance jitter^2 dt.
    frame = frame.with_columns(
        _variance=divide(
            col("_squares") - col("drift_pace") * col("drift_pace") * span,
            (col("points") - 2).cast(nw.Float64),
        )
    )
    # Of a series that moved by the same step every year, what is left is rounding.
    has_jitter = col("_variance") > ROUNDING * col("_squares")
    jitter = nw.when(has_jitter).then(col("_variance")).otherwise(nw.lit(0.0)) ** 0.5
    # Two changes are needed for a difference between them.
    return frame.with_columns(jitter=only_when(col("points") >= 3, jitter)).select(
        "goal_id", "origin_t", "origin_value", "first_t", "first_value", "points",
        "trend_segment", "pace", "log_pace", "logit_pace", "drift_pace", "slope", "step", "jitter",
    )  # fmt: skip


def logit(share: nw.Expr) -> nw.Expr:
    """log(p / (1 - p)) of a share that is kept 0.25 % away from 0 and 1."""
    kept = (
        nw.when(at_least(share, 1.0 - LOGIT_EDGE))
        .then(nw.lit(1.0 - LOGIT_EDGE))
        .when(share <= LOGIT_EDGE)
        .then(nw.lit(LOGIT_EDGE))
        .otherwise(share)
    )
    return (kept / (1.0 - kept)).log()
