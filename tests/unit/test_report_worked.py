"""How a verdict came about: the numbers that are put in give the number that is published."""

from collections.abc import Callable

import pytest

from assets.report.book import Book, read_book
from assets.report.text import MISSING
from assets.report.worked import WHY_MISSING, sentence, steps
from pipelines.builds import open_readonly
from pipelines.settings import Settings
from schemas.vocabulary import STATUSES

# The same formulas as they are written on the pages.
REDONE: dict[str, Callable[..., float]] = {
    "gap_abs": lambda x, y: x - y,
    "gap_pct": lambda x, y: 100 * x / y,
    "attainment_pct": lambda x, y: 100 * x / y,
    "shortfall_at_deadline": lambda x, y: x - y,
    "progress_pct": lambda a, b, y, c: 100 * (a - b) / (y - c),
    "schedule_gap_pp": lambda p, e: p - e,
    "pace_ratio": lambda p, e: p / e,
    "expected_value": lambda b, y, share: b + (y - b) * share,
    "required_pace": lambda need, left: need / left,
    "accel_factor": lambda required, recent: required / recent,
}
# Published although a reader may do without them: parts of the yardsticks and repetitions.
SHOWN = (*REDONE, "resolved_target", "latest_value", "value_at_deadline", "baseline_value",
         "time_elapsed_pct", "recent_pace", "first_met_year", "evidence_grade",
         "status")  # fmt: skip


@pytest.fixture(scope="module")
def book(published: Settings) -> Book:
    with open_readonly(published) as connection:
        return read_book(connection)


def test_the_numbers_put_in_give_the_number_published(book: Book) -> None:
    redone = dict.fromkeys(REDONE, 0)
    for goal in book.goals:
        for step in steps(goal, "en"):
            if step.metric in REDONE and step.result != MISSING and goal[step.metric]:
                assert step.numbers, (goal["target_id"], step)
                found = REDONE[step.metric](*step.operands)
                assert found == pytest.approx(goal[step.metric], rel=1e-6, abs=1e-6), step
                redone[step.metric] += 1
    assert all(redone.values()), redone


def test_time_is_counted_from_the_end_of_the_baseline_year(book: Book) -> None:
    some = 0
    for goal in book.goals:
        for step in steps(goal, "zh"):
            if step.metric == "time_elapsed_pct" and step.result != MISSING:
                t, start, year, _ = step.operands
                share = min(100.0, max(0.0, 100 * (t - start) / (year - start)))
                assert share == pytest.approx(goal["time_elapsed_pct"], abs=1e-6)
                some += 1
    assert some


def test_every_number_that_is_published_is_explained(book: Book) -> None:
    for goal in book.goals:
        if goal["is_quantified"] and goal["latest_value"] is not None:
            explained = {step.metric: step for step in steps(goal, "en")}
            ranged = goal["operator"] in ("range", "eq")
            for metric in SHOWN:
                if goal[metric] is not None and not ranged:
                    assert explained[metric].result != MISSING, (goal["target_id"], metric)


def test_what_is_missing_says_why_and_is_never_zero(book: Book) -> None:
    some = 0
    for goal in book.goals:
        for step in steps(goal, "en"):
            if step.metric in goal and goal[step.metric] is None:
                assert step.result == MISSING
                assert step.note, (goal["target_id"], step)
                some += 1
    assert some


def test_every_reason_has_its_words(book: Book) -> None:
    reasons = {
        part.split("=")[1]
        for goal in book.goals
        for part in (goal["null_reason"] or "").split("; ")
        if part
    }
    assert reasons <= set(WHY_MISSING)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_sentence_for_every_goal(book: Book, language: str) -> None:
    for goal in book.goals:
        said = sentence(goal, language)  # type: ignore[arg-type]
        assert "None" not in said
        if goal["is_quantified"]:
            label = STATUSES[goal["status"]]
            assert (label.zh if language == "zh" else label.en) in said


def test_the_sentence_of_the_best_known_goal(book: Book) -> None:
    goal = book.goal["ecommerce_transaction_value:410000:2020:hn-2018-infocon"]
    assert sentence(goal, "zh") == (
        "电子商务交易额：2020年目标 > 2.6万亿元；2020 ≥ 1.9万亿元，"
        "完成率 73.1%，差 7000亿元：未实现。"
    )
    assert "goal for 2020 > CNY 2.6 trillion; 2020 ≥ CNY 1.9 trillion" in sentence(goal, "en")
