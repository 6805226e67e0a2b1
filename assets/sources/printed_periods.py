"""Periods as tables print them: 2020, 2020年3月, 202003, 2020Q1, 2020年一季度, 2020-07-29."""

import re
from typing import Final

from assets.numerals import chinese_number
from assets.sources.months import last_month
from assets.sources.places import without_spaces
from pipelines.dates import PeriodError, period_bounds, period_type_of
from schemas.units import normalise

_YEAR: Final = "(?P<year>[0-9]{4})"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"{_YEAR}(?:年度?)?",
        rf"{_YEAR}(?:-Q|Q|年?第?)(?P<quarter>[1-4一二三四])(?:季度|季)?",
        rf"{_YEAR}(?:年|[-/.])(?P<month>[0-9]{{1,2}})(?:月份?|月末)?",
        rf"{_YEAR}(?P<month>[0-9]{{2}})",
        rf"{_YEAR}(?:年|[-/.])(?P<month>[0-9]{{1,2}})(?:月|[-/.])(?P<day>[0-9]{{1,2}})日?",
    )
)
# A number cell drops the zero of 2020.10: this may be January or October.
_AMBIGUOUS: Final = re.compile(r"[0-9]{4}\.1")
_QUARTER_WORD: Final = re.compile("Q|季")


def period_of(text: str, period_type: str | None) -> tuple[str, str]:
    """The period and its type.

    A span from January on (2020年1-3月) is year_to_date by itself. The type given decides over the
    shape where both fit: the first or last day of a month may stand for it (spreadsheets keep
    months so), and a year, quarter or month for what ran from January until its end.

    Args:
        period_type: of all periods of the table; None: each by its shape.

    Raises:
        PeriodError: no period, an impossible one, or not one of that type.
    """
    plain = without_spaces(normalise(text)).upper()
    if _AMBIGUOUS.fullmatch(plain):
        raise PeriodError(
            f"{text[:40]!r} may be January or October: {plain[:4]}-01, {plain[:4]}-10"
        )
    period = _iso(plain)
    if period is None:
        month = last_month(plain)
        if month is None:
            raise PeriodError(f"{text[:40]!r} is no period")
        period_bounds(month, "year_to_date")
        if period_type not in (None, "year_to_date"):
            raise PeriodError(f"{text[:40]!r} runs from January on: it is no {period_type}")
        return month, "year_to_date"
    shape = period_type_of(period)
    if period_type in (None, shape):
        return period, shape
    _, end = period_bounds(period, shape)
    if period_type == "year_to_date" and shape != "point_in_time":
        return f"{end:%Y-%m}", "year_to_date"
    if shape == "point_in_time":
        for whole in (f"{end:%Y}", f"{end:%Y}-Q{(end.month + 2) // 3}", f"{end:%Y-%m}"):
            whole_type = period_type_of(whole)
            fits = period_type == whole_type or (
                period_type == "year_to_date" and whole_type == "monthly"
            )
            if fits and end in period_bounds(whole, whole_type):
                return whole, period_type or whole_type
    raise PeriodError(f"{text[:40]!r} is {shape}, not {period_type}")


def _iso(plain: str) -> str | None:
    for form in _FORMS:
        found = form.fullmatch(plain)
        if found is None:
            continue
        parts = found.groupdict()
        if quarter := parts.get("quarter"):
            if not _QUARTER_WORD.search(plain):
                continue
            number = int(quarter) if quarter.isascii() else chinese_number(quarter)
            return f"{parts['year']}-Q{number}"
        month, day = parts.get("month"), parts.get("day")
        return "-".join(
            [parts["year"], *(f"{int(part):02}" for part in (month, day) if part is not None)]
        )
    return None
