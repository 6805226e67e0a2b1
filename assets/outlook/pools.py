"""Errors of the past as pools: what the projections' intervals and chances are read from."""

from functools import cache
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from scipy import special

from assets.metrics.engine import PastFrames
from assets.metrics.projection import ERROR_COLUMNS, QUANTILE_COLUMNS
from assets.metrics.thresholds import POOL_MIN, T_MAX_DF

LEVELS = {"q025": 0.025, "q10": 0.10, "q90": 0.90, "q975": 0.975}
T_STEPS = 400  # even steps of probability by which Student's t stands in for a pool
_POLARS = {nw.String: pl.String, nw.Float64: pl.Float64, nw.Int64: pl.Int64}


def pool_name(as_of: str, kind: str) -> pl.Expr:
    """The pool of a kind of value on an as-of day. Arguments are column names."""
    return pl.format("{}|{}", pl.col(as_of).cast(pl.String), pl.col(kind))


def pools(hindcasts: pl.DataFrame) -> PastFrames:
    """Errors of the chosen method and their quantiles, by pool and whole years ahead.

    Args:
        hindcasts: see `hindcasts`; series that never moved give no error.

    Returns:
        Errors in units of the series' mean absolute change a year, actual less projected, without
        pools of fewer than 60; and the pools of Student's t.
    """
    errors = hindcasts.filter(pl.col("step") > 0.0).select(
        pool=pool_name("as_of", "kind"),
        horizon=pl.col("horizon").ceil(),
        error=(pl.col("actual") - pl.col("projected")) / pl.col("step"),
    )
    by = ["pool", "horizon"]
    errors = errors.filter(pl.len().over(*by) >= POOL_MIN)
    quantiles = errors.group_by(by).agg(
        n_errors=pl.len().cast(pl.Int64),
        **{
            name: pl.col("error").quantile(level, interpolation="linear")
            for name, level in LEVELS.items()
        },
    )
    students = students_t()
    return PastFrames(
        pl.concat([_typed(errors, ERROR_COLUMNS), students.errors]),
        pl.concat([_typed(quantiles, QUANTILE_COLUMNS), students.quantiles]),
    )


@cache
def students_t() -> PastFrames:
    """Student's t for 1 to 30 degrees of freedom, as pools named t|df at horizon 0."""
    freedom = np.arange(1, T_MAX_DF + 1)
    steps = (np.arange(T_STEPS) + 0.5) / T_STEPS
    values = special.stdtrit(freedom[:, None], steps[None, :])
    names = [f"t|{df}" for df in freedom]
    errors = pl.DataFrame(
        {"pool": np.repeat(names, T_STEPS).tolist(), "horizon": 0.0, "error": values.ravel()}
    )
    quantiles = pl.DataFrame(
        {
            "pool": names,
            "horizon": 0.0,
            "n_errors": T_STEPS,
            **{name: special.stdtrit(freedom, level) for name, level in LEVELS.items()},
        }
    )
    return PastFrames(_typed(errors, ERROR_COLUMNS), _typed(quantiles, QUANTILE_COLUMNS))


def _typed(frame: pl.DataFrame, columns: dict[str, Any]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(_POLARS[dtype]) for name, dtype in columns.items())
