"""How each metric is written out: its symbols, and where numbers are put in.

The formulas are those of the contract (`schemas/tables_gap.py`). A template holds the names of
quantities in braces; with their symbols it is the formula, with their numbers the computation, so
that the two cannot differ.
"""

import datetime as dt
from typing import Final

from assets.report.outcomes import Row
from schemas import tables_gap as tg
from schemas.vocabulary import Label

# What a name in a template stands for. Time is on the scale on which 2020.0 is 2020-12-31.
SYMBOLS: Final = {
    "A": Label("A", "A"),
    "A_T": Label("A_T", "A_T"),
    "Y_B": Label("Y_B", "Y_B"),
    "Y_T": Label("Y_T", "Y_T"),
    "size": Label("|Y_T|", "|Y_T|"),
    "high": Label("Y_T上限", "Y_T high"),
    "end": Label("Y_T", "Y_T"),
    "t": Label("t", "t"),
    "B": Label("B", "B"),
    "T": Label("T", "T"),
    "delta": Label("δ", "δ"),
    "gap": Label("差距", "gap"),
    "start_gap": Label("基期差距", "gap at the baseline"),
    "progress": Label("进展", "progress"),
    "elapsed": Label("时序进度", "time elapsed"),
    "expected": Label("路径应达值", "value of the path"),
    "required": Label("所需速度", "required pace"),
    "recent": Label("近期速度", "recent pace"),
    "reference": Label("Y_参照年", "Y_ref"),
    "stated": Label("原文数", "figure as stated"),
    "ref": Label("参照年", "ref"),
}
TIMES: Final = ("t", "B", "T", "ref")
SHARES: Final = ("progress", "elapsed")  # %

TIME_ELAPSED: Final = "({t} − {B}) ÷ ({T} − {B}) × 100"
SCHEDULE_GAP: Final = "{progress} − {elapsed}"
PACE_RATIO: Final = "{progress} ÷ {elapsed}"
EXPECTED_VALUE: Final = "{Y_B} + ({end} − {Y_B}) × {elapsed} ÷ 100"
LEAD_YEARS: Final = "{progress} ÷ 100 × ({T} − {B}) − ({t} − {B})"
GROWTH: Final = "[({A} ÷ {Y_B})^(1 ÷ ({t} − {B})) − 1] × 100"
GROWTH_PLANNED: Final = "[({Y_T} ÷ {Y_B})^(1 ÷ ({T} − {B})) − 1] × 100"
GROWTH_REQUIRED: Final = "[({Y_T} ÷ {A})^(1 ÷ ({T} − {t})) − 1] × 100"
REQUIRED_PACE: Final = "({Y_T} − {A}) ÷ ({T} − {t})"
ACCELERATION: Final = "{required} ÷ {recent}"
PROJECTED: Final = "{A} + {recent} × 0.9 × (1 − 0.9^({T} − {t})) ÷ 0.1"
GAP_PCT: Final = "{gap} ÷ {size} × 100"

RESOLVED: Final = {
    "multiple": "{reference} × {stated}",
    "increment": "{reference} + {stated}",
    "growth": "{reference} × (1 + {stated} ÷ 100)^({T} − {ref})",
}

# When a value meets a goal, by its operator.
MEETS: Final = {
    "ge": "{A} ≥ {Y_T} − {delta}",
    "gt": "{A} > {Y_T}",
    "le": "{A} ≤ {Y_T} + {delta}",
    "lt": "{A} < {Y_T}",
    "eq": "|{A} − {Y_T}| ≤ {delta}",
    "range": "{Y_T} − {delta} ≤ {A} ≤ {high} + {delta}",
    "approx": "{A} ≥ 0.95 × {Y_T} − {delta}",
}

# The other systems: name, column of the class, its labels, column of the number, its formula.
YARDSTICKS: Final = (
    ("Eurostat", "eurostat_class", tg.EUROSTAT_CLASSES, "eurostat_ratio", "s·g_a ÷ |g_r|"),
    ("UNSD", "unsd_class", tg.UNSD_CLASSES, "unsd_share",
     "(A·(1 + g_a)^(T − t) − Y_B) ÷ (Y_T − Y_B)"),
    ("ESCAP", "escap_class", tg.ESCAP_CLASSES, "escap_csi", "CSI = 10·(A − Y_B) ÷ (Y_T − Y_B)"),
    ("SDSN", "sdsn_arrow", tg.SDSN_ARROWS, "sdsn_share",
     "(A − Y_B) ÷ (t − B) ÷ [(Y_T − Y_B) ÷ (T − B)]"),
)  # fmt: skip


def year_end_scale(day: dt.date) -> float:
    """A day on the scale on which 31 December is the number of its year (2020-12-31 = 2020.0)."""
    return day.year - 1 + day.timetuple().tm_yday / days_of(day.year)


def days_of(year: int) -> int:
    """Days of a year."""
    return dt.date(year, 12, 31).timetuple().tm_yday


def gap(goal: Row, value: str = "A") -> str:
    """Distance still to go from a value (`A` or `A_T`)."""
    template = {
        "eq": "|{Y_T} − {A}|",
        "range": "max({Y_T} − {A}, {A} − {high})",
    }.get(goal["operator"], "{A} − {Y_T}" if goal["direction"] == -1 else "{Y_T} − {A}")
    return template.replace("{A}", f"{{{value}}}")


def attainment(goal: Row) -> str:
    """完成率; below zero it counts the way from the goal."""
    if goal["direction"] == -1:
        return "{Y_T} ÷ {A} × 100"
    if (goal["resolved_target"] or 0.0) < 0.0:
        return "[1 + ({A} − {Y_T}) ÷ {size}] × 100"
    return "{A} ÷ {Y_T} × 100"


def progress(goal: Row) -> str:
    """Share of the way; of a range the share of the first distance that is gone."""
    if goal["operator"] == "range":
        return "({start_gap} − {gap}) ÷ {start_gap} × 100"
    return "({A} − {Y_B}) ÷ ({Y_T} − {Y_B}) × 100"


def expected_gap(goal: Row, rises: bool) -> str:
    """Ahead of the path or behind it; the path of a range leads into it."""
    upward = rises if goal["direction"] == 0 else goal["direction"] > 0
    return "{A} − {expected}" if upward else "{expected} − {A}"


# Why a number is missing: the codes of `null_reason`.
WHY_MISSING: Final = {
    "not_quantified": Label("原文没有数字", "the text gives no figure"),
    "scope_break": Label("期间口径变动，不作比较", "the scope changed in between"),
    "reference_unknown": Label("参照年数值未知", "the reference year's value is unknown"),
    "no_observation": Label("没有可比的观测值", "nothing comparable was observed"),
    "no_baseline": Label("没有基数", "no baseline"),
    "baseline_met": Label("基期已达到目标", "the baseline already meets the goal"),
    "target_year_not_after_baseline": Label("目标年不晚于基期", "due no later than the baseline"),
    "observed_before_baseline": Label("最新值早于基期", "observed before the baseline"),
    "observed_at_baseline": Label("最新值就是基数", "the latest value is the baseline itself"),
    "no_distance": Label("基数与目标相同", "baseline and goal are equal"),
    "no_deadline": Label("没有期限", "no deadline"),
    "deadline_passed": Label(
        "最新数据已到期限", "the latest figure is at the deadline or after it"
    ),
    "range": Label("区间目标没有单一的比例", "a range has no single ratio"),
    "target_zero": Label("目标为零", "the goal is zero"),
    "not_positive": Label("含非正数，无法计算", "needs positive numbers"),
    "one_observation": Label("只有一个数据点", "only one observation"),
    "reverse": Label("近期方向与目标相反", "lately moving away from the goal"),
    "fewer_than_three_points": Label("少于三个数据点", "fewer than three points"),
    "sum_over_period": Label("期间累计数不作外推", "sums over a period are not projected"),
    "older_scope": Label("目标属旧口径", "the goal is of an older scope"),
    "no_projection": Label("没有预测值", "nothing is projected"),
    "no_past_errors": Label("没有历史误差可依", "no past errors to go by"),
    "met": Label("已达到", "met already"),
    "two_sided": Label("双向目标没有到达年", "a two-sided goal is not arrived at"),
    "never": Label("三十年内达不到", "not reached within thirty years"),
    "not_observed_at_deadline": Label("期末没有数据", "nothing observed at the deadline"),
}
