-- The pace, the outcome at the deadline and the verdict.
-- Reads: goals, answers, counted, latest, outlook.  Rule: docs/methods.md, section 5.

CREATE TABLE paces AS
    WITH changes AS (  -- a year, from one answer to the next, within the latest scope
        SELECT target_id, segment, t,
               (value - lag(value) OVER series) / (t - lag(t) OVER series) AS change,
               max(t) OVER (PARTITION BY target_id) AS t_last,
               max(segment) OVER (PARTITION BY target_id) AS segment_last
        FROM answers
        WINDOW series AS (PARTITION BY target_id, segment ORDER BY t)
    )
    SELECT target_id, any_value(segment) AS pace_segment,
           sum(change * 0.6 ^ (t_last - t)) / sum(0.6 ^ (t_last - t)) AS pace
    FROM changes WHERE change IS NOT NULL AND segment = segment_last GROUP BY target_id;

CREATE TABLE outcomes AS
    WITH flagged AS (
        SELECT *, is_met AND coalesce(t >= t_b, true) AS counts_as_met,
               coalesce(t = target_year, false) AS is_due,
               coalesce(t > target_year, false) AS is_after
        FROM counted
    )
    SELECT target_id, count(*) AS n_obs,
           -- The value of the deadline is that of its last day: June says nothing of December.
           max(a) FILTER (is_due) AS value_at_deadline,
           max(gap_abs) FILTER (is_due) AS shortfall_at_deadline,
           min(obs_year) FILTER (counts_as_met) AS first_met_year,
           bool_or(is_due) AS seen_at,
           bool_or(is_after) AS seen_after,
           bool_or(counts_as_met AND is_due) AS met_at,
           bool_or(counts_as_met AND is_after) AS met_after,
           bool_or(counts_as_met AND NOT is_due AND NOT is_after) AS met_before
    FROM flagged GROUP BY target_id;

CREATE TABLE facts AS
    WITH positioned AS (
        SELECT g.*,
               l.obs_year, l.obs_period, l.t, l.a, l.bound, l.segment, l.observation_id,
               l.gap_abs, l.gap_pct, l.attainment_pct, l.progress_pct, l.time_elapsed_pct,
               l.schedule_gap_pp, l.expected_value, l.expected_gap, l.lead_years, l.pace_ratio,
               l.cagr_actual, l.cagr_required,
               coalesce(l.starts_in_other_scope, false) OR g.refers_across_break
                   AS is_across_break,
               coalesce(l.is_met_exactly, false) AS met_latest,
               coalesce(l.is_met, false) AS met_within_tolerance,
               o.* EXCLUDE (target_id, n_obs, met_before), coalesce(o.n_obs, 0) AS n_obs,
               coalesce(o.met_before, false)
                   OR (g.baseline_met AND coalesce(g.baseline_t < g.target_year, true))
                   AS met_before,
               CASE WHEN p.pace_segment = l.segment THEN p.pace END AS recent_pace,
               on_year_scale(g.as_of) AS as_of_t,
               g.resolved_target AS y,
               w.* EXCLUDE (target_id)
        FROM goals g
        LEFT JOIN latest l USING (target_id)
        LEFT JOIN outcomes o USING (target_id)
        LEFT JOIN paces p USING (target_id)
        LEFT JOIN outlook w USING (target_id)
    ),
    needed AS (
        SELECT *,
               -- What is still needed a year, while there is time.
               CASE WHEN t < target_year AND operator <> 'range' AND y IS NOT NULL
                    THEN s * greatest(0, s * (y - a)) / (target_year - t) END AS required_pace,
               CASE WHEN t < target_year AND operator <> 'range' AND a > 0 AND y > 0
                    THEN CASE WHEN s * (y - a) <= 0 THEN 0
                              ELSE (y / a) ^ (1 / (target_year - t)) - 1 END END AS required_cagr
        FROM positioned
    )
    SELECT *,
           CASE WHEN operator <> 'range' THEN s * cagr_actual / nullif(abs(cagr_required), 0) END
               AS cagr_ratio,
           -- No multiple where nothing moves or it moves the wrong way.
           CASE WHEN required_pace IS NULL THEN NULL
                WHEN met_within_tolerance THEN 0
                WHEN s * recent_pace > 0 THEN required_pace / recent_pace END AS accel_factor,
           as_of_t > target_year OR coalesce(t >= target_year, false) AS is_closed,
           -- Where nobody looked at the deadline, late or not is not known.
           CASE WHEN seen_at THEN first_met_year - target_year END AS late_years,
           as_of_t - t AS obs_age_years
    FROM needed;

CREATE TABLE verdicts AS
    SELECT target_id, coalesce(is_closed, false) AS deadline_passed,
        CASE
            WHEN NOT is_quantified THEN 'no_figure'
            WHEN n_obs = 0 THEN 'no_observation'
            WHEN refers_across_break THEN 'reference_across_break'
            WHEN y IS NULL THEN 'reference_unknown'
            WHEN is_closed THEN CASE
                WHEN met_at AND met_before THEN 'met_before_and_at_deadline'
                WHEN met_at THEN 'met_at_deadline'
                WHEN seen_at AND met_before THEN 'met_before_not_at_deadline'
                WHEN seen_at AND met_after THEN 'met_after_deadline'
                WHEN seen_at THEN 'not_met_at_deadline'
                WHEN met_after THEN 'no_value_at_deadline_met_later'
                WHEN seen_after THEN 'not_met_after_deadline'
                ELSE 'no_value_at_or_after_deadline' END
            WHEN met_within_tolerance THEN 'latest_value_meets'
            WHEN met_before THEN 'met_once_not_now'
            WHEN baseline_t IS NULL OR t <= baseline_t THEN 'no_baseline_before_latest'
            WHEN is_across_break THEN 'baseline_across_break'
            -- More than 1 % of the distance and more than the print can tell.
            WHEN progress_pct < -1
                 AND progress_pct / -100 * abs(y - baseline_value) > tolerance
                THEN 'away_from_target'
            -- The chance to meet it in time; the pace where there is none.
            WHEN p_on_time >= 0.80 - 1e-9 THEN 'chance_high'
            WHEN p_on_time >= 0.40 - 1e-9 THEN 'chance_even'
            WHEN p_on_time IS NOT NULL THEN 'chance_low'
            WHEN pace_ratio IS NULL THEN 'no_schedule'
            WHEN pace_ratio >= 0.95 - 1e-9 THEN 'pace_sufficient'
            WHEN pace_ratio >= 0.60 - 1e-9 THEN 'pace_short'
            ELSE 'pace_far_short'
        END AS status_reason
    FROM facts;

CREATE TABLE meanings AS  -- each reason makes one verdict, and belongs to what decided
    SELECT * FROM (VALUES
        ('no_figure', 'not_quantified', 'definition'),
        ('no_observation', 'no_data', 'evidence'),
        ('reference_across_break', 'insufficient_data', 'evidence'),
        ('reference_unknown', 'insufficient_data', 'evidence'),
        ('met_before_and_at_deadline', 'achieved_early', 'deadline'),
        ('met_at_deadline', 'achieved_on_time', 'deadline'),
        ('met_before_not_at_deadline', 'achieved_then_lost', 'deadline'),
        ('met_after_deadline', 'achieved_late', 'deadline'),
        ('not_met_at_deadline', 'missed', 'deadline'),
        ('no_value_at_deadline_met_later', 'achieved_date_unknown', 'deadline'),
        ('not_met_after_deadline', 'missed', 'deadline'),
        ('no_value_at_or_after_deadline', 'expired_unverified', 'evidence'),
        ('latest_value_meets', 'achieved', 'latest_value'),
        ('met_once_not_now', 'achieved_then_lost', 'latest_value'),
        ('no_baseline_before_latest', 'insufficient_data', 'evidence'),
        ('baseline_across_break', 'insufficient_data', 'evidence'),
        ('away_from_target', 'moving_away', 'progress'),
        ('chance_high', 'on_track', 'p_on_time'),
        ('chance_even', 'at_risk', 'p_on_time'),
        ('chance_low', 'off_track', 'p_on_time'),
        ('no_schedule', 'insufficient_data', 'evidence'),
        ('pace_sufficient', 'on_track', 'pace_ratio'),
        ('pace_short', 'at_risk', 'pace_ratio'),
        ('pace_far_short', 'off_track', 'pace_ratio')
    ) AS m (status_reason, status, decided_by);
