-- Sums over months, incidents, webhooks of ours. The PostgreSQL twin has the
-- same columns.

-- tally summed up by month: the value of "month" is the day it begins with.
CREATE TABLE tally_month (
    dim TEXT NOT NULL,
    month INTEGER NOT NULL,
    value TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (dim, month, value, what, detail)
) WITHOUT ROWID, STRICT;
