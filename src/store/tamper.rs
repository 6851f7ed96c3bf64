//! The tampering matrix: what an attacker may do to a workspace, and what [`super::verify()`] makes
//! of it.
//!
//! A workspace with a small record is made in a scratch folder. Every tampering is done to a fresh
//! copy of it, in the same place, and the copy is checked. The triggers that guard the trail are
//! taken down for it and put up again, so that nothing is found only because they are gone.

mod files;
mod record;
mod rows;
mod trail;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::Serialize;

use super::error::Error;
use super::verify::{VerifyOptions, verify};
use super::words::{self, Fault};
use super::{ARTIFACTS, DATABASE};

/// A tampering and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Tampering {
    /// What was done.
    pub what: String,
    /// Table (and column) or file.
    pub place: String,
    /// How often it was tried, each time elsewhere.
    pub tried: usize,
    /// How often it was found.
    pub found: usize,
    /// How often it changed nothing that the trail accounts for (free space of the file, how things
    /// are looked at).
    pub harmless: usize,
    /// The checks that found it, with how often each did.
    pub found_by: BTreeMap<String, usize>,
    /// Why it cannot be found, where it cannot; a sentence of `docs/threat-model.md`.
    pub excuse: Option<&'static str>,
    /// Whether it was found or harmless every time, or cannot be found for the reason stated.
    pub ok: bool,
}

/// Reasons why something cannot be found. Each stands, word for word, in `docs/threat-model.md`.
pub(super) mod excuses {
    pub(in crate::store) const ORDER: &str = "The column `ord` only counts insertions; \
         nothing reads it.";
    pub(in crate::store) const LOOKS: &str = "How things are looked at (`series_view`, `settings`) \
         is saved and not audited.";
    pub(in crate::store) const APPENDED: &str = "A well-formed entry behind the last one looks like \
         a commit whose anchor a crash forestalled; whoever can write the file can also run the program.";
    pub(in crate::store) const NO_ANCHOR: &str = "An anchor that is gone says nothing: a new \
         computer has none either.";
    pub(in crate::store) const CUT_WITHOUT_ANCHOR: &str = "Without an anchor, a chain that was cut \
         at its end is a shorter chain that is whole.";
    pub(in crate::store) const REWRITTEN_WITHOUT_ANCHOR: &str = "Without an anchor, a chain whose \
         hashes were all made anew is as good as the first.";
    pub(in crate::store) const HAS_KEY: &str = "Whoever has the key can make the anchor for a trail \
         of their own.";
    pub(in crate::store) const OLD_WORLD: &str = "An old copy of both folders is a true state of the \
         past; nothing in it says that there was a later one.";
    pub(in crate::store) const OTHER_USER: &str = "Anchors are made with the key of a user; another \
         user cannot read them.";
    pub(in crate::store) const LOOSE_FILE: &str = "A file that no entry names is no part of the \
         record.";
}

/// The places of the scene. The copy that is tampered with always lies in the same folder, because
/// anchors know the folder.
pub(super) struct Scene {
    /// The workspace that is tampered with.
    pub(super) case: PathBuf,
    /// The folder of its anchor key.
    pub(super) keys: PathBuf,
    /// How both are at first.
    model: PathBuf,
    /// How both were some acts before.
    older: PathBuf,
    /// How both were while the workspace was open: the log holds the newest acts.
    open: PathBuf,
    /// Hash of the newest entry at first, as a report prints it.
    head: String,
}

impl Scene {
    pub(super) fn database(&self) -> PathBuf {
        self.case.join(DATABASE)
    }

    pub(super) fn artifacts(&self) -> PathBuf {
        self.case.join(ARTIFACTS)
    }

    fn folder(&self, state: State) -> &Path {
        match state {
            State::Closed => &self.model,
            State::Open => &self.open,
        }
    }

    /// Puts a state of both folders into their places.
    fn set(&self, state: &Path) -> Result<(), Error> {
        for (name, target) in [("case", &self.case), ("keys", &self.keys)] {
            replace_folder(&state.join(name), target)?;
        }
        Ok(())
    }

    /// The database without the triggers, until `work` is done; then with them again.
    pub(super) fn unguarded(
        &self,
        work: impl FnOnce(&Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let conn = Connection::open(self.database())?;
        conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")?;
        let triggers: Vec<(String, String)> = conn
            .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (name, _) in &triggers {
            conn.execute_batch(&format!("DROP TRIGGER {name}"))?;
        }
        work(&conn)?;
        for (_, sql) in &triggers {
            conn.execute_batch(sql)?;
        }
        Ok(())
    }

    /// Runs SQL with the guards taken down.
    pub(super) fn sql(&self, sql: &str) -> Result<(), Fault> {
        self.unguarded(|conn| Ok(conn.execute_batch(sql)?))
    }
}

/// A tampering that is to be done.
pub(super) struct Case {
    what: String,
    place: String,
    excuse: Option<&'static str>,
    state: State,
    /// Check against the head that was printed.
    with_head: bool,
    /// Check as another user, with another key.
    as_other_user: bool,
    /// Each is done to a copy of its own.
    attempts: Vec<Attempt>,
}

type Attempt = Box<dyn Fn(&Scene) -> Result<(), Fault>>;

/// Which state is tampered with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open,
}

impl Case {
    pub(super) fn new(
        what: impl Into<String>,
        place: impl Into<String>,
        attempt: impl Fn(&Scene) -> Result<(), Fault> + 'static,
    ) -> Self {
        Self {
            what: what.into(),
            place: place.into(),
            excuse: None,
            state: State::Closed,
            with_head: false,
            as_other_user: false,
            attempts: vec![Box::new(attempt)],
        }
    }

    pub(super) fn or(mut self, attempt: impl Fn(&Scene) -> Result<(), Fault> + 'static) -> Self {
        self.attempts.push(Box::new(attempt));
        self
    }

    pub(super) const fn excused(mut self, excuse: &'static str) -> Self {
        self.excuse = Some(excuse);
        self
    }

    pub(super) const fn while_open(mut self) -> Self {
        self.state = State::Open;
        self
    }

    pub(super) const fn with_head(mut self) -> Self {
        self.with_head = true;
        self
    }

    pub(super) const fn by_other_user(mut self) -> Self {
        self.as_other_user = true;
        self
    }
}

/// Makes the workspace in `scratch` (an empty folder), does everything to it, and tells what was
/// found. Positions of flipped bytes follow from the seed.
///
/// # Errors
/// Errors of files and database; nothing of it is about what was tampered with.
pub fn tamper(scratch: &Path, seed: u64) -> Result<Vec<Tampering>, Error> {
    let scene = record::make(scratch)?;
    let database = scene.database();
    let at = |fault: Fault| fault.at("tamper with", &database);
    let mut unharmed = Vec::new();
    for state in [State::Closed, State::Open] {
        scene.set(scene.folder(state))?;
        let untouched = Case::new("nothing", "", |_| Ok(()));
        if let Some(kind) = findings(&scene, &untouched).into_iter().next() {
            let message = format!("the untouched workspace does not verify ({kind})");
            return Err(Error::Refused(message));
        }
        unharmed.push((state, contents(&database).map_err(at)?));
    }
    scene.set(scene.folder(State::Closed))?;
    let mut cases = rows::cases(&scene).map_err(at)?;
    cases.extend(trail::cases());
    cases.extend(files::cases(&scene, seed).map_err(at)?);
    cases
        .iter()
        .map(|case| {
            let whole = unharmed.iter().find(|(state, _)| *state == case.state);
            run(&scene, case, whole.map(|(_, contents)| contents))
        })
        .collect()
}

fn run(
    scene: &Scene,
    case: &Case,
    unharmed: Option<&BTreeSet<String>>,
) -> Result<Tampering, Error> {
    let mut row = Tampering {
        what: case.what.clone(),
        place: case.place.clone(),
        tried: case.attempts.len(),
        found: 0,
        harmless: 0,
        found_by: BTreeMap::new(),
        excuse: case.excuse,
        ok: false,
    };
    for attempt in &case.attempts {
        scene.set(scene.folder(case.state))?;
        attempt(scene).map_err(|fault| fault.at("tamper with", &scene.database()))?;
        let kinds = findings(scene, case);
        if !kinds.is_empty() {
            row.found += 1;
            for kind in kinds {
                *row.found_by.entry(kind).or_default() += 1;
            }
        } else if contents(&scene.database()).ok().as_ref() == unharmed {
            row.harmless += 1;
        }
    }
    // Only flipped bits may fall into free space; elsewhere "harmless" would mean that nothing was
    // tampered with.
    let is_sample = row.tried > 1;
    row.ok = row.excuse.is_some()
        || row.found == row.tried
        || (is_sample && row.found + row.harmless == row.tried);
    Ok(row)
}

/// Kinds of defects that the check of the workspace finds.
fn findings(scene: &Scene, case: &Case) -> BTreeSet<String> {
    let options = VerifyOptions {
        anchors: Some(if case.as_other_user {
            scene.keys.with_file_name("other")
        } else {
            scene.keys.clone()
        }),
        head: case.with_head.then(|| scene.head.clone()),
    };
    match verify(&scene.case, &options) {
        Ok(report) => {
            // A variant without fields is a word.
            let kinds = report.defects.iter().map(|d| words::word(&d.kind));
            kinds.map(Result::unwrap_or_default).collect()
        }
        // It cannot even be opened, and says why.
        Err(_) => BTreeSet::from(["opening".to_owned()]),
    }
}

/// Every value that the trail accounts for, and of the trail, as text.
fn contents(database: &Path) -> Result<BTreeSet<String>, Fault> {
    let conn = Connection::open(database)?;
    let mut all = BTreeSet::new();
    for table in rows::tables(&conn)? {
        if rows::is_about_looks(&table) {
            continue;
        }
        let columns = rows::columns(&conn, &table)?;
        let columns: Vec<&str> = columns
            .iter()
            .map(|c| c.name.as_str())
            .filter(|name| *name != "ord")
            .collect();
        let sql = format!("SELECT {} FROM {table}", columns.join(", "));
        let mut statement = conn.prepare(&sql)?;
        let n_columns = columns.len();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values: Vec<rusqlite::types::Value> = (0..n_columns)
                .map(|n| row.get(n))
                .collect::<rusqlite::Result<_>>()?;
            all.insert(format!("{table} {values:?}"));
        }
    }
    Ok(all)
}

/// Makes `to` a copy of the folder `from`.
fn replace_folder(from: &Path, to: &Path) -> Result<(), Error> {
    if to.exists() {
        std::fs::remove_dir_all(to).map_err(Error::io("replace", to))?;
    }
    copy_folder(from, to)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(to).map_err(Error::io("create", to))?;
    for entry in std::fs::read_dir(from).map_err(Error::io("read the folder", from))? {
        let entry = entry.map_err(Error::io("read the folder", from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            std::fs::copy(&path, &target).map_err(Error::io("copy", &path))?;
        }
    }
    Ok(())
}
