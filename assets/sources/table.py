"""Any table that a record in data/sources/ describes: a CSV, a workbook, a table of a web page.

A table from the network is one part, `table`, of which a dropped file is the newest state; files of
a source without address are parts by their names. Each cell of a column of figures is a figure, a
blank or a refusal; a column, unit or head that is not as on record stops the use of the file.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from assets.sources.cells import NOT_PUBLISHED, NUMBER, unreadable
from assets.sources.delimited import is_formula, rows_of, text_of
from assets.sources.dropped_names import part_of
from assets.sources.html_tables import Grid, page_of
from assets.sources.places import place_code
from assets.sources.printed_periods import period_of
from assets.sources.repeats import refuse_repeats
from assets.sources.sheets import kind_of, sheets_of
from assets.sources.table_head import Head, another_unit, find_head, general_units, key
from assets.sources.table_options import Series, TableOptions
from pipelines.charset import decode
from pipelines.dates import PeriodError, parse_published, period_bounds
from pipelines.faults import Fault, RowFault
from pipelines.readers import (
    Blank,
    Cell,
    Column,
    Document,
    PartFailed,
    Reading,
    Refused,
    Scope,
    Unchanged,
)
from pipelines.source_errors import NotData, SchemaChanged
from schemas.source_records import LiveSource
from schemas.units import normalise

if TYPE_CHECKING:
    from pipelines.http import Web

OPTIONS = TableOptions
PART: Final = "table"
SUFFIXES: Final = {"xlsx": ".xlsx", "xls": ".xls", "html": ".html", "text": ".csv"}
MISSING: Final = NOT_PUBLISHED | {"", "–", "----", "……", "N/A", "n/a", "x", "X", "NULL"}
_DELIMITERS: Final = {"tab": "\t"}
_LONGEST_FIGURE: Final = 40
_CODE: Final = re.compile("[1-9][0-9]{5}")
# 单位从业人员 is an indicator, 单位：万户 is none: what follows the word decides.
_NOTE: Final = re.compile(
    r"[(（]?(?:附?注[0-9一二三]?[:：、.．]|(?:备注|说明|(?:资料|数据)来源)(?:[:：\s]|$)|(?:计量)?单位[:：])"
)
_NUMBERED: Final = re.compile(r"^[0-9一二三四五六七八九十]{1,2}[.．、)）]\s*[^0-9]")


def fetch(
    source: LiveSource, options: TableOptions, web: "Web", scope: Scope
) -> Iterator[Document | PartFailed | Unchanged]:
    """Ask for the file, if it has changed.

    Raises:
        SourceError: see `pipelines.http.Web`.
    """
    if options.path is None:
        return
    answer = web.get(options.path, seen=scope.seen.get(PART))
    if answer.not_modified:
        yield Unchanged(PART)
        return
    yield Document(
        part=PART,
        body=answer.body,
        url=answer.url,
        suffix=SUFFIXES[kind_of(answer.body)],
        etag=answer.etag,
        last_modified=answer.last_modified,
        context={"charset": answer.charset} if answer.charset else {},
    )


def dropped(source: LiveSource, options: TableOptions, name: str, body: bytes) -> list[Document]:
    """The same part as the network gives, whatever it is called; without one, a part by its name.

    Raises:
        NotData: the file is empty.
    """
    if not body.strip():
        raise NotData(f"{name} 是空文件", f"{name} is empty")
    part = PART if options.path else part_of(name)
    return [Document(part, body, name, SUFFIXES[kind_of(body)], context={"file": name})]


def read(source: LiveSource, options: TableOptions, document: Document, scope: Scope) -> Reading:
    """Figures, blanks and refusals of the table.

    Raises:
        NotData: the bytes are no table of the kind on record.
        TooLarge: more cells than a table has.
        SchemaChanged: no head, a column that is not there or twice, no such sheet or table.
        UnitChanged: a unit other than the one on record.
    """
    grid, notes = _grid(options, document)
    head = find_head(grid, options)
    reading = Reading(title=source.title.zh, published_on=None, notes=notes)
    _Table(options, scope, head, reading).take(grid)
    refuse_repeats(reading)
    return reading


def _grid(options: TableOptions, document: Document) -> tuple[Grid, list[str]]:
    body, kind = document.body, kind_of(document.body)
    fitting = {"csv": ("text",), "xlsx": ("xlsx", "xls", "html"), "html": ("html",)}
    if options.format != "auto" and kind not in fitting[options.format]:
        raise NotData(
            f"登记的格式为 {options.format}，文件内容为 {kind}",
            f"{options.format} is on record, the file is {kind}",
        )
    declared = options.encoding or document.context.get("charset")
    if kind == "text":
        return rows_of(
            text_of(body, declared), _DELIMITERS.get(options.delimiter, options.delimiter)
        ), []
    if kind == "html":
        page = page_of(decode(body, declared))
        return _numbered(page.tables, options.table), page.notes
    sheets = sheets_of(body)
    if isinstance(options.sheet, int):
        return _numbered([sheet.rows for sheet in sheets], options.sheet), []
    for sheet in sheets:
        if key(sheet.name) == key(options.sheet):
            return sheet.rows, []
    names = "、".join(sheet.name for sheet in sheets)
    raise SchemaChanged(
        f"没有工作表“{options.sheet}”；现有：{names}",
        f"no sheet {options.sheet}; there are: {names}",
    )


def _numbered(grids: list[Grid], number: int) -> Grid:
    if number > len(grids):
        raise SchemaChanged(
            f"要第{number}个表，只有{len(grids)}个",
            f"table {number} is wanted, there are {len(grids)}",
        )
    return grids[number - 1]


@dataclass
class _Table:
    """A table while it is read."""

    options: TableOptions
    scope: Scope
    head: Head
    reading: Reading
    known: dict[str, Series] = field(init=False)
    regions: dict[str, str] = field(init=False)
    missing: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.known = {key(name): series for name, series in self.options.indicators.items()}
        self.regions = {key(name): code for name, code in self.options.regions.items()}
        self.missing = MISSING | set(self.options.missing)

    def take(self, grid: Grid) -> None:
        """Read all rows below the head."""
        width = max(map(len, grid))
        skipped = [re.compile(pattern) for pattern in self.options.skip_rows]
        columns = self.options.columns
        keys = [columns.indicator, columns.region, columns.period]
        at = [self.head.columns[name] for name in keys if name]

        def named(row: list[str]) -> list[str]:
            return [row[column] for column in at if column < len(row)]

        take_row = self._take_wide if self.options.layout == "wide" else self._take_long
        units = self._unit_columns()
        is_note = False
        for number, row in enumerate(grid[self.head.first_row :], start=self.head.first_row):
            first = next((cell for cell in row if cell), "")
            is_alone = len({cell for cell in row if cell}) == 1
            is_note = _NOTE.match(first) is not None or (
                is_note and is_alone and _NUMBERED.match(first) is not None
            )
            if not first or row in self.head.rows:
                continue
            if is_note:
                self._check_general(row)
                self.reading.notes.append(" ".join(dict.fromkeys(cell for cell in row if cell)))
            elif any(p.fullmatch(key(name)) for p in skipped for name in [first, *named(row)]):
                continue
            elif len(row) != len(self.head.headings):
                fault = _ragged(len(row), len(self.head.headings))
                place = number + 1 if self.options.layout == "long" else number * width + 1
                self._refuse(place, row, number, fault)
            else:
                take_row(number, row, width, units)

    def _unit_columns(self) -> dict[str, str]:
        """Unit of each series as printed, by its name; all heads are checked before any row."""
        units = {}
        for name, series in self.options.values.items():
            column = self.head.columns[name]
            units[name] = self.head.unit_of(column, series.unit)
            self._column(series, self.head.headings[column].text, units[name])
        value = self.options.columns.value
        constants = self.options.constants
        if value and constants.indicator and constants.unit:
            column = self.head.columns[value]
            units[value] = self.head.unit_of(column, constants.unit)
            constant = Series(indicator=constants.indicator, unit=constants.unit)
            self._column(constant, self.head.headings[column].text, units[value])
        return units

    def _column(self, series: Series, name: str, unit: str) -> None:
        self.reading.columns.setdefault(series.indicator, Column(name, unit))

    def _check_general(self, row: list[str]) -> None:
        """A unit that is printed for the whole table below it counts as one above it."""
        units = general_units(row)
        due = [one.unit for one in self.options.values.values()] + [
            one.unit for one in self.options.indicators.values()
        ]
        due += [self.options.constants.unit] if self.options.constants.unit else []
        for unit in due:
            if units and key(unit) not in units:
                raise another_unit(row[0], unit, "、".join(sorted(units)))

    # --- rows ---

    def _take_long(self, number: int, row: list[str], width: int, units: Mapping[str, str]) -> None:
        columns = self.options.columns
        try:
            self._check_formulas(row)
            series, unit = self._series(row, units)
            cell = self._cell(number, number + 1, row, series, unit, self._at(row, columns.value))
        except RowFault as broken:
            self._refuse(number + 1, row, number, broken.fault)
        else:
            self._sort_in(cell)

    def _take_wide(self, number: int, row: list[str], width: int, units: Mapping[str, str]) -> None:
        for name, series in self.options.values.items():
            column = self.head.columns[name]
            place = number * width + column + 1
            try:
                self._check_formulas(row, column)
                period = series.period
                cell = self._cell(number, place, row, series, units[name], row[column], period)
            except RowFault as broken:
                self._refuse(place, row, number, broken.fault)
            else:
                self._sort_in(cell)

    def _sort_in(self, found: Cell | Blank) -> None:
        if isinstance(found, Blank):
            self.reading.blanks.append(found)
        else:
            self.reading.cells.append(found)

    def _cell(
        self,
        number: int,
        place: int,
        row: list[str],
        series: Series,
        unit: str,
        text: str,
        period_text: str | None = None,
    ) -> Cell | Blank:
        """One cell of a column of figures. Raises RowFault."""
        columns, constants = self.options.columns, self.options.constants
        region = self._region(constants.region or self._at(row, columns.region))
        printed = period_text or constants.period or self._at(row, columns.period)
        period, period_type = self._period(printed)
        begins, ends = period_bounds(period, period_type)
        if text in self.missing:
            reason = "not_published" if text else "empty"
            if ends > self.scope.today:
                reason = "future"
            return Blank(series.indicator, region, period, reason)
        if begins > self.scope.today:
            raise RowFault(
                Fault("impossible_period", "period", printed, "时期尚未开始",
                      "the period has not begun", "A forecast or target is no observation")
            )  # fmt: skip
        plain = normalise(text)
        is_percent = plain.endswith("%") and key(series.unit) == "%"
        number_text = plain.removesuffix("%").strip() if is_percent else plain
        if not NUMBER.fullmatch(number_text) or len(number_text) > _LONGEST_FIGURE:
            raise RowFault(unreadable("value", text[:200], series.unit))
        return Cell(
            place=place,
            indicator_id=series.indicator,
            region_code=region,
            period=period,
            period_type=period_type,
            value_printed=text,
            unit_printed=None if is_percent else unit,
            raw=self._raw(number, row),
            published_on=self._day(self._at(row, columns.published_on)),
            note=self._at(row, columns.note) or None,
        )

    def _series(self, row: list[str], units: Mapping[str, str]) -> tuple[Series, str]:
        """What the row is about, and its unit as printed. Raises RowFault, UnitChanged."""
        columns, constants = self.options.columns, self.options.constants
        assert columns.value is not None
        head = self.head.columns[columns.value]
        if constants.indicator and constants.unit:
            name = columns.value
            series = Series(indicator=constants.indicator, unit=constants.unit)
        else:
            name = self._at(row, columns.indicator)
            found = self.known.get(key(name))
            if found is None:
                raise RowFault(
                    Fault("unknown_indicator", "indicator", name, "未登记的指标名",
                          "a name that is not on record",
                          "Add it to `indicators` in the record of the source, or to skip_rows")
                )  # fmt: skip
            series = found
        printed = self._at(row, columns.unit)
        if printed and key(printed) != key(series.unit):
            raise another_unit(name, series.unit, printed)
        unit = printed or units.get(name) or self.head.unit_of(head, series.unit)
        if columns.indicator:
            self._column(series, name, unit)
        return series, unit

    def _region(self, text: str) -> str:
        code = self.regions.get(key(text)) or place_code(text, self.scope.provinces)
        if code is None and _CODE.fullmatch(key(text)):
            code = key(text)
        if code is None:
            raise RowFault(
                Fault("unknown_region", "region", text, "不认识的地区名", "not a known region",
                      "Add it to `regions` in the record of the source, or to skip_rows")
            )  # fmt: skip
        return code

    def _period(self, text: str) -> tuple[str, str]:
        try:
            return period_of(text, self.options.period_type)
        except PeriodError as error:
            raise RowFault(
                Fault("impossible_period", "period", text, "不是时期，或没有这一时期", str(error),
                      "Write 2020, 2020年3月, 2020Q1 or 2020-07-29, or set period_type")
            ) from error  # fmt: skip

    def _day(self, text: str) -> dt.date | None:
        if text in self.missing:
            return None
        try:
            return parse_published(period_of(text, None)[0], None)[0]
        except PeriodError as error:
            raise RowFault(
                Fault("impossible_date", "published_on", text, "不是日期，或没有这一天",
                      str(error), "Write the day as 2020-07-31")
            ) from error  # fmt: skip

    def _check_formulas(self, row: list[str], column: int | None = None) -> None:
        """Raises RowFault where a spreadsheet would run a cell that is read."""
        figures = {self.head.columns[name] for name in self.options.values}
        for at in self.head.columns.values():
            text = row[at]
            is_read = at == column or at not in figures
            if is_read and text not in self.missing and is_formula(text):
                name = self.head.headings[at].text
                raise RowFault(
                    Fault("formula_cell", name, text[:200], "单元格是公式",
                          "the cell is a formula", "Save the file with values alone")
                )  # fmt: skip

    def _at(self, row: list[str], name: str | None) -> str:
        return row[self.head.columns[name]] if name else ""

    def _raw(self, number: int, row: list[str]) -> dict[str, str | None]:
        """The whole row by its heads; a head that comes again has its number of column."""
        raw: dict[str, str | None] = {"row": str(number + 1)}
        for at, text in enumerate(row):
            headings = self.head.headings
            name = headings[at].text if at < len(headings) else ""
            if text or name:
                raw[name if name and name not in raw else f"{name}[{at + 1}]"] = text
        return raw

    def _refuse(self, place: int, row: list[str], number: int, fault: Fault) -> None:
        self.reading.refused.append(Refused(place, fault, self._raw(number, row)))


def _ragged(cells: int, columns: int) -> Fault:
    return Fault("ragged_row", None, None, f"有{cells}格，表头有{columns}格",
                 f"{cells} cells under {columns} heads",
                 "A comma in a cell must be quoted; see whether the file is whole")  # fmt: skip
