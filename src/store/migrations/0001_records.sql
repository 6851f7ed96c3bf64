-- Conventions: `ord` keeps the order of entry; ids are UUIDs, dates ISO 8601, times RFC 3339 in
-- UTC, enumerations the words of the program's JSON. Tables marked "erasable" hold everything that
-- may identify a person; emptying them leaves the record and its audit trail whole.
-- Composite foreign keys carry the patient along, so that no row can join two patients.

CREATE TABLE workspace (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    created TEXT NOT NULL
) STRICT;

CREATE TABLE patients (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL
) STRICT;

-- erasable
CREATE TABLE patient_identity (
    ord INTEGER PRIMARY KEY,
    patient TEXT NOT NULL UNIQUE REFERENCES patients (id) ON DELETE CASCADE,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    birth_date TEXT,
    sex TEXT NOT NULL
) STRICT;

CREATE TABLE time_points (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    date TEXT,
    position INTEGER NOT NULL,
    by_user INTEGER NOT NULL CHECK (by_user IN (0, 1)),
    UNIQUE (id, patient)
) STRICT;
CREATE INDEX time_points_patient ON time_points (patient);

CREATE TABLE series (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    time_point TEXT NOT NULL,
    modality TEXT NOT NULL,
    intensity_unit TEXT NOT NULL,
    study_date TEXT,
    frame_of_reference TEXT NOT NULL,
    shape_i INTEGER NOT NULL,
    shape_j INTEGER NOT NULL,
    shape_k INTEGER NOT NULL,
    spacing_i_mm REAL NOT NULL,
    spacing_j_mm REAL NOT NULL,
    spacing_k_mm REAL NOT NULL,
    calibrated INTEGER NOT NULL CHECK (calibrated IN (0, 1)),
    fingerprint TEXT NOT NULL,
    warnings TEXT NOT NULL CHECK (json_valid(warnings)),
    UNIQUE (id, patient),
    FOREIGN KEY (time_point, patient) REFERENCES time_points (id, patient)
) STRICT;
CREATE INDEX series_patient ON series (patient);
CREATE INDEX series_time_point ON series (time_point, patient);

-- erasable; paths are TEXT, or BLOB where the platform's bytes are not Unicode
CREATE TABLE series_source (
    ord INTEGER PRIMARY KEY,
    series TEXT NOT NULL UNIQUE REFERENCES series (id) ON DELETE CASCADE,
    root ANY NOT NULL,
    item INTEGER NOT NULL,
    series_uid TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;

-- erasable
CREATE TABLE series_files (
    series TEXT NOT NULL REFERENCES series_source (series) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    path ANY NOT NULL,
    PRIMARY KEY (series, position)
) STRICT, WITHOUT ROWID;

-- erasable; files named by the warnings of a series, one list per warning
CREATE TABLE series_warning_files (
    series TEXT PRIMARY KEY REFERENCES series (id) ON DELETE CASCADE,
    files TEXT NOT NULL CHECK (json_valid(files))
) STRICT, WITHOUT ROWID;

CREATE TABLE lesions (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    organ TEXT NOT NULL,
    role TEXT NOT NULL,
    nodal INTEGER NOT NULL CHECK (nodal IN (0, 1)),
    UNIQUE (patient, label),
    UNIQUE (id, patient)
) STRICT;

CREATE TABLE annotations (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL,
    lesion TEXT NOT NULL,
    series TEXT NOT NULL,
    prompt_kind TEXT NOT NULL,
    p0_x REAL, p0_y REAL, p0_z REAL,
    p1_x REAL, p1_y REAL, p1_z REAL,
    created TEXT NOT NULL,
    FOREIGN KEY (lesion, patient) REFERENCES lesions (id, patient) ON DELETE CASCADE,
    FOREIGN KEY (series, patient) REFERENCES series (id, patient) ON DELETE CASCADE
) STRICT;
CREATE INDEX annotations_lesion ON annotations (lesion, patient);
CREATE INDEX annotations_series ON annotations (series, patient);

CREATE TABLE artifacts (
    sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
    kind TEXT NOT NULL CHECK (kind IN ('mask', 'file')),
    bytes INTEGER NOT NULL,
    created TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE segmented (
    ord INTEGER PRIMARY KEY,
    annotation TEXT NOT NULL UNIQUE REFERENCES annotations (id) ON DELETE CASCADE,
    engine TEXT NOT NULL,
    mask_sha256 TEXT NOT NULL,
    artifact_sha256 TEXT NOT NULL REFERENCES artifacts (sha256),
    voxels INTEGER NOT NULL,
    volume REAL NOT NULL,
    volume_unit TEXT NOT NULL CHECK (volume_unit IN ('mm3', 'voxels')),
    long_axis REAL NOT NULL,
    long_axis_unit TEXT NOT NULL CHECK (long_axis_unit IN ('mm', 'px')),
    long_p0_x REAL NOT NULL, long_p0_y REAL NOT NULL, long_p0_z REAL NOT NULL,
    long_p1_x REAL NOT NULL, long_p1_y REAL NOT NULL, long_p1_z REAL NOT NULL,
    short_axis REAL NOT NULL,
    short_axis_unit TEXT NOT NULL CHECK (short_axis_unit IN ('mm', 'px')),
    short_p0_x REAL NOT NULL, short_p0_y REAL NOT NULL, short_p0_z REAL NOT NULL,
    short_p1_x REAL NOT NULL, short_p1_y REAL NOT NULL, short_p1_z REAL NOT NULL,
    axis_slice INTEGER NOT NULL,
    value_min REAL, value_max REAL, value_mean REAL, value_sd REAL,
    value_n INTEGER, value_n_void INTEGER,
    confidence REAL NOT NULL,
    warnings TEXT NOT NULL CHECK (json_valid(warnings))
) STRICT;
CREATE INDEX segmented_artifact ON segmented (artifact_sha256);

-- erasable
CREATE TABLE segmented_warning_files (
    annotation TEXT PRIMARY KEY REFERENCES segmented (annotation) ON DELETE CASCADE,
    files TEXT NOT NULL CHECK (json_valid(files))
) STRICT, WITHOUT ROWID;

CREATE TABLE treatments (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    date TEXT NOT NULL,
    kind TEXT NOT NULL,
    dose REAL,
    unit TEXT NOT NULL,
    duration_days REAL NOT NULL
) STRICT;
CREATE INDEX treatments_patient ON treatments (patient);

-- erasable
CREATE TABLE treatment_text (
    treatment TEXT PRIMARY KEY REFERENCES treatments (id) ON DELETE CASCADE,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE scenarios (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    change TEXT NOT NULL CHECK (json_valid(change))
) STRICT;
CREATE INDEX scenarios_patient ON scenarios (patient);

CREATE TABLE series_view (
    ord INTEGER PRIMARY KEY,
    series TEXT NOT NULL UNIQUE REFERENCES series (id) ON DELETE CASCADE,
    slice INTEGER NOT NULL,
    window_center REAL,
    window_width REAL,
    zoom REAL NOT NULL,
    pan_x REAL NOT NULL,
    pan_y REAL NOT NULL
) STRICT;

CREATE TABLE settings (
    ord INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL CHECK (json_valid(value))
) STRICT;

-- Who did what, when, by which software; see the module `store::audit` for the chain.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    format INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL,
    session TEXT NOT NULL,
    user TEXT NOT NULL,
    app_version TEXT NOT NULL,
    event TEXT NOT NULL,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    artifacts TEXT NOT NULL,
    changes_sha256 TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_object ON audit (object_type, object_id);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- Also stops INSERT OR REPLACE, which deletes without firing the trigger above.
CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit trail grows by one at its end'); END;

-- What each audited transaction changed, without the erasable parts. Its SHA-256 stands in the
-- audit row, so that content can be erased (set to NULL) while the chain still verifies.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    content TEXT
) STRICT;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
WHEN NEW.seq IS NOT OLD.seq OR NEW.content IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the journal can be erased, not edited'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_in_order BEFORE INSERT ON journal
WHEN NEW.seq IS NOT (SELECT max(seq) FROM audit)
BEGIN SELECT RAISE(ABORT, 'the journal grows with the audit trail'); END;
