"""How a verdict came about: the numbers as they are printed give the number that is published."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from assets.report.book import Book, read_book
from assets.report.formulas import WHY_MISSING
from assets.report.sentences import sentence
from assets.report.text import MISSING
from assets.report.worked import Step, steps
from pipelines.builds import open_readonly
from pipelines.settings import Settings
from schemas.vocabulary import STATUSES

LANGUAGES = ("zh", "en")
SCALES = {
    "万亿": 1e12, "亿": 1e8, "万": 1e4, "trillion": 1e12, "billion": 1e9, "million": 1e6,
}  # fmt: skip
NUMBER = re.compile(
    r"(?:CNY )?(\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?)(?: ?(万亿|亿|万|trillion|billion|million))?"
    r"(?: ?(?:Gbit/s|percentage points|parcels|subscriptions|个百分点|[%元个件户]|pp))?"
)
# What a reader expects to find wherever it is published.
COMPUTED = (
    "gap_abs", "gap_pct", "attainment_pct", "progress_pct", "time_elapsed_pct", "schedule_gap_pp",
    "expected_value", "expected_gap", "lead_years", "pace_ratio", "cagr_actual", "cagr_required",
    "recent_pace", "required_pace", "required_cagr", "accel_factor", "shortfall_at_deadline",
)  # fmt: skip
STATED = (
    "resolved_target", "latest_value", "value_at_deadline", "baseline_value", "first_met_year",
    "met_within_tolerance", "eurostat_class", "unsd_class", "escap_class", "sdsn_arrow",
    "plan_class_zh", "evidence_grade", "status",
)  # fmt: skip
SHARES_A_YEAR = ("cagr_actual", "cagr_required", "required_cagr")  # published as 0.05, shown as 5%


def read(printed: str) -> tuple[float, float]:
    """A printed number, and one unit of its last digit."""
    found = NUMBER.search(printed)
    assert found, printed
    scale = SCALES.get(found[2] or "", 1.0)
    decimals = len(found[1].partition(".")[2].partition("e")[0])
    value = float(found[1].replace(",", "")) * scale
    return (-value if printed.strip().startswith("−") else value), 10.0**-decimals * scale


def redo(printed: str) -> float | bool:
    """Work out a printed computation, from nothing but its text."""
    plain = NUMBER.sub(lambda m: repr(float(m[1].replace(",", "")) * SCALES.get(m[2] or "", 1.0)),
                       printed)  # fmt: skip
    for sign, code in {
        "÷": "/", "×": "*", "−": "-", "≥": ">=", "≤": "<=", "[": "(", "]": ")", "^": "**",
    }.items():  # fmt: skip
        plain = plain.replace(sign, code)
    answer: float | bool = eval(plain, {"__builtins__": {"max": max}})
    return answer


@pytest.fixture(scope="module")
def book(published: Settings) -> Book:
    with open_readonly(published) as connection:
        return read_book(connection)


@pytest.fixture(scope="module")
def lines(book: Book) -> list[tuple[dict[str, object], Step]]:
    """Every line of every goal, in both languages."""
    return [
        (goal, step) for goal in book.goals for language in LANGUAGES
        for step in steps(goal, language)  # type: ignore[arg-type]
    ]  # fmt: skip


def test_the_printed_numbers_give_the_number_published(
    lines: list[tuple[dict[str, object], Step]],
) -> None:
    redone: Counter[str] = Counter()
    for goal, step in lines:
        if step.metric not in COMPUTED or not step.numbers:
            continue
        value = goal[step.metric]
        assert isinstance(value, float)
        if step.metric in SHARES_A_YEAR:
            value *= 100
        found = float(redo(step.numbers))
        if step.metric == "time_elapsed_pct" and found > 100:
            assert "100%" in step.note
            found = 100.0
        shown, digit = read(step.result.lstrip("+"))
        assert abs(found - value) <= digit, (goal["target_id"], step, found, value)
        assert abs(shown - value) <= digit, (goal["target_id"], step, value)
        redone[step.metric] += 1
    assert set(redone) == set(COMPUTED), redone


def test_every_number_published_has_its_computation(
    lines: list[tuple[dict[str, object], Step]],
) -> None:
    explained = {(goal["target_id"], step.metric): step for goal, step in lines}
    for goal, _ in lines:
        if goal["latest_value"] is None:
            continue
        for metric in (*COMPUTED, *STATED):
            if goal[metric] is not None:
                step = explained[goal["target_id"], metric]
                assert step.result not in ("", MISSING), step
                if metric in COMPUTED and goal[metric] != 0:
                    assert step.numbers, (goal["target_id"], step)


def test_the_printed_comparison_gives_the_printed_decision(
    lines: list[tuple[dict[str, object], Step]],
) -> None:
    seen: Counter[str] = Counter()
    for _, step in lines:
        if step.result in ("是", "否", "yes", "no"):
            # A figure printed as a bound lies beyond what it prints.
            meets = redo(step.numbers) or (
                ("只印有界限" in step.note or "printed as a bound" in step.note)
                and bool(redo(step.numbers.replace(">", "≥")))
            )
            assert meets == (step.result in ("是", "yes")), step
            seen[step.result] += 1
    assert len(seen) == 4


def test_resolved_targets_are_worked_out_from_their_reference(book: Book) -> None:
    some = set()
    for goal in book.goals:
        first = steps(goal, "en")[0]
        if first.numbers:
            some.add(goal["value_kind"])
            assert float(redo(first.numbers)) == pytest.approx(goal["resolved_target"], rel=1e-6)
    assert some == {"multiple", "increment"}


def test_what_is_missing_says_why_and_is_never_zero(
    lines: list[tuple[dict[str, object], Step]],
) -> None:
    some = 0
    for goal, step in lines:
        if step.metric in goal and goal[step.metric] is None:
            assert step.result == MISSING
            assert step.note, (goal["target_id"], step)
            some += 1
    assert some


def test_progress_and_attainment_are_never_left_out(book: Book) -> None:
    for goal in book.goals:
        told = {step.metric: step for step in steps(goal, "zh")}
        assert "status" in told
        if goal["latest_value"] is not None:
            assert {"gap_abs", "attainment_pct", "progress_pct", "time_elapsed_pct"} <= set(told)


def test_every_reason_has_its_words(book: Book) -> None:
    reasons = {
        part.split("=")[1]
        for goal in book.goals
        for part in (goal["null_reason"] or "").split("; ")
        if part
    }
    assert reasons <= set(WHY_MISSING)


def test_a_bound_is_carried_into_what_follows_from_it(book: Book) -> None:
    goal = book.goal["ecommerce_transaction_value:410000:2020:hn-2018-infocon"]
    told = {step.metric: step for step in steps(goal, "en")}
    assert told["latest_value"].result == "≥ CNY 1.9 trillion"
    assert told["attainment_pct"].note == "A is a bound: this much or more"
    assert told["gap_abs"].note == "A is a bound: this much or less"
    assert told["attainment_pct"].formula == "A ÷ Y_T × 100"
    assert told["attainment_pct"].numbers == "CNY 1.9 trillion ÷ CNY 2.6 trillion × 100"


RANGE = {
    "operator": "range", "value": 2.0, "value_high": 3.0, "resolved_target": 2.0,
    "latest_value": 5.0, "value_at_deadline": None, "baseline_value": 9.0, "baseline_on": None,
    "gap_abs": 2.0, "gap_pct": 100.0, "attainment_pct": None, "progress_pct": 100 * 4 / 6,
    "direction": 0, "null_reason": "attainment_pct=range", "unit": "count",
    "met_within_tolerance": False,
}  # fmt: skip
DOWNWARD = {
    "operator": "le", "value": 2.0, "resolved_target": 2.0, "latest_value": 5.0,
    "value_at_deadline": None, "baseline_value": 8.0, "baseline_on": None, "gap_abs": 3.0,
    "gap_pct": 150.0, "attainment_pct": 40.0, "progress_pct": 50.0, "direction": -1, "unit": "ms",
    "met_within_tolerance": False,
}  # fmt: skip


def test_a_range_is_worked_out_by_its_nearest_bound(book: Book) -> None:
    goal = {**book.goal["software_business_revenue:410000:2016:hn-2016-20"], **RANGE}
    told = {step.metric: step for step in steps(goal, "en")}
    assert told["gap_abs"].numbers == "max(2 − 5, 5 − 3)"
    assert told["attainment_pct"].result == MISSING
    assert told["attainment_pct"].note == "a range has no single ratio"
    assert redo(told["progress_pct"].numbers) == pytest.approx(goal["progress_pct"])
    assert told["met_within_tolerance"].result == "no"


def test_where_less_is_wanted_the_ratio_is_turned_over(book: Book) -> None:
    goal = {**book.goal["software_business_revenue:410000:2016:hn-2016-20"], **DOWNWARD}
    told = {step.metric: step for step in steps(goal, "zh")}
    assert told["attainment_pct"].formula == "Y_T ÷ A × 100"
    for metric in ("gap_abs", "attainment_pct", "progress_pct"):
        numbers = told[metric].numbers.replace(" ms", "").replace("毫秒", "")
        assert redo(numbers) == pytest.approx(goal[metric])


def test_both_languages_tell_the_same(book: Book) -> None:
    for goal in book.goals:
        zh, en = steps(goal, "zh"), steps(goal, "en")
        assert [(s.metric, s.operands) for s in zh] == [(s.metric, s.operands) for s in en]
        chinese = re.compile(r"[一-鿿]")
        for step in en:
            plain = replace(step, note=step.note.replace(goal["printed"], ""))
            assert not chinese.search(f"{plain.name}{plain.formula}{plain.numbers}{plain.result}")
            assert not chinese.search(plain.note), step


# --- sentences ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_for_every_goal(book: Book, language: str) -> None:
    for goal in book.goals:
        said = sentence(goal, language)  # type: ignore[arg-type]
        assert "None" not in said
        assert MISSING not in said
        if goal["is_quantified"]:
            label = STATUSES[goal["status"]]
            assert (label.zh if language == "zh" else label.en) in said
        if goal["superseded_by"] and goal["is_quantified"]:
            assert ("已被取代" if language == "zh" else "superseded") in said


@pytest.mark.parametrize("status", list(STATUSES))
def test_a_sentence_for_every_status(book: Book, status: str) -> None:
    goal = book.goal["ecommerce_transaction_value:410000:2020:hn-2018-infocon"]
    said = sentence({**goal, "status": status, "deadline_passed": False}, "en")
    assert said.endswith(f": {STATUSES[status].en}.")


def test_the_sentence_of_the_best_known_goal(book: Book) -> None:
    goal = book.goal["ecommerce_transaction_value:410000:2020:hn-2018-infocon"]
    assert sentence(goal, "zh") == (
        "电子商务交易额：2020年目标 > 2.6万亿元；2020 ≥ 1.9万亿元，"
        "完成率 73.1%，差 7000亿元：未实现。"
    )
    assert "goal for 2020 > CNY 2.6 trillion; 2020 ≥ CNY 1.9 trillion" in sentence(goal, "en")
