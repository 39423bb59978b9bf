-- The twin of sqlite-3.sql.

-- tally summed up by month, and over all time: what the most bounces come from
-- is one page of the index, whatever the number of values.
CREATE TABLE tally_month (
    dim TEXT COLLATE "C" NOT NULL,
    month BIGINT NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    what TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (dim, month, value, what, detail)
);
CREATE TABLE tally_total (
    dim TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    bounced BIGINT NOT NULL,
    complaints BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    PRIMARY KEY (dim, value)
);
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
    provider TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    ip TEXT COLLATE "C" NOT NULL,
    sender_domain TEXT COLLATE "C" NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    entry TEXT COLLATE "C" NOT NULL,
    rule TEXT COLLATE "C" NOT NULL,
    confidence BIGINT NOT NULL,
    verified BIGINT NOT NULL,
    base_s BIGINT NOT NULL,
    max_s BIGINT NOT NULL,
    reset_s BIGINT NOT NULL,
    by_hand BIGINT NOT NULL,
    after TEXT COLLATE "C",
    PRIMARY KEY (provider, domain, ip, sender_domain, campaign, at, kind, id)
);
CREATE INDEX hold_log_after ON hold_log (provider, domain, ip, sender_domain,
    campaign, at, kind, id) WHERE after IS NOT NULL;
CREATE INDEX event_delivery ON event (at) WHERE kind = 3;
-- newest_at: of the newest row in hold_log.
ALTER TABLE hold ADD COLUMN newest_at BIGINT;
UPDATE hold SET newest_at = greatest(coalesce(since, 0),
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

CREATE TABLE delivery (
    name TEXT COLLATE "C" PRIMARY KEY,
    url TEXT COLLATE "C" NOT NULL,
    cursor BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    begun_at BIGINT,
    next_at BIGINT,
    delivered_at BIGINT,
    stopped BIGINT NOT NULL,
    error TEXT COLLATE "C" NOT NULL,
    holder TEXT COLLATE "C" NOT NULL,
    held_until BIGINT NOT NULL
);

CREATE TABLE dead_letter (
    seq BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    changes BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    retry BIGINT NOT NULL,
    error TEXT COLLATE "C" NOT NULL
);
CREATE INDEX dead_letter_name ON dead_letter (name, seq);

CREATE TABLE pulse_dim (
    dim TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    hour BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    bounced BIGINT NOT NULL,
    delayed BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    hard BIGINT NOT NULL,
    block BIGINT NOT NULL,
    rate BIGINT NOT NULL,
    complaint BIGINT NOT NULL,
    connection BIGINT NOT NULL,
    PRIMARY KEY (dim, value, hour)
);

CREATE TABLE incident (
    id TEXT COLLATE "C" PRIMARY KEY,
    what TEXT COLLATE "C" NOT NULL,
    dim TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    closed_at BIGINT,
    until BIGINT,
    ended_by TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C",
    rule TEXT COLLATE "C",
    share BIGINT,
    usual BIGINT,
    peak BIGINT,
    opened_share BIGINT,
    failures BIGINT NOT NULL,
    results BIGINT NOT NULL,
    hours BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    samples TEXT COLLATE "C" NOT NULL
);
CREATE INDEX incident_opened ON incident (opened_at, id);
CREATE INDEX incident_open ON incident (opened_at, id) WHERE closed_at IS NULL;
CREATE INDEX incident_closed ON incident (closed_at)
    WHERE closed_at IS NOT NULL;

CREATE TABLE mailbox_uidl (
    source TEXT COLLATE "C" NOT NULL,
    uidl TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, uidl)
);

-- Rows that are written again and again stay on their page.
ALTER TABLE state SET (fillfactor = 85);
ALTER TABLE tally SET (fillfactor = 85);
ALTER TABLE tally_month SET (fillfactor = 85);
ALTER TABLE tally_total SET (fillfactor = 85);
ALTER TABLE hold SET (fillfactor = 85);
