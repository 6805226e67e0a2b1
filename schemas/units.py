"""Closed list of units, and the printed spellings that lead to them.

`UNITS` holds the canonical units: every value in every table is in one of these, unscaled
(1.9万亿元 is 1900000000000 CNY). `SPELLINGS` maps a unit as people print it to the canonical
units that it may mean, each with its factor. A spelling with more than one meaning (户 is a
subscription or a household, G is Gbit/s or GB) is decided by the indicator that it belongs to.
"""

import difflib
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final


class UnitError(ValueError):
    """A unit is not in the closed list. The message names the nearest ones."""


@dataclass(frozen=True)
class Unit:
    """A canonical unit. `symbol` is what follows a number in Chinese text."""

    id: str
    dimension: str
    name_zh: str
    name_en: str
    symbol: str


UNITS: Final[dict[str, Unit]] = {
    unit.id: unit
    for unit in (
        Unit("count", "number", "个数", "count", "个"),
        Unit("subscriptions", "number", "用户数", "subscriptions", "户"),
        Unit("households", "number", "家庭户数", "households", "户"),
        Unit("persons", "number", "人数", "persons", "人"),
        Unit("parcels", "number", "快递件数", "parcels", "件"),
        Unit("racks", "number", "机架数", "racks", "架"),
        Unit("CNY", "money", "人民币元", "yuan", "元"),
        Unit("percent", "share", "百分比", "percent", "%"),
        Unit("percentage_points", "share_difference", "百分点", "percentage points", "个百分点"),
        Unit("per_100_persons", "density", "每百人拥有量", "per 100 persons", "部/百人"),
        Unit("ratio", "ratio", "倍数", "times", "倍"),
        Unit("index", "index", "指数", "index points", ""),
        Unit("rank", "rank", "位次", "rank", "位"),
        Unit("km", "length", "公里", "km", "公里"),
        Unit("GB", "data_volume", "吉字节", "GB", "GB"),
        Unit("Gbit/s", "data_rate", "吉比特每秒", "Gbit/s", "Gbit/s"),
        Unit("Mbit/s", "data_rate", "兆比特每秒", "Mbit/s", "Mbit/s"),
        Unit("ms", "time", "毫秒", "ms", "毫秒"),
        Unit("PFLOPS", "computing_rate", "每秒千万亿次浮点运算", "PFLOPS", "PFLOPS"),
    )
}

# Names under which source files carry a canonical unit.
UNIT_ALIASES: Final = {"index_points": "index", "ratio_to_baseline": "ratio"}

# Words that multiply. Longest first where a pattern is made of them (万亿 before 万).
SCALES: Final[dict[str, Decimal]] = {
    word: Decimal(10) ** power
    for word, power in {
        "百": 2,
        "千": 3,
        "万": 4,
        "十万": 5,
        "百万": 6,
        "千万": 7,
        "亿": 8,
        "十亿": 9,
        "百亿": 10,
        "千亿": 11,
        "万亿": 12,
        "十万亿": 13,
        "百万亿": 14,
        "thousand": 3,
        "million": 6,
        "billion": 9,
        "trillion": 12,
    }.items()
}


def _spellings() -> dict[str, dict[str, Decimal]]:
    """Simplified, half-width spellings -> {canonical unit: factor}, the plain meaning first."""
    one, thousand = Decimal(1), Decimal(1000)
    groups: list[tuple[str, dict[str, Decimal]]] = [
        ("家|项|台|部|张|片|单|座|所|处|套|条|种|款|门|辆|大|人次|次", {"count": one}),
        (
            "ヶ所|ヵ所|か所|カ所|箇所|villages|administrative villages|natural villages",
            {"count": one},
        ),
        ("base stations|stations|sites|enterprises|companies|sets|units|items", {"count": one}),
        ("个", {"count": one, "racks": one, "subscriptions": one}),
        ("户", {"subscriptions": one, "households": one, "count": one}),
        ("users|subscribers", {"subscriptions": one, "persons": one, "count": one}),
        ("terminals", {"subscriptions": one, "count": one}),
        ("subscriptions", {"subscriptions": one}),
        ("家庭|households|homes", {"households": one}),
        ("人|名|人口|persons|people", {"persons": one}),
        ("件", {"count": one, "parcels": one}),
        ("pieces", {"count": one, "parcels": one}),
        ("parcels", {"parcels": one}),
        ("架", {"racks": one, "count": one}),
        ("机架|标准机架|racks", {"racks": one}),
        ("元|元人民币|人民币|人民币元|yuan|rmb|cny", {"CNY": one}),
        ("%|percent|per cent|部/百户|户/百户", {"percent": one}),
        ("‰", {"percent": Decimal("0.1")}),
        ("个百分点|百分点|percentage points|percentage point", {"percentage_points": one}),
        ("部/百人|户/百人|per 100 persons", {"per_100_persons": one}),
        ("倍|times", {"ratio": one}),
        ("分|index points", {"index": one}),
        ("位", {"rank": one, "persons": one, "count": one}),
        ("公里|千米|km|kilometers|kilometres", {"km": one}),
        ("gb|吉字节|giga bytes|gigabytes", {"GB": one}),
        ("G", {"Gbit/s": one, "GB": one}),
        ("gbps|gb/s|gbit/s|吉比特每秒", {"Gbit/s": one, "Mbit/s": thousand}),
        ("tbps|tb/s|tbit/s|太比特每秒", {"Gbit/s": thousand}),
        ("M|mbps|mb/s|mbit/s|兆|兆比特每秒", {"Mbit/s": one, "Gbit/s": one / thousand}),
        ("毫秒|ms|milliseconds", {"ms": one}),
        ("p flops|pflops", {"PFLOPS": one}),
        ("e flops|eflops", {"PFLOPS": thousand}),
    ]
    return {word: meanings for words, meanings in groups for word in words.split("|")}


SPELLINGS: Final = _spellings()

# Characters of printed figures in traditional script. An explicit table of those that occur in
# numerals, units and the words around them: a full converter is not needed to read a number.
_PAIRS: Final = (
    "萬万 億亿 個个 達达 點点 戶户 臺台 張张 號号 過过 餘余 總总 約约 單单 價价 "
    "兩两 幾几 寬宽 帶带 網网 絡络 農农 鄉乡 鎮镇 蓋盖 縣县 現现 實实 數数 據据 "
    "項项 間间 條条 頻频 雙双 庫库 種种 類类 輛辆 圓元 幣币 務务 業业 級级 準准 "
    "機机 於于 從从 漲涨 減减 無无 滿满 齊齐 樓楼 鐘钟 際际 長长 標标 節节 預预 "
    "層层 區区 鄰邻 產产 應应 進进 發发 門门 屆届 來来 還还 時时 開开 關关 經经 "
    "體体 聯联 計计 劃划 導导 場场 歲岁 週周 處处 倉仓 "
)
_TRADITIONAL: Final = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
_INVISIBLE: Final = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
_SPACES: Final = re.compile(r"\s+")
# Between half-width digits a full-width comma separates two figures; it groups no thousands.
_SEPARATING_COMMA: Final = re.compile("(?<=[0-9])，(?=[0-9])")


def normalise(text: str) -> str:
    """Half-width (NFKC), simplified characters, single spaces."""
    text = _SEPARATING_COMMA.sub("、", _INVISIBLE.sub("", text))
    text = unicodedata.normalize("NFKC", text).translate(_TRADITIONAL)
    return _SPACES.sub(" ", text).strip()


def canonical_unit(name: str) -> Unit:
    """The canonical unit of that name.

    Raises:
        UnitError: the name is not in the closed list; near matches are named.
    """
    found = UNITS.get(UNIT_ALIASES.get(name, name))
    if found is not None:
        return found
    printed = printed_unit(name)
    if printed is not None:
        hint = f"it is a printed unit; canonical: {', '.join(printed.meanings)}"
    else:
        names = [*UNITS, *UNIT_ALIASES]
        folded = {known.casefold(): known for known in names}
        near = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
        matches = ", ".join(folded[word] for word in near)
        hint = f"near matches: {matches}" if near else f"known: {', '.join(UNITS)}"
    raise UnitError(f"unit {name!r} is not in the closed list; {hint}")


@dataclass(frozen=True)
class PrintedUnit:
    """A unit as printed, taken apart: 万户 is scale 10000 and 户."""

    scale: Decimal
    spelling: str
    meanings: dict[str, Decimal]


def find_spelling(word: str) -> dict[str, Decimal] | None:
    """Canonical meanings of a spelling without scale; single letters keep their case."""
    word = _SPACES.sub(" ", word)
    return SPELLINGS.get(word) or SPELLINGS.get(word.casefold() if len(word) > 1 else "")


@lru_cache(maxsize=1024)
def printed_unit(text: str) -> PrintedUnit | None:
    """Take a printed unit apart (万户, 亿元, billion yuan, %), or None if it is not known."""
    word = normalise(text)
    for scale in ("", *sorted(SCALES, key=len, reverse=True)):
        if not word.casefold().startswith(scale):
            continue
        spelling = word[len(scale) :].strip()
        meanings = find_spelling(spelling)
        if meanings is not None:
            return PrintedUnit(SCALES.get(scale, Decimal(1)), spelling, meanings)
    return None


def compatible(printed: str, unit: str) -> bool:
    """Whether a printed unit (scaled or not) can stand for that canonical unit.

    Raises:
        UnitError: `unit` is not in the closed list.
    """
    wanted = canonical_unit(unit).id
    found = printed_unit(printed)
    return found is not None and wanted in found.meanings
