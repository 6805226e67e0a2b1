-- The verdict, in order of precedence.  Reads: metrics, judged.  Rule: docs/methods.md, section 5.

CREATE TABLE recomputed AS
    WITH facts AS (
        SELECT m.*,
               cagr_actual * s / nullif(abs(cagr_required), 0) AS cagr_ratio,
               CASE WHEN required_pace = 0 OR (met_within_tolerance AND required_pace IS NOT NULL)
                         THEN 0
                    WHEN s * required_pace > 0 AND s * recent_pace > 0
                        THEN required_pace / recent_pace END AS accel_factor,
               EXISTS (SELECT 1 FROM judged j WHERE j.target_id = m.target_id
                       AND j.t < m.target_year - 1e-9 AND j.is_met
                       AND j.obs_year >= coalesce(m.baseline_year, j.obs_year)) AS met_before,
               EXISTS (SELECT 1 FROM judged j WHERE j.target_id = m.target_id
                       AND j.obs_year > m.target_year AND j.is_met) AS met_after,
               EXISTS (SELECT 1 FROM judged j WHERE j.target_id = m.target_id
                       AND j.obs_year > m.target_year) AS seen_after
        FROM metrics m
    )
    SELECT f.* EXCLUDE (s, t, a, y, b, as_of), s AS direction,
        CASE
            WHEN NOT is_quantified THEN 'not_quantified'
            WHEN n_obs = 0 THEN 'no_data'
            WHEN resolved_target IS NULL THEN 'insufficient_data'
            WHEN deadline_passed THEN CASE
                WHEN met_at_deadline AND met_before THEN 'achieved_early'
                WHEN met_at_deadline THEN 'achieved_on_time'
                WHEN met_at_deadline = false AND met_before THEN 'achieved_then_lost'
                WHEN met_at_deadline = false AND met_after THEN 'achieved_late'
                WHEN met_at_deadline = false THEN 'missed'
                WHEN met_after THEN 'achieved_date_unknown'
                WHEN seen_after THEN 'missed'
                ELSE 'expired_unverified' END
            WHEN met_within_tolerance THEN 'achieved'
            WHEN first_met_year IS NOT NULL THEN 'achieved_then_lost'
            WHEN progress_pct IS NULL OR pace_ratio IS NULL THEN 'insufficient_data'
            WHEN progress_pct < -1 AND abs(a - b) > coalesce(tolerance, 0) THEN 'moving_away'
            WHEN pace_ratio >= 0.95 - 1e-9 THEN 'on_track'
            WHEN pace_ratio >= 0.60 - 1e-9 THEN 'at_risk'
            ELSE 'off_track'
        END AS status
    FROM facts f;
