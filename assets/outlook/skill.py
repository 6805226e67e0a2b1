"""How projections fared: errors, coverage of their intervals, and worth of their chances.

A region's projections are judged by intervals and chances made of the errors of all others: what
an interval says of a series that had no part in it.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.metrics.projection import METHODS
from assets.metrics.thresholds import POOL_MIN
from assets.outlook.pools import LEVELS

Floats = npt.NDArray[np.float64]

# Made-up goals lie so many mean yearly changes a year ahead, in the direction of travel.
GOAL_STEPS = np.array([0.2, 0.5, 1.0, 1.5, 2.0])
CHOSEN = {"level": "damped", "share": "damped_logit"}


def with_intervals(hindcasts: pl.DataFrame) -> pl.DataFrame:
    """Add lo95, lo80, hi80, hi95 of the chosen method, from the errors of all other regions.

    Within floor and cap; null where those are fewer than 60, or the series never moved.
    """
    rows = hindcasts.with_row_index("_row").with_columns(_ahead=pl.col("horizon").ceil())
    ends = np.full((rows.height, len(LEVELS)), np.nan)
    for part in rows.filter(pl.col("step") > 0.0).partition_by("kind", "_ahead"):
        places = part["_row"].to_numpy()
        for mask, others in _others(part, _errors(part, "projected")):
            ends[places[mask]] = _quantiles(others)
    names = ("lo95", "lo80", "hi80", "hi95")
    reach = {
        name: pl.Series(ends[:, column], nan_to_null=True) for column, name in enumerate(names)
    }
    value = pl.col("projected")
    rows = rows.with_columns(
        **{name: value + pl.col("step") * pl.lit(q) for name, q in reach.items()}
    )
    within = {name: pl.min_horizontal(pl.max_horizontal(name, "floor"), "cap") for name in reach}
    return rows.with_columns(
        pl.when(pl.col(name).is_not_null()).then(end).alias(name) for name, end in within.items()
    ).drop("_row", "_ahead", "floor", "cap")


def skill(hindcasts: pl.DataFrame) -> pl.DataFrame:
    """One row a method, kind of value and whole years ahead; columns of `projection_skill`.

    Args:
        hindcasts: of one as-of day, with one column a method.
    """
    rows = []
    parts = hindcasts.with_columns(_ahead=pl.col("horizon").ceil().cast(pl.Int64))
    for (kind, ahead), part in sorted(parts.partition_by("kind", "_ahead", as_dict=True).items()):
        for method in METHODS:
            known = part.filter(pl.col(method).is_not_null())
            if known.height:
                chosen = CHOSEN[str(kind)] == method
                rows.append(
                    {"method": method, "series_kind": kind, "horizon": ahead, "is_chosen": chosen}
                    | _measures(known, method)
                )
    return pl.DataFrame(rows, infer_schema_length=None)


def _measures(part: pl.DataFrame, method: str) -> dict[str, float | int | None]:
    share = part.filter(pl.col("actual") != 0.0).select(
        error=(pl.col(method) - pl.col("actual")) / pl.col("actual") * 100.0,
        drift=((pl.col("drift") - pl.col("actual")) / pl.col("actual") * 100.0).abs(),
    )
    size = share["error"].abs()
    median, drift = _number(size.median()), _number(share["drift"].median())
    moved = part.filter(pl.col("step") > 0.0)
    return {
        "n": part.height,
        "n_regions": part["region_code"].n_unique(),
        "median_ape_pct": median,
        "p90_ape_pct": _number(size.quantile(0.9, interpolation="linear")),
        "bias_pct": _number(share["error"].median()),
        "ratio_to_drift": median / drift if median is not None and drift else None,
        **_coverage(moved, method),
    }


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _coverage(part: pl.DataFrame, method: str) -> dict[str, float | None]:
    errors = _errors(part, method)
    step, origin, value, ahead, drift = (
        part[c].to_numpy() for c in ("step", "origin_value", method, "horizon", "drift")
    )
    # In yearly changes from the projection: what a made-up goal still needs of the error, in the
    # direction of travel.
    towards = np.where(drift >= origin, 1.0, -1.0)
    needed = GOAL_STEPS[None, :] * ahead[:, None] - (towards * (value - origin) / step)[:, None]
    met = (towards * errors)[:, None] >= needed
    inside80, inside95, chances, outcomes = [], [], [], []
    for mask, others in _others(part, errors):
        own = errors[mask]
        low95, low80, high80, high95 = _quantiles(others)
        inside80.append((own >= low80) & (own <= high80))
        inside95.append((own >= low95) & (own <= high95))
        downward = -others[::-1]
        below = np.where(
            towards[mask][:, None] > 0.0,
            np.searchsorted(others, needed[mask], side="left"),
            np.searchsorted(downward, needed[mask], side="left"),
        )
        chances.append((1.0 - below / len(others)).ravel())
        outcomes.append(met[mask].ravel().astype(np.float64))
    if not inside80:
        return dict.fromkeys(("cover80_pct", "cover95_pct", "brier", "brier_skill"))
    chance, outcome = np.concatenate(chances), np.concatenate(outcomes)
    brier, base = float(np.mean((chance - outcome) ** 2)), float(np.mean(outcome))
    always = base * (1.0 - base)
    return {
        "cover80_pct": float(np.mean(np.concatenate(inside80)) * 100.0),
        "cover95_pct": float(np.mean(np.concatenate(inside95)) * 100.0),
        "brier": brier,
        "brier_skill": 1.0 - brier / always if always else None,
    }


def _errors(part: pl.DataFrame, method: str) -> Floats:
    """Actual less projected, in mean absolute yearly changes."""
    return ((part["actual"] - part[method]) / part["step"]).to_numpy()


def _others(part: pl.DataFrame, errors: Floats) -> Iterator[tuple[npt.NDArray[np.bool_], Floats]]:
    """For each region: which rows are its own, and the sorted errors of all the others."""
    names, regions = np.unique(part["region_code"].to_numpy(), return_inverse=True)
    order = np.argsort(errors, kind="stable")
    in_order, region_of = errors[order], regions[order]
    for region in range(len(names)):
        if (others := in_order[region_of != region]).size >= POOL_MIN:
            yield regions == region, others


def _quantiles(in_order: Floats) -> Floats:
    """The four quantiles of LEVELS, straight between neighbours; of sorted values."""
    places = np.array(list(LEVELS.values())) * (in_order.size - 1)
    found: Floats = np.interp(places, np.arange(in_order.size), in_order)
    return found
