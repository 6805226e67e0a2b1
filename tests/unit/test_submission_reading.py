"""Submissions: what becomes of a filled-in form. Every value is SYNTHETIC."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from assets.figures import parse_figure
from assets.submission_figures import NO_FIGURE, judge_value
from assets.submission_workbook import (
    FIRST_ROW,
)
from assets.submissions import (
    Asked,
    dump_rows,
    load_rows,
)
from pipelines.faults import RowFault
from tests.fixtures.forms import (
    EMPTY,
    GOOD,
    ROWS,
    asked,
    change,
    filled,
    read,
    rules,
)

# --- one value --------------------------------------------------------------------------------

YUAN = {"unit": "CNY", "unit_printed": "亿元", "measure": "flow", "plausible_max": None}
COUNT = {"unit": "count", "unit_printed": "个", "measure": "stock", "plausible_max": None}
USERS = {"unit": "subscriptions", "unit_printed": "万户", "measure": "stock", "plausible_max": None}
RANK = {"unit": "rank", "unit_printed": "位", "measure": "rank", "plausible_max": 31.0,
        "plausible_min": 1.0}  # fmt: skip


def judged(row: Asked, value: Any, number_format: str = "General", **said: str) -> Any:
    sheet = Workbook().active
    assert isinstance(sheet, Worksheet)
    cell = sheet.cell(1, 1, value)
    cell.number_format = number_format
    return judge_value(row, cell, **{"note": "", "bound": "exact"} | said)


@pytest.mark.parametrize(
    ("row", "value", "number_format", "printed", "expected"),
    [
        (asked(), 95, "General", "95", 95),
        (asked(), 0.95, "0%", "95%", 95),
        (asked(), 0.9512, "0.00%", "95.12%", 95.12),
        (asked(), "95%", "General", "95%", 95),
        (asked(), "0.95%", "General", "0.95%", 0.95),
        (asked(), 95, '0.0"%"', "95", 95),
        (asked(), 0, "General", "0", 0),
        (asked(), "９５．５", "General", "９５．５", 95.5),
        (asked(**YUAN), 1234.5, "#,##0.00", "1234.5", 1234.5e8),
        (asked(**YUAN), "1,234.5", "@", "1,234.5", 1234.5e8),
        (asked(**YUAN), "1.2万亿元", "@", "1.2万亿元", 1.2e12),
        (asked(**YUAN), 0.1 + 0.2, "General", "0.3", 3e7),
        (asked(**COUNT), "4.5亿", "@", "4.5亿", 4.5e8),
        (asked(**COUNT), 2026, "General", "2026", 2026),
        (asked(**USERS), 123.4567, "General", "123.4567", 1234567),
        (asked(**RANK), 3, "General", "3", 3),
    ],
)
def test_a_figure_is_read_as_people_write_it(
    row: Asked, value: Any, number_format: str, printed: str, expected: float
) -> None:
    found = judged(row, value, number_format)
    assert (found.printed, float(found.value)) == (printed, expected)
    again = parse_figure(found.printed, unit_printed=found.unit_printed, unit=row.unit)
    assert again.value == found.value  # as it is read when the tables are built


@pytest.mark.parametrize(
    ("row", "value", "number_format", "rule"),
    [
        (asked(), 0.95, "General", "percent_or_fraction"),
        (asked(), 1, "0.00", "percent_or_fraction"),
        (asked(), 101, "General", "out_of_range"),
        (asked(), 9.5, "0%", "out_of_range"),
        (asked(), -1, "General", "out_of_range"),
        (asked(), "很多", "@", "not_a_number"),
        (asked(), True, "General", "not_a_number"),
        (asked(), "#N/A", "General", "not_a_number"),
        (asked(), "9" * 300, "@", "not_a_number"),
        (asked(), dt.datetime(2026, 9, 30), "yyyy-mm-dd", "date_for_number"),
        (asked(), "90-95%", "@", "not_one_figure"),
        (asked(), "无", "@", "note_needed"),
        (asked(), "—", "@", "note_needed"),
        (asked(), "'=1+1", "@", "formula"),
        (asked(), "＝1+1", "@", "formula"),
        (asked(), "@SUM(1)", "@", "formula"),
        (asked(**YUAN), "1.1万", "@", "not_a_number"),
        (asked(**YUAN), 0.95, "0%", "percent_format"),
        (asked(**YUAN), -5, "General", "out_of_range"),
        (asked(**COUNT), 12.5, "General", "not_whole"),
        (asked(**COUNT), "12家", "@", None),
        (asked(**USERS), 1.23456, "General", "not_whole"),
        (asked(**RANK), 0, "General", "rank_below_one"),
        (asked(**RANK), 2.5, "General", "not_whole"),
    ],
)
def test_a_value_that_cannot_be_is_refused(
    row: Asked, value: Any, number_format: str, rule: str | None
) -> None:
    if rule is None:
        assert judged(row, value, number_format) is not None
        return
    with pytest.raises(RowFault) as caught:
        judged(row, value, number_format)
    fault = caught.value.fault
    assert (fault.rule, fault.field) == (rule, "value")
    assert fault.zh
    assert fault.en
    assert " / " in fault.remedy


def test_a_mark_for_no_figure_is_none_once_the_note_says_why() -> None:
    for mark in sorted(NO_FIGURE):
        assert judged(asked(), mark, note="虚构原因") is None


def test_words_and_the_list_both_say_what_a_figure_is() -> None:
    assert judged(asked(), "约95").bound == "approx"
    assert judged(asked(**COUNT), "超过12").bound == "at_least"
    assert judged(asked(), 95, bound="at_most").bound == "at_most"
    assert judged(asked(), "约95", bound="at_least").bound == "at_least"


def test_ten_thousand_times_the_last_figure_is_refused_with_a_suggestion() -> None:
    row = asked(**YUAN, last_value=5e11, last_printed="2025")
    assert judged(row, 5600) is not None
    with pytest.raises(RowFault, match="10000") as caught:
        judged(row, 56_000_000)
    assert "上期值5000亿元" in caught.value.fault.zh
    with pytest.raises(RowFault, match="far from the goal"):
        judged(asked(**YUAN, goal=5e11), 0.5)  # by the goal, where there is no last figure
    assert judged(asked(**YUAN, goal=5e11, last_value=5e7), 5000) is not None


def test_a_cumulative_stock_does_not_fall() -> None:
    row = asked(**COUNT, is_cumulative=True, last_value=500.0, last_printed="2025", last_ended=True)
    assert judged(row, 500) is not None
    assert judged(row, "超过400") is not None
    with pytest.raises(RowFault, match="does not fall"):
        judged(row, 400)
    assert judged(replace(row, last_ended=False), 400) is not None


# --- a whole form -----------------------------------------------------------------------------


def test_ten_good_and_three_bad_cells() -> None:
    names = list(GOOD)
    values: dict[str, Any] = {name: GOOD[name] for name in names[:10]}
    values |= {names[10]: "=1+1", names[11]: "很多", names[12]: 0.5}
    reading = read(filled(EMPTY, values))
    assert {c.indicator_id for c in reading.cells} == set(names[:10])
    assert rules(reading) == {
        names[10]: "formula", names[11]: "not_a_number", names[12]: "percent_or_fraction",
    }  # fmt: skip
    assert [b.reason for b in reading.blanks] == ["empty"] * (len(ROWS) - 13)
    assert reading.rows_in == 13
    by_name = {c.indicator_id: c for c in reading.cells}
    cell = by_name["online_retail_sales"]
    assert (cell.period, cell.period_type, cell.quality) == (
        "2026-09", "year_to_date", "submission",
    )  # fmt: skip
    assert (cell.unit_printed, cell.bound) == ("亿元", "exact")


SCRAPS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.dates(dt.date(1990, 1, 1), dt.date(2040, 1, 1)),
    st.sampled_from(["无", "—", "=1+1", "约95%", "1.2万亿元", "９５", "", " ", "12-15", "'=1"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x9FFF), max_size=12),
)
LINES = st.fixed_dictionaries(
    {},
    optional={
        "value": SCRAPS,
        "bound": st.sampled_from(["确数", "约数", "约", None, "exact", "=A1"]),
        "note": st.sampled_from([None, "虚构说明", "=A1", 5]),
        "correction": st.sampled_from([None, "虚构原因"]),
    },
)


@hypothesis_settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(list(GOOD)), LINES), st.booleans())
def test_whatever_is_filled_in_every_row_is_accepted_refused_or_blank(
    lines: dict[str, dict[str, Any]], is_locked: bool
) -> None:
    rows = [replace(row, accepted_value="1") for row in ROWS]
    reading = read(filled(EMPTY, lines), rows, is_locked=is_locked)
    accepted = [(c.indicator_id, c.region_code) for c in reading.cells]
    refused = [(str(r.raw["indicator_id"]), str(r.raw["region_code"])) for r in reading.refused]
    blank = [(b.indicator_id, b.region_code) for b in reading.blanks]
    assert sorted(accepted + refused + blank) == sorted(row.key for row in ROWS)


@pytest.mark.parametrize(
    ("field", "value", "rule", "still_owed"),
    [
        ("unit", "万元", "unit_changed", False),
        ("period", "2026年6月末", "period_changed", False),
        ("region_code", "410100", "region_changed", True),
        ("indicator_id", "gdp", "unknown_indicator", True),
        ("indicator_id", None, "unknown_indicator", True),
        ("indicator_id", ROWS[1].indicator_id, "repeated_row", True),
        ("unit", "=A1", "unit_changed", False),
    ],
)
def test_what_is_not_to_be_changed_is_noticed(
    field: str, value: Any, rule: str, still_owed: bool
) -> None:
    reading = read(filled(EMPTY, GOOD, change(FIRST_ROW, field, value)))
    refused = [r for r in reading.refused if r.fault.rule == rule]
    assert len(refused) == 1
    # The second row of a doubled indicator is the one that is refused, whichever was meant.
    assert refused[0].place in (FIRST_ROW, FIRST_ROW + 1)
    owed = {(b.indicator_id, b.region_code) for b in reading.blanks}
    assert owed == ({ROWS[0].key} if still_owed else set())
    assert len(reading.notes) == int(still_owed)


def test_a_deleted_row_is_still_owed_and_an_added_one_is_refused() -> None:
    def edit(form: Worksheet) -> None:
        form.delete_rows(FIRST_ROW)
        form.append(
            ["gdp", "地区生产总值", "亿元", "410000", "河南省", "2026年9月末", None, None, 1]
        )

    reading = read(filled(EMPTY, GOOD, edit))
    assert rules(reading) == {"gdp": "unknown_indicator"}
    assert [(b.indicator_id, b.region_code) for b in reading.blanks] == [ROWS[0].key]
    assert len(reading.cells) == len(ROWS) - 1


def test_rows_may_be_sorted() -> None:
    def edit(form: Worksheet) -> None:
        lines = [[c.value for c in line] for line in form.iter_rows(FIRST_ROW, form.max_row)]
        for number, line in enumerate(reversed(lines), FIRST_ROW):
            for place, value in enumerate(line, 1):
                form.cell(number, place).value = value

    reading = read(filled(EMPTY, GOOD, edit))
    assert len(reading.cells) == len(ROWS)


def test_codes_that_became_numbers_are_still_codes() -> None:
    reading = read(filled(EMPTY, GOOD, change(FIRST_ROW, "region_code", 410000)))
    assert len(reading.cells) == len(ROWS)


def test_a_locked_quarter_asks_for_a_reason_where_a_figure_changes() -> None:
    name = "ftth_household_coverage"
    rows = [replace(r, accepted_value="66.5") if r.indicator_id == name else r for r in ROWS]
    changed = filled(EMPTY, GOOD | {name: 70})
    assert rules(read(changed, rows, is_locked=True)) == {name: "quarter_locked"}
    assert rules(read(changed, rows, is_locked=False)) == {}
    assert rules(read(filled(EMPTY, GOOD), rows, is_locked=True)) == {}
    given_beside = read(changed, rows, is_locked=True, reason="虚构：口径核实")
    in_cell = read(
        filled(EMPTY, GOOD | {name: {"value": 70, "correction": "虚构：口径核实"}}),
        rows, is_locked=True,
    )  # fmt: skip
    for reading in (given_beside, in_cell):
        notes = {c.indicator_id: c.note for c in reading.cells}
        assert notes[name] == "更正原因：虚构：口径核实"
        assert notes["online_retail_sales"] is None


def test_what_was_asked_can_be_kept_as_text() -> None:
    rows = [asked(last_value=1.5, accepted_value="95.50"), *ROWS]
    assert load_rows(dump_rows(rows)) == rows
