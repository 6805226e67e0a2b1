"""How one goal is scored in one year, by hand."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from assets.index.compute import compute_index
from assets.index.goal_members import goal_members, goal_plan
from assets.index.members import Member
from schemas.index_records import GoalIndex

RULES: dict[str, Any] = {
    "id": "an_index", "version": "2026.1", "name": {"zh": "指数", "en": "index"},
    "region": "410000", "first_year": 2016, "standings": ["documented"],
    "minimum_coverage": "2/3", "minimum_themes": "2/3", "floor": 1.0, "draws": 40, "seed": 1,
}  # fmt: skip
GOAL: dict[str, Any] = {
    "target_id": "t", "indicator_id": "i", "is_goal": True, "issued_on": dt.date(2016, 5, 1),
    "superseded_on": None, "is_quantified": True, "operator": "ge", "standing": "documented",
    "year": 2020, "value": 100.0, "value_high": None, "theme": "x", "status": "missed",
    "baseline_year": None, "baseline_met": False, "name_zh": "名", "name_en": "name",
}  # fmt: skip
SEEN: dict[str, Any] = {
    "target_id": "t", "obs_year": 2018, "obs_period": "2018", "bound": "exact", "is_met": False,
    "attainment_pct": 60.0, "progress_pct": None, "value": 60.0, "observation_id": "o",
}  # fmt: skip
TYPES = {"superseded_on": pl.Date, "value_high": pl.Float64, "baseline_year": pl.Int64,
         "progress_pct": pl.Float64}  # fmt: skip


def frames(goals: list[dict[str, Any]], seen: list[dict[str, Any]]) -> dict[str, pl.DataFrame]:
    every = pl.DataFrame(goals, schema_overrides=TYPES, infer_schema_length=None)
    return {
        "targets": every.drop(
            "theme", "name_zh", "name_en", "status", "baseline_year", "baseline_met"
        ),
        "indicators": every.select(
            "indicator_id",
            "theme",
            "name_zh",
            "name_en",
            theme_zh=pl.lit("主题"),
            theme_en=pl.lit("theme"),
        ).unique(),
        "gap_to_goal": every.select(
            "target_id", "status", "baseline_year", "baseline_met", unit=pl.lit("count")
        ),
        "gap_history": pl.DataFrame(seen or [SEEN], schema_overrides=TYPES).head(len(seen)),
    }


def member(
    goal: dict[str, Any], *seen: dict[str, Any], year: int = 2019, **rules: Any
) -> Member | None:
    index = GoalIndex.model_validate({**RULES, **rules})
    given = frames([{**GOAL, **goal}], [{**SEEN, **row} for row in seen])
    found = goal_members(index, given, range(year, year + 1))
    return found[0] if found else None


@pytest.mark.parametrize(
    ("goal", "seen", "expected"),
    [
        ({}, {}, ("scored", "attainment", (60, 60))),
        ({}, {"attainment_pct": 130.0, "is_met": True}, ("scored", "attainment", (100, 100))),
        ({"baseline_year": 2015}, {"progress_pct": 20.0}, ("scored", "progress", (20, 60))),
        ({"baseline_year": 2015}, {"progress_pct": -5.0}, ("scored", "progress", (0, 60))),
        ({"baseline_year": 2015}, {"progress_pct": 180.0, "is_met": True},
         ("scored", "progress", (100, 100))),
        # The zero point itself says nothing of progress.
        ({"baseline_year": 2018}, {"progress_pct": 0.0}, ("only_baseline", None, ())),
        # A baseline at the deadline or after it is none.
        ({"baseline_year": 2020}, {}, ("scored", "attainment", (60, 60))),
        # Met by its baseline: 100 while it is met, else by attainment.
        ({"baseline_year": 2015, "baseline_met": True}, {"is_met": True, "attainment_pct": 99.6},
         ("scored", "attainment", (100, 100))),
        ({"baseline_year": 2015, "baseline_met": True}, {"attainment_pct": 90.0},
         ("scored", "attainment", (90, 90))),
        ({}, {"attainment_pct": None}, ("not_computable", None, ())),
        ({}, {"bound": "approx"}, ("approximate_observation", None, ())),
        ({"superseded_on": dt.date(2019, 3, 1)}, {}, ("superseded", None, ())),
        ({"superseded_on": dt.date(2020, 3, 1)}, {}, ("scored", "attainment", (60, 60))),
        ({"operator": "approx"}, {}, ("approx_wording", None, ())),
        ({"is_quantified": False}, {}, ("not_quantified", None, ())),
        ({"status": "scope_mismatch"}, {}, ("scope_mismatch", None, ())),
        ({"standing": "reported"}, {}, ("standing", None, ())),
    ],
)  # fmt: skip
def test_score_of_a_goal(
    goal: dict[str, Any], seen: dict[str, Any], expected: tuple[str, str | None, tuple[float, ...]]
) -> None:
    found = member(goal, seen)
    assert found is not None
    assert (found.reason, found.scored_by, found.scores) == expected


def test_the_last_observation_up_to_the_year() -> None:
    rows = [{"obs_year": y, "attainment_pct": float(y - 2000)} for y in (2017, 2019, 2020)]
    scores = {year: found.scores for year in (2017, 2018, 2019)
              if (found := member({}, *rows, year=year))}  # fmt: skip
    assert scores == {2017: (17, 17), 2018: (17, 17), 2019: (19, 19)}
    before = member({}, {"obs_year": 2020})
    assert before is not None
    assert (before.reason, before.is_member) == ("no_observation", True)
    assert member({}, year=2015) is None  # not issued yet


def test_a_range_needs_allowed_bounds() -> None:
    goal = {"operator": "range", "value": 3.0, "value_high": 6.0}
    bounds = [{"target": "t", "low": 1.0, "high": 8.0, "reason": {"zh": "例", "en": "example"}}]
    inside = member(goal, {"is_met": True, "value": 4.0})
    outside = member(goal, {"value": 7.0})
    scored = member(goal, {"value": 7.0}, allowed_bounds=bounds)
    assert inside is not None
    assert outside is not None
    assert scored is not None
    assert (inside.scored_by, inside.scores) == ("interval", (100, 100))
    assert outside.reason == "no_allowed_bounds"
    assert (scored.scored_by, scored.scores) == ("interval", (50, 50))


def test_rows_of_a_small_index() -> None:
    """Two themes of three have a score: 40 and the mean of 100 and 60."""
    goals = [
        {**GOAL, "target_id": name, "indicator_id": name, "theme": theme}
        for name, theme in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "z"), ("e", "z"))
    ]
    goals.append(
        {**GOAL, "target_id": "f", "indicator_id": "f", "theme": "z", "operator": "approx"}
    )
    seen = [
        {**SEEN, "target_id": name, "attainment_pct": score}
        for name, score in (("a", 100.0), ("b", 60.0), ("c", 40.0), ("d", 90.0))
    ]
    index = GoalIndex.model_validate(RULES)
    given = frames(goals, seen)
    found = compute_index(
        index, goal_plan(index, given["indicators"]), goal_members(index, given, range(2019, 2020))
    )
    total = next(row for row in found.scores if row["part"] == "total")
    assert (total["score"], total["coverage"]) == (60, pytest.approx(2 / 3))
    assert (total["members"], total["members_scored"], total["excluded"]) == (5, 4, 1)
    assert (total["worst_member"], total["worst_score"]) == ("c", 40)
    assert 40 <= total["score_low"] <= total["score_high"] <= 100
    last = next(row for row in found.scores if row["part"] == "z")
    assert (last["score"], last["null_reason"], last["coverage"]) == (None, "members_missing", 0.5)
    rows = {row["member"]: row for row in found.members}
    # d is scored, but its theme is not published: it has no part in the index.
    assert (rows["d"]["weight"], rows["d"]["influence"]) == (None, None)
    assert {name: rows[name]["influence"] for name in "abc"} == {"a": 10, "b": -10, "c": -20}
    assert [rows[name]["weight"] for name in "abc"] == [0.25, 0.25, 0.5]
