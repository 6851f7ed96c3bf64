//! The workspace: what is committed stays, what is altered is found.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::date;
use oncotwin::case::*;
use oncotwin::geometry::Point;
use oncotwin::measure::{AxisLine, Figure, Measured};
use oncotwin::store::{
    Access, Answer, DefectKind, Error, FileSystem, OpenOptions, VerifyOptions, VerifyReport, Which,
    Workspace, apply_in_memory, decode_mask, encode_mask,
};
use oncotwin::twin::{PriorSet, ScenarioChange};
use oncotwin::units::{Bulk, Length, Mm, Mm3, Px};
use oncotwin::volume::{
    IntensityUnit, MaskRuns, Modality, PetStatement, Statistics, UptakeKind, WindowLevel,
};
use oncotwin::warning::{Warning, WarningCode};
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

mod artifacts;
mod audit;
mod commits;
mod erasing;
mod kill;
mod opening;
mod replaying;
mod round_trip;
mod upgrade;

/// A clock that moves one second per look, from 2026 on.
fn clock() -> impl Fn() -> Timestamp + Send + 'static {
    let second = AtomicI64::new(1_767_225_600);
    move || Timestamp::from_second(second.fetch_add(1, Ordering::Relaxed)).unwrap()
}

fn options(access: Access) -> OpenOptions {
    OpenOptions {
        clock: Box::new(clock()),
        app_version: "0.1.0-test".to_owned(),
        anchors: None,
        access,
        file_system: None,
    }
}

fn open(dir: &Path) -> (Workspace, Records) {
    let (workspace, opened) = Workspace::open(dir, options(Access::Write)).unwrap();
    assert_eq!(opened.read_only, None);
    (workspace, opened.records)
}

fn refused(dir: &Path) -> Error {
    Workspace::open(dir, options(Access::Write)).err().unwrap()
}

fn verify(dir: &Path) -> Result<VerifyReport, Error> {
    oncotwin::store::verify(dir, &VerifyOptions::default())
}

fn id(kind: u8, n: u8) -> Uuid {
    Uuid::from_bytes([kind, n, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0])
}

fn note(event: &str, object: impl ToString) -> AuditNote {
    let object_type = event.split('.').next().unwrap_or_default();
    AuditNote::new(event, AuditAction::C, object_type, object)
        .detail(json!({"n": 1.5, "engine": "growcut/1"}))
}

fn audited(changes: Vec<Change>) -> Transaction {
    Transaction {
        id: StepId(Uuid::new_v4()),
        changes,
        inverse: Vec::new(),
        audit: Some(note("test.change", id(9, 9))),
    }
}

fn patient(n: u8) -> Change {
    let id = PatientId(id(1, n));
    Change::PutPatient(
        Patient {
            id,
            created: Timestamp::from_second(i64::from(n)).unwrap(),
        },
        PatientIdentity {
            patient: id,
            code: format!("MRN-{n}"),
            name: "Yamada^Tarou=山田^太郎".into(),
            birth_date: Some(date(1950, 2, 28)),
            sex: "O".into(),
        },
    )
}

fn new_patient() -> (PatientId, Transaction) {
    let id = PatientId(Uuid::new_v4());
    let Change::PutPatient(mut patient, mut identity) = patient(1) else {
        unreachable!()
    };
    patient.id = id;
    identity.patient = id;
    let transaction = Transaction {
        id: StepId(Uuid::new_v4()),
        changes: vec![Change::PutPatient(patient, identity)],
        inverse: Vec::new(),
        audit: Some(note("patient.create", id).of(id)),
    };
    (id, transaction)
}

/// A workspace with `n` audited patients and one artifact, closed again.
fn filled(dir: &Path, n: usize) -> String {
    let (workspace, _) = open(dir);
    let artifact = workspace.artifacts().put(b"an artifact").unwrap();
    for k in 0..n {
        let (_, mut transaction) = new_patient();
        if k == 1 {
            let audit = transaction.audit.as_mut().unwrap();
            audit.artifacts = vec![artifact.clone()];
        }
        workspace.commit_now(transaction).unwrap();
    }
    artifact
}

/// Figures, not a test: `cargo nextest run --run-ignored all store::speed --no-capture`.
#[test]
#[ignore = "measures the disk"]
fn speed() {
    let dir = tempfile::tempdir_in(".").unwrap();
    let (workspace, _) = open(dir.path());
    let n = 2000;
    let start = Instant::now();
    for _ in 0..n {
        workspace.commit_now(new_patient().1).unwrap();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{:.0} commits/s, {:.2} ms each",
        f64::from(n) / seconds,
        1e3 * seconds / f64::from(n)
    );
    drop(workspace);
    let size = std::fs::metadata(dir.path().join("oncotwin.sqlite"))
        .unwrap()
        .len();
    println!("{} bytes per commit", size / n as u64);
    let start = Instant::now();
    let report = verify(dir.path()).unwrap();
    println!(
        "{:.0} entries/s verified",
        report.entries as f64 / start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    open(dir.path());
    println!("{:.1} ms to open", 1e3 * start.elapsed().as_secs_f64());
}
