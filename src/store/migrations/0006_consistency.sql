-- Mean Dice of a mask with those of the same gestures made a pixel or two beside; NULL where it was not
-- worked out.
ALTER TABLE segmented ADD COLUMN consistency REAL;
