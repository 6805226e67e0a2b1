"""What the pages write: figures, bounds, gaps, links. Missing is never zero."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.report.outcomes import GROUP_OF, GROUPS, anchor, counts, with_outcome
from assets.report.text import MISSING, Words
from schemas.vocabulary import STATUSES

ZH, EN = Words("zh"), Words("en")


def goal(**changed: Any) -> dict[str, Any]:
    """A goal of 80 % that was missed with 63.7 %; figures made up for the test."""
    return {
        "target_id": "share:410000:2020:plan",
        "status": "missed",
        "is_quantified": True,
        "operator": "ge",
        "value": 80.0,
        "value_high": None,
        "unit": "percent",
        "target_unit": "percent",
        "resolved_target": 80.0,
        "deadline_passed": True,
        "value_at_deadline": 63.7,
        "due_bound": "exact",
        "due_period": "2020",
        "due_observation": "published:1",
        "due_source": "a report",
        "shortfall_at_deadline": 16.3,
        "due_attainment": 79.625,
        "latest_value": 90.0,
        "latest_bound": "exact",
        "obs_period": "2023",
        "observation_id": "published:2",
        "obs_source": "another report",
        "gap_abs": -10.0,
        "attainment_pct": 112.5,
    } | changed


def test_a_goal_is_judged_by_its_deadline_not_by_the_latest_figure() -> None:
    found = with_outcome(goal())
    assert (found["shown_value"], found["shown_period"], found["shown_gap"]) == (63.7, "2020", 16.3)
    assert found["shown_observation"] == "published:1"
    assert found["group"].id == "missed"


@pytest.mark.parametrize("change", [{"value_at_deadline": None}, {"deadline_passed": False}])
def test_without_a_figure_at_the_deadline_the_latest_is_shown(change: dict[str, Any]) -> None:
    found = with_outcome(goal(**change))
    assert (found["shown_value"], found["shown_period"], found["shown_gap"]) == (
        90.0,
        "2023",
        -10.0,
    )


def test_every_status_is_in_one_group_and_counted_once() -> None:
    assert sorted(GROUP_OF) == sorted(STATUSES)
    assert sum(len(group.statuses) for group in GROUPS) == len(STATUSES)
    goals = [with_outcome(goal(status=status)) for status in STATUSES]
    assert sum(number for _, number in counts(goals)) == len(STATUSES)


def test_the_gap_of_shares_is_in_percentage_points_and_of_ranks_in_places() -> None:
    assert ZH.gap(with_outcome(goal())) == "差 16.3个百分点"
    assert EN.gap(with_outcome(goal())) == "16.3 percentage points short"
    rank = goal(unit="rank", shortfall_at_deadline=2.0, resolved_target=3.0)
    assert ZH.gap(with_outcome(rank)) == "差 2位"
    money = goal(unit="CNY", shortfall_at_deadline=-7e11, resolved_target=2.6e12)
    assert ZH.gap(with_outcome(money)) == "超 7000亿元"
    assert EN.gap(with_outcome(money)) == "CNY 700 billion beyond"


def test_what_is_missing_is_never_zero() -> None:
    empty = with_outcome(
        goal(deadline_passed=False, latest_value=None, gap_abs=None, attainment_pct=None)
    )
    assert ZH.gap(empty) == ZH.percent(empty["shown_attainment"]) == MISSING
    assert ZH.figure(None, "CNY") == str(ZH.bounded(None, "CNY", None)) == MISSING
    assert ZH.signed_percent(None) == ZH.day(None) == MISSING
    assert ZH.percent(0.0) == "0.0%"


@given(st.floats(0, 99.9999999))
def test_a_share_below_a_hundred_is_never_written_as_a_hundred(share: float) -> None:
    assert float(ZH.percent(share).rstrip("%")) < 100


def test_bounds_stay_visible() -> None:
    assert str(ZH.bounded(1.9e12, "CNY", "exact")) == "1.9万亿元"
    text = str(ZH.bounded(1.9e12, "CNY", "at_least"))
    assert "≥</abbr> 1.9万亿元" in text
    assert "下限" in text


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ({}, "≥ 80%"),
        ({"operator": "range", "value": 60.0, "value_high": 80.0}, "60% – 80%"),
        ({"resolved_target": None, "value": 2.0, "target_unit": "ratio"}, "≥ 2 times"),
        ({"is_quantified": False}, "not quantified"),
    ],
    ids=["level", "range", "reference unknown", "not quantified"],
)
def test_what_a_goal_asks_for(change: dict[str, Any], written: str) -> None:
    assert EN.target(goal(**change)) == written


def test_titles_are_text_and_addresses_are_addresses() -> None:
    evil = '<script>alert("1")</script>'
    assert "<script>" not in str(ZH.link("https://example.org/?a=1&b=2", evil))
    assert 'href="https://example.org/?a=1&amp;b=2"' in str(
        ZH.link("https://example.org/?a=1&b=2", "x")
    )
    assert "<a" not in str(ZH.link("javascript:alert(1)", "x"))
    assert '<span lang="zh">来源</span>' in str(EN.link(None, "来源"))
    assert str(ZH.link(None, None)) == MISSING


@given(st.text())
def test_an_anchor_is_an_identifier_of_html(key: str) -> None:
    assert set(anchor(key)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    )


def test_ahead_and_behind_a_path_have_their_signs() -> None:
    assert (ZH.ahead(2683.6064, "count"), ZH.ahead(-14_800, "count")) == ("+2,684个", "−1.48万个")
    assert (ZH.ahead(-2.5, "percent"), EN.ahead(0.0, "count")) == ("−2.5个百分点", "0")
    assert (ZH.years(0.0892857), ZH.years(-0.2), ZH.years(0.0)) == ("+0.09", "−0.20", "0")
    assert (ZH.years(-0.001), ZH.years(None), ZH.ahead(None, "CNY")) == ("0", MISSING, MISSING)
