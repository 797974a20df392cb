-- What follows from the journal is sealed as the journal is: each row has a sum over what it says. `seal.rs` names the columns.

-- What runs are found by. A run's tags never change.
ALTER TABLE run ADD COLUMN tags TEXT; -- a list in JSON; none if it has none
CREATE TABLE run_by_tag (
    tag    TEXT    NOT NULL,
    number INTEGER NOT NULL,
    sum    INTEGER NOT NULL,
    PRIMARY KEY (tag, number)
) WITHOUT ROWID;

-- Failures that nobody has dealt with: a list in JSON; none if there is none.
ALTER TABLE run ADD COLUMN failures TEXT;
CREATE INDEX run_by_open_failure ON run (number) WHERE failures IS NOT NULL;

-- Which runs are inside the gates of their workflows, or wait for that.
ALTER TABLE run ADD COLUMN turn TEXT; -- in JSON
CREATE INDEX run_by_turn ON run (number) WHERE turn IS NOT NULL;

-- When each run started, and of which run it is a fork. Before this there were neither turns to wait for nor forks.
ALTER TABLE run ADD COLUMN started_at INTEGER;
ALTER TABLE run ADD COLUMN fork_of TEXT;
UPDATE run SET started_at = accepted_at;

-- The few among the many: runs that have not come to rest, that failed, that another one waits for.
CREATE INDEX run_open ON run (number) WHERE rested_at IS NULL;
CREATE INDEX run_by_failure ON run (number) WHERE error IS NOT NULL;
CREATE INDEX run_by_parent ON run (parent) WHERE parent IS NOT NULL;

-- Runs that have left the lists and whose batches are being removed, up to which mark.
CREATE TABLE leaving (
    number INTEGER PRIMARY KEY,
    last   INTEGER NOT NULL,
    sum    INTEGER NOT NULL
);
CREATE INDEX content_by_batch ON content_of_batch (mark);

-- The plans that runs need beside the one they are pinned to: those they were pinned to before.
CREATE TABLE plan_of_run (
    plan BLOB    NOT NULL,
    run  INTEGER NOT NULL, -- its number
    PRIMARY KEY (plan, run)
) WITHOUT ROWID;
CREATE INDEX plan_by_run ON plan_of_run (run);
CREATE TRIGGER run_moves UPDATE OF plan ON run WHEN OLD.plan <> NEW.plan BEGIN
    INSERT OR IGNORE INTO plan_of_run VALUES (OLD.plan, OLD.number);
END;

-- The highest mark of what was removed: no mark is given twice.
CREATE TABLE removed (mark INTEGER NOT NULL, sum INTEGER NOT NULL);
INSERT INTO removed VALUES (0, seal(0));

-- Named values that follow from the journal: what workflows keep between runs, which run has which key.
CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    until INTEGER, -- when it may be forgotten
    sum   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX fact_by_until ON fact (until) WHERE until IS NOT NULL;
INSERT INTO fact (name, value, sum) SELECT 'state/' || key, value, seal('state/' || key, value, NULL) FROM state;
DROP TABLE state;

-- Events (semantics 59 to 61): in the same total order as batches.
CREATE TABLE event (
    mark    INTEGER PRIMARY KEY,
    topic   TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    payload BLOB    NOT NULL, -- JSON
    run     TEXT,             -- which emitted it; none for one from outside
    chain   INTEGER NOT NULL, -- how many runs lie behind it that started one another
    sum     INTEGER NOT NULL  -- over all of the above
);
CREATE INDEX event_by_topic ON event (topic, mark);

-- Up to which mark whoever waited for an event has heard of it.
CREATE TABLE heard (mark INTEGER NOT NULL, sum INTEGER NOT NULL);
INSERT INTO heard VALUES (0, seal(0));

-- Which topics the plans name.
CREATE TABLE topic_of_plan (
    topic TEXT    NOT NULL,
    plan  BLOB    NOT NULL,
    sum   INTEGER NOT NULL,
    PRIMARY KEY (topic, plan)
) WITHOUT ROWID;

-- The events that no run needs: none that was accepted before and has not come to rest has a plan that names the topic.
CREATE VIEW event_unneeded AS
SELECT mark, at FROM event
WHERE NOT EXISTS (
    SELECT 1 FROM topic_of_plan JOIN run USING (plan)
    WHERE topic_of_plan.topic = event.topic AND run.number < event.mark AND run.rested_at IS NULL
);

-- What runs wait for from outside: follows from the journal.
CREATE TABLE wait (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run    INTEGER NOT NULL, -- its number
    unit   INTEGER NOT NULL, -- its serial in the run
    kind   TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    place  TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    path   TEXT    NOT NULL, -- what an event must carry where, for the wait to look at it
    value  TEXT    NOT NULL,
    sum    INTEGER NOT NULL
);
CREATE UNIQUE INDEX wait_of_unit ON wait (run, unit);
CREATE INDEX wait_by_name ON wait (kind, name, path, value);

-- What runs waited for was not kept before, nor did a run that ends have this word: whoever has not come to rest is taken up.
UPDATE run SET status = 'running' WHERE status = 'finishing';
UPDATE run SET busy = 1 WHERE rested_at IS NULL;

ALTER TABLE run ADD COLUMN sum INTEGER;
UPDATE run SET sum = seal(number, last, id, workflow, plan, parent, fork_of, tags, accepted_at, status, started_at, rested_at, error, wake, busy, failures, turn);
ALTER TABLE plan ADD COLUMN sum INTEGER;
UPDATE plan SET sum = seal(digest, body);

-- Large values in pieces, so that nobody who passes one on holds the whole. Those that were one row are one piece.
CREATE TABLE piece (
    digest TEXT    NOT NULL, -- of the value, in hexadecimal digits
    start  INTEGER NOT NULL, -- how many bytes of it lie before
    bytes  BLOB    NOT NULL,
    UNIQUE (digest, start)
);
INSERT INTO piece (digest, start, bytes) SELECT digest, 0, bytes FROM content;
DROP TABLE content;

-- Whether a process uses the file: one that was ended in the middle left its log beside it.
CREATE TABLE session (open INTEGER NOT NULL);
INSERT INTO session VALUES (0);
