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
