"""The value of record, what it beats, what was known on a day, and which values answer a target."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.record import (
    GRAIN,
    first_of,
    grain_number,
    known_on,
    observations_table,
    value_of_record,
)
from assets.series import annual_answers, cumulative_answers, year_end_scale
from schemas.vocabulary import QUALITIES
from tests.fixtures.vintages import vintage, vintages

TODAY = dt.date(2026, 11, 22)


def test_quality_wins_then_the_latest_publication() -> None:
    rows = vintages(
        vintage(1, value=110.0, quality="media", published_on=dt.date(2024, 1, 1)),
        vintage(2, value=101.0, quality="official", published_on=dt.date(2021, 1, 1)),
        vintage(3, value=102.0, quality="official", published_on=dt.date(2022, 1, 1)),
    )
    row = observations_table(rows, TODAY).row(0, named=True)
    assert row["observation_id"] == "s:3"
    assert row["vintage_count"] == 3
    assert row["first_published_on"] == dt.date(2021, 1, 1)
    assert row["beaten"].startswith("100元 = 101.0 (official, 2021-01-01); ")
    assert row["max_difference_pct"] == pytest.approx(8 / 102 * 100)
    assert row["is_conflict"]


@pytest.mark.parametrize(
    ("record", "beaten", "conflict"),
    [
        ({"value": 100.0}, {"value": 100.9}, False),  # within both printed precisions
        ({"value": 100.0}, {"value": 101.1}, True),
        ({"value": 100.0, "bound": "at_least"}, {"value": 150.0}, False),  # "more than 100"
        ({"value": 100.0, "bound": "at_least"}, {"value": 90.0}, True),
        ({"value": 100.0}, {"value": 90.0, "bound": "at_least"}, False),
        ({"value": 100.0}, {"value": 110.0, "bound": "at_least"}, True),
        ({"value": 100.0}, {"value": 110.0, "bound": "at_most"}, False),
    ],
)
def test_a_conflict_is_a_difference_that_the_print_does_not_explain(
    record: dict[str, Any], beaten: dict[str, Any], conflict: bool
) -> None:
    rows = vintages(vintage(1, quality="official", **record), vintage(2, **beaten))
    assert observations_table(rows, TODAY)["is_conflict"].to_list() == [conflict]


days = st.dates(dt.date(2013, 1, 1), dt.date(2026, 12, 31))


@given(st.lists(st.tuples(days, st.sampled_from(list(QUALITIES))), min_size=1, max_size=12), days)
def test_what_is_known_on_a_day_was_published_by_it(
    published: list[tuple[dt.date, str]], day: dt.date
) -> None:
    rows = vintages(
        *(vintage(i + 1, published_on=d, quality=q) for i, (d, q) in enumerate(published))
    )
    known = known_on(rows, [day])
    assert known.height == sum(d <= day for d, _ in published)
    record = value_of_record(known, GRAIN)
    assert record.height == min(1, known.height)
    later = rows.filter(pl.col("published_on") > day)
    without = rows.join(later, on="observation_id", how="anti")
    assert value_of_record(known_on(without, [day]), GRAIN).equals(record)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["甲", "a", "b", "ab", ""]), days, st.integers(-3, 3),
            st.integers(0, 2), st.integers(0, 2),
        ),
        max_size=30,
    )
)  # fmt: skip
def test_grains_are_numbered_in_their_order_and_the_first_of_each_is_that_of_a_sort(
    found: list[tuple[str, dt.date, int, int, int]],
) -> None:
    grain, order = ["text", "day", "number"], ["one", "two"]
    types = {"text": pl.String, "day": pl.Date, "number": pl.Int32, "one": pl.Int8, "two": pl.Int8}
    rows = pl.DataFrame(found, schema=types, orient="row").with_row_index("came")
    numbered = rows.with_columns(n=grain_number(rows, grain))
    keys = sorted({row[1:4] for row in rows.rows()})
    places = [keys.index(key) for key in rows.select(grain).rows()]
    assert numbered["n"].rank("dense").to_list() == [place + 1 for place in places]
    expected = rows.sort(*grain, *order, "came").unique(grain, keep="first", maintain_order=True)
    assert first_of(rows, grain, [pl.col(name) for name in order]).equals(expected)


@pytest.mark.parametrize(
    ("day", "t"),
    [("2020-12-31", 2020.0), ("2021-12-31", 2021.0), ("2021-07-02", 2020 + 183 / 365),
     ("2020-01-01", 2019 + 1 / 366)],
)  # fmt: skip
def test_the_end_of_a_year_is_its_number(day: str, t: float) -> None:
    scale = pl.select(year_end_scale(pl.lit(dt.date.fromisoformat(day)))).item()
    assert scale == pytest.approx(t)


def answers(measure: str, *rows: dict[str, Any]) -> list[tuple[str, float]]:
    measures = pl.DataFrame({"indicator_id": ["sales"], "measure": [measure]})
    found = annual_answers(known_on(vintages(*rows), [TODAY]), measures)
    return list(found.sort("year").select("period", "value").iter_rows())


def test_a_year_to_date_figure_never_answers_an_annual_target() -> None:
    partial = vintage(1, period="2020-09", period_type="year_to_date", quality="official")
    for measure in ("flow", "stock", "rate"):
        assert answers(measure, partial) == []
    whole = vintage(2, period="2020-12", period_type="year_to_date", value=7.0)
    assert answers("flow", partial, whole) == [("2020-12", 7.0)]


def test_flows_need_the_whole_year_and_stocks_take_its_latest_value() -> None:
    rows = [
        vintage(1, period="2020-Q1", period_type="quarterly", value=1.0),
        vintage(2, period="2020-06-30", period_type="point_in_time", value=2.0),
        vintage(3, period="2020-10-31", period_type="point_in_time", value=3.0),
    ]
    assert answers("flow", *rows) == []
    assert answers("stock", *rows) == [("2020-10-31", 3.0)]
    year_end = vintage(4, value=4.0, quality="derived")
    assert answers("stock", *rows, year_end) == [("2020", 4.0)]


def test_a_sum_over_a_period_stops_where_a_year_is_missing_and_at_the_deadline() -> None:
    rows = [
        vintage(y, period=str(y), value=float(y - 2020)) for y in (2021, 2022, 2023, 2025, 2026)
    ]
    measures = pl.DataFrame({"indicator_id": ["sales"], "measure": ["flow"]})
    found = annual_answers(known_on(vintages(*rows), [dt.date(2027, 1, 1)]), measures)
    period = pl.DataFrame(
        {"goal_id": ["g"], "as_of": [dt.date(2027, 1, 1)], "indicator_id": ["sales"],
         "region_code": ["410000"], "start_year": [2021], "last_year": [2025]}
    )  # fmt: skip
    sums = cumulative_answers(found, period)
    assert list(sums.select("year", "value").iter_rows()) == [(2021, 1.0), (2022, 3.0), (2023, 6.0)]
    single = period.with_columns(start_year=2023, last_year=2023)
    assert cumulative_answers(found, single)["value"].to_list() == [3.0]
