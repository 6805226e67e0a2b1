"""What the warehouse offers beside its tables: everyday views and macros, as data.

Every entry is (中文, English, SQL); `pipelines/warehouse.py` creates them and writes the comments.
"""

from typing import Final

from pipelines.warehouse import Macro, View
from schemas.contract import columns_of, comment_of
from schemas.tables_gap import GapToGoal

# What the views' columns mean: as in gap_to_goal, and what no table has under the same meaning.
LABELS: Final = {c.name: comment_of(c) for c in columns_of(GapToGoal)} | {
    "name_zh": "指标名称 / indicator, Chinese",
    "name_en": "指标英文名称 / indicator, English",
    "region_zh": "地区名称 / region, Chinese",
    "status_zh": "状态 / verdict, Chinese",
    "status_en": "状态（英文） / verdict, English",
    "printed": "原文数值 / figure as printed",
    "reached": "期末值，无则最新值 / value at the deadline, else the latest",
    "reached_pct": "达到目标的百分比 / share of the target that was reached [%]",
    "targets": "有效目标数 / live targets",
    "documented": "其中文件载明 / of these, documented",
    "theme": "主题 / theme",
    "kind": "调整类型 / kind of revision",
    "change_pct": "变动幅度 / change of the figure [%]",
}

VIEWS: Final[dict[str, View]] = {
    "headline": View(
        "有效目标一览：目标、最新值、差距、状态、证据",
        "Live targets at a glance: goal, latest value, gap, verdict, evidence",
        """
        SELECT g.target_id, g.indicator_id, i.name_zh, i.name_en, i.theme, g.region_code,
               r.name_zh AS region_zh, g.target_year, g.operator, t.printed, g.value,
               g.resolved_target, g.unit, g.obs_period, g.latest_value, g.latest_bound,
               g.value_at_deadline, g.gap_abs, g.attainment_pct, g.progress_pct,
               g.first_met_year, g.status, s.zh AS status_zh, g.evidence_grade,
               g.document_id, g.standing, g.obs_source, g.as_of
        FROM gap.gap_to_goal g
        JOIN core.targets t USING (target_id)
        JOIN core.indicators i ON i.indicator_id = g.indicator_id
        JOIN core.regions r ON r.region_code = g.region_code
        JOIN meta.codes s ON s.vocabulary = 'STATUSES' AND s.code = g.status
        WHERE g.is_live
        """,
        LABELS,
    ),
    "missed_targets": View(
        "到期未实现的目标（含逾期实现和被取代者），按完成率排列",
        "Targets not met at their deadline, superseded and late ones included, by attainment",
        """
        SELECT g.target_id, i.name_zh, i.name_en, g.target_year, t.printed, g.value,
               g.unit, coalesce(g.value_at_deadline, g.latest_value) AS reached,
               round(100 * coalesce(g.value_at_deadline, g.latest_value) / g.resolved_target, 1)
                   AS reached_pct,
               g.first_met_year, g.status, g.superseded_by, g.document_id, g.obs_source
        FROM gap.gap_to_goal g
        JOIN core.targets t USING (target_id)
        JOIN core.indicators i ON i.indicator_id = g.indicator_id
        WHERE g.is_goal AND g.status IN ('missed', 'achieved_late', 'achieved_then_lost')
        ORDER BY reached_pct
        """,
        LABELS,
    ),
    "revised_targets": View(
        "调整过的目标：原值、新值、幅度、出处",
        "Revised targets: from, to, change, documents",
        """
        SELECT v.indicator_id, i.name_zh, i.name_en, v.region_code, v.year_from, v.year_to,
               v.value_from, v.value_to, i.unit, v.change_pct, v.from_source, v.to_source,
               v.issued_from, v.issued_to, v.kind
        FROM core.target_revisions v JOIN core.indicators i USING (indicator_id)
        """,
        LABELS,
    ),
    "status_counts": View(
        "有效目标按状态计数",
        "Live targets by status",
        """
        SELECT g.status, s.zh AS status_zh, s.en AS status_en, count(*) AS targets,
               count(*) FILTER (g.standing = 'documented') AS documented
        FROM gap.gap_to_goal g
        JOIN meta.codes s ON s.vocabulary = 'STATUSES' AND s.code = g.status
        WHERE g.is_live
        GROUP BY ALL ORDER BY min(s.position)
        """,
        LABELS,
    ),
}

MACROS: Final[dict[str, Macro]] = {
    "year_end_scale": Macro(
        "日期换算为年末刻度：2020-12-31 为 2020.0",
        "a day on the scale on which 31 December is the number of its year",
        """
        (day) AS year(day) - 1 + dayofyear(day) / dayofyear(make_date(year(day), 12, 31))
        """,
        "year_end_scale(DATE '2020-12-31')",
    ),
    "gap_as_of": Macro(
        "截至某日所知的目标差距，与 duibiao run --as-of 相同",
        "gap to goal as known on a day; the same answers as a run with --as-of",
        """
        (day) AS TABLE SELECT * REPLACE (
                   day::DATE AS as_of,
                   obs_age_years + year_end_scale(day::DATE) - year_end_scale(as_of)
                       AS obs_age_years)
        FROM gap.gap_by_day
        WHERE as_of <= day::DATE
        QUALIFY row_number() OVER (PARTITION BY target_id ORDER BY as_of DESC) = 1
        """,
        "gap_as_of(DATE '2020-12-31')",
    ),
    "trend": Macro(
        "一个指标在一个地区的序列（采用值）",
        "the series of an indicator in a region, values of record; compare within a segment only",
        """
        (indicator, region) AS TABLE
        SELECT period, period_type, period_end, value, unit, bound, value_printed, quality,
                     source_title, source_url, published_on, vintage_count, is_conflict,
                     (SELECT count(DISTINCT b.starts_on) FROM core.series_breaks b
                      WHERE b.indicator_id = indicator AND b.starts_on <= period_end) AS segment
        FROM core.observations
        WHERE indicator_id = indicator AND region_code = region
        ORDER BY period_end, period_type
        """,
        "trend('ecommerce_transaction_value', '410000')",
    ),
    "target_history": Macro(
        "一个指标的全部目标及其出处和被取代情况",
        "all targets of an indicator with their sources and what superseded them",
        """
        (indicator) AS TABLE
        SELECT t.target_id, t.region_code, t.year, t.operator, t.value, t.unit, t.printed,
                     t.value_kind, t.standing, t.issued_on, s.title, s.section, s.url,
                     t.superseded_by, t.superseded_on, g.status, g.attainment_pct
        FROM core.targets t
        JOIN core.target_sources s ON s.target_id = t.target_id AND s.source_no = 1
        LEFT JOIN gap.gap_to_goal g ON g.target_id = t.target_id
        WHERE t.indicator_id = indicator
        ORDER BY t.year, t.issued_on
        """,
        "target_history('ecommerce_transaction_value')",
    ),
}
