"""The receipt: a copy of a submitted workbook with every row's verdict; it can be handed in again.

Refused cells are red and say why, in a comment and in the last column; sheet 校验结果 lists all
rows. The copy holds no formula, whatever the submitted file held.
"""

import io
from collections.abc import Iterator, Sequence
from typing import Final

from openpyxl import Workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from assets.submission_workbook import (
    BOX,
    COLUMNS,
    FIRST_ROW,
    FORM,
    HEADER_ROW,
    PLACES,
    RESULT,
    WRAPPED,
    fit_height,
    heading,
    print_on_a4,
)
from assets.submissions import Asked
from pipelines.cells import plain_text
from pipelines.faults import Fault
from pipelines.readers import Reading

RESULTS: Final = "校验结果"
_RED: Final = PatternFill("solid", start_color="FFB3B3")
_PALE: Final = PatternFill("solid", start_color="FFF8DC")
_AUTHOR: Final = "duibiao"
_HEADS: Final = (
    ("行号\nRow", 8), ("指标代码\nCode", 30), ("指标名称\nIndicator", 34),
    ("地区代码\nRegion code", 12), ("所报值\nSubmitted", 18), ("结果\nResult", 16),
    ("规则\nRule", 20), ("说明", 40), ("Explanation", 40), ("建议 Remedy", 52),
)  # fmt: skip


def write_receipt(
    book: Workbook, rows: Sequence[Asked], reading: Reading, headline: Sequence[str]
) -> bytes:
    """Mark an opened copy of the submitted workbook.

    Args:
        book: as `open_form` gave it; it is changed.
        rows: what was owed.
        headline: lines on top of sheet 校验结果.
    """
    for sheet in book.worksheets:
        _neutralise(sheet)
    _mark(book[FORM], reading)
    _list_results(book, rows, reading, headline)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _neutralise(sheet: Worksheet) -> None:
    """Formulas become text, links go."""
    for cells in sheet.iter_rows():
        for cell in cells:
            if isinstance(cell, MergedCell):
                continue
            cell.hyperlink = None
            if cell.data_type == "f":
                text = str(getattr(cell.value, "text", None) or cell.value)
                cell.value = plain_text(text if text.startswith("=") else f"={text}")


def _mark(form: Worksheet, reading: Reading) -> None:
    place = PLACES[RESULT.field]
    head = form.cell(HEADER_ROW, place, heading(RESULT))
    head.font, head.border, head.alignment = Font(bold=True), BOX, WRAPPED
    form.column_dimensions[get_column_letter(place)].width = RESULT.width
    for number in range(FIRST_ROW, form.max_row + 1):  # marks of an earlier receipt
        form.cell(number, place).value = None
        for column in COLUMNS:
            cell = form.cell(number, PLACES[column.field])
            if cell.comment is not None and cell.comment.author == _AUTHOR:
                cell.comment = None
                cell.fill = _PALE if column.is_input else PatternFill()
    for accepted in reading.cells:
        form.cell(accepted.place, place, "接受 / accepted").alignment = WRAPPED
    for refused in reading.refused:
        words = _words(refused.fault)
        result = form.cell(refused.place, place, f"拒绝：{words}")
        result.alignment, result.fill = WRAPPED, _RED
        cell = form.cell(refused.place, PLACES[refused.fault.field or "value"])
        if not isinstance(cell, MergedCell):
            cell.fill = _RED
            cell.comment = Comment(words, _AUTHOR, height=160, width=320)
        fit_height(form, refused.place)
    last_column = get_column_letter(place)
    form.print_area = f"A1:{last_column}{form.max_row}"


def _words(fault: Fault) -> str:
    return f"{fault.zh}\n→ {fault.remedy}\n{fault.en} [{fault.rule}]"


def _list_results(
    book: Workbook, rows: Sequence[Asked], reading: Reading, headline: Sequence[str]
) -> None:
    if RESULTS in book.sheetnames:
        book.remove(book[RESULTS])
    sheet = book.create_sheet(RESULTS, index=1)
    for number, line in enumerate(headline, 1):
        sheet.cell(number, 1, plain_text(line)).font = Font(bold=number == 1)
    top = len(headline) + 2
    for place, (text, width) in enumerate(_HEADS, 1):
        cell = sheet.cell(top, place, text)
        cell.font, cell.border, cell.alignment = Font(bold=True), BOX, WRAPPED
        sheet.column_dimensions[get_column_letter(place)].width = width
    for number, line_of_results in enumerate(_results(rows, reading), top + 1):
        for place, value in enumerate(line_of_results, 1):
            shown = plain_text(value) if isinstance(value, str) else value
            cell = sheet.cell(number, place, shown)
            cell.border, cell.alignment = BOX, Alignment(wrap_text=True, vertical="top")
            if line_of_results[6]:
                cell.fill = _RED
        fit_height(sheet, number)
    fit_height(sheet, top)
    print_on_a4(sheet)
    sheet.freeze_panes = f"A{top + 1}"


def _results(rows: Sequence[Asked], reading: Reading) -> Iterator[tuple[int | str | None, ...]]:
    """Refused rows first, then what is still owed, then what was accepted."""
    names = {row.key: row.name_zh for row in rows}
    for refused in sorted(reading.refused, key=lambda r: r.place):
        raw, fault = refused.raw, refused.fault
        yield (
            refused.place, raw["indicator_id"], raw["name"], raw["region_code"], raw["value"],
            "拒绝 refused", fault.rule, fault.zh, fault.en, fault.remedy,
        )  # fmt: skip
    for blank in reading.blanks:
        key = (blank.indicator_id, blank.region_code)
        why = "未填，待报" if blank.reason == "empty" else "无此数，已说明"
        yield (None, key[0], names[key], key[1], None, "未报 not given", None, why, None, None)
    for cell in sorted(reading.cells, key=lambda c: c.place):
        key = (cell.indicator_id, cell.region_code)
        yield (
            cell.place, key[0], names[key], key[1], cell.value_printed, "接受 accepted",
            None, None, None, None,
        )  # fmt: skip
