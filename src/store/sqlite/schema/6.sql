-- Whether a process uses the file: one that was ended in the middle left its log beside it.
CREATE TABLE session (open INTEGER NOT NULL);
INSERT INTO session VALUES (0);
