-- Which runs are inside the gates of their workflows, or wait for that.
ALTER TABLE run ADD COLUMN turn TEXT; -- in JSON
CREATE INDEX run_by_turn ON run (number) WHERE turn IS NOT NULL;
