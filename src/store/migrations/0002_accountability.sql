-- Readers, readings and undo; audit entries of format 2. Identifiers rise with the order of entry,
-- so tables are read in the order of `id`.

CREATE TABLE readers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Changes of the state of readings; the newest of a time point counts.
CREATE TABLE signoffs (
    id TEXT PRIMARY KEY,
    patient TEXT NOT NULL,
    time_point TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'reviewed', 'signed')),
    meaning TEXT,
    reader TEXT REFERENCES readers (id),
    reader_name TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    created TEXT NOT NULL,
    FOREIGN KEY (time_point, patient) REFERENCES time_points (id, patient) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX signoffs_time_point ON signoffs (time_point, patient);

-- erasable
CREATE TABLE signoff_text (
    signoff TEXT PRIMARY KEY REFERENCES signoffs (id) ON DELETE CASCADE,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Format 2: rows hold ids and codes only; what describes an act stands in the journal.
ALTER TABLE audit ADD COLUMN tz_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN event_code INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN patient TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN step TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN model TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_patient ON audit (patient, seq) WHERE patient <> '';
CREATE INDEX audit_step ON audit (step) WHERE step <> '';

-- The content of a change: title (in words), inverse (what takes it back), content (changes, detail,
-- reason, salt). All three are set to NULL when the patient is erased.
ALTER TABLE journal ADD COLUMN title TEXT;
ALTER TABLE journal ADD COLUMN inverse TEXT;
DROP TRIGGER journal_no_update;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
WHEN NEW.seq IS NOT OLD.seq OR NEW.content IS NOT NULL OR NEW.title IS NOT NULL
    OR NEW.inverse IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the journal can be erased, not edited'); END;
