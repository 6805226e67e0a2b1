"""Everyday views of the data: what was observed, what is absent or stale, how provinces compare."""

from typing import Final

from assets.view_parts import NAMES, REGION, UNIT, explained, label
from pipelines.warehouse import View
from schemas.tables_core import Indicators, Observations, Targets
from schemas.tables_meta import Freshness
from schemas.tables_watch import Completeness

# A rank among fewer provinces says little.
FEWEST_PROVINCES: Final = 10

_RANKING: Final = {
    "obs_year": "年份 / calendar year [year]",
    "is_peer": "是否对比省份 / one of the other 30 provinces",
    "rank": "位次，按 ranked_by 所示方向，1 为最好 / place among the provinces, in the sense of"
    " ranked_by: 1 is best; equal values share a place",
    "provinces": "有数省份数 / provinces that have a value",
    "ranked_by": "排序依据：more_is_better、less_is_better 取自目标方向；value_only 无目标可依，"
    "只按数值从大到小 / sense of the ranking: the direction of the indicator's targets; value_only:"
    " no target tells, ranked from the largest value and no judgement",
    "ranked_by_zh": "排序依据（中文） / sense of the ranking, Chinese",
    "ranked_by_en": "排序依据（英文） / sense of the ranking, English",
    "median": "各省中位数 / median of the provinces, in the unit",
    "best_value": "第一位的数值 / value at rank 1, in the unit",
    "best_region_zh": "第一位的省份 / province at rank 1, Chinese",
    "best_region_en": "第一位的省份（英文） / province at rank 1, English",
    "gap_to_median": "与中位数的差距，正数为落后 / distance to the median; positive: behind, or"
    " less where ranked_by is value_only = s(median-value)",
    "gap_to_best": "与第一位的差距 / distance to rank 1, in the unit = s(best_value-value)",
}

DATA_VIEWS: Final[dict[str, View]] = {
    "stale_indicators": View(
        "有目标而数据陈旧或从无数据的指标",
        "Indicators with live goals whose latest figure is stale, or that have none",
        f"""
        WITH aims AS (
            SELECT g.indicator_id, g.region_code, count(*) AS goals,
                   string_agg(DISTINCT g.target_year::VARCHAR, '、'
                              ORDER BY g.target_year::VARCHAR) AS target_years,
                   string_agg(DISTINCT t.responsible_units, '；'
                              ORDER BY t.responsible_units) AS responsible_units
            FROM gap.gap_to_goal g JOIN core.targets t USING (target_id)
            WHERE g.is_live GROUP BY ALL),
        absent AS (
            SELECT indicator_id, region_code, count(*) AS absent_count
            FROM core.completeness WHERE status IN ('late', 'missing') GROUP BY ALL)
        SELECT a.indicator_id, {NAMES}, i.theme, i.theme_zh, i.theme_en, a.region_code, {REGION},
               a.goals, a.target_years,
               CASE WHEN f.latest_period IS NULL THEN 'never_observed' ELSE 'stale' END AS finding,
               CASE WHEN f.latest_period IS NULL THEN '从无数据' ELSE '陈旧' END AS finding_zh,
               CASE WHEN f.latest_period IS NULL THEN 'never observed' ELSE 'stale' END
                   AS finding_en,
               f.latest_period, f.latest_period_end, f.age_days, i.stale_after_days,
               f.latest_published_on, coalesce(f.observation_count, 0) AS observation_count,
               coalesce(m.absent_count, 0) AS absent_count, i.sources, a.responsible_units
        FROM aims a
        JOIN core.indicators i USING (indicator_id)
        JOIN core.regions r ON r.region_code = a.region_code
        LEFT JOIN meta.freshness f
             ON f.indicator_id = a.indicator_id AND f.region_code = a.region_code
        LEFT JOIN absent m ON m.indicator_id = a.indicator_id AND m.region_code = a.region_code
        WHERE f.latest_period IS NULL OR f.is_stale
        ORDER BY f.latest_period IS NULL, f.age_days DESC, a.indicator_id, a.region_code
        """,
        explained(Freshness, Indicators, Targets),
    ),
    "province_ranking": View(
        "各省排名：每个指标、年份、省份的数值、位次、与中位数和第一位的差距",
        "Provinces ranked, for each indicator and year for which ten of them or more have values",
        f"""
        WITH senses AS (
            SELECT indicator_id,
                   CASE WHEN count(DISTINCT direction) = 1 THEN nullif(min(direction), 0) END
                       AS direction
            FROM gap.gap_to_goal GROUP BY ALL),
        provinces AS (
            SELECT o.indicator_id, year(o.period_end) AS obs_year, o.region_code, {REGION},
                   r.is_peer, o.value, o.unit, o.bound, o.source_title, o.source_url, s.direction,
                   coalesce(s.direction, 1) AS sense
            FROM core.observations o
            JOIN core.regions r USING (region_code)
            LEFT JOIN senses s ON s.indicator_id = o.indicator_id
            WHERE r.level = 'province' AND o.period_type = 'annual'),
        ranked AS (
            SELECT *, rank() OVER (one_year ORDER BY -sense * value) AS rank,
                   count(*) OVER one_year AS provinces, median(value) OVER one_year AS median
            FROM provinces WINDOW one_year AS (PARTITION BY indicator_id, obs_year)),
        best AS (
            SELECT indicator_id, obs_year, min(value) AS best_value,
                   string_agg(region_zh, '、' ORDER BY region_code) AS best_region_zh,
                   string_agg(region_en, ', ' ORDER BY region_code) AS best_region_en
            FROM ranked WHERE rank = 1 GROUP BY ALL)
        SELECT p.indicator_id, {NAMES}, p.obs_year, p.region_code, p.region_zh, p.region_en,
               p.is_peer, p.value, p.unit, {UNIT}, p.bound, p.rank, p.provinces,
               CASE p.direction WHEN 1 THEN 'more_is_better' WHEN -1 THEN 'less_is_better'
                    ELSE 'value_only' END AS ranked_by,
               CASE p.direction WHEN 1 THEN '越大越好（依目标）' WHEN -1 THEN '越小越好（依目标）'
                    ELSE '只按数值从大到小，方向未定' END AS ranked_by_zh,
               CASE p.direction WHEN 1 THEN 'more is better, as its targets say'
                    WHEN -1 THEN 'less is better, as its targets say'
                    ELSE 'by value only, largest first: no target tells what is better' END
                   AS ranked_by_en,
               p.median, b.best_value, b.best_region_zh, b.best_region_en,
               p.sense * (p.median - p.value) AS gap_to_median,
               p.sense * (b.best_value - p.value) AS gap_to_best,
               p.source_title, p.source_url
        FROM ranked p
        JOIN best b USING (indicator_id, obs_year)
        JOIN core.indicators i ON i.indicator_id = p.indicator_id
        LEFT JOIN main.units u ON u.unit = p.unit
        WHERE p.provinces >= {FEWEST_PROVINCES}
        ORDER BY p.indicator_id, p.obs_year, p.rank, p.region_code
        """,
        explained(Observations, **_RANKING),
    ),
    "peer_comparison": View(
        "各省比较：本省在各省中的位次、与中位数和第一位的差距",
        "Henan among the provinces: rank, gap to the median and to the best",
        "SELECT * EXCLUDE (is_peer) FROM main.province_ranking WHERE NOT is_peer",
        explained(Observations, **_RANKING),
    ),
    "missing_observations": View(
        "应有而没有的数据：逐期，有目标的在前",
        "What is due and not there, period by period, series with goals first",
        f"""
        SELECT c.indicator_id, {NAMES}, c.region_code, {REGION}, c.has_goal, c.period,
               c.period_type, p.zh AS period_type_zh, p.en AS period_type_en, c.period_end,
               c.status, s.zh AS status_zh, s.en AS status_en, c.age_days, c.due_on, i.sources
        FROM core.completeness c
        JOIN core.indicators i USING (indicator_id)
        JOIN core.regions r ON r.region_code = c.region_code
        {label("p", "PERIOD_TYPES", "c.period_type")}
        {label("s", "CELL_STATUSES", "c.status")}
        WHERE c.status IN ('late', 'missing')
        ORDER BY c.has_goal DESC, c.indicator_id, c.region_code, c.period_end, c.period_type
        """,
        explained(
            Completeness,
            Indicators,
            status_zh="状态（中文） / whether it is there, Chinese",
            status_en="状态（英文） / whether it is there, English",
        ),
    ),
    "series_completeness": View(
        "数据完整性：每个序列应有、已有、缺少的时期，有目标的在前",
        "Completeness of each series: periods due, there and not there, series with goals first",
        f"""
        SELECT c.indicator_id, {NAMES}, c.region_code, {REGION}, bool_or(c.has_goal) AS has_goal,
               c.period_type, p.zh AS period_type_zh, p.en AS period_type_en,
               count(*) FILTER (c.status <> 'not_yet_due') AS periods_due,
               count(*) FILTER (c.status = 'there') AS periods_there,
               count(*) FILTER (c.status = 'late') AS periods_late,
               count(*) FILTER (c.status = 'missing') AS periods_missing,
               count(*) FILTER (c.status = 'not_yet_due') AS periods_to_come,
               round(100 * periods_there / nullif(periods_due, 0), 1) AS there_pct,
               arg_min(c.period, c.period_end) FILTER (c.status <> 'not_yet_due') AS first_period,
               arg_max(c.period, c.period_end) FILTER (c.status <> 'not_yet_due') AS last_period,
               arg_max(c.period, c.period_end) FILTER (c.status = 'there') AS last_there,
               string_agg(c.period, '、' ORDER BY c.period_end)
                   FILTER (c.status IN ('late', 'missing')) AS absent_periods
        FROM core.completeness c
        JOIN core.indicators i USING (indicator_id)
        JOIN core.regions r ON r.region_code = c.region_code
        {label("p", "PERIOD_TYPES", "c.period_type")}
        GROUP BY ALL
        ORDER BY has_goal DESC, c.indicator_id, c.region_code, c.period_type
        """,
        explained(Completeness),
    ),
    "observed_values": View(
        "观测值（采用值），带名称、单位和出处",
        "Values of record with names, units and sources",
        f"""
        SELECT o.indicator_id, {NAMES}, o.region_code, {REGION}, o.period,
               o.period_type, p.zh AS period_type_zh, p.en AS period_type_en, o.period_end,
               o.value, o.unit, {UNIT}, o.bound, b.zh AS bound_zh, b.en AS bound_en,
               o.value_printed, o.quality, q.zh AS quality_zh, q.en AS quality_en,
               o.source_title, o.source_url, o.published_on, o.vintage_count, o.is_conflict,
               o.beaten, o.observation_id
        FROM core.observations o
        JOIN core.indicators i USING (indicator_id)
        JOIN core.regions r ON r.region_code = o.region_code
        LEFT JOIN main.units u ON u.unit = o.unit
        {label("p", "PERIOD_TYPES", "o.period_type")}
        {label("b", "BOUNDS", "o.bound")}
        {label("q", "QUALITIES", "o.quality")}
        ORDER BY o.indicator_id, o.region_code, o.period_end, o.period_type
        """,
        explained(Observations),
    ),
}
