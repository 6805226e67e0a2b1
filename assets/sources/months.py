"""Months in titles of Chinese publications: 2024年1－12月, 2026年前7个月, 2023年上半年."""

import re
from typing import Final

from assets.numerals import chinese_number
from assets.sources.places import without_spaces
from schemas.units import normalise

_NUMBER: Final = "[0-9]{1,2}|[一二两三四五六七八九十]{1,2}"
_TO: Final = "[-‐-―−~〜至到]"
_END: Final = re.compile(
    rf"""(?P<year>(?:19|20)[0-9]{{2}})年(?:
      (?:全年|度)?(?P<whole>)
    | (?:[1一]月?份?{_TO}|前)?(?P<month>{_NUMBER})(?:月份?末?|个月)
    | (?P<half>上半年)
    | 第?[1一]季度(?P<first>)
    | (?:前|[1一]{_TO})(?P<quarter>{_NUMBER})个?季度
    )$""",
    re.VERBOSE,
)


def last_month(text: str) -> str | None:
    """The last month (2023-10) of the period since January that the text ends with.

    A single quarter other than the first, and a span that begins after January, are none.
    """
    found = _END.search(without_spaces(normalise(text)))
    if found is None:
        return None
    month = _month(found)
    return f"{found['year']}-{month:02}" if 1 <= month <= 12 else None


def month_before(title: str, subject: str) -> str | None:
    """The last month of the period that a title names right before its subject.

    Args:
        subject: such as 互联网宽带接入用户分省情况.

    Returns:
        None where the title has another subject, or names no such period.
    """
    plain = without_spaces(normalise(title))
    before, found, _ = plain.partition(without_spaces(normalise(subject)))
    return last_month(before) if found else None


def names(title: str, subject: str) -> bool:
    """The title is about the subject, whatever its period."""
    return without_spaces(normalise(subject)) in without_spaces(normalise(title))


def _month(found: re.Match[str]) -> int:
    if found["half"] is not None:
        return 6
    if found["first"] is not None:
        return 3
    if found["quarter"] is not None:
        return 3 * _number(found["quarter"])
    return 12 if found["whole"] is not None else _number(found["month"])


def _number(text: str) -> int:
    return int(text) if text.isascii() else chinese_number(text) or 0
