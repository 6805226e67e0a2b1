"""Answers of queries as files: CSV, Excel, Parquet, JSON, by the name's ending.

CSV and Excel are for people: text that a spreadsheet program would take for a formula is made
plain, numbers stay numbers, and CSV begins with a byte order mark, without which Excel garbles
Chinese. Parquet and JSON hold every value as it is.
"""

import csv
import datetime as dt
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from rich.cells import cell_len

from pipelines import clock
from pipelines.cells import FORMULA_STARTS, plain_text
from pipelines.console import json_text
from pipelines.files import whole
from pipelines.query import answer
from pipelines.tabular import text_of

if TYPE_CHECKING:
    import duckdb

# Limits of a sheet of Excel, and the widest column that is readable.
LONGEST_TEXT: Final = 32_767
MOST_ROWS: Final = 1_048_576
WIDEST: Final = 60
# Excel calculates in doubles: larger whole numbers would lose their last digits.
LARGEST_WHOLE: Final = 2**53

Rows = Sequence[Sequence[Any]]


def write_file(connection: "duckdb.DuckDBPyConnection", query: str, path: Path) -> int:
    """Write the answer of a query; gives the number of rows. The file is whole or not there.

    Args:
        path: ends in .csv, .xlsx, .parquet or .json.

    Raises:
        ValueError: another ending, no query, two columns of one name where one of them would be
            lost, or more than a sheet of Excel holds.
        duckdb.Error: the query is refused.
    """
    if path.suffix.lower() == ".parquet":
        return _write_parquet(connection, query, path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ValueError(
            f"{path.name}：文件名须以 .csv、.xlsx、.parquet 或 .json 结尾 / "
            "must end in .csv, .xlsx, .parquet or .json"
        )
    names, found = answer(connection, query)
    with whole(path) as temporary:
        writer(temporary, names, found)
    return len(found)


def records(names: Sequence[str], found: Rows) -> list[dict[str, Any]]:
    """The rows as mappings.

    Raises:
        ValueError: two columns have one name, so that one would be lost.
    """
    _refuse_twins(names)
    return [dict(zip(names, row, strict=True)) for row in found]


def write_csv(stream: TextIO, names: Sequence[str], found: Rows) -> None:
    """Write CSV: no figure is an empty cell; text that begins like a formula is made plain."""
    writer = csv.writer(stream)
    writer.writerow(plain_text(name) for name in names)
    for row in found:
        writer.writerow(_csv_cell(value) for value in row)


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    is_number = isinstance(value, int | float | Decimal)
    return text_of(value) if is_number else plain_text(text_of(value))


def write_csv_file(path: Path, names: Sequence[str], found: Rows) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        write_csv(stream, names, found)


def _write_json(path: Path, names: Sequence[str], found: Rows) -> None:
    path.write_text(json_text(records(names, found)) + "\n", encoding="utf-8")


def _write_parquet(connection: "duckdb.DuckDBPyConnection", query: str, path: Path) -> int:
    relation = connection.sql(query) if connection.extract_statements(query) else None
    if relation is None:
        raise ValueError("没有查询语句 / no query")
    _refuse_twins(relation.columns)
    frame = relation.pl()
    with whole(path) as temporary:
        frame.write_parquet(temporary)
    return int(frame.height)


def _refuse_twins(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise ValueError(f"列名重复，请用 AS 区分 / two columns of one name, use AS: {names}")


def write_workbook(
    path: Path, names: Sequence[str], found: Rows, created: dt.datetime | None = None
) -> None:
    """One sheet. XlsxWriter never makes a formula of a text, and its quote prefix keeps Excel from
    making one when somebody edits the cell.

    Args:
        created: moment that the file says it is from, by default this one.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    if len(found) >= MOST_ROWS:
        raise ValueError(
            f"{len(found)} 行，Excel 放不下，请用 .csv 或 .parquet / "
            "more rows than a sheet of Excel holds: use .csv or .parquet"
        )
    book = xlsxwriter.Workbook(path)
    book.set_properties({"author": "duibiao", "created": created or clock.now()})
    sheet = book.add_worksheet("data")
    looks = {
        "head": book.add_format({"bold": True, "bottom": 1, "quote_prefix": True}),
        "quoted": book.add_format({"quote_prefix": True}),
        "day": book.add_format({"num_format": "yyyy-mm-dd"}),
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    for place, name in enumerate(names):
        sheet.write_string(0, place, name, looks["head"])
        shown = [name, *(text_of(row[place]) for row in found)]
        sheet.set_column(place, place, min(WIDEST, 2 + max(map(cell_len, shown))))
    for number, row in enumerate(found, 1):
        for place, value in enumerate(row):
            _write_cell(sheet, number, place, value, looks)
    sheet.freeze_panes(1, 0)
    if names:
        sheet.autofilter(0, 0, max(1, len(found)), len(names) - 1)
    book.close()


def _write_cell(sheet: Any, row: int, place: int, value: Any, looks: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif _fits_a_double(value):
        sheet.write_number(row, place, value)
    elif isinstance(value, dt.datetime) and value.tzinfo is None and value.year >= 1900:
        sheet.write_datetime(row, place, value, looks["moment"])
    elif isinstance(value, dt.date) and not isinstance(value, dt.datetime) and value.year >= 1900:
        sheet.write_datetime(row, place, value, looks["day"])
    else:
        text = text_of(value)
        if len(text) > LONGEST_TEXT:
            raise ValueError(
                f"第{row}行有 {len(text)} 字的单元格，Excel 放不下，请用 .csv 或 .parquet / "
                f"a cell of row {row} is longer than Excel allows: use .csv or .parquet"
            )
        look = looks["quoted"] if text.startswith(FORMULA_STARTS) else None
        sheet.write_string(row, place, text, look)


def _fits_a_double(value: Any) -> bool:
    """Numbers that Excel holds as they are: finite, and whole ones up to 2^53."""
    if isinstance(value, float | Decimal):
        return math.isfinite(value)
    return isinstance(value, int) and abs(value) <= LARGEST_WHOLE


WRITERS: Final[dict[str, Callable[[Path, Sequence[str], Rows], None]]] = {
    ".csv": write_csv_file,
    ".xlsx": write_workbook,
    ".json": _write_json,
}
