"""What stands on the sheets of the workbook: a query and the headings of its columns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from assets.exports.content import RIGHTS, TITLE, Content, unit_label
from assets.figures import format_figure
from pipelines.query import rows
from schemas.vocabulary import Label

if TYPE_CHECKING:
    import duckdb

Kind = Literal["text", "number", "share", "year", "day"]

# `share` is a percentage as people say it, 73.1 for 73.1 %; `year` has no thousands separator.
MISSING: Final = "—"
BOUND_SIGNS: Final = {"at_least": "≥", "at_most": "≤", "approx": "≈"}
TARGET_SIGNS: Final = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "eq": "=", "approx": "≈"}


@dataclass(frozen=True)
class Column:
    """A column of a sheet: key of the rows, heading in both languages, what it holds."""

    key: str
    zh: str
    en: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its columns, its rows by the columns' keys."""

    name: str
    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]


def read_sheets(connection: "duckdb.DuckDBPyConnection", content: Content) -> list[Sheet]:
    """All sheets but the one that tells about the file, in their order."""
    return [
        _headline(connection, content),
        _missed(connection, content),
        _revised(connection, content),
        _observations(connection, content),
        _targets(connection, content),
        _dictionary(connection),
    ]


# What became of each target: the value at the deadline, else the latest one, with what belongs to
# it. The observation at the deadline is not always the latest.
_RESULTS: Final = """
    WITH due AS (
        SELECT h.target_id, min(h.obs_period) AS period, min(h.bound) AS bound,
               min(h.attainment_pct) AS attainment_pct, min(o.source_title) AS source
        FROM gap.gap_history h JOIN gap.gap_to_goal g USING (target_id)
        JOIN core.observation_vintages o ON o.observation_id = h.observation_id
        WHERE h.obs_year = g.target_year AND h.value = g.value_at_deadline
        GROUP BY ALL),
    results AS (
        SELECT target_id, value_at_deadline AS reached, period AS result_period,
               bound AS result_bound, due.attainment_pct AS attained, source
        FROM gap.gap_to_goal g LEFT JOIN due USING (target_id)
        WHERE value_at_deadline IS NOT NULL
        UNION ALL
        SELECT target_id, latest_value, obs_period, latest_bound, attainment_pct, obs_source
        FROM gap.gap_to_goal WHERE value_at_deadline IS NULL)
"""

_HEADLINE_COLUMNS: Final = (
    Column("name_zh", "指标", "Indicator, Chinese"),
    Column("name_en", "指标（英文）", "Indicator"),
    Column("region_zh", "地区", "Region"),
    Column("target_year", "目标年", "Due at the end of", "year"),
    Column("goal", "目标", "Goal"),
    Column("result", "结果", "Result"),
    Column("result_period", "结果时期", "Period of the result"),
    Column("attained", "完成率 [%]", "Attainment [%]", "share"),
    Column("status_zh", "状态", "Verdict, Chinese"),
    Column("status_en", "状态（英文）", "Verdict"),
    Column("first_met_year", "首次达到年", "First met in", "year"),
    Column("evidence_grade", "证据等级", "Evidence grade"),
    Column("standing", "目标来源性质", "Standing of the goal"),
    Column("resolved_target", "目标值（数）", "Goal as a number", "number"),
    Column("reached", "结果值（数）", "Result as a number", "number"),
    Column("unit", "单位", "Unit"),
    Column("printed", "目标原文", "Goal as printed"),
    Column("source", "结果出处", "Source of the result"),
    Column("document", "目标文件", "Document of the goal"),
    Column("target_id", "目标代码", "Target id"),
)


def _headline(connection: "duckdb.DuckDBPyConnection", content: Content) -> Sheet:
    found = rows(
        connection,
        _RESULTS
        + """
        SELECT h.*, r.*, g.value_high, d.title_zh AS document
        FROM main.headline h JOIN results r USING (target_id)
        JOIN gap.gap_to_goal g ON g.target_id = h.target_id
        LEFT JOIN core.documents d ON d.document_id = h.document_id
        ORDER BY h.standing, h.target_year, h.indicator_id, h.target_id""",
    )
    for row in found:
        row["goal"] = _goal(row, row["resolved_target"])
        row["result"] = _figure(row["reached"], row["unit"], BOUND_SIGNS.get(row["result_bound"]))
        label = content.label("STATUSES", row["status"])
        row["status_zh"], row["status_en"] = label.zh, label.en
        row["standing"] = _both(content.label("STANDINGS", row["standing"]))
        row["unit"] = _both(unit_label(row["unit"]))
    return Sheet("目标一览 headline", _HEADLINE_COLUMNS, found)


def _missed(connection: "duckdb.DuckDBPyConnection", content: Content) -> Sheet:
    found = rows(
        connection,
        _RESULTS
        + """
        SELECT m.*, r.result_bound, r.source
        FROM main.missed_targets m JOIN results r USING (target_id)
        ORDER BY m.reached_pct, target_id""",
    )
    for row in found:
        sign = BOUND_SIGNS.get(row["result_bound"])
        row["reached_text"] = _figure(row["reached"], row["unit"], sign)
        row["status"] = _both(content.label("STATUSES", row["status"]))
        row["unit"] = _both(unit_label(row["unit"]))
    columns = (
        Column("name_zh", "指标", "Indicator, Chinese"),
        Column("name_en", "指标（英文）", "Indicator"),
        Column("target_year", "目标年", "Due at the end of", "year"),
        Column("printed", "目标原文", "Goal as printed"),
        Column("reached_text", "结果", "Result"),
        Column("reached_pct", "达到目标的百分比 [%]", "Share of the goal that was reached [%]",
               "share"),
        Column("status", "状态", "Verdict"),
        Column("first_met_year", "首次达到年", "First met in", "year"),
        Column("value", "目标数", "Figure of the goal", "number"),
        Column("reached", "结果值（数）", "Result as a number", "number"),
        Column("unit", "单位", "Unit"),
        Column("superseded_by", "被何目标取代", "Superseded by"),
        Column("source", "结果出处", "Source of the result"),
        Column("target_id", "目标代码", "Target id"),
    )  # fmt: skip
    return Sheet("未实现 missed", columns, found)


def _revised(connection: "duckdb.DuckDBPyConnection", content: Content) -> Sheet:
    found = rows(
        connection,
        """SELECT v.*, r.name_zh AS region_zh
           FROM main.revised_targets v JOIN core.regions r USING (region_code)
           ORDER BY indicator_id, region_code, issued_to, value_to, year_to""",
    )
    for row in found:
        row["from_text"] = _figure(row["value_from"], row["unit"])
        row["to_text"] = _figure(row["value_to"], row["unit"])
        row["kind"] = _both(content.label("REVISION_KINDS", row["kind"]))
        row["unit"] = _both(unit_label(row["unit"]))
    columns = (
        Column("name_zh", "指标", "Indicator, Chinese"),
        Column("name_en", "指标（英文）", "Indicator"),
        Column("region_zh", "地区", "Region"),
        Column("kind", "调整类型", "Kind of revision"),
        Column("year_from", "原目标年", "Year of the earlier", "year"),
        Column("from_text", "原目标", "Earlier goal"),
        Column("year_to", "新目标年", "Year of the later", "year"),
        Column("to_text", "新目标", "Later goal"),
        Column("change_pct", "变动幅度 [%]", "Change [%]", "share"),
        Column("value_from", "原目标值（数）", "Earlier goal as a number", "number"),
        Column("value_to", "新目标值（数）", "Later goal as a number", "number"),
        Column("unit", "单位", "Unit"),
        Column("from_source", "原目标出处", "Source of the earlier"),
        Column("issued_from", "原目标发布日", "Issue of the earlier", "day"),
        Column("to_source", "新目标出处", "Source of the later"),
        Column("issued_to", "新目标发布日", "Issue of the later", "day"),
    )
    return Sheet("调整过的目标 revised", columns, found)


def _observations(connection: "duckdb.DuckDBPyConnection", content: Content) -> Sheet:
    found = rows(
        connection,
        """SELECT o.*, i.name_zh, i.name_en, r.name_zh AS region_zh
           FROM core.observations o JOIN core.indicators i USING (indicator_id)
           JOIN core.regions r ON r.region_code = o.region_code
           ORDER BY o.indicator_id, o.region_code, o.period_end, o.period_type""",
    )
    for row in found:
        row["period_type"] = _both(content.label("PERIOD_TYPES", row["period_type"]))
        row["bound"] = _both(content.label("BOUNDS", row["bound"]))
        row["quality"] = _both(content.label("QUALITIES", row["quality"]))
        row["unit"] = _both(unit_label(row["unit"]))
    columns = (
        Column("name_zh", "指标", "Indicator, Chinese"),
        Column("name_en", "指标（英文）", "Indicator"),
        Column("region_zh", "地区", "Region"),
        Column("period", "时期", "Period"),
        Column("period_type", "时期类型", "Type of period"),
        Column("value", "数值", "Value", "number"),
        Column("unit", "单位", "Unit"),
        Column("bound", "确数或界限", "Exact or bound"),
        Column("value_printed", "原文数值", "As printed"),
        Column("quality", "来源等级", "Quality of the source"),
        Column("source_title", "出处", "Source"),
        Column("source_url", "网址", "Address"),
        Column("published_on", "发布日期", "Published on", "day"),
        Column("indicator_id", "指标代码", "Indicator id"),
        Column("region_code", "地区代码", "Region code"),
    )
    return Sheet("观测值 observations", columns, found)


def _targets(connection: "duckdb.DuckDBPyConnection", content: Content) -> Sheet:
    found = rows(
        connection,
        """SELECT t.*, i.name_zh, i.name_en, r.name_zh AS region_zh, s.sources
           FROM core.targets t JOIN core.indicators i USING (indicator_id)
           JOIN core.regions r ON r.region_code = t.region_code
           LEFT JOIN (SELECT target_id, string_agg(concat_ws(' ', title, section,
                             '（' || published_on || '）', '“' || printed || '”', url), '；'
                             ORDER BY source_no) AS sources
                      FROM core.target_sources GROUP BY target_id) s USING (target_id)
           ORDER BY t.indicator_id, t.region_code, t.year, t.issued_on, t.target_id""",
    )
    for row in found:
        row["goal"] = _goal(row, row["value"])
        row["value_kind"] = _both(content.label("VALUE_KINDS", row["value_kind"]))
        row["standing"] = _both(content.label("STANDINGS", row["standing"]))
        row["commitment"] = _both(content.label("COMMITMENTS", row["commitment"]))
        row["unit"] = _both(unit_label(row["unit"]))
    columns = (
        Column("name_zh", "指标", "Indicator, Chinese"),
        Column("name_en", "指标（英文）", "Indicator"),
        Column("region_zh", "地区", "Region"),
        Column("year", "目标年", "Due at the end of", "year"),
        Column("goal", "目标", "Goal"),
        Column("value_kind", "目标类型", "Kind of figure"),
        Column("standing", "来源性质", "Standing"),
        Column("commitment", "承诺性质", "Commitment"),
        Column("printed", "原文数值", "As printed"),
        Column("value", "目标值（数）", "Goal as a number", "number"),
        Column("value_high", "目标上限（数）", "Upper end as a number", "number"),
        Column("unit", "单位", "Unit"),
        Column("issued_on", "首次发布日期", "First issued on", "day"),
        Column("sources", "出处", "Sources"),
        Column("superseded_by", "被何目标取代", "Superseded by"),
        Column("responsible_units", "责任单位", "Responsible units"),
        Column("target_id", "目标代码", "Target id"),
    )
    return Sheet("目标及出处 targets", columns, found)


def _dictionary(connection: "duckdb.DuckDBPyConnection") -> Sheet:
    found = rows(
        connection,
        "SELECT schema_name || '.' || table_name AS \"table\", * FROM meta.dictionary "
        "ORDER BY schema_name, table_name, column_no",
    )
    columns = (
        Column("table", "表", "Table"),
        Column("column_name", "列", "Column"),
        Column("zh", "含义", "Meaning, Chinese"),
        Column("en", "含义（英文）", "Meaning"),
        Column("unit", "单位", "Unit"),
        Column("formula", "公式", "Formula"),
        Column("codes", "取值", "Codes"),
        Column("sql_type", "类型", "Type"),
    )
    return Sheet("数据字典 dictionary", columns, found)


def about(content: Content) -> list[tuple[str, str, str]]:
    """Lines of the sheet that tells about the file: what, in Chinese, in English."""
    build, citation = content.build, content.citation
    return [
        ("名称 title", TITLE.zh, TITLE.en),
        ("构建 build", content.build_id, content.build_id),
        ("截至 as of", str(content.as_of), str(content.as_of)),
        ("构建时间 built", content.created, content.created),
        ("程序 program", f"duibiao {build['code_version']}", f"duibiao {build['code_version']}"),
        ("内容摘要 SHA-256", build["content_sha256"], build["content_sha256"]),
        ("引用 cite as", citation.zh, citation.en),
        ("权利 rights", RIGHTS.zh, RIGHTS.en),
        ("空格 empty cells", "空白或“—”表示无数据，不是零。", "Empty or “—” is no data, not zero."),
        ("界限 bounds", "≥、≤、≈ 表示原文只给出下限、上限或约数。",
         "≥, ≤, ≈: a lower bound, an upper bound or an approximate figure is all that is printed."),
        ("数值 numbers",
         "数值列一律用不带倍数的单位（1.9万亿元 = 1900000000000 元），百分比列为百分数值。",
         "Numbers are in unscaled units (CNY 1.9 trillion = 1900000000000); shares are per cent."),
    ]  # fmt: skip


def _both(label: Label) -> str:
    return f"{label.zh} / {label.en}"


def _figure(value: float | None, unit: str, sign: str | None = None) -> str:
    if value is None:
        return MISSING
    text = format_figure(value, unit, "zh")
    return f"{sign} {text}" if sign else text


def _goal(row: dict[str, Any], value: float | None) -> str:
    """A goal as people read it: sign and figure, both ends of a range."""
    if row["value_high"] is not None and value is not None:
        high = format_figure(row["value_high"], row["unit"], "zh")
        return f"{format_figure(value, row['unit'], 'zh')}—{high}"
    return _figure(value, row["unit"], TARGET_SIGNS.get(row["operator"]))
