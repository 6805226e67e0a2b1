-- Each goal with the series that answers it, its figure in the unit of the series, its baseline.
-- Reads: targets, yearly.  Rules: docs/methods.md, sections 1, 2 and 4.

-- What is built within a period is added up over its years, as long as none is missing, and a
-- later year does not answer.
CREATE TABLE answers AS
    WITH summed AS (
        SELECT t.target_id, y.*,
               sum(y.value) OVER running AS total,
               sum(y.tolerance) OVER running AS total_tolerance,
               count(*) OVER running AS years,
               y.obs_year - coalesce(t.start_year, t.year) + 1 AS years_needed,
               bool_and(y.bound = 'exact') OVER running AS all_exact
        FROM targets t JOIN yearly y USING (indicator_id, region_code)
        WHERE t.value_kind = 'cumulative'
          AND y.obs_year BETWEEN coalesce(t.start_year, t.year) AND t.year
        WINDOW running AS (PARTITION BY t.target_id ORDER BY y.obs_year)
    )
    SELECT target_id, obs_year, t, total AS value,
           CASE WHEN all_exact THEN 'exact' ELSE bound END AS bound,
           total_tolerance AS tolerance, quality, observation_id, obs_period, segment
    FROM summed WHERE years = years_needed
    UNION ALL
    SELECT t.target_id, y.obs_year, y.t, y.value, y.bound, y.tolerance, y.quality,
           y.observation_id, y.obs_period, y.segment
    FROM targets t JOIN yearly y USING (indicator_id, region_code)
    WHERE t.value_kind <> 'cumulative';

CREATE TABLE latest AS
    SELECT a.*, min(a.tolerance) OVER (PARTITION BY a.target_id) AS finest FROM answers a
    QUALIFY row_number() OVER (PARTITION BY a.target_id ORDER BY a.obs_year DESC) = 1;

CREATE TABLE resolved AS
    SELECT t.target_id,
           CASE
               WHEN NOT t.is_quantified THEN NULL
               WHEN t.value_kind = 'multiple' THEN t.value * reference.value
               WHEN t.value_kind = 'increment' THEN reference.value + t.value
               WHEN t.value_kind = 'growth' AND t.reference_year IS NOT NULL
                   THEN reference.value * (1 + t.value / 100) ^ (t.year - t.reference_year)
               ELSE t.value
           END AS resolved_target,
           reference.segment AS reference_segment
    FROM targets t
    LEFT JOIN yearly reference
        ON reference.indicator_id = t.indicator_id AND reference.region_code = t.region_code
       AND reference.obs_year = t.reference_year;

-- Progress is counted from the end of the year before the plan, or from the year that the goal
-- itself refers to (twice the value of 2015, 155,000 more than in 2020).
CREATE TABLE baselines AS
    WITH starts AS (
        SELECT *, coalesce(CASE WHEN value_kind IN ('multiple', 'increment', 'growth')
                                THEN reference_year END, baseline_year) AS starts_from
        FROM targets WHERE value_kind <> 'cumulative'
    )
    SELECT s.target_id, y.obs_year AS baseline_year, y.t AS baseline_t, y.value AS baseline_value,
           y.segment AS baseline_segment,
           CASE WHEN abs(y.t - s.starts_from) > 1e-9 THEN 'nearest_observed'
                WHEN y.quality = 'document' THEN 'documented'
                ELSE 'observed_at_plan_start' END AS baseline_kind
    FROM starts s JOIN yearly y USING (indicator_id, region_code)
    WHERE abs(y.t - s.starts_from) <= 2
    QUALIFY row_number() OVER (
        PARTITION BY s.target_id ORDER BY abs(y.t - s.starts_from), y.t
    ) = 1
    UNION ALL
    SELECT target_id, coalesce(start_year, year) - 1, coalesce(start_year, year) - 1, 0, NULL,
           'zero_start'
    FROM targets WHERE value_kind = 'cumulative';

CREATE TABLE goals AS
    SELECT t.target_id, t.indicator_id, t.region_code, t.operator, t.value_kind,
           t.value, t.value_high, t.year AS target_year, t.is_quantified,
           r.resolved_target, r.reference_segment,
           b.baseline_year, b.baseline_t, b.baseline_value, b.baseline_segment,
           coalesce(b.baseline_kind, 'none') AS baseline_kind,
           l.obs_year, l.t, l.value AS latest_value, l.bound AS latest_bound, l.obs_period,
           l.observation_id, l.segment,
           CASE WHEN l.value IS NULL THEN 0 ELSE least(t.tolerance, l.finest) END AS tolerance,
           (SELECT count(*) FROM answers a WHERE a.target_id = t.target_id) AS n_obs,
           CASE WHEN t.operator IN ('ge', 'gt', 'approx') THEN 1
                WHEN t.operator IN ('le', 'lt') THEN -1
                WHEN t.operator = 'eq' THEN
                    CASE WHEN b.baseline_value > r.resolved_target THEN -1 ELSE 1 END
                ELSE 0 END AS s,
           (SELECT as_of FROM build) AS as_of
    FROM targets t
    JOIN resolved r USING (target_id)
    LEFT JOIN latest l USING (target_id)
    LEFT JOIN baselines b USING (target_id);
