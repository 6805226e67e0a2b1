"""Small expressions that behave alike on polars, DuckDB and Spark.

Engines differ in what a division by zero or a root of a negative number gives (infinity, NaN,
null or an exception), so neither is ever asked for: the guard is inside the operation.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import narwhals as nw

Frame: TypeAlias = nw.LazyFrame[Any]
Settle: TypeAlias = Callable[[Frame], Frame]

# Comparisons of computed ratios against a boundary (0.57 / 0.6 is 0.95 but for rounding).
BOUNDARY_TOLERANCE = 1e-9

NULL = nw.lit(None, dtype=nw.Float64)
NO_TEXT = nw.lit(None, dtype=nw.String)


def as_is(frame: Frame) -> Frame:
    """Settle nothing: the frame stays a plan."""
    return frame


def divide(numerator: nw.Expr, denominator: nw.Expr) -> nw.Expr:
    """numerator / denominator; null where the denominator is zero or either is null."""
    safe = nw.when(denominator != 0.0).then(denominator).otherwise(NULL)
    return numerator / safe


def power(base: nw.Expr, exponent: nw.Expr) -> nw.Expr:
    """base ** exponent; null where the base is not positive or either is null."""
    safe = nw.when(base > 0.0).then(base).otherwise(NULL)
    return safe**exponent


def only_when(condition: nw.Expr, value: nw.Expr) -> nw.Expr:
    """The value where the condition holds, else null."""
    return nw.when(condition).then(value).otherwise(NULL)


def is_true(condition: nw.Expr) -> nw.Expr:
    """The condition with null read as false, so that `~` is its opposite in every engine."""
    return nw.coalesce(condition, nw.lit(False))


def at_least(value: nw.Expr, boundary: float) -> nw.Expr:
    """value >= boundary, boundaries included within 1e-9."""
    return value >= boundary - BOUNDARY_TOLERANCE


def more_than(value: nw.Expr, boundary: float) -> nw.Expr:
    """value > boundary, boundaries excluded within 1e-9."""
    return value > boundary + BOUNDARY_TOLERANCE


def larger(a: nw.Expr, b: nw.Expr) -> nw.Expr:
    """The larger of two values; null when either is null (engines differ on their own max)."""
    return nw.when(a >= b).then(a).when(a < b).then(b).otherwise(NULL)


def smaller(a: nw.Expr, b: nw.Expr) -> nw.Expr:
    """The smaller of two values; null when either is null."""
    return nw.when(a <= b).then(a).when(a > b).then(b).otherwise(NULL)


def case(*branches: tuple[nw.Expr, str]) -> nw.Expr:
    """The text of the first branch whose condition holds, else null."""
    (condition, text), *rest = branches
    chain = nw.when(condition).then(nw.lit(text))
    for condition, text in rest:
        chain = chain.when(condition).then(nw.lit(text))
    return chain.otherwise(NO_TEXT)
