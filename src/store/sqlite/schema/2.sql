-- What runs are found by. A run's tags never change.
ALTER TABLE run ADD COLUMN tags TEXT; -- a list in JSON; none if it has none
CREATE TABLE run_by_tag (
    tag    TEXT    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (tag, number)
) WITHOUT ROWID;

-- The few among the many: runs that have not come to rest, that failed, that another one waits for.
CREATE INDEX run_open ON run (number) WHERE rested_at IS NULL;
CREATE INDEX run_by_failure ON run (number) WHERE error IS NOT NULL;
CREATE INDEX run_by_parent ON run (parent) WHERE parent IS NOT NULL;

-- Named values that follow from the journal: what workflows keep between runs, which run has which key.
CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    until INTEGER -- when it may be forgotten
) WITHOUT ROWID;
CREATE INDEX fact_by_until ON fact (until) WHERE until IS NOT NULL;
INSERT INTO fact (name, value) SELECT 'state/' || key, value FROM state;
DROP TABLE state;
