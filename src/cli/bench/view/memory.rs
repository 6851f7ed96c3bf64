//! Memory: what closing a study gives back, and what opening and closing many times leaves behind.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Settings;
use crate::app::{Command, Session, SessionConfig, VERSION, random_seed};
use crate::case::PatientId;
use crate::cli::memory::resident_mib;
use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::phantom::{self, PhantomParams};
use crate::store::Access;
use crate::units::Days;

/// Percent of what a study took that closing it is to give back.
const RETURNED: f64 = 95.0;
/// Growth over all cycles that is still none, MiB.
const GROWTH_MIB: f64 = 2.0;

/// All rows; none where the system does not tell how much memory a process has.
pub(super) fn rows(settings: &Settings) -> Result<Vec<Value>, Failure> {
    if resident_mib().is_none() {
        return Ok(Vec::new());
    }
    let mut rows = vec![returned(settings)?];
    rows.extend(cycles(settings)?);
    Ok(rows)
}

/// A study that was opened and closed once.
fn returned(settings: &Settings) -> Result<Value, Failure> {
    let params = PhantomParams {
        days: [0.0, 42.0, 84.0, 126.0].map(Days).to_vec(),
        ..PhantomParams::long(200)
    };
    let mut session = begin(settings, &params, "large")?;
    let before = resident_mib().unwrap_or(f64::NAN);
    open(&mut session, &settings.scratch.join("large"));
    let open = resident_mib().unwrap_or(f64::NAN);
    close(&mut session);
    let closed = resident_mib().unwrap_or(f64::NAN);
    let returned = 100.0 * (open - closed) / (open - before);
    Ok(json!({
        "set": "4 time points of 512 × 512 × 200, DICOM, without a window",
        "quantity": "memory that closing gives back", "unit": "%", "ours": returned,
        "limit": RETURNED, "least": true, "ok": returned >= RETURNED,
        "mib": {"before": before, "open": open, "closed": closed},
    }))
}

/// A study that is opened and closed again and again.
fn cycles(settings: &Settings) -> Result<Vec<Value>, Failure> {
    let mut session = begin(settings, &PhantomParams::small(), "small")?;
    let patient = open(&mut session, &settings.scratch.join("small"));
    close(&mut session);
    let Some(patient) = patient.filter(|_| settings.cycles > 0) else {
        return Ok(Vec::new());
    };
    let closed: Vec<f64> = (0..settings.cycles)
        .map(|_| {
            session.send(Command::ShowPatient { patient });
            session.settle();
            drop(session.view());
            close(&mut session);
            resident_mib().unwrap_or(f64::NAN)
        })
        .collect();
    // The first few fill what is kept for good: pools, and the allocator's own.
    let tenth = (closed.len() / 10).max(1);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let early = mean(&closed[tenth.min(closed.len() - 1)..(2 * tenth).min(closed.len())]);
    let late = mean(&closed[closed.len() - tenth..]);
    let growth = late - early;
    Ok(vec![json!({
        "set": "5 time points of 256 × 256 × 48, DICOM, without a window",
        "quantity": format!("growth over {} openings and closings", closed.len()), "unit": "MiB",
        "ours": growth, "limit": GROWTH_MIB, "ok": growth <= GROWTH_MIB,
        "mib": {"early": early, "late": late},
    })])
}

/// A phantom in a folder of this name, and a session that has not opened it.
fn begin(settings: &Settings, params: &PhantomParams, name: &str) -> Result<Session, Failure> {
    let study = settings.scratch.join(name);
    phantom::generate(params, &study, &JobContext::default())
        .map_err(|e| Failure::new("E-PHANTOM", e.to_string()))?;
    let mut session = Session::start(SessionConfig {
        workspace: settings.scratch.join(format!("{name}-case")),
        samples: Vec::new(),
        version: VERSION.to_owned(),
        anchors: None,
        preferences: None,
        access: Access::Write,
        models: None,
        crashes: None,
        seed: random_seed(),
        clock: Arc::new(Timestamp::now),
        wake: Arc::new(|| {}),
    })
    .map_err(|e| Failure::new("E-SESSION", e.to_string()))?;
    session.settle();
    Ok(session)
}

fn open(session: &mut Session, study: &Path) -> Option<PatientId> {
    session.send(Command::Open {
        paths: vec![study.to_owned()],
    });
    session.settle();
    session.view().patient.map(|p| p.id)
}

fn close(session: &mut Session) {
    session.send(Command::ShowChooser);
    session.settle();
    drop(session.view());
}
