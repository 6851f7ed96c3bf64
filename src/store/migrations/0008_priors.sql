-- Where the priors of a patient's fits come from; the default ones where there is no row.
CREATE TABLE priors (
    patient TEXT PRIMARY KEY REFERENCES patients (id) ON DELETE CASCADE,
    prior TEXT NOT NULL
) STRICT, WITHOUT ROWID;
