"""Where a series goes if it goes on as it did, and how likely a goal is met in time.

Methods, fixed before looking at any data: docs/methods.md, section 9. The chance and the
intervals come from errors that the same method made in the past (`errors`, `quantiles`), never
from a model's own belief in itself.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw

from assets.metrics import thresholds as th
from assets.metrics.expressions import (
    NO_TEXT,
    NULL,
    Frame,
    case,
    divide,
    is_true,
    larger,
    only_when,
    power,
)
from assets.metrics.targets import RELATIVE_EPSILON, is_met
from assets.metrics.trend import logit

METHODS: Final = ("damped", "damped_logit", "ensemble", "drift", "time_weighted", "damped_log",
                  "no_change", "cagr")  # fmt: skip
# Errors of one pool (a method, a kind of value, an as-of day) and whole years ahead; of the pools
# named t|df: quantiles of Student's t at even steps, for where there are too few errors.
ERROR_COLUMNS: Final[dict[str, Any]] = {
    "pool": nw.String, "horizon": nw.Float64, "error": nw.Float64,
}  # fmt: skip
QUANTILE_COLUMNS: Final[dict[str, Any]] = {
    "pool": nw.String, "horizon": nw.Float64, "n_errors": nw.Int64, "q025": nw.Float64,
    "q10": nw.Float64, "q90": nw.Float64, "q975": nw.Float64,
}  # fmt: skip

SMALLEST_HAIR: Final = 1e-12
INSTANT: Final = 1e-9  # years


@dataclass(frozen=True)
class Past:
    """What is known of past errors: ERROR_COLUMNS, and QUANTILE_COLUMNS of the same pools."""

    errors: Frame
    quantiles: Frame


def damping(phi: float, years: nw.Expr) -> nw.Expr:
    """phi + phi^2 + ... + phi^h = phi (1 - phi^h) / (1 - phi), for any h >= 0."""
    return (1.0 - power(nw.lit(phi), years)) * (phi / (1.0 - phi))


def with_projections(frame: Frame, years: str) -> Frame:
    """Add what each of METHODS expects so many years after the origin, and the chosen one.

    Args:
        frame: columns of `trend`, and floor, cap, ceiling (each may be null).
        years: column of the years ahead, >= 0; where it is null nothing is projected.

    Returns:
        The frame with one column a method and projected_value: damped logit for a bounded share,
        damped linear for everything else. All within floor and cap.
    """
    h, a, pace = nw.col(years), nw.col("origin_value"), nw.col("pace")
    # Step by step: engines plan one long expression far slower than several short ones.
    frame = frame.with_columns(
        _linear=damping(th.DAMPING, h),
        _logit=damping(th.LOGIT_DAMPING, h),
        _share=logit(divide(a, nw.col("ceiling"))),
        _growth=divide(only_when(nw.col("first_value") > 0.0, a), nw.col("first_value")),
        _part=divide(h, nw.col("origin_t") - nw.col("first_t")),
    ).with_columns(
        no_change=a + 0.0 * h,
        drift=a + nw.col("drift_pace") * h,
        cagr=a * power(nw.col("_growth"), nw.col("_part")),
        time_weighted=a + nw.col("slope") * h,
        damped=a + pace * nw.col("_linear"),
        damped_log=only_when(a > 0.0, a) * (nw.col("log_pace") * nw.col("_linear")).exp(),
        damped_logit=nw.col("ceiling")
        / (1.0 + (-(nw.col("_share") + nw.col("logit_pace") * nw.col("_logit"))).exp()),
    )
    single = [name for name in METHODS if name != "ensemble"]
    frame = frame.with_columns(**{name: bounded(nw.col(name)) for name in single})
    return _with_ensemble(frame).with_columns(
        projected_value=nw.coalesce(nw.col("damped_logit"), nw.col("damped"))
    )


def bounded(value: nw.Expr) -> nw.Expr:
    """Within floor and cap, where there are such."""
    within = nw.min_horizontal(nw.max_horizontal(value, nw.col("floor")), nw.col("cap"))
    return only_when(~value.is_null(), within)


def _with_ensemble(frame: Frame) -> Frame:
    """The median of drift, time-weighted, damped, and damped log (of a bounded share: logit)."""
    a, b, c, d = (nw.col(name) for name in ("drift", "time_weighted", "damped", "_fourth"))
    low, high = nw.min_horizontal, nw.max_horizontal
    frame = frame.with_columns(_fourth=nw.coalesce(nw.col("damped_logit"), nw.col("damped_log")))
    frame = frame.with_columns(
        _lower=nw.when(d.is_null()).then(low(a, b)).otherwise(high(low(a, b), low(c, d))),
        _upper=nw.when(d.is_null()).then(low(high(a, b), c)).otherwise(low(high(a, b), high(c, d))),
    )
    median = nw.when(d.is_null()).then(high(nw.col("_lower"), nw.col("_upper"))).otherwise(
        (nw.col("_lower") + nw.col("_upper")) / 2.0
    )  # fmt: skip
    return frame.with_columns(ensemble=median).drop("_fourth", "_lower", "_upper")


def with_spread(frame: Frame, quantiles: Frame, years: str) -> Frame:
    """Add the interval of a projection from the errors of its kind.

    Pooled errors (in units of the series' mean absolute change a year) where the pool of that
    horizon, rounded up to whole years, holds 60 or more; else Student's t on the random walk with
    drift. Nothing where the series never moved.

    Args:
        frame: columns of `trend`, pool, floor, cap, projected_value, and `years` ahead.
        quantiles: QUANTILE_COLUMNS.

    Returns:
        The frame with lo80, hi80, lo95, hi95, interval_method, n_errors (of a pool), _pool,
        _horizon and _unit (what one unit of error is worth).
    """
    ahead, span = nw.col(years), nw.col("origin_t") - nw.col("first_t")
    freedom = nw.col("points") - 2
    capped = nw.when(freedom > th.T_MAX_DF).then(nw.lit(th.T_MAX_DF)).otherwise(freedom)
    frame = frame.with_columns(
        _ahead=ahead.ceil(),
        _t_pool=nw.concat_str(nw.lit("t|"), capped.cast(nw.Int64).cast(nw.String)),
    )
    names = list(QUANTILE_COLUMNS)
    pooled = quantiles.select(*(nw.col(c).alias(f"_p_{c}") for c in names)).filter(
        nw.col("_p_n_errors") >= th.POOL_MIN
    )
    students = quantiles.select(*(nw.col(c).alias(f"_t_{c}") for c in names)).filter(
        nw.col("_t_horizon") == 0.0
    )
    frame = frame.join(
        pooled, left_on=["pool", "_ahead"], right_on=["_p_pool", "_p_horizon"], how="left"
    ).join(students, left_on="_t_pool", right_on="_t_pool", how="left")
    has_pool = ~nw.col("_p_n_errors").is_null()
    walk = nw.col("jitter") * larger(ahead * (1.0 + divide(ahead, span)), nw.lit(0.0)) ** 0.5
    unit = nw.when(has_pool).then(nw.col("step")).otherwise(walk)
    known = ~nw.col("projected_value").is_null() & (unit > 0.0)
    frame = frame.with_columns(
        _unit=only_when(known, unit),
        _pool=nw.when(is_true(known & has_pool))
        .then(nw.col("pool"))
        .when(is_true(known))
        .then(nw.col("_t_pool"))
        .otherwise(NO_TEXT),
        _horizon=nw.when(has_pool).then(nw.col("_ahead")).otherwise(nw.lit(0.0)),
        interval_method=case(
            (is_true(known & has_pool), "pooled_errors"),
            (is_true(known & ~nw.col("_t_n_errors").is_null()), "drift_t"),
        ),
        n_errors=nw.col("_p_n_errors"),
    )
    ends = {"lo80": "q10", "hi80": "q90", "lo95": "q025", "hi95": "q975"}
    frame = frame.with_columns(
        **{
            end: nw.col("projected_value")
            + nw.col("_unit") * nw.coalesce(nw.col(f"_p_{q}"), nw.col(f"_t_{q}"))
            for end, q in ends.items()
        }
    )
    return frame.with_columns(**{end: bounded(nw.col(end)) for end in ends}).drop(
        "_ahead", "_t_pool", *(f"_p_{c}" for c in names[2:]), *(f"_t_{c}" for c in names[1:])
    )


def with_outlook(frame: Frame, past: Past | None) -> Frame:
    """Add the projection at the deadline of every goal that is open, and the chance to meet it.

    Args:
        frame: a goal's position: GOAL_COLUMNS, resolved_target, direction, t, latest_value,
            met_within_tolerance, baseline_value, is_across_break, and the columns of `trend`.
        past: errors of the past; without them there is neither interval nor chance.

    Returns:
        The frame with projected_value, projected_alt, projection_method, lo80 to hi95,
        interval_method, p_on_time (0-1), anticipated_gap_pct, eta_year, eta_delay_years.
    """
    usable = (
        (nw.col("points") >= th.PROJECTION_MIN_POINTS)
        # What answers in an older scope is not projected from the present one.
        & (nw.col("origin_t") == nw.col("t"))
        & (nw.col("value_kind") != "cumulative")
    )
    ahead = nw.col("target_year") - nw.col("t")
    frame = frame.with_columns(
        _usable=is_true(usable), _years=only_when(is_true(usable & (ahead > 0.0)), ahead)
    )
    is_projected = ~nw.col("_years").is_null()
    frame = with_projections(frame, "_years").with_columns(
        projected_alt=nw.col("ensemble"),
        projection_method=case(
            (is_projected & ~nw.col("ceiling").is_null(), "damped_logit"),
            (is_projected, "damped"),
        ),
    )
    if past is None:
        frame = frame.with_columns(
            **dict.fromkeys(("lo80", "hi80", "lo95", "hi95", "p_on_time"), NULL),
            interval_method=NO_TEXT,
        )
    else:
        frame = with_spread(frame, past.quantiles, "_years")
        frame = frame.join(_chance(frame, past.errors), on="goal_id", how="left")
    distance = (nw.col("resolved_target") - nw.col("baseline_value")).abs()
    missing = nw.col("direction") * (nw.col("resolved_target") - nw.col("projected_value"))
    frame = _with_arrival(frame)
    return frame.with_columns(
        anticipated_gap_pct=only_when(
            (nw.col("operator") != "range") & ~nw.col("is_across_break"),
            divide(missing, distance) * 100.0,
        ),
        eta_delay_years=nw.col("eta_year") - nw.col("target_year"),
    )


def _chance(frame: Frame, errors: Frame) -> Frame:
    """p_on_time: the share of past errors that would leave the goal met.

    None of an exact figure: errors hit it by accident only, however near the series comes.
    """
    wanted = frame.filter(
        ~nw.col("_unit").is_null()
        & ~nw.col("resolved_target").is_null()
        & (nw.col("operator") != "eq")
    )
    each = wanted.join(
        errors, left_on=["_pool", "_horizon"], right_on=["pool", "horizon"], how="inner"
    ).with_columns(_then=bounded(nw.col("projected_value") + nw.col("error") * nw.col("_unit")))
    met = is_met(nw.col("_then"), nw.lit("exact"), nw.col("tolerance"))
    each = each.with_columns(_met=nw.when(is_true(met)).then(nw.lit(1.0)).otherwise(nw.lit(0.0)))
    return each.group_by("goal_id").agg(p_on_time=nw.col("_met").mean())


def _with_arrival(frame: Frame) -> Frame:
    """Add eta_year: the first year at whose end the projected path meets an unmet goal.

    The damped path A + v D(h), D(h) = phi (1 - phi^h)/(1 - phi), reaches a needed value where
    D(h) = x = (needed - A)/v, so h = ln(1 - x (1 - phi)/phi) / ln(phi); on the logit scale alike.
    Null beyond thirty years, and for two-sided goals: those are passed through, not arrived at.
    """
    col, target, slack = nw.col, nw.col("resolved_target"), nw.col("tolerance")
    operator = nw.col("operator")
    # Never nothing: what must lie below zero is not met at zero.
    hair = larger(target.abs() * RELATIVE_EPSILON, nw.lit(SMALLEST_HAIR))
    frame = frame.with_columns(_hair=hair).with_columns(
        _needed=nw.when(operator == "ge").then(target - slack)
        .when(operator == "gt").then(target + col("_hair"))
        .when(operator == "le").then(target + slack)
        .when(operator == "lt").then(target - col("_hair"))
        .when(operator == "approx").then(th.APPROX_SHARE * target - slack)
        .otherwise(NULL),
    )  # fmt: skip
    frame = frame.with_columns(
        _steps=divide(col("_needed") - col("origin_value"), col("pace")),
        _part=divide(col("_needed"), col("ceiling")),
        _origin=logit(divide(col("origin_value"), col("ceiling"))),
    )
    inside = only_when((col("_part") > 0.0) & (col("_part") < 1.0), col("_part"))
    frame = frame.with_columns(_inside=inside).with_columns(
        _logits=divide(
            (col("_inside") / (1.0 - col("_inside"))).log() - col("_origin"), col("logit_pace")
        )
    )
    frame = frame.with_columns(
        _wait=nw.when(col("ceiling").is_null())
        .then(_years_until(col("_steps"), th.DAMPING))
        .otherwise(_years_until(col("_logits"), th.LOGIT_DAMPING))
    )
    # Towards the goal: kept off 0 and 100 %, a share may start beyond what it has not met.
    speed = nw.when(col("ceiling").is_null()).then(col("pace")).otherwise(col("logit_pace"))
    possible = (
        col("_usable")
        & is_true(col("direction") * speed > 0.0)
        & ~col("met_within_tolerance")
        & is_true(col("_wait") <= th.ETA_YEARS)
        & (col("floor").is_null() | is_true(col("_needed") >= col("floor")))
        & (col("cap").is_null() | is_true(col("_needed") <= col("cap")))
    )
    # After the origin, whose value does not meet it, however small the step that is missing.
    wait = larger(col("_wait") - INSTANT, nw.lit(INSTANT))
    return frame.with_columns(eta_year=only_when(possible, (col("t") + wait).ceil()))


def _years_until(steps: nw.Expr, phi: float) -> nw.Expr:
    """h with D(h) = steps; null where the damped path never comes so far, or leads away."""
    left = 1.0 - steps * ((1.0 - phi) / phi)
    return only_when((left > 0.0) & (steps > 0.0), left).log() / math.log(phi)
