"""A sheet as a table for people and spreadsheets: one line a goal."""

from typing import Any

from assets.assess.view import View
from pipelines.query import Row
from schemas import vocabulary as v
from schemas.assessment_records import PARTS, TREATMENTS
from schemas.tables_gap import STATUS_REASONS

HEADS = (
    "年度 year", "截至 as_of", "类别 part", "指标 indicator", "指标代码 indicator_id",
    "地区 region", "目标年 due", "目标 goal", "目标值 goal_value", "结果 reached",
    "计量单位 unit", "时期 period", "完成率 attainment_pct", "结论 verdict", "结论代码 status",
    "理由 reason", "得分 points", "满分 max_points", "计分 treatment", "权重 weight",
    "规划评估类别 plan_class", "证据等级 evidence_grade", "来源等级 quality", "数据来源 source",
    "目标出处 document", "章节 section", "条目 statement", "责任单位 units",
    "共同责任单位数 shared_with",
)  # fmt: skip


def table(view: View) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Heads and rows; the words are Chinese, the codes stand beside them."""
    names = {unit["id"]: unit["zh"] for unit in view.sheet["units"]}
    return HEADS, [_row(view, line, names) for line in view.lines]


def _row(view: View, line: Row, names: dict[str, str]) -> tuple[Any, ...]:
    cited = line["citation"]
    quality = line["evidence_quality"]
    return (
        view.sheet["year"], view.sheet["as_of"], PARTS[line["part"]].zh, line["name_zh"],
        line["indicator_id"], line["region_zh"], line["year"], line["printed"],
        line["resolved_target"], line["reached"], line["unit"], line["reached_period"],
        line["attainment_pct"], v.STATUSES[line["status"]].zh, line["status"],
        STATUS_REASONS[line["status_reason"]].zh, line["points"], line["max_points"],
        treatment(line).zh, line["weight"], line["plan_class_zh"], line["evidence_grade"],
        v.QUALITIES[quality].zh if quality else None, line["evidence_source"], cited["title"],
        cited["section"], cited["id"], "、".join(names[name] for name in line["units"]),
        line["shared_with"],
    )  # fmt: skip


def treatment(line: Row) -> v.Label:
    """`计分` for a goal that got points, else why it got none."""
    if line["treatment"] == "scored":
        return v.Label("计分", "scored")
    return TREATMENTS[line["treatment"]]
