-- Sums over months, incidents, webhooks of ours. The PostgreSQL twin has the
-- same columns.

-- tally summed up by month, and over all time: what the most bounces come from
-- is one page of the index, whatever the number of values.
CREATE TABLE tally_month (
    dim TEXT NOT NULL,
    month INTEGER NOT NULL,
    value TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (dim, month, value, what, detail)
) WITHOUT ROWID, STRICT;
CREATE TABLE tally_total (
    dim TEXT NOT NULL,
    value TEXT NOT NULL,
    bounced INTEGER NOT NULL,
    complaints INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    PRIMARY KEY (dim, value)
) WITHOUT ROWID, STRICT;
CREATE INDEX tally_total_rank
    ON tally_total (dim, bounced DESC, complaints DESC, sent DESC, value);

-- A month is named by the day that it begins with (month.h): years are counted
-- from March on, in eras of 146097 days.
INSERT INTO tally_month (dim, month, value, what, detail, n)
SELECT dim, day - (of_year - (153 * ((5 * of_year + 2) / 153) + 2) / 5),
    value, what, detail, CAST(sum(n) AS BIGINT)
FROM (SELECT dim, day, value, what, detail, n,
        of_era - (365 * year + year / 4 - year / 100) AS of_year
    FROM (SELECT dim, day, value, what, detail, n, of_era,
            (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365
                AS year
        FROM (SELECT dim, day, value, what, detail, n,
                (day + 719468) % 146097 AS of_era
            FROM tally) AS eras) AS years) AS days
GROUP BY 1, 2, 3, 4, 5;
INSERT INTO tally_total (dim, value, bounced, complaints, sent)
SELECT dim, value,
    CAST(sum(CASE WHEN what = 'bounce' THEN n ELSE 0 END) AS BIGINT),
    CAST(sum(CASE WHEN what = 'feedback' AND detail = 'complaint' THEN n
        ELSE 0 END) AS BIGINT),
    CAST(sum(CASE WHEN what = 'sent' THEN n ELSE 0 END) AS BIGINT)
FROM tally_month WHERE dim <> 'all' GROUP BY dim, value;

-- What each hold was made from, so that what is told late is put where it
-- belongs. kind: 1 a verdict that asked for it, 2 an end by hand, 3 what all
-- before came to. after: what the hold was then, where that was another
-- (ledger_hold_log.c); deliveries are found in table event.
CREATE TABLE hold_log (
    provider TEXT NOT NULL,
    domain TEXT NOT NULL,
    ip TEXT NOT NULL,
    sender_domain TEXT NOT NULL,
    campaign TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    id TEXT NOT NULL,
    category TEXT NOT NULL,
    entry TEXT NOT NULL,
    rule TEXT NOT NULL,
    confidence INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    base_s INTEGER NOT NULL,
    max_s INTEGER NOT NULL,
    reset_s INTEGER NOT NULL,
    by_hand INTEGER NOT NULL,
    after TEXT,
    PRIMARY KEY (provider, domain, ip, sender_domain, campaign, at, kind, id)
) WITHOUT ROWID, STRICT;
CREATE INDEX hold_log_after ON hold_log (provider, domain, ip, sender_domain,
    campaign, at, kind, id) WHERE after IS NOT NULL;
CREATE INDEX event_delivery ON event (at) WHERE kind = 3;
-- newest_at: of the newest row in hold_log.
ALTER TABLE hold ADD COLUMN newest_at INTEGER;
UPDATE hold SET newest_at = max(coalesce(since, 0),
    coalesce(delivered_at, 0), coalesce(ended_at, 0));
INSERT INTO hold_log (provider, domain, ip, sender_domain, campaign, at, kind,
    id, category, entry, rule, confidence, verified, base_s, max_s, reset_s,
    by_hand, after)
SELECT provider, domain, ip, sender_domain, campaign, newest_at, 3,
    coalesce(event_id, ''), coalesce(category, ''), coalesce(entry, ''),
    coalesce(rule, ''), confidence, verified, base_s, base_s, 0, by_hand,
    coalesce(CAST(since AS VARCHAR), '-') || ' ' ||
    coalesce(CAST(until AS VARCHAR), '-') || ' ' || CAST(base_s AS VARCHAR) || ' ' ||
    CAST(step AS VARCHAR) || ' ' || CAST(open AS VARCHAR) || ' ' ||
    CAST(by_hand AS VARCHAR) || ' ' ||
    coalesce(CAST(delivered_at AS VARCHAR), '-') || ' ' ||
    coalesce(CAST(ended_at AS VARCHAR), '-')
FROM hold;

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

-- What incidents are found by: an hour of a provider, an ip, a sender_domain, a
-- campaign, of all. Kept for 35 days.
CREATE TABLE pulse_dim (
    dim TEXT NOT NULL,
    value TEXT NOT NULL,
    hour INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    bounced INTEGER NOT NULL,
    delayed INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    hard INTEGER NOT NULL,
    block INTEGER NOT NULL,
    rate INTEGER NOT NULL,
    complaint INTEGER NOT NULL,
    connection INTEGER NOT NULL,
    PRIMARY KEY (dim, value, hour)
) WITHOUT ROWID, STRICT;

-- Shares are in millionths; usual is empty without a past. hours: of the window
-- that shares and counts are of. until: when it ends by itself. samples: "SEQ:ID"
-- of events, by commas.
CREATE TABLE incident (
    id TEXT PRIMARY KEY,
    what TEXT NOT NULL,
    dim TEXT NOT NULL,
    value TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    closed_at INTEGER,
    until INTEGER,
    ended_by TEXT NOT NULL,
    category TEXT,
    rule TEXT,
    share INTEGER,
    usual INTEGER,
    peak INTEGER,
    opened_share INTEGER,
    failures INTEGER NOT NULL,
    results INTEGER NOT NULL,
    hours INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    samples TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX incident_opened ON incident (opened_at, id);
CREATE INDEX incident_open ON incident (opened_at, id) WHERE closed_at IS NULL;
CREATE INDEX incident_closed ON incident (closed_at)
    WHERE closed_at IS NOT NULL;

-- What of a POP3 mailbox was read, as far as it is still there.
CREATE TABLE mailbox_uidl (
    source TEXT NOT NULL,
    uidl TEXT NOT NULL,
    PRIMARY KEY (source, uidl)
) WITHOUT ROWID, STRICT;
