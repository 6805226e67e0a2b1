-- Where each answer stands on the way to its goal, and which is the latest.
-- Reads: goals, answers.  Formulas: the columns of gap_to_goal; docs/methods.md, section 1.

CREATE TABLE positions AS
    WITH answered AS (
        SELECT g.* EXCLUDE (resolved_target), a.obs_year, a.obs_period, a.t, a.value AS a, a.bound,
               a.segment, a.observation_id, a.is_in_scope,
               CASE WHEN a.is_in_scope THEN g.resolved_target END AS y,
               g.baseline_value AS b, g.baseline_t AS t_b,
               coalesce(a.segment <> g.baseline_segment, false) AS starts_in_other_scope
        FROM goals g JOIN answers a USING (target_id)
    ),
    judged AS (
        SELECT *,
               coalesce(meets(operator, a, bound, y, value_high, tolerance), false) AS is_met,
               coalesce(meets(operator, a, bound, y, value_high, 0), false) AS is_met_exactly,
               distance(operator, s, a, y, value_high) AS gap_abs,
               -- A way to go: from a baseline that falls short, in the same scope, in time.
               y IS NOT NULL AND b IS NOT NULL AND NOT baseline_met AND t >= t_b
                   AND coalesce(target_year > t_b, true)
                   AND NOT starts_in_other_scope AND is_in_scope AS has_way,
               -- It ends at the goal, for a range at the end that is nearer.
               CASE WHEN operator = 'range' AND b > value_high THEN value_high ELSE y END AS goal,
               t > t_b AND b > 0 AND a > 0 AND NOT starts_in_other_scope AND is_in_scope AS grows,
               b > 0 AND y > 0 AND target_year > t_b AS must_grow
        FROM answered
    ),
    shares AS (
        SELECT *,
               CASE WHEN has_way AND operator = 'range'  -- the share of the first distance gone
                        THEN 1 - gap_abs / nullif(distance(operator, s, b, y, value_high), 0)
                    WHEN has_way THEN (a - b) / nullif(y - b, 0) END AS progress,
               CASE WHEN target_year > t_b
                    THEN least(1, greatest(0, (t - t_b) / (target_year - t_b))) END AS elapsed,
               CASE WHEN grows THEN (a / b) ^ (1 / (t - t_b)) - 1 END AS growth_actual,
               CASE WHEN must_grow THEN (y / b) ^ (1 / (target_year - t_b)) - 1 END
                   AS growth_required
        FROM judged
    )
    SELECT * EXCLUDE (has_way, grows, must_grow), y AS resolved_target,
           100 * gap_abs / nullif(abs(y), 0) AS gap_pct,
           CASE WHEN operator = 'range' THEN NULL
                WHEN s = 1 AND y > 0 THEN 100 * a / y
                WHEN s = 1 AND y < 0 THEN 100 * (1 + (a - y) / abs(y))
                WHEN s = -1 AND a > 0 AND y > 0 THEN 100 * y / a END AS attainment_pct,
           100 * progress AS progress_pct,
           100 * elapsed AS time_elapsed_pct,
           100 * (progress - elapsed) AS schedule_gap_pp,
           CASE WHEN progress IS NOT NULL THEN b + (goal - b) * elapsed END AS expected_value,
           CASE WHEN progress IS NOT NULL
                THEN CASE WHEN s <> 0 THEN s WHEN goal >= b THEN 1 ELSE -1 END
                     * (a - (b + (goal - b) * elapsed)) END AS expected_gap,
           CASE WHEN t <= target_year THEN progress * (target_year - t_b) - (t - t_b) END
               AS lead_years,
           progress / nullif(elapsed, 0) AS pace_ratio,
           -- Growth is between positive values, and published where there is some to compare with.
           CASE WHEN y IS NULL OR (growth_required IS NOT NULL AND NOT baseline_met)
                THEN growth_actual END AS cagr_actual,
           CASE WHEN growth_actual IS NOT NULL AND NOT baseline_met THEN growth_required END
               AS cagr_required
    FROM shares;

CREATE TABLE recomputed_history AS
    SELECT *, a AS value,
           coalesce(segment <> lag(segment) OVER (PARTITION BY target_id ORDER BY t), false)
               AS is_after_break
    FROM positions;

-- A goal that refers to a year is answered in that year's scope; where that is not the scope of
-- today, nothing judges it, and the latest figure is shown all the same.
CREATE TABLE counted AS
    SELECT * FROM positions WHERE is_in_scope OR refers_across_break;

CREATE TABLE latest AS
    SELECT * FROM counted
    QUALIFY row_number() OVER (PARTITION BY target_id ORDER BY t DESC) = 1;
