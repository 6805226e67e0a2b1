"""Periods and days of publication: from the text that sources carry to days of the calendar."""

import calendar
import datetime as dt
import re
from functools import lru_cache
from typing import Final

_PERIOD: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:-Q(?P<quarter>[0-9])|-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?"
)
# A date at the start, then at most a remark in brackets or after a semicolon.
_PUBLISHED: Final = re.compile(
    r"(?P<late>late )?(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?"
    r"(?: ?[(（][^()（）]*[)）])?(?:[;；].*)?"
)
_FIRST_YEAR: Final = 1949
_LAST_YEAR: Final = 2100


class PeriodError(ValueError):
    """Text is not a period or date; the message names the text and the form that is due."""


def period_type_of(period: str) -> str:
    """annual, quarterly, monthly or point_in_time, from the shape of the period.

    A year-to-date period has the shape of its end, so that its type must be stated.

    Raises:
        PeriodError: not a period, or an impossible one (2021-02-30, month 13).
    """
    return _read(period)[0]


def period_bounds(period: str, period_type: str) -> tuple[dt.date, dt.date]:
    """First and last day of a period; a year-to-date period begins on 1 January.

    Raises:
        PeriodError: not a period, an impossible one, or not one of that type.
    """
    shape, start, end = _read(period)
    if period_type == "year_to_date" and shape != "annual":
        return start.replace(month=1, day=1), end
    if period_type != shape:
        fitting = [shape] if shape == "annual" else [shape, "year_to_date"]
        raise PeriodError(
            f"period {period!r} cannot be {period_type!r}: it is {' or '.join(fitting)}"
        )
    return start, end


def parse_published(text: str | None, collected_on: dt.date | None) -> tuple[dt.date, str]:
    """The day by which something was published, and what is known of it.

    Conservative: where only a month or year is printed it is its last day, where nothing is
    printed the day of collection, and never a day after the collection.

    Args:
        text: 2018-05-16, 2018-05, 2018, `late 2012`, each with an optional remark in brackets or
            after a semicolon; empty where no date is printed.
        collected_on: day on which the publication was found, if known.

    Returns:
        The day, and the basis: day, month, year or collected.

    Raises:
        PeriodError: an impossible or unreadable date, one after the collection, or none at all.
    """
    text = (text or "").strip()
    if not text:
        if collected_on is None:
            raise PeriodError("no date is printed and the day of collection is not known")
        return collected_on, "collected"
    match = _PUBLISHED.fullmatch(text)
    if match is None or (match["late"] and match["month"]):
        raise PeriodError(
            f"date {text!r} is not in a known form: 2018-05-16, 2018-05, 2018 or late 2018, "
            "remarks in brackets"
        )
    shape, start, end = _read("-".join(p for p in match.group("year", "month", "day") if p))
    if collected_on is not None and start > collected_on:
        raise PeriodError(f"date {text!r} is after the day of collection, {collected_on}")
    basis = {"annual": "year", "monthly": "month", "point_in_time": "day"}[shape]
    return end if collected_on is None else min(end, collected_on), basis


def next_period_end(end: dt.date, frequency: str) -> dt.date:
    """Last day of the period after the one that ends on (or holds) the day.

    Args:
        frequency: annual, quarterly or monthly.
    """
    months = {"annual": 12, "quarterly": 3, "monthly": 1}[frequency]
    # The period that holds the day ends with its last month.
    last = -(-end.month // months) * months
    years, month = divmod(last + months - 1, 12)
    return _month_end(end.year + years, month + 1)


@lru_cache(maxsize=4096)
def _read(period: str) -> tuple[str, dt.date, dt.date]:
    """Shape, first and last day of a period."""
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise PeriodError(f"{period!r} is not a period: write 2020, 2020-Q3, 2020-07 or 2020-07-29")
    year = int(match["year"])
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise PeriodError(f"{period!r}: the year is not between {_FIRST_YEAR} and {_LAST_YEAR}")
    if match["quarter"]:
        quarter = int(match["quarter"])
        if not 1 <= quarter <= 4:
            raise PeriodError(f"{period!r}: there is no quarter {quarter}")
        return "quarterly", dt.date(year, 3 * quarter - 2, 1), _month_end(year, 3 * quarter)
    if not match["month"]:
        return "annual", dt.date(year, 1, 1), dt.date(year, 12, 31)
    month = int(match["month"])
    if not 1 <= month <= 12:
        raise PeriodError(f"{period!r}: there is no month {month}")
    if not match["day"]:
        return "monthly", dt.date(year, month, 1), _month_end(year, month)
    day = int(match["day"])
    if not 1 <= day <= _month_end(year, month).day:
        raise PeriodError(f"{period!r}: {year}-{month:02} has no day {day}")
    return "point_in_time", dt.date(year, month, day), dt.date(year, month, day)


def _month_end(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])
