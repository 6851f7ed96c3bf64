-- Figures drawn by hand on a series, to be measured: lengths, angles, regions, probes. The figure alone
-- is kept; what it measures is worked out on the image.
CREATE TABLE measurements (
    id TEXT PRIMARY KEY,
    patient TEXT NOT NULL,
    series TEXT NOT NULL,
    figure TEXT NOT NULL CHECK (json_valid(figure)),
    label TEXT NOT NULL,
    created TEXT NOT NULL,
    FOREIGN KEY (series, patient) REFERENCES series (id, patient) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX measurements_series ON measurements (series, patient);
