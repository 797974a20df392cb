-- The journal: append only, one total order. The batches of a run form a chain, so that no second index grows with it.
CREATE TABLE batch (
    mark     INTEGER PRIMARY KEY,
    run      TEXT    NOT NULL,
    previous INTEGER NOT NULL,
    first    INTEGER NOT NULL, -- how many records of the run there are before these
    version  INTEGER NOT NULL, -- of the vocabulary
    records  BLOB    NOT NULL, -- JSON
    sum      INTEGER NOT NULL  -- over all of the above
);

-- How each run stands: follows from the journal.
CREATE TABLE run (
    number      INTEGER PRIMARY KEY, -- the mark of its first batch
    id          TEXT    NOT NULL UNIQUE,
    last        INTEGER NOT NULL,    -- the mark of its last batch
    workflow    TEXT    NOT NULL,
    plan        BLOB    NOT NULL,
    parent      TEXT,
    status      TEXT    NOT NULL,
    accepted_at INTEGER NOT NULL,    -- nanoseconds since 1970, as all times here
    rested_at   INTEGER,
    error       TEXT,
    wake        INTEGER,
    busy        INTEGER NOT NULL
);
CREATE INDEX run_by_workflow ON run (workflow, number);
CREATE INDEX run_by_wake ON run (wake) WHERE wake IS NOT NULL;
CREATE INDEX run_busy ON run (number) WHERE busy;

-- What workflows keep between runs: follows from the journal.
CREATE TABLE state (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Plans by their digests.
CREATE TABLE plan (
    digest BLOB PRIMARY KEY,
    body   BLOB NOT NULL
) WITHOUT ROWID;

-- Large values, once each, by their digests.
CREATE TABLE content (
    digest TEXT PRIMARY KEY, -- in hexadecimal digits
    bytes  BLOB NOT NULL
) WITHOUT ROWID;

-- Which batches hold which large values, so that they go together.
CREATE TABLE content_of_batch (
    digest TEXT    NOT NULL,
    mark   INTEGER NOT NULL,
    PRIMARY KEY (digest, mark)
) WITHOUT ROWID;
