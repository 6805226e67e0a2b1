"""May a landing be believed? Synthetic figures, held against the last accepted landing."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.faults import Fault
from pipelines.judgement import judge
from pipelines.readers import Blank, Cell, Column, Reading, Refused
from pipelines.source_errors import NameChanged, NoData, Suspicious, UnitChanged

YEARS = range(2014, 2024)


def cell(indicator: str, year: int, value: str) -> Cell:
    return Cell(year, indicator, "410000", str(year), "annual", value, "万户", {})


def reading(*, factor: float = 1, years: range = YEARS, indicators: tuple[str, ...] = ("a", "b"),
            unit: str = "万户", name: str = "用户") -> Reading:  # fmt: skip
    made = Reading("synthetic", None)
    made.cells = [cell(i, y, str(factor * (y - 1900))) for i in indicators for y in years]
    made.columns = {i: Column(name, unit) for i in indicators}
    return made


def verdict(new: Reading, old: Reading | None, sizes: tuple[int, int] = (100, 100)) -> object:
    return judge(new, old, new_size=sizes[0], old_size=sizes[1])[0]


def with_values(made: Reading, values: dict[tuple[str, str], str]) -> Reading:
    cells = [
        dataclasses.replace(
            c, value_printed=values.get((c.indicator_id, c.period), c.value_printed)
        )
        for c in made.cells
    ]
    return dataclasses.replace(made, cells=cells)


def test_the_first_landing_and_an_equal_one_are_believed() -> None:
    assert verdict(reading(), None) is None
    assert verdict(reading(), reading()) is None


def test_new_periods_and_revised_values_are_believed_and_noted() -> None:
    new = with_values(reading(years=range(2014, 2026)), {("a", "2020"): "121.5"})
    refusal, notes = judge(new, reading(), new_size=120, old_size=100)
    assert refusal is None
    assert notes == ["1 past value(s) revised"]


def test_a_whole_back_series_may_move_by_some_percent() -> None:
    assert verdict(reading(factor=0.959), reading()) is None


def test_nothing_in_it_is_no_data() -> None:
    blank = Reading("synthetic", None, blanks=[Blank("a", "410000", "2024", "empty")])
    assert isinstance(verdict(blank, None), NoData)
    assert isinstance(verdict(blank, reading()), NoData)


def test_a_landing_of_which_nothing_can_be_read_is_suspicious() -> None:
    fault = Fault("unreadable_figure", "value", "x", "无法识别", "unreadable", "")
    bad = Reading("synthetic", None, refused=[Refused(1, fault, {})])
    assert isinstance(verdict(bad, None), Suspicious)
    mixed = reading(years=range(2014, 2016))
    mixed.refused = [Refused(n, fault, {}) for n in range(9)]
    assert isinstance(verdict(mixed, reading(years=range(2014, 2016))), Suspicious)


def test_another_unit_or_name_is_named() -> None:
    assert isinstance(verdict(reading(unit="户"), reading()), UnitChanged)
    assert isinstance(verdict(reading(name="别的"), reading()), NameChanged)


@pytest.mark.parametrize("factor", [10_000, 0.0001, 100])
def test_values_that_change_by_a_power_of_ten_are_a_change_of_unit(factor: float) -> None:
    assert isinstance(verdict(reading(factor=factor), reading()), UnitChanged)


def test_half_of_the_values_changed_by_half_is_suspicious() -> None:
    assert isinstance(verdict(reading(factor=1.7), reading()), Suspicious)


def test_a_missing_column_is_suspicious_and_named() -> None:
    found = verdict(reading(indicators=("a",)), reading())
    assert isinstance(found, Suspicious)
    assert "b" in found.zh


def test_few_missing_cells_are_noted_and_many_are_suspicious() -> None:
    refusal, notes = judge(reading(years=range(2015, 2024)), reading(), new_size=90, old_size=100)
    assert refusal is None
    assert notes[0].startswith("2 figure(s) of last time are missing")
    assert isinstance(verdict(reading(years=range(2017, 2024)), reading()), Suspicious)


def test_a_size_that_the_rows_do_not_explain_is_suspicious() -> None:
    assert isinstance(verdict(reading(), reading(), (100_000, 20_000)), Suspicious)
    assert verdict(reading(years=range(1974, 2024)), reading(), (100_000, 20_000)) is None
    assert verdict(reading(), reading(), (5_000, 1_000)) is None


@given(st.dictionaries(st.sampled_from([str(y) for y in YEARS]),
                       st.floats(0.6, 1.45).map(lambda f: f"{f:.3f}"), max_size=10))  # fmt: skip
def test_no_mere_revision_is_refused(changes: dict[str, str]) -> None:
    """Values may move by less than half in any number; they become vintages."""
    old = reading()
    values = {
        ("a", year): str(float(factor) * (int(year) - 1900)) for year, factor in changes.items()
    }
    assert verdict(with_values(reading(), values), old) is None
