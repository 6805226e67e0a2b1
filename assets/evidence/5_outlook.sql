-- Where a series goes if it goes on as it did, how wrong that has been before, and from both the
-- chance to meet a goal in time.
-- Reads: yearly, indicators, latest, students_t.  Formulas: the columns of gap_to_goal.

CREATE MACRO damping(phi, years) AS  -- the first year counts phi, the next phi^2, and so on
    phi * (1 - phi ^ years) / (1 - phi);

CREATE MACRO log_odds(pct) AS  -- of a share in percent, kept a quarter of a point off 0 and 100
    ln(greatest(0.25, least(99.75, pct)) / (100 - greatest(0.25, least(99.75, pct))));

CREATE MACRO within(value, lowest, highest) AS  -- a limit that is not known does not limit
    CASE WHEN value IS NOT NULL THEN least(greatest(value, lowest), highest) END;

-- The chosen path: the pace goes on and dies away, of shares on the scale of log odds.
CREATE MACRO ahead(is_share, value, pace, odds, odds_pace, years, lowest, highest) AS
    within(CASE WHEN is_share
                THEN 100 / (1 + exp(-(odds + odds_pace * damping(0.85, years))))
                ELSE value + pace * damping(0.9, years) END, lowest, highest);

-- How each series had moved by each of its values, from the start of that value's scope.
CREATE TABLE movements AS
    WITH scaled AS (
        SELECT y.indicator_id, y.region_code, y.segment, y.t, y.value,
               i.plausible_min AS lowest, i.plausible_max AS highest,
               coalesce(i.unit = 'percent' AND lowest = 0 AND highest = 100, false) AS is_share,
               CASE WHEN y.value > 0 THEN ln(y.value) END AS log_value,
               CASE WHEN is_share THEN log_odds(y.value) END AS odds,
               t = max(t) OVER (PARTITION BY indicator_id, region_code) AS is_last
        FROM yearly y JOIN indicators i USING (indicator_id)
    ),
    changes AS (
        SELECT *, first_value(t) OVER series AS t_first,
               t - lag(t) OVER series AS years,
               value - lag(value) OVER series AS change,
               log_value - lag(log_value) OVER series AS log_change,
               odds - lag(odds) OVER series AS odds_change,
               t - t_first AS span,
               value - first_value(value) OVER series AS rise,
               -- Against a change a year later one counts 0.6; against the start it comes out the
               -- same.  In the regression a value counts by the years that it lies from the start.
               CASE WHEN years IS NOT NULL THEN 0.6 ^ -span END AS recency,
               span + 1 AS w
        FROM scaled
        WINDOW series AS (PARTITION BY indicator_id, region_code, segment ORDER BY t)
    ),
    sums AS (
        SELECT *, count(*) OVER so_far AS points, min(value) OVER so_far AS smallest,
               sum(recency) OVER so_far AS r,
               sum(recency * change / years) OVER so_far AS r_change,
               sum(recency * log_change / years) OVER so_far AS r_log_change,
               sum(recency * odds_change / years) OVER so_far AS r_odds_change,
               sum(w) OVER so_far AS w0,
               sum(w * span) OVER so_far AS wx,
               sum(w * rise) OVER so_far AS wy,
               sum(w * span * span) OVER so_far AS wxx,
               sum(w * span * rise) OVER so_far AS wxy,
               avg(abs(change / years)) OVER so_far AS step,
               sum(change * change / years) OVER so_far AS squares
        FROM changes
        WINDOW so_far AS (PARTITION BY indicator_id, region_code, segment ORDER BY t
                          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
    SELECT indicator_id, region_code, segment, t, value, lowest, highest, is_share, odds, is_last,
           points, span, step,
           r_change / r AS pace,
           CASE WHEN smallest > 0 THEN r_log_change / r END AS log_pace,
           r_odds_change / r AS odds_pace,
           rise / span AS drift,
           (w0 * wxy - wx * wy) / (w0 * wxx - wx * wx) AS slope,
           -- A random walk with drift.  Less than a millionth of the movement is rounding.
           squares - drift * drift * span AS unexplained,
           CASE WHEN unexplained > 1e-12 * squares THEN sqrt(unexplained / (points - 2))
                ELSE 0 END AS jitter
    FROM sums WHERE points >= 3;

-- What came, less what would have been projected, in mean yearly changes of the series: all pairs
-- of a value with three points or more and a later one of its scope, by kind and whole years.
CREATE TABLE errors AS
    SELECT m.is_share, ceil(y.t - m.t) AS years_ahead,
           (y.value - ahead(m.is_share, m.value, m.pace, m.odds, m.odds_pace, y.t - m.t,
                            m.lowest, m.highest)) / m.step AS error
    FROM movements m JOIN yearly y USING (indicator_id, region_code, segment)
    WHERE y.t > m.t AND m.step > 0
    -- Fewer say too little.
    QUALIFY count(*) OVER (PARTITION BY m.is_share, years_ahead) >= 60;

CREATE TABLE error_quantiles AS
    SELECT is_share, years_ahead,
           quantile_cont(error, 0.025) AS q025, quantile_cont(error, 0.1) AS q10,
           quantile_cont(error, 0.9) AS q90, quantile_cont(error, 0.975) AS q975
    FROM errors GROUP BY is_share, years_ahead;

CREATE TABLE students_quantiles AS
    SELECT freedom,
           any_value(quantile) FILTER (probability = 0.025) AS q025,
           any_value(quantile) FILTER (probability = 0.1) AS q10,
           any_value(quantile) FILTER (probability = 0.9) AS q90,
           any_value(quantile) FILTER (probability = 0.975) AS q975
    FROM students_t WHERE NOT is_step GROUP BY freedom;

-- What each goal's projection starts from: its latest answer, where that is also the latest value
-- of the series.  Sums over a period are not projected.
CREATE TABLE origins AS
    SELECT l.target_id, l.operator, l.y, l.value_high, l.tolerance, l.is_met, l.target_year, l.s,
           l.b, l.starts_in_other_scope, m.*,
           CASE WHEN l.target_year > l.t THEN l.target_year - l.t END AS years_left
    FROM latest l
    JOIN movements m ON m.indicator_id = l.indicator_id AND m.region_code = l.region_code
                    AND m.t = l.t AND m.is_last
    WHERE l.value_kind <> 'cumulative';

CREATE TABLE projected AS
    WITH paths AS (
        SELECT *,
               ahead(is_share, value, pace, odds, odds_pace, years_left, lowest, highest)
                   AS projected_value,
               within(value + drift * years_left, lowest, highest) AS by_drift,
               within(value + slope * years_left, lowest, highest) AS by_regression,
               ahead(false, value, pace, odds, odds_pace, years_left, lowest, highest) AS by_pace,
               -- Of what is or was not positive there is no logarithm.
               within(value * exp(log_pace * damping(0.9, years_left)), lowest, highest) AS by_log
        FROM origins WHERE years_left IS NOT NULL
    )
    SELECT p.* EXCLUDE (by_drift, by_regression, by_pace, by_log),
           list_median([by_drift, by_regression, by_pace, if(p.is_share, projected_value, by_log)])
               AS projected_alt,
           if(p.is_share, 'damped_logit', 'damped') AS projection_method,
           least(points - 2, 30) AS freedom,
           e.years_ahead,
           -- What one unit of error is worth: nothing where the series never moved, and of a
           -- random walk where it always moved alike.
           CASE WHEN e.years_ahead IS NOT NULL THEN step
                ELSE jitter * sqrt(years_left * (1 + years_left / span)) END AS worth,
           CASE WHEN worth > 0 THEN if(e.years_ahead IS NULL, 'drift_t', 'pooled_errors') END
               AS interval_method,
           CASE WHEN worth > 0 THEN projected_value + worth * coalesce(e.q10, s.q10) END AS low80,
           CASE WHEN worth > 0 THEN projected_value + worth * coalesce(e.q90, s.q90) END AS high80,
           CASE WHEN worth > 0 THEN projected_value + worth * coalesce(e.q025, s.q025) END AS low95,
           CASE WHEN worth > 0 THEN projected_value + worth * coalesce(e.q975, s.q975) END AS high95
    FROM paths p
    LEFT JOIN error_quantiles e ON e.is_share = p.is_share AND e.years_ahead = ceil(p.years_left)
    LEFT JOIN students_quantiles s ON s.freedom = least(p.points - 2, 30);

-- The share of errors that would leave the goal met: those of the past, else Student's t by steps.
CREATE TABLE chances AS
    WITH possible AS (
        SELECT p.*, e.error FROM projected p JOIN errors e USING (is_share, years_ahead)
        WHERE interval_method = 'pooled_errors'
        UNION ALL
        SELECT p.*, d.quantile FROM projected p JOIN students_t d USING (freedom)
        WHERE interval_method = 'drift_t' AND d.is_step
    )
    SELECT target_id,
           avg(if(meets(operator, within(projected_value + worth * error, lowest, highest),
                        'exact', y, value_high, tolerance), 1, 0)) AS p_on_time
    FROM possible
    -- An exact figure is hit by accident only, however near the series comes.
    WHERE y IS NOT NULL AND operator <> 'eq' GROUP BY target_id;

-- The first year at whose end the path meets a goal that is not met yet, thirty years on at most.
CREATE TABLE arrivals AS
    WITH steps AS (
        SELECT *, floor(t) + n AS year_end,
               CASE operator WHEN 'ge' THEN y - tolerance WHEN 'le' THEN y + tolerance
                             WHEN 'approx' THEN 0.95 * y - tolerance ELSE y END AS needed
        FROM origins CROSS JOIN generate_series(1, 31) AS later (n)
        WHERE NOT is_met
          -- Anything else is passed through, not arrived at.
          AND operator IN ('ge', 'gt', 'le', 'lt', 'approx')
    )
    SELECT target_id, min(year_end)::BIGINT AS eta_year
    FROM steps
    -- Log odds have no place for 0 and 100 %.
    WHERE (NOT is_share OR (needed > 0 AND needed < 100))
      AND meets(operator, ahead(is_share, value, pace, odds, odds_pace, least(year_end - t, 30),
                                lowest, highest),
                'exact', y, value_high, tolerance)
    GROUP BY target_id;

CREATE TABLE outlook AS
    SELECT o.target_id, p.projected_value, p.projected_alt, p.projection_method,
           within(p.low80, p.lowest, p.highest) AS lo80,
           within(p.high80, p.lowest, p.highest) AS hi80,
           within(p.low95, p.lowest, p.highest) AS lo95,
           within(p.high95, p.lowest, p.highest) AS hi95,
           p.interval_method, c.p_on_time,
           -- As a share of the way from the baseline, which is one within a scope only.
           CASE WHEN o.operator <> 'range' AND NOT o.starts_in_other_scope
                THEN 100 * o.s * (o.y - p.projected_value) / nullif(abs(o.y - o.b), 0) END
               AS anticipated_gap_pct,
           a.eta_year, a.eta_year - o.target_year AS eta_delay_years
    FROM origins o
    LEFT JOIN projected p USING (target_id)
    LEFT JOIN chances c USING (target_id)
    LEFT JOIN arrivals a USING (target_id);
