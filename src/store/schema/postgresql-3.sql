-- The twin of sqlite-3.sql.

CREATE TABLE tally_month (
    dim TEXT COLLATE "C" NOT NULL,
    month BIGINT NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    what TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (dim, month, value, what, detail)
);

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
