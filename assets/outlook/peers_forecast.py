"""A cross-check of the chosen methods: statsforecast's Theta and AutoETS on the same past origins.

Nothing that is published rests on it. Both want yearly values without gaps; Theta four of them,
AutoETS seven. Where a model cannot run, nothing stands in for it: the origin counts as not run.
"""

import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Say = Callable[[int, int], None]

LEAST_POINTS: Final = {"theta": 4, "auto_ets": 7}
ORIGIN: Final = ["indicator_id", "region_code", "origin_year"]
PAIRS: Final = [*ORIGIN, "year"]


def yearly_histories(hindcasts: pl.DataFrame, observations: pl.DataFrame) -> pl.DataFrame:
    """Of every past origin, the values that were used, where they are whole years without gaps.

    Args:
        hindcasts, observations: the published tables.

    Returns:
        ORIGIN, values (a list, the oldest first), ahead (years to project); without the origins
        whose values have gaps, lie within a year, or belong to more than one scope.
    """
    origins = hindcasts.group_by(ORIGIN).agg(
        pl.col("n_points", "origin_value").first(), ahead=pl.col("year").max()
    )
    years = observations.filter(pl.col("period_type") == "annual").select(
        "indicator_id", "region_code", "value", _year=pl.col("period_end").dt.year()
    )
    known = origins.join(years, on=["indicator_id", "region_code"]).filter(
        pl.col("_year") <= pl.col("origin_year"),
        pl.col("_year") > pl.col("origin_year") - pl.col("n_points"),
    )
    whole = known.sort("_year").group_by(ORIGIN).agg(
        pl.col("n_points", "origin_value", "ahead").first(), values="value"
    )  # fmt: skip
    last = pl.col("values").list.last()
    return (
        whole.filter(
            pl.col("values").list.len() == pl.col("n_points"),
            (last - pl.col("origin_value")).abs() <= 1e-9 * last.abs(),
        )
        .select(*ORIGIN, "values", ahead=pl.col("ahead") - pl.col("origin_year"))
        .sort(ORIGIN)
    )


def peer_forecasts(
    hindcasts: pl.DataFrame, observations: pl.DataFrame, say: Say | None = None
) -> pl.DataFrame:
    """What Theta and AutoETS would have projected, beside the chosen method.

    Args:
        hindcasts, observations: the published tables.
        say: told how many origins of how many are done.

    Returns:
        PAIRS (of whole years), series_kind, horizon, actual, projected (by the chosen method),
        theta, auto_ets: null where a model could not run.

    Raises:
        ImportError: statsforecast is not installed (extra `forecast`).
    """
    # Here, not above: an extra that few install, and slow to import.
    from statsforecast.models import AutoETS, Theta

    models = {"theta": Theta(season_length=1), "auto_ets": AutoETS(season_length=1)}
    histories = yearly_histories(hindcasts, observations)
    made: list[tuple[Any, ...]] = []
    for number, origin in enumerate(histories.iter_rows(named=True), 1):
        values = np.array(origin["values"], dtype=np.float64)
        paths = {
            name: _project(model, LEAST_POINTS[name], values, origin["ahead"])
            for name, model in models.items()
        }
        made += _years(origin, paths)
        if say is not None:
            say(number, histories.height)
    schema = hindcasts.select(PAIRS).schema | dict.fromkeys(models, pl.Float64())
    is_yearly = pl.col("horizon") == pl.col("year") - pl.col("origin_year")
    pairs = hindcasts.filter(is_yearly)
    return pairs.select(*PAIRS, "series_kind", "horizon", "actual", "projected").join(
        pl.DataFrame(made, schema=schema, orient="row"), on=PAIRS
    )


def _project(model: Any, least: int, values: Floats, ahead: int) -> Floats | None:
    """The model's path, or null where it cannot run."""
    if len(values) < least:
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            path = np.asarray(model.forecast(y=values, h=ahead)["mean"], dtype=np.float64)
        except NotImplementedError:  # "tiny datasets"
            return None
    return path if np.isfinite(path).all() else None


def _years(origin: dict[str, Any], paths: dict[str, Floats | None]) -> Iterator[tuple[Any, ...]]:
    for step in range(origin["ahead"]):
        projected = (None if path is None else float(path[step]) for path in paths.values())
        yield (*(origin[name] for name in ORIGIN), origin["origin_year"] + step + 1, *projected)


def peer_skill(forecasts: pl.DataFrame) -> pl.DataFrame:
    """The errors of both models beside the chosen method's on the same pairs.

    Args:
        forecasts: see `peer_forecasts`.

    Returns:
        model, series_kind, horizon, n (pairs that ran), not_run, median_ape_pct, p90_ape_pct,
        chosen_median_ape_pct and chosen_p90_ape_pct (on the pairs that ran), ratio: the model's
        median error over the chosen method's; above 1 the chosen method was nearer.
    """
    actual = pl.col("actual")
    rows = forecasts.filter(actual != 0.0).with_columns(horizon=pl.col("horizon").ceil().cast(int))
    parts = []
    for model in LEAST_POINTS:
        ran = pl.col(model).is_not_null()
        size, chosen = (
            ((pl.col(name) - actual) / actual).abs().filter(ran) * 100.0
            for name in (model, "projected")
        )
        part = rows.group_by("series_kind", "horizon").agg(
            n=ran.sum(), not_run=(~ran).sum(),
            median_ape_pct=size.median(),
            p90_ape_pct=size.quantile(0.9, interpolation="linear"),
            chosen_median_ape_pct=chosen.median(),
            chosen_p90_ape_pct=chosen.quantile(0.9, interpolation="linear"),
        )  # fmt: skip
        parts.append(part.select(pl.lit(model).alias("model"), pl.all()))
    error, of_chosen = pl.col("median_ape_pct"), pl.col("chosen_median_ape_pct")
    return (
        pl.concat(parts)
        .with_columns(ratio=pl.when(of_chosen > 0.0).then(error / of_chosen))
        .sort("series_kind", "model", "horizon")
    )
