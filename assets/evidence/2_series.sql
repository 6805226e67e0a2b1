-- One answer a calendar year, for each indicator and region.
-- Reads: record, indicators, series_breaks.  Rules: docs/methods.md, sections 2, 3 and 8.

CREATE TABLE candidates AS
    WITH periods AS (
        SELECT r.*, i.measure, year(r.period_end) AS obs_year,
               r.period_start = make_date(year(r.period_end), 1, 1)
                   AND r.period_end = make_date(year(r.period_end), 12, 31) AS is_whole_year
        FROM record r JOIN indicators i USING (indicator_id)
    )
    SELECT * FROM periods
    -- What flows, and what is counted from January on, answers for whole years only: from January
    -- to December is a year. All else is measured at a point in time, any within the year.
    WHERE is_whole_year OR (measure <> 'flow' AND period_type <> 'year_to_date');

CREATE TABLE yearly AS
    SELECT c.indicator_id, c.region_code, c.measure, c.obs_year, c.period AS obs_period,
           on_year_scale(c.period_end) AS t, c.value, c.bound, c.tolerance, c.quality, c.trust,
           c.observation_id,
           (SELECT count(DISTINCT b.starts_on) FROM series_breaks b
            WHERE b.indicator_id = c.indicator_id AND b.starts_on <= c.period_end) AS segment
    FROM candidates c
    QUALIFY row_number() OVER (
        PARTITION BY c.indicator_id, c.region_code, c.obs_year
        -- The latest day, then trust; of one quality the figure of the year itself.
        ORDER BY c.period_end DESC, c.trust, c.period_type <> 'annual',
                 c.published_on DESC, c.source_id, c.retrieved_at DESC, c.source_row
    ) = 1;
