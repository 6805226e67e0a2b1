"""Contract of `trajectories`: what each goal asks for year by year, and where the series stood."""

import datetime as dt

from schemas import vocabulary as v
from schemas.contract import Table, column, table
from schemas.tables_core import PERIOD
from schemas.tables_gap import PATH_KINDS


@table(
    "gap",
    zh="预期路径",
    en="Trajectories: what a path to a goal, or through several goals, asks for at each year's end",
    key=("path_id", "path_kind", "year"),
)
class Trajectories(Table):
    path_id: str = column(
        "路径",
        "path: that of one goal (its target_id), or indicator:region:milestones:standing:more|less",
    )
    path_kind: str = column("路径类型", "shape of the path", codes=PATH_KINDS)
    year: int = column("年份", "calendar year, at its end", unit="year")
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    target_id: str = column(
        "所向目标", "goal that the path leads to from that year", references="targets.target_id"
    )
    as_of: dt.date = column("截至日期", "only what was published by this day was used")
    is_main: bool = column(
        "是否主路径",
        "the kind that counts of a path: linear; geometric where the goal is a growth from a "
        "reference year; milestones have one kind only",
    )
    is_baseline: bool = column("是否基期", "year of the baseline")
    is_target: bool = column("是否目标年", "a goal is due at the end of this year")
    expected_value: float = column(
        "年末应达值",
        "value of the path at the end of the year",
        formula="u = (t-B)/(T-B); linear Y_B+(Y_T-Y_B)*u; geometric Y_B*(Y_T/Y_B)^u; logistic: "
        "log-odds linear in u; milestones: linear from goal to goal",
    )
    unit: str = column("单位", "unit of the series, and of every column without its own")
    observed_period: str = column(
        "观测时期", "period of the year's observation", nullable=True, pattern=PERIOD
    )
    observed_t: float = column(
        "观测时点",
        "its last day, 31 December being the number of the year",
        unit="year end",
        nullable=True,
    )
    observed_value: float = column(
        "观测值 A", "the year's comparable value of record; a running sum for sums", nullable=True
    )
    observed_bound: str = column(
        "观测值界限", "exact, bound or approximate", codes=v.BOUNDS, nullable=True
    )
    observation_id: str = column(
        "出处", "vintage", nullable=True, references="observation_vintages.observation_id"
    )
    expected_at_observed: float = column(
        "观测时点应达值",
        "value of the path when it was observed; null across a scope break",
        nullable=True,
    )
    expected_gap: float = column(
        "与路径之差",
        "ahead (+) or behind (-) the path; null across a scope break",
        formula="s(A-expected_at_observed)",
        nullable=True,
    )
    lead_years: float = column(
        "领先年数",
        "ahead (+) or behind (-) in time; null across a scope break, beyond the ends of the path, "
        "and where it has the value more than once",
        unit="years",
        formula="(time at which the path is at A)-observed_t",
        nullable=True,
    )


PATH_TABLES: tuple[type[Table], ...] = (Trajectories,)
