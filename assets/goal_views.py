"""Everyday views of goals: what was aimed at, what became of it, on what evidence."""

from typing import Final

from assets.view_parts import NAMES, OWN, REGION, UNIT, explained, label
from pipelines.warehouse import View
from schemas.tables_core import (
    Indicators,
    ObservationVintages,
    Statements,
    TargetRevisions,
    Targets,
)
from schemas.tables_gap import GapToGoal
from schemas.tables_paths import Trajectories
from schemas.units import UNITS

_UNITS: Final = ", ".join(
    f"('{u.id}', '{u.name_zh}', '{u.name_en}', nullif('{u.symbol}', ''), '{u.dimension}')"
    for u in UNITS.values()
)

GOAL_VIEWS: Final[dict[str, View]] = {
    "units": View(
        "计量单位",
        "Units: every value of a table is in one of these, unscaled",
        f"SELECT * FROM (VALUES {_UNITS}) AS list(unit, name_zh, name_en, symbol, dimension)",
        {
            "unit": "单位代码 / unit",
            "name_zh": "名称 / name, Chinese",
            "name_en": "名称（英文） / name, English",
            "symbol": OWN["symbol"],
            "dimension": OWN["dimension"],
        },
    ),
    "target_results": View(
        "每个目标的结果：期末值，无则最新值，及其出处",
        "What became of each target: the value at its deadline, else the latest, with its source",
        """
        SELECT g.target_id, h.target_id IS NOT NULL AS at_deadline,
               coalesce(h.value, g.latest_value) AS reached,
               coalesce(h.obs_period, g.obs_period) AS reached_period,
               coalesce(h.bound, g.latest_bound) AS reached_bound,
               CASE WHEN h.target_id IS NULL THEN g.attainment_pct ELSE h.attainment_pct END
                   AS reached_pct,
               CASE WHEN v.value = coalesce(h.value, g.latest_value) THEN v.value_printed END
                   AS reached_printed,
               v.observation_id, v.source_title AS reached_source, v.source_url AS reached_url,
               v.published_on AS reached_published_on
        FROM gap.gap_to_goal g
        LEFT JOIN gap.gap_history h ON h.target_id = g.target_id AND h.obs_year = g.target_year
             AND h.value = g.value_at_deadline
        LEFT JOIN core.observation_vintages v
             ON v.observation_id = coalesce(h.observation_id, g.observation_id)
        """,
        explained(observation_id="该值出处代码 / vintage of that value", target_id="目标 / target"),
    ),
    "headline": View(
        "有效目标一览：目标、最新值、差距、完成率、状态、证据、出处",
        "Live targets at a glance: goal, latest value, gap, attainment, verdict, evidence, source",
        f"""
        SELECT g.target_id, g.indicator_id, {NAMES}, i.theme, i.theme_zh, i.theme_en,
               g.region_code, {REGION}, g.target_year, g.operator,
               o.zh AS operator_zh, o.en AS operator_en, t.printed, g.value, g.value_high,
               g.resolved_target, g.unit, {UNIT}, g.obs_period, g.latest_value, g.latest_bound,
               b.zh AS latest_bound_zh, b.en AS latest_bound_en,
               CASE WHEN l.value = g.latest_value THEN l.value_printed END AS latest_printed,
               g.value_at_deadline, a.reached, a.reached_period, a.reached_bound, a.reached_pct,
               g.gap_abs, g.gap_pct, g.attainment_pct, g.progress_pct, g.first_met_year,
               g.status, s.zh AS status_zh, s.en AS status_en,
               w.zh AS reason_zh, w.en AS reason_en,
               g.evidence_grade, e.zh AS evidence_zh, e.en AS evidence_en,
               g.standing, d.zh AS standing_zh, d.en AS standing_en, g.document_id,
               c.title AS target_source, c.section AS target_section, c.url AS target_url,
               c.published_on AS target_published_on,
               g.obs_source, l.source_url AS obs_url, g.obs_published_on, g.as_of
        FROM gap.gap_to_goal g
        JOIN main.target_results a USING (target_id)
        JOIN core.targets t ON t.target_id = g.target_id
        JOIN core.target_sources c ON c.target_id = g.target_id AND c.source_no = 1
        JOIN core.indicators i ON i.indicator_id = g.indicator_id
        JOIN core.regions r ON r.region_code = g.region_code
        LEFT JOIN core.observation_vintages l ON l.observation_id = g.observation_id
        LEFT JOIN main.units u ON u.unit = g.unit
        {label("s", "STATUSES", "g.status")}
        {label("w", "STATUS_REASONS", "g.status_reason")}
        {label("o", "OPERATORS", "g.operator")}
        {label("b", "BOUNDS", "g.latest_bound")}
        {label("e", "EVIDENCE_GRADES", "g.evidence_grade")}
        {label("d", "STANDINGS", "g.standing")}
        WHERE g.is_live
        ORDER BY g.standing, g.target_year, g.indicator_id, g.region_code, g.target_id
        """,
        explained(GapToGoal, Targets, Indicators),
    ),
    "missed_targets": View(
        "到期未实现的目标（含逾期实现和被取代者），按完成率排列",
        "Targets not met at their deadline, superseded and late ones included, by attainment",
        f"""
        SELECT g.target_id, g.indicator_id, {NAMES}, g.region_code, {REGION}, g.target_year,
               t.printed, g.value, g.unit,
               {UNIT}, a.reached, a.reached_period, a.reached_bound,
               b.zh AS reached_bound_zh, b.en AS reached_bound_en, a.reached_printed,
               round(a.reached_pct, 1) AS reached_pct, g.first_met_year,
               g.status, s.zh AS status_zh, s.en AS status_en, g.superseded_by, g.document_id,
               c.title AS target_source, c.url AS target_url,
               a.reached_source, a.reached_url, g.obs_source
        FROM gap.gap_to_goal g
        JOIN main.target_results a USING (target_id)
        JOIN core.targets t ON t.target_id = g.target_id
        JOIN core.target_sources c ON c.target_id = g.target_id AND c.source_no = 1
        JOIN core.indicators i ON i.indicator_id = g.indicator_id
        JOIN core.regions r ON r.region_code = g.region_code
        LEFT JOIN main.units u ON u.unit = g.unit
        {label("s", "STATUSES", "g.status")}
        {label("b", "BOUNDS", "a.reached_bound")}
        WHERE g.is_goal AND g.status IN ('missed', 'achieved_late', 'achieved_then_lost')
        ORDER BY a.reached_pct, g.target_id
        """,
        explained(GapToGoal, Targets),
    ),
    "revised_targets": View(
        "调整过的目标：原值、新值、幅度、出处",
        "Revised targets: from, to, change, documents",
        f"""
        SELECT v.indicator_id, {NAMES}, v.region_code, {REGION}, v.year_from, v.year_to,
               v.value_from, v.value_to, i.unit, {UNIT}, v.change_pct,
               f.printed AS printed_from, t.printed AS printed_to,
               v.from_source, v.to_source, v.issued_from, v.issued_to,
               v.kind, k.zh AS kind_zh, k.en AS kind_en, v.from_target_id, v.to_target_id
        FROM core.target_revisions v
        JOIN core.targets f ON f.target_id = v.from_target_id
        JOIN core.targets t ON t.target_id = v.to_target_id
        JOIN core.indicators i ON i.indicator_id = v.indicator_id
        JOIN core.regions r ON r.region_code = v.region_code
        LEFT JOIN main.units u ON u.unit = i.unit
        {label("k", "REVISION_KINDS", "v.kind")}
        ORDER BY v.indicator_id, v.region_code, v.issued_to, v.to_target_id, v.from_target_id
        """,
        explained(
            TargetRevisions,
            Indicators,
            printed_from="原目标原文 / earlier figure as printed",
            printed_to="新目标原文 / later figure as printed",
        ),
    ),
    "status_counts": View(
        "有效目标按状态计数",
        "Live targets by status",
        f"""
        SELECT g.status, s.zh AS status_zh, s.en AS status_en, count(*) AS targets,
               count(*) FILTER (g.standing = 'documented') AS documented,
               count(*) FILTER (g.standing = 'reported') AS reported
        FROM gap.gap_to_goal g
        {label("s", "STATUSES", "g.status")}
        WHERE g.is_live
        GROUP BY ALL ORDER BY min(s.position)
        """,
        explained(GapToGoal),
    ),
    "expected_paths": View(
        "逐年应达值与实际：有效目标的主路径，及同一指标分年目标的连线",
        "What was asked for year by year, and what came of it: the main path of each live goal, "
        "and the paths from goal to goal",
        f"""
        SELECT p.path_id, p.path_kind, k.zh AS path_kind_zh, k.en AS path_kind_en,
               p.indicator_id, {NAMES}, p.region_code, {REGION}, p.year, t.printed, p.target_id,
               p.is_baseline, p.is_target, p.expected_value, p.unit, {UNIT}, p.observed_period,
               p.observed_value, p.observed_bound, b.zh AS observed_bound_zh,
               b.en AS observed_bound_en, p.expected_at_observed, p.expected_gap, p.lead_years,
               v.source_title, v.source_url
        FROM gap.trajectories p
        JOIN gap.gap_to_goal g USING (target_id)
        JOIN core.targets t USING (target_id)
        JOIN core.indicators i ON i.indicator_id = p.indicator_id
        JOIN core.regions r ON r.region_code = p.region_code
        LEFT JOIN core.observation_vintages v ON v.observation_id = p.observation_id
        LEFT JOIN main.units u ON u.unit = p.unit
        {label("k", "PATH_KINDS", "p.path_kind")}
        {label("b", "BOUNDS", "p.observed_bound")}
        WHERE p.is_main AND g.is_live
        ORDER BY p.indicator_id, p.region_code, p.path_id, p.year
        """,
        explained(Trajectories, ObservationVintages, Targets),
    ),
    "statement_outcomes": View(
        "文件原文条目的去向及其目标的状态",
        "Every statement of the documents, what became of it, and the verdict on its target",
        f"""
        SELECT s.statement_id, s.document_id, d.title_zh AS document_zh, d.title_en AS document_en,
               s.section, s.indicator_id, {NAMES}, s.region_code, {REGION}, s.printed,
               s.outcome, o.zh AS outcome_zh, o.en AS outcome_en, s.target_id,
               g.target_year, g.status, v.zh AS status_zh, v.en AS status_en, g.attainment_pct,
               s.reason_zh AS unquantified_zh, s.reason_en AS unquantified_en, s.responsible_units
        FROM core.statements s
        JOIN core.documents d USING (document_id)
        JOIN core.indicators i ON i.indicator_id = s.indicator_id
        JOIN core.regions r ON r.region_code = s.region_code
        LEFT JOIN gap.gap_to_goal g ON g.target_id = s.target_id
        {label("o", "OUTCOMES", "s.outcome")}
        {label("v", "STATUSES", "g.status")}
        ORDER BY s.statement_id
        """,
        explained(
            Statements,
            GapToGoal,
            unquantified_zh="未量化原因 / why it is not quantified, Chinese",
            unquantified_en="未量化原因（英文） / why it is not quantified, English",
        ),
    ),
}
