-- Which run emitted an event, and how many runs lie behind it that started one another; nothing for one from outside.
ALTER TABLE event ADD COLUMN run TEXT;
ALTER TABLE event ADD COLUMN chain INTEGER NOT NULL DEFAULT 0;
