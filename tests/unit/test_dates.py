"""Periods and days of publication."""

import csv
import datetime as dt
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dates import PeriodError, parse_published, period_bounds, period_type_of

PUBLISHED = Path(__file__).parents[2] / "data" / "published" / "observations.csv"
COLLECTED = dt.date(2026, 11, 22)
DAYS = st.dates(dt.date(1949, 1, 1), dt.date(2100, 12, 31))
YEARS = st.integers(1949, 2100)
ONE_DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("period", "period_type", "start", "end"),
    [
        ("2020", "annual", "2020-01-01", "2020-12-31"),
        ("2022-Q1", "quarterly", "2022-01-01", "2022-03-31"),
        ("2020-Q4", "quarterly", "2020-10-01", "2020-12-31"),
        ("2020-02", "monthly", "2020-02-01", "2020-02-29"),
        ("2020-07-29", "point_in_time", "2020-07-29", "2020-07-29"),
        ("2018-06", "year_to_date", "2018-01-01", "2018-06-30"),
        ("2020-07-29", "year_to_date", "2020-01-01", "2020-07-29"),
        ("2020-Q3", "year_to_date", "2020-01-01", "2020-09-30"),
    ],
)
def test_bounds_of_a_period(period: str, period_type: str, start: str, end: str) -> None:
    found = period_bounds(period, period_type)
    assert found == (dt.date.fromisoformat(start), dt.date.fromisoformat(end))


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ("2021-02-30", "has no day 30"),
        ("2021-02-29", "has no day 29"),
        ("2020-04-00", "has no day 0"),
        ("2021-13", "no month 13"),
        ("2021-00", "no month 0"),
        ("2020-Q5", "no quarter 5"),
        ("2020-Q0", "no quarter 0"),
        ("0202", "between 1949 and 2100"),
        ("20200", "is not a period"),
        ("2020-7", "is not a period"),
        ("2020年", "is not a period"),
        ("２０２０", "is not a period"),
        ("2020 ", "is not a period"),
        ("2020\n", "is not a period"),
        ("", "is not a period"),
    ],
)
def test_impossible_periods_are_named(period: str, said: str) -> None:
    with pytest.raises(PeriodError, match=said):
        period_type_of(period)


@pytest.mark.parametrize(
    ("period", "period_type", "due"),
    [
        ("2020", "year_to_date", "it is annual"),
        ("2020", "monthly", "it is annual"),
        ("2020-07", "annual", "it is monthly or year_to_date"),
        ("2020-07-29", "monthly", "it is point_in_time or year_to_date"),
        ("2020-Q1", "point_in_time", "it is quarterly or year_to_date"),
        ("2020", "weekly", "it is annual"),
    ],
)
def test_a_type_that_does_not_fit_the_period(period: str, period_type: str, due: str) -> None:
    with pytest.raises(PeriodError, match=due):
        period_bounds(period, period_type)


@given(YEARS)
def test_quarters_and_months_fill_the_year(year: int) -> None:
    whole = period_bounds(f"{year}", "annual")
    quarters = [period_bounds(f"{year}-Q{n}", "quarterly") for n in range(1, 5)]
    months = [period_bounds(f"{year}-{n:02}", "monthly") for n in range(1, 13)]
    for parts in (quarters, months):
        assert (parts[0][0], parts[-1][1]) == whole
        assert all(b[0] - a[1] == ONE_DAY for a, b in itertools.pairwise(parts))


@given(DAYS)
def test_a_day_lies_in_its_month_and_ends_its_year_to_date(day: dt.date) -> None:
    assert period_type_of(day.isoformat()) == "point_in_time"
    assert period_bounds(day.isoformat(), "point_in_time") == (day, day)
    start, end = period_bounds(f"{day:%Y-%m}", "monthly")
    assert start <= day <= end
    assert period_bounds(day.isoformat(), "year_to_date") == (dt.date(day.year, 1, 1), day)


@given(st.text(max_size=12))
def test_other_text_is_refused_with_one_error(text: str) -> None:
    try:
        start, end = period_bounds(text, period_type_of(text))
    except PeriodError as error:
        said = str(error)
    else:
        said = repr(text) if text.isascii() and start <= end else ""
    assert repr(text) in said


@pytest.mark.parametrize(
    ("text", "day", "basis"),
    [
        ("2018-05-16", "2018-05-16", "day"),
        ("2016-07", "2016-07-31", "month"),
        ("2024-02", "2024-02-29", "month"),
        ("2017", "2017-12-31", "year"),
        ("2017 (day not in excerpt)", "2017-12-31", "year"),
        ("2015 (event 06-30)", "2015-12-31", "year"),
        ("2020-01 (event 01-02)", "2020-01-31", "month"),
        ("2018-10-08 (page); press conference 2018-05", "2018-10-08", "day"),
        ("2021-09-06 (page); statement 2021-04-19", "2021-09-06", "day"),
        ("2026-04-17 (commit date)", "2026-04-17", "day"),
        ("late 2012 (not printed)", "2012-12-31", "year"),
        ("late 2012", "2012-12-31", "year"),
        ("2018-05-16（网页）", "2018-05-16", "day"),
        ("", "2026-11-22", "collected"),
        (None, "2026-11-22", "collected"),
        # What is only known to be of this year was there when it was collected.
        ("2026", "2026-11-22", "year"),
        ("2026-11", "2026-11-22", "month"),
    ],
)
def test_published_on_is_the_last_day_it_can_be(text: str | None, day: str, basis: str) -> None:
    assert parse_published(text, COLLECTED) == (dt.date.fromisoformat(day), basis)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2021-02-30", "no day 30"),
        ("2021-13-01", "no month 13"),
        ("2026-11-23", "after the day of collection"),
        ("2027", "after the day of collection"),
        ("spring 2018", "not in a known form"),
        ("late 2018-05", "not in a known form"),
        ("2018-05-16 to 2018-06-01", "not in a known form"),
        ("16.05.2018", "not in a known form"),
    ],
)
def test_unreadable_days_are_named(text: str, said: str) -> None:
    with pytest.raises(PeriodError, match=said):
        parse_published(text, COLLECTED)


def test_nothing_printed_and_nothing_collected() -> None:
    with pytest.raises(PeriodError, match="day of collection is not known"):
        parse_published(None, None)


@given(DAYS, DAYS, st.sampled_from(["%Y-%m-%d", "%Y-%m", "%Y"]))
def test_conservative_but_never_after_the_collection(
    printed: dt.date, collected: dt.date, form: str
) -> None:
    text = printed.strftime(form)
    if printed > collected:
        late, _ = parse_published(text, None)
        assert late >= printed
        return
    day, _ = parse_published(text, collected)
    assert printed <= day <= collected


def test_every_date_that_the_published_file_prints() -> None:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        printed = [row["published_printed"] for row in csv.DictReader(file)]
    bases = {parse_published(text, COLLECTED)[1] for text in printed}
    assert len(printed) == 379
    assert bases == {"day", "month", "year", "collected"}
