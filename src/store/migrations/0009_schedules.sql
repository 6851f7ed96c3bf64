-- How a drug is given over time, and the number of fractions of radiotherapy; NULL where the record does
-- not say.
ALTER TABLE treatments ADD COLUMN schedule TEXT CHECK (schedule IS NULL OR json_valid(schedule));
ALTER TABLE treatments ADD COLUMN fractions INTEGER;
