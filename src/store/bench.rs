//! How fast the store is, and how large it grows, on a record of many gestures.

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use rusqlite::Connection;
use serde::Serialize;

use super::connection::{self, Journalling};
use super::error::Error;
use super::rehearsal::{Act, Rehearsal};
use super::verify::{VerifyOptions, verify};
use super::writer::Answer;
use super::{Access, DATABASE, OpenOptions, Refusal, Workspace};
use crate::case::AnnotationId;

const PATIENTS: usize = 20;
const VISITS: usize = 5;
const LESIONS: usize = 10;
/// Transactions that wait for the writer at most.
const IN_FLIGHT: usize = 512;
/// How often what takes milliseconds is measured.
const REPEATS: usize = 200;

/// What was measured. Times are of this computer and its disk.
#[derive(Clone, Debug, Serialize)]
pub struct RecordFigures {
    /// Drawn, moved and taken back; masks follow and are not counted.
    pub gestures: usize,
    /// Entries of the audit trail.
    pub entries: u64,
    /// Filling, with commits in groups as they queue up, s.
    pub fill_s: f64,
    /// Opening (of three, the middle), s.
    pub open_s: f64,
    /// Parsing what takes a step back, applying it in memory and committing it: median, ms.
    pub undo_median_ms: f64,
    /// 95th percentile, ms.
    pub undo_p95_ms: f64,
    /// Reading the steps alone, median, ms.
    pub steps_median_ms: f64,
    /// Steps that the patient has.
    pub steps_of_patient: usize,
    /// Checking everything, s.
    pub verify_s: f64,
    /// Entries checked per second.
    pub verify_entries_per_s: f64,
    /// The database file, bytes.
    pub database_bytes: u64,
    /// Its growth, bytes.
    pub bytes_per_gesture: f64,
    /// Gestures committed one at a time, each waited for, per second.
    pub commits_per_s: f64,
    /// Rows of as many bytes put into a bare SQLite database with the same settings, one
    /// transaction each, per second.
    pub peer_commits_per_s: f64,
    /// Bytes of such a row.
    pub peer_bytes: usize,
}

/// Fills a workspace in `scratch` (an empty folder) with so many gestures, and measures.
///
/// # Errors
/// Errors of files and database; [`Error::Refused`] when the check finds a defect.
pub fn bench_record(scratch: &Path, gestures: usize) -> Result<RecordFigures, Error> {
    let dir = scratch.join("case");
    let options = || OpenOptions {
        clock: Box::new(Timestamp::now),
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
        anchors: Some(scratch.join("keys")),
        access: Access::Write,
        file_system: None,
    };
    let refused = |refusal: Refusal| Error::Refused(refusal.to_string());
    let (workspace, _) = Workspace::open(&dir, options())?;
    let mut session = Session::begin(&workspace).map_err(Failure::into_error)?;
    drop(workspace);
    let database = dir.join(DATABASE);
    let size = || {
        std::fs::metadata(&database)
            .map(|m| m.len())
            .map_err(Error::io("read", &database))
    };
    let before = size()?;

    let (workspace, _) = Workspace::open(&dir, options())?;
    let start = Instant::now();
    session
        .fill(&workspace, gestures)
        .map_err(Failure::into_error)?;
    let fill_s = start.elapsed().as_secs_f64();
    drop(workspace);
    let database_bytes = size()?;

    let mut openings = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        let (workspace, _) = Workspace::open(&dir, options())?;
        openings.push(start.elapsed().as_secs_f64());
        drop(workspace);
    }

    let (workspace, _) = Workspace::open(&dir, options())?;
    let (mut undos, mut readings, mut steps_of_patient) = (Vec::new(), Vec::new(), 0);
    for n in 0..REPEATS {
        session.adjust(n).map_err(refused)?.perform(&workspace)?;
        let start = Instant::now();
        let Some(undo) = session.rehearsal.undo().map_err(refused)? else {
            break;
        };
        let made = start.elapsed();
        // The program reads the steps once, when it shows the patient.
        let start = Instant::now();
        let patient = undo.transaction.audit.as_ref().and_then(|a| a.patient);
        let steps = patient.map_or_else(|| Ok(Vec::new()), |p| workspace.query().steps(p))?;
        steps_of_patient = steps.len();
        readings.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        if let Some(newest) = steps.last() {
            newest.changes_back()?;
        }
        undo.perform(&workspace)?;
        undos.push((made + start.elapsed()).as_secs_f64());
    }

    // In turns, so that whatever else the disk does meets both.
    let peer_bytes = bytes_per_entry(&database)?;
    let beside = scratch.join("peer.sqlite");
    let peer = Peer::open(&beside, peer_bytes)?;
    let (mut ours_s, mut peer_s) = (0.0, 0.0);
    for turn in 0..10 {
        let acts: Vec<Act> = (0..REPEATS / 10)
            .map(|n| session.adjust(turn * REPEATS + n))
            .collect::<Result<_, _>>()
            .map_err(refused)?;
        let start = Instant::now();
        for act in &acts {
            act.perform(&workspace)?;
        }
        ours_s += start.elapsed().as_secs_f64();
        let start = Instant::now();
        for _ in &acts {
            peer.commit()?;
        }
        peer_s += start.elapsed().as_secs_f64();
    }
    drop(workspace);

    let start = Instant::now();
    let report = verify(
        &dir,
        &VerifyOptions {
            anchors: Some(scratch.join("keys")),
            head: None,
        },
    )?;
    let verify_s = start.elapsed().as_secs_f64();
    if let Some(defect) = report.defects.first() {
        return Err(Error::Refused(format!(
            "the record that was made does not verify: {}",
            defect.message
        )));
    }
    Ok(RecordFigures {
        gestures,
        entries: report.entries,
        fill_s,
        open_s: quantile(&mut openings, 0.5),
        undo_median_ms: 1e3 * quantile(&mut undos, 0.5),
        undo_p95_ms: 1e3 * quantile(&mut undos, 0.95),
        steps_median_ms: 1e3 * quantile(&mut readings, 0.5),
        steps_of_patient,
        verify_s,
        verify_entries_per_s: report.entries as f64 / verify_s,
        database_bytes,
        bytes_per_gesture: (database_bytes.saturating_sub(before)) as f64 / gestures.max(1) as f64,
        commits_per_s: REPEATS as f64 / ours_s,
        peer_commits_per_s: REPEATS as f64 / peer_s,
        peer_bytes,
    })
}

/// Why filling ended early.
enum Failure {
    Store(Error),
    Refused(Refusal),
}

impl Failure {
    fn into_error(self) -> Error {
        match self {
            Self::Store(error) => error,
            Self::Refused(refusal) => Error::Refused(refusal.to_string()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The reader who makes the gestures.
struct Session {
    rehearsal: Rehearsal,
    places: Vec<(crate::case::SeriesId, crate::case::LesionId)>,
    marks: Vec<AnnotationId>,
}

impl Session {
    /// Patients, visits and lesions, all marked once.
    fn begin(workspace: &Workspace) -> Result<Self, Failure> {
        let mut r = Rehearsal::new(1);
        let mut session = Self {
            places: Vec::new(),
            marks: Vec::new(),
            rehearsal: Rehearsal::new(0),
        };
        r.enter_reader("Dr Rehearsal")?.perform(workspace)?;
        for n in 0..PATIENTS {
            let (patient, act) = r.enter_patient(&format!("Patient^{n}"))?;
            act.perform(workspace)?;
            let mut visits = Vec::new();
            for _ in 0..VISITS {
                let (series, act) = r.import(patient)?;
                act.perform(workspace)?;
                visits.push(series);
            }
            for _ in 0..LESIONS {
                let (lesion, mark, act) = r.draw(visits[0], None)?;
                act.perform(workspace)?;
                session.marks.push(mark);
                session.places.extend(visits.iter().map(|v| (*v, lesion)));
            }
        }
        session.rehearsal = r;
        Ok(session)
    }

    /// Gestures at changing places: one is drawn, gets a mask, is moved, gets another, is moved
    /// again, and that is taken back.
    fn fill(&mut self, workspace: &Workspace, gestures: usize) -> Result<(), Failure> {
        let mut n_waiting = 0;
        let mut stored = std::collections::BTreeSet::new();
        for n in 0..gestures {
            let mut acts = Vec::new();
            let size = 8 + (n % 33) as u8;
            match n % 4 {
                0 => {
                    let (series, lesion) = self.places[(n / 4) % self.places.len()];
                    let (_, mark, act) = self.rehearsal.draw(series, Some(lesion))?;
                    self.marks.push(mark);
                    acts.push(act);
                    acts.push(self.rehearsal.mask(mark, size)?);
                }
                1 => {
                    let mark = self.marks[self.marks.len() - 1];
                    acts.push(self.rehearsal.adjust(mark, 14.0 + (n % 7) as f64)?);
                    acts.push(self.rehearsal.mask(mark, size)?);
                }
                2 => acts.push(self.adjust(self.marks.len() - 1)?),
                _ => acts.extend(self.rehearsal.undo()?),
            }
            for act in acts {
                if act.files.iter().any(|file| !stored.contains(file)) {
                    act.store_files(workspace.artifacts())?;
                    stored.extend(act.files);
                }
                workspace.commit(act.transaction);
                n_waiting += 1;
            }
            while n_waiting > IN_FLIGHT {
                settle(workspace)?;
                n_waiting -= 1;
            }
        }
        for _ in 0..n_waiting {
            settle(workspace)?;
        }
        Ok(())
    }

    /// Moves an end of the n-th mark.
    fn adjust(&mut self, n: usize) -> Result<Act, Refusal> {
        let mark = self.marks[n % self.marks.len()];
        self.rehearsal.adjust(mark, 10.0 + (n % 11) as f64)
    }
}

fn settle(workspace: &Workspace) -> Result<(), Error> {
    match workspace.answers().recv() {
        Ok(Answer::Committed { .. }) => Ok(()),
        Ok(Answer::Failed { error, .. } | Answer::Trouble { error }) => Err(error),
        Err(_) => Err(Error::Stopped),
    }
}

/// Bytes of the text of an entry and its journal, on average.
fn bytes_per_entry(database: &Path) -> Result<usize, Error> {
    let conn = connection::open_for_reading(database)?;
    let mean: f64 = conn
        .query_row(
            "SELECT avg(length(CAST(hash || prev_hash || session || user || event || object_id ||
                    patient || step || changes_sha256 || artifacts AS BLOB)) +
                coalesce(length(CAST(title || inverse || content AS BLOB)), 0))
             FROM audit LEFT JOIN journal USING (seq)",
            [],
            |row| row.get(0),
        )
        .map_err(Error::database("read", database))?;
    Ok(mean as usize)
}

/// A bare database that keeps as many bytes.
struct Peer<'a> {
    conn: Connection,
    path: &'a Path,
    body: Vec<u8>,
}

impl<'a> Peer<'a> {
    fn open(path: &'a Path, n_bytes: usize) -> Result<Self, Error> {
        let conn = connection::open_for_writing(path, Journalling::WriteAhead)?;
        conn.execute_batch("CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
            .map_err(Error::database("write to", path))?;
        Ok(Self {
            conn,
            path,
            body: vec![b'x'; n_bytes],
        })
    }

    fn commit(&self) -> Result<(), Error> {
        self.conn
            .prepare_cached("INSERT INTO bare (body) VALUES (?1)")
            .and_then(|mut insert| insert.execute([&self.body]))
            .map_err(Error::database("write to", self.path))?;
        Ok(())
    }
}

fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values
        .get((q * last as f64).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}
