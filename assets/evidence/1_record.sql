-- The value of record: of all that was published by the as-of day, what counts for each period.
-- Reads: observation_vintages, build.  Rule: docs/methods.md, section 3.

CREATE MACRO on_year_scale(day) AS  -- 2020-12-31 is 2020.0
    year(day) - 1 + dayofyear(day) / dayofyear(make_date(year(day), 12, 31));

CREATE TABLE trust AS  -- the more trusted, the smaller
    SELECT * FROM (VALUES ('official', 1), ('document', 2), ('official_media', 3), ('media', 4),
                          ('submission', 5), ('derived', 6)) AS t (quality, trust);

CREATE TABLE record AS
    SELECT v.*, trust.trust
    FROM observation_vintages v JOIN trust USING (quality)
    WHERE v.published_on <= (SELECT as_of FROM build)
    QUALIFY row_number() OVER (
        PARTITION BY v.indicator_id, v.region_code, v.period, v.period_type
        ORDER BY trust.trust, v.published_on DESC, v.source_id, v.retrieved_at DESC, v.source_row
    ) = 1;
