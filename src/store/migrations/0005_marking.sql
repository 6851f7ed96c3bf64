-- How a lesion is marked where that is more than one drag (prompt_kind 'marking'): the steps that make
-- its mask, lines drawn by hand, sizes that others measured, and which of them counts.
ALTER TABLE annotations ADD COLUMN marking TEXT CHECK (marking IS NULL OR json_valid(marking));
-- Volume with shares of voxels at the border, in the unit of the volume beside it.
ALTER TABLE segmented ADD COLUMN partial_volume REAL;
-- Slices that were filled from a neighbour and not from a gesture in them.
ALTER TABLE segmented ADD COLUMN propagated TEXT CHECK (propagated IS NULL OR json_valid(propagated));
