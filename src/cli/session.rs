//! `review` and `report`: the session of the window, driven by a script or a single command.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{ReportArgs, ReviewArgs};
use super::audit::{store_failure, workspace_dir};
use super::output::{Failure, Output};
use crate::app::view::{ColumnView, HistoryView, PatientView, Severity};
use crate::app::{
    Command, Script, Session, SessionConfig, SessionError, VERSION, random_seed, review as replay,
};
use crate::case::PatientId;
use crate::store::Access;
use crate::{export, store};

pub(super) fn start(workspace: &Path, access: Access) -> Result<Session, Failure> {
    Session::start(SessionConfig {
        workspace: workspace.to_owned(),
        samples: Vec::new(),
        version: VERSION.to_owned(),
        anchors: store::default_anchor_folder(),
        preferences: None,
        access,
        models: None,
        crashes: None,
        seed: random_seed(),
        clock: Arc::new(Timestamp::now),
        wake: Arc::new(|| {}),
    })
    .map_err(|error| match error {
        SessionError::Store(error) => store_failure(error),
        other => Failure::new("E-SESSION", other.to_string()),
    })
}

pub(super) fn review(args: &ReviewArgs) -> Result<Output, Failure> {
    let at = args.script.display();
    let text = std::fs::read_to_string(&args.script)
        .map_err(|error| Failure::new("E-SCRIPT", error.to_string()).at(&at))?;
    let script: Script = serde_json::from_str(&text).map_err(|error| {
        Failure::new("E-SCRIPT", error.to_string())
            .at(&at)
            .hint("docs/schemas/review.schema.json describes review scripts.")
    })?;
    let workspace = workspace_dir(args.workspace.as_ref())?;
    let base = args.script.parent().unwrap_or_else(|| Path::new(""));
    let mut session = start(&workspace, Access::Write)?;
    replay::run(&mut session, &script, base, &args.out).map_err(|error| {
        Failure::new("E-REVIEW", error.to_string())
            .at(&at)
            .hint(error.hint)
    })?;
    let masks = write_masks(&session, &args.out)?;
    answer(&mut session, masks)
}

pub(super) fn report(args: &ReportArgs) -> Result<Output, Failure> {
    let workspace = workspace_dir(args.workspace.as_ref())?;
    let mut session = start(&workspace, Access::Write)?;
    session.settle();
    let patient = choose_patient(&session, args.patient.as_ref())?;
    let n_before = session.state().messages().len();
    session.send(Command::ShowPatient { patient });
    session.settle();
    session.send(Command::Export {
        dir: args.out.clone(),
        formats: args.format.clone(),
    });
    session.settle();
    // What was said on opening, such as of the audit trail, stands in the answer.
    let failed = session
        .state()
        .messages()
        .iter()
        .skip(n_before)
        .find(|m| m.severity == Severity::Error);
    if let Some(message) = failed {
        return Err(Failure::new("E-REPORT", message.text.clone()).hint(message.hint.clone()));
    }
    answer(&mut session, Vec::new())
}

/// The patient with this number; without one the only patient, or the one shown last.
pub(super) fn choose_patient(
    session: &Session,
    code: Option<&String>,
) -> Result<PatientId, Failure> {
    let state = session.state();
    let patients: Vec<PatientId> = state
        .records()
        .identities
        .iter()
        .filter(|i| code.is_none_or(|code| *code == i.code))
        .map(|i| i.patient)
        .collect();
    let shown = state.shown_patient().filter(|p| patients.contains(p));
    match (&patients[..], shown) {
        ([only], _) => Ok(*only),
        ([], _) => Err(Failure::new(
            "E-PATIENT",
            "the workspace holds no such patient",
        )),
        (_, Some(shown)) => Ok(shown),
        (several, None) => Err(Failure::new(
            "E-AMBIGUOUS",
            format!("the workspace holds {} patients", several.len()),
        )
        .hint("Name one with --patient and the patient number.")),
    }
}

/// Shows a patient and waits until everything of it is there.
pub(super) fn show(session: &mut Session, patient: PatientId) {
    session.send(Command::ShowPatient { patient });
    session.settle();
}

/// Steps of a record for programs.
pub(super) fn history_json(history: &HistoryView) -> Value {
    let steps = history.steps.iter().enumerate().map(|(n, s)| {
        json!({
            "id": s.id, "title": s.title, "who": s.who, "when": s.when, "reason": s.reason,
            "undone": n >= history.standing,
        })
    });
    json!({"steps": steps.collect::<Vec<_>>(), "undo": history.undo, "redo": history.redo})
}

fn reading_json(column: &ColumnView) -> Value {
    let reading = &column.reading;
    json!({
        "timepoint": column.title, "state": reading.state, "text": reading.text,
        "broken": reading.broken, "history": reading.history,
    })
}

/// Writes every mask of the shown patient as `LABEL_tN.nii.gz`, N being the time point from 0.
fn write_masks(session: &Session, out: &Path) -> Result<Vec<Value>, Failure> {
    let folder = out.join("masks");
    let mut written = Vec::new();
    for mask in session.state().shown_masks() {
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::new("E-WRITE", error.to_string()).at(folder.display()))?;
        let name = format!("{}_t{}.nii.gz", file_name(&mask.label), mask.time_point);
        let path = folder.join(name);
        export::write_nifti_mask(&mask.mask, &path)
            .map_err(|error| Failure::new("E-EXPORT", error.to_string()).at(path.display()))?;
        written.push(json!({
            "lesion": mask.label, "timepoint": mask.time_point, "path": path,
            "mask_sha256": mask.mask.sha256(), "measured": mask.measured, "confidence": mask.confidence,
        }));
    }
    Ok(written)
}

/// A label as a file name on any system.
fn file_name(label: &str) -> String {
    let safe = |c: char| {
        if c.is_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    label.chars().map(safe).collect()
}

fn answer(session: &mut Session, masks: Vec<Value>) -> Result<Output, Failure> {
    let view = session.view();
    let patient = view.patient.as_ref();
    let text = patient.map(table).unwrap_or_default();
    let messages: Vec<Value> = view
        .messages
        .iter()
        .map(|m| json!({"severity": format!("{:?}", m.severity).to_lowercase(), "text": m.text, "hint": m.hint}))
        .collect();
    let json = json!({
        "timepoints": patient.map(|p| p.columns.len()),
        "lesions": patient.map(|p| p.lesions.iter().map(lesion_json).collect::<Vec<_>>()),
        "response": patient.map(|p| p.response.iter().map(|r| json!({
            "sum": r.sum, "change": r.change, "category": r.category, "why": r.why,
        })).collect::<Vec<_>>()),
        "narrative": patient.map(|p| p.narrative.iter().map(|s| s.text.clone()).collect::<Vec<_>>()),
        "growth_notes": patient.map(|p| p.growth.notes.clone()),
        "masks": masks,
        "history": patient.map(|p| history_json(&p.history)),
        "readings": patient.map(|p| p.columns.iter().map(reading_json).collect::<Vec<_>>()),
        "report": patient.map(|p| p.last_report.clone()),
        "messages": messages,
    });
    Ok(Output::new(text, json))
}

fn lesion_json(row: &crate::app::view::LesionRow) -> Value {
    let cells: Vec<Value> = row
        .cells
        .iter()
        .map(|cell| {
            cell.as_ref().map_or(Value::Null, |c| {
                json!({
                    "drawn": c.drawn, "axes": c.axes, "volume": c.volume, "change": c.change,
                    "confidence": c.confidence, "warnings": c.warnings,
                })
            })
        })
        .collect();
    json!({"label": row.label, "organ": row.organ, "role": row.role, "nodal": row.nodal, "cells": cells})
}

fn table(patient: &PatientView) -> String {
    let mut text = String::new();
    for row in &patient.lesions {
        text.push_str(&format!("{} {}\n", row.label, row.organ));
        for (column, cell) in patient.columns.iter().zip(&row.cells) {
            let Some(cell) = cell else { continue };
            text.push_str(&format!(
                "  {:<24} {:>18} {:>14} {:>7}  confidence {}\n",
                column.date,
                cell.axes,
                cell.volume,
                cell.change,
                cell.confidence
                    .map_or_else(|| "–".to_owned(), |c| format!("{c:.2}"))
            ));
        }
    }
    for (column, cell) in patient.columns.iter().zip(&patient.response) {
        text.push_str(&format!(
            "sum {:<24} {} {} {}\n",
            column.date, cell.sum, cell.change, cell.category
        ));
    }
    if !patient.last_report.is_empty() {
        text.push_str(&format!("report       {}\n", patient.last_report));
    }
    text
}
