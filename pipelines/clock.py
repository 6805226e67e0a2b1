"""The one place that knows what day it is."""

import datetime as dt
import os
from typing import Final

TODAY_VARIABLE: Final = "DUIBIAO_TODAY"

# A fixed offset: China has had no summer time since 1991, and not every system has a zone database.
SHANGHAI: Final = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")


class ClockError(ValueError):
    """The environment names a day that is not one."""


def now() -> dt.datetime:
    """This moment in Asia/Shanghai. Always the real one: it stamps what was done, and when."""
    return dt.datetime.now(SHANGHAI)


def today() -> dt.date:
    """The day as of which things are computed: today in Asia/Shanghai, or DUIBIAO_TODAY.

    Raises:
        ClockError: DUIBIAO_TODAY is not a day such as 2026-11-22.
    """
    named = os.environ.get(TODAY_VARIABLE)
    if not named:
        return now().date()
    try:
        return dt.datetime.strptime(named, "%Y-%m-%d").date()
    except ValueError as error:
        raise ClockError(f"{TODAY_VARIABLE}={named}: not a day such as 2026-11-22") from error


def moment() -> dt.datetime:
    """This time of day on `today()`: stamps what a source answered, so that a run can be replayed.

    Raises:
        ClockError: see `today`.
    """
    return dt.datetime.combine(today(), now().timetz())
