-- What a reader stated of a PET series: unit of uptake, body weight and height, injected activity.
ALTER TABLE series ADD COLUMN pet TEXT CHECK (pet IS NULL OR json_valid(pet));
