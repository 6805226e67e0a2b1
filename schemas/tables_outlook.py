"""Contracts of the outlook: projections with their intervals, past projections, and their skill.

Notation: t latest observation, A its value, h years ahead, D(h) = 0.9 (1 - 0.9^h) / 0.1.
"""

import datetime as dt

from schemas import vocabulary as v
from schemas.contract import Table, column, table

ASSURANCES: v.Codes = {
    "high": v.Label("较高", "high: 80 % interval within 10 % of the value on average"),
    "moderate": v.Label("一般", "moderate: within 25 %"),
    "low": v.Label("较低", "low: wider, or too few past errors of this kind"),
}
SERIES_KINDS: v.Codes = {
    "level": v.Label("数量", "levels: counts, amounts, rates without a ceiling"),
    "share": v.Label("份额", "bounded shares in percent"),
}
OUTLOOKS: v.Codes = {
    "met": v.Label("最新值已达到", "the latest value meets it"),
    "open": v.Label("期限未到", "the deadline lies ahead"),
    "overdue": v.Label(
        "期限已过，未达到", "the deadline has passed; the latest value does not meet it"
    ),
    "unobserved": v.Label(
        "期限已过，期末无数据", "the deadline has passed and nothing was observed at it or since"
    ),
    "unknown": v.Label("无法预计", "cannot be projected"),
    "no_goal": v.Label("没有可比目标", "no goal with a figure and a deadline"),
}


@table(
    "gap",
    zh="预测",
    en="Projection of every series with three comparable years or more, year by year",
    key=("indicator_id", "region_code", "year"),
)
class Projections(Table):
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    as_of: dt.date = column("截至日期", "only what was published by this day was used")
    year: int = column("预测年", "year at whose end the value is expected", unit="year")
    horizon: float = column(
        "提前年数 h", "years from the latest observation to the end of that year", unit="years"
    )
    unit: str = column("单位", "unit of the series")
    series_kind: str = column("序列类型", "kind of value", codes=SERIES_KINDS)
    first_year: int = column("起始年", "first year of the data used", unit="year")
    origin_year: int = column("最新年", "last year of the data used", unit="year")
    origin_value: float = column("最新值 A", "latest comparable value")
    n_points: int = column("数据点数", "years of data used, since the last scope break", ge=3)
    projection_method: str = column("预测方法", "method", codes=v.PROJECTION_METHODS)
    projected_value: float = column(
        "预测值",
        "expected value if it goes on as it did",
        formula="A+pace*D(h); shares: on the logit scale, damping 0.85",
    )
    projected_alt: float = column(
        "预测值（组合）",
        "median of drift, time-weighted regression, damped and damped log (shares: logit)",
    )
    lo80: float = column("80%区间下限", "lower end of the 80 % interval", nullable=True)
    hi80: float = column("80%区间上限", "upper end of the 80 % interval", nullable=True)
    lo95: float = column("95%区间下限", "lower end of the 95 % interval", nullable=True)
    hi95: float = column("95%区间上限", "upper end of the 95 % interval", nullable=True)
    interval_method: str = column(
        "区间方法", "where the interval comes from", codes=v.INTERVAL_METHODS, nullable=True
    )
    past_errors: int = column(
        "历史误差个数", "past errors of this method, kind and horizon", nullable=True, ge=0
    )
    past_median_ape_pct: float = column(
        "历史误差中位数", "their median absolute percentage error", unit="%", nullable=True
    )
    past_cover80_pct: float = column(
        "80%区间历史覆盖率",
        "how often the 80 % interval held, of provinces whose errors did not make it",
        unit="%",
        nullable=True,
    )
    assurance: str = column("把握程度", "how sure to be", codes=ASSURANCES)
    sentence_zh: str = column("说明", "all of it in a sentence, Chinese")
    sentence_en: str = column("说明（英文）", "all of it in a sentence, English")


@table(
    "gap",
    zh="展望",
    en="Where each series stands towards the newest goal of its indicator and region",
    key=("indicator_id", "region_code"),
)
class Outlook(Table):
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    as_of: dt.date = column("截至日期", "only what was published by this day was used")
    unit: str = column("单位", "unit of the series")
    first_year: int = column("起始年", "first year of the data used", unit="year")
    origin_year: int = column("最新年", "last year of the data used", unit="year")
    origin_value: float = column("最新值 A", "latest comparable value")
    n_points: int = column("数据点数", "years of data used, since the last scope break", ge=3)
    pace: float = column(
        "近期速度",
        "weighted mean of the yearly changes",
        unit="unit a year",
        formula="weights 0.6^age",
    )
    target_id: str = column(
        "最新目标",
        "live goal with the latest deadline",
        nullable=True,
        references="targets.target_id",
    )
    target_year: int = column("目标年 T", "its deadline", unit="year", nullable=True)
    resolved_target: float = column("目标值 Y_T", "its figure", nullable=True)
    outlook: str = column("展望", "how it stands", codes=OUTLOOKS)
    p_on_time: float = column(
        "按期实现概率", "chance to meet it in time", unit="share", nullable=True, ge=0, le=1
    )
    eta_year: int = column(
        "预计实现年",
        "first year at whose end the projected path meets it; null: never within 30 years",
        unit="year",
        nullable=True,
    )
    sentence_zh: str = column("说明", "in a sentence, Chinese")
    sentence_en: str = column("说明（英文）", "in a sentence, English")


@table(
    "gap",
    zh="历史预测检验",
    en="Past projections: from every origin with three years or more to every later value",
    key=("indicator_id", "region_code", "origin_year", "year"),
)
class Hindcasts(Table):
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    as_of: dt.date = column("截至日期", "values of record of this day")
    origin_year: int = column("起点年", "last year that was used", unit="year")
    year: int = column("预测年", "year that was projected", unit="year")
    horizon: float = column("提前年数 h", "years from one to the other", unit="years")
    series_kind: str = column("序列类型", "kind of value", codes=SERIES_KINDS)
    unit: str = column("单位", "unit of the series")
    n_points: int = column("数据点数", "years used", ge=3)
    origin_value: float = column("起点值", "value at the origin")
    step: float = column("年均绝对变动", "mean absolute change a year up to the origin", ge=0)
    actual: float = column("实际值", "what came")
    projected: float = column("预测值", "what the chosen method had expected")
    lo80: float = column(
        "80%区间下限", "from the errors of all other provinces and regions", nullable=True
    )
    hi80: float = column("80%区间上限", "as lo80", nullable=True)
    lo95: float = column("95%区间下限", "as lo80", nullable=True)
    hi95: float = column("95%区间上限", "as lo80", nullable=True)
    damped: float = column("阻尼线性外推", "damped linear")
    damped_logit: float = column("阻尼logit外推", "damped on the logit scale", nullable=True)
    ensemble: float = column("组合中位数", "median of several methods")
    drift: float = column("首末点直线", "straight line through first and last value")
    time_weighted: float = column("时间加权回归", "time-weighted regression from the last value")
    damped_log: float = column("阻尼对数外推", "damped on the log scale", nullable=True)
    no_change: float = column("维持现值", "the last value")
    cagr: float = column("年均增速外推", "compound growth", nullable=True)


@table(
    "gap",
    zh="预测能力",
    en="How each method fared over all past projections, by kind of value and years ahead",
    key=("method", "series_kind", "horizon"),
)
class ProjectionSkill(Table):
    as_of: dt.date = column("截至日期", "values of record of this day")
    method: str = column("方法", "method", codes=v.PROJECTION_METHODS)
    series_kind: str = column("序列类型", "kind of value", codes=SERIES_KINDS)
    horizon: int = column("提前年数", "whole years ahead, rounded up", unit="years", ge=1)
    is_chosen: bool = column("是否采用", "the method that is published")
    n: int = column("检验次数", "past projections", ge=0)
    n_regions: int = column("地区数", "regions that they come from", ge=0)
    median_ape_pct: float = column(
        "误差中位数",
        "median absolute percentage error",
        unit="%",
        nullable=True,
        formula="median |projected-actual|/|actual|*100",
    )
    p90_ape_pct: float = column("误差九成位数", "nine in ten are smaller", unit="%", nullable=True)
    bias_pct: float = column(
        "偏差", "median of (projected-actual)/actual*100", unit="%", nullable=True
    )
    ratio_to_drift: float = column(
        "与首末点直线之比",
        "median error over that of the straight line on the same pairs",
        unit="ratio",
        nullable=True,
    )
    cover80_pct: float = column(
        "80%区间覆盖率",
        "how often the 80 % interval held, each region left out of its own",
        unit="%",
        nullable=True,
    )
    cover95_pct: float = column("95%区间覆盖率", "likewise of 95 %", unit="%", nullable=True)
    brier: float = column(
        "Brier得分",
        "mean squared error of the chance to meet made-up goals 0.2 to 2 yearly changes a year "
        "ahead; 0 is perfect",
        nullable=True,
        ge=0,
        le=1,
    )
    brier_skill: float = column(
        "Brier技巧分",
        "1 - Brier / Brier of always saying the base rate; above 0 is better than that",
        nullable=True,
    )


OUTLOOK_TABLES: tuple[type[Table], ...] = (Projections, Outlook, Hindcasts, ProjectionSkill)
