-- Each goal with the series that answers it, its figure in the unit of the series, its baseline.
-- Reads: targets, indicators, series_breaks, yearly.  Rules: docs/methods.md, 1, 2, 4 and 8.

-- Does a value meet a goal, at the precision of its print?
CREATE MACRO meets(operator, value, bound, goal, high, tolerance) AS
    CASE operator
        WHEN 'ge' THEN value >= goal - tolerance - 1e-9 * abs(goal)
        WHEN 'gt' THEN value > goal + 1e-9 * abs(goal)
                    OR (bound = 'at_least' AND value >= goal - 1e-9 * abs(goal))
        WHEN 'le' THEN value <= goal + tolerance + 1e-9 * abs(goal)
        WHEN 'lt' THEN value < goal - 1e-9 * abs(goal)
                    OR (bound = 'at_most' AND value <= goal + 1e-9 * abs(goal))
        WHEN 'eq' THEN abs(value - goal) <= tolerance + 1e-9 * abs(goal)
        WHEN 'approx' THEN value >= 0.95 * goal - tolerance - 1e-9 * abs(goal)
        WHEN 'range' THEN value >= goal - tolerance - 1e-9 * abs(goal)
                      AND value <= high + tolerance + 1e-9 * abs(goal)
    END;

-- What is still to go; negative where there is a surplus.
CREATE MACRO distance(operator, s, value, goal, high) AS
    CASE operator
        WHEN 'eq' THEN abs(goal - value)
        WHEN 'range' THEN if(goal - value > value - high, goal - value, value - high)
        ELSE s * (goal - value)
    END;

CREATE TABLE wanted AS  -- what had been issued by the as-of day, and had been replaced by then
    SELECT t.* EXCLUDE (superseded_by), i.unit AS series_unit,
           t.value_kind = 'cumulative' AS is_sum,
           t.value_kind IN ('multiple', 'increment')
               OR (t.value_kind = 'growth' AND t.reference_year IS NOT NULL) AS refers,
           CASE WHEN t.superseded_on <= build.as_of THEN t.superseded_by END AS superseded_by,
           build.as_of
    FROM targets t JOIN indicators i USING (indicator_id), build
    WHERE t.issued_on <= build.as_of;

-- What is built within a period is added up over its years, as long as none is missing, and a
-- later year does not answer.
CREATE TABLE sums AS
    SELECT w.target_id, y.*,
           sum(y.value) OVER running AS total,
           sum(y.tolerance) OVER running AS total_tolerance,
           count(*) OVER running AS years,
           y.obs_year - w.start_year + 1 AS years_needed
    FROM wanted w JOIN yearly y USING (indicator_id, region_code)
    WHERE w.is_sum AND y.measure = 'flow' AND y.obs_year BETWEEN w.start_year AND w.year
    WINDOW running AS (PARTITION BY w.target_id ORDER BY y.obs_year);

-- A figure that refers to a year (twice the value of 2015) is a figure of that year's scope.
CREATE TABLE reference_values AS
    WITH seen AS (
        SELECT w.target_id, w.refers, y.t, y.value, y.segment,
               y.t = w.reference_year AS is_reference,
               w.year IS NULL OR y.t <= w.year AS is_in_time
        FROM wanted w JOIN yearly y USING (indicator_id, region_code)
        WHERE NOT w.is_sum
    )
    SELECT target_id,
           any_value(value) FILTER (is_reference) AS reference_value,
           any_value(segment) FILTER (is_reference AND refers) AS reference_segment,
           -- The scope of what answers: of the last figure up to the deadline, or the last at all.
           coalesce(arg_max(segment, t) FILTER (is_in_time), arg_max(segment, t))
               AS answering_segment
    FROM seen GROUP BY target_id;

CREATE TABLE resolved AS
    SELECT w.target_id, r.reference_segment,
           coalesce(r.reference_segment <> r.answering_segment, false) AS refers_across_break,
           CASE
               WHEN NOT w.is_quantified OR refers_across_break THEN NULL
               WHEN w.value_kind = 'multiple' THEN w.value * r.reference_value
               WHEN w.value_kind = 'increment' THEN r.reference_value + w.value
               WHEN w.refers THEN r.reference_value * (1 + w.value / 100) ^ (w.year - w.reference_year)
               ELSE w.value
           END AS resolved_target
    FROM wanted w LEFT JOIN reference_values r USING (target_id);

CREATE TABLE answers AS
    SELECT target_id, obs_year, t, total AS value, bound, total_tolerance AS tolerance, quality,
           observation_id, obs_period, segment, true AS is_in_scope
    FROM sums WHERE years = years_needed
    UNION ALL
    SELECT w.target_id, y.obs_year, y.t, y.value, y.bound, y.tolerance, y.quality,
           y.observation_id, y.obs_period, y.segment,
           coalesce(y.segment = r.reference_segment, true) AS is_in_scope
    FROM wanted w JOIN yearly y USING (indicator_id, region_code) JOIN resolved r USING (target_id)
    WHERE NOT w.is_sum;

-- Progress is counted from the end of the year before the plan, or from the year that the goal
-- itself refers to; sums start from zero, in the scope of their first year.
CREATE TABLE baselines AS
    SELECT w.target_id, y.obs_year AS baseline_year, y.t AS baseline_t, y.value AS baseline_value,
           y.segment AS baseline_segment,
           CASE WHEN y.t <> coalesce(w.reference_year, w.baseline_year) THEN 'nearest_observed'
                WHEN y.quality = 'document' THEN 'documented'
                ELSE 'observed_at_plan_start' END AS baseline_kind
    FROM wanted w JOIN yearly y USING (indicator_id, region_code)
    WHERE NOT w.is_sum
      AND abs(y.t - coalesce(w.reference_year, w.baseline_year)) <= 2 + 1e-9
    QUALIFY row_number() OVER (
        -- Of two equally near the earlier.
        PARTITION BY w.target_id
        ORDER BY round(abs(y.t - coalesce(w.reference_year, w.baseline_year)), 6), y.t
    ) = 1
    UNION ALL
    SELECT w.target_id, w.start_year - 1, w.start_year - 1, 0,
           (SELECT count(DISTINCT b.starts_on) FROM series_breaks b
            WHERE b.indicator_id = w.indicator_id
              AND b.starts_on <= make_date(w.start_year, 12, 31)),
           'zero_start'
    FROM wanted w WHERE w.is_sum;

CREATE TABLE goals AS
    WITH precise AS (
        SELECT w.*,
               -- The finer of the goal's and the series' print; a factor is no amount.
               CASE WHEN f.finest IS NULL OR w.value_kind IN ('multiple', 'growth') THEN 0
                    ELSE least(coalesce(w.tolerance, 0), f.finest) END AS precision_
        FROM wanted w
        LEFT JOIN (SELECT target_id, min(tolerance) AS finest FROM answers GROUP BY target_id) f
            USING (target_id)
    )
    SELECT p.target_id, p.indicator_id, p.region_code, p.as_of, p.document_id, p.standing,
           p.commitment, p.is_goal, p.is_goal AND p.superseded_by IS NULL AS is_live,
           p.superseded_by, p.operator, p.value AS goal_value, p.value_high, p.value_kind,
           p.series_unit AS unit, p.year AS target_year, p.is_quantified,
           p.precision_ AS tolerance, r.resolved_target, r.refers_across_break,
           b.baseline_year, b.baseline_t, b.baseline_value, b.baseline_segment,
           coalesce(b.baseline_kind, 'none') AS baseline_kind,
           coalesce(meets(p.operator, b.baseline_value, 'exact', r.resolved_target, p.value_high,
                          p.precision_), false) AS baseline_met,
           -- More is wanted (+1) or less (-1); `eq` looks from the baseline; a range has neither.
           CASE WHEN p.operator IN ('ge', 'gt', 'approx') THEN 1
                WHEN p.operator IN ('le', 'lt') THEN -1
                WHEN p.operator = 'range' THEN 0
                WHEN r.resolved_target < b.baseline_value THEN -1
                ELSE 1 END AS s
    FROM precise p
    JOIN resolved r USING (target_id)
    LEFT JOIN baselines b USING (target_id);
