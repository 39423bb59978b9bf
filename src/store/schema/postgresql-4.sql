-- The twin of sqlite-4.sql.

-- Bounces of a day and of a month side by side: what the most of them come from
-- is found without reading what was sent and delivered. Without n, so that a row
-- that is written again touches none of these.
CREATE INDEX tally_bounce ON tally (dim, day, value) WHERE what = 'bounce';
CREATE INDEX tally_month_bounce ON tally_month (dim, month, value)
    WHERE what = 'bounce';
