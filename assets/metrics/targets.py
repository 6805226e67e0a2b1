"""What a target asks for: its figure in the units of the series, its direction, when it is met."""

import narwhals as nw

from assets.metrics.expressions import (
    NULL,
    divide,
    is_true,
    larger,
    power,
    smaller,
)
from assets.metrics.thresholds import APPROX_SHARE

# Comparisons of a value with its target: floats a hair apart are equal.
RELATIVE_EPSILON = 1e-9


def resolved_target() -> nw.Expr:
    """The figure to be reached, in the unit of the series.

    multiple: factor * Y_ref; increment: Y_ref + value; growth of a level:
    Y_ref * (1 + g/100)^(T - ref); all others: the printed value. Null while the reference
    value is unknown.
    """
    value, reference = nw.col("value"), nw.col("reference_value")
    kind, refers = nw.col("value_kind"), ~nw.col("reference_year").is_null()
    years = nw.col("target_year") - nw.col("reference_year")
    return (
        nw.when(kind == "multiple")
        .then(value * reference)
        .when(kind == "increment")
        .then(nw.when(refers).then(reference + value).otherwise(value))
        .when((kind == "growth") & refers)
        .then(reference * power(1.0 + value / 100.0, years))
        .otherwise(value)
    )


def direction() -> nw.Expr:
    """+1 where more is wanted, -1 where less is, 0 for a range; eq looks from the baseline.

    Never configured: >=, > and about give +1; <=, < give -1.
    """
    operator = nw.col("operator")
    distance = nw.col("resolved_target") - nw.col("baseline_value")
    return (
        nw.when(operator.is_in(["le", "lt"]))
        .then(nw.lit(-1.0))
        .when(operator == "range")
        .then(nw.lit(0.0))
        .when(is_true((operator == "eq") & (distance < 0.0)))
        .then(nw.lit(-1.0))
        .otherwise(nw.lit(1.0))
    )


def is_met(value: nw.Expr, bound: nw.Expr, tolerance: nw.Expr) -> nw.Expr:
    """Whether a value meets the target; never null (no value, no target: false).

    `tolerance` widens >=, <=, =, range and about. > and < stay strict, except that a value
    printed as a bound (超2.6万亿) lies beyond the figure that it prints.
    """
    target, high = nw.col("resolved_target"), nw.col("value_high")
    operator = nw.col("operator")
    slack = tolerance + RELATIVE_EPSILON * target.abs()
    hair = RELATIVE_EPSILON * target.abs()
    beyond_above = (bound == "at_least") & (value >= target - hair)
    beyond_below = (bound == "at_most") & (value <= target + hair)
    return is_true(
        nw.when(operator == "ge")
        .then(value >= target - slack)
        .when(operator == "gt")
        .then((value > target + hair) | beyond_above)
        .when(operator == "le")
        .then(value <= target + slack)
        .when(operator == "lt")
        .then((value < target - hair) | beyond_below)
        .when(operator == "eq")
        .then((value - target).abs() <= slack)
        .when(operator == "range")
        .then((value >= target - slack) & (value <= high + slack))
        .otherwise(value >= APPROX_SHARE * target - slack)
    )


def range_distance(value: nw.Expr) -> nw.Expr:
    """Distance to the nearest bound of a range; negative inside it. Unit of the series."""
    low, high = nw.col("resolved_target"), nw.col("value_high")
    inside = -smaller(value - low, high - value)
    return larger(larger(low - value, value - high), inside)


def gap(value: nw.Expr) -> nw.Expr:
    """s(Y_T - A); |Y_T - A| for eq; distance to the nearest bound for a range. Unit of the series.

    Positive: still to go. Negative: beyond the target.
    """
    operator, target = nw.col("operator"), nw.col("resolved_target")
    return (
        nw.when(operator == "range")
        .then(range_distance(value))
        .when(operator == "eq")
        .then((target - value).abs())
        .otherwise(nw.col("direction") * (target - value))
    )


def attainment(value: nw.Expr) -> nw.Expr:
    """完成率, %: A/Y_T upward, Y_T/A downward; a negative plan: (1 + (A - Y_T)/|Y_T|) * 100.

    Null for Y_T = 0, for a range, and downward unless both A and Y_T are positive.
    """
    target, operator = nw.col("resolved_target"), nw.col("operator")
    upward = nw.col("direction") > 0.0
    return (
        nw.when(operator == "range")
        .then(NULL)
        .when(upward & (target > 0.0))
        .then(divide(value, target) * 100.0)
        .when(upward & (target < 0.0))
        .then((1.0 + divide(value - target, target.abs())) * 100.0)
        .when(~upward & (value > 0.0) & (target > 0.0))
        .then(divide(target, value) * 100.0)
        .otherwise(NULL)
    )
