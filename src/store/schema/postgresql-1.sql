-- What the tables mean: docs/store.md. The SQLite twin has the same
-- columns in the same order.

CREATE TABLE meta (
    name TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

-- One row for what is known of an address in the whole store (scope '') and in
-- each scope. key: 63 bits of a salted hash of the folded address.
CREATE TABLE state (
    key BIGINT NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    standing BIGINT NOT NULL,
    slot BIGINT,
    since BIGINT,
    until BIGINT,
    category TEXT COLLATE "C",
    class BIGINT,
    provider TEXT COLLATE "C",
    campaign TEXT COLLATE "C",
    newest_at BIGINT,
    text TEXT COLLATE "C" NOT NULL,
    base TEXT COLLATE "C",
    base_at BIGINT,
    PRIMARY KEY (key, scope)
);
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
    seq BIGINT PRIMARY KEY,
    rcpt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    id64 BIGINT NOT NULL,
    failure BIGINT NOT NULL,
    mid BIGINT,
    qid BIGINT,
    kind BIGINT NOT NULL,
    counts BIGINT NOT NULL,
    review BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    class BIGINT NOT NULL,
    category TEXT COLLATE "C",
    confidence BIGINT,
    permanent BIGINT NOT NULL,
    verified BIGINT NOT NULL,
    rule TEXT COLLATE "C",
    provider TEXT COLLATE "C",
    domain TEXT COLLATE "C",
    scope TEXT COLLATE "C",
    campaign TEXT COLLATE "C",
    ip TEXT COLLATE "C",
    sender_domain TEXT COLLATE "C",
    facts TEXT COLLATE "C",
    source TEXT COLLATE "C",
    "offset" BIGINT,
    body TEXT COLLATE "C" NOT NULL
);
CREATE INDEX event_rcpt ON event (rcpt, at, seq, id64, failure, mid, qid, kind);
CREATE INDEX event_campaign ON event (campaign, seq) WHERE campaign IS NOT NULL;
CREATE INDEX event_review ON event (seq) WHERE review <> 0;

-- Ids of events that were folded: they still count once.
CREATE TABLE folded (
    rcpt BIGINT NOT NULL,
    id64 BIGINT NOT NULL,
    PRIMARY KEY (rcpt, id64)
);

CREATE TABLE raw (
    seq BIGINT PRIMARY KEY,
    recorded_at BIGINT NOT NULL,
    data BYTEA NOT NULL
);

-- Every change of a state or a hold, in order: the feed.
CREATE TABLE change (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    rcpt BIGINT,
    address TEXT COLLATE "C",
    scope TEXT COLLATE "C" NOT NULL,
    what TEXT COLLATE "C" NOT NULL,
    was TEXT COLLATE "C" NOT NULL,
    becomes TEXT COLLATE "C" NOT NULL,
    until BIGINT,
    outcome TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C",
    entry TEXT COLLATE "C",
    rule TEXT COLLATE "C",
    event_id TEXT COLLATE "C",
    label TEXT COLLATE "C",
    counter TEXT COLLATE "C",
    count BIGINT,
    needed BIGINT,
    flags BIGINT NOT NULL
);
CREATE INDEX change_rcpt ON change (rcpt, seq) WHERE rcpt IS NOT NULL;

CREATE TABLE hold (
    provider TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    ip TEXT COLLATE "C" NOT NULL,
    sender_domain TEXT COLLATE "C" NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    since BIGINT,
    until BIGINT,
    category TEXT COLLATE "C",
    entry TEXT COLLATE "C",
    rule TEXT COLLATE "C",
    event_id TEXT COLLATE "C",
    confidence BIGINT NOT NULL,
    verified BIGINT NOT NULL,
    base_s BIGINT NOT NULL,
    step BIGINT NOT NULL,
    open BIGINT NOT NULL,
    by_hand BIGINT NOT NULL,
    delivered_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (provider, domain, ip, sender_domain, campaign)
);

-- The sent log. mid: hash of the Message-ID.
CREATE TABLE sent (
    rcpt BIGINT NOT NULL,
    mid BIGINT NOT NULL,
    at BIGINT NOT NULL,
    scope TEXT COLLATE "C",
    campaign TEXT COLLATE "C",
    ip TEXT COLLATE "C",
    sender_domain TEXT COLLATE "C",
    PRIMARY KEY (rcpt, mid)
);

-- Counts of a day. dim: all, provider, domain, campaign, scope, ip,
-- sender_domain. what: sent, interval, or the name of a kind; detail: the
-- category, or the power of two of hours of an interval.
CREATE TABLE tally (
    dim TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    what TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (dim, day, value, what, detail)
);

-- What the circuit breakers look at.
CREATE TABLE pulse (
    provider TEXT COLLATE "C" NOT NULL,
    hour BIGINT NOT NULL,
    hard BIGINT NOT NULL,
    results BIGINT NOT NULL,
    PRIMARY KEY (provider, hour)
);
CREATE TABLE domain (
    domain TEXT COLLATE "C" PRIMARY KEY,
    tried_at BIGINT,
    failed_at BIGINT,
    delivered_at BIGINT
);
CREATE INDEX domain_tried ON domain (tried_at);

-- How far each source was read.
CREATE TABLE position (
    source TEXT COLLATE "C" PRIMARY KEY,
    "offset" BIGINT NOT NULL,
    mark TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);

-- Suppressions of addresses that were forgotten: a keyed hash only.
CREATE TABLE forgotten (
    digest TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (digest, scope)
);
