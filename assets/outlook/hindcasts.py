"""Every past origin, projected with what its series held up to then and compared with what came.

Values are those of record today: a publisher's later revisions are in them, as are its earlier
figures as they now stand.
"""

import narwhals as nw
import polars as pl

from assets.metrics.projection import METHODS, with_projections
from assets.metrics.thresholds import PROJECTION_MIN_POINTS
from assets.metrics.trend import trend

DIGITS = 12
SERIES = ["as_of", "indicator_id", "region_code"]
KIND_SHARE, KIND_LEVEL = "share", "level"


def limits(indicators: pl.DataFrame) -> pl.DataFrame:
    """What bounds the values of each indicator.

    Returns:
        indicator_id, floor, cap (plausible bounds), ceiling (100 for shares in percent from 0 to
        100, which are projected on the logit scale; else null) and kind: share or level.
    """
    is_share = (
        (pl.col("unit") == "percent")
        & (pl.col("plausible_min") == 0.0)
        & (pl.col("plausible_max") == 100.0)
    ).fill_null(value=False)
    return indicators.select(
        "indicator_id",
        floor="plausible_min",
        cap="plausible_max",
        ceiling=pl.when(is_share).then(pl.col("plausible_max")),
        kind=pl.when(is_share).then(pl.lit(KIND_SHARE)).otherwise(pl.lit(KIND_LEVEL)),
    )


def hindcasts(answers: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """All pairs of an origin with three points or more and a later value of the same scope.

    Args:
        answers: as_of, indicator_id, region_code, year, t, value, segment; one a year.
        bounds: see `limits`.

    Returns:
        as_of, indicator_id, region_code, kind, origin_year, year, horizon (years), n_points,
        origin_value, step (mean absolute change a year up to the origin), actual, projected (by
        the chosen method), one column for each of METHODS, floor and cap.
    """
    rows = answers.select(*SERIES, "year", "t", "value", pl.col("segment").cast(pl.Float64))
    rows = rows.sort(*SERIES, "t").with_columns(
        place=pl.int_range(pl.len()).over(*SERIES, "segment")
    )
    origins = rows.filter(pl.col("place") >= PROJECTION_MIN_POINTS - 1).select(
        *SERIES, "segment", origin_year="year", _origin_t="t"
    )
    origins = origins.with_row_index("goal_id")
    pairs = origins.join(rows, on=[*SERIES, "segment"])
    later = pairs.filter(pl.col("t") > pl.col("_origin_t"))
    known = pairs.filter(pl.col("t") <= pl.col("_origin_t")).join(
        later.select("goal_id"), on="goal_id", how="semi"
    )
    known = known.join(bounds, on="indicator_id")
    inputs = known.select("goal_id", "t", "value", "segment", "ceiling")
    moved = trend(nw.from_native(inputs.lazy()))
    outcomes = later.join(bounds, on="indicator_id").select(
        "goal_id", *SERIES, "kind", "floor", "cap", "ceiling", "origin_year", "year",
        actual="value", horizon=pl.col("t") - pl.col("_origin_t"),
    )  # fmt: skip
    frame = nw.from_native(outcomes.lazy()).join(moved, on="goal_id", how="inner")
    made: pl.DataFrame = nw.to_native(with_projections(frame, "horizon")).collect()
    made = made.select(
        *SERIES, "kind", "origin_year", "year", "horizon", "origin_value", "step", "actual",
        *METHODS, "floor", "cap", projected="projected_value", n_points="points",
    ).sort(*SERIES, "origin_year", "year")  # fmt: skip
    # Sums run in no fixed order, and what is counted by comparing must not hang on the last bits.
    return made.with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS))
