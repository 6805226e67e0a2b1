"""In words: how sure to be of a projected number; how a series stands towards its newest goal."""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from assets.figures import format_figure
from assets.metrics.thresholds import ETA_YEARS
from schemas.tables_outlook import ASSURANCES
from schemas.vocabulary import OPERATORS, PROJECTION_METHODS, Label

Names = Mapping[str, tuple[str, str]]


def projection_sentences(paths: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Add sentence_zh and sentence_en to projections: value, interval, data, past errors."""
    return _with(paths, lambda row: _projection(row, names))


def goal_sentences(rows: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Add sentence_zh and sentence_en to rows of `outlook`."""
    return _with(rows, lambda row: _goal(row, names))


def _with(frame: pl.DataFrame, words: Callable[[Mapping[str, Any]], Label]) -> pl.DataFrame:
    made = [words(row) for row in frame.iter_rows(named=True)]
    return frame.with_columns(
        sentence_zh=pl.Series([m.zh for m in made], dtype=pl.String),
        sentence_en=pl.Series([m.en for m in made], dtype=pl.String),
    )


def _projection(row: Mapping[str, Any], names: Names) -> Label:
    name, place = names[row["indicator_id"]], names[row["region_code"]]
    method, sure = PROJECTION_METHODS[row["projection_method"]], ASSURANCES[row["assurance"]]
    first, last, points = row["first_year"], row["origin_year"], row["n_points"]
    value_zh, value_en = (_figure(row, "projected_value", lang) for lang in ("zh", "en"))
    past = _past(row)
    zh = f"{place[0]}{name[0]}：若照近年走势，{row['year']}年末约{value_zh}"
    zh += f"{_interval(row, 'zh')}。方法：{method.zh}，用{first}—{last}年{points}个值。"
    en = f"{name[1]}, {place[1]}: about {value_en} at the end of {row['year']} if it goes on as "
    en += (
        f"of late{_interval(row, 'en')}. Method: {method.en}, on {points} values of {first}-{last}."
    )
    return Label(
        f"{zh}{past.zh}把握：{sure.zh}。", f"{en} {past.en} Assurance: {sure.en.split(':')[0]}."
    )


def _past(row: Mapping[str, Any]) -> Label:
    if row["interval_method"] == "pooled_errors":
        ahead, number = math.ceil(row["horizon"]), row["past_errors"]
        error = row["past_median_ape_pct"]
        zh = f"同类序列提前{ahead}年的{number}次历史检验，误差中位数{error:.1f}%"
        en = f"In {number} past projections of this kind, {ahead} year(s) ahead, the median error "
        en += f"was {error:.1f} %"
        if row["past_cover80_pct"] is not None:
            zh += f"，80%区间实际覆盖{row['past_cover80_pct']:.0f}%"
            en += f" and the 80 % interval held in {row['past_cover80_pct']:.0f} %"
        return Label(f"{zh}。", f"{en}.")
    if row["interval_method"] == "drift_t":
        return Label(
            "同类历史误差不足60个，区间按随机游走的t分布，只作参考。",
            "Too few past errors of this kind: the interval is a random walk's, for orientation.",
        )
    return Label(
        "序列从未变动，无法给出区间。", "The series never moved: no interval can be given."
    )


def _goal(row: Mapping[str, Any], names: Names) -> Label:
    name, place = names[row["indicator_id"]], names[row["region_code"]]
    pace_zh, pace_en = (_signed(row, "pace", language) for language in ("zh", "en"))
    zh = (f"{place[0]}{name[0]}：{row['origin_year']}年{_figure(row, 'origin_value', 'zh')}，"
          f"近年平均每年{pace_zh}。")  # fmt: skip
    en = (f"{name[1]}, {place[1]}: {_figure(row, 'origin_value', 'en')} in {row['origin_year']}, "
          f"of late {pace_en} a year.")  # fmt: skip
    if row["outlook"] == "no_goal":
        return Label(
            f"{zh}没有带数值和期限的目标可比。", f"{en} No goal with a figure and a deadline."
        )
    operator = OPERATORS[row["operator"]]
    goal_zh = f"{row['target_year']}年目标（{operator.zh}{_figure(row, 'resolved_target', 'zh')}）"
    goal_en = (
        f"the goal of {row['target_year']} ({operator.en} {_figure(row, 'resolved_target', 'en')})"
    )
    if row["outlook"] == "met":
        return Label(f"{zh}{goal_zh}已达到。", f"{en} It meets {goal_en}.")
    if row["outlook"] == "unknown":
        return Label(f"{zh}{goal_zh}无法预计。", f"{en} Nothing can be said of {goal_en}.")
    odds = None if row["p_on_time"] is None else _odds(row["p_on_time"])
    if row["outlook"] == "unobserved":
        odds_zh = f"，照此前走势期末达到的概率{odds.zh}" if odds else ""
        odds_en = f"; as it went, the chance that it was met is {odds.en}" if odds else ""
        return Label(
            f"{zh}{goal_zh}期限已过，期末没有数据{odds_zh}。",
            f"{en} The deadline of {goal_en} has passed without any value at it{odds_en}.",
        )
    arrival = row["eta_year"]
    when_zh, when_en = "何时达到无法预计", "nothing can be said of when it is reached"
    if arrival:
        when_zh, when_en = f"照此{arrival}年达到", f"at this rate it is reached in {arrival}"
    elif row["is_never"]:
        when_zh = f"照此{ETA_YEARS}年内达不到"
        when_en = f"at this rate it is not reached in {ETA_YEARS} years"
    if row["outlook"] == "overdue":
        return Label(
            f"{zh}{goal_zh}期限已过，最新值仍未达到；{when_zh}。",
            f"{en} The deadline of {goal_en} has passed and the latest value does not meet it; "
            f"{when_en}.",
        )
    odds_zh = f"按期实现的概率{odds.zh}；" if odds else "："
    odds_en = f"is met in time with a chance of {odds.en}" if odds else "is open"
    return Label(
        f"{zh}{goal_zh}{odds_zh}{when_zh}。",
        f"{en} {goal_en[0].upper()}{goal_en[1:]} {odds_en}; {when_en}.",
    )


def _odds(chance: float) -> Label:
    """A chance in words. Never 0 % or 100 %: past errors prove no certainty."""
    if chance > 0.99:
        return Label("超过99%", "more than 99%")
    if chance < 0.01:
        return Label("不到1%", "less than 1%")
    return Label(f"约{chance:.0%}", f"about {chance:.0%}")


def _figure(row: Mapping[str, Any], column: str, language: str) -> str:
    return _words(row[column], row["unit"], language)


def _signed(row: Mapping[str, Any], column: str, language: str) -> str:
    value = row[column]
    words = {"zh": ("增加", "减少"), "en": ("up", "down")}[language]
    if not value:
        return {"zh": "不变", "en": "unchanged"}[language]
    text = _words(abs(value), row["unit"], language)
    return f"{words[value < 0]}{'' if language == 'zh' else ' '}{text}"


@lru_cache(maxsize=32768)  # more than one run writes
def _words(value: float, unit: str, language: str) -> str:
    """In four digits: a projection has no more to tell."""
    return format_figure(float(f"{value:.4g}"), unit, language)


def _interval(row: Mapping[str, Any], language: str) -> str:
    if row["lo80"] is None:
        return ""
    low, high = (_figure(row, end, language) for end in ("lo80", "hi80"))
    return f"（80%区间{low}—{high}）" if language == "zh" else f" (80 % interval {low} to {high})"
