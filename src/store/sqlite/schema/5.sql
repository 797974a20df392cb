-- What follows from the journal is sealed as the journal is: each row has a sum over what it says. `seal.rs` names the columns.
ALTER TABLE run ADD COLUMN sum INTEGER;
ALTER TABLE run_by_tag ADD COLUMN sum INTEGER;
ALTER TABLE wait ADD COLUMN sum INTEGER;
ALTER TABLE fact ADD COLUMN sum INTEGER;
ALTER TABLE plan ADD COLUMN sum INTEGER;
ALTER TABLE topic_of_plan ADD COLUMN sum INTEGER;
ALTER TABLE leaving ADD COLUMN sum INTEGER;
ALTER TABLE heard ADD COLUMN sum INTEGER;
ALTER TABLE removed ADD COLUMN sum INTEGER;
UPDATE run SET sum = seal(number, last, id, workflow, plan, parent, tags, accepted_at, status, rested_at, error, wake, busy, failures, turn);
UPDATE run_by_tag SET sum = seal(tag, number);
UPDATE wait SET sum = seal(run, unit, kind, name, place, since, path, value);
UPDATE fact SET sum = seal(name, value, until);
UPDATE plan SET sum = seal(digest, body);
UPDATE topic_of_plan SET sum = seal(plan, topic);
UPDATE leaving SET sum = seal(number, last);
UPDATE heard SET sum = seal(mark);
UPDATE removed SET sum = seal(mark);
