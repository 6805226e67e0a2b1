"""Closed lists: every coded column of every table takes its values from here.

Each list maps a code to its Chinese and English label, in the order in which it is shown.
"""

from typing import Final, NamedTuple


class Label(NamedTuple):
    """What a code means, in both languages."""

    zh: str
    en: str


Codes = dict[str, Label]

OPERATORS: Final[Codes] = {
    "ge": Label("不低于（≥）", "at least (≥)"),
    "gt": Label("超过（>）", "more than (>)"),
    "le": Label("不高于（≤）", "at most (≤)"),
    "lt": Label("低于（<）", "less than (<)"),
    "eq": Label("等于（=）", "exactly (=)"),
    "range": Label("区间内", "within a range"),
    "approx": Label("左右（≥95%）", "about (95 % of it or more)"),
}

VALUE_KINDS: Final[Codes] = {
    "level": Label("水平值", "level"),
    "coverage": Label("覆盖率", "coverage, 0-100 %"),
    "rank": Label("位次", "rank, 1 is best"),
    "benchmark": Label("相对基准之比", "ratio to a benchmark"),
    "growth": Label("增长率", "growth rate"),
    "multiple": Label("基年倍数", "multiple of a reference year"),
    "increment": Label("较基年新增", "increase since a reference year"),
    "cumulative": Label("期内累计（含当年新增、当年投资）", "sum over a period, or a single year"),
}

MEASURES: Final[Codes] = {
    "stock": Label("存量", "stock at a point in time"),
    "flow": Label("流量", "flow over a period"),
    "rate": Label("比率", "rate"),
    "coverage": Label("覆盖率", "coverage, 0-100 %"),
    "index": Label("指数", "index"),
    "rank": Label("位次", "rank"),
    "ratio": Label("比值", "ratio"),
}

FREQUENCIES: Final[Codes] = {
    "annual": Label("年度", "annual"),
    "quarterly": Label("季度", "quarterly"),
    "monthly": Label("月度", "monthly"),
}

PERIOD_TYPES: Final[Codes] = {
    **FREQUENCIES,
    "year_to_date": Label("年初累计", "year to date"),
    "point_in_time": Label("时点", "point in time"),
}

# In order of trust: the value of record is taken from the first that is there.
QUALITIES: Final[Codes] = {
    "official": Label("官方统计", "official statistics"),
    "document": Label("规划文件", "planning document"),
    "official_media": Label("官方媒体", "official media"),
    "media": Label("媒体", "media"),
    "submission": Label("单位报送", "submission by a responsible unit"),
    "derived": Label("推算", "derived by arithmetic"),
}

BOUNDS: Final[Codes] = {
    "exact": Label("确数", "exact as printed"),
    "at_least": Label("下限（超、突破）", "lower bound (more than)"),
    "at_most": Label("上限", "upper bound (at most)"),
    "approx": Label("约数", "approximate"),
}

DATE_BASES: Final[Codes] = {
    "day": Label("印有日期", "day printed"),
    "month": Label("仅有月份，取月末", "only the month is known: its last day"),
    "year": Label("仅有年份，取年末", "only the year is known: its last day"),
    "captured": Label("数据库采集日", "day on which the database was captured"),
    "collected": Label("未印日期，取收集日", "no date known: the day of collection"),
}

STANDINGS: Final[Codes] = {
    "documented": Label("文件载明", "printed in one of the documents"),
    "reported": Label("媒体转述", "reported of another plan"),
}

COMMITMENTS: Final[Codes] = {
    "plan": Label("规划目标", "goal of a plan"),
    "work_report": Label("政府工作报告目标", "goal of a government work report"),
    "aspiration": Label("愿景", "aspiration"),
    "projection": Label("官方预计", "official projection"),
    "forecast": Label("部门预计", "agency forecast"),
    "proposal": Label("专家建议", "proposal, never issued"),
}

# Only these are goals: they count in the headline and supersede one another.
GOAL_COMMITMENTS: Final = ("plan", "work_report")

OUTCOMES: Final[Codes] = {
    "target": Label("目标", "target"),
    "actual": Label("已达数（观测值）", "figure printed as reached (an observation)"),
    "not_quantified": Label("未量化", "no number in the text and none implied"),
}

REVISION_KINDS: Final[Codes] = {
    "figure": Label("数值调整", "another figure for the same year"),
    "deadline": Label("补定期限", "the same aim was given a deadline"),
}

REGION_LEVELS: Final[Codes] = {
    "country": Label("国家", "country"),
    "province": Label("省级", "province"),
    "prefecture": Label("地级", "prefecture"),
    "county": Label("县级", "county"),
    "special_area": Label("特定区域", "special area"),
}

BASELINE_KINDS: Final[Codes] = {
    "documented": Label("文件载明", "printed in the document"),
    "observed_at_plan_start": Label("规划起点观测值", "observed in the year the plan starts from"),
    "nearest_observed": Label("起点前后两年内最近观测值", "nearest observation within two years"),
    "zero_start": Label("从零起算", "counted from zero"),
    "none": Label("无", "none"),
}

SOURCE_STATES: Final[Codes] = {
    "bundled": Label("随库文件", "a file that comes with the project"),
    "by_hand": Label("手工文件", "comes as files from people only"),
    "never_asked": Label("尚未访问", "not asked yet"),
    "ok": Label("正常", "answered in full when it was last asked"),
    "quarantined": Label("部分待定", "part of its last answer waits for a person"),
    "failed": Label("失败，沿用上次数据", "failed; the last good data stay in use"),
}

VERDICTS: Final[Codes] = {
    "accepted": Label("接受", "accepted"),
    "quarantined": Label("待定", "put aside for a person to look at"),
}

SEVERITIES: Final[Codes] = {
    "error": Label("错误", "error"),
    "warning": Label("警告", "warning"),
    "info": Label("提示", "note"),
}

# Statuses in the order of their precedence (methods, section 6), closed deadlines first.
STATUSES: Final[Codes] = {
    "not_quantified": Label("未量化", "not quantified"),
    "scope_mismatch": Label("口径不符", "scope mismatch"),
    "no_data": Label("无数据", "no data"),
    "achieved_early": Label("提前实现", "achieved early"),
    "achieved_on_time": Label("按期实现", "achieved on time"),
    "achieved_then_lost": Label("曾实现后回落", "achieved, then lost"),
    "achieved_late": Label("逾期实现", "achieved late"),
    "missed": Label("未实现", "missed"),
    "achieved_date_unknown": Label("已实现、时间不明", "achieved, date unknown"),
    "expired_unverified": Label("到期未核实", "expired, unverified"),
    "achieved": Label("已实现（未到期）", "achieved"),
    "insufficient_data": Label("数据不足", "insufficient data"),
    "moving_away": Label("背离目标", "moving away"),
    "on_track": Label("进度正常", "on track"),
    "at_risk": Label("存在风险", "at risk"),
    "off_track": Label("明显滞后", "off track"),
}

TREND_FLAGS: Final[Codes] = {
    "eroding": Label("已达标但正在回落", "met, but moving away from the goal"),
}

DECIDED_BY: Final[Codes] = {
    "definition": Label("目标本身", "the target itself"),
    "evidence": Label("有无数据", "whether there is evidence"),
    "deadline": Label("到期结果", "the outcome at the deadline"),
    "latest_value": Label("最新值", "the latest value"),
    "progress": Label("进展方向", "the direction of progress"),
    "pace_ratio": Label("进度比", "the pace ratio"),
    "p_on_time": Label("按期实现概率", "the chance to meet it in time"),
}

PROJECTION_METHODS: Final[Codes] = {
    "damped": Label("阻尼线性外推", "damped linear from the last value"),
    "damped_logit": Label("阻尼logit外推", "damped on the logit scale, for bounded shares"),
    "ensemble": Label("组合中位数", "median of several methods"),
    "drift": Label("首末点直线", "straight line through first and last value"),
    "time_weighted": Label("时间加权回归", "regression with weights growing in time"),
    "damped_log": Label("阻尼对数外推", "damped on the log scale"),
    "no_change": Label("维持现值", "the last value stays"),
    "cagr": Label("年均增速外推", "compound growth from first to last value"),
}

INTERVAL_METHODS: Final[Codes] = {
    "pooled_errors": Label("同类序列的历史误差", "past errors of series of the same kind"),
    "drift_t": Label("带漂移随机游走的t分位数", "Student's t on a random walk with drift"),
}

PLAN_CLASSES_ZH: Final = ("提前实现", "快于预期", "基本符合预期", "滞后")

EVIDENCE_GRADES: Final[Codes] = {
    "A": Label(
        "文件载明基数、五个以上数据点、同口径",
        "documented baseline, five points or more, same scope",
    ),
    "B": Label("有观测基数、三个以上数据点", "observed baseline and three points or more"),
    "C": Label("数据点少或无基数", "few points or no baseline"),
    "D": Label("推算值、约数或媒体数据", "derived, approximate or media figures only"),
}
