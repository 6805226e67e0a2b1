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
            ends[places[mask]] = np.quantile(others, list(LEVELS.values()))
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
    inside80, inside95, chances, outcomes = [], [], [], []
    for mask, others in _others(part, errors):
        own = errors[mask]
        low95, low80, high80, high95 = np.quantile(others, list(LEVELS.values()))
        inside80.append((own >= low80) & (own <= high80))
        inside95.append((own >= low95) & (own <= high95))
        chance, outcome = _chances(part.filter(pl.Series(mask)), method, own, others)
        chances.append(chance)
        outcomes.append(outcome)
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


def _chances(part: pl.DataFrame, method: str, own: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Chances to meet the made-up goals, and whether they were met; one row a projection."""
    step, origin, value, ahead = (
        part[c].to_numpy() for c in ("step", "origin_value", method, "horizon")
    )
    towards = np.where(part["drift"].to_numpy() >= origin, 1.0, -1.0)
    goals = GOAL_STEPS[None, :] * ahead[:, None]  # in steps from the origin
    needed = goals - (towards * (value - origin) / step)[:, None]  # of the error, likewise
    met = (towards * own)[:, None] >= needed
    upward, downward = np.sort(others), np.sort(-others)
    count = len(others)
    chance = np.where(
        towards[:, None] > 0.0,
        count - np.searchsorted(upward, needed, side="left"),
        count - np.searchsorted(downward, needed, side="left"),
    )
    return (chance / count).ravel(), met.astype(np.float64).ravel()


def _errors(part: pl.DataFrame, method: str) -> Floats:
    """Actual less projected, in mean absolute yearly changes."""
    return ((part["actual"] - part[method]) / part["step"]).to_numpy()


def _others(part: pl.DataFrame, errors: Floats) -> Iterator[tuple[npt.NDArray[np.bool_], Floats]]:
    """For each region: which rows are its own, and the errors of all the others, if enough."""
    regions = part["region_code"].to_numpy()
    for region in np.unique(regions):
        own = regions == region
        if (others := errors[~own]).size >= POOL_MIN:
            yield own, others
