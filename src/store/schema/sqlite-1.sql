-- What the tables mean: docs/store.md. The PostgreSQL twin has the same
-- columns in the same order.

PRAGMA application_id = 0x426e6365; -- "Bnce"

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- One row for what is known of an address in the whole store (scope '') and in
-- each scope. key: 63 bits of a salted hash of the folded address.
CREATE TABLE state (
    key INTEGER NOT NULL,
    scope TEXT NOT NULL,
    address TEXT NOT NULL,
    domain TEXT NOT NULL,
    standing INTEGER NOT NULL,
    slot INTEGER,
    since INTEGER,
    until INTEGER,
    category TEXT,
    class INTEGER,
    provider TEXT,
    campaign TEXT,
    newest_at INTEGER,
    text TEXT NOT NULL,
    base TEXT,
    base_at INTEGER,
    PRIMARY KEY (key, scope)
) WITHOUT ROWID, STRICT;
-- Pages of the list go by (since, key, scope) along one of these, each without
-- a gap in its order; state_until finds what time has freed.
CREATE INDEX state_since ON state (standing, since, key, scope)
    WHERE standing <> 0;
CREATE INDEX state_category ON state (category, since, key, scope)
    WHERE standing <> 0;
CREATE INDEX state_provider ON state (provider, since, key, scope)
    WHERE standing <> 0;
CREATE INDEX state_domain ON state (domain, since, key, scope)
    WHERE standing <> 0;
CREATE INDEX state_campaign ON state (campaign, since, key, scope)
    WHERE standing <> 0 AND campaign IS NOT NULL;
CREATE INDEX state_scope ON state (scope, since, key)
    WHERE standing <> 0 AND scope <> '';
CREATE INDEX state_until ON state (until, since, key, scope)
    WHERE standing <> 0 AND until IS NOT NULL;

-- Everything that was told, and what people did. Only folding deletes.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    rcpt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    id64 INTEGER NOT NULL,
    failure INTEGER NOT NULL,
    mid INTEGER,
    qid INTEGER,
    kind INTEGER NOT NULL,
    counts INTEGER NOT NULL,
    review INTEGER NOT NULL,
    id TEXT NOT NULL,
    class INTEGER NOT NULL,
    category TEXT,
    confidence INTEGER,
    permanent INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    rule TEXT,
    provider TEXT,
    domain TEXT,
    scope TEXT,
    campaign TEXT,
    ip TEXT,
    sender_domain TEXT,
    facts TEXT,
    source TEXT,
    "offset" INTEGER,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX event_rcpt ON event (rcpt, at, seq, id64, failure, mid, qid, kind);
CREATE INDEX event_campaign ON event (campaign, seq) WHERE campaign IS NOT NULL;
CREATE INDEX event_review ON event (seq) WHERE review <> 0;

-- Ids of events that were folded: they still count once.
CREATE TABLE folded (
    rcpt INTEGER NOT NULL,
    id64 INTEGER NOT NULL,
    PRIMARY KEY (rcpt, id64)
) WITHOUT ROWID, STRICT;

CREATE TABLE raw (
    seq INTEGER PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;

-- Every change of a state or a hold, in order: the feed.
CREATE TABLE change (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    rcpt INTEGER,
    address TEXT,
    scope TEXT NOT NULL,
    what TEXT NOT NULL,
    was TEXT NOT NULL,
    becomes TEXT NOT NULL,
    until INTEGER,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    category TEXT,
    entry TEXT,
    rule TEXT,
    event_id TEXT,
    label TEXT,
    counter TEXT,
    count INTEGER,
    needed INTEGER,
    flags INTEGER NOT NULL
) STRICT;
CREATE INDEX change_rcpt ON change (rcpt, seq) WHERE rcpt IS NOT NULL;

CREATE TABLE hold (
    provider TEXT NOT NULL,
    domain TEXT NOT NULL,
    ip TEXT NOT NULL,
    sender_domain TEXT NOT NULL,
    campaign TEXT NOT NULL,
    since INTEGER,
    until INTEGER,
    category TEXT,
    entry TEXT,
    rule TEXT,
    event_id TEXT,
    confidence INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    base_s INTEGER NOT NULL,
    step INTEGER NOT NULL,
    open INTEGER NOT NULL,
    by_hand INTEGER NOT NULL,
    delivered_at INTEGER,
    ended_at INTEGER,
    PRIMARY KEY (provider, domain, ip, sender_domain, campaign)
) WITHOUT ROWID, STRICT;

-- The sent log. mid: hash of the Message-ID.
CREATE TABLE sent (
    rcpt INTEGER NOT NULL,
    mid INTEGER NOT NULL,
    at INTEGER NOT NULL,
    scope TEXT,
    campaign TEXT,
    ip TEXT,
    sender_domain TEXT,
    PRIMARY KEY (rcpt, mid)
) WITHOUT ROWID, STRICT;

-- Counts of a day. dim: all, provider, domain, campaign, scope, ip,
-- sender_domain. what: sent, interval, or the name of a kind; detail: the
-- category, or the power of two of hours of an interval.
CREATE TABLE tally (
    dim TEXT NOT NULL,
    day INTEGER NOT NULL,
    value TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (dim, day, value, what, detail)
) WITHOUT ROWID, STRICT;

-- What the circuit breakers look at.
CREATE TABLE pulse (
    provider TEXT NOT NULL,
    hour INTEGER NOT NULL,
    hard INTEGER NOT NULL,
    results INTEGER NOT NULL,
    PRIMARY KEY (provider, hour)
) WITHOUT ROWID, STRICT;
CREATE TABLE domain (
    domain TEXT PRIMARY KEY,
    tried_at INTEGER,
    failed_at INTEGER,
    delivered_at INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX domain_tried ON domain (tried_at);

-- How far each source was read.
CREATE TABLE position (
    source TEXT PRIMARY KEY,
    "offset" INTEGER NOT NULL,
    mark TEXT NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- Suppressions of addresses that were forgotten: a keyed hash only.
CREATE TABLE forgotten (
    digest TEXT NOT NULL,
    scope TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (digest, scope)
) WITHOUT ROWID, STRICT;
