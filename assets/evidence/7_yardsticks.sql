-- What other systems would say, each by its own rule, of the last position up to the deadline.
-- Reads: counted.  Rules: docs/methods.md, section 6.

CREATE TABLE due_positions AS
    SELECT *, operator <> 'range' AS has_two_ends, coalesce(t > t_b, false) AS has_started,
           coalesce(t > t_b, false) AND NOT starts_in_other_scope AS is_comparable
    FROM counted WHERE target_year IS NULL OR t <= target_year
    QUALIFY row_number() OVER (PARTITION BY target_id ORDER BY t DESC) = 1;

-- ESCAP: a regression in which recent years weigh more, the weights growing with the years gone.
CREATE TABLE lines AS
    WITH weighted AS (
        SELECT target_id, t, a, t - min(t) OVER (PARTITION BY target_id) + 1 AS w
        FROM counted
        WHERE coalesce(t >= t_b, true) AND (target_year IS NULL OR t <= target_year)
    ),
    centred AS (
        SELECT *, sum(w * t) OVER whole / sum(w) OVER whole AS t_mean,
               sum(w * a) OVER whole / sum(w) OVER whole AS a_mean
        FROM weighted WINDOW whole AS (PARTITION BY target_id)
    )
    SELECT target_id, any_value(a_mean) AS a_mean, any_value(t_mean) AS t_mean,
           sum(w * (t - t_mean) * (a - a_mean)) / sum(w * (t - t_mean) ^ 2) AS slope
    FROM centred GROUP BY target_id HAVING count(*) >= 2;

CREATE TABLE yardsticks AS
    WITH shares AS (
        SELECT d.*,
               CASE WHEN has_two_ends
                    THEN s * growth_actual / nullif(abs(growth_required), 0) END AS eurostat_ratio,
               -- Without a figure there is only growth, in the direction that is wanted.
               CASE WHEN NOT is_quantified THEN s * growth_actual END AS wanted_growth,
               CASE WHEN has_two_ends AND NOT baseline_met
                    THEN (a * (1 + growth_actual) ^ (target_year - t) - b) / nullif(y - b, 0) END
                   AS unsd_share,
               CASE WHEN NOT is_comparable OR NOT has_two_ends THEN NULL
                    -- Two-sided: what lies beyond is as far off as what lies before.
                    WHEN operator = 'eq' THEN 10 - 10 * abs(y - a) / nullif(abs(y - b), 0)
                    WHEN NOT baseline_met THEN 10 * (a - b) / nullif(y - b, 0) END AS escap_csi,
               CASE WHEN is_comparable AND has_two_ends AND NOT baseline_met
                    THEN s * (y - (l.a_mean + l.slope * (target_year - l.t_mean)))
                         / nullif(abs(y - b), 0) END AS anticipated_gap,
               CASE WHEN is_comparable AND has_two_ends AND NOT baseline_met AND target_year > t_b
                    THEN (a - b) / (t - t_b) / nullif((y - b) / (target_year - t_b), 0) END
                   AS sdsn_share,
               -- What is met is met, whatever the trend.
               is_met AND has_two_ends AND b IS NOT NULL AS met,
               -- UNSD: within a point of 0 % or 100 % counts as met.
               value_kind = 'coverage' AND y IN (0, 100) AND abs(a - y) <= 1
                   AND has_two_ends AND b IS NOT NULL AS met_nearly
        FROM due_positions d LEFT JOIN lines l USING (target_id)
    )
    SELECT target_id, eurostat_ratio, unsd_share, escap_csi, sdsn_share,
           CASE WHEN met OR eurostat_ratio >= 0.95 - 1e-9 THEN 'significant_progress'
                WHEN eurostat_ratio >= 0.60 - 1e-9 THEN 'moderate_progress'
                WHEN eurostat_ratio >= -1e-9 THEN 'insufficient_progress'
                WHEN eurostat_ratio IS NOT NULL THEN 'movement_away'
                WHEN wanted_growth > 0.01 THEN 'significant_progress'
                WHEN wanted_growth >= 0.001 - 1e-9 THEN 'moderate_progress'
                WHEN wanted_growth > -0.001 THEN 'no_progress'
                WHEN wanted_growth >= -0.01 - 1e-9 THEN 'moderate_movement_away'
                WHEN wanted_growth IS NOT NULL THEN 'significant_movement_away'
           END AS eurostat_class,
           CASE WHEN met THEN 5
                WHEN eurostat_ratio >= 0.60 - 1e-9 THEN least(5, (eurostat_ratio - 0.6) * 5 / 0.7)
                WHEN eurostat_ratio IS NOT NULL
                    THEN greatest(-5, (eurostat_ratio + 0.6) * 5 / 1.2 - 5)
                -- 2.5 for each percentage point of growth.
                WHEN wanted_growth IS NOT NULL
                    THEN greatest(-5, least(5, 250 * wanted_growth)) END AS eurostat_score,
           CASE WHEN met OR met_nearly OR unsd_share >= 0.95 - 1e-9 THEN 'on_track_or_met'
                WHEN unsd_share >= 0.10 - 1e-9 THEN 'fair_progress'
                WHEN unsd_share IS NOT NULL THEN 'stagnation_or_regression'
                WHEN wanted_growth >= 0.02 - 1e-9 THEN 'on_track_or_met'
                WHEN wanted_growth >= 0.005 - 1e-9 THEN 'fair_progress'
                WHEN wanted_growth IS NOT NULL THEN 'stagnation_or_regression' END AS unsd_class,
           CASE WHEN anticipated_gap <= 0.1 + 1e-9 THEN 'maintain'
                WHEN anticipated_gap <= 1 + 1e-9 THEN 'accelerate'
                WHEN anticipated_gap IS NOT NULL THEN 'reverse' END AS escap_class,
           CASE WHEN (met AND has_started) OR sdsn_share >= 1 - 1e-9 THEN 'on_track'
                WHEN sdsn_share >= 0.5 - 1e-9 THEN 'moderately_improving'
                WHEN sdsn_share >= -1e-9 THEN 'stagnating'
                WHEN sdsn_share IS NOT NULL THEN 'decreasing' END AS sdsn_arrow,
           CASE WHEN wanted_growth > 0.05 + 1e-9 THEN 'clear_improvement'
                WHEN wanted_growth > 0.01 + 1e-9 THEN 'slight_improvement'
                WHEN wanted_growth > -0.01 + 1e-9 THEN 'stable'
                WHEN wanted_growth > -0.05 + 1e-9 THEN 'slight_worsening'
                WHEN wanted_growth IS NOT NULL THEN 'clear_worsening' END AS istat_class,
           CASE WHEN sdsn_share > 0.9 + 1e-9 THEN 'high'
                WHEN sdsn_share >= 0.5 - 1e-9 THEN 'medium'
                WHEN sdsn_share IS NOT NULL THEN 'low' END AS psa_likelihood
    FROM shares;

-- Do all that say anything say the same of "on track"?  It takes two.
CREATE TABLE agreement AS
    WITH said AS (
        UNPIVOT (SELECT target_id,
                        eurostat_class = 'significant_progress' AS eurostat,
                        unsd_class = 'on_track_or_met' AS unsd,
                        escap_class = 'maintain' AS escap,
                        sdsn_arrow = 'on_track' AS sdsn
                 FROM yardsticks)
        ON eurostat, unsd, escap, sdsn INTO NAME yardstick VALUE is_on_track
    )
    SELECT target_id, bool_and(is_on_track) = bool_or(is_on_track) AS yardsticks_agree
    FROM said GROUP BY target_id HAVING count(*) >= 2;
