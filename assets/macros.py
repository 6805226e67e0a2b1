"""The macros of the warehouse: questions with a parameter. Each answers from the views or tables.

Where the file is attached to another database, DuckDB finds what a macro reads only after `USE`.
`gap_as_of` reads `gap.gap_by_day`, so that it gives the same rows as a run with `--as-of`.
"""

from typing import Final

from pipelines.warehouse import Macro

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
    "hindcast": Macro(
        "站在某年末看以后：一个序列当年所能作的预测，与后来的实际值",
        "the view from the end of a year: what would have been projected then, and what came",
        """
        (indicator, region, origin) AS TABLE
        SELECT year, horizon, projected, lo80, hi80, lo95, hi95, actual,
                     100 * (projected - actual) / nullif(abs(actual), 0) AS error_pct,
                     actual BETWEEN lo80 AND hi80 AS is_inside_80,
                     no_change, drift, cagr, ensemble, n_points, unit
        FROM gap.hindcasts
        WHERE indicator_id = indicator AND region_code = region AND origin_year = origin
        ORDER BY year
        """,
        "hindcast('fixed_broadband_users', '410000', 2018)",
    ),
    "trajectory": Macro(
        "一个指标在一个地区的各条路径：逐年应达值、观测值、与路径之差、领先年数",
        "the paths of an indicator in a region: asked for and observed year by year, gap and lead; "
        "superseded goals and forecasts included",
        """
        (indicator, region) AS TABLE
        SELECT path_id, path_kind, is_main, year, target_id, is_baseline, is_target,
                     expected_value, unit, observed_period, observed_value, observed_bound,
                     expected_at_observed, expected_gap, lead_years
        FROM gap.trajectories
        WHERE indicator_id = indicator AND region_code = region
        ORDER BY path_id, path_kind, year
        """,
        "trajectory('base_stations_5g_total', '410000')",
    ),
    "peers": Macro(
        "一个指标在一年中的各省比较：数值、位次、与中位数和第一位的差距",
        "all provinces of an indicator in a year: value, rank, gaps to the median and to the best; "
        "ranked_by tells whether more is better, or nobody knows",
        """
        (indicator, year) AS TABLE
        SELECT p.rank, p.region_code, p.region_zh, p.region_en, p.value, p.unit, p.bound,
                     p.provinces, p.ranked_by, p.median, p.gap_to_median,
                     p.best_value, p.best_region_zh, p.best_region_en, p.gap_to_best,
                     p.source_title, p.source_url
        FROM main.province_ranking p
        WHERE p.indicator_id = indicator AND p.obs_year = year
        ORDER BY p.rank, p.region_code
        """,
        "peers('software_business_revenue', 2020)",
    ),
}
