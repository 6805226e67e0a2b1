-- Every distance and pace.  Reads: goals, answers.  Formulas: the columns of gap_to_goal.

-- Does a value meet a goal, at the precision of its print?
CREATE MACRO meets(operator, value, bound, goal, high, tolerance) AS
    CASE operator
        WHEN 'ge' THEN value >= goal - tolerance - 1e-9 * abs(goal)
        WHEN 'gt' THEN value > goal * (1 + 1e-9 * sign(goal)) OR (bound = 'at_least' AND value >= goal)
        WHEN 'le' THEN value <= goal + tolerance + 1e-9 * abs(goal)
        WHEN 'lt' THEN value < goal * (1 - 1e-9 * sign(goal)) OR (bound = 'at_most' AND value <= goal)
        WHEN 'approx' THEN value >= 0.95 * goal - 1e-9 * abs(goal)
        WHEN 'eq' THEN abs(value - goal) <= tolerance + 1e-9 * abs(goal)
        ELSE value BETWEEN goal - tolerance AND high + tolerance
    END;

CREATE TABLE judged AS
    SELECT a.target_id, a.obs_year, a.value, a.bound, a.t,
           meets(g.operator, a.value, a.bound, g.resolved_target, g.value_high,
                 coalesce(g.tolerance, 0)) AS is_met
    FROM answers a JOIN goals g USING (target_id)
    WHERE g.resolved_target IS NOT NULL;

CREATE TABLE changes AS  -- from one answer to the next, within a segment of equal scope
    SELECT target_id, t,
           (value - lag(value) OVER series) / (t - lag(t) OVER series) AS pace,
           last_value(t) OVER (series ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
               AS t_last
    FROM answers
    WHERE (target_id, segment) IN (SELECT target_id, segment FROM latest)
    WINDOW series AS (PARTITION BY target_id ORDER BY t);

CREATE TABLE paces AS
    SELECT target_id,
           sum(pace * 0.6 ^ (t_last - t)) / sum(0.6 ^ (t_last - t)) AS recent_pace
    FROM changes WHERE pace IS NOT NULL GROUP BY target_id;

CREATE TABLE at_deadline AS
    -- At the end of the year: a figure of its June says nothing of its December.
    SELECT j.target_id, j.value, j.bound, j.is_met
    FROM judged j JOIN goals g USING (target_id) WHERE abs(j.t - g.target_year) < 1e-9;

CREATE TABLE first_met AS
    SELECT j.target_id, min(j.obs_year) AS first_met_year
    FROM judged j JOIN goals g USING (target_id)
    WHERE j.is_met AND (g.baseline_year IS NULL OR j.obs_year >= g.baseline_year)
    GROUP BY j.target_id;

CREATE TABLE steps AS  -- what the formulas below have in common
    SELECT g.*, g.latest_value AS a, g.resolved_target AS y, g.baseline_value AS b,
           coalesce(meets(g.operator, g.baseline_value, 'exact', g.resolved_target, g.value_high,
                          0), false) AS baseline_met,
           coalesce(g.baseline_segment <> g.segment, false) AS is_across_break,
           (g.t - g.baseline_t) / (g.target_year - g.baseline_t) AS elapsed_unbounded
    FROM goals g;

CREATE TABLE metrics AS
    WITH distance AS (
        SELECT s.*,
               CASE WHEN operator = 'eq' THEN abs(y - a)
                    WHEN operator = 'range' THEN greatest(y - a, a - value_high)
                    ELSE s * (y - a) END AS gap_abs,
               -- A way to go: from a baseline short of the goal, in the same scope, in time.
               y IS NOT NULL AND a IS NOT NULL AND b IS NOT NULL AND NOT baseline_met
                   AND coalesce(target_year > baseline_t, true) AND t >= baseline_t
                   AND NOT is_across_break AS has_way
        FROM steps s
    ),
    way AS (
        SELECT d.*,
               CASE WHEN has_way AND operator <> 'range' THEN (a - b) / (y - b)
                    WHEN has_way THEN 1 - greatest(0, gap_abs) / greatest(y - b, b - value_high)
               END AS progress,
               CASE WHEN a IS NOT NULL AND b IS NOT NULL AND target_year > baseline_t
                    THEN least(1, greatest(0, elapsed_unbounded)) END AS elapsed
        FROM distance d
    )
    SELECT w.* EXCLUDE (progress, elapsed),
           100 * gap_abs / nullif(abs(y), 0) AS gap_pct,
           CASE WHEN operator = 'range' THEN NULL
                WHEN s = 1 AND y > 0 THEN 100 * a / y
                WHEN s = 1 AND y < 0 THEN 100 * (1 + (a - y) / abs(y))
                WHEN s = -1 AND a > 0 AND y > 0 THEN 100 * y / a END AS attainment_pct,
           100 * progress AS progress_pct,
           100 * elapsed AS time_elapsed_pct,
           100 * (progress - elapsed) AS schedule_gap_pp,
           CASE WHEN progress IS NOT NULL AND operator <> 'range' THEN b + (y - b) * elapsed END
               AS expected_value,
           CASE WHEN progress IS NOT NULL AND operator <> 'range'
                THEN s * (a - (b + (y - b) * elapsed)) END AS expected_gap,
           CASE WHEN t <= target_year
                THEN progress * (target_year - baseline_t) - (t - baseline_t) END AS lead_years,
           CASE WHEN t > baseline_t THEN progress / nullif(elapsed, 0) END AS pace_ratio,
           CASE WHEN has_way AND t > baseline_t AND a > 0 AND b > 0 AND y > 0
                     AND operator <> 'range' AND target_year IS NOT NULL
                THEN (a / b) ^ (1 / (t - baseline_t)) - 1 END AS cagr_actual,
           CASE WHEN has_way AND t > baseline_t AND a > 0 AND b > 0 AND y > 0
                     AND operator <> 'range'
                THEN (y / b) ^ (1 / (target_year - baseline_t)) - 1 END AS cagr_required,
           p.recent_pace,
           CASE WHEN t < target_year AND operator <> 'range'
                THEN s * greatest(0, s * (y - a)) / (target_year - t) END AS required_pace,
           CASE WHEN t < target_year AND operator <> 'range' AND a > 0 AND y > 0
                THEN CASE WHEN gap_abs <= 0 THEN 0
                          ELSE (y / a) ^ (1 / (target_year - t)) - 1 END END AS required_cagr,
           f.first_met_year, d.value AS value_at_deadline, d.is_met AS met_at_deadline,
           CASE WHEN operator = 'eq' THEN abs(y - d.value)
                WHEN operator = 'range' THEN greatest(y - d.value, d.value - value_high)
                ELSE s * (y - d.value) END AS shortfall_at_deadline,
           -- Where nobody looked at the deadline, late or not is not known.
           CASE WHEN d.value IS NOT NULL THEN f.first_met_year - target_year END AS late_years,
           coalesce(as_of > make_date(target_year, 12, 31), false)
               OR coalesce(t >= target_year - 1e-9, false) AS deadline_passed,
           coalesce(meets(operator, a, latest_bound, y, value_high, w.tolerance), false)
               AS met_within_tolerance,
           coalesce(meets(operator, a, latest_bound, y, value_high, 0), false) AS met_latest
    FROM way w
    LEFT JOIN paces p USING (target_id)
    LEFT JOIN first_met f USING (target_id)
    LEFT JOIN at_deadline d USING (target_id);
