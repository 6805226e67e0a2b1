"""Submissions: files that are no form, and the receipt. Values: SYNTHETIC."""

import io
import zipfile

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from assets.submission_guard import MAX_UNPACKED, check_archive
from assets.submission_reading import open_form
from assets.submission_receipt import RESULTS, write_receipt
from assets.submission_workbook import (
    FIRST_ROW,
    FORM,
    META,
    PLACES,
)
from pipelines.readers import Reading
from pipelines.source_errors import NotData, SchemaChanged, SourceError, TooLarge
from tests.fixtures.forms import (
    EMPTY,
    GOOD,
    ROWS,
    change,
    filled,
    read,
    rezipped,
    rules,
    saved,
)

# --- files that are no form -------------------------------------------------------------------


def doctype(name: str, data: bytes) -> bytes:
    head = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>'
    return head + data if name == "xl/workbook.xml" else data


def utf16(name: str, data: bytes) -> bytes:
    return data.decode().encode("utf-16") if name == "xl/workbook.xml" else data


BOMB = b"\0" * (MAX_UNPACKED + 1)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", NotData),
        (b"<html>not a workbook</html>", NotData),
        (EMPTY[:-200], NotData),
        (EMPTY + b"\0" * 6_000_000, TooLarge),
        (rezipped(EMPTY, extra={"xl/media/bomb.bin": BOMB}), TooLarge),
        (rezipped(EMPTY, extra={f"x/{n}": b"" for n in range(400)}), TooLarge),
        (rezipped(EMPTY, extra={"xl/vbaProject.bin": b"synthetic"}), NotData),
        (rezipped(EMPTY, extra={"../../outside.xml": b"synthetic"}), NotData),
        (rezipped(EMPTY, extra={"/etc/synthetic": b""}), NotData),
        (rezipped(EMPTY, extra={"c:\\synthetic": b""}), NotData),
        (rezipped(EMPTY, extra={"XL/Workbook.xml": b""}), NotData),
        (rezipped(EMPTY, doctype), NotData),
        (rezipped(EMPTY, utf16), NotData),
    ],
)
def test_a_file_that_is_no_plain_workbook_is_never_opened(
    body: bytes, error: type[SourceError]
) -> None:
    with pytest.raises(error) as caught:
        check_archive(body)
    assert caught.value.zh
    assert "duibiao template" in caught.value.remedy


def test_a_bomb_that_lies_about_its_size_is_stopped_while_unpacking() -> None:
    body = bytearray(rezipped(EMPTY, extra={"xl/media/bomb.bin": BOMB}))
    size = len(BOMB).to_bytes(4, "little")
    for _ in range(body.count(size)):
        at = body.index(size)
        body[at : at + 4] = (1000).to_bytes(4, "little")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.getinfo("xl/media/bomb.bin").file_size == 1000
    with pytest.raises((TooLarge, NotData)):
        check_archive(bytes(body))


def without(sheet: str) -> bytes:
    book = load_workbook(io.BytesIO(EMPTY))
    book.remove(book[sheet])
    return saved(book)


@pytest.mark.parametrize(
    "body",
    [
        without(META),
        without(FORM),
        filled(EMPTY, {}, lambda form: form.delete_cols(3)),
        filled(EMPTY, {}, lambda form: form.insert_rows(1)),
        filled(EMPTY, {}, change(900_000, "note", "synthetic")),
        rezipped(EMPTY, lambda n, d: d.replace(b"template_version", b"template_edition")),
    ],
)
def test_another_workbook_is_no_form(body: bytes) -> None:
    with pytest.raises(SchemaChanged) as caught:
        open_form(body)
    assert "duibiao template" in caught.value.remedy


def test_a_workbook_with_broken_parts_is_refused() -> None:
    def broken(name: str, data: bytes) -> bytes:
        return data[: len(data) // 2] if name == "xl/workbook.xml" else data

    with pytest.raises(NotData):
        open_form(rezipped(EMPTY, broken))


# --- the receipt ------------------------------------------------------------------------------


def receipt_of(body: bytes, reading: Reading) -> bytes:
    return write_receipt(open_form(body), ROWS, reading, ["回执", "=虚构"])


def test_the_receipt_marks_and_explains_each_refused_cell() -> None:
    bad, worse = list(GOOD)[:2]

    def edit(form: Worksheet) -> None:
        form.cell(FIRST_ROW + 2, PLACES["unit"]).value = "万元"
        form.cell(1, 30).value = '=HYPERLINK("https://example.invalid","x")'
        form.cell(1, 31).hyperlink = "https://example.invalid"

    body = filled(EMPTY, GOOD | {bad: "很多", worse: "=1+1"}, edit)
    book = load_workbook(io.BytesIO(receipt_of(body, read(body))))
    form = book[FORM]
    marked = {
        (cell.row, cell.column): cell.comment.text
        for line in form.iter_rows()
        for cell in line
        if cell.comment
    }
    assert marked.keys() == {
        (FIRST_ROW, PLACES["value"]), (FIRST_ROW + 1, PLACES["value"]),
        (FIRST_ROW + 2, PLACES["unit"]),
    }  # fmt: skip
    text = marked[FIRST_ROW, PLACES["value"]]
    assert text.startswith("不是可识别的数值")
    assert "not a figure that can be read" in text
    assert form.cell(FIRST_ROW, PLACES["value"]).fill.start_color.rgb == "00FFB3B3"
    assert str(form.cell(FIRST_ROW, PLACES["result"]).value).startswith("拒绝：")
    assert form.cell(FIRST_ROW + 3, PLACES["result"]).value == "接受 / accepted"
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)
    assert form.cell(FIRST_ROW + 1, PLACES["value"]).value == "'=1+1"
    listed = list(book[RESULTS].iter_rows(min_row=5, values_only=True))
    assert len(listed) == len(ROWS)
    assert [line[6] for line in listed[:4]] == [
        "not_a_number", "formula", "unit_changed", None,
    ]  # fmt: skip
    assert book[RESULTS].cell(2, 1).value == "'=虚构"


def test_a_receipt_can_be_corrected_and_handed_in_again() -> None:
    bad = next(iter(GOOD))
    body = filled(EMPTY, GOOD | {bad: "很多"})
    receipt = receipt_of(body, read(body))
    assert rules(read(receipt)) == {bad: "not_a_number"}
    corrected = filled(receipt, {bad: GOOD[bad]})
    reading = read(corrected)
    assert len(reading.cells) == len(ROWS)
    form = load_workbook(io.BytesIO(receipt_of(corrected, reading)))[FORM]
    assert not any(cell.comment for line in form.iter_rows() for cell in line)
    fills = {form.cell(n, PLACES["value"]).fill.start_color.rgb for n in (FIRST_ROW, FIRST_ROW + 1)}
    assert fills == {"00FFF8DC"}
    results = {form.cell(n, PLACES["result"]).value for n in range(FIRST_ROW, form.max_row + 1)}
    assert results == {"接受 / accepted"}
