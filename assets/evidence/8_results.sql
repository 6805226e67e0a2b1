-- The answer, in the columns of gap_to_goal.  Reads: everything before, observation_vintages and
-- regions.

-- The gap in standard deviations across the provinces, where ten or more were observed that year.
CREATE TABLE spreads AS
    SELECT y.indicator_id, y.obs_year, stddev_samp(y.value) AS sd
    FROM yearly y JOIN regions r USING (region_code)
    WHERE r.level = 'province'
    GROUP BY y.indicator_id, y.obs_year HAVING count(*) >= 10;

-- Evidence is graded by the value that decided: that of the deadline, else the latest.
CREATE TABLE deciding AS
    SELECT target_id, a.bound, a.quality
    FROM answers a JOIN facts f USING (target_id)
    WHERE a.t = f.target_year OR a.t = f.t
    QUALIFY row_number() OVER (
        PARTITION BY target_id ORDER BY coalesce(a.t = f.target_year, false) DESC
    ) = 1;

CREATE TABLE recomputed AS
    SELECT f.*, f.goal_value AS value, f.a AS latest_value, f.bound AS latest_bound,
           f.s AS direction, m.status, m.status_reason, m.decided_by, u.deadline_passed,
           y.* EXCLUDE (target_id), w.yardsticks_agree,
           v.source_title AS obs_source, v.quality AS obs_quality,
           v.published_on AS obs_published_on,
           f.gap_abs / nullif(d.sd, 0) AS gap_sigma,
           CASE WHEN f.n_obs = 0 THEN NULL
                WHEN e.quality IN ('derived', 'media') OR e.bound = 'approx' THEN 'D'
                WHEN f.baseline_kind = 'documented' AND f.n_obs >= 5 THEN 'A'
                WHEN f.baseline_kind <> 'none' AND f.n_obs >= 3 THEN 'B'
                ELSE 'C' END AS evidence_grade,
           CASE WHEN m.status IN ('achieved', 'achieved_early') AND f.target_year IS NOT NULL
                    THEN '提前实现'
                WHEN f.t <= f.baseline_t OR f.baseline_t IS NULL THEN NULL
                WHEN f.schedule_gap_pp > 5 + 1e-9 THEN '快于预期'
                WHEN f.schedule_gap_pp >= -5 - 1e-9 THEN '基本符合预期'
                WHEN f.schedule_gap_pp IS NOT NULL THEN '滞后' END AS plan_class_zh,
           CASE WHEN m.status = 'achieved' AND f.s * f.recent_pace < 0 THEN 'eroding' END
               AS trend_flag
    FROM facts f
    JOIN verdicts u USING (target_id)
    JOIN meanings m USING (status_reason)
    LEFT JOIN yardsticks y USING (target_id)
    LEFT JOIN agreement w USING (target_id)
    LEFT JOIN deciding e USING (target_id)
    LEFT JOIN observation_vintages v USING (observation_id)
    LEFT JOIN spreads d ON d.indicator_id = f.indicator_id AND d.obs_year = f.obs_year;
