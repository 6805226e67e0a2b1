"""Contracts of schema `gap`: every metric of distance to target, with unit and formula.

Notation: B baseline year, Y_B baseline value, t latest observation, A its value, T target year,
Y_T target value, s = +1 where more is wanted, -1 where less is.
"""

import datetime as dt

from schemas import vocabulary as v
from schemas.contract import Table, column, table
from schemas.tables_core import PERIOD

STATUS_REASONS: v.Codes = {
    "no_figure": v.Label("原文无数值", "the text gives no figure"),
    "scope_differs": v.Label("观测口径与目标不同", "the observations have another scope"),
    "no_observation": v.Label("没有可比的观测值", "nothing comparable was observed"),
    "reference_unknown": v.Label("参照年数值未知", "the value of the reference year is unknown"),
    "reference_across_break": v.Label(
        "参照年之后口径变动，无法折算",
        "the scope changed between the reference year and the answer",
    ),
    "met_before_and_at_deadline": v.Label(
        "期前已达且期末保持", "met before the deadline and at it"
    ),
    "met_at_deadline": v.Label("期末达到", "met at the deadline"),
    "met_before_not_at_deadline": v.Label("曾达到，期末未达", "met before, not at the deadline"),
    "met_after_deadline": v.Label("期末未达，其后达到", "not met at the deadline, met later"),
    "not_met_at_deadline": v.Label("期末未达", "not met at the deadline"),
    "no_value_at_deadline_met_later": v.Label(
        "期末无数据，其后数据达到", "no value at the deadline; a later one meets it"
    ),
    "not_met_after_deadline": v.Label(
        "期末无数据，其后数据仍未达", "no value at the deadline; a later one does not meet it"
    ),
    "no_value_at_or_after_deadline": v.Label(
        "到期后没有任何数据，不作判断", "nothing observed at or after the deadline"
    ),
    "latest_value_meets": v.Label("最新值已达到", "the latest value meets it"),
    "met_once_not_now": v.Label("曾达到，最新值未达", "met once, not by the latest value"),
    "no_baseline_before_latest": v.Label("缺少基数", "no baseline before the latest value"),
    "baseline_across_break": v.Label(
        "基期与最新值之间口径变动，不作比较",
        "the scope changed between the baseline and the latest value",
    ),
    "no_schedule": v.Label("没有期限，无法判断进度", "no deadline, so no schedule"),
    "away_from_target": v.Label("正在背离目标", "moving away from the target"),
    "chance_high": v.Label("按期实现概率不低于0.80", "chance to meet it in time 0.80 or more"),
    "chance_even": v.Label("按期实现概率0.40至0.80", "chance to meet it in time from 0.40 to 0.80"),
    "chance_low": v.Label("按期实现概率低于0.40", "chance to meet it in time below 0.40"),
    "pace_sufficient": v.Label("进度比不低于0.95", "pace ratio 0.95 or more"),
    "pace_short": v.Label("进度比0.60至0.95", "pace ratio from 0.60 to 0.95"),
    "pace_far_short": v.Label("进度比低于0.60", "pace ratio below 0.60"),
}
EUROSTAT_CLASSES: v.Codes = {
    "significant_progress": v.Label("显著进展", "significant progress"),
    "moderate_progress": v.Label("中等进展", "moderate progress"),
    "insufficient_progress": v.Label("进展不足", "insufficient progress"),
    "no_progress": v.Label("无进展", "no progress"),
    "movement_away": v.Label("背离", "movement away"),
    "moderate_movement_away": v.Label("中等背离", "moderate movement away"),
    "significant_movement_away": v.Label("显著背离", "significant movement away"),
}
UNSD_CLASSES: v.Codes = {
    "on_track_or_met": v.Label("正常或已达", "on track or met"),
    "fair_progress": v.Label("有进展，需加快", "fair progress, acceleration needed"),
    "stagnation_or_regression": v.Label("停滞或倒退", "stagnation or regression"),
}
ESCAP_CLASSES: v.Codes = {
    "maintain": v.Label("保持", "maintain progress"),
    "accelerate": v.Label("加快", "accelerate progress"),
    "reverse": v.Label("扭转", "reverse trend"),
}
SDSN_ARROWS: v.Codes = {
    "on_track": v.Label("正常", "on track"),
    "moderately_improving": v.Label("中等改善", "moderately improving"),
    "stagnating": v.Label("停滞", "stagnating"),
    "decreasing": v.Label("下降", "decreasing"),
}
ISTAT_CLASSES: v.Codes = {
    "clear_improvement": v.Label("明显改善", "clear improvement"),
    "slight_improvement": v.Label("略有改善", "slight improvement"),
    "stable": v.Label("稳定", "stable"),
    "slight_worsening": v.Label("略有恶化", "slight worsening"),
    "clear_worsening": v.Label("明显恶化", "clear worsening"),
}
PSA_LIKELIHOODS: v.Codes = {
    "high": v.Label("高", "high"),
    "medium": v.Label("中", "medium"),
    "low": v.Label("低", "low"),
}
PATH_KINDS: v.Codes = {
    "linear": v.Label("直线", "straight line: the same amount every year"),
    "geometric": v.Label("等比", "constant growth: the same rate every year"),
    "logistic": v.Label("S形", "S-curve of a share between 0 and 100 %"),
    "milestones": v.Label("分年目标连线", "from goal to goal, straight in between"),
}
PLAN_CLASSES: v.Codes = {
    "提前实现": v.Label("提前实现", "achieved before the deadline"),
    "快于预期": v.Label("快于预期", "more than 5 points ahead of the schedule"),
    "基本符合预期": v.Label("基本符合预期", "within 5 points of the schedule"),
    "滞后": v.Label("滞后", "more than 5 points behind the schedule"),
}


@table(
    "gap",
    zh="目标差距",
    en="Gap to goal: one row a target, as known on the as-of day",
    key=("target_id", "region_code", "as_of"),
)
class GapToGoal(Table):
    target_id: str = column("目标", "target", references="targets.target_id")
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    as_of: dt.date = column("截至日期", "only what was published by this day was used")
    document_id: str = column("文件", "document that first prints the target", nullable=True)
    standing: str = column("来源性质", "documented or reported", codes=v.STANDINGS)
    commitment: str = column("承诺性质", "kind of commitment", codes=v.COMMITMENTS)
    is_goal: bool = column("是否计入目标", "a goal of a plan, not a forecast or proposal")
    is_live: bool = column("是否有效目标", "a goal that no later figure has taken the place of")
    superseded_by: str = column("被何目标取代", "target that took its place", nullable=True)
    operator: str = column("比较方式", "operator", codes=v.OPERATORS)
    value: float = column("目标数", "figure of the target as stated", nullable=True)
    value_high: float = column("目标上限", "upper end of a range", nullable=True)
    value_kind: str = column("目标类型", "what the figure is", codes=v.VALUE_KINDS)
    unit: str = column("单位", "unit of the series, and of every column without its own")
    direction: int = column("方向", "+1 more is wanted, -1 less, 0 a range", ge=-1, le=1)
    target_year: int = column("目标年 T", "year at whose end it is due", unit="year", nullable=True)
    path_kind: str = column("路径类型", "shape of the expected path", codes=PATH_KINDS)
    resolved_target: float = column(
        "折算目标值 Y_T",
        "target in the unit of the series",
        nullable=True,
        formula="value; factor*Y_ref; Y_ref+value; Y_ref*(1+g)^(T-ref)",
    )
    tolerance: float = column(
        "判定精度", "half of the last printed digit, the finer of target and series", ge=0
    )
    baseline_kind: str = column("基数类型", "where the baseline comes from", codes=v.BASELINE_KINDS)
    baseline_year: int = column(
        "基期年 B", "calendar year of the baseline", unit="year", nullable=True
    )
    baseline_t: float = column(
        "基期时点 B",
        "its last day, 31 December being the number of the year",
        unit="year end",
        nullable=True,
    )
    baseline_value: float = column("基数 Y_B", "baseline value", nullable=True)
    baseline_met: bool = column("基期已达", "the baseline already meets the target")
    is_across_break: bool = column(
        "跨口径变动",
        "the scope changed between baseline or reference year and the latest value: levels stand, "
        "progress, pace and growth are not computed",
    )
    n_obs: int = column("数据点数", "comparable observations known, one a year", ge=0)
    obs_period: str = column(
        "最新时期", "period of the latest comparable observation", nullable=True, pattern=PERIOD
    )
    obs_year: int = column("最新年份", "its calendar year", unit="year", nullable=True)
    latest_value: float = column("最新值 A", "latest comparable value", nullable=True)
    latest_bound: str = column(
        "最新值界限", "exact, bound or approximate", codes=v.BOUNDS, nullable=True
    )
    observation_id: str = column(
        "最新值出处",
        "vintage of the latest value",
        nullable=True,
        references="observation_vintages.observation_id",
    )
    obs_source: str = column("最新值来源", "title of its publication", nullable=True)
    obs_quality: str = column(
        "最新值等级", "quality of its source", codes=v.QUALITIES, nullable=True
    )
    obs_published_on: dt.date = column("最新值发布日", "day of its publication", nullable=True)
    gap_abs: float = column(
        "差距",
        "distance still to go; negative: surplus",
        nullable=True,
        formula="s(Y_T-A); |Y_T-A| for eq; distance to the nearest bound",
    )
    gap_pct: float = column(
        "差距率", "gap as share of the target", unit="%", nullable=True, formula="gap_abs/|Y_T|*100"
    )
    gap_sigma: float = column(
        "差距（标准差）",
        "gap in standard deviations across provinces",
        unit="sd",
        formula="gap_abs / sd of the provinces in the same year",
        nullable=True,
    )
    attainment_pct: float = column(
        "完成率", "attainment", unit="%", nullable=True, formula="s=+1: A/Y_T*100; s=-1: Y_T/A*100"
    )
    progress_pct: float = column(
        "进展",
        "share of the way from baseline to target",
        unit="%",
        formula="(A-Y_B)/(Y_T-Y_B)*100",
        nullable=True,
    )
    time_elapsed_pct: float = column(
        "时序进度",
        "share of the time gone at t",
        unit="%",
        nullable=True,
        formula="clip((t-B)/(T-B))*100",
    )
    schedule_gap_pp: float = column(
        "超（欠）时序进度",
        "progress less time elapsed",
        nullable=True,
        unit="percentage points",
        formula="progress_pct-time_elapsed_pct",
    )
    expected_value: float = column(
        "路径应达值", "value of the path at t", nullable=True, formula="Y_B+(Y_T-Y_B)*time_elapsed"
    )
    expected_gap: float = column(
        "与路径之差",
        "ahead (+) or behind (-) the path",
        nullable=True,
        formula="s(A-expected_value)",
    )
    lead_years: float = column(
        "领先年数",
        "ahead (+) or behind (-) the path in time",
        unit="years",
        formula="progress*(T-B)-(t-B)",
        nullable=True,
    )
    pace_ratio: float = column(
        "进度比",
        "progress over time elapsed",
        unit="ratio",
        nullable=True,
        formula="progress_pct/time_elapsed_pct",
    )
    cagr_actual: float = column(
        "实际年均增速",
        "compound growth from baseline to latest",
        unit="share a year",
        formula="(A/Y_B)^(1/(t-B))-1",
        nullable=True,
    )
    cagr_required: float = column(
        "所需年均增速（自基期）",
        "compound growth from baseline to target",
        unit="share a year",
        formula="(Y_T/Y_B)^(1/(T-B))-1",
        nullable=True,
    )
    cagr_ratio: float = column(
        "增速比",
        "actual over required growth",
        unit="ratio",
        nullable=True,
        formula="s*cagr_actual/|cagr_required|",
    )
    recent_pace: float = column(
        "近期速度",
        "weighted mean of the yearly changes",
        unit="unit a year",
        formula="weights 0.6^age",
        nullable=True,
    )
    required_pace: float = column(
        "所需速度",
        "change a year still needed",
        unit="unit a year",
        formula="s*max(0,s(Y_T-A))/(T-t)",
        nullable=True,
    )
    required_cagr: float = column(
        "所需年均增速（自最新）",
        "compound growth still needed",
        unit="share a year",
        formula="(Y_T/A)^(1/(T-t))-1",
        nullable=True,
    )
    accel_factor: float = column(
        "需提速倍数",
        "required over recent pace; 0 once met",
        unit="ratio",
        formula="required_pace/recent_pace",
        nullable=True,
    )
    projected_value: float = column(
        "预测期末值",
        "value at the deadline if it goes on as it did; open goals with three observations or more",
        nullable=True,
        formula="A+pace*D(T-t), D(h)=0.9(1-0.9^h)/0.1; shares on the logit scale with 0.85",
    )
    projected_alt: float = column(
        "预测期末值（组合）",
        "median of drift, time-weighted regression, damped and damped log (shares: logit)",
        nullable=True,
    )
    projection_method: str = column(
        "预测方法", "method of the projection", codes=v.PROJECTION_METHODS, nullable=True
    )
    lo80: float = column("80%区间下限", "lower end of the 80 % interval", nullable=True)
    hi80: float = column("80%区间上限", "upper end of the 80 % interval", nullable=True)
    lo95: float = column("95%区间下限", "lower end of the 95 % interval", nullable=True)
    hi95: float = column("95%区间上限", "upper end of the 95 % interval", nullable=True)
    interval_method: str = column(
        "区间方法", "where the interval comes from", codes=v.INTERVAL_METHODS, nullable=True
    )
    p_on_time: float = column(
        "按期实现概率",
        "chance to meet the goal at its deadline",
        unit="share",
        nullable=True,
        ge=0,
        le=1,
        formula="share of the pool's past errors that would leave it met; none of exact figures",
    )
    anticipated_gap_pct: float = column(
        "预期差距",
        "projected gap as share of the way from the baseline",
        unit="%",
        nullable=True,
        formula="s(Y_T-projected_value)/|Y_T-Y_B|*100",
    )
    eta_year: int = column(
        "预计实现年",
        "first year at whose end the projected path meets a goal that is not met yet",
        unit="year",
        nullable=True,
    )
    eta_delay_years: float = column(
        "预计推迟年数", "that year less T", unit="years", nullable=True, formula="eta_year-T"
    )
    first_met_year: int = column(
        "首次达到年", "first year from B on that meets it", unit="year", nullable=True
    )
    met_latest: bool = column("最新值达到", "the latest value meets it exactly")
    met_within_tolerance: bool = column("在精度内达到", "it meets it at the printed precision")
    value_at_deadline: float = column("期末值", "value at the end of T", nullable=True)
    shortfall_at_deadline: float = column(
        "期末差距", "gap at the end of T", formula="s(Y_T-A at T)", nullable=True
    )
    late_years: float = column(
        "逾期年数", "first year that meets it, less T; negative: early", unit="years", nullable=True
    )
    deadline_passed: bool = column("是否到期", "the deadline has passed")
    eurostat_ratio: float = column(
        "欧盟统计局比值",
        "Eurostat: actual over required growth, signed",
        unit="ratio",
        formula="s*g_a/|g_r|",
        nullable=True,
    )
    eurostat_class: str = column(
        "欧盟统计局类别", "Eurostat class", codes=EUROSTAT_CLASSES, nullable=True
    )
    eurostat_score: float = column(
        "欧盟统计局得分", "Eurostat score", unit="-5..5", nullable=True, ge=-5, le=5
    )
    unsd_share: float = column(
        "联合国统计司份额",
        "UNSD: share of the distance covered at T",
        unit="ratio",
        formula="(A(1+g_a)^(T-t)-Y_B)/(Y_T-Y_B)",
        nullable=True,
    )
    unsd_class: str = column("联合国统计司类别", "UNSD class", codes=UNSD_CLASSES, nullable=True)
    escap_csi: float = column(
        "亚太经社会现状指数",
        "ESCAP current status index: base 0, target 10",
        unit="index",
        nullable=True,
    )
    escap_class: str = column(
        "亚太经社会类别", "ESCAP class by the anticipated gap", codes=ESCAP_CLASSES, nullable=True
    )
    sdsn_share: float = column(
        "SDSN份额", "SDSN: actual over required change a year", unit="ratio", nullable=True
    )
    sdsn_arrow: str = column("SDSN箭头", "SDSN arrow", codes=SDSN_ARROWS, nullable=True)
    istat_class: str = column(
        "意大利统计局类别",
        "ISTAT band of growth, of goals without a figure",
        codes=ISTAT_CLASSES,
        nullable=True,
    )
    psa_likelihood: str = column(
        "菲律宾统计局可能性",
        "Philippine likelihood by the pace ratio, which is sdsn_share",
        codes=PSA_LIKELIHOODS,
        nullable=True,
    )
    plan_class_zh: str = column(
        "规划评估类别", "class in the plan vocabulary", codes=PLAN_CLASSES, nullable=True
    )
    yardsticks_agree: bool = column(
        "各法是否一致", "all yardsticks agree on 'on track'; two needed", nullable=True
    )
    obs_age_years: float = column(
        "数据年龄",
        "as-of day less the latest observation",
        unit="years",
        nullable=True,
        formula="as_of-t",
    )
    evidence_grade: str = column(
        "证据等级", "evidence grade", codes=v.EVIDENCE_GRADES, nullable=True
    )
    status: str = column("状态", "verdict", codes=v.STATUSES)
    status_reason: str = column("状态理由", "why", codes=STATUS_REASONS)
    decided_by: str = column("判定依据", "what decided", codes=v.DECIDED_BY)
    trend_flag: str = column("趋势标记", "flag", codes=v.TREND_FLAGS, nullable=True)
    status_previous: str = column(
        "前次状态", "status before it last changed", codes=v.STATUSES, nullable=True
    )
    status_changed_at: dt.date = column(
        "状态变更日", "as-of day on which it last changed", nullable=True
    )
    null_reason: str = column(
        "空值原因",
        "why numbers are missing: metric=reason; scope_break: values of two scopes would have to "
        "be compared",
        nullable=True,
    )
    method_version: str = column("方法版本", "version of the method")


@table(
    "gap",
    zh="历次差距",
    en="Position at every comparable observation, as known on the as-of day",
    key=("target_id", "obs_period"),
)
class GapHistory(Table):
    target_id: str = column("目标", "target", references="targets.target_id")
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    as_of: dt.date = column("截至日期", "only what was published by this day was used")
    obs_period: str = column("时期", "period of the observation", pattern=PERIOD)
    obs_year: int = column("年份", "its calendar year", unit="year")
    value: float = column("数值", "observed value")
    bound: str = column("界限", "exact, bound or approximate", codes=v.BOUNDS)
    unit: str = column("单位", "unit of the series")
    observation_id: str = column(
        "出处", "vintage", references="observation_vintages.observation_id"
    )
    segment: int = column(
        "口径段", "scope breaks up to here; only values of one segment are compared", ge=0
    )
    is_after_break: bool = column("口径变动后首个", "first observation after a scope break")
    resolved_target: float = column(
        "折算目标值 Y_T", "target in the unit of the series", nullable=True
    )
    is_met: bool = column("是否达到", "meets the target at the printed precision")
    gap_abs: float = column("差距", "distance still to go; negative: surplus", nullable=True)
    gap_pct: float = column("差距率", "gap as share of the target", unit="%", nullable=True)
    attainment_pct: float = column("完成率", "attainment", unit="%", nullable=True)
    progress_pct: float = column("进展", "share of the way", unit="%", nullable=True)
    time_elapsed_pct: float = column("时序进度", "share of the time gone", unit="%", nullable=True)
    schedule_gap_pp: float = column(
        "超（欠）时序进度", "progress less time elapsed", unit="percentage points", nullable=True
    )
    expected_value: float = column("路径应达值", "value of the path", nullable=True)
    expected_gap: float = column("与路径之差", "ahead (+) or behind (-)", nullable=True)
    lead_years: float = column("领先年数", "ahead (+) or behind (-)", unit="years", nullable=True)
    pace_ratio: float = column("进度比", "progress over time elapsed", unit="ratio", nullable=True)
    cagr_actual: float = column(
        "实际年均增速", "compound growth since the baseline", unit="share a year", nullable=True
    )


@table(
    "gap",
    zh="逐日差距",
    en="Gap to goal on every day on which something became known or fell due",
    key=("target_id", "region_code", "as_of"),
)
class GapByDay(GapToGoal):
    """What `gap_as_of(day)` reads: for each target the last row on or before the day holds."""


GAP_TABLES: tuple[type[Table], ...] = (GapToGoal, GapHistory, GapByDay)
