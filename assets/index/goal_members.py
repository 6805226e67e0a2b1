"""Members of an index of goals: the goals in force at the end of each year, and their scores."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.index.members import Member, Plan
from assets.index.scores import clipped, interval_score
from schemas.index_records import AllowedBounds, GoalIndex

Frames = Mapping[str, pl.DataFrame]
METHODS = ("progress", "attainment")


def goal_plan(index: GoalIndex, indicators: pl.DataFrame) -> Plan:
    """Themes and weights: 1 for those that the record does not name."""
    names = indicators.select("theme", "theme_zh", "theme_en").unique().iter_rows()
    return Plan(
        methods=METHODS,
        theme_names={theme: (zh, en) for theme, zh, en in names},
        theme_weights={item.theme: item.weight for item in index.theme_weights},
        member_weights={item.target: item.weight for item in index.target_weights},
        is_ranked=False,
    )


def goal_members(index: GoalIndex, frames: Frames, years: range) -> list[Member]:
    """Every goal issued by the end of a year, with its score in that year or the reason for none.

    Whether a goal is in force is asked at the end of the year too: a document that comes later
    changes neither the members nor the score of the years before it.

    Args:
        frames: targets, indicators, gap_to_goal, gap_history.
    """
    goals = (
        frames["targets"]
        .filter("is_goal")
        .join(
            frames["indicators"].select("indicator_id", "theme", "name_zh", "name_en"),
            on="indicator_id",
        )
        .join(
            frames["gap_to_goal"].select(
                "target_id", "status", "baseline_year", "baseline_met", series_unit="unit"
            ),
            on="target_id",
        )
        .sort("target_id")
    )
    history: dict[str, list[dict[str, Any]]] = {}
    for row in frames["gap_history"].sort("obs_year").iter_rows(named=True):
        history.setdefault(row["target_id"], []).append(row)
    bounds = {item.target: item for item in index.allowed_bounds}
    return [
        member
        for goal in goals.iter_rows(named=True)
        for member in _of_goal(index, goal, history.get(goal["target_id"], []), bounds, years)
    ]


def _of_goal(
    index: GoalIndex, goal: Mapping[str, Any], history: list[dict[str, Any]],
    bounds: Mapping[str, AllowedBounds], years: range,
) -> Iterator[Member]:  # fmt: skip
    for year in years:
        if goal["issued_on"].year > year:
            continue
        last = next((row for row in reversed(history) if row["obs_year"] <= year), None)
        reason = _excluded(index, goal, year)
        by: str | None = None
        scores: tuple[float, ...] = ()
        if reason is None:
            reason, by, scores = _scored(goal, last, bounds.get(goal["target_id"]))
        yield Member(
            region_code=index.region,
            year=year,
            member=goal["target_id"],
            theme=goal["theme"],
            indicator_id=goal["indicator_id"],
            name_zh=goal["name_zh"] + (f"（{goal['year']}年）" if goal["year"] else ""),
            name_en=goal["name_en"] + (f" ({goal['year']})" if goal["year"] else ""),
            reason=reason,
            unit=goal["series_unit"],
            scored_by=by,
            scores=scores,
            is_met=last["is_met"] if last else None,
            value=last["value"] if last else None,
            obs_period=last["obs_period"] if last else None,
            observation_id=last["observation_id"] if last else None,
        )


def _excluded(index: GoalIndex, goal: Mapping[str, Any], year: int) -> str | None:
    if goal["superseded_on"] is not None and goal["superseded_on"].year <= year:
        return "superseded"
    if not goal["is_quantified"]:
        return "not_quantified"
    if goal["operator"] == "approx":
        return "approx_wording"
    if goal["status"] == "scope_mismatch":
        return "scope_mismatch"
    return None if goal["standing"] in index.standings else "standing"


Scored = tuple[str, str | None, tuple[float, ...]]


def _scored(
    goal: Mapping[str, Any], last: Mapping[str, Any] | None, bounds: AllowedBounds | None
) -> Scored:
    """Reason, what it is scored by, and its score by each of METHODS."""
    if last is None:
        return "no_observation", None, ()
    if last["bound"] == "approx":
        return "approximate_observation", None, ()
    if goal["operator"] == "range":
        return _interval(goal, last, bounds)
    attainment, progress = last["attainment_pct"], last["progress_pct"]
    level = clipped(100.0 if last["is_met"] else attainment) if _known(last) else None
    if _has_zero_point(goal) and last["obs_year"] <= goal["baseline_year"]:
        # The zero point itself: to score it 0 would take missing data for no progress.
        return "only_baseline", None, ()
    if progress is not None and not goal["baseline_met"]:
        score = clipped(progress)
        return "scored", "progress", (score, score if level is None else level)
    if level is None:
        return "not_computable", None, ()
    return "scored", "attainment", (level, level)


def _has_zero_point(goal: Mapping[str, Any]) -> bool:
    """Progress can be counted from the baseline: it lies before the deadline and below the goal."""
    if goal["baseline_year"] is None or goal["baseline_met"]:
        return False
    return goal["year"] is None or bool(goal["baseline_year"] < goal["year"])


def _known(last: Mapping[str, Any]) -> bool:
    return bool(last["is_met"]) or last["attainment_pct"] is not None


def _interval(
    goal: Mapping[str, Any], last: Mapping[str, Any], bounds: AllowedBounds | None
) -> Scored:
    if last["is_met"]:
        return "scored", "interval", (100.0, 100.0)
    if bounds is None:
        return "no_allowed_bounds", None, ()
    score = 100 * interval_score(
        last["value"], goal["value"], goal["value_high"], bounds.low, bounds.high
    )
    return "scored", "interval", (score, score)
