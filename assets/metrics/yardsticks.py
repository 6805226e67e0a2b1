"""What other systems would say of the same figures, each by its own published rules.

All look at the last observation up to the deadline (columns yard_t, yard_value), so that a
closed goal is judged as it stood when it fell due. Sources: docs/methods.md.
"""

import narwhals as nw

from assets.metrics import thresholds as th
from assets.metrics.expressions import (
    NULL,
    Frame,
    at_least,
    case,
    divide,
    is_true,
    more_than,
    only_when,
    power,
)

T, B = nw.col("target_year"), nw.col("baseline_t")
NOW, A = nw.col("yard_t"), nw.col("yard_value")
Y_B, Y_T, S = nw.col("baseline_value"), nw.col("resolved_target"), nw.col("direction")
MET = nw.col("yard_met")
ONE = nw.lit(1.0)


def _clip_score(score: nw.Expr) -> nw.Expr:
    capped = nw.when(score > 5.0).then(nw.lit(5.0)).otherwise(score)
    return nw.when(capped < -5.0).then(nw.lit(-5.0)).otherwise(capped)


def with_yardsticks(frame: Frame) -> Frame:
    """Add the ratios, classes and scores of Eurostat, UNSD, ESCAP, SDSN, the bands of ISTAT and
    the Philippines, and the plan classes."""
    started = comparable_start()
    two_ended = nw.col("operator") != "range"
    years, span = only_when(started, NOW - B), only_when(T > B, T - B)
    frame = frame.with_columns(
        _ga=only_when((Y_B > 0.0) & started, power(divide(A, Y_B), divide(ONE, years)) - 1.0),
        _gr=only_when(Y_B > 0.0, power(divide(Y_T, Y_B), divide(ONE, span)) - 1.0),
    )
    frame = _eurostat(frame, two_ended)
    frame = _unsd(frame, two_ended)
    frame = _sdsn(frame, two_ended, years, span)
    frame = _escap(frame).with_columns(
        istat_class=istat_class(nw.col("_growth")),
        psa_likelihood=psa_likelihood(nw.col("sdsn_share")),
    )
    return _agreement(_plan_class(frame))


def _eurostat(frame: Frame, two_ended: nw.Expr) -> Frame:
    """With a target R = s g_a / |g_r|; without one s g_a. Score -5..5."""
    no_target = ~nw.col("is_quantified")
    frame = frame.with_columns(
        eurostat_ratio=only_when(two_ended, S * divide(nw.col("_ga"), nw.col("_gr").abs())),
        _growth=only_when(no_target, S * nw.col("_ga")),
    )
    r, g = nw.col("eurostat_ratio"), nw.col("_growth")
    met = MET & two_ended & ~B.is_null()
    upper, lower = (r - 0.6) * (5.0 / 0.7), (r + 0.6) * (5.0 / 1.2) - 5.0
    return frame.with_columns(
        eurostat_class=case(
            (met | at_least(r, th.EUROSTAT_SIGNIFICANT), "significant_progress"),
            (at_least(r, th.EUROSTAT_MODERATE), "moderate_progress"),
            (at_least(r, th.EUROSTAT_INSUFFICIENT), "insufficient_progress"),
            (~r.is_null(), "movement_away"),
            (g > th.EUROSTAT_GROWTH_SIGNIFICANT, "significant_progress"),
            (at_least(g, th.EUROSTAT_GROWTH_MODERATE), "moderate_progress"),
            (g > -th.EUROSTAT_GROWTH_MODERATE, "no_progress"),
            (at_least(g, -th.EUROSTAT_GROWTH_SIGNIFICANT), "moderate_movement_away"),
            (~g.is_null(), "significant_movement_away"),
        ),
        eurostat_score=nw.when(met)
        .then(nw.lit(5.0))
        .when(~r.is_null())
        .then(_clip_score(nw.when(at_least(r, 0.6)).then(upper).otherwise(lower)))
        .when(~g.is_null())
        .then(_clip_score(g * 250.0))
        .otherwise(NULL),
    )


def _unsd(frame: Frame, two_ended: nw.Expr) -> Frame:
    """Share of the distance covered at T if growth goes on: (A (1+g_a)^(T-t) - Y_B)/(Y_T - Y_B)."""
    expected = A * power(nw.col("_ga") + 1.0, T - NOW)
    frame = frame.with_columns(
        unsd_share=only_when(two_ended & ~nw.col("baseline_met"), divide(expected - Y_B, Y_T - Y_B))
    )
    share, g = nw.col("unsd_share"), nw.col("_growth")
    near_end = (
        (nw.col("value_kind") == "coverage")
        & Y_T.is_in([0.0, 100.0])
        & ((A - Y_T).abs() <= th.UNSD_COVERAGE_BAND)
    )
    met = two_ended & ~B.is_null() & is_true(MET | near_end)
    return frame.with_columns(
        unsd_class=case(
            (met | at_least(share, th.UNSD_ON_TRACK), "on_track_or_met"),
            (at_least(share, th.UNSD_FAIR), "fair_progress"),
            (~share.is_null(), "stagnation_or_regression"),
            (at_least(g, th.UNSD_GROWTH_ON_TRACK), "on_track_or_met"),
            (at_least(g, th.UNSD_GROWTH_FAIR), "fair_progress"),
            (~g.is_null(), "stagnation_or_regression"),
        )
    )


def _sdsn(frame: Frame, two_ended: nw.Expr, years: nw.Expr, span: nw.Expr) -> Frame:
    """Actual over required change a year, both straight lines."""
    actual, required = divide(A - Y_B, years), divide(Y_T - Y_B, span)
    frame = frame.with_columns(
        sdsn_share=only_when(
            two_ended & ~nw.col("baseline_met") & ~nw.col("_yard_across"), divide(actual, required)
        )
    )
    share = nw.col("sdsn_share")
    return frame.with_columns(
        sdsn_arrow=case(
            (MET & two_ended & started_at_all(), "on_track"),
            (at_least(share, th.SDSN_ON_TRACK), "on_track"),
            (at_least(share, th.SDSN_MODERATE), "moderately_improving"),
            (at_least(share, th.SDSN_STAGNATING), "stagnating"),
            (~share.is_null(), "decreasing"),
        )
    )


def started_at_all() -> nw.Expr:
    """A baseline is known and something was observed after it."""
    return is_true(NOW > B)


def comparable_start() -> nw.Expr:
    """A baseline is known and something of the same scope was observed after it."""
    return started_at_all() & ~nw.col("_yard_across")


def _escap(frame: Frame) -> Frame:
    """CSI = 10 progress (two-sided for eq); class by the anticipated gap of a weighted regression.

    The regression line is evaluated at T; its gap is a share of the required progress.
    """
    progress = divide(A - Y_B, Y_T - Y_B)
    two_sided = 10.0 - 10.0 * divide((Y_T - A).abs(), (Y_T - Y_B).abs())
    # slope and intercept of the weighted least-squares line, time centred on T
    w, x, y, xx, xy = (nw.col(f"_{c}") for c in ("w", "wx", "wy", "wxx", "wxy"))
    slope = divide(w * xy - x * y, w * xx - x * x)
    at_deadline = divide(y - slope * x, w)
    frame = frame.with_columns(
        escap_csi=nw.when(nw.col("operator") == "range")
        .then(NULL)
        .when(nw.col("operator") == "eq")
        .then(only_when(comparable_start(), two_sided))
        .otherwise(only_when(comparable_start() & ~nw.col("baseline_met"), progress * 10.0)),
        _anticipated=only_when(
            comparable_start() & (nw.col("operator") != "range") & ~nw.col("baseline_met"),
            divide(S * (Y_T - at_deadline), (Y_T - Y_B).abs()),
        ),
    )
    ahead = nw.col("_anticipated")
    return frame.with_columns(
        escap_class=case(
            (ahead <= th.ESCAP_MAINTAIN + 1e-9, "maintain"),
            (ahead <= th.ESCAP_ACCELERATE + 1e-9, "accelerate"),
            (~ahead.is_null(), "reverse"),
        )
    )


def regression_sums(series: Frame) -> Frame:
    """Weighted sums for ESCAP's line: recent observations weigh more (weight = years elapsed).

    Args:
        series: goal_id, t, obs_value, target_year; observations from the baseline to the deadline.

    Returns:
        goal_id and _w, _wx, _wy, _wxx, _wxy with x = t - T; goals need two observations.
    """
    first = series.group_by("goal_id").agg(_t_first=nw.col("t").min(), _points=nw.len())
    rows = series.join(first.filter(nw.col("_points") >= 2), on="goal_id", how="inner")
    rows = (
        rows.with_columns(
            _weight=nw.col("t") - nw.col("_t_first") + 1.0, _x=nw.col("t") - nw.col("target_year")
        )
        .with_columns(
            _wx=nw.col("_weight") * nw.col("_x"), _wy=nw.col("_weight") * nw.col("obs_value")
        )
        .with_columns(_wxx=nw.col("_wx") * nw.col("_x"), _wxy=nw.col("_wy") * nw.col("_x"))
    )
    return rows.group_by("goal_id").agg(
        _w=nw.col("_weight").sum(),
        _wx=nw.col("_wx").sum(),
        _wy=nw.col("_wy").sum(),
        _wxx=nw.col("_wxx").sum(),
        _wxy=nw.col("_wxy").sum(),
    )


def istat_class(growth: nw.Expr) -> nw.Expr:
    """ISTAT and ASTAT without a target, growth a year in the direction that is wanted.

    Above 5 % clear improvement, (1, 5] slight, (-1, 1] stable, (-5, -1] slight worsening, and at
    -5 % and below clear worsening.
    """
    return case(
        (more_than(growth, th.ISTAT_CLEAR), "clear_improvement"),
        (more_than(growth, th.ISTAT_SLIGHT), "slight_improvement"),
        (more_than(growth, -th.ISTAT_SLIGHT), "stable"),
        (more_than(growth, -th.ISTAT_CLEAR), "slight_worsening"),
        (~growth.is_null(), "clear_worsening"),
    )


def psa_likelihood(ratio: nw.Expr) -> nw.Expr:
    """The Philippine MDG pace ratio, actual over required change a year.

    Above 0.9 high, 0.5 to 0.9 medium, below 0.5 low.
    """
    return case(
        (more_than(ratio, th.PSA_HIGH), "high"),
        (at_least(ratio, th.PSA_MEDIUM), "medium"),
        (~ratio.is_null(), "low"),
    )


def _plan_class(frame: Frame) -> Frame:
    """提前实现 / 快于预期 / 基本符合预期 / 滞后: the plan vocabulary, band of +-5 points."""
    ahead = only_when(is_true(nw.col("t") > B), nw.col("schedule_gap_pp"))
    # Nothing is ahead of time where no time is set.
    early = nw.col("status").is_in(["achieved", "achieved_early"]) & ~T.is_null()
    return frame.with_columns(
        plan_class_zh=case(
            (early, "提前实现"),
            (ahead > th.PLAN_BAND_PP + 1e-9, "快于预期"),
            (ahead >= -th.PLAN_BAND_PP - 1e-9, "基本符合预期"),
            (~ahead.is_null(), "滞后"),
        )
    )


def _agreement(frame: Frame) -> Frame:
    """Whether all yardsticks that are defined say the same of 'on track'; null below two."""
    votes = [
        _vote("eurostat_class", "significant_progress"),
        _vote("unsd_class", "on_track_or_met"),
        _vote("escap_class", "maintain"),
        _vote("sdsn_arrow", "on_track"),
    ]
    cast = [
        nw.when(nw.col(name).is_null()).then(nw.lit(0.0)).otherwise(nw.lit(1.0))
        for name, _ in votes
    ]
    yes = [nw.when(vote).then(nw.lit(1.0)).otherwise(nw.lit(0.0)) for _, vote in votes]
    counted = cast[0] + cast[1] + cast[2] + cast[3]
    agreed = yes[0] + yes[1] + yes[2] + yes[3]
    return frame.with_columns(
        yardsticks_agree=nw.when(counted < 2.0)
        .then(nw.lit(None, dtype=nw.Boolean))
        .otherwise((agreed == 0.0) | (agreed == counted))
    )


def _vote(name: str, on_track: str) -> tuple[str, nw.Expr]:
    return name, is_true(nw.col(name) == on_track)
