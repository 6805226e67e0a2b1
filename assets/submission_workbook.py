"""The workbook that a responsible unit or a region fills in: written, and its layout.

Sheet 填报 is the form, 说明 tells how to fill it in, 代码 holds the lists; a hidden sheet says for
whom and for which quarter it was made. The last column of the form is filled by the receipt.
"""

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from assets.submissions import Asked, Reporter, rows_hash
from pipelines.cells import plain_text
from pipelines.quarters import Quarter
from schemas.units import printed_unit
from schemas.vocabulary import BOUNDS

TEMPLATE_VERSION: Final = "1"
FORM, HELP, LISTS, META = "填报", "说明", "代码", "_duibiao"
HEADER_ROW: Final = 4
FIRST_ROW: Final = HEADER_ROW + 1
# A form never has that many rows: more of them is no form.
LAST_ROW: Final = 2000


@dataclass(frozen=True)
class FormColumn:
    """A column of the form: its field, its head, its width, and whether people fill it in."""

    field: str
    zh: str
    en: str
    width: float
    is_input: bool = False


COLUMNS: Final = (
    FormColumn("indicator_id", "指标代码", "Code", 30),
    FormColumn("name", "指标名称", "Indicator", 34),
    FormColumn("unit", "计量单位", "Unit", 10),
    FormColumn("region_code", "地区代码", "Region code", 12),
    FormColumn("region", "地区", "Region", 12),
    FormColumn("period", "时期", "Period", 19),
    FormColumn("last_value", "上期值", "Last value", 15),
    FormColumn("last_source", "上期值时期与来源", "Its period and source", 30),
    FormColumn("value", "本期值", "Value", 17, is_input=True),
    FormColumn("bound", "确数或界限", "Exact or bound", 18, is_input=True),
    FormColumn("note", "说明", "Note", 28, is_input=True),
    FormColumn("correction", "更正原因", "Reason for a correction", 22, is_input=True),
)
RESULT: Final = FormColumn("result", "校验结果", "Result", 40)
PLACES: Final = {c.field: number for number, c in enumerate((*COLUMNS, RESULT), 1)}

_HEAD: Final = PatternFill("solid", start_color="1F4E79")
_INPUT: Final = PatternFill("solid", start_color="FFF8DC")
_LINE: Final = Side("thin", color="BFBFBF")
BOX: Final = Border(_LINE, _LINE, _LINE, _LINE)
WRAPPED: Final = Alignment(wrap_text=True, vertical="center")


def heading(column: FormColumn) -> str:
    """What stands in the head of a column: Chinese, then English below."""
    return f"{column.zh}\n{column.en}"


def write_template(reporter: Reporter, quarter: Quarter, rows: Sequence[Asked], due_on: dt.date,
                   locked_on: dt.date) -> bytes:  # fmt: skip
    """The workbook for one reporter and quarter.

    Args:
        rows: what it owes; see `Roster.asked`.
    """
    book = Workbook()
    form = book.active
    assert isinstance(form, Worksheet)
    form.title = FORM
    _write_form(form, reporter, quarter, rows, due_on)
    _write_help(book.create_sheet(HELP), reporter, quarter, due_on, locked_on)
    _write_lists(book.create_sheet(LISTS))
    _write_meta(book.create_sheet(META), reporter, quarter, rows)
    book.properties.creator = "duibiao"
    book.properties.title = f"{quarter.zh}报送表：{reporter.zh}"
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _write_form(
    form: Worksheet, reporter: Reporter, quarter: Quarter, rows: Sequence[Asked], due_on: dt.date
) -> None:
    last_column = get_column_letter(len(COLUMNS))
    titles = (
        (f"{quarter.zh}规划目标指标报送表", Font(bold=True, size=16)),
        (
            f"报送单位：{reporter.unit.name.zh}　　地区：{reporter.region_zh}　　"
            f"截止日期：{due_on:%Y年%m月%d日}",
            Font(size=11),
        ),
        (
            "只填浅黄色单元格；流量填年初累计数，其他填季末数；填写说明见“说明”页。"
            " / Fill in the yellow cells only; flows: year to date; others: at the quarter's end.",
            Font(size=10, color="7F7F7F"),
        ),
    )
    for number, (text, font) in enumerate(titles, 1):
        form.cell(number, 1, plain_text(text)).font = font
        form.merge_cells(f"A{number}:{last_column}{number}")
    for place, column in enumerate(COLUMNS, 1):
        cell = form.cell(HEADER_ROW, place, heading(column))
        cell.font, cell.fill, cell.border = Font(bold=True, color="FFFFFF"), _HEAD, BOX
        cell.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")
        form.column_dimensions[get_column_letter(place)].width = column.width
    form.row_dimensions[HEADER_ROW].height = 32
    for number, row in enumerate(rows, FIRST_ROW):
        _write_row(form, number, row)
    _validate(form, FIRST_ROW + max(1, len(rows)) - 1)
    form.freeze_panes = f"{get_column_letter(PLACES['unit'])}{FIRST_ROW}"
    form.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    form.print_area = f"A1:{last_column}{FIRST_ROW + max(1, len(rows)) - 1}"
    print_on_a4(form)
    form.oddFooter.center.text = "&P / &N"  # type: ignore[union-attr]
    form.protection.sheet = True  # no password: against slips of the hand, not against people
    form.protection.formatColumns = form.protection.formatRows = False


def _write_row(form: Worksheet, number: int, row: Asked) -> None:
    values: dict[str, Any] = {
        "indicator_id": row.indicator_id,
        "name": plain_text(f"{row.name_zh}\n{row.name_en}"),
        "unit": row.unit_printed,
        "region_code": row.region_code,
        "region": plain_text(row.region_zh),
        "period": row.period_zh,
        "last_value": in_printed_unit(row.last_value, row.unit_printed),
        "last_source": plain_text(row.last_printed or "无 / none"),
        "bound": BOUNDS["exact"].zh,
    }
    for place, column in enumerate(COLUMNS, 1):
        cell = form.cell(number, place, values.get(column.field))
        cell.border, cell.alignment = BOX, WRAPPED
        cell.protection = Protection(locked=not column.is_input)
        if column.is_input:
            cell.fill = _INPUT
        if column.field in ("value", "last_value"):
            cell.number_format = _number_format(row, column)
        elif column.field in ("note", "correction"):
            cell.number_format = "@"
    fit_height(form, number)


def fit_height(sheet: Worksheet, number: int) -> None:
    """Make a row as high as its text is long: a wrapped cell does not grow by itself."""
    lines = 1
    for cell in sheet[number]:
        width = int(sheet.column_dimensions[get_column_letter(cell.column or 1)].width) - 1
        paragraphs = str(cell.value or "").split("\n")
        lines = max(lines, sum(max(1, -(-_columns(p) // width)) for p in paragraphs))
    sheet.row_dimensions[number].height = 4 + 15 * lines


def _columns(text: str) -> int:
    """Width on paper: a Chinese character takes two columns."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def print_on_a4(sheet: Worksheet) -> None:
    """Landscape, all columns on one page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]


def _number_format(row: Asked, column: FormColumn) -> str:
    if row.unit == "percent" and column.is_input:
        # Left open, so that Excel turns an input of 95% into a percentage: the reader sees that.
        return "General"
    return "#,##0" if row.unit in ("count", "racks", "rank") else "#,##0.00##"


def in_printed_unit(value: float | None, unit_printed: str) -> float | None:
    """A value of the canonical unit in the unit of the form: 1.9e12 yuan is 19000 亿元."""
    if value is None:
        return None
    unit = printed_unit(unit_printed)
    assert unit is not None
    return float(Decimal(repr(value)) / unit.scale)


def _validate(form: Worksheet, last_row: int) -> None:
    bounds = DataValidation("list", formula1=f"'{LISTS}'!$A$2:$A${len(BOUNDS) + 1}")
    bounds.errorTitle, bounds.error = "确数或界限", "请从列表中选择 / choose from the list"
    bounds.showErrorMessage = True
    place = get_column_letter(PLACES["bound"])
    bounds.add(f"{place}{FIRST_ROW}:{place}{last_row}")
    form.add_data_validation(bounds)
    value = DataValidation()  # any value: for the prompt alone
    value.promptTitle = "本期值"
    value.prompt = "按左侧计量单位填写数字，不要写公式。没有数时写“无”并填说明。"
    value.showInputMessage = True
    place = get_column_letter(PLACES["value"])
    value.add(f"{place}{FIRST_ROW}:{place}{last_row}")
    form.add_data_validation(value)


def _write_help(
    sheet: Worksheet, reporter: Reporter, quarter: Quarter, due_on: dt.date, locked_on: dt.date
) -> None:
    month = quarter.last_month
    texts = (
        ("填写说明", "How to fill it in"),
        (f"本表由{reporter.zh}填报，时期为{quarter.zh}，{due_on}前报出。",
         f"For {reporter.unit.name.en}, {quarter}; due by {due_on}."),
        ("只填浅黄色的列：本期值、确数或界限、说明、更正原因。其他列不要改，行不要增删。",
         "Fill in the yellow columns only. Do not change the others, nor add or delete rows."),
        (f"时期写“累计”的填{quarter.year}年1—{month}月累计数；写“月末”的填{month}月末的数。",
         f"累计: the sum from January to month {month}; 月末: as at the end of month {month}."),
        ("本期值按“计量单位”一列填写，只写数字；也可带单位，如 1.2万亿元。百分比写 95 或 95%，"
         "不要写 0.95。不要写公式。",
         "Write the value in the unit of the row, or with its unit (1.2万亿元). A percentage is 95 "
         "or 95%, not 0.95. No formulas."),
        ("原文是“超过”“约”的，在“确数或界限”中选择下限或约数。",
         "Where the figure is a bound or approximate, choose so in the list."),
        ("暂时没有数：留空，仍为待报。确实没有数：写“无”或“—”，并在说明栏写明原因。",
         "No figure yet: leave it empty; it stays owed. No such figure: write 无 or — and say why "
         "in the note."),
        ("更正：改数后重新报送，以最新一次为准，以前的数留存；留空的单元格不改变已报的数。",
         "To correct a figure, hand in again: the newest counts, earlier ones are kept; an empty "
         "cell changes nothing."),
        (f"自{locked_on}起本季度锁定：改动已接受的数须填“更正原因”。",
         f"From {locked_on} on a changed figure needs a reason."),
        ("收到后发回回执：有误的单元格标红并附批注，改正后可直接用回执重新报送。",
         "You get a receipt with each refused cell marked; correct it there and hand it in again."),
    )  # fmt: skip
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 62, 62
    for number, (zh, en) in enumerate(texts, 1):
        for place, text in enumerate((zh, en), 1):
            cell = sheet.cell(number, place, plain_text(text))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=number == 1, size=14 if number == 1 else 11)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    sheet.protection.sheet = True


def _write_lists(sheet: Worksheet) -> None:
    for place, (text, width) in enumerate(
        (("确数或界限", 22), ("代码 code", 14), ("English", 28)), 1
    ):
        sheet.cell(1, place, text).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(place)].width = width
    for number, (code, label) in enumerate(BOUNDS.items(), 2):
        for place, text in enumerate((label.zh, code, label.en), 1):
            sheet.cell(number, place, text)
    sheet.protection.sheet = True


def _write_meta(
    sheet: Worksheet, reporter: Reporter, quarter: Quarter, rows: Sequence[Asked]
) -> None:
    meta = {
        "template_version": TEMPLATE_VERSION,
        "unit": reporter.unit.id,
        "region": reporter.region_code,
        "quarter": str(quarter),
        "rows": rows_hash(rows),
    }
    for number, (name, text) in enumerate(meta.items(), 1):
        sheet.cell(number, 1, name)
        sheet.cell(number, 2, text)
    sheet.sheet_state = "veryHidden"
