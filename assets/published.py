"""Landed files of published figures to typed rows: every line is accepted or refused, none lost."""

import csv
import datetime as dt
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from assets.figures import Figure, looks_like_scale_slip
from assets.rejections import Origin, Rejection
from assets.row_typing import Known, Row, fault_of, finish, read_common, read_figure
from pipelines.dates import parse_published
from pipelines.faults import Fault, RowFault
from pipelines.landing import Landing
from schemas.records import Source
from schemas.vocabulary import BOUNDS, QUALITIES

_LINE_END = re.compile(r"\r\n|\r|\n")

COLUMNS = {
    "observations": (
        "indicator_id", "region_code", "period", "period_type", "value", "unit", "value_printed",
        "unit_printed", "bound", "quality", "source_title", "source_publisher",
        "published_printed", "source_url", "note",
    ),
    "panel": ("indicator_id", "region_code", "period", "value_printed", "unit_printed",
              "captured_on"),
}  # fmt: skip


@dataclass
class Parsed:
    """One landed file read: rows_in == len(rows) + len(rejections), always."""

    source_id: str
    rows_in: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    def and_then(self, later: "Parsed") -> "Parsed":
        """This file, and what was read of later ones of the same source."""
        return Parsed(
            self.source_id,
            self.rows_in + later.rows_in,
            self.rows + later.rows,
            self.rejections + later.rejections,
        )


class SourceUnreadable(ValueError):
    """A file as a whole cannot be read; says which, why and what to do. Nothing of it is used."""


def parse_file(source: Source, landing: Landing, known: Known) -> Parsed:
    """Read one landed CSV file.

    Returns:
        Rows in the columns of `observation_vintages` plus `raw` (the row as it came, JSON), and
        the refused rows.

    Raises:
        SourceUnreadable: wrong encoding, no header, columns missing.
    """
    parsed = Parsed(source.id)
    read = _read_observation if source.layout == "observations" else _read_panel
    for line, row in _lines(source, landing.read()):
        parsed.rows_in += 1
        origin = Origin(source.id, landing.origin, line, landing.sha256)
        try:
            if None in row or any(value is None for value in row.values()):
                raise RowFault(_ragged(row))
            found = read(source, row, known)
            parsed.rows.append(finish(found, row, _as_it_came(row), origin))
        except RowFault as refused:
            parsed.rejections.append(Rejection(origin, refused.fault, _as_it_came(row)))
    return parsed


def check_readable(source: Source, data: bytes) -> None:
    """Whether a file can be read at all, whatever its rows say.

    Raises:
        SourceUnreadable: see `parse_file`.
    """
    for _ in _lines(source, data):
        pass


def _lines(source: Source, data: bytes) -> Iterator[tuple[int, Row]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceUnreadable(
            f"{source.file}: byte {error.start} is not UTF-8. Save the file as UTF-8 (in Excel: "
            "CSV UTF-8) and run again"
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [c for c in COLUMNS[source.layout] if c not in (reader.fieldnames or [])]
        if missing:
            raise SourceUnreadable(
                f"{source.file}: line 1: column(s) missing: {', '.join(missing)}. The columns of "
                f"a file of layout {source.layout} are: {', '.join(COLUMNS[source.layout])}"
            )
        for row in reader:
            # The line on which the row begins; a quoted cell may run over several.
            yield reader.line_num - _line_ends(row), row
    except csv.Error as error:
        raise SourceUnreadable(
            f"{source.file}: after line {reader.line_num}: {error}. Check the quotes there"
        ) from error


def _line_ends(row: Row) -> int:
    text = ",".join(cell or "" for cell in _as_it_came(row).values())
    return len(_LINE_END.findall(text))


def _read_observation(source: Source, row: Row, known: Known) -> dict[str, Any]:
    found = read_common(row, known)
    stated = _stated_value(row, found["unit"])
    figure = read_figure(row, found["unit"])
    if figure is not None and stated is not None:
        _must_agree(stated, figure, row)
    if figure is None and stated is None:
        raise fault_of(
            "value_required",
            "value",
            row,
            "既无数值也无原文数值",
            "neither a value nor a printed figure",
            "Fill in value_printed as the source prints it",
        )
    # What is printed is the datum; the value column repeats it, rounded. A derived or implied
    # figure is the compiler's reading, so there the value column decides.
    if stated is None or (figure and not (figure.derived or figure.implied)):
        assert figure is not None
        value, printed = figure.value, row["value_printed"]
    else:
        value, printed = stated, row["value_printed"] or row["value"]
    published, basis = _published(row, "published_printed", source.collected_on)
    return found | {
        "value": float(value),
        "value_printed": printed,
        "unit_printed": row["unit_printed"] or None,
        "bound": _choice(row, "bound", BOUNDS, default=figure.bound if figure else "exact"),
        "tolerance": float(figure.half_unit) if figure else 0.0,
        "is_derived": bool(figure and figure.derived) or row["quality"] == "derived",
        "quality": _choice(row, "quality", QUALITIES, default=source.quality),
        "source_title": row["source_title"] or source.title.zh,
        "source_publisher": row["source_publisher"] or source.publisher.zh,
        "source_url": row["source_url"] or source.url,
        "published_on": published,
        "published_basis": basis,
        "published_printed": row["published_printed"] or None,
        "retrieved_at": dt.datetime.combine(source.collected_on, dt.time()),
        "note": row["note"] or None,
    }


def _read_panel(source: Source, row: Row, known: Known) -> dict[str, Any]:
    found = read_common({**row, "period_type": source.constants.get("period_type")}, known)
    figure = read_figure(row, found["unit"])
    if figure is None:
        raise fault_of(
            "value_required",
            "value_printed",
            row,
            "没有数值",
            "no value",
            "Fill in value_printed as the source prints it",
        )
    captured = _date(row, "captured_on")
    identity = {k: v for k, v in row.items() if k.endswith(("_table", "_indicator")) and v}
    return found | {
        "value": float(figure.value),
        "value_printed": row["value_printed"],
        "unit_printed": row["unit_printed"] or None,
        "bound": source.constants.get("bound", figure.bound),
        "tolerance": float(figure.half_unit),
        "is_derived": False,
        "quality": source.quality or "official",
        "source_title": source.title.zh,
        "source_publisher": source.publisher.zh,
        "source_url": source.url,
        "published_on": captured,
        "published_basis": "captured",
        "published_printed": None,
        "retrieved_at": dt.datetime.combine(captured, dt.time()),
        "note": "; ".join(f"{k}={v}" for k, v in identity.items()) or None,
    }


def _stated_value(row: Row, unit: str) -> Decimal | None:
    text = (row["value"] or "").strip()
    if not text:
        return None
    try:
        number = float(text)
        stated = Decimal(text)
        if "_" in text:  # 1_000 is Python's own way of writing
            raise ValueError(text)
    except (ValueError, ArithmeticError) as error:
        raise fault_of(
            "not_a_number",
            "value",
            row,
            "不是数字",
            "not a number",
            f"Write the value in {unit} as a plain number",
        ) from error
    if not math.isfinite(number):
        raise fault_of(
            "not_finite",
            "value",
            row,
            "不是有限数",
            "not a finite number",
            "Leave the cell empty where there is no value",
        )
    return stated


def _must_agree(stated: Decimal, figure: Figure, row: Row) -> None:
    """The value column repeats the printed figure, rounded at most to its own last digit."""
    exponent = stated.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    rounding = Decimal(1).scaleb(min(exponent, 0)) if not figure.derived else abs(stated) / 1000
    if abs(stated - figure.value) <= max(rounding, abs(stated) * Decimal("1e-9")):
        return
    slip = looks_like_scale_slip(float(abs(stated)), float(abs(figure.value)))
    raise fault_of(
        "printed_disagrees",
        "value",
        row,
        f"与原文数值不符：原文为 {figure.value:f}",
        f"the printed figure is {figure.value:f}",
        slip or "Correct the value or the printed figure",
    )


def _published(row: Row, name: str, collected_on: dt.date) -> tuple[dt.date, str]:
    try:
        return parse_published(row[name] or "", collected_on)
    except ValueError as error:
        raise fault_of(
            "impossible_date",
            name,
            row,
            "日期无效",
            str(error),
            "Write the date as 2020-07-29, 2020-07 or 2020",
        ) from error


def _date(row: Row, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(row[name] or "")
    except ValueError as error:
        raise fault_of(
            "impossible_date", name, row, "日期无效", str(error), "Write the date as 2020-07-29"
        ) from error


def _choice(row: Row, name: str, codes: Mapping[str, object], *, default: str | None) -> str:
    value = row[name] or default
    if value not in codes:
        raise fault_of(
            "unknown_code",
            name,
            row,
            "代码无效",
            "not one of " + ", ".join(codes),
            "Use one of the codes",
        )
    assert value is not None
    return value


def _ragged(row: Row) -> Fault:
    return Fault(
        "ragged_row",
        None,
        None,
        "列数与表头不符",
        "more or fewer cells than the header",
        "Check the commas and quotes on this line",
    )


def _as_it_came(row: Row) -> dict[str, str | None]:
    cells: Mapping[str, object] = row  # the csv module puts surplus cells into a list
    return {
        str(k): ",".join(map(str, v)) if isinstance(v, list) else None if v is None else str(v)
        for k, v in cells.items()
    }
