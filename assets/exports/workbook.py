"""An Excel copy for people: `xlsx/duibiao.xlsx`.

Written by XlsxWriter rather than openpyxl: its files carry no time of writing, so that the same
build always gives the same bytes, and `write_string` never makes a formula of a text.
Text that begins like a formula also gets Excel's quote prefix, so that it stays text when
somebody edits the cell. Numbers stay numbers.
"""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unicodedata import east_asian_width

from assets.exports.content import DESCRIPTION, TITLE, Content
from assets.exports.sheets import Column, Sheet, about, read_sheets
from pipelines.cells import FORMULA_STARTS

if TYPE_CHECKING:
    import duckdb

FOLDER: Final = "xlsx"
FILE: Final = "duibiao.xlsx"
LONGEST_TEXT: Final = 32767  # of a cell, in Excel
NARROWEST, WIDEST = 9, 48  # columns, in characters
READABLE: Final = 200  # characters across a printed page
ABOUT_WIDTH: Final = 60

_HEAD: Final = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F4E79", "border": 1,
                "border_color": "#BFBFBF", "text_wrap": True, "valign": "vcenter"}  # fmt: skip
_SECOND_HEAD: Final = {**_HEAD, "bold": False, "italic": True, "bg_color": "#44729C"}
_FORMATS: Final[dict[str, dict[str, Any]]] = {
    "head": _HEAD,
    "second_head": _SECOND_HEAD,
    "text": {},
    "quoted": {"quote_prefix": True},
    "whole": {"num_format": "#,##0_)"},
    "number": {"num_format": "#,##0.00##_)"},
    "share": {"num_format": "0.0_)"},
    "share_near_100": {"num_format": "0.0#####_)"},
    "year": {"num_format": "0", "align": "center"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "label": {"bold": True, "valign": "top"},
}


def write_workbook(
    connection: "duckdb.DuckDBPyConnection", content: Content, folder: Path
) -> list[Path]:
    """Write the workbook: headline, missed, revised, observations, targets, dictionary, about."""
    import xlsxwriter  # type: ignore[import-untyped]

    (folder / FOLDER).mkdir()
    path = folder / FOLDER / FILE
    created: dt.datetime = content.build["created_at"]
    book = xlsxwriter.Workbook(path)
    book.set_properties({
        "title": f"{TITLE.zh} / {TITLE.en}", "subject": DESCRIPTION.zh, "author": "duibiao",
        "comments": content.citation.zh, "created": created,
    })  # fmt: skip
    formats = {name: book.add_format(look) for name, look in _FORMATS.items()}
    for sheet in read_sheets(connection, content):
        _write_sheet(book.add_worksheet(sheet.name), sheet, formats)
    _write_about(book.add_worksheet("说明 about"), content, formats)
    book.close()
    return [path]


def _write_sheet(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    for place, column in enumerate(sheet.columns):
        page.write_string(0, place, column.zh, formats["head"])
        page.write_string(1, place, column.en, formats["second_head"])
        page.set_column(place, place, _width(sheet, column))
    for number, row in enumerate(sheet.rows, start=2):
        for place, column in enumerate(sheet.columns):
            _write_cell(page, number, place, column, row[column.key], formats)
    page.set_row(0, 32)
    page.set_row(1, 32)
    page.freeze_panes(2, 1)
    page.autofilter(1, 0, max(1, len(sheet.rows) + 1), len(sheet.columns) - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    width = sum(_width(sheet, column) for column in sheet.columns)
    page.fit_to_pages(-(-width // READABLE), 0)
    page.repeat_rows(0, 1)
    page.repeat_columns(0)
    page.set_footer("&C&P / &N")


def _write_cell(
    page: Any, number: int, place: int, column: Column, value: Any, formats: dict[str, Any]
) -> None:
    if value is None:
        return
    if column.kind == "text":
        text = str(value)[:LONGEST_TEXT]
        look = "quoted" if text.startswith(FORMULA_STARTS) else "text"
        page.write_string(number, place, text, formats[look])
    elif column.kind == "day":
        page.write_datetime(number, place, value, formats["day"])
    else:
        page.write_number(number, place, value, formats[_number_look(column, value)])


def _number_look(column: Column, value: float) -> str:
    if column.kind == "number":
        return "whole" if float(value).is_integer() else "number"
    if column.kind == "share" and value < 100 and round(value, 1) >= 100:
        return "share_near_100"  # 99.97 % is not shown as 100.0 %
    return column.kind


def _width(sheet: Sheet, column: Column) -> int:
    """Wide enough for most of what stands in the column, within limits."""
    if column.kind == "number":
        texts = [f"{row[column.key]:,.2f}" for row in sheet.rows if row[column.key] is not None]
    elif column.kind == "text":
        texts = [str(row[column.key]) for row in sheet.rows if row[column.key] is not None]
    else:
        texts = ["2026-11-22"]
    longest = max((_columns(text) for text in [*texts, column.zh]), default=0)
    return max(NARROWEST, min(WIDEST, longest + 2))


def _columns(text: str) -> int:
    """Width on the screen: a Chinese character takes two columns."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _write_about(page: Any, content: Content, formats: dict[str, Any]) -> None:
    page.set_column(0, 0, 18)
    page.set_column(1, 2, ABOUT_WIDTH)
    for number, (what, zh, en) in enumerate(about(content)):
        lines = max(-(-_columns(text) // (ABOUT_WIDTH - 4)) for text in (zh, en))
        page.set_row(number, 4 + 15 * lines)
        page.write_string(number, 0, what, formats["label"])
        page.write_string(number, 1, zh, formats["wrapped"])
        page.write_string(number, 2, en, formats["wrapped"])
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
