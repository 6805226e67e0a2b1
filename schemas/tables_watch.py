"""Contracts of what is watched over time and over levels: revisions, breaks, sums, completeness."""

import datetime as dt

from schemas import vocabulary as v
from schemas.contract import Table, column, table
from schemas.tables_core import PERIOD

ROLLUP_STATUSES: v.Codes = {
    "agrees": v.Label("相符", "what is printed of parts and whole can both be true"),
    "differs": v.Label("不符", "all parts are there and fall short of the whole"),
    "exceeds": v.Label("超出", "the parts found already exceed the whole"),
    "incomplete_below": v.Label("分项不全", "parts are missing; those found stay within the whole"),
    "no_whole": v.Label("无合计", "the whole was not published"),
}
CELL_STATUSES: v.Codes = {
    "there": v.Label("已有", "observed"),
    "not_yet_due": v.Label("未到期", "owed, and the day on which it is due is still to come"),
    "late": v.Label("迟到", "over, not observed yet, and younger than the stale limit"),
    "missing": v.Label("缺失", "later periods were observed, or it is older than the stale limit"),
}


@table(
    "core",
    zh="数据修订",
    en="Figures that a publisher changed after it had published them",
    key=("new_observation_id",),
)
class Revisions(Table):
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    period: str = column("时期", "period measured, ISO 8601", pattern=PERIOD)
    period_type: str = column("时期类型", "type of period", codes=v.PERIOD_TYPES)
    source_id: str = column("数据源", "source of both figures")
    old_value: float = column("原值", "figure before, in the indicator's unit")
    new_value: float = column("新值", "figure after, in the indicator's unit")
    change_pct: float = column(
        "变动幅度",
        "change of the figure; null where the earlier one is 0",
        unit="%",
        formula="(new_value - old_value) / |old_value| * 100",
        nullable=True,
    )
    old_value_printed: str = column("原值原文", "earlier figure as printed")
    new_value_printed: str = column("新值原文", "later figure as printed")
    old_observation_id: str = column(
        "原观测", "vintage before", references="observation_vintages.observation_id"
    )
    new_observation_id: str = column(
        "新观测", "vintage after", references="observation_vintages.observation_id"
    )
    old_published_on: dt.date = column("原值发布日", "day of the earlier publication")
    new_published_on: dt.date = column("新值发布日", "day of the later publication")
    days_between: int = column(
        "间隔天数",
        "time between the two publications; 0 for a correction within a day",
        unit="days",
        formula="new_published_on - old_published_on",
        ge=0,
    )


@table(
    "core",
    zh="口径变动",
    en="Periods from which on an indicator is not comparable with before",
    key=("indicator_id", "period"),
)
class SeriesBreaks(Table):
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    period: str = column("变动时期", "first period of the new scope", pattern=PERIOD)
    starts_on: dt.date = column(
        "生效日", "first day of it: a period that ends on or after it is of the new scope"
    )
    note_zh: str = column("说明", "what changed, Chinese")
    note_en: str = column("说明（英文）", "what changed, English")


@table(
    "core",
    zh="上下级合计",
    en="Sums of the parts of a region against the region itself, stocks and flows only",
    key=("indicator_id", "region_code", "period", "period_type"),
)
class Rollups(Table):
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("上级地区", "region that is the whole",
                              references="regions.region_code")  # fmt: skip
    period: str = column("时期", "period measured, ISO 8601", pattern=PERIOD)
    period_type: str = column("时期类型", "type of period", codes=v.PERIOD_TYPES)
    parts_expected: int = column("应有分项", "regions that make up the whole in the period", ge=1)
    parts_found: int = column("已有分项", "of these, with a value of record", ge=1)
    parts_missing: str = column(
        "缺少的分项", "of these, without one: codes and names, the first few", nullable=True
    )
    parts_sum: float = column("分项之和", "sum of the parts found, in the indicator's unit")
    whole_value: float = column(
        "合计", "value of record of the region itself, in the indicator's unit", nullable=True
    )
    difference: float = column(
        "差额",
        "in the indicator's unit",
        formula="parts_sum - whole_value",
        nullable=True,
    )
    difference_pct: float = column(
        "差率",
        "share of the whole; null where that is 0",
        unit="%",
        formula="difference / |whole_value| * 100",
        nullable=True,
    )
    tolerance: float = column(
        "允许误差",
        "difference that rounding explains, in the indicator's unit",
        formula="tolerances of parts and whole + 0.5 % of |whole_value|",
        ge=0,
    )
    status: str = column("结论", "what follows", codes=ROLLUP_STATUSES)


@table(
    "core",
    zh="数据齐全程度",
    en="Which periods are there, late or missing, for every series that should be there",
    key=("indicator_id", "region_code", "period", "period_type"),
)
class Completeness(Table):
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    period: str = column("时期", "period that is expected, ISO 8601", pattern=PERIOD)
    period_type: str = column("时期类型", "type of period", codes=v.PERIOD_TYPES)
    period_end: dt.date = column("时期止", "last day of the period")
    status: str = column("状态", "whether it is there", codes=CELL_STATUSES)
    age_days: int = column(
        "距今天数", "age of the period", unit="days", formula="as_of - period_end"
    )
    due_on: dt.date = column("应报日期", "day on which a submission of it is due", nullable=True)
    has_goal: bool = column("是否有目标", "a live goal is set for the series")
    observation_id: str = column(
        "观测",
        "value of record that fills it",
        nullable=True,
        references="observation_vintages.observation_id",
    )


WATCH_TABLES: tuple[type[Table], ...] = (Revisions, SeriesBreaks, Rollups, Completeness)
