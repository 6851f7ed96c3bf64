//! `trace`: from an identifier, a hash or a number of a report back to the files.

use std::collections::BTreeMap;

use serde_json::json;

use super::args::TraceArgs;
use super::audit::{store_failure, workspace_dir};
use super::output::{Failure, Output};
use super::session::{choose_patient, show, start};
use crate::app::trace::entry_lines;
use crate::app::view::{TraceNode, TraceView};
use crate::app::{Command, Session, Subject, review};
use crate::case::{PatientId, Records};
use crate::store::{Access, AuditEntry, Query, Which};

/// Fewer digits name too many things.
const MIN_DIGITS: usize = 6;
/// Candidates that an error about an ambiguous identifier names.
const N_NAMED: usize = 8;

/// What an identifier can mean.
#[derive(Clone, Debug)]
enum Target {
    /// A number of a patient.
    Number(Subject, PatientId),
    /// Something that only audit entries speak of: those found by this.
    Entries(Which),
}

pub(super) fn trace(args: &TraceArgs) -> Result<Output, Failure> {
    let dir = workspace_dir(args.workspace.as_ref())?;
    let mut session = start(&dir, Access::Read)?;
    let query = Query::new(&dir);
    let view = match resolve(&mut session, &query, args)? {
        Target::Number(subject, patient) => {
            show(&mut session, patient);
            session.send(Command::Trace { subject });
            session.settle();
            let view = session.view().trace;
            view.ok_or_else(|| unknown(&args.id))?
        }
        Target::Entries(which) => {
            let entries = query.entries(&which).map_err(store_failure)?;
            if entries.is_empty() {
                return Err(unknown(&args.id));
            }
            of_entries(&args.id, &entries, session.state().records())
        }
    };
    let nodes: Vec<_> = view
        .nodes
        .iter()
        .map(|n| {
            let lines = n.lines.iter();
            let lines = lines.map(|(name, value)| json!({"name": name, "value": value}));
            json!({"depth": n.depth, "title": n.title, "lines": lines.collect::<Vec<_>>()})
        })
        .collect();
    Ok(Output::new(
        text(&view),
        json!({"title": view.title, "nodes": nodes}),
    ))
}

fn unknown(id: &str) -> Failure {
    Failure::new("E-UNKNOWN", format!("nothing in this workspace is called {id:?}")).hint(
        "Name an id or hash (6 digits or more), an audit entry (#12), a fact (F12), or a lesion at a time point (L1@2).",
    )
}

fn resolve(session: &mut Session, query: &Query, args: &TraceArgs) -> Result<Target, Failure> {
    let id = args.id.trim();
    if let Some(seq) = id.strip_prefix('#') {
        let seq = seq.parse().map_err(|_| unknown(id))?;
        return Ok(Target::Entries(Which::Seq(seq)));
    }
    if let Some(n) = id.strip_prefix('F').and_then(|n| n.parse().ok()) {
        let patient = choose_patient(session, args.patient.as_ref())?;
        return Ok(Target::Number(Subject::Fact(n), patient));
    }
    if let Some((label, n)) = id.rsplit_once('@') {
        let n = n.parse().map_err(|_| unknown(id))?;
        let patient = choose_patient(session, args.patient.as_ref())?;
        show(session, patient);
        let mark = review::mark_at(session, label, n)
            .map_err(|reason| Failure::new("E-UNKNOWN", reason))?;
        return Ok(Target::Number(Subject::Size(mark), patient));
    }
    let prefix = id.to_ascii_lowercase();
    let is_hex = prefix.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if prefix.len() < MIN_DIGITS || !is_hex {
        return Err(unknown(id));
    }
    let mut found = in_record(session.state().records(), &prefix);
    in_trail(session.state().records(), query, &prefix, &mut found)?;
    if let Some(exact) = found.remove(&prefix) {
        return Ok(exact);
    }
    match found.len() {
        0 => Err(unknown(id)),
        1 => found.into_values().next().ok_or_else(|| unknown(id)),
        n => {
            let named: Vec<&str> = found.keys().take(N_NAMED).map(String::as_str).collect();
            let more = if n > N_NAMED { ", …" } else { "" };
            Err(Failure::new(
                "E-AMBIGUOUS",
                format!("{id:?} begins {n} identifiers: {}{more}", named.join(", ")),
            )
            .hint("Give more digits."))
        }
    }
}

/// Objects of the record whose identifier or hash begins so, by the whole of it.
fn in_record(records: &Records, prefix: &str) -> BTreeMap<String, Target> {
    let mut found = BTreeMap::new();
    let mut offer = |id: String, target: Target| {
        if id.starts_with(prefix) {
            found.insert(id, target);
        }
    };
    let object = |id: &str| Target::Entries(Which::Object(id.to_owned()));
    for lesion in &records.lesions {
        let subject = Subject::Growth(lesion.id);
        offer(
            lesion.id.to_string(),
            Target::Number(subject, lesion.patient),
        );
    }
    for point in &records.time_points {
        let subject = Subject::Reading(point.id);
        offer(point.id.to_string(), Target::Number(subject, point.patient));
    }
    for signoff in &records.signoffs {
        let subject = Subject::Reading(signoff.time_point);
        offer(
            signoff.id.to_string(),
            Target::Number(subject, signoff.patient),
        );
    }
    for mark in &records.annotations {
        let lesion = records.lesions.iter().find(|l| l.id == mark.lesion);
        let Some(patient) = lesion.map(|l| l.patient) else {
            continue;
        };
        let target = Target::Number(Subject::Size(mark.id), patient);
        offer(mark.id.to_string(), target.clone());
        let mask = records.segmented.iter().find(|s| s.annotation == mark.id);
        if let Some(mask) = mask {
            offer(mask.mask_sha256.clone(), target.clone());
            offer(mask.artifact_sha256.clone(), target);
        }
    }
    let others = records.series.iter().map(|s| s.id.to_string());
    let others = others
        .chain(records.patients.iter().map(|p| p.id.to_string()))
        .chain(records.treatments.iter().map(|t| t.id.to_string()))
        .chain(records.scenarios.iter().map(|s| s.id.to_string()))
        .chain(records.readers.iter().map(|r| r.id.to_string()));
    for id in others {
        let target = object(&id);
        offer(id, target);
    }
    found
}

/// Adds what only the audit trail knows: entries, transactions, objects that are gone, artifacts
/// and masks that no longer stand.
fn in_trail(
    records: &Records,
    query: &Query,
    prefix: &str,
    found: &mut BTreeMap<String, Target>,
) -> Result<(), Failure> {
    let mut offer = |id: &str, which: Which| {
        if id.starts_with(prefix) {
            let target = Target::Entries(which);
            found.entry(id.to_owned()).or_insert(target);
        }
    };
    let which = Which::Prefix(prefix.to_owned());
    for entry in query.entries(&which).map_err(store_failure)? {
        offer(&entry.hash, Which::Seq(entry.seq));
        offer(&entry.step, Which::Seq(entry.seq));
        offer(&entry.changes_sha256, Which::Seq(entry.seq));
        offer(&entry.object_id, Which::Object(entry.object_id.clone()));
        for artifact in &entry.artifacts {
            offer(artifact, Which::Prefix(artifact.clone()));
        }
    }
    for patient in &records.patients {
        let made = Which::Event(patient.id, "mask.make".to_owned());
        for entry in query.entries(&made).map_err(store_failure)? {
            let mask = entry.act.as_ref().and_then(|a| a.detail.get("mask"));
            if let Some(mask) = mask.and_then(serde_json::Value::as_str) {
                offer(mask, Which::Seq(entry.seq));
            }
        }
    }
    Ok(())
}

fn of_entries(id: &str, entries: &[AuditEntry], records: &Records) -> TraceView {
    let node = |entry: &AuditEntry| {
        let title = entry.act.as_ref().map_or("", |a| a.title.as_str());
        let mut lines = vec![(
            "Object".to_owned(),
            format!("{} {}", entry.object_type, entry.object_id),
        )];
        lines.extend(entry_lines(entry, &records.readers));
        if let Some(act) = entry.act.as_ref().filter(|a| !a.detail.is_null()) {
            lines.push(("Detail".to_owned(), act.detail.to_string()));
        }
        TraceNode {
            depth: 0,
            title: if title.is_empty() {
                &entry.event
            } else {
                title
            }
            .to_owned(),
            lines,
        }
    };
    TraceView {
        title: id.to_owned(),
        nodes: entries.iter().map(node).collect(),
        pending: false,
    }
}

fn text(view: &TraceView) -> String {
    let mut text = format!("{}\n", view.title);
    for node in &view.nodes {
        let indent = "  ".repeat(node.depth);
        text.push_str(&format!("\n{indent}{}\n", node.title));
        for (name, value) in &node.lines {
            let value = value.replace('\n', &format!("\n{indent}    "));
            text.push_str(&format!("{indent}  {name}: {value}\n"));
        }
    }
    text
}
