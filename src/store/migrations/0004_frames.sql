-- Which volume of a series over time, phase or weighting is shown and measured.
ALTER TABLE series ADD COLUMN frame_4d TEXT CHECK (frame_4d IS NULL OR json_valid(frame_4d));
