"""Workbooks, .xlsx and .xls, as sheets of text; looked over before a parser opens them.

Figures are what the file stores, which may have more digits than Excel shows; a cell formatted as
12.3% holds 0.123. Error values (#N/A, #DIV/0!) are empty cells. A formula counts by the value that
was stored with it.
"""

import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import Final

from assets.sources import workbook_process
from assets.sources.archive import Limits, check_archive
from assets.sources.html_tables import Grid, page_of
from assets.sources.sheet_reach import Reach
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
_TEXT_TAG: Final = re.compile(rb"<" + _PREFIX + rb"si[\s/>]")
# A formula without a stored value; t="str" is one whose value is an empty text.
_UNCOMPUTED: Final = re.compile(
    rb"<" + _PREFIX + rb"c\s([^<>]*)>\s*<" + _PREFIX + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</[^<>]*>)\s*"
    rb"(?:</" + _PREFIX + rb"c\s*>|<" + _PREFIX + rb"v\s*(?:/>|>\s*</))"
)  # fmt: skip
_EMPTY_TEXT: Final = re.compile(rb"\bt\s*=\s*[\"']str[\"']")

_PARSER: Final = workbook_process.__file__
_SECONDS: Final = 120
# Row and column of its first cell, and of its last, from 0.
_Area = tuple[tuple[int, int], tuple[int, int]]


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
    return [Sheet(name, _filled(rows, merged)) for name, rows, merged in _parsed(body)]


def _parsed(body: bytes) -> list[tuple[str, Grid, list[_Area]]]:
    """Name, rows and merged areas of each sheet, read in another process."""
    limits = [str(limit) for limit in (MAX_CELLS, MAX_SHEETS, MAX_TEXT)]
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", _PARSER, *limits],
            input=body,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        answer = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise NotData(
            "工作簿已损坏，无法读取", "the workbook is damaged: its parser failed", LIMITS.remedy
        ) from error
    text = answer.get("text", "")
    match answer.get("error"):
        case "encrypted":
            raise _encrypted()
        case "too_large":
            raise TooLarge(
                f"工作簿过大：{text}", f"the workbook is too large: {text}", LIMITS.remedy
            )
        case "unreadable":
            raise NotData(
                f"工作簿无法读取：{text}", f"the workbook can't be read: {text}", LIMITS.remedy
            )
    sheets: list[tuple[str, Grid, list[_Area]]] = answer["sheets"]
    return sheets


def _filled(rows: Grid, merged: list[_Area]) -> Grid:
    """Write the text of each merged cell into every place that it covers."""
    room = 2 * MAX_CELLS  # areas that lie on each other would cost without end
    for (top, left), (bottom, right) in merged:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        for row in rows[top : bottom + 1]:
            covered = min(right + 1, len(row)) - left
            row[left : left + covered] = [rows[top][left]] * covered
            room -= covered
        if room < 0:
            raise _too_many_cells()
    return rows


# --- before parsing ---------------------------------------------------------------------------


def _check_extent(archive: zipfile.ZipFile) -> None:
    """A cell in the last row and column makes the parser reserve memory for all before it."""
    longest_text, cells = 0, 0
    for entry in archive.infolist():
        content = archive.read(entry)
        if entry.filename.casefold().endswith("sharedstrings.xml"):
            longest_text = max(longest_text, _longest(_TEXT_TAG, content))
            continue
        if b"sheetData" not in content:
            continue
        reach = Reach(content)
        cells += reach.cells
        if reach.rows * reach.columns > MAX_CELLS:
            raise _too_many_cells()
        if any(not _EMPTY_TEXT.search(found[1]) for found in _UNCOMPUTED.finditer(content)):
            raise NotData(
                "工作簿中的公式没有保存结果",
                "formulas of the workbook have no stored value",
                "Open it in Excel or LibreOffice, which computes them, and save it",
            )
    if longest_text * cells > MAX_TEXT and longest_text > 1000:
        raise TooLarge("工作簿文本过大", "the texts of the workbook are too large", LIMITS.remedy)


def _longest(tag: re.Pattern[bytes], content: bytes) -> int:
    starts = [found.start() for found in tag.finditer(content)]
    return max((b - a for a, b in zip(starts, [*starts, len(content)][1:], strict=True)), default=0)


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
