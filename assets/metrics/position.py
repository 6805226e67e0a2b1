"""Where one observation stands between baseline and target.

Row-wise expressions over a frame that holds, for each row, a goal and one observation of it:

    resolved_target, value_high, operator, direction, target_year   the goal
    baseline_t, baseline_value, baseline_met                        where it started
    t, latest_value, is_across_break                                the observation

An observation is across a break where the scope of the series changed between the baseline and it:
its level stands, and nothing that compares the two is computed.

Time is counted in years on a scale on which the end of a calendar year is that year's number:
2020.0 is 2020-12-31, 2019.5 is the middle of 2020. `gap_to_goal` applies these to the latest
observation, `gap_history` to every one.
"""

import narwhals as nw

from assets.metrics.expressions import NULL, Frame, divide, only_when, power
from assets.metrics.targets import attainment, gap, range_distance

T = nw.col("target_year")
B = nw.col("baseline_t")
NOW = nw.col("t")
Y_B = nw.col("baseline_value")
Y_T = nw.col("resolved_target")
A = nw.col("latest_value")


def endpoint() -> nw.Expr:
    """Where the path ends: the target, or the bound of a range that is nearer the baseline."""
    return (
        nw.when((nw.col("operator") == "range") & (nw.col("value_high") < Y_B))
        .then(nw.col("value_high"))
        .otherwise(Y_T)
    )


def path_sign() -> nw.Expr:
    """Direction of the path: that of the target, for a range the way into it."""
    return (
        nw.when(nw.col("direction") != 0.0)
        .then(nw.col("direction"))
        .when(endpoint() >= Y_B)
        .then(nw.lit(1.0))
        .otherwise(nw.lit(-1.0))
    )


def raw_progress() -> nw.Expr:
    """Share of the way from baseline to target, 0-1 and beyond; also where the deadline is open.

    (A - Y_B) / (Y_T - Y_B); for a range the share of the initial distance that is removed.
    """
    initial = range_distance(Y_B)
    return (
        nw.when(nw.col("operator") == "range")
        .then(divide(initial - range_distance(A), initial))
        .otherwise(divide(A - Y_B, Y_T - Y_B))
    )


def with_position(frame: Frame) -> Frame:
    """Add gap, attainment, progress, schedule and path columns (units in the contract)."""
    frame = frame.with_columns(
        gap_abs=gap(A),
        attainment_pct=attainment(A),
        # Without a deadline the share of the way is still defined; with one at or before the
        # baseline the target's dates are wrong, and nothing that depends on them is published.
        _progress=only_when(
            ~nw.col("baseline_met")
            & ~nw.col("is_across_break")
            & (B <= NOW)
            & (T.is_null() | (T > B)),
            raw_progress(),
        ),
        _elapsed=only_when(T > B, divide(NOW - B, T - B)),
    )
    frame = frame.with_columns(
        gap_pct=divide(nw.col("gap_abs"), Y_T.abs()) * 100.0,
        progress_pct=nw.col("_progress") * 100.0,
        _tau=nw.when(nw.col("_elapsed") > 1.0)
        .then(nw.lit(1.0))
        .when(nw.col("_elapsed") < 0.0)
        .then(nw.lit(0.0))
        .otherwise(nw.col("_elapsed")),
    )
    share, tau = nw.col("_progress"), nw.col("_tau")
    return frame.with_columns(
        time_elapsed_pct=tau * 100.0,
        schedule_gap_pp=(share - tau) * 100.0,
        expected_value=only_when(~share.is_null(), Y_B + (endpoint() - Y_B) * tau),
        lead_years=only_when(NOW <= T, share * (T - B) - (NOW - B)),
        pace_ratio=divide(share, tau),
    ).with_columns(expected_gap=path_sign() * (A - nw.col("expected_value")))


def growth_actual() -> nw.Expr:
    """g_a = (A / Y_B)^(1 / (t - B)) - 1, a year; null unless both are positive and t > B.

    Null across a scope break.
    """
    years = only_when((NOW > B) & ~nw.col("is_across_break"), NOW - B)
    return only_when(Y_B > 0.0, power(divide(A, Y_B), divide(nw.lit(1.0), years)) - 1.0)


def growth_required() -> nw.Expr:
    """g_r = (Y_T / Y_B)^(1 / (T - B)) - 1, a year; null unless both are positive and T > B."""
    years = only_when(T > B, T - B)
    return only_when(Y_B > 0.0, power(divide(Y_T, Y_B), divide(nw.lit(1.0), years)) - 1.0)


def with_growth(frame: Frame) -> Frame:
    """Add cagr_actual, cagr_required (share a year) and cagr_ratio = s g_a / |g_r|.

    All null where Y_B, A or Y_T is not positive, t <= B, or the baseline meets the target.
    A goal without a figure keeps its cagr_actual.
    """
    frame = frame.with_columns(_g_a=growth_actual(), _g_r=growth_required())
    defined = ~nw.col("_g_a").is_null() & ~nw.col("_g_r").is_null() & ~nw.col("baseline_met")
    ratio = nw.col("direction") * divide(nw.col("_g_a"), nw.col("_g_r").abs())
    return frame.with_columns(
        cagr_actual=only_when(defined | Y_T.is_null(), nw.col("_g_a")),
        cagr_required=only_when(defined, nw.col("_g_r")),
        cagr_ratio=nw.when(defined & (nw.col("operator") != "range")).then(ratio).otherwise(NULL),
    )
