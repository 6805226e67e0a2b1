"""Contracts of the evaluation indices: scores, their members, how far they depend on choices.

No foreign key leads to indicators, targets or vintages: a frozen year outlives what it was made of.
"""

import datetime as dt
from typing import Final

from schemas import vocabulary as v
from schemas.contract import Table, column, table
from schemas.tables_core import PERIOD, SLUG

TOTAL: Final = "total"  # the part that is the whole index

SCORED_BY: v.Codes = {
    "progress": v.Label("进展", "share of the way from the baseline"),
    "attainment": v.Label("完成率（基期已达或无基数）", "attainment: no baseline, or met by it"),
    "interval": v.Label("区间", "distance to the range"),
    "goalposts": v.Label("固定标杆", "place between the fixed goalposts"),
}
MEMBER_REASONS: v.Codes = {
    "scored": v.Label("已计分", "scored"),
    "no_observation": v.Label("当年末以前没有观测值", "nothing observed by the end of the year"),
    "only_baseline": v.Label("基期之后没有观测值", "nothing observed after the baseline"),
    "no_denominator": v.Label("缺少分母", "its denominator was not observed"),
    "approximate_observation": v.Label("观测值为约数", "the observation is approximate"),
    "not_computable": v.Label("完成率无法计算", "attainment cannot be computed"),
    "no_allowed_bounds": v.Label(
        "区间目标未达，未规定允许界限", "outside its range, and no allowed bounds are laid down"
    ),
    "superseded": v.Label("已被取代", "superseded"),
    "not_quantified": v.Label("未量化", "not quantified"),
    "scope_mismatch": v.Label("口径不符", "the observations have another scope"),
    "approx_wording": v.Label("目标为约数", "the target itself is approximate"),
    "standing": v.Label("来源性质不计入", "targets of its standing do not count here"),
}
# These are no members at all; the others count as members, scored or not.
EXCLUDED: Final = ("superseded", "not_quantified", "scope_mismatch", "approx_wording", "standing")
NO_SCORE: v.Codes = {
    "no_members": v.Label("没有成员", "no members in this year"),
    "members_missing": v.Label("成员覆盖率不足", "too few of the members are scored"),
    "themes_missing": v.Label("主题覆盖率不足", "too few of the themes have a score"),
}
VERDICTS_OF_CHANGE: v.Codes = {
    "rise": v.Label("上升", "rise: the bands do not overlap"),
    "no_change": v.Label("无显著变化", "no change: the bands overlap"),
    "fall": v.Label("下降", "fall: the bands do not overlap"),
}
AGGREGATIONS: v.Codes = {
    "arithmetic": v.Label("算术平均", "arithmetic mean"),
    "geometric": v.Label("几何平均", "geometric mean"),
    "pooled": v.Label("全部合并", "all of them together"),
}


def _score(zh: str, en: str, formula: str | None = None) -> float:
    found: float = column(zh, en, unit="0..100", formula=formula, nullable=True, ge=0, le=100)
    return found


@table(
    "gap",
    zh="评估指数：总分、主题分、区间、位次",
    en="Evaluation indices: scores of the whole and of its themes, their bands and ranks",
    key=("index_id", "region_code", "year", "part"),
)
class IndexScores(Table):
    index_id: str = column("指数", "index", pattern=SLUG)
    index_zh: str = column("指数名称", "name of the index, Chinese")
    index_en: str = column("指数名称（英文）", "name of the index, English")
    region_code: str = column("地区", "region", references="regions.region_code")
    year: int = column("年份", "what was observed by its end counts", unit="year")
    part: str = column("部分", "theme, or total for the whole index", pattern=SLUG)
    part_zh: str = column("部分名称", "name of the part, Chinese")
    part_en: str = column("部分名称（英文）", "name of the part, English")
    score: float = _score("得分", "score", "weighted arithmetic mean; null below the coverage")
    geometric: float = _score("几何平均", "geometric companion", "exp(sum(w ln max(x, floor)))")
    worst_score: float = _score("最低成员得分", "score of the worst member")
    worst_member: str = column("最低成员代码", "the worst member", nullable=True)
    worst_zh: str = column("最低成员", "its name, Chinese", nullable=True)
    worst_en: str = column("最低成员（英文）", "its name, English", nullable=True)
    members: int = column("成员数", "members, scored or not", ge=0)
    members_scored: int = column("计分成员数", "of these, scored", ge=0)
    members_met: int = column(
        "达到目标数", "scored members whose observation meets the goal", nullable=True, ge=0
    )
    excluded: int = column("不计入数", "listed, and no members for the reason given there", ge=0)
    themes: int = column("主题数", "themes with members; of a theme 1", ge=0)
    themes_scored: int = column("有分主题数", "of these, with a score", ge=0)
    coverage: float = column(
        "覆盖率", "share of the weights that is there", unit="ratio", ge=0, le=1
    )
    null_reason: str = column("无分原因", "why there is no score", codes=NO_SCORE, nullable=True)
    score_low: float = _score("得分下限", "5th percentile over all drawn weights and methods")
    score_high: float = _score("得分上限", "95th percentile")
    rank: int = column("位次", "rank among the regions, 1 is best", nullable=True, ge=1)
    rank_low: int = column("位次最好", "5th percentile of the rank", nullable=True, ge=1)
    rank_high: int = column("位次最差", "95th percentile of the rank", nullable=True, ge=1)
    ranked: int = column("排名地区数", "regions with a rank", nullable=True, ge=1)
    change: float = column(
        "较上年", "score less that of the year before", unit="points", nullable=True
    )
    change_verdict: str = column(
        "变化判断", "the bands of both years compared", codes=VERDICTS_OF_CHANGE, nullable=True
    )
    same_members: bool = column(
        "计分成员同上年", "what is scored is what was scored the year before", nullable=True
    )
    score_restated: float = _score("按现有数据重算", "what today's data and rules give")
    is_frozen: bool = column("是否冻结", "the year is frozen: it stands as it was then")
    frozen_build: str = column("冻结时的版本", "build that was frozen", nullable=True)
    spec_version: str = column("规则版本", "version of the rules behind the score")
    as_of: dt.date = column("截至日期", "only what was published by this day was used")


@table(
    "gap",
    zh="指数成员：计分与否、理由、影响",
    en="Members of the indices: scored or why not, and how much each one matters",
    key=("index_id", "region_code", "year", "member"),
)
class IndexMembers(Table):
    index_id: str = column("指数", "index", pattern=SLUG)
    region_code: str = column("地区", "region", references="regions.region_code")
    year: int = column("年份", "what was observed by its end counts", unit="year")
    member: str = column("成员", "target, or id of the peer indicator")
    name_zh: str = column("名称", "name and target year, Chinese")
    name_en: str = column("名称（英文）", "name and target year, English")
    theme: str = column("主题", "theme", pattern=SLUG)
    indicator_id: str = column("指标", "indicator", pattern=SLUG)
    is_member: bool = column("是否成员", "a member; else listed only with the reason")
    reason: str = column("理由", "scored, or why not", codes=MEMBER_REASONS)
    scored_by: str = column("计分依据", "what it is scored by", codes=SCORED_BY, nullable=True)
    score: float = _score("得分", "score")
    score_variant: float = _score("另法得分", "by attainment, or between the second goalposts")
    is_met: bool = column("是否达到", "the observation meets the goal", nullable=True)
    weight: float = column(
        "实际权重", "share in the index; null where it has no score", unit="ratio", nullable=True,
        ge=0, le=1,
    )  # fmt: skip
    influence: float = column(
        "对得分的影响", "score of the index less that without it", unit="points", nullable=True
    )
    rank_without: int = column("去除后位次", "rank without it, in all regions", nullable=True)
    value: float = column("数值", "observed, or per resident or unit of output", nullable=True)
    unit: str = column("单位", "unit of the value")
    obs_period: str = column("时期", "period of the observation", nullable=True, pattern=PERIOD)
    observation_id: str = column("出处", "vintage of the observation", nullable=True)
    is_frozen: bool = column("是否冻结", "the year is frozen")


@table(
    "gap",
    zh="指数稳健性：随机权重与各种方法下的分布；冻结年份亦按现有数据计算",
    en="Robustness: the spread over drawn weights, by method; always of today's data and rules",
    key=("index_id", "region_code", "year", "part", "aggregation", "basis"),
)
class IndexSensitivity(Table):
    index_id: str = column("指数", "index", pattern=SLUG)
    region_code: str = column("地区", "region", references="regions.region_code")
    year: int = column("年份", "what was observed by its end counts", unit="year")
    part: str = column("部分", "theme, or total for the whole index", pattern=SLUG)
    aggregation: str = column("合成方法", "aggregation", codes=AGGREGATIONS)
    basis: str = column("计分方法", "progress, attainment, goalposts, or pooled", pattern=SLUG)
    draws: int = column("次数", "scores behind the quantiles", ge=1)
    score_low: float = _score("得分下限", "5th percentile")
    score_median: float = _score("得分中位", "median")
    score_high: float = _score("得分上限", "95th percentile")
    rank_low: int = column("位次最好", "5th percentile of the rank", nullable=True, ge=1)
    rank_median: int = column("位次中位", "median of the rank", nullable=True, ge=1)
    rank_high: int = column("位次最差", "95th percentile of the rank", nullable=True, ge=1)


INDEX_TABLES: tuple[type[Table], ...] = (IndexScores, IndexMembers, IndexSensitivity)
