"""A filled-in workbook to a Reading: every row is a figure, refused with the reason, or blank."""

import io
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from assets.figures import format_figure
from assets.submission_figures import judge_value
from assets.submission_guard import check_archive
from assets.submission_rules import fault
from assets.submission_workbook import (
    COLUMNS,
    FIRST_ROW,
    FORM,
    HEADER_ROW,
    LAST_ROW,
    META,
    TEMPLATE_VERSION,
    heading,
)
from assets.submissions import Asked
from pipelines.faults import RowFault
from pipelines.readers import Blank, Cell, Column, Reading, Refused
from pipelines.source_errors import NotData, SchemaChanged
from schemas.units import normalise
from schemas.vocabulary import BOUNDS

_NEW_FORM: Final = "请用 duibiao template 重新下载填报表 / Make a new form with `duibiao template`"
LONGEST_REMARK: Final = 500

SheetValue = SheetCell | MergedCell
Line = Mapping[str, SheetValue]
Key = tuple[str, str]


@dataclass(frozen=True)
class Identity:
    """What the hidden sheet says: whose form it is, of which quarter, and what it asked."""

    unit: str
    region: str
    quarter: str
    rows: str


def open_form(body: bytes) -> Workbook:
    """Open a workbook after looking at its archive. Formulas stay formulas.

    Raises:
        TooLarge, NotData: see `check_archive`; also where openpyxl can't read it.
        SchemaChanged: it is not the form of this project, or of another version.
    """
    check_archive(body)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # extensions that openpyxl drops
            book = load_workbook(io.BytesIO(body), keep_links=False)
    except Exception as error:  # openpyxl raises whatever comes; the bytes are a stranger's
        raise NotData(
            "工作簿无法打开", f"the workbook cannot be read ({type(error).__name__})", _NEW_FORM
        ) from error
    found = [name for name in (FORM, META) if isinstance(_sheet(book, name), Worksheet)]
    if found != [FORM, META]:
        raise SchemaChanged("不是本项目的填报表", "not a form of this project", _NEW_FORM)
    form = book[FORM]
    heads = [str(form.cell(HEADER_ROW, place).value or "") for place in range(1, len(COLUMNS) + 1)]
    if [normalise(head) for head in heads] != [normalise(heading(column)) for column in COLUMNS]:
        raise SchemaChanged("填报表的表头被改动", "the head of the form was changed", _NEW_FORM)
    version = _meta(book).get("template_version")
    if version != TEMPLATE_VERSION:
        raise SchemaChanged(
            f"填报表版本为 {version}，应为 {TEMPLATE_VERSION}",
            f"the form is of version {version}, {TEMPLATE_VERSION} is due",
            _NEW_FORM,
        )
    if form.max_row > LAST_ROW:
        raise SchemaChanged(
            f"填报表有 {form.max_row} 行", f"the form has {form.max_row} rows", _NEW_FORM
        )
    return book


def identity_of(book: Workbook) -> Identity:
    """Whose form it is, as its hidden sheet says; nothing of it is to be believed unchecked."""
    meta = _meta(book)
    return Identity(*(meta.get(name, "") for name in ("unit", "region", "quarter", "rows")))


def read_form(book: Workbook, rows: list[Asked], *, is_locked: bool, reason: str | None) -> Reading:
    """Every row that is asked becomes a cell, is refused, or is blank; any other row is refused.

    Args:
        rows: what was owed when it was received.
        is_locked: changes of accepted figures need a reason.
        reason: one for the whole workbook, given beside it.
    """
    reading = Reading(title="", published_on=None)
    owed = {row.key: row for row in rows}
    seen: set[Key] = set()
    for number, line in _lines(book[FORM]):
        key = (_text(line["indicator_id"]), _text(line["region_code"]))
        try:
            asked = _identified(key, owed, seen, line)
            seen.add(key)
            _check_unchanged(asked, line)
            cell = _cell(number, asked, line, is_locked=is_locked, reason=reason)
        except RowFault as error:
            reading.refused.append(Refused(number, error.fault, _raw(line)))
            continue
        if cell is None:
            why = "not_published" if _text(line["value"]) else "empty"
            reading.blanks.append(Blank(*key, asked.period, why))
        else:
            reading.cells.append(cell)
    for key in sorted(owed.keys() - seen):
        row = owed[key]
        reading.blanks.append(Blank(*key, row.period, "empty"))
        reading.notes.append(
            f"{row.name_zh}（{row.region_zh}）一行被删除或改动，仍为待报 / "
            f"the row of {row.indicator_id} ({row.region_code}) is gone: still owed"
        )
    reading.columns = {row.indicator_id: Column(row.name_zh, row.unit_printed) for row in rows}
    return reading


def _lines(form: Worksheet) -> Iterator[tuple[int, Line]]:
    """Rows with anything in them but the preset bound, by the field of the column."""
    last_row = max(form.max_row, FIRST_ROW)
    rows = form.iter_rows(FIRST_ROW, last_row, 1, len(COLUMNS))
    for number, cells in enumerate(rows, FIRST_ROW):
        line = {column.field: cell for column, cell in zip(COLUMNS, cells, strict=True)}
        if any(cell.value is not None for name, cell in line.items() if name != "bound"):
            yield number, line


def _identified(key: Key, owed: Mapping[Key, Asked], seen: Collection[Key], line: Line) -> Asked:
    if key in seen:
        raise fault("repeated_row", "indicator_id", _shown(line["indicator_id"]))
    if key in owed:
        return owed[key]
    if key[0] not in {indicator for indicator, _ in owed}:
        raise fault("unknown_indicator", "indicator_id", _shown(line["indicator_id"]))
    raise fault("region_changed", "region_code", _shown(line["region_code"]))


def _check_unchanged(asked: Asked, line: Line) -> None:
    """Unit and period are part of what a figure means: they must be as they were asked."""
    for name, due in (("unit", asked.unit_printed), ("period", asked.period_zh)):
        if _text(line[name]) != normalise(due):
            raise fault(f"{name}_changed", name, _shown(line[name]), due=due)


def _cell(
    number: int, asked: Asked, line: Line, *, is_locked: bool, reason: str | None
) -> Cell | None:
    """The figure of a row; None where there is none."""
    for name in ("value", "bound", "note", "correction"):
        if line[name].data_type == "f":
            raise fault("formula", name, _shown(line[name]))
    note, why = _words(line["note"]), _words(line["correction"]) or reason
    found = judge_value(asked, line["value"], note=note, bound=_bound(line["bound"]))
    if found is None:
        return None
    if found.changes(asked):
        if is_locked and not why:
            before = format_figure(Decimal(asked.accepted_value or "0"), asked.unit)
            raise fault("quarter_locked", "value", found.printed, accepted=before)
        note = "；".join(filter(None, [note, f"更正原因：{why}" if why else ""]))
    return Cell(
        place=number,
        indicator_id=asked.indicator_id,
        region_code=asked.region_code,
        period=asked.period,
        period_type=asked.period_type,
        value_printed=found.printed,
        unit_printed=found.unit_printed,
        raw=_raw(line),
        bound=found.bound,
        quality="submission",
        note=note or None,
    )


def _bound(cell: SheetValue) -> str:
    """The code that was chosen by its label, or written itself; exact where nothing is."""
    text = _text(cell)
    codes = {normalise(label.zh): code for code, label in BOUNDS.items()} | {c: c for c in BOUNDS}
    if not text:
        return "exact"
    if text not in codes:
        raise fault("unknown_bound", "bound", _shown(cell), codes="、".join(list(codes)))
    return codes[text]


def _raw(line: Line) -> dict[str, str | None]:
    return {name: _shown(cell) for name, cell in line.items()}


def _meta(book: Workbook) -> dict[str, str]:
    sheet = book[META]
    return {
        str(name): str(value)
        for name, value in sheet.iter_rows(1, min(sheet.max_row, 20), 1, 2, values_only=True)
        if name is not None and value is not None
    }


def _sheet(book: Workbook, name: str) -> object:
    return book[name] if name in book.sheetnames else None


def _text(cell: SheetValue) -> str:
    """What a cell says as text: codes may have become numbers on their way."""
    return "" if cell.value is None else normalise(str(cell.value))


def _words(cell: SheetValue) -> str:
    """A remark, as it was written."""
    return "" if cell.value is None else str(cell.value).strip()[:LONGEST_REMARK]


def _shown(cell: SheetValue) -> str | None:
    """A cell as it came, for the record."""
    if cell.value is None:
        return None
    value = getattr(cell.value, "text", cell.value)  # an array formula is an object
    return str(value)[:200]
