"""The head of a table: where it is, which column is which, and in which units they are."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from assets.sources.html_tables import Grid
from assets.sources.places import without_spaces
from assets.sources.table_options import TableOptions
from pipelines.source_errors import NotData, SchemaChanged, UnitChanged
from schemas.units import normalise, printed_unit

# A head stands near the top, after titles.
_SEARCHED_ROWS: Final = 60
_IN_BRACKETS: Final = re.compile(r"(.+)\(([^()]*)\)")
_UNIT_NOTE: Final = re.compile(r"(?:计量)?单位:([^()]*)")
_UNIT_WORD: Final = re.compile(r"\(?(?:计量)?单位:?\)?")
_BETWEEN_UNITS: Final = re.compile("[、,;和]")
JOIN: Final = " / "


def key(text: str) -> str:
    """What two spellings of a name have in common: half-width, no spaces."""
    return without_spaces(normalise(text))


@dataclass(frozen=True)
class Heading:
    """A column: its head as printed, the name without the unit, the unit if it is printed."""

    text: str
    name: str
    unit: str | None


@dataclass(frozen=True)
class Head:
    """The head of a table.

    Attributes:
        headings: of all columns.
        rows: of the head; they may come again on each printed page.
        first_row: index of the first row below.
        columns: head on record -> index of its column.
        units: index of a column -> unit printed in its head or in the row below.
        general: units printed for the whole table (单位：万户); empty: none.
    """

    headings: list[Heading]
    rows: Grid
    first_row: int
    columns: Mapping[str, int]
    units: Mapping[int, str]
    general: frozenset[str]

    def unit_of(self, column: int, due: str) -> str:
        """The unit that is printed for a column; the one on record where none is.

        Raises:
            UnitChanged: it is not the one on record.
        """
        printed = self.units.get(column)
        if printed is None and not self.general:
            return due
        printed_units = self.general if printed is None else {key(printed)}
        if key(due) not in printed_units:
            shown = printed or "、".join(sorted(self.general))
            raise another_unit(self.headings[column].text, due, shown)
        return printed or due


def another_unit(what: str, due: str, printed: str) -> UnitChanged:
    """The unit in the table is not the one on record."""
    return UnitChanged(
        f"“{what}”登记的计量单位为“{due}”，现为“{printed}”",
        f"{what}: the unit on record is {due}, it is now {printed}",
    )


def find_head(grid: Grid, options: TableOptions) -> Head:
    """Find the head and what is on record in it.

    Raises:
        NotData: the table is empty.
        SchemaChanged: no head; a column that is on record is not there, or twice.
    """
    if not any(any(row) for row in grid):
        raise NotData("表为空", "the table is empty")
    wanted = _wanted(options)
    known_units = {key(unit) for unit in _units(options)}
    last = min(_SEARCHED_ROWS, len(grid) - options.header_rows + 1)
    words = [key(word) for word in options.header_words]
    best: list[Heading] = []
    for start in range(last):
        headings = _headings(grid[start : start + options.header_rows], known_units)
        if words:
            is_head = all(any(word in key(cell) for cell in grid[start]) for word in words)
        else:
            is_head = all(_matches(name, headings) for name in wanted)
        if is_head:
            columns = {name: _column(name, headings) for name in wanted}
            return _with_units(grid, start, headings, columns, options, known_units)
        if len(_texts(headings)) > len(_texts(best)):
            best = headings
    if words:
        raise SchemaChanged(
            f"前{last}行中没有含“{'、'.join(options.header_words)}”的表头",
            f"none of the first {last} rows holds {', '.join(options.header_words)}",
        )
    raise _missing([name for name in wanted if not _matches(name, best)], best)


def general_units(cells: Iterable[str]) -> frozenset[str]:
    """Units of a row such as 单位：万户、亿元."""
    found = (_UNIT_NOTE.search(key(cell)) for cell in cells)
    parts = (part for match in found if match for part in _BETWEEN_UNITS.split(match[1]))
    return frozenset(part for part in parts if part)


def _wanted(options: TableOptions) -> list[str]:
    columns = options.columns.model_dump().values()
    return list(dict.fromkeys([*(name for name in columns if name), *options.values]))


def _units(options: TableOptions) -> list[str]:
    series = [*options.indicators.values(), *options.values.values()]
    constant = options.constants.unit
    return [one.unit for one in series] + ([constant] if constant else [])


def _headings(rows: Grid, known_units: set[str]) -> list[Heading]:
    width = max(map(len, rows), default=0)
    headings = []
    for column in range(width):
        parts = [row[column] for row in rows if column < len(row) and row[column]]
        # A merged cell stands in each of its rows.
        parts = [part for n, part in enumerate(parts) if n == 0 or part != parts[n - 1]]
        headings.append(_heading(JOIN.join(parts), known_units))
    return headings


def _heading(text: str, known_units: set[str]) -> Heading:
    plain = key(text)
    above, joined, last = plain.rpartition(key(JOIN))
    if joined and above and _is_unit(last, known_units):
        return Heading(text, above, last)
    if found := _IN_BRACKETS.fullmatch(plain):
        unit = _UNIT_NOTE.sub(r"\1", found[2])
        if _is_unit(unit, known_units):
            return Heading(text, found[1], unit)
    return Heading(text, plain, None)


def _is_unit(text: str, known_units: set[str]) -> bool:
    return key(text) in known_units or printed_unit(text) is not None


def _matches(name: str, headings: list[Heading]) -> list[int]:
    """Columns with that head; else those whose heads differ from it by their unit alone."""
    exact = [n for n, heading in enumerate(headings) if key(heading.text) == key(name)]
    bare = _heading(name, set()).name
    return exact or [n for n, heading in enumerate(headings) if bare and heading.name == bare]


def _column(name: str, headings: list[Heading]) -> int:
    found = _matches(name, headings)
    if not found:
        raise _missing([name], headings)
    if len(found) > 1:
        raise SchemaChanged(
            f"表头“{name}”出现{len(found)}次", f"{len(found)} columns are headed {name}"
        )
    return found[0]


def _texts(headings: list[Heading]) -> set[str]:
    return {heading.text for heading in headings if heading.text}


def _missing(names: list[str], headings: list[Heading]) -> SchemaChanged:
    there = "、".join(heading.text for heading in headings if heading.text)[:1000]
    return SchemaChanged(
        f"没有“{'、'.join(names)}”列；现有：{there}",
        f"no column {', '.join(names)}; there are: {there}",
        "Correct the columns in the record of the source",
    )


def _with_units(
    grid: Grid,
    start: int,
    headings: list[Heading],
    columns: Mapping[str, int],
    options: TableOptions,
    known_units: set[str],
) -> Head:
    first_row = start + options.header_rows
    units = {n: heading.unit for n, heading in enumerate(headings) if heading.unit}
    figures = {columns[name] for name in [*options.values, options.columns.value] if name}
    if first_row < len(grid) and _is_unit_row(grid[first_row], figures, known_units):
        row = grid[first_row]
        below = {n: row[n].strip("()（）") for n in figures if n < len(row) and row[n]}
        units, first_row = units | below, first_row + 1
    general = general_units(cell for row in grid[:start] for cell in row)
    return Head(headings, grid[start:first_row], first_row, columns, units, general)


def _is_unit_row(row: list[str], figures: set[int], known_units: set[str]) -> bool:
    """Units below the columns of figures, and nothing else in the row."""
    below = [row[n] for n in figures if n < len(row) and row[n]]
    others = [cell for n, cell in enumerate(row) if n not in figures and cell]
    return (
        bool(below)
        and all(_is_unit(key(cell).strip("()"), known_units) for cell in below)
        and all(
            _UNIT_WORD.fullmatch(key(cell)) or _is_unit(key(cell).strip("()"), known_units)
            for cell in others
        )
    )
