"""Rows of the paths that are no straight lines from baseline to goal: `curves` of an indicator.

One row a point; points of one path share `path`. Straight ones are in `rows.path_rows`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from assets.charts.style import GREY, VERMILLION
from assets.report.book import grouped
from schemas.tables_gap import PATH_KINDS

Row = Mapping[str, Any]
Drawn = dict[str, Any]

# A curve is drawn where it leaves the straight line by more than this share of the way.
VISIBLE: Final = 0.1


def passed(trajectories: Sequence[Row]) -> Collection[str]:
    """Goals that a path from goal to goal passes on its way to the last one.

    Their own straight ways are left out: the path leads through them.
    """
    targets: dict[str, list[str]] = {
        name: list(dict.fromkeys(row["target_id"] for row in points))
        for name, points in grouped(_of(trajectories, "milestones"), "path_id").items()
    }
    return {target for found in targets.values() for target in found[:-1]}


def curve_rows(trajectories: Sequence[Row], registered: Sequence[Row], main: str) -> list[Drawn]:
    """Paths from goal to goal of all regions; of the region that the chart is about the curved
    ways to live goals, where a straight line would mislead."""
    goals = {goal["target_id"]: goal for goal in registered}
    milestones = _of(trajectories, "milestones")
    joined = {row["target_id"] for row in milestones} - set(passed(trajectories))
    has_milestones = any(row["region_code"] == main for row in milestones)
    lines = {(row["path_id"], row["year"]): row for row in _of(trajectories, "linear")}
    drawn = []
    for kind in ("milestones", "geometric", "logistic"):
        for points in grouped(_of(trajectories, kind), "path_id").values():
            goal = goals[points[-1]["target_id"]]
            # Of several goals for the last year one curve is enough.
            is_wanted = kind == "milestones" or (
                goal["is_live"]
                and not goal["is_across_break"]
                and goal["region_code"] == main
                and (not has_milestones or goal["target_id"] in joined)
                and _is_curved(points, lines)
            )
            if is_wanted:
                drawn += _points(points, goals[points[0]["target_id"]], main)
    return drawn


def _of(trajectories: Sequence[Row], kind: str) -> list[Row]:
    return [row for row in trajectories if row["path_kind"] == kind]


def _is_curved(points: Sequence[Row], lines: Mapping[tuple[str, int], Row]) -> bool:
    way = abs(points[-1]["expected_value"] - points[0]["expected_value"])
    return any(
        abs(p["expected_value"] - lines[p["path_id"], p["year"]]["expected_value"]) > VISIBLE * way
        for p in points
    )


def _points(points: Sequence[Row], first: Row, main: str) -> list[Drawn]:
    kind, is_main = points[0]["path_kind"], points[0]["region_code"] == main
    places = [(float(p["year"]), p["expected_value"]) for p in points]
    if points[0]["is_baseline"] and first["baseline_t"] < places[0][0]:
        places = [(first["baseline_t"], first["baseline_value"]), *places]
    return [
        {
            "path": f"{points[0]['path_id']} {kind}",
            "kind": kind,
            "t": t,
            "value": value,
            "is_main": is_main,
            "colour": VERMILLION if is_main else GREY,
            "kind_zh": PATH_KINDS[kind].zh,
            "kind_en": PATH_KINDS[kind].en,
            "region_zh": first["region_zh"],
            "region_en": first["region_en"],
        }
        for t, value in places
    ]
