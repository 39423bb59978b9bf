-- What bounce serve keeps. The PostgreSQL twin has the same columns.

-- Who may call. digest: of the token, which itself is kept nowhere.
CREATE TABLE token (
    digest TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    roles INTEGER NOT NULL,
    scope TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) WITHOUT ROWID, STRICT;

-- Who changed what by the API.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
