"""Tables by province in an article: columns found by the words of their heads, rows by place.

Where a column stands, how many rows its head has and how the place names are spaced may change
from month to month; what the head says and the unit may not.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import Field, Strict

from assets.sources.cells import NOT_PUBLISHED, NUMBER, unreadable
from assets.sources.html_tables import Grid, Page
from assets.sources.places import CHINA, place_code, without_spaces
from pipelines.faults import Fault
from pipelines.readers import Blank, Cell, Column, Reading, Refused
from pipelines.source_errors import NoData, SchemaChanged, UnitChanged
from schemas.record_types import Record, Slug
from schemas.units import normalise, printed_unit

HENAN: Final = "410000"
_BRACKETS: Final = re.compile(r"[(（]([^()（）]*)[)）]")
_UNIT_LINE: Final = re.compile(r"单\s*位\s*[:：]\s*([^()（）\s]+)")
_DASHES: Final = frozenset("-‐‑‒–—―─－−./…·")
_FOOT: Final = ("注", "说明", "资料来源", "数据来源")
# Full-width forms alone: NFKC would make a digit of a footnote mark (4404.0①).
_HALF_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
# No publisher's place name is longer; keeps prose in merged cells from being looked up.
_LONGEST_NAME: Final = 20
# 北京市, 天津市, 上海市 and 重庆市 also stand in tables of cities.
_NATION_AND_CITIES: Final = 5

Words = Annotated[tuple[str, ...], Strict(False)]


class ProvinceColumn(Record):
    """A column of figures, and the indicator of the register that it feeds."""

    indicator: Slug
    words: Annotated[Words, Field(min_length=1)]
    """表头中须有的词 / words that its head has, merged rows above included, spaces left out"""
    without: Words = ()
    """表头中不得有的词 / words that its head has not"""
    units: Annotated[Words, Field(min_length=1)]
    """可接受的计量单位 / units in which it may be printed"""
    required: bool = True


@dataclass(frozen=True)
class Meaning:
    """What the figures of an article are of, apart from their column."""

    title: str
    published_on: dt.date | None
    period: str
    period_type: str


@dataclass(frozen=True)
class _Table:
    """A table of which the rows are places; `first` is the first row with one."""

    grid: Grid
    labels: int
    first: int
    offset: int

    def head_of(self, column: int) -> str:
        """The head as printed: merged rows from above, each text once."""
        texts = [self.grid[row][column] for row in range(self.first) if not self._is_band(row)]
        return " / ".join(dict.fromkeys(text for text in texts if text))

    def bands(self) -> list[str]:
        """Texts above the places that run over the whole table: its title, its unit."""
        return [" ".join(self.grid[row]) for row in range(self.first) if self._is_band(row)]

    def _is_band(self, row: int) -> bool:
        texts = [text for text in self.grid[row] if text]
        if len(set(texts)) != 1:
            return False
        return len(texts) == len(self.grid[row]) > 1 or _UNIT_LINE.search(texts[0]) is not None

    def place(self, row: int, column: int) -> int:
        """Number of a cell, from 1, no two cells of a page alike."""
        return self.offset + row * len(self.grid[0]) + column + 1


@dataclass(frozen=True)
class _Series:
    """A column that was found."""

    rule: ProvinceColumn
    table: _Table
    column: int
    head: str
    unit: str


@dataclass
class _Reader:
    """One article being read."""

    meaning: Meaning
    provinces: Mapping[str, str]
    other_rows: frozenset[str]
    reading: Reading
    note: str | None
    seen: set[tuple[str, str]] = field(default_factory=set)
    codes: dict[str, str | None] = field(default_factory=dict)

    def code(self, text: str) -> str | None:
        """The place of a label; each text is looked up once."""
        if text not in self.codes:
            self.codes[text] = _code(text, self.provinces)
        return self.codes[text]

    def is_other(self, text: str) -> bool:
        """A row on record that is no place: a group of provinces."""
        return len(text) <= _LONGEST_NAME and without_spaces(text) in self.other_rows


def is_by_province(page: Page, provinces: Mapping[str, str]) -> bool:
    """The tables of the page name Henan, or more places than the nation and its four cities."""
    texts = {text for grid in page.tables for line in grid for text in line}
    codes = {_code(text, provinces) for text in texts} - {None}
    return HENAN in codes or len(codes) > _NATION_AND_CITIES


def _code(text: str, provinces: Mapping[str, str]) -> str | None:
    if not text or len(text) > _LONGEST_NAME or text[0].isascii():
        return None
    return place_code(text, provinces)


def read_provinces(
    page: Page,
    columns: tuple[ProvinceColumn, ...],
    meaning: Meaning,
    provinces: Mapping[str, str],
    other_rows: tuple[str, ...] = (),
) -> Reading:
    """All figures by province of an article.

    Args:
        provinces: code -> long form, of the nation and the provinces.
        other_rows: labels of rows that are left out: groups of provinces.

    Raises:
        NoData: the article has no table by province.
        SchemaChanged: a required column, or the row of Henan, is not to be found, or not one alone.
        UnitChanged: the unit is none of those on record.
    """
    notes = list(page.notes)
    changed = [note for note in notes if "口径" in note]
    reading = Reading(meaning.title, meaning.published_on, notes=notes)
    reader = _Reader(
        meaning,
        provinces,
        frozenset(map(without_spaces, other_rows)),
        reading,
        "；".join(changed) or None,
    )
    tables = list(_tables(page, reader))
    if not tables:
        raise NoData(
            f"“{meaning.title}”没有分省表格", f"{meaning.title!r} has no table by province",
            "The figures may stand in its prose or in a picture; they are not read from there",
        )  # fmt: skip
    series = [found for rule in columns for found in _series(rule, tables, page)]
    if not series:
        raise _not_found(columns[0], tables)
    for found in series:
        reading.columns[found.rule.indicator] = Column(found.head, found.unit)
    for table in tables:
        _read_rows(table, [s for s in series if s.table is table], reader)
    for found in series:
        if (found.rule.indicator, HENAN) not in reader.seen:
            raise SchemaChanged(
                f"“{found.head}”没有河南一行", f"{found.head!r} has no row of Henan"
            )
    _note_missing(reader)
    return reading


def _tables(page: Page, reader: _Reader) -> Iterator[_Table]:
    """Tables of which most rows are provinces: not the one of cities, where only four are."""
    offset = 0
    for grid in page.tables:
        table = _table_of(grid, reader, offset)
        if table is not None:
            yield table
        offset += len(grid) * len(grid[0])


def _table_of(grid: Grid, reader: _Reader, offset: int) -> _Table | None:
    places = [{reader.code(text) for text in column} - {None} for column in zip(*grid, strict=True)]
    labels = max(range(len(places)), key=lambda column: len(places[column]))
    if not places[labels] - {CHINA}:
        return None
    rows = [row for row, line in enumerate(grid) if reader.code(line[labels])]
    first = next(r for r, line in enumerate(grid) if r == rows[0] or reader.is_other(line[labels]))
    named = [line[labels] for line in grid if line[labels] and not reader.is_other(line[labels])]
    if 2 * len(rows) < len(named):
        return None
    if any(places[column] - places[labels] for column in range(labels + 1, len(places))):
        raise SchemaChanged(
            "表格改为并排多栏，地区不在同一列",
            "the table has provinces in several columns, side by side",
        )
    return _Table(grid, labels, first, offset)


def _series(rule: ProvinceColumn, tables: list[_Table], page: Page) -> list[_Series]:
    """The column that fits the rule; none where it is missing and not required."""
    fitting = [
        (table, column, table.head_of(column))
        for table in tables
        for column in range(table.labels + 1, len(table.grid[0]))
        if _fits(rule, table.head_of(column))
    ]
    if not fitting and rule.required:
        raise _not_found(rule, tables)
    if len(fitting) > 1:
        heads = "、".join(head for _, _, head in fitting)
        raise SchemaChanged(
            f"{rule.indicator} 有多个相符的列：{heads}",
            f"several columns fit {rule.indicator}: {heads}",
        )
    return [_Series(rule, t, c, head, _unit_of(rule, t, head, page)) for t, c, head in fitting]


def _fits(rule: ProvinceColumn, head: str) -> bool:
    plain = without_spaces(normalise(head))
    return all(word in plain for word in rule.words) and not any(w in plain for w in rule.without)


def _not_found(rule: ProvinceColumn, tables: list[_Table]) -> SchemaChanged:
    heads = [t.head_of(c) for t in tables for c in range(len(t.grid[0]))]
    shown = "、".join(dict.fromkeys(head for head in heads if head))[:300]
    return SchemaChanged(
        f"找不到 {rule.indicator} 一列（{'、'.join(rule.words)}）；表头：{shown}",
        f"no column fits {rule.indicator} ({', '.join(rule.words)}); heads: {shown}",
        "Correct `words` and `without` of the column in data/sources/",
    )


def _unit_of(rule: ProvinceColumn, table: _Table, head: str, page: Page) -> str:
    """The unit as served: of the column's head, else of the table, else of the page.

    Raises:
        UnitChanged: it is none of those on record.
        SchemaChanged: there is none, or the table's are several.
    """
    accepted = [without_spaces(unit) for unit in rule.units]
    in_table = [unit for text in table.bands() for unit in _UNIT_LINE.findall(text)]
    for candidates in (_units_in(head, accepted), in_table, _UNIT_LINE.findall(page.text)):
        units = list(dict.fromkeys(map(without_spaces, candidates)))
        if len(units) == 1 and units[0] in accepted:
            return units[0]
        if units:
            shown = "、".join(units)
            raise UnitChanged(
                f"{rule.indicator} 的计量单位为“{shown}”，登记的是“{'、'.join(rule.units)}”",
                f"the unit of {rule.indicator} is {shown}, on record {', '.join(rule.units)}",
            )
    raise SchemaChanged(
        f"{rule.indicator} 没有写明计量单位", f"the unit of {rule.indicator} is nowhere printed"
    )


def _units_in(head: str, accepted: list[str]) -> list[str]:
    """Units in brackets, or words of their own, or at the end of the head."""
    words = [*_BRACKETS.findall(head), *_BRACKETS.sub(" ", head).replace("/ ", " ").split()]
    units = [word for word in map(without_spaces, words) if word and printed_unit(word)]
    return units or [unit for unit in accepted if without_spaces(head).endswith(unit)]


def _read_rows(table: _Table, series: list[_Series], reader: _Reader) -> None:
    left_out = []
    own_head = {line[table.labels] for line in table.grid[: table.first]}
    for row in range(table.first, len(table.grid)):
        line = table.grid[row]
        label = line[table.labels]
        if code := reader.code(label):
            for found in series:
                _read_cell(found, row, code, reader)
        elif reader.is_other(label):
            left_out.append(without_spaces(label))
        elif _is_figures(line, label, series) and label not in own_head - {""}:
            reader.reading.refused.append(
                Refused(
                    table.place(row, table.labels),
                    Fault("unknown_region", "地区", label, "不认识的地区名", "not a known province",
                          "Add it to other_rows of the source if it is a group of provinces"),
                    {"地区": label} | {found.head: line[found.column] for found in series},
                )
            )  # fmt: skip
    if left_out:
        reader.reading.notes.append(f"合计行不收 / rows left out: {'、'.join(left_out)}")


def _is_figures(line: list[str], label: str, series: list[_Series]) -> bool:
    """The row has something in the columns in question, and is no note that runs over them."""
    if label.startswith(_FOOT):
        return False
    return any(line[found.column] not in ("", label) for found in series)


def _read_cell(found: _Series, row: int, code: str, reader: _Reader) -> None:
    reading, meaning = reader.reading, reader.meaning
    text = found.table.grid[row][found.column]
    indicator, place = found.rule.indicator, found.table.place(row, found.column)
    label = found.table.grid[row][found.table.labels]
    raw = {"地区": label, "表头": found.head, "数值": text, "单位": found.unit}
    if (indicator, code) in reader.seen:
        reading.refused.append(
            Refused(
                place,
                Fault("duplicate_region", "地区", label, "同一地区出现两次",
                      "the place comes twice", "See which of the rows is meant"),
                raw,
            )
        )  # fmt: skip
        return
    reader.seen.add((indicator, code))
    if not text or text in NOT_PUBLISHED or set(text) <= _DASHES:
        reason = "not_published" if text else "empty"
        reading.blanks.append(Blank(indicator, code, meaning.period, reason))
    elif not NUMBER.fullmatch(text.translate(_HALF_WIDTH)):
        reading.refused.append(Refused(place, unreadable("数值", text, found.unit), raw))
    else:
        reading.cells.append(
            Cell(
                place, indicator, code, meaning.period, meaning.period_type, text, found.unit, raw,
                note=reader.note,
            )
        )  # fmt: skip


def _note_missing(reader: _Reader) -> None:
    there = {code for _, code in reader.seen}
    missing = [name for code, name in reader.provinces.items() if code not in there]
    if missing:
        reader.reading.notes.append(
            f"缺 {len(missing)} 个地区 / places not in the table: {'、'.join(missing)}"
        )
