-- Bounces of a day and of a month side by side: what the most of them come from
-- is found without reading what was sent and delivered. The PostgreSQL twin has
-- no n in these indexes: there a row that is written again touches none of them.
CREATE INDEX tally_bounce ON tally (dim, day, value, n) WHERE what = 'bounce';
CREATE INDEX tally_month_bounce ON tally_month (dim, month, value, n)
    WHERE what = 'bounce';
