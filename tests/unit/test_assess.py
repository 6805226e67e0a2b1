"""Score sheets: rule sets, points, sums, restatements. Figures are made up for the tests."""

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.assess.restate import changes, says_the_same
from assets.assess.rules import NoRules, Rules, load_rules, mark
from assets.assess.sheet import NOT_STATED, make_sheet, summarise
from assets.assess.view import UnknownName, view_of
from pipelines.console import json_text
from pipelines.yamlfile import RegisterError
from schemas.assessment_records import PARTS
from schemas.records import Text
from schemas.submission_records import ReportingUnit
from schemas.vocabulary import GOAL_COMMITMENTS, STATUSES

FOLDER = Path(__file__).parents[2] / "data" / "assessment"
RULES = load_rules(FOLDER, 2020)
BUILD = {
    "as_of": dt.date(2021, 6, 30), "content_sha256": "c", "inputs_sha256": "i", "code_sha256": "p",
    "code_version": "0", "rows_in": 1, "rows_accepted": 1, "rows_rejected": 0,
}  # fmt: skip
UNITS = [
    ReportingUnit(id="commerce", name=Text(zh="省商务厅", en="Commerce"), names=("省商务厅",)),
    ReportingUnit(
        id="reform", name=Text(zh="省发展改革委", en="Reform"), names=("省发展改革委", "发展改革委")
    ),
]


def goal(name: str, status: str = "missed", **changed: Any) -> dict[str, Any]:
    """A goal as the report reads it."""
    return {
        "target_id": name, "indicator_id": name, "name_zh": f"指标{name}", "name_en": name,
        "theme": "x", "region_code": "410000", "region_zh": "河南省", "region_en": "Henan",
        "year": 2020, "operator": "ge", "value": 100.0, "value_high": None, "value_kind": "level",
        "unit": "count", "target_unit": "count", "resolved_target": 100.0, "is_quantified": True,
        "printed": "100个", "commitment": "plan", "standing": "documented", "status": status,
        "status_reason": "not_met_at_deadline", "plan_class_zh": None, "progress_pct": None,
        "evidence_grade": "C", "issued_on": dt.date(2018, 1, 1), "is_at_deadline": True,
        "due_quality": "official", "obs_quality": "media", "responsible_units": None,
        "shown_attainment": 90.0, "shown_value": 90.0, "shown_bound": "exact",
        "shown_period": "2020", "shown_observation": "o", "shown_source": "yearbook",
        "goal_source_kind": "statement", "goal_source_id": "004-001", "document_id": "d",
        "goal_source": "a plan", "goal_section": "一", "goal_published_on": dt.date(2018, 1, 1),
        "goal_url": None, **changed,
    }  # fmt: skip


def sheet_of(*goals: dict[str, Any], rules: Rules = RULES, year: int = 2020) -> dict[str, Any]:
    made = make_sheet(year, goals, UNITS, rules, BUILD, "b")
    frozen: dict[str, Any] = json.loads(json_text(made))
    return frozen


HAND = (
    goal("early", "achieved_early", shown_attainment=120.0, responsible_units="省商务厅"),
    goal("late", "achieved_late", responsible_units="省商务厅、发展改革委"),
    goal("missed73", shown_attainment=73.0769, responsible_units="省发展改革委"),
    goal("missed95", shown_attainment=95.0),
    goal("missed49", shown_attainment=49.9),
    goal("norate", shown_attainment=None),
    goal("nodata", "no_data", shown_attainment=None, shown_value=None),
    goal("words", "not_quantified", shown_attainment=None, shown_value=None),
    goal("old", "achieved_early", year=2016),
    goal("next", "on_track", year=2025, plan_class_zh="快于预期"),
    goal("open", "at_risk", year=None, plan_class_zh="滞后"),
    goal("later", "on_track", year=2025, issued_on=dt.date(2021, 3, 1)),
)


def test_a_sheet_worked_by_hand() -> None:
    sheet = sheet_of(*HAND)
    points = {x["target_id"]: (x["part"], x["treatment"], x["points"]) for x in sheet["lines"]}
    assert points == {
        "early": ("due", "scored", 100.0),
        "late": ("due", "scored", 80.0),
        "missed73": ("due", "scored", 73.08),
        "missed95": ("due", "scored", 80.0),  # never more than one that was met late
        "missed49": ("due", "scored", 0.0),
        "norate": ("due", "scored", 0.0),
        "nodata": ("due", "not_assessable", None),
        "words": ("due", "not_scored", None),
        "old": ("earlier", "not_scored", None),
        "next": ("running", "not_scored", None),
        "open": ("running", "not_scored", None),
    }
    found = sheet["summary"]
    assert (found["points"], found["max_points"]) == (333.08, 600.0)
    assert (found["score"], found["band"]) == (55.51, "inadequate")  # 333.08 / 600
    assert (found["scored"], found["not_assessable"], found["not_scored"]) == (6, 1, 4)
    assert (found["met"], found["completion_rate_pct"]) == (1, 16.7)
    assert found["plan_classes"]["in_line_or_faster"] == 1
    assert found["plan_classes"]["total"] == 2


def test_a_goal_of_several_units_counts_for_each_and_once_in_the_whole() -> None:
    sheet = sheet_of(*HAND)
    late = next(x for x in sheet["lines"] if x["target_id"] == "late")
    assert (late["units"], late["shared_with"]) == (["commerce", "reform"], 1)
    sums = {row["id"]: row["summary"] for row in view_of(sheet).by_unit}
    assert (sums["commerce"]["points"], sums["commerce"]["score"]) == (180.0, 90.0)
    assert sums["commerce"]["band"] == "excellent"
    assert (sums["reform"]["points"], sums["reform"]["score"]) == (153.08, 76.54)
    assert sums[NOT_STATED]["scored"] == 3
    assert sum(s["points"] for s in sums.values()) == pytest.approx(333.08 + 80)


@pytest.mark.parametrize("name", ["reform", "省发展改革委", "发展改革委", "Reform"])
def test_a_unit_goes_by_its_id_and_any_of_its_names(name: str) -> None:
    view = view_of(sheet_of(*HAND), name)
    assert {x["target_id"] for x in view.lines} == {"late", "missed73"}
    assert view.record()["unit"] == "reform"


def test_unknown_names_are_told_with_the_known_ones() -> None:
    sheet = sheet_of(*HAND)
    with pytest.raises(UnknownName, match=r"某厅.*commerce 省商务厅.*not_stated 未注明"):
        view_of(sheet, "某厅")
    with pytest.raises(UnknownName, match=r"某市.*410000 河南省"):
        view_of(sheet, None, "某市")
    assert view_of(sheet, None, "河南省").lines == sheet["lines"]


def test_a_printed_name_of_no_unit_stands_by_itself() -> None:
    sheet = sheet_of(goal("a", responsible_units="某局、省商务厅"))
    line = sheet["lines"][0]
    assert line["units"][0].startswith("unlisted_")
    assert view_of(sheet, "某局").lines == [line]


def test_no_total_where_too_few_goals_could_be_assessed() -> None:
    good = [goal(f"g{n}", "achieved_on_time") for n in range(2)]
    one = summarise(sheet_of(*good, goal("n1", "no_data"))["lines"], RULES.record)
    assert (one["score"], one["assessed_share"]) == (100.0, 0.6667)
    two = [goal(f"n{n}", "no_data") for n in range(2)]
    found = summarise(sheet_of(*good, *two)["lines"], RULES.record)
    assert (found["score"], found["band"], found["points"]) == (None, None, 200.0)
    assert summarise([], RULES.record)["points"] is None


def test_every_status_has_its_points() -> None:
    unmet = {"missed", "achieved_then_lost"}
    for status in STATUSES:
        found = mark({"status": status, "commitment": "plan", "attainment_pct": 60.0}, "due",
                     RULES.record)  # fmt: skip
        assert found.treatment in ("scored", "not_assessable", "not_scored")
        if status in unmet:
            assert found.points == 60.0


def with_rules(**changed: Any) -> Rules:
    given = RULES.record.model_dump() | changed
    return Rules(type(RULES.record).model_validate(given), RULES.file, "other")


def test_running_goals_score_where_the_rule_set_says_so() -> None:
    points = RULES.record.points.model_dump() | {"on_track": {"rule": "share", "share": 0.9}}
    scored = {"due": True, "earlier": False, "running": True}
    rules = with_rules(points=points, scored=scored, weights={"plan": 2.0, "work_report": 1.0})
    lines = {x["target_id"]: x for x in sheet_of(*HAND, rules=rules)["lines"]}
    assert (lines["next"]["points"], lines["next"]["max_points"]) == (180.0, 200.0)
    assert lines["open"]["treatment"] == "not_assessable"


def test_a_restatement_lists_what_changed_points_and_why() -> None:
    former = sheet_of(*HAND)
    assert says_the_same(former, sheet_of(*reversed(HAND)))
    changed = [
        goal("missed73", "achieved_on_time", shown_attainment=101.0, shown_value=101.0,
             responsible_units="省发展改革委") if g["target_id"] == "missed73" else g
        for g in HAND if g["target_id"] != "missed95"
    ]  # fmt: skip
    sheet = sheet_of(*changed, goal("new", "no_data"))
    assert not says_the_same(former, sheet)
    found = {c["target_id"]: c for c in changes(former, sheet)}
    assert {k: c["change"] for k, c in found.items()} == {
        "missed73": "changed", "missed95": "removed", "new": "added"
    }  # fmt: skip
    why = {w["field"]: (w["before"], w["after"]) for w in found["missed73"]["why"]}
    assert why["status"] == ("missed", "achieved_on_time")
    assert why["reached"] == (90.0, 101.0)
    assert (found["missed73"]["points_before"], found["missed73"]["points_after"]) == (73.08, 100.0)


def test_a_restatement_under_other_rules_says_so() -> None:
    rules = with_rules(version=2, weights={"plan": 2.0, "work_report": 1.0})
    found = changes(sheet_of(*HAND), sheet_of(*HAND, rules=rules))
    assert len(found) == 6
    assert all({w["field"] for w in c["why"]} == {"weight", "rules"} for c in found)


marks = st.builds(
    lambda name, status, attainment, commitment, year: goal(
        f"t{name}", status, shown_attainment=attainment, commitment=commitment, year=year
    ),
    st.integers(0, 10**6), st.sampled_from(sorted(STATUSES)),
    st.none() | st.floats(-50, 500), st.sampled_from(GOAL_COMMITMENTS),
    st.sampled_from([2015, 2020, 2025, None]),
)  # fmt: skip
sheets = st.lists(marks, max_size=12, unique_by=lambda g: str(g["target_id"]))


@given(sheets)
def test_totals_are_the_sums_of_lines_within_their_bounds(goals: list[dict[str, Any]]) -> None:
    sheet = sheet_of(*goals)
    found, lines = sheet["summary"], sheet["lines"]
    scored = [x for x in lines if x["treatment"] == "scored"]
    assert all(0 <= x["points"] <= x["max_points"] for x in scored)
    assert all(x["points"] is None for x in lines if x["treatment"] != "scored")
    assert found["goals"] == found["scored"] + found["not_assessable"] + found["not_scored"]
    if scored:
        assert found["points"] == pytest.approx(sum(x["points"] for x in scored))
        assert found["max_points"] == pytest.approx(sum(x["max_points"] for x in scored))
    if found["score"] is not None:
        assert 0 <= found["score"] <= RULES.record.full_mark


@given(sheets, st.randoms())
def test_the_order_of_goals_changes_nothing(
    goals: list[dict[str, Any]], chance: random.Random
) -> None:
    shuffled = list(goals)
    chance.shuffle(shuffled)
    assert sheet_of(*goals) == sheet_of(*shuffled)


@given(sheets)
def test_a_goal_that_is_not_assessable_changes_no_points(goals: list[dict[str, Any]]) -> None:
    before = sheet_of(*goals)["summary"]
    after = sheet_of(*goals, goal("extra", "no_data"))["summary"]
    assert (after["points"], after["max_points"]) == (before["points"], before["max_points"])
    assert after["not_assessable"] == before["not_assessable"] + 1
    assert after["score"] in (before["score"], None)


@given(st.floats(0, 200), st.floats(0, 200), st.sampled_from(["missed", "achieved_then_lost"]))
def test_points_never_fall_as_attainment_rises(a: float, b: float, status: str) -> None:
    low, high = (
        mark({"status": status, "commitment": "plan", "attainment_pct": x}, "due", RULES.record)
        for x in sorted((a, b))
    )
    assert low.points is not None
    assert high.points is not None
    assert low.points <= high.points


@pytest.mark.parametrize(
    ("old", "new", "field", "value", "rule", "remedy"),
    [
        ("full_mark: 100", "full_marks: 100", "full_marks", "100", "extra_forbidden",
         "did you mean full_mark?"),
        ("achieved: {rule: full}", "achieved: {rule: most}", "points.achieved.rule", "most",
         "unknown_code", "use one of the codes"),
        ("no_data: {rule: not_assessable}", "", "points.no_data", "", "missing", "add it"),
        ("achieved_late: {rule: share, share: 0.8}", "achieved_late: {rule: share}",
         "points.achieved_late.share", "", "share_needed", "from 0 to 1"),
        ("missed: {rule: pro_rata, floor_pct: 50, at_most: 0.8}", "missed: {rule: pro_rata}",
         "points.missed.rule", "pro_rata", "pro_rata_needed", "give both"),
        ("from_score: 80", "from_score: 95", "bands", "", "bands_order", "in order"),
        ("weights: {plan: 1,", "weights: {plan: 0,", "weights.plan", "0", "greater_than_equal",
         "correct the value"),
    ],
)  # fmt: skip
def test_a_fault_of_a_rule_set_is_named(
    old: str, new: str, field: str, value: str, rule: str, remedy: str, tmp_path: Path
) -> None:
    text = (FOLDER / "standard.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "standard.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RegisterError) as refused:
        load_rules(tmp_path, 2020)
    problems = {(p.field, p.value, p.rule): p for p in refused.value.problems}
    found = problems[(field, value, rule)]
    assert found.file.endswith("standard.yaml")
    assert found.line > 10
    assert remedy in found.remedy
    assert found.message_zh


def test_the_rule_set_in_force_is_the_latest_that_has_begun(tmp_path: Path) -> None:
    text = (FOLDER / "standard.yaml").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    newer = text.replace("id: standard", "id: newer").replace("from_year: 2013", "from_year: 2021")
    (tmp_path / "b.yaml").write_text(newer, encoding="utf-8")
    assert load_rules(tmp_path, 2020).record.id == "standard"
    assert load_rules(tmp_path, 2022).record.id == "newer"
    with pytest.raises(NoRules, match="2013"):
        load_rules(tmp_path, 2012)
    (tmp_path / "c.yaml").write_text(newer.replace("newer", "third"), encoding="utf-8")
    with pytest.raises(RegisterError, match="repeated_year"):
        load_rules(tmp_path, 2020)


def test_the_parts_are_those_of_the_rule_set() -> None:
    assert set(PARTS) == set(type(RULES.record.scored).model_fields)
