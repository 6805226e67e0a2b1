"""Reading of printed figures, first half: from text to numbers with their units and bounds.

`scan` finds every number of a text, in digits or in Chinese numerals, with its scale word, its
unit and the words that bound it. `assets.figures` decides which of them is the figure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assets.numerals import DIGITS, MAX_LENGTH, NUMERAL_CHARACTERS, chinese_number
from schemas.units import SCALES, SPELLINGS, find_spelling

Meanings = dict[str, Decimal]


class FigureError(ValueError):
    """A printed figure cannot be read without guessing.

    Attributes:
        text: the figure as printed.
        understood: what could be read of it.
        missing: what is missing or stands in the way.
    """

    def __init__(self, text: str, missing: str, understood: str = "no figure") -> None:
        self.text = text
        self.understood = understood
        self.missing = missing
        shown = text if len(text) <= 120 else f"{text[:117]}..."
        super().__init__(f"printed figure {shown!r}: {missing} (understood: {understood})")


@dataclass(frozen=True)
class Term:
    """One number of a text, in the units of `meanings`; none of them where no unit is printed."""

    start: int
    end: int
    value: Decimal
    half: Decimal
    scale: Decimal
    unit_printed: str | None
    meanings: Meanings | None
    bound: str | None = None
    problem: str | None = None
    is_whole: bool = False
    high: Decimal | None = None
    derived: bool = False
    implied: bool = False
    is_quotient: bool = False

    @property
    def is_bare(self) -> bool:
        """Neither unit nor scale word: 36,000."""
        return self.meanings is None and self.scale == 1

    @property
    def looks_like_year(self) -> bool:
        return self.is_bare and self.is_whole and 1990 <= self.value <= 2099


# --- words that are no figures ----------------------------------------------------------------

_CN = NUMERAL_CHARACTERS
# Dates, periods, grades (4A级) and generations of mobile networks (5G) carry digits that are
# not the figure. A dot takes their place so that what stands around them is not joined.
_NOT_FIGURES: Final = re.compile(
    rf"""
    (?<![0-9.,])(?:19|20)[0-9]{{2}}(?:-[0-9]{{1,2}}-[0-9]{{1,2}}|/[0-9]{{1,2}}/[0-9]{{1,2}}
        |-(?:0[1-9]|1[0-2])|-Q[1-4])(?![0-9.,])
    |(?:(?<![0-9.,])[0-9]{{1,4}}\s*[-—–~至到]+\s*)?(?<![0-9.,])[0-9]{{1,4}}\s*
        (?:年度?|个月|月份?|日|号|天|周年?|季度|小时|分钟|届|岁)
    |(?<![0-9])[{_CN}]+(?:个月|季度|年)
    |(?<![0-9.,])[0-9]{{1,2}}\s?[A-Z]?级
    |(?<![0-9.,])[2-6]G(?![A-Za-z]|\s?(?:bit|b/s|bps))
    """,
    re.VERBOSE,
)


def mask(text: str) -> str:
    """Put a dot in the place of dates, periods, grades and network generations."""
    return _NOT_FIGURES.sub("·", text)


# --- numerals, scale words, units -------------------------------------------------------------

_NUMERAL: Final = re.compile(
    rf"(?P<digits>[0-9]{{1,3}}(?:\ [0-9]{{3}})+(?![0-9.,])|[0-9][0-9.,]*[0-9]|[0-9])"
    rf"|(?P<chinese>[{_CN}]+)"
)
_WELL_FORMED: Final = re.compile(
    r"[0-9]+(\.[0-9]+)?|[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?|[0-9]{1,3}( [0-9]{3})+"
)

_CHINESE_SCALE = "[十百]?万亿|[十百千]?[万亿]|[百千]"
_SCALE = rf"(?:{_CHINESE_SCALE})(?![分米])|(?i:thousand|million|billion|trillion)(?![A-Za-z])"
_AFTER_NUMERAL: Final = re.compile(
    rf"\s*(?P<first>{_SCALE})?\s*(?P<more>多|余|\+(?!\s*[0-9]))?\s*(?P<second>{_SCALE})?"
)
# 部 is a unit, but not in 部分; a spelling is not read where one of these follows it.
_NOT_BEFORE: Final = {
    "部": "分门委署队长",
    "分": "钟之别公中支级析布享类子",
    "家": "长用电万",
    "人": "均工才次",
    "单": "位一独",
    "台": "阶",
    "大": "小型中幅批",
    "次": "级",
    "兆": "瓦赫帕",
    "元": "器件素宇",
    "项": "目",
    "个": "人性体",
    "件": "套",
}


def _unit_pattern() -> re.Pattern[str]:
    parts = []
    for word in sorted(SPELLINGS, key=len, reverse=True):
        part = r"\s?".join(re.escape(piece) for piece in word.split(" "))
        if word[-1].isascii() and word[-1].isalpha():
            part = part if word in ("G", "M") else f"(?i:{part})"
            part += "(?![A-Za-z])"
        elif word in _NOT_BEFORE:
            part += f"(?![{_NOT_BEFORE[word]}])"
        parts.append(part)
    return re.compile("|".join(parts))


_UNIT: Final = _unit_pattern()
_NOT_UNIT: Final = re.compile(r"[多余+·]|\b(?:newly built|new|additional)\b")
# Between number and unit: 50 thousand new 5G base stations.
_BETWEEN: Final = re.compile(r"\s?(?:(?:newly built|new|additional|·)\s?)*")
_MONEY_BEFORE: Final = re.compile(r"(?:(?<![A-Za-z])(?:CNY|RMB)|人民币|¥)\s?$", re.IGNORECASE)
_FOREIGN_BEFORE: Final = re.compile(r"(?:\$|€|£|(?<![A-Za-z])(?:USD|EUR|JPY|HKD))\s?$")
_RANK_BEFORE: Final = re.compile(
    r"第\s?$|(?P<top>(?<![目此之以年日])前)\s?$|(?<![A-Za-z])(?i:rank(?:ed|s)?)\s?$"
)
_RANK_AFTER: Final = re.compile(r"\s?(?:位|名|强)|(?=$|[\s,。;、)])|(?<=一)")
_ORDINAL: Final = re.compile(r"(?:st|nd|rd|th)(?![A-Za-z])")
# 第一产业, 第3批: ordinals of something else.
_NOT_RANK: Final = re.compile(r"\s?(?:[一二三]?产业|批|次|轮|期|条|章|节|个|阶段|方|代|线|款|项)")
_LETTER: Final = re.compile(r"[^\W\d_]")
_BROKEN_OFF: Final = re.compile(r"[*×÷/]\s?(?![0-9(])")
# What may follow a number that carries no unit.
_NO_UNIT: Final = re.compile(
    r"[的和及与或至到以左上为比级]|(?:by|in|at|as|of|and|to|for|with|from|on|last|or|up)(?![a-z])"
)


# --- bounds -----------------------------------------------------------------------------------

_BEFORE: Final = re.compile(
    r"""(?:
    (?P<at_most>不超过|不到|不足|不高于|不多于|不大于|至多|最多|(?<!不)(?:低于|少于|小于)|≤|<=|<
        |\b(?:no|not)\ more\ than|\bat\ most|\bup\ to|\bunder|\bbelow
        |(?<!no\ )(?<!not\ )\b(?:less|fewer)\ than)
    |(?P<at_least>不少于|不低于|不小于|至少|(?<!不)(?:超过|超出|大于|高于|多于)|超越|超|突破|逾
        |≥|>=|>|\bat\ least|(?<!no\ )(?<!not\ )\bmore\ than|\bover|\bexceed(?:s|ed|ing)?|\babove
        |\b(?:no|not)\ (?:less|fewer)\ than|\bsurpass(?:es|ed|ing)?)
    |(?P<approx>(?<![节预签合条])约|接近|将近|(?<![最附邻])近
        |\babout|\baround|\bapproximately|\bnearly|\balmost|\broughly)
    )了?\s*$""",
    re.VERBOSE | re.IGNORECASE,
)
_AFTER: Final = re.compile(
    r"""\s*(?:
    (?P<at_least>以上|及以上|多|余|を突破|を超え|or\ more|and\ above)
    |(?P<at_most>以内|以下|之内|or\ less|or\ fewer)
    |(?P<approx>左右|上下|级|or\ so)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
# 上百家 is a hundred or more; 线上百家 is not.
_ABOVE: Final = re.compile(r"(?<![线网以])上$")
_POINT_BEFORE: Final = re.compile(rf"[{_CN}]点$")
_FALLING: Final = re.compile(
    r"(?:下降|减少|降低|回落|下滑|降幅|\bfell|\bdown|\bdecreased)\s?(?:了|为|by)?\s*$",
    re.IGNORECASE,
)
_RISING_TIMES: Final = re.compile(r"(?:增长|增加|提高|提升|扩大)了?\s*$")


def _bound_before(text: str) -> str | None:
    found = _BEFORE.search(text)
    return found.lastgroup if found else None


def _bound_after(text: str, position: int) -> str | None:
    found = _AFTER.match(text, position)
    return found.lastgroup if found else None


# --- scanning ---------------------------------------------------------------------------------


def _left(text: str, start: int) -> str:
    """The words before a number that may bear on it."""
    return text[max(0, start - 40) : start]


def _sign(text: str, start: int, previous_end: int) -> int:
    """-1 where a minus sign belongs to the number, not to an expression or to a name (A-5)."""
    if start == 0 or text[start - 1] not in "-−":
        return 1
    left = text[: start - 1].rstrip()
    if not left or len(left) == previous_end:
        return 1 if left else -1
    return 1 if left[-1].isascii() and (left[-1].isalnum() or left[-1] in ")-") else -1


def _problem(text: str, start: int, spelling: str | None, end: int, bare_end: int) -> str | None:
    """Why a number cannot be taken as it stands."""
    if _FOREIGN_BEFORE.search(_left(text, start)):
        return "a foreign currency is not convertible here"
    if _FALLING.search(_left(text, start)):
        return "a fall is printed: write the figure with its sign"
    if spelling == "倍" and _RISING_TIMES.search(_left(text, start)):
        return "增长N倍 may mean N or N+1 times: write the multiple itself"
    if spelling is None:
        rest = text[bare_end:].lstrip()
        if rest and _LETTER.match(rest) and not _NO_UNIT.match(rest) and rest[0] != "·":
            return f"the unit of {text[start:bare_end]!r} is not known ({rest[:12]!r} follows)"
        if rest and _BROKEN_OFF.match(rest):
            return f"the arithmetic after {text[start:bare_end]!r} breaks off"
        if text[end : end + 1] in ("°", "℃", "㎡", "$", "€", "£"):
            return f"the unit {text[end]!r} is not known"
    if "每" in text[max(0, start - 1) : start]:
        return "每 (per) makes it a denominator"
    return None


def _rank(text: str, start: int, end: int, number: Decimal) -> Term | None:
    """第3位, 前5名, ranked 3, 3rd."""
    before = _RANK_BEFORE.search(_left(text, start))
    ordinal = _ORDINAL.match(text, end)
    if ordinal is None and (before is None or _NOT_RANK.match(text, end)):
        return None
    if ordinal is None and not _RANK_AFTER.match(text, end):
        return None
    if number < 1 or number % 1:
        return _unreadable(start, end, f"{number:f} is no place in a ranking")
    close = ordinal or re.compile(r"\s?(?:位|名|强)?").match(text, end)
    top = before is not None and before.group("top") is not None
    return Term(
        start=start - len(before.group()) if before else start,
        end=close.end() if close else end,
        value=number,
        half=Decimal("0.5"),
        scale=Decimal(1),
        unit_printed="位",
        meanings={"rank": Decimal(1)},
        bound="at_most" if top else None,
        is_whole=True,
    )


def _numeral(original: str, text: str, found: re.Match[str]) -> tuple[Decimal, Decimal] | None:
    """Number and value of its last printed digit, or None for a digit or a word that is none."""
    start, word = found.start(), found.group()
    if found.group("chinese"):
        value = chinese_number(word)
        # As if in digits: 两千万 is 2000万, 八十 is 80.
        last_digit = SCALES[word[-1]] if word[-1] in "万亿" else Decimal(1)
        return None if value is None else (Decimal(value), last_digit)
    left = _left(text, start)
    # IPv6, B2B: a digit inside a name.
    glued = left[-1:].isascii() and left[-1:].isalpha()
    named = any(known.search(left) for known in (_MONEY_BEFORE, _RANK_BEFORE, _FOREIGN_BEFORE))
    if glued and not named:
        return None
    if left[-1:] == "." or not _WELL_FORMED.fullmatch(word):
        raise FigureError(original, f"{word!r} is not a well-formed number")
    if len(word) > MAX_LENGTH:
        raise FigureError(original, f"a number of more than {MAX_LENGTH} characters")
    decimals = len(word.partition(".")[2])
    return Decimal(word.replace(",", "").replace(" ", "")), Decimal(1).scaleb(-decimals)


def _term(
    original: str, text: str, found: re.Match[str], previous_end: int
) -> tuple[Term | None, int]:
    """The number at a numeral, and where to go on reading."""
    start, bare_end = found.span()
    word = found.group()
    numeral = _numeral(original, text, found)
    if numeral is None:
        return None, bare_end
    number, last_digit = numeral
    # 百家, 万亿元: scale words alone.
    digitless = found.group("chinese") is not None and not any(char in DIGITS for char in word)

    ranked = _rank(text, start, bare_end, number)
    if ranked is not None:
        return ranked, ranked.end
    if text[max(0, start - 1) : start] == "第" or "分之" in text[bare_end : bare_end + 2]:
        return None, bare_end

    after = _AFTER_NUMERAL.match(text, bare_end)
    assert after is not None  # every part of it is optional
    second = after.group("second") if after.group("more") else None
    if after.group("second") and not after.group("more"):
        end = after.start("second")
    else:
        end = after.end() if (after.group("first") or after.group("more")) else bare_end
    scale = Decimal(1)
    for word_of_scale in (after.group("first"), second):
        if word_of_scale:
            scale *= SCALES[word_of_scale.casefold()]
    scaled_end = end

    between = _BETWEEN.match(text, end)
    unit = _UNIT.match(text, between.end()) if between else None
    spelling = unit.group() if unit else None
    meanings = find_spelling(spelling) if spelling else None
    if unit:
        end = unit.end()
    if text[max(0, start - 3) : start] == "百分之":
        spelling, meanings, start = "%", find_spelling("%"), start - 3
    money = _MONEY_BEFORE.search(_left(text, start))
    if money and (meanings is None or "CNY" in meanings):
        spelling, meanings, start = (
            spelling or "CNY",
            find_spelling("CNY"),
            start - len(money.group()),
        )

    graded = text[end : end + 1] == "级"
    if found.group("chinese"):
        if text[bare_end : bare_end + 1] == "几":
            return _unreadable(start, bare_end + 1, "几 (some) gives no number"), bare_end + 1
        # 一体化, 五级: without unit or grade a Chinese numeral is a word like any other.
        if meanings is None and not (graded and word[-1] in "百千万亿"):
            return None, bare_end
        # 百兆光纤, 千兆宽带 are names of products.
        if digitless and spelling == "兆":
            return None, end
        if _POINT_BEFORE.search(_left(text, start)):
            return _unreadable(start - 2, end, "点: write the decimals in digits"), end
        if digitless and text[max(0, start - 1) : start] in ("数", "几"):
            return _unreadable(start - 1, end, "数, 几 (some) give no number"), end
        # 亿元, 万户 alone are names of units; 突破亿元 and 亿级 are figures.
        alone = word in ("万", "亿", "百万", "千万") and not after.group("more")
        above = _ABOVE.search(_left(text, start)) is not None
        if digitless and alone and not (graded or above or _bound_before(_left(text, start))):
            return _unreadable(start, end, f"{text[start:end]!r} is a unit without a number"), end
    sign = _sign(text, start, previous_end)
    bound = _bound_before(_left(text, start)) or _bound_after(text, end)
    if bound is None and after.group("more"):
        bound = "at_least"
    if bound is None and digitless:
        bound = "at_least" if _ABOVE.search(_left(text, start)) else "approx"
    unit_text = None
    if spelling is not None:
        words = _NOT_UNIT.sub("", text[bare_end:end]).split()
        unit_text = " ".join(words if unit else [*words, spelling])
    return (
        Term(
            start=start - (sign < 0),
            end=end,
            value=sign * number * scale,
            half=last_digit * scale / 2,
            scale=scale,
            unit_printed=unit_text,
            meanings=meanings,
            bound=bound,
            problem=_problem(text, start, spelling, end, scaled_end),
            is_whole=number == number.to_integral_value() and "." not in word,
        ),
        end,
    )


def _unreadable(start: int, end: int, problem: str) -> Term:
    return Term(start, end, Decimal(0), Decimal(0), Decimal(1), None, None, problem=problem)


def scan(original: str, text: str) -> Iterator[Term]:
    """Every number of a normalised and masked text, in order.

    Raises:
        FigureError: a number is malformed (1,5 or 1.2.3) or absurdly long.
    """
    position, previous_end = 0, -1
    while (found := _NUMERAL.search(text, position)) is not None:
        term, position = _term(original, text, found, previous_end)
        if term is not None:
            previous_end = term.end
            yield term
