-- One answer a calendar year, for each indicator and region.
-- Reads: record, indicators, series_breaks.  Rule: docs/methods.md, section 2.

CREATE TABLE candidates AS
    -- What is measured at a point in time: any figure within the year may answer.
    SELECT r.indicator_id, r.region_code, year(r.period_end) AS obs_year, r.period_end,
           on_year_scale(r.period_end) AS t, r.value, r.bound, r.tolerance, r.quality, r.trust,
           r.observation_id, r.period AS obs_period, 1 AS way
    FROM record r JOIN indicators i USING (indicator_id)
    WHERE i.measure <> 'flow' AND r.period_type <> 'year_to_date'
    UNION ALL
    -- What flows over a year: the whole year only.
    SELECT r.indicator_id, r.region_code, year(r.period_end), r.period_end,
           on_year_scale(r.period_end), r.value, r.bound, r.tolerance, r.quality, r.trust,
           r.observation_id, r.period, 1
    FROM record r JOIN indicators i USING (indicator_id)
    WHERE i.measure = 'flow' AND r.period_type = 'annual'
    UNION ALL
    -- Its four quarters or twelve months added up, where all are there.
    SELECT r.indicator_id, r.region_code, year(r.period_end), max(r.period_end),
           on_year_scale(max(r.period_end)), sum(r.value),
           CASE WHEN bool_and(r.bound = 'exact') THEN 'exact' ELSE any_value(r.bound) END,
           sum(r.tolerance), arg_max(r.quality, r.trust), max(r.trust),
           arg_max(r.observation_id, r.period_end), CAST(year(r.period_end) AS VARCHAR), 2
    FROM record r JOIN indicators i USING (indicator_id)
    WHERE i.measure = 'flow' AND r.period_type IN ('quarterly', 'monthly')
    GROUP BY r.indicator_id, r.region_code, year(r.period_end), r.period_type
    HAVING count(*) = CASE r.period_type WHEN 'quarterly' THEN 4 ELSE 12 END;

CREATE TABLE yearly AS
    SELECT c.*,
           (SELECT count(DISTINCT b.starts_on) FROM series_breaks b
            WHERE b.indicator_id = c.indicator_id AND b.starts_on <= c.period_end) AS segment
    FROM candidates c JOIN indicators i USING (indicator_id)
    QUALIFY row_number() OVER (
        PARTITION BY c.indicator_id, c.region_code, c.obs_year
        ORDER BY
            -- Flows: the more trusted whole year; all else: the latest day, then trust.
            CASE WHEN i.measure = 'flow' THEN c.trust END, CASE WHEN i.measure = 'flow' THEN c.way END,
            c.period_end DESC, c.trust, c.observation_id
    ) = 1;
