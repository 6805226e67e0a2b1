"""The everyday views once more for people who think in Chinese: `FROM 目标差距`.

A twin chooses columns of an everyday view and gives them Chinese names; it computes nothing. Its
comments are those of the columns that it shows, with their English place added.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from pipelines.warehouse import View


class Twin(NamedTuple):
    """A view in Chinese: the everyday view it shows, and its columns as Chinese name -> column.

    A column ending in `?` is a yes or no, shown as 是 or 否.
    """

    of: str
    columns: Mapping[str, str]


TWINS: Final[dict[str, Twin]] = {
    "目标差距": Twin(
        "headline",
        {
            "指标": "name_zh", "主题": "theme_zh", "地区": "region_zh", "目标年": "target_year",
            "比较方式": "operator_zh", "目标原文": "printed", "目标值": "resolved_target",
            "单位": "unit_zh", "最新时期": "obs_period", "最新值": "latest_value",
            "最新值界限": "latest_bound_zh", "最新值原文": "latest_printed",
            "期末值": "value_at_deadline", "差距": "gap_abs", "差距率": "gap_pct",
            "完成率": "attainment_pct", "进展": "progress_pct", "首次达到年": "first_met_year",
            "状态": "status_zh", "状态理由": "reason_zh", "证据等级": "evidence_grade",
            "来源性质": "standing_zh", "目标出处": "target_source", "章节": "target_section",
            "目标网址": "target_url", "数据出处": "obs_source", "数据网址": "obs_url",
            "截至日期": "as_of", "指标代码": "indicator_id", "目标代码": "target_id",
        },
    ),
    "未实现目标": Twin(
        "missed_targets",
        {
            "指标": "name_zh", "地区": "region_zh", "目标年": "target_year",
            "目标原文": "printed", "目标值": "value", "单位": "unit_zh", "结果": "reached",
            "结果界限": "reached_bound_zh", "结果原文": "reached_printed",
            "结果时期": "reached_period", "完成率": "reached_pct", "首次达到年": "first_met_year",
            "状态": "status_zh", "被何目标取代": "superseded_by", "目标出处": "target_source",
            "目标网址": "target_url", "结果出处": "reached_source", "结果网址": "reached_url",
            "目标代码": "target_id",
        },
    ),
    "调整过的目标": Twin(
        "revised_targets",
        {
            "指标": "name_zh", "地区": "region_zh", "原目标年": "year_from",
            "新目标年": "year_to", "原目标原文": "printed_from", "新目标原文": "printed_to",
            "原目标值": "value_from", "新目标值": "value_to", "单位": "unit_zh",
            "变动幅度": "change_pct", "调整类型": "kind_zh", "原目标出处": "from_source",
            "新目标出处": "to_source", "原目标发布日": "issued_from",
            "新目标发布日": "issued_to", "指标代码": "indicator_id",
        },
    ),
    "状态计数": Twin(
        "status_counts",
        {"状态": "status_zh", "目标数": "targets", "文件载明": "documented",
         "媒体转述": "reported"},
    ),
    "预期路径": Twin(
        "expected_paths",
        {
            "指标": "name_zh", "地区": "region_zh", "路径类型": "path_kind_zh", "年份": "year",
            "年末应达值": "expected_value", "单位": "unit_zh", "目标年": "is_target?",
            "所向目标原文": "printed", "观测时期": "observed_period", "观测值": "observed_value",
            "观测值界限": "observed_bound_zh", "观测时点应达值": "expected_at_observed",
            "与路径之差": "expected_gap", "领先年数": "lead_years", "数据出处": "source_title",
            "数据网址": "source_url", "指标代码": "indicator_id", "路径代码": "path_id",
        },
    ),
    "条目去向": Twin(
        "statement_outcomes",
        {
            "条目": "statement_id", "文件": "document_zh", "章节": "section", "指标": "name_zh",
            "地区": "region_zh", "原文": "printed", "去向": "outcome_zh",
            "未量化原因": "unquantified_zh", "目标年": "target_year", "状态": "status_zh",
            "完成率": "attainment_pct", "责任单位": "responsible_units",
            "目标代码": "target_id",
        },
    ),
    "陈旧指标": Twin(
        "stale_indicators",
        {
            "指标": "name_zh", "主题": "theme_zh", "地区": "region_zh", "结论": "finding_zh",
            "最新时期": "latest_period", "数据天数": "age_days", "陈旧阈值": "stale_after_days",
            "最近发布日": "latest_published_on", "观测数": "observation_count",
            "缺少时期数": "absent_count", "目标数": "goals", "目标年": "target_years",
            "责任单位": "responsible_units", "指标代码": "indicator_id",
        },
    ),
    "各省比较": Twin(
        "peer_comparison",
        {
            "指标": "name_zh", "年份": "obs_year", "地区": "region_zh", "数值": "value",
            "单位": "unit_zh", "位次": "rank", "省份数": "provinces", "排序依据": "ranked_by_zh",
            "中位数": "median", "与中位数差距": "gap_to_median", "第一位省份": "best_region_zh",
            "第一位数值": "best_value", "与第一位差距": "gap_to_best", "出处": "source_title",
            "网址": "source_url", "指标代码": "indicator_id",
        },
    ),
    "各省排名": Twin(
        "province_ranking",
        {
            "指标": "name_zh", "年份": "obs_year", "位次": "rank", "省份": "region_zh",
            "数值": "value", "单位": "unit_zh", "省份数": "provinces",
            "排序依据": "ranked_by_zh", "中位数": "median", "与中位数差距": "gap_to_median",
            "与第一位差距": "gap_to_best", "指标代码": "indicator_id",
            "地区代码": "region_code",
        },
    ),
    "数据完整性": Twin(
        "series_completeness",
        {
            "指标": "name_zh", "地区": "region_zh", "有目标": "has_goal?",
            "时期类型": "period_type_zh", "应有": "periods_due", "已有": "periods_there",
            "迟到": "periods_late", "缺失": "periods_missing", "未到期": "periods_to_come",
            "齐全率": "there_pct", "起": "first_period", "止": "last_period",
            "最后已有": "last_there", "缺少的时期": "absent_periods",
            "指标代码": "indicator_id",
        },
    ),
    "缺少的数据": Twin(
        "missing_observations",
        {
            "指标": "name_zh", "地区": "region_zh", "有目标": "has_goal?", "时期": "period",
            "时期类型": "period_type_zh", "状态": "status_zh", "距今天数": "age_days",
            "应报日期": "due_on", "指标代码": "indicator_id",
        },
    ),
    "评估指数": Twin(
        "index_overview",
        {
            "指数": "index_zh", "地区": "region_zh", "年份": "year", "部分": "part_zh",
            "得分": "score", "得分下限": "score_low", "得分上限": "score_high",
            "几何平均": "geometric", "位次": "rank", "位次最好": "rank_low",
            "位次最差": "rank_high", "排名地区数": "ranked", "最低成员": "worst_zh",
            "最低得分": "worst_score", "成员数": "members", "计分成员数": "members_scored",
            "达到目标数": "members_met", "不计入数": "excluded", "覆盖率": "coverage",
            "无分原因": "no_score_zh", "较上年": "change", "变化判断": "verdict_zh",
            "成员同上年": "same_members?", "重算得分": "score_restated", "冻结": "is_frozen?",
            "规则版本": "spec_version", "部分代码": "part", "指数代码": "index_id",
        },
    ),
    "观测值": Twin(
        "observed_values",
        {
            "指标": "name_zh", "地区": "region_zh", "时期": "period",
            "时期类型": "period_type_zh", "数值": "value", "单位": "unit_zh",
            "界限": "bound_zh", "原文": "value_printed", "来源等级": "quality_zh",
            "出处": "source_title", "网址": "source_url", "发布日期": "published_on",
            "发布次数": "vintage_count", "有冲突": "is_conflict?", "未采用的值": "beaten",
            "指标代码": "indicator_id", "地区代码": "region_code",
        },
    ),
}  # fmt: skip


def chinese_views(views: Mapping[str, View]) -> dict[str, View]:
    """The twins of the everyday views."""
    return {name: _view(twin, views[twin.of]) for name, twin in TWINS.items()}


def _view(twin: Twin, source: View) -> View:
    chosen, comments = [], {}
    for name, column in twin.columns.items():
        column, is_yes_or_no = column.removesuffix("?"), column.endswith("?")
        shown = f"CASE {column} WHEN true THEN '是' WHEN false THEN '否' END"
        chosen.append(f'{shown if is_yes_or_no else column} AS "{name}"')
        zh, _, rest = source.columns[column].partition(" / ")
        comments[name] = f"{zh}（{twin.of}.{column}） / {rest}"
    sql = f"SELECT {', '.join(chosen)} FROM main.{twin.of}"
    return View(source.zh, f"view {twin.of} with Chinese names and labels", sql, comments)
