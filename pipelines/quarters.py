"""Quarters of the calendar: as people write them, their last day, what they are called."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipelines.dates import period_bounds

_WRITTEN: Final = re.compile(r"([0-9]{4})-?[Qq]([1-4])")
_NUMBERS_ZH: Final = "一二三四"


class QuarterError(ValueError):
    """Text is not a quarter; the message says how one is written."""


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of a year; `number` is 1 to 4."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Quarter":
        """Read `2026Q3` or `2026-Q3`.

        Raises:
            QuarterError: it is neither, or no possible year.
        """
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise QuarterError(
                f"{text!r} 不是季度，请写作 2026Q3 / is not a quarter: write it as 2026Q3"
            )
        try:
            period_bounds(f"{found[1]}-Q{found[2]}", "quarterly")
        except ValueError as error:
            raise QuarterError(f"{text!r}: 年份无效 / {error}") from error
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: dt.date) -> "Quarter":
        """The quarter that holds the day."""
        return cls(day.year, (day.month + 2) // 3)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def last_month(self) -> int:
        """3, 6, 9 or 12."""
        return self.number * 3

    @property
    def end(self) -> dt.date:
        """The last day."""
        return period_bounds(str(self), "quarterly")[1]

    @property
    def zh(self) -> str:
        """2026年三季度."""
        return f"{self.year}年{_NUMBERS_ZH[self.number - 1]}季度"

    def until(self, last: "Quarter") -> Iterator["Quarter"]:
        """This quarter and all up to and including the last."""
        for count in range(self.year * 4 + self.number - 1, last.year * 4 + last.number):
            yield Quarter(count // 4, count % 4 + 1)
