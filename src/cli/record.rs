//! `history`, `versions` and `erase`: the record of one patient.

use serde_json::{Value, json};

use super::args::{EraseArgs, HistoryArgs, VersionsArgs};
use super::audit::workspace_dir;
use super::output::{Failure, Output};
use super::session::{choose_patient, history_json, show, start};
use crate::app::view::{Severity, VersionRow, VersionsView};
use crate::app::{Command, Session, review};
use crate::store::Access;

pub(super) fn history(args: &HistoryArgs) -> Result<Output, Failure> {
    let dir = workspace_dir(args.workspace.as_ref())?;
    let mut session = start(&dir, Access::Read)?;
    let patient = choose_patient(&session, args.patient.as_ref())?;
    show(&mut session, patient);
    let Some(view) = session.view().patient else {
        return Err(Failure::new("E-PATIENT", "the patient could not be shown"));
    };
    let mut text = String::new();
    for step in &view.history.steps {
        let undone = if step.undone { "  (undone)" } else { "" };
        let who = if step.who.is_empty() {
            "–"
        } else {
            &step.who
        };
        text.push_str(&format!(
            "{}  {who:<20} {}{undone}\n",
            step.when, step.title
        ));
    }
    if text.is_empty() {
        text.push_str("No step is recorded.\n");
    }
    Ok(Output::new(text, history_json(&view.history)))
}

pub(super) fn versions(args: &VersionsArgs) -> Result<Output, Failure> {
    let dir = workspace_dir(args.workspace.as_ref())?;
    let mut session = start(&dir, Access::Read)?;
    let patient = choose_patient(&session, args.patient.as_ref())?;
    show(&mut session, patient);
    let annotation = review::mark_at(&session, &args.lesion, args.timepoint)
        .map_err(|reason| Failure::new("E-UNKNOWN", reason))?;
    session.send(Command::ShowVersions { annotation });
    session.settle();
    let mut view = shown(&mut session)?;
    if let [a, b] = args.compare[..] {
        let id = |n: usize| {
            let none = || {
                let n_rows = view.rows.len();
                Failure::new(
                    "E-UNKNOWN",
                    format!("version {n} was asked for, there are {n_rows}"),
                )
            };
            view.rows.get(n).map(|row| row.id).ok_or_else(none)
        };
        let (a, b) = (id(a)?, id(b)?);
        session.send(Command::CompareVersions { a, b });
        session.settle();
        view = shown(&mut session)?;
    }
    let comparison = view.compared.map(|_| {
        let values = view.comparison.iter();
        let values = values.map(|(name, value)| json!({"name": name, "value": value}));
        json!({"versions": args.compare, "values": values.collect::<Vec<_>>()})
    });
    let json = json!({
        "lesion": args.lesion, "timepoint": args.timepoint,
        "versions": view.rows.iter().map(row_json).collect::<Vec<_>>(),
        "comparison": comparison,
    });
    let mut text = format!("{}\n", view.title);
    for (n, row) in view.rows.iter().enumerate() {
        let state = if row.standing { "stands" } else { &row.why };
        text.push_str(&format!(
            "{n:>3}  {}  {:<16} {:<18} {:<12} {:.2}  {}  {state}\n",
            row.when, row.who, row.axes, row.volume, row.confidence, row.what
        ));
    }
    for (name, value) in &view.comparison {
        text.push_str(&format!("{name}: {value}\n"));
    }
    Ok(Output::new(text, json))
}

fn shown(session: &mut Session) -> Result<VersionsView, Failure> {
    let shown = session.view().patient.and_then(|p| p.versions);
    shown.ok_or_else(|| Failure::new("E-UNKNOWN", "the masks could not be listed"))
}

fn row_json(row: &VersionRow) -> Value {
    json!({
        "id": row.id, "when": row.when, "who": row.who, "what": row.what, "why": row.why,
        "axes": row.axes, "volume": row.volume, "confidence": row.confidence,
        "standing": row.standing,
    })
}

pub(super) fn erase(args: &EraseArgs) -> Result<Output, Failure> {
    let dir = workspace_dir(args.workspace.as_ref())?;
    let mut session = start(&dir, Access::Write)?;
    let patient = choose_patient(&session, Some(&args.patient))?;
    session.send(Command::ErasePatient {
        patient,
        reason: args.reason.clone(),
    });
    session.settle();
    let view = session.view();
    let is_there = view.chooser.patients.iter().any(|p| p.id == patient);
    let failed = match &view.saved {
        crate::app::view::Saved::Failed(reason) => Some(reason.clone()),
        _ => None,
    };
    if is_there || failed.is_some() {
        let said = view
            .messages
            .iter()
            .rev()
            .find(|m| m.severity != Severity::Info);
        let hint = said.map(|m| m.hint.clone()).unwrap_or_default();
        let said = said.map(|m| m.text.clone());
        let why = failed
            .or(said)
            .unwrap_or_else(|| "nothing was erased".to_owned());
        return Err(Failure::new("E-ERASE", why).hint(hint));
    }
    let said = view.messages.last();
    let hint = said.map(|m| m.hint.clone()).unwrap_or_default();
    Ok(Output::new(
        format!("The patient was erased. {hint}\n"),
        json!({"erased": true, "patient": patient, "remains": hint}),
    ))
}
