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

-- How far each webhook of ours is. cursor: the newest change it is done with;
-- batch: the newest of those it is at, tried "attempts" times since begun_at.
-- holder: the daemon that delivers, until held_until.
CREATE TABLE delivery (
    name TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    begun_at INTEGER,
    next_at INTEGER,
    delivered_at INTEGER,
    stopped INTEGER NOT NULL,
    error TEXT NOT NULL,
    holder TEXT NOT NULL,
    held_until INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- Batches that were given up: the changes from first_seq to last_seq that the
-- webhook is told of. retry: it is to be tried once more.
CREATE TABLE dead_letter (
    seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    changes INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    retry INTEGER NOT NULL,
    error TEXT NOT NULL
) STRICT;
CREATE INDEX dead_letter_name ON dead_letter (name, seq);
