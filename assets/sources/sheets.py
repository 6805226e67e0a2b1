"""Workbooks, .xlsx and .xls, as sheets of text; looked over before a parser opens them.

Figures are what the file stores, which may have more digits than Excel shows; a cell formatted as
12.3% holds 0.123. Error values (#N/A, #DIV/0!) are empty cells. A formula counts by the value that
was stored with it.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final, TypeVar

import python_calamine as calamine

from assets.sources.archive import Limits, check_archive
from assets.sources.html_tables import Grid, page_of
from pipelines.charset import decode
from pipelines.source_errors import NotData, TooLarge

MAX_CELLS: Final = 1_000_000
MAX_SHEETS: Final = 200
# A short text that a million cells point at is copied a million times.
MAX_TEXT: Final = 200_000_000
LIMITS: Final = Limits(
    packed=50_000_000,
    unpacked=200_000_000,
    entries=2000,
    remedy="Open it in Excel or LibreOffice and save it as .xlsx with the table alone, or as CSV",
)

ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,1000}<\s{0,10}(?:!doctype|!--|\?xml|[a-z][a-z0-9:]*[\s>/])", re.I
)
_UTF16: Final = (b"\xff\xfe<\x00", b"\xfe\xff\x00<")

_PREFIX: Final = rb"(?:[\w.-]{1,40}:)?"
_AT: Final = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]*)([0-9]+)[\"']")
_ROW_TAG: Final = re.compile(rb"<" + _PREFIX + rb"row[\s/>]")
_CELL_TAG: Final = re.compile(rb"<" + _PREFIX + rb"c[\s/>]")
_TEXT_TAG: Final = re.compile(rb"<" + _PREFIX + rb"si[\s/>]")
# A formula without a stored value; t="str" is one whose value is an empty text.
_UNCOMPUTED: Final = re.compile(
    rb"<" + _PREFIX + rb"c\s([^<>]*)>\s*<" + _PREFIX + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</[^<>]*>)\s*"
    rb"(?:</" + _PREFIX + rb"c\s*>|<" + _PREFIX + rb"v\s*(?:/>|>\s*</))"
)  # fmt: skip
_EMPTY_TEXT: Final = re.compile(rb"\bt\s*=\s*[\"']str[\"']")

Value = int | float | str | bool | date | datetime | time | object
T = TypeVar("T")


@dataclass(frozen=True)
class Sheet:
    """A sheet: rows of equal length, '' where empty; a merged cell stands in each place."""

    name: str
    rows: Grid


def kind_of(body: bytes) -> str:
    """xlsx, xls, html or text, by the first bytes; names and suffixes don't count."""
    if body.startswith(ZIP):
        return "xlsx"
    if body.startswith(OLE):
        return "xls"
    return "html" if _MARKUP.match(body) or body.startswith(_UTF16) else "text"


def sheets_of(body: bytes) -> list[Sheet]:
    """All sheets of a workbook; the tables of a web page that is called .xls are its sheets.

    Raises:
        NotData: no workbook; damaged, encrypted, with macros or with formulas never computed.
        TooLarge: the file, what it unpacks to, or its sheets.
    """
    match kind_of(body):
        case "html":
            tables = page_of(decode(body)).tables
            return [Sheet(f"table {number}", grid) for number, grid in enumerate(tables, 1)]
        case "xlsx":
            check_archive(body, LIMITS)
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                _check_extent(archive)
        case "xls":
            _check_ole(body)
        case _:
            raise NotData(
                "不是 Excel 工作簿",
                "not an Excel workbook",
                "If it is text with commas or tabs, set format: csv in its record",
            )
    return _parsed(lambda: list(_sheets(body)))


def _parsed(parse: Callable[[], T]) -> T:
    with _no_panic():
        try:
            return parse()
        except calamine.PasswordError as error:
            raise _encrypted() from error
        except (calamine.CalamineError, ValueError, OSError, OverflowError) as error:
            raise NotData(
                f"工作簿无法读取：{error}", f"the workbook can't be read: {error}", LIMITS.remedy
            ) from error


@contextmanager
def _no_panic() -> Iterator[None]:
    """Turn a panic of the parser's Rust code, which is no Exception, into an error of ours."""
    try:
        yield
    except BaseException as error:
        # The class can't be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise NotData(
            "工作簿已损坏，无法读取", "the workbook is damaged: its parser failed", LIMITS.remedy
        ) from error


def _sheets(body: bytes) -> Iterator[Sheet]:
    with calamine.load_workbook(io.BytesIO(body)) as book:
        if len(book.sheet_names) > MAX_SHEETS:
            raise TooLarge(
                f"工作表多于{MAX_SHEETS}个", f"more than {MAX_SHEETS} sheets", LIMITS.remedy
            )
        room = MAX_CELLS
        for meta in book.sheets_metadata:
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(meta.name)
            room -= sheet.total_height * sheet.total_width
            if room < 0:
                raise _too_many_cells()
            values = sheet.to_python(skip_empty_area=False)
            rows = [[_text(value) for value in row] for row in values]
            _fill(rows, sheet.merged_cell_ranges or [])
            yield Sheet(meta.name, rows)


def _fill(rows: Grid, merged: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """Write the text of each merged cell into every place that it covers."""
    room = 2 * MAX_CELLS  # ranges that lie on each other would cost without end
    for (top, left), (bottom, right) in merged:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        for row in rows[top : bottom + 1]:
            covered = min(right + 1, len(row)) - left
            row[left : left + covered] = [rows[top][left]] * covered
            room -= covered
        if room < 0:
            raise _too_many_cells()


def _text(value: Value) -> str:
    """A value without loss of digits: 4404 for 4404.0, days as 2020-03-01, never 1e+22."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        number = Decimal(repr(value))
        whole = value.is_integer()
        return f"{number.quantize(Decimal(1)) if whole and abs(value) < 1e15 else number:f}"
    if isinstance(value, datetime):
        is_day = value.time() == time()
        return value.date().isoformat() if is_day else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()


# --- before parsing ---------------------------------------------------------------------------


def _check_extent(archive: zipfile.ZipFile) -> None:
    """A cell in the last row and column makes the parser reserve memory for all before it."""
    longest_text, cells = 0, 0
    for entry in archive.infolist():
        content = archive.read(entry)
        if entry.filename.casefold().endswith("sharedstrings.xml"):
            longest_text = max(longest_text, _longest(_TEXT_TAG, content))
            continue
        extent, count = _extent(content)
        cells += count
        if extent > MAX_CELLS:
            raise _too_many_cells()
        if any(not _EMPTY_TEXT.search(found[1]) for found in _UNCOMPUTED.finditer(content)):
            raise NotData(
                "工作簿中的公式没有保存结果",
                "formulas of the workbook have no stored value",
                "Open it in Excel or LibreOffice, which computes them, and save it",
            )
    if longest_text * cells > MAX_TEXT and longest_text > 1000:
        raise TooLarge("工作簿文本过大", "the texts of the workbook are too large", LIMITS.remedy)


def _extent(content: bytes) -> tuple[int, int]:
    """The rows x columns that a sheet can reach, and its cells."""
    rows = columns = placed = 0
    for found in _AT.finditer(content):
        number = 0
        for letter in found[1][:8].upper():
            number = 26 * number + letter - 64
        rows, columns = max(rows, int(found[2][:12])), max(columns, number)
        placed += 1
    starts = [found.start() for found in _ROW_TAG.finditer(content)]
    cells = sum(1 for _ in _CELL_TAG.finditer(content))
    if placed < len(starts) + cells:  # some stand right after the one before
        ends = [*starts[1:], len(content)]
        widest = max(
            (
                len(_CELL_TAG.findall(content, at, end))
                for at, end in zip(starts, ends, strict=True)
            ),
            default=0,
        )
        rows, columns = rows + len(starts), columns + widest
    return rows * columns, cells


def _longest(tag: re.Pattern[bytes], content: bytes) -> int:
    starts = [found.start() for found in tag.finditer(content)]
    return max((b - a for a, b in zip(starts, [*starts[1:], len(content)], strict=True)), default=0)


def _check_ole(body: bytes) -> None:
    """Names of streams are UTF-16 in the directory of such a file."""
    if len(body) > LIMITS.packed:
        raise TooLarge(f"文件过大（{len(body)} 字节）", f"{len(body)} bytes", LIMITS.remedy)
    if "EncryptedPackage".encode("utf-16-le") in body:
        raise _encrypted()
    if "_VBA_PROJECT".encode("utf-16-le") in body:
        raise NotData("工作簿含宏", "the workbook holds macros", LIMITS.remedy)


def _encrypted() -> NotData:
    return NotData(
        "工作簿已加密", "the workbook is encrypted", "Open it with its password and save it without"
    )


def _too_many_cells() -> TooLarge:
    return TooLarge(
        f"工作表超过{MAX_CELLS}格", f"the sheets have more than {MAX_CELLS} cells", LIMITS.remedy
    )
