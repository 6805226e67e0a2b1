"""What repeats the last vintage, what revises it, and which of two of one day is the record."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.record import GRAIN, value_of_record
from assets.vintages import CELL, new_vintages, revised, revisions_table
from schemas.contract import empty
from schemas.tables_core import Targets
from tests.fixtures.vintages import SCHEMA, vintage, vintages

ROWS = {**SCHEMA, "raw": pl.String()}
FIRST = dt.date(2021, 3, 1)


def row(number: int, landing: int, **given_: Any) -> dict[str, Any]:
    """A synthetic row of a landing: landings follow one another by day."""
    day = FIRST + dt.timedelta(days=landing)
    base = {
        "published_on": day, "retrieved_at": dt.datetime(day.year, day.month, day.day, 12),
        "landing_sha256": f"{landing:064x}", "quality": "official",
    }  # fmt: skip
    return vintage(number, **(base | given_)) | {"raw": "{}"}


def landed(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=ROWS)


def kept(*rows: dict[str, Any]) -> list[str]:
    new, confirmed = new_vintages(landed(*rows))
    assert new.height + confirmed.height == len(rows)
    assert new.columns == confirmed.columns == list(ROWS)
    return new["observation_id"].to_list()


def test_a_repeated_value_confirms_and_one_that_comes_back_is_a_vintage() -> None:
    values = (1.0, 1.0, 2.0, 2.0, 1.0, 1.0)
    rows = [row(i, i, value=v) for i, v in enumerate(values)]
    assert kept(*rows) == ["s:0", "s:2", "s:4"]


@pytest.mark.parametrize("changed", [{"bound": "at_least"}, {"tolerance": 0.05}, {"value": 100.5}])
def test_another_value_bound_or_precision_is_a_vintage(changed: dict[str, Any]) -> None:
    assert kept(row(1, 1), row(2, 2, **changed)) == ["s:1", "s:2"]


def test_the_same_bytes_that_land_again_later_are_a_vintage_of_their_own() -> None:
    back = row(3, 3, value=1.0, landing_sha256=f"{1:064x}")
    assert kept(row(1, 1, value=1.0), row(2, 2, value=2.0), back) == ["s:1", "s:2", "s:3"]


def test_rows_of_one_landing_do_not_confirm_one_another() -> None:
    assert kept(row(1, 1), row(2, 1)) == ["s:1", "s:2"]


def test_two_figures_on_one_page_are_confirmed_by_the_same_two() -> None:
    page = [row(1, 1, value=1.0), row(2, 1, value=2.0)]
    assert kept(*page, row(3, 2, value=2.0), row(4, 2, value=1.0)) == ["s:1", "s:2"]
    # One of them is gone: the source says something else now.
    assert kept(*page, row(3, 2, value=1.0)) == ["s:1", "s:2", "s:3"]


def test_an_older_publication_that_is_found_later_takes_its_place_in_time() -> None:
    late_find = row(2, 2, published_on=FIRST - dt.timedelta(days=30))
    assert kept(row(1, 1), late_find) == ["s:2"]


def test_within_a_day_the_moment_of_retrieval_decides_the_order() -> None:
    noon, evening = dt.datetime(2021, 3, 1, 12), dt.datetime(2021, 3, 1, 20)
    of_a_day = [
        row(1, 1, published_on=FIRST, retrieved_at=noon, value=1.0),
        row(2, 2, published_on=FIRST, retrieved_at=evening, value=2.0),
    ]
    assert kept(*reversed(of_a_day)) == ["s:2", "s:1"]  # in the order given
    record = value_of_record(landed(*of_a_day), GRAIN)
    assert record["observation_id"].to_list() == ["s:2"]


def test_no_rows_are_no_vintages() -> None:
    assert kept() == []


letters = st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(letters, min_size=1, max_size=3))
def test_what_is_kept_of_each_cell_is_the_sequence_of_changes(cells: list[list[float]]) -> None:
    rows = [
        row(100 * cell + i, i, value=value, period=str(2010 + cell))
        for i in range(8)
        for cell, values in enumerate(cells)
        for value in values[i : i + 1]
    ]
    new, confirmed = new_vintages(landed(*rows))
    assert new.height + confirmed.height == len(rows)
    for cell, values in enumerate(cells):
        changes = [v for i, v in enumerate(values) if i == 0 or v != values[i - 1]]
        of_cell = new.filter(pl.col("period") == str(2010 + cell))
        assert of_cell["value"].to_list() == changes
    again, none = new_vintages(new)
    assert again.equals(new)  # nothing more to drop
    assert none.is_empty()


# --- revisions --------------------------------------------------------------------------------


def only_vintages(*rows: dict[str, Any]) -> pl.DataFrame:
    return vintages(*({k: v for k, v in r.items() if k != "raw"} for r in rows))


def test_each_change_of_a_publisher_is_a_revision() -> None:
    rows = [
        row(i, i * 30, value=v, value_printed=f"{v:g}元") for i, v in enumerate((100, 104, 100))
    ]
    table = revisions_table(only_vintages(*rows))
    shown = ("old_value", "new_value", "old_value_printed", "new_observation_id", "days_between")
    assert table.select(shown).rows() == [
        (100.0, 104.0, "100元", "s:1", 30),
        (104.0, 100.0, "104元", "s:2", 30),
    ]
    assert table["change_pct"].to_list() == pytest.approx([4.0, -100 * 4 / 104])


@pytest.mark.parametrize(
    ("second", "revisions"),
    [
        ({"value": 101.0}, 1),
        ({"bound": "at_least"}, 1),
        ({"tolerance": 0.05}, 0),  # printed with more digits
        ({"value": 101.0, "source_id": "other"}, 0),
        ({"value": 101.0, "source_publisher": "another publisher in one file"}, 0),
        ({"value": 101.0, "quality": "derived"}, 0),
        ({"value": 101.0, "period_type": "year_to_date", "period": "2020-12"}, 0),
    ],
)
def test_only_another_figure_of_the_same_publisher_revises(
    second: dict[str, Any], revisions: int
) -> None:
    assert revisions_table(only_vintages(row(1, 1), row(2, 2, **second))).height == revisions


def test_two_figures_of_one_publication_do_not_revise_each_other() -> None:
    page = [row(1, 1, value=1.0), row(2, 1, value=2.0)]
    assert revisions_table(only_vintages(*page)).is_empty()
    later = revisions_table(only_vintages(*page, row(3, 2, value=3.0)))
    assert later.select("old_value", "new_value").rows() == [(1.0, 3.0)]


def test_a_revision_of_zero_has_no_percentage() -> None:
    table = revisions_table(only_vintages(row(1, 1, value=0.0), row(2, 2, value=5.0)))
    assert table["change_pct"].to_list() == [None]


def goals(*indicators: str) -> pl.DataFrame:
    base = dict.fromkeys(empty(Targets).columns) | {"region_code": "410000", "is_goal": True}
    rows = [base | {"indicator_id": i, "target_id": i} for i in indicators]
    return pl.DataFrame(rows, schema=empty(Targets).schema)


def test_a_series_with_a_goal_is_told_revision_by_revision() -> None:
    rows = [row(i, i, value=v) for i, v in enumerate((100.0, 104.0, 120.0))]
    found = list(revised(revisions_table(only_vintages(*rows)), goals("sales")))
    assert [(f.severity, f.rule, f.key) for f in found] == [
        ("info", "revised", "s:1"),
        ("warning", "revised", "s:2"),
    ]


def test_a_back_series_that_moves_whole_is_one_finding_a_release() -> None:
    rows = [
        row(100 * landing + i, landing, value=100.0 + landing * i, period=str(2000 + i))
        for landing in (1, 2)
        for i in range(15)
    ]
    table = revisions_table(only_vintages(*rows))
    assert table.height == 14  # the first year did not move
    found = list(revised(table, goals("something_else")))
    assert [(f.severity, f.key) for f in found] == [("warning", "s|sales|2021-03-03")]
    assert "14 figure(s)" in found[0].en
    assert "+0.99 % to +12.28 %" in found[0].en


def test_cells_are_told_apart_by_all_their_parts() -> None:
    changes = {"region_code": "410100", "period": "2019", "indicator_id": "other", "source_id": "x"}
    rows = [row(0, 0), *(row(i, i, **{k: v}) for i, (k, v) in enumerate(changes.items(), 1))]
    assert set(changes) <= set(CELL)
    assert len(kept(*rows)) == len(rows)
