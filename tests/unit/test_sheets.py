"""Workbooks as sheets of text, and files that are none. Values: SYNTHETIC."""

import datetime as dt
import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress

import pytest
import python_calamine as calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources import sheets
from assets.sources.sheet_reach import Reach
from assets.sources.sheets import LIMITS, OLE, kind_of, sheets_of
from pipelines.source_errors import NotData, SourceError, TooLarge
from tests.fixtures.tables import SPACE, book_of, feed_with, read_file, repacked, sheet_xml
from tests.fixtures.xls import ENDS_ITS_PARSER, WORKBOOK

PLAIN = book_of([["地区", "合成值"], ["河南", 111.1]])
SHEET = "xl/worksheets/sheet1.xml"


def test_values_lose_no_digit_and_gain_none() -> None:
    row = [4404.0, 12345678.9, 0.07, 1e15, 1.5e22, -3, True, dt.date(2020, 3, 1)]
    (sheet,) = sheets_of(book_of([row, [dt.datetime(2020, 3, 1, 12, 30), "　文本 ", None]]))
    assert sheet.name == "表1"
    assert sheet.rows == [
        ["4404", "12345678.9", "0.07", "1000000000000000", "15000000000000000000000", "-3",
         "TRUE", "2020-03-01"],
        ["2020-03-01 12:30:00", "文本", "", "", "", "", "", ""],
    ]  # fmt: skip


def test_a_merged_cell_stands_in_each_of_its_places() -> None:
    body = book_of(
        [["标题", None, None], ["地区", "用户", None], [None, "城市", "农村"], ["河南", 1, 2]],
        merged=["A1:C1", "A2:A3", "B2:C2"],
    )
    assert sheets_of(body)[0].rows == [
        ["标题"] * 3,
        ["地区", "用户", "用户"],
        ["地区", "城市", "农村"],
        ["河南", "1", "2"],
    ]


def test_rows_are_counted_from_the_top_of_the_sheet() -> None:
    assert sheets_of(book_of([[], [None, "合成"]]))[0].rows == [["", ""], ["", "合成"]]


def test_a_workbook_in_the_old_format() -> None:
    (sheet,) = sheets_of(WORKBOOK)
    assert sheet.name == "表1"
    assert sheet.rows == [
        ["合成标题 synthetic"] * 3,
        ["地区", "时间", "宽带用户（万户）"],
        ["河南", "2024", "1111.1"],
        ["河北", "2024-03-01", "222"],
    ]


def test_a_file_that_ends_its_parser_ends_nothing_else() -> None:
    with pytest.raises(NotData, match="its parser failed"):
        sheets_of(ENDS_ITS_PARSER)


def test_a_web_page_that_is_called_xls() -> None:
    body = '﻿<html><body><table><tr><td rowspan="2">河南</td><td>1</td></tr><tr><td>2</td></tr>'
    (sheet,) = sheets_of(body.encode())
    assert sheet.rows == [["河南", "1"], ["河南", "2"]]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PLAIN, "xlsx"),
        (OLE + b"\0" * 504, "xls"),
        (b"\n <!DOCTYPE html>", "html"),
        (b'<?xml version="1.0"?><Workbook>', "html"),
        ("<table>".encode("utf-16"), "html"),
        ("地区,值".encode("gb18030"), "text"),
        (b"<5,1", "text"),
        (b"", "text"),
    ],
)
def test_the_kind_is_told_by_the_bytes(body: bytes, kind: str) -> None:
    assert kind_of(body) == kind


def lying(body: bytes) -> bytes:
    """The sizes that the archive tells of its last file are made small."""
    changed = bytearray(body)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        size = archive.infolist()[-1].file_size.to_bytes(4, "little")
    while (at := changed.find(size)) >= 0:
        changed[at : at + 4] = (1000).to_bytes(4, "little")
    return bytes(changed)


BOMB = repacked(PLAIN, {"xl/media/bomb.bin": b"\0" * (LIMITS.unpacked + 1)})


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"", NotData, "not an Excel workbook"),
        ("地区,值".encode(), NotData, "not an Excel workbook"),
        (PLAIN[:-100], NotData, "damaged"),
        (PLAIN[: len(PLAIN) // 2], NotData, "damaged"),
        (OLE + b"\0" * 504, NotData, "can't be read|damaged"),
        (OLE + "EncryptedPackage".encode("utf-16-le") + b"\0" * 504, NotData, "encrypted"),
        (OLE + "_VBA_PROJECT_CUR".encode("utf-16-le") + b"\0" * 504, NotData, "macros"),
        (repacked(PLAIN, {"xl/vbaProject.bin": b"synthetic"}), NotData, "macros"),
        (repacked(PLAIN, {"content.xml": b"<ods/>"}), NotData, "not an .xlsx"),
        (repacked(PLAIN, {"xl/Workbook.bin": b"xlsb"}), NotData, "not an .xlsx"),
        (repacked(PLAIN, {"../outside.xml": b"synthetic"}), NotData, "leads out"),
        (repacked(PLAIN, {"/etc/synthetic": b""}), NotData, "leads out"),
        (repacked(PLAIN, {"C:\\synthetic": b""}), NotData, "leads out"),
        (BOMB, TooLarge, "unpacked"),
        (repacked(PLAIN, {f"x/{n}": b"" for n in range(2001)}), TooLarge, "entries"),
        (PLAIN + b"\0" * LIMITS.packed, TooLarge, "bytes"),
        (OLE + b"\0" * LIMITS.packed, TooLarge, "bytes"),
        (repacked(PLAIN, {SHEET: b"<worksheet"}), NotData, "can't be read"),
        (repacked(PLAIN, {SHEET: b'<?xml version="1.0"?><!DOCTYPE x []><x/>'}), NotData, "type"),
    ],
)
def test_what_is_no_plain_workbook_is_refused(
    body: bytes, error: type[SourceError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        sheets_of(body)
    assert caught.value.zh


def test_a_bomb_that_lies_about_its_size() -> None:
    body = lying(BOMB)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.getinfo("xl/media/bomb.bin").file_size == 1000
    with pytest.raises((TooLarge, NotData)):
        sheets_of(body)


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>',
        '<row r="1"><c r="xfd1"><v>1</v></c></row><row r="1048576"><c><v>2</v></c></row>',
        '<row r="1000000">' + "<c><v>1</v></c>" * 50 + "</row>",
        '<row r="99999999999999999999"><c r="A99999999999999999999"><v>1</v></c></row>',
        # Cells that don't say where they stand, and something that looks as if they did.
        "<row x=\" r='A1'\"/>" * 2000 + "<row>" + "<c x=\" r='A1'\"><v>1</v></c>" * 1000 + "</row>",
        "<!--"
        + " r='A1'" * 9000
        + "-->"
        + "<row/>" * 2000
        + f"<row>{'<c><v>1</v></c>' * 1000}</row>",
        "<c><v/></c>" * 1_000_001,
    ],
)
def test_a_small_file_with_cells_far_away_reserves_no_memory(cells: str) -> None:
    with pytest.raises(TooLarge, match="cells"):
        sheets_of(repacked(PLAIN, {SHEET: sheet_xml(cells)}))


def test_empty_cells_far_away_that_only_have_a_format() -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row>'
    assert sheets_of(repacked(PLAIN, {SHEET: sheet_xml(far)}))[0].rows == [["1"]]


LOOSE_CELLS = ["<c><v>1</v></c>", "<c/>", '<c t="inlineStr"><is><t>x</t></is></c>',
               '<c r=""><v>1</v></c>', "<c x=\" r='Z9'\"><v>3</v></c>"]  # fmt: skip
PLACED_CELLS = st.builds(
    lambda column, row, rest: f'<c r="{column}{row}"{rest}',
    st.sampled_from("ABZz"), st.integers(1, 12), st.sampled_from(["><v>2</v></c>", "/>"]),
)  # fmt: skip
CELLS = st.lists(st.sampled_from(LOOSE_CELLS) | PLACED_CELLS, max_size=4).map("".join)
ROW_TAGS = ["<row>{}</row>", '<row r="{n}">{}</row>', '<q:row xmlns:q="u">{}</q:row>', "{}"]
SHEET_ROWS = st.builds(
    lambda tag, number, cells: tag.format(cells, n=number),
    st.sampled_from(ROW_TAGS), st.integers(1, 9), CELLS,
)  # fmt: skip


@given(st.lists(SHEET_ROWS, max_size=6).map("".join))
def test_the_guard_knows_where_the_parser_puts_cells(rows: str) -> None:
    content = sheet_xml(rows)
    reach = Reach(content)
    try:
        book = calamine.load_workbook(io.BytesIO(repacked(PLAIN, {SHEET: content})))
        last = book.get_sheet_by_index(0).end
    except calamine.CalamineError:
        return
    assert (reach.rows, reach.columns) == ((last[0] + 1, last[1] + 1) if last else (0, 0))


@pytest.mark.parametrize(("length", "is_read"), [(3, True), (300_000, False)])
def test_a_long_text_that_many_cells_point_at(length: int, is_read: bool) -> None:
    text = "x" * length
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 1001))
    shared = f"<sst xmlns='{SPACE}'><si><t>{text}</t></si></sst>".encode()
    body = repacked(PLAIN, {SHEET: sheet_xml(cells), "xl/sharedStrings.xml": shared})
    if is_read:
        assert sheets_of(body)[0].rows == [[text]] * 1000
    else:
        with pytest.raises(TooLarge, match="texts"):
            sheets_of(body)


def test_a_merged_area_beyond_the_sheet_is_clipped() -> None:
    areas = "".join(f'<mergeCell ref="{area}"/>' for area in ("A1:XFD1048576", "ZZ1:ZZ9"))
    whole = sheet_xml(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="B2"><v>2</v></c></row>'
    )
    body = whole.replace(b"</worksheet>", f"<mergeCells>{areas}</mergeCells></worksheet>".encode())
    assert sheets_of(repacked(PLAIN, {SHEET: body}))[0].rows == [["1", "1"], ["1", "1"]]


def test_formulas_count_by_the_value_that_was_stored() -> None:
    stored = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>""</f><v></v></c></row>'
    )
    assert sheets_of(repacked(PLAIN, {SHEET: sheet_xml(stored)}))[0].rows == [["2", ""]]
    with pytest.raises(NotData, match="no stored value"):
        sheets_of(book_of([["地区", "合成值"], ["河南", "=1+1"]]))


def test_too_many_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_SHEETS", 0)
    with pytest.raises(TooLarge, match="sheets"):
        sheets_of(PLAIN)


def files(body: bytes) -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


TABLE = {
    "layout": "long",
    "columns": {"region": "地区", "value": "合成值"},
    "constants": {"indicator": "gdp", "unit": "亿元", "period": "2024"},
}
PARTS = files(book_of([["标题", None], ["地区", "合成值"], ["河南", 1.5]], merged=["A1:B1"]))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A workbook with bytes changed inside one of its files, or in the archive itself."""
    name = draw(st.sampled_from(sorted(PARTS)))
    body = PARTS[name]
    at = draw(st.integers(0, len(body)))
    to = min(len(body), at + draw(st.integers(0, 30)))
    filling = draw(
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from([b"999999999", b'r="ZZZ1"', b"<c/>", b"</row>", b"-1", b"&#0;", b""]),
        )
    )
    whole = repacked(PLAIN, {**PARTS, name: body[:at] + filling + body[to:]})
    if draw(st.integers(0, 3)) == 0:
        cut = draw(st.integers(0, len(whole)))
        whole = whole[:cut] + draw(st.binary(max_size=4)) + whole[cut + 2 :]
    return whole


@settings(max_examples=15)  # each starts a process
@given(damaged())
def test_damaged_workbooks_are_read_or_refused(body: bytes) -> None:
    with suppress(SourceError):
        assert all(len({len(row) for row in sheet.rows}) <= 1 for sheet in sheets_of(body))
    with suppress(SourceError):
        read_file(feed_with(TABLE), body)


@settings(max_examples=15)
@given(st.integers(8, len(WORKBOOK)), st.binary(max_size=40), st.integers(0, 40))
def test_old_workbooks_are_read_or_refused(at: int, inserted: bytes, removed: int) -> None:
    with suppress(SourceError):
        sheets_of(WORKBOOK[:at] + inserted + WORKBOOK[at + removed :])
