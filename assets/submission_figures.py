"""One submitted value: read as a figure, held against the register and the last figure."""

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.cell.cell import MergedCell

from assets.figures import Figure, FigureError, format_figure, looks_like_scale_slip, parse_figure
from assets.row_checks import NEAR, WHOLE_UNITS
from assets.submission_rules import fault
from assets.submissions import Asked
from schemas.units import UNITS, normalise

# What people write where there is no figure; never zero.
NO_FIGURE: Final = frozenset(
    normalise(mark).casefold()
    for mark in ("无", "暂无", "没有", "未统计", "不适用", "—", "——", "–", "-", "--", "/", "…",
                 "n/a", "na", "null", "none")
)  # fmt: skip
_SHOWN: Final = 200  # characters of a refused value that are kept


@dataclass(frozen=True)
class Judged:
    """A figure that may be loaded.

    Attributes:
        printed: the text of the figure.
        unit_printed: the unit of the row; None where the figure has a scale word of its own.
        value: in the canonical unit.
        bound: exact, at_least, at_most or approx.
    """

    printed: str
    unit_printed: str | None
    value: Decimal
    bound: str

    def changes(self, asked: Asked) -> bool:
        """Another figure than the one that was accepted before."""
        return asked.accepted_value is not None and Decimal(asked.accepted_value) != self.value


def judge_value(
    asked: Asked, cell: SheetCell | MergedCell, *, note: str, bound: str
) -> Judged | None:
    """The figure in a cell; None where there is none, and that is said properly.

    Args:
        note: what stands in the note.
        bound: what was chosen; where that is `exact`, words such as 超过 in the cell decide.

    Raises:
        RowFault: it cannot be read, or cannot be right.
    """
    text = _as_text(asked, cell)
    if not text:
        return None
    if normalise(text).casefold() in NO_FIGURE:
        if note:
            return None
        raise fault("note_needed", "value", text)
    figure, unit_printed = _figure(asked, text)
    chosen = figure.bound if bound == "exact" else bound
    _check_range(asked, text, figure.value)
    _check_size(asked, text, float(figure.value))
    _check_fall(asked, text, figure, chosen)
    return Judged(text, unit_printed, figure.value, chosen)


def _as_text(asked: Asked, cell: SheetCell | MergedCell) -> str:
    """A cell as the text of a figure: 0.95 shown as 95% is `95%`."""
    value = cell.value
    if value is None:
        return ""
    text = str(value).strip()
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        raise fault("date_for_number", "value", text)
    if isinstance(value, bool) or cell.data_type == "e" or len(text) > _SHOWN:
        raise fault("not_a_number", "value", text[:_SHOWN], unit=asked.unit_printed)
    if isinstance(value, int | float):
        return _number_text(asked, float(value), cell.number_format)
    # Text that begins so is a formula that was made harmless, by us or by a spreadsheet program.
    if normalise(text).startswith(("=", "'", "@")):
        raise fault("formula", "value", text)
    return text


def _number_text(asked: Asked, value: float, number_format: str) -> str:
    # A spreadsheet shows 15 digits; what a float has beyond them nobody wrote.
    number = Decimal(f"{value:.15g}")
    shown, hundredfold = _plain(number), _plain(number * 100)
    if _is_percentage(number_format):
        if asked.unit != "percent":
            raise fault("percent_format", "value", f"{hundredfold}%", unit=asked.unit_printed)
        return f"{hundredfold}%"
    if asked.unit == "percent" and 0 < value <= 1:
        raise fault("percent_or_fraction", "value", shown, number=shown, hundredfold=hundredfold)
    return shown


def _is_percentage(number_format: str) -> bool:
    """The format shows a hundred times the number; a quoted or escaped % is only a sign."""
    shown, quoted, escaped = "", False, False
    for character in number_format:
        if escaped or character == "\\":
            escaped = not escaped
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            shown += character
    return "%" in shown


def _figure(asked: Asked, text: str) -> tuple[Figure, str | None]:
    """The figure, and the printed unit that it was read by."""
    unit_printed: str | None = asked.unit_printed
    figure = _parsed(asked, text, unit_printed)
    if figure is None and UNITS[asked.unit].symbol == asked.unit_printed:
        # 4.5亿 where 个 is due. Where 亿元 is due, 1.1万 could be 1.1万元 or 1.1万亿元.
        figure, unit_printed = _parsed(asked, text, None), None
    if figure is None or not math.isfinite(float(figure.value)):
        raise fault("not_a_number", "value", text, unit=asked.unit_printed)
    if figure.value_high is not None or figure.derived:
        raise fault("not_one_figure", "value", text)
    return figure, unit_printed


def _parsed(asked: Asked, text: str, unit_printed: str | None) -> Figure | None:
    try:
        return parse_figure(text, unit_printed=unit_printed, unit=asked.unit)
    except FigureError:
        return None


def _check_range(asked: Asked, text: str, value: Decimal) -> None:
    low, high = asked.plausible_min, asked.plausible_max
    if asked.measure == "coverage":
        low, high = max(0.0, low or 0.0), min(100.0, 100.0 if high is None else high)
    if asked.measure == "rank" and value < 1:
        raise fault("rank_below_one", "value", text)
    too_low = low is not None and value < Decimal(repr(low))
    if too_low or (high is not None and value > Decimal(repr(high))):
        ends = [(sign, end) for sign, end in (("≥", low), ("≤", high)) if end is not None]
        span = "，".join(f"{sign}{format_figure(end, asked.unit)}" for sign, end in ends)
        raise fault("out_of_range", "value", text, span=span, unit=asked.unit_printed)
    if asked.unit in WHOLE_UNITS and value != value.to_integral_value():
        raise fault("not_whole", "value", text, value=f"{value:f}", unit=asked.unit_printed)


def _check_size(asked: Asked, text: str, value: float) -> None:
    """万 for 亿: held against the last figure, or against the goal where there is none."""
    goal, last = asked.goal, asked.last_value
    by_last = last is not None and last > 0
    reference = last if by_last else goal
    if reference is None:
        return
    slip = looks_like_scale_slip(value, reference)
    if slip is None or (goal is not None and abs(math.log10(value / goal)) < NEAR):
        return
    raise fault(
        "scale_slip", "value", text, slip=slip, unit=asked.unit_printed,
        value=format_figure(value, asked.unit), value_en=format_figure(value, asked.unit, "en"),
        reference=("上期值" if by_last else "目标值") + format_figure(reference, asked.unit),
        reference_en=("the last value, " if by_last else "the goal, ")
        + format_figure(reference, asked.unit, "en"),
    )  # fmt: skip


def _check_fall(asked: Asked, text: str, figure: Figure, bound: str) -> None:
    last = asked.last_value
    if not (asked.is_cumulative and asked.last_ended and last is not None):
        return
    # A lower bound contradicts no higher figure.
    if bound == "at_least" or figure.value + figure.half_unit >= Decimal(repr(last)):
        return
    raise fault(
        "cumulative_fell", "value", text, last=format_figure(last, asked.unit),
        when=asked.last_printed or "",
    )  # fmt: skip


def _plain(number: Decimal) -> str:
    """Without exponent and trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
