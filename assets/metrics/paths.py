"""Shapes of the way from one figure to another: the value at a time, and the time of a value.

Row-wise expressions over a frame that holds, for each row, a leg of a path:

    path_kind                  linear, geometric, logistic or milestones
    start_t, start_value       where the leg begins (t_0, y_0)
    end_t, end_value           where it ends (t_1, y_1); t_1 > t_0, y_1 <> y_0 if it is one goal's

u = (t - t_0) / (t_1 - t_0) is the share of the time gone. Every shape passes both ends, and each
`…_time` undoes its `…_value`. Time is on the scale of `position`. Sources: docs/methods.md.
"""

from typing import Final

import narwhals as nw

from assets.metrics.expressions import divide, only_when, power

T_0, T_1 = nw.col("start_t"), nw.col("end_t")
Y_0, Y_1 = nw.col("start_value"), nw.col("end_value")

# A share lies between these; its logarithm of odds is taken this far inside them, in points.
FLOOR: Final = 0.0
CEILING: Final = 100.0
CLIP: Final = 0.25


def _elapsed(t: nw.Expr) -> nw.Expr:
    return divide(t - T_0, T_1 - T_0)


def _between(share: nw.Expr) -> nw.Expr:
    return Y_0 * (1.0 - share) + Y_1 * share  # in this form exact at both ends


def _at(share: nw.Expr) -> nw.Expr:
    """The time at which this share of it is gone."""
    return T_0 + (T_1 - T_0) * share


def linear_value(t: nw.Expr) -> nw.Expr:
    """y = y_0 (1 - u) + y_1 u: the same amount every year. The path of `gap_to_goal`."""
    return _between(_elapsed(t))


def linear_time(value: nw.Expr) -> nw.Expr:
    """u = (y - y_0) / (y_1 - y_0); null on a level leg."""
    return _at(divide(value - Y_0, Y_1 - Y_0))


def geometric_value(t: nw.Expr) -> nw.Expr:
    """y = y_0^(1 - u) y_1^u: the same growth every year, (y_1 / y_0)^(1 / (t_1 - t_0)) - 1.

    The path behind 年均增长 and Eurostat's required growth. Null unless both ends are positive.
    """
    return power(Y_0, 1.0 - _elapsed(t)) * power(Y_1, _elapsed(t))


def geometric_time(value: nw.Expr) -> nw.Expr:
    """u = ln(y / y_0) / ln(y_1 / y_0); null unless all three are positive."""
    start = only_when(Y_0 > 0.0, Y_0)
    reached, wanted = divide(value, start), divide(Y_1, start)
    return _at(
        divide(only_when(reached > 0.0, reached).log(), only_when(wanted > 0.0, wanted).log())
    )


def logistic_value(t: nw.Expr) -> nw.Expr:
    """An S-curve of a share: l = 100 / (1 + exp(-z)), its log-odds z linear in time.

    z runs from z_0 to z_1, the log-odds z = ln(c / (100 - c)) of the ends c clipped to
    [0.25, 99.75]. An end beyond them has no finite odds (a goal of 100 %), so the curve is
    stretched to it: y = y_0 (1 - w) + y_1 w with w = (l - c_0) / (c_1 - c_0), which is l where
    nothing was clipped. The S-curve is that of the EU's Digital Decade trajectories.
    """
    odds = _odds(_clipped(Y_0)) + (_odds(_clipped(Y_1)) - _odds(_clipped(Y_0))) * _elapsed(t)
    curve = CEILING / (1.0 + (-odds).exp())
    c_0, c_1 = _clipped(Y_0), _clipped(Y_1)
    return _between(divide(curve - c_0, c_1 - c_0))


def logistic_time(value: nw.Expr) -> nw.Expr:
    """u = (z - z_0) / (z_1 - z_0) with the log-odds z of l = c_0 + (c_1 - c_0) (y - y_0) /
    (y_1 - y_0); null where l is no share between 0 and 100."""
    c_0, c_1 = _clipped(Y_0), _clipped(Y_1)
    curve = c_0 + (c_1 - c_0) * divide(value - Y_0, Y_1 - Y_0)
    z_0, z_1 = _odds(c_0), _odds(c_1)
    return _at(divide(_odds(curve) - z_0, z_1 - z_0))


def _clipped(share: nw.Expr) -> nw.Expr:
    low, high = nw.lit(FLOOR + CLIP), nw.lit(CEILING - CLIP)
    return nw.when(share < low).then(low).when(share > high).then(high).otherwise(share)


def _odds(share: nw.Expr) -> nw.Expr:
    """ln(c / (100 - c)); null outside the bounds."""
    inside = only_when((share > FLOOR) & (share < CEILING), share)
    return divide(inside, CEILING - inside).log()


def path_value(t: nw.Expr) -> nw.Expr:
    """The value of the leg at a time. Milestones are joined by straight legs."""
    kind = nw.col("path_kind")
    return (
        nw.when(kind == "geometric")
        .then(geometric_value(t))
        .when(kind == "logistic")
        .then(logistic_value(t))
        .otherwise(linear_value(t))
    )


def path_time(value: nw.Expr) -> nw.Expr:
    """The time at which the leg is at a value; null where the value lies beyond its ends."""
    kind = nw.col("path_kind")
    up = (value >= Y_0) & (value <= Y_1)
    down = (value <= Y_0) & (value >= Y_1)
    return only_when(
        up | down,
        nw.when(kind == "geometric")
        .then(geometric_time(value))
        .when(kind == "logistic")
        .then(logistic_time(value))
        .otherwise(linear_time(value)),
    )


def may_be_geometric() -> nw.Expr:
    """Both ends are positive."""
    return (Y_0 > 0.0) & (Y_1 > 0.0)


def may_be_logistic() -> nw.Expr:
    """Both ends are shares, and still apart when clipped."""
    return (
        (Y_0 >= FLOOR)
        & (Y_0 <= CEILING)
        & (Y_1 >= FLOOR)
        & (Y_1 <= CEILING)
        & (_clipped(Y_0) != _clipped(Y_1))
    )
